//! An invoicing system that speaks iVvy's interface.
//!
//! It checks signatures as the real one does, refuses to overpay, and has no idempotency: the
//! same receipt twice is booked twice.

mod access;
mod book;

use jiff::{SignedDuration, Timestamp};
use payment::Money;

pub use book::{Invoice, Payment};

use super::{Answer, Booked, Request, System, json};
use book::Book;

/// One account.
#[derive(Debug)]
pub struct Ivvy {
    api_key: String,
    secret: String,
    tolerance: SignedDuration,
    book: Book,
}

impl Ivvy {
    /// An account with one key and one invoice: 156, of EUR 80.00.
    pub fn new(api_key: &str, secret: &str) -> Self {
        Self {
            api_key: api_key.to_owned(),
            secret: secret.to_owned(),
            tolerance: access::TOLERANCE,
            book: Book::seeded(),
        }
    }

    /// Refuses what is older than this, or this far ahead, instead of the real one's five minutes.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: SignedDuration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// An invoice, to look at.
    pub fn invoice(&self, id: u64) -> Option<&Invoice> {
        self.book.invoice(id)
    }

    /// All payments, in the order in which they were booked.
    pub fn payments(&self) -> Vec<&Payment> {
        self.book.payments()
    }
}

impl System for Ivvy {
    fn add_invoice(&mut self, id: u64, total: Money) {
        self.book.add(id, total);
    }

    fn answer(&mut self, clock: Timestamp, request: &Request) -> Answer {
        let outcome = access::check(&self.api_key, &self.secret, self.tolerance, clock, request)
            .and_then(|()| self.book.act(&request.path_and_query, clock, &request.body));
        match outcome {
            Ok(body) => json(clock, 200, &body),
            Err(refusal) => json(clock, refusal.code, &refusal.to_json()),
        }
    }

    fn is_booking(&self, request: &Request) -> bool {
        request.path_and_query.ends_with("action=addPayment")
    }

    fn trouble(&self, status: u16) -> String {
        let message = match status {
            429 => "Too many requests",
            _ => "Internal error",
        };
        format!(r#"{{"errorCode":{status},"message":"{message}"}}"#)
    }

    fn booked(&self) -> Vec<Booked> {
        self.book.booked()
    }
}

/// A refusal in iVvy's envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refusal {
    code: u16,
    specific: Option<u32>,
    message: &'static str,
}

impl Refusal {
    fn bad(specific: u32, message: &'static str) -> Self {
        Self {
            code: 400,
            specific: Some(specific),
            message,
        }
    }

    fn to_json(self) -> String {
        let specific = self
            .specific
            .map(|code| format!(r#","specificCode":{code}"#));
        format!(
            r#"{{"errorCode":{},"message":"{}"{}}}"#,
            self.code,
            self.message,
            specific.unwrap_or_default()
        )
    }
}
