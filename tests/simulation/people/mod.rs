//! The people at the desk and their programs: what they want, how they ask again, and how they settle
//! what the terminal could not. They are truthful, and not patient.

mod decisions;
mod deliveries;
mod plans;
mod requests;

use std::{collections::HashSet, time::Duration};

use daemon::engine::ReplyTo;
pub(crate) use deliveries::{Word, Words};
use payment::{ClosingId, Currency, IdempotencyKey, Method, Money, PaymentId, State};

/// How often somebody looks whether anything waits for a person.
const LOOKS: Duration = Duration::from_mins(9);

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Sale(Method),
    /// Of the intention of that number.
    Cancel(usize),
    Refund(usize),
    Close,
}

/// A wish with a key of its own.
#[derive(Debug, Clone)]
pub(crate) struct Intention {
    pub(crate) wish: Wish,
    pub(crate) key: IdempotencyKey,
    device: &'static str,
    /// In the smallest unit; no two intentions of a world have the same.
    pub(crate) minor: i64,
    invoice: Option<u64>,
    pub(crate) tries: u32,
    /// Asked, and not answered.
    pub(crate) open: u32,
    /// The payment that the first answer named.
    pub(crate) payment: Option<PaymentId>,
    /// Final states that answers named.
    pub(crate) told: HashSet<State>,
    given_up: bool,
    /// The end of a day that the first answer named, and how often its terminal was asked.
    pub(crate) closing: Option<ClosingId>,
    pub(crate) closes: u32,
    /// How it ended, as answers named it.
    pub(crate) ended: HashSet<&'static str>,
}

#[derive(Default)]
pub(crate) struct People {
    pub(crate) intentions: Vec<Intention>,
    /// What they have said about deliveries.
    pub(crate) words: Words,
    /// Answers to requests that used a key for something else.
    impostors: HashSet<ReplyTo>,
    /// Answers to whoever wanted a service.
    served: HashSet<ReplyTo>,
}

/// What somebody does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    /// Asks for what is wanted, or asks again.
    Ask(usize),
    /// Uses its key for another amount.
    Misuse(usize),
    /// Asks the terminal to end it.
    Abort(usize),
    /// Asks for a copy of its receipt.
    Copy(usize),
    /// Looks whether anything waits for a person.
    Look,
    /// Wants a service of the terminal of that number.
    Serve(usize),
    /// A page from elsewhere, or another name of this machine, calls the API.
    Call,
}

pub(crate) fn euros(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR).unwrap()
}
