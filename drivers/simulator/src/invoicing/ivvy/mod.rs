//! An invoicing system that speaks iVvy's interface.
//!
//! It checks signatures as the real one does, refuses to overpay, and has no idempotency: the
//! same receipt twice is booked twice.

mod access;
mod book;
mod show;
mod venue;

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use payment::Money;
use rust_decimal::Decimal;

pub use book::{Invoice, Payment, Refund};

use super::{Answer, Booked, Request, System, json};
use book::Book;

/// One account.
#[derive(Debug)]
pub struct Ivvy {
    api_key: String,
    secret: String,
    tolerance: SignedDuration,
    book: Book,
    /// Most requests in a second.
    limit: Option<usize>,
    /// When the last of them came.
    came: VecDeque<Timestamp>,
}

impl Ivvy {
    /// An account with one key and one invoice: 156, of EUR 80.00.
    pub fn new(api_key: &str, secret: &str) -> Self {
        Self {
            api_key: api_key.to_owned(),
            secret: secret.to_owned(),
            tolerance: access::TOLERANCE,
            book: Book::seeded(),
            limit: None,
            came: VecDeque::new(),
        }
    }

    /// Refuses what is older than this, or this far ahead, instead of the real one's five minutes.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: SignedDuration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Takes no more requests than this in a second; iVvy does not say how many it takes.
    #[must_use]
    pub fn with_limit(mut self, requests: usize) -> Self {
        self.limit = Some(requests);
        self
    }

    /// Adds a payment method of the account's own.
    pub fn add_custom_method(&mut self, id: u32, name: &str) {
        self.book.custom.push((id, name.to_owned()));
    }

    /// Says that an invoice belongs to a booking of a venue.
    pub fn belongs_to_booking(&mut self, id: u64, venue: u64, booking: u64) {
        if let Some(invoice) = self.book.invoices.get_mut(&id) {
            invoice.booking = Some((venue, booking));
        }
    }

    /// Takes a payment out by hand.
    pub fn take_out(&mut self, receipt: &str) {
        for invoice in self.book.invoices.values_mut() {
            invoice.payments.retain(|paid| paid.receipt != receipt);
        }
    }

    /// Writes another amount by hand.
    pub fn alter(&mut self, receipt: &str, amount: Decimal) {
        let invoices = self.book.invoices.values_mut();
        for paid in invoices.flat_map(|invoice| &mut invoice.payments) {
            if paid.receipt == receipt {
                paid.amount = amount;
            }
        }
    }

    /// Enters a payment in cash by hand, without a number.
    pub fn enter(&mut self, id: u64, amount: Decimal, at: Timestamp) {
        self.book.booked += 1;
        let paid = Payment {
            id: self.book.booked,
            receipt: String::new(),
            amount,
            fee: Decimal::ZERO,
            method: 6,
            custom: None,
            notes: String::new(),
            paid_date: show::utc(at),
        };
        if let Some(invoice) = self.book.invoices.get_mut(&id) {
            invoice.modified = at;
            invoice.payments.push(paid);
        }
    }

    fn too_many(&mut self, clock: Timestamp) -> bool {
        let Some(limit) = self.limit else {
            return false;
        };
        let second = SignedDuration::from_secs(1);
        self.came.retain(|at| clock.duration_since(*at) < second);
        self.came.push_back(clock);
        self.came.len() > limit
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
        if self.too_many(clock) {
            return json(clock, 429, &self.trouble(429));
        }
        let outcome = access::check(&self.api_key, &self.secret, self.tolerance, clock, request)
            .and_then(|()| self.book.act(&request.path_and_query, clock, &request.body));
        match outcome {
            Ok(body) => json(clock, 200, &body),
            Err(refusal) => json(clock, refusal.code, &refusal.to_json()),
        }
    }

    fn is_booking(&self, request: &Request) -> bool {
        let booking = [
            "action=addPayment",
            "action=addPaymentToBooking",
            "action=addRefundToBooking",
        ];
        booking
            .iter()
            .any(|action| request.path_and_query.ends_with(action))
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
