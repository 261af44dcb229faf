//! iVvy: `addPayment` books, `getInvoice` reads back.
//!
//! iVvy has no idempotency: the same receipt number twice is booked twice. What guards is the
//! read-back, and iVvy's refusal to overpay an invoice.

mod answer;
mod json;
mod request;
mod sign;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt};

use config::{IvvyOptions, Secret};
use jiff::Timestamp;
use payment::{Method, Payment, Text};

use super::{Abilities, Booking, Class, Found, HttpAnswer, HttpRequest, Unsendable, Upstream};

/// One iVvy account.
pub struct Ivvy {
    url: String,
    api_key: String,
    secret: Secret,
    methods: BTreeMap<Method, u8>,
}

impl Ivvy {
    /// The account of a section of the configuration.
    pub fn new(upstream: &config::Upstream, options: &IvvyOptions) -> Self {
        Self {
            url: upstream.url.clone(),
            api_key: options.api_key.clone(),
            secret: options.secret.clone(),
            methods: options.methods.clone(),
        }
    }

    fn signed(
        &self,
        action: &str,
        now: Timestamp,
        body: Vec<u8>,
    ) -> Result<HttpRequest, Unsendable> {
        let key = (self.api_key.as_str(), &self.secret);
        request::signed(&self.url, action, key, now, body)
    }
}

impl fmt::Debug for Ivvy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ivvy")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Upstream for Ivvy {
    fn abilities(&self) -> Abilities {
        Abilities {
            look_up: true,
            ..Abilities::default()
        }
    }

    fn create(&self, now: Timestamp, booking: &Booking<'_>) -> Result<HttpRequest, Unsendable> {
        request::only_sales(booking.payment, booking.original)?;
        let body = request::add_payment(booking.payment, &self.methods)?;
        self.signed("addPayment", now, body)
    }

    fn classify(&self, now: Timestamp, answer: &HttpAnswer) -> Class {
        answer::classify(now, answer)
    }

    fn look_up(&self, now: Timestamp, payment: &Payment) -> Result<HttpRequest, Unsendable> {
        let body = request::get_invoice(payment)?;
        self.signed("getInvoice", now, body)
    }

    fn find(&self, payment: &Payment, answer: &HttpAnswer) -> Found {
        match request::invoice_id(payment) {
            Ok(id) => answer::find(payment, id, answer),
            Err(Unsendable(reason)) => Found::Conflict {
                reason: Text::new(reason.as_str()),
            },
        }
    }
}
