//! What a driver and the terminals behind it can do, as data: the engine chooses its ways by this,
//! and the desk is offered nothing else.

use payment::{Approval, recovery::Counting};

/// What can be asked of a terminal of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// How doubt is settled.
    pub recovery: Recovery,
    /// Whether a running payment can be asked to end.
    pub abort: bool,
    /// Which payments it takes back whole.
    pub reversals: Reversals,
    /// What it gives back.
    pub refunds: Refunds,
    /// Whether its day is ended from here.
    pub end_of_day: bool,
    /// Whether its receipts come to our printer.
    pub receipts: bool,
    /// Whether it is asked how it is while it is idle, so that a dead one is known before a
    /// customer is there.
    pub keep_alive: bool,
    /// Whether it knows the services of [`Service`](super::Service).
    pub services: bool,
}

/// How doubt about a payment is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recovery {
    /// The terminal is asked what became of the payment that our own reference names.
    ByReference,
    /// The terminal is asked for the last transaction that it stored, and that is compared with
    /// what was wanted.
    LastTransaction(Counting),
    /// The terminal cannot be asked: a person looks at it and decides.
    Person,
}

/// Which payments a terminal takes back whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reversals {
    /// None.
    None,
    /// Its last one.
    Last(Named),
    /// Any one, until its day is closed.
    Any(Named),
}

/// By what a terminal finds the payment that is to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Named {
    /// Its receipt number.
    ByReceipt,
    /// Its trace number.
    ByTrace,
    /// The name that it gave the transaction.
    ByReference,
    /// Its amount alone; the terminal, or the person at it, knows which.
    ByAmount,
}

/// What a terminal gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refunds {
    /// Nothing.
    None,
    /// Any amount, to whatever card is held to it.
    Any,
    /// Any part of a payment, to the card that paid it.
    OfPayment,
}

impl Reversals {
    /// Whether there is what the terminal needs to find the payment again.
    pub fn can_name(self, original: &Approval) -> bool {
        match self {
            Self::None => false,
            Self::Last(named) | Self::Any(named) => match named {
                Named::ByReceipt => original.terminal_receipt.is_some(),
                Named::ByTrace => original.trace.is_some(),
                Named::ByReference => original.reference.is_some(),
                Named::ByAmount => true,
            },
        }
    }
}
