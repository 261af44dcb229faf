//! What families share whose terminals know neither references nor questions: which movement of
//! money a command wants, and what is said of commands that are not carried out.

use std::collections::VecDeque;

use payment::{Cancellation, Money, PaymentId, Refusal, Text};

use super::{Command, DayEnd, Ending, Event, LastTransaction, Queried};

/// A movement of money. Sent at most once, ever (law 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) payment: PaymentId,
    pub(super) movement: Movement,
    pub(super) money: Money,
}

/// Which way the money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Movement {
    Pay,
    Reverse,
    Refund,
}

impl Request {
    /// What a command wants moved; none for a question.
    pub(super) fn of(command: &Command) -> Option<Self> {
        let (payment, movement, money) = match *command {
            Command::Pay { payment, money } => (payment, Movement::Pay, money),
            Command::Reverse { payment, money, .. } => (payment, Movement::Reverse, money),
            Command::Refund { payment, money, .. } => (payment, Movement::Refund, money),
            Command::LastTransaction
            | Command::Query { .. }
            | Command::EndOfDay
            | Command::Service(_)
            | Command::Abort { .. } => return None,
        };
        Some(Self {
            payment,
            movement,
            money,
        })
    }
}

/// How many payments back a repeated command is known.
const REMEMBERED: usize = 64;

/// The payments whose request may have left. They are never asked for again (law 4).
#[derive(Debug, Default)]
pub(super) struct Asked(VecDeque<PaymentId>);

impl Asked {
    pub(super) fn add(&mut self, payment: PaymentId) {
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(payment);
    }

    pub(super) fn contains(&self, payment: PaymentId) -> bool {
        self.0.contains(&payment)
    }
}

/// What the terminal was never asked for.
pub(super) fn not_asked(why: &str) -> Ending {
    Ending::Cancelled(Cancellation {
        code: None,
        text: Text::new(&format!("The terminal was not asked: {why}")),
    })
}

/// The answer to a question or an errand that terminals of the family do not know. A wish to stop
/// has no answer of its own: the payment's end says it.
pub(super) fn unknown_here(command: &Command) -> Option<Event> {
    let why = Text::new("This kind of terminal cannot be asked for that; do it on the terminal.");
    let refusal = |text| Refusal { code: None, text };
    match command {
        Command::LastTransaction => Some(Event::LastTransaction(LastTransaction::Unsupported(why))),
        Command::Query { payment, .. } => Some(Event::Queried {
            payment: *payment,
            answer: Queried::NoAnswer(why),
        }),
        Command::EndOfDay => Some(Event::DayEnded(DayEnd::Refused(refusal(why)))),
        Command::Service(_) => Some(Event::Served(Err(refusal(why)))),
        Command::Pay { .. }
        | Command::Reverse { .. }
        | Command::Refund { .. }
        | Command::Abort { .. } => None,
    }
}
