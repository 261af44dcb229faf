//! What goes into a comparison.

use std::collections::BTreeMap;

use jiff::Timestamp;
use payment::{
    Currency, DeviceId, InvoiceRef, Method, PaymentId, Purpose, ReceiptNumber, State, Text,
    UpstreamId,
};

use super::Period;
use crate::{
    delivery::{DeliveryState, next_step},
    upstream::{Booked, Seal},
};

/// An approved payment of these days, as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which.
    pub payment: PaymentId,
    /// Its number.
    pub receipt: ReceiptNumber,
    /// What it is.
    pub purpose: Purpose,
    /// How.
    pub method: Method,
    /// How much, in the smallest unit; above zero.
    pub minor: i64,
    /// In which currency.
    pub currency: Currency,
    /// When it was begun: that is its day.
    pub at: Timestamp,
    /// The number of the payment that a cancel or refund names.
    pub original: Option<ReceiptNumber>,
    /// Whether it was taken back whole.
    pub cancelled: bool,
    /// Whether the terminal's day was closed after it.
    pub settled: bool,
    /// The journal's entry that approved it.
    pub seal: Option<Seal>,
    /// To whom it is due.
    pub due: Vec<Due>,
}

impl Taken {
    /// How much, less than nothing for what was given back.
    pub fn signed(&self) -> i64 {
        if self.purpose.is_sale() {
            self.minor
        } else {
            -self.minor
        }
    }
}

/// A delivery of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// To whom.
    pub upstream: UpstreamId,
    /// On which invoice it goes there.
    pub invoice: Option<InvoiceRef>,
    /// Where it stands.
    pub stands: Stands,
}

/// Where a delivery stands, as far as a comparison minds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// The system said that it has it.
    Confirmed,
    /// A person said that they have seen to it.
    ByHand,
    /// It was cancelled before it was sent.
    NeverSent,
    /// It is not over.
    Open {
        /// The word for its state.
        state: &'static str,
        /// What to do.
        next_step: &'static str,
    },
}

impl From<&DeliveryState> for Stands {
    fn from(state: &DeliveryState) -> Self {
        match state {
            DeliveryState::Confirmed { .. } => Self::Confirmed,
            DeliveryState::Handled { .. } => Self::ByHand,
            DeliveryState::Superseded => Self::NeverSent,
            DeliveryState::Queued
            | DeliveryState::Sending { .. }
            | DeliveryState::Begun { .. }
            | DeliveryState::Withdrawing { .. }
            | DeliveryState::Ambiguous { .. }
            | DeliveryState::Refused { .. }
            | DeliveryState::Waiting { .. }
            | DeliveryState::NeedsOperator { .. }
            | DeliveryState::Parked { .. } => Self::Open {
                state: state.as_str(),
                next_step: next_step(state, false),
            },
        }
    }
}

/// What the journal knows of a number that is not among the approved payments of these days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// An approved payment of another day.
    OtherDay,
    /// A payment that is in this state.
    Not(State),
    /// Nothing: the journal has no such number.
    Unknown,
}

/// What an invoicing system shows of these days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// All its payments, and perhaps some of other days.
    List(Vec<Booked>),
    /// It is filled in by hand: it holds what a person ticked off.
    Ticks,
    /// It cannot be compared: why, as a sentence.
    Nothing(Text),
}

/// All that is compared with one system.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// Which system.
    pub upstream: &'a UpstreamId,
    /// Of which days.
    pub period: &'a Period,
    /// The devices of this desk, with their currencies.
    pub devices: &'a BTreeMap<DeviceId, Currency>,
    /// The approved payments of these days.
    pub taken: &'a [Taken],
    /// What the journal knows of the other numbers that the system shows; see
    /// [`suspects`](super::suspects).
    pub elsewhere: &'a BTreeMap<ReceiptNumber, Elsewhere>,
    /// What the system shows.
    pub held: &'a Held,
}
