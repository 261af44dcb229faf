//! Payments for the tests of the upstreams.

use super::Booking;
use jiff::Timestamp;
use payment::{Intent, Method, Money, Payment, PaymentId, Purpose, ReceiptNumber, parse_currency};

/// What an upstream is told of a payment that names no other.
pub(super) fn booking(payment: &Payment) -> Booking<'_> {
    Booking {
        payment,
        original: None,
        seal: None,
        redirects: 0,
    }
}

/// The `seq`th payment of `desk1`, in cash.
pub(super) fn payment(seq: u64, invoice: Option<&str>, amount: &str) -> Payment {
    let at: Timestamp = "2026-11-21T00:10:00Z".parse().unwrap();
    let mut random = [0; 10];
    random[2..].copy_from_slice(&seq.to_be_bytes());
    Payment::begin(
        Intent {
            id: PaymentId::new(at, random),
            key: format!("k{seq}").parse().unwrap(),
            device: "desk1".parse().unwrap(),
            purpose: Purpose::Sale,
            money: Money::parse(amount, parse_currency("EUR").unwrap()).unwrap(),
            method: Method::Cash,
            invoice: invoice.map(|i| i.parse().unwrap()),
            note: None,
            at,
            services: payment::Services::default(),
            before: None,
        },
        ReceiptNumber::new("desk1".parse().unwrap(), seq),
    )
}
