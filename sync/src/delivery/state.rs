//! Where the delivery of one payment to one upstream stands: a row of the outbox.

use jiff::Timestamp;
use payment::{Payment, ReceiptNumber, Text, UpstreamId};
use serde::{Deserialize, Serialize};

use crate::upstream::{Booking, Seal};

/// A fence that no process has counted yet, in [`DeliveryState::Ambiguous`]: whoever comes to it counts
/// it in full. A moment that never is, and due at once.
pub const UNFENCED: Timestamp = Timestamp::constant(-1, 0);

/// A payment that is due to an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// To whom.
    pub upstream: UpstreamId,
    /// What, with the invoice that it goes to there: a person may have sent it to another.
    pub payment: Payment,
    /// The number of the payment that a cancel or refund names.
    pub original: Option<ReceiptNumber>,
    /// The entry of the journal that approved it.
    pub seal: Option<Seal>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often the request was sent, the running one included.
    pub attempts: u32,
    /// How often a person sent it to another invoice, or to none.
    pub redirects: u32,
    /// Since when it stands there.
    pub changed_at: Timestamp,
}

impl Delivery {
    /// What the upstream is told.
    pub fn booking(&self) -> Booking<'_> {
        Booking {
            payment: &self.payment,
            original: self.original.as_ref(),
            seal: self.seal.as_ref(),
            redirects: self.redirects,
        }
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    /// Due; nothing was sent yet.
    Queued,
    /// The request may be on its way. Durable before the first byte leaves (law 7), so a crash
    /// here is an ambiguous answer.
    Sending {
        /// When it was sent.
        at: Timestamp,
    },
    /// Its booking takes several requests, and the first was carried out. What the others did is read
    /// back before each of them, and the system carries each out once, where they come one after the
    /// other: so one without an answer is waited out.
    Begun {
        /// The upstream's own name for it.
        remote_id: Text,
        /// How far it has come, in the upstream's words.
        step: Text,
        /// When to go on.
        next_at: Timestamp,
        /// Why it did not go on at once, if so.
        reason: Option<Text>,
    },
    /// It was begun, but cannot go on as it is: what was begun is taken away again.
    Withdrawing {
        /// The upstream's own name for it.
        remote_id: Text,
        /// When to go on.
        next_at: Timestamp,
        /// Why it cannot go on.
        reason: Text,
        /// Whether it is booked anew afterwards; else a person must decide.
        again: bool,
    },
    /// It may have been booked. Not sent again before it was read back.
    Ambiguous {
        /// The moment from which the server cannot carry out the request any more. [`UNFENCED`] until
        /// a process counts it, and then not shown.
        #[serde(default = "unfenced", skip_serializing_if = "is_unfenced")]
        fenced_until: Timestamp,
        /// When to read back next; [`UNFENCED`] together with the fence.
        #[serde(default = "unfenced", skip_serializing_if = "is_unfenced")]
        next_at: Timestamp,
        /// What happened.
        reason: Text,
    },
    /// It was refused, but an earlier request may have been booked: read back before a person is
    /// asked.
    Refused {
        /// When to read back next.
        next_at: Timestamp,
        /// What the upstream said.
        reason: Text,
    },
    /// It was not booked, and is sent again later.
    Waiting {
        /// When.
        next_at: Timestamp,
        /// What happened.
        reason: Text,
    },
    /// The upstream has it. Final.
    Confirmed {
        /// The upstream's own name for it.
        remote_id: Option<Text>,
    },
    /// The upstream refuses it; a person must decide.
    NeedsOperator {
        /// Why, as a sentence.
        reason: Text,
    },
    /// The whole upstream is paused: a bad key or a configuration error.
    Parked {
        /// Why, as a sentence.
        reason: Text,
        /// When to try again.
        next_at: Timestamp,
    },
    /// A person has done by hand what the upstream could not be told. Final.
    Handled {
        /// Who.
        name: Text,
        /// What was done.
        reason: Text,
    },
    /// It was cancelled before it was ever sent. Final.
    Superseded,
}

fn unfenced() -> Timestamp {
    UNFENCED
}

fn is_unfenced(at: &Timestamp) -> bool {
    *at == UNFENCED
}

impl DeliveryState {
    /// The word used in the API and the database.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending { .. } => "sending",
            Self::Begun { .. } => "begun",
            Self::Withdrawing { .. } => "withdrawing",
            Self::Ambiguous { .. } => "ambiguous",
            Self::Refused { .. } => "refused",
            Self::Waiting { .. } => "waiting",
            Self::Confirmed { .. } => "confirmed",
            Self::NeedsOperator { .. } => "needs_operator",
            Self::Parked { .. } => "parked",
            Self::Handled { .. } => "handled",
            Self::Superseded => "superseded",
        }
    }

    /// When the worker must look again; `None` when nothing is left for it to do. A moment in
    /// the past means now.
    pub fn next_at(&self) -> Option<Timestamp> {
        match self {
            Self::Queued => Some(Timestamp::MIN),
            Self::Sending { at } => Some(*at),
            Self::Begun { next_at, .. }
            | Self::Withdrawing { next_at, .. }
            | Self::Ambiguous { next_at, .. }
            | Self::Refused { next_at, .. }
            | Self::Waiting { next_at, .. }
            | Self::Parked { next_at, .. } => Some(*next_at),
            Self::Confirmed { .. }
            | Self::NeedsOperator { .. }
            | Self::Handled { .. }
            | Self::Superseded => None,
        }
    }
}
