//! Tryton 8: a bank statement of one line for each payment, in the statement journal of its device.
//!
//! Tryton takes the same receipt number twice. But a statement begins as a draft, which changes no
//! balance: so a copy of it is found by its number and removed before it counts, and what counts
//! (`validate_statement`, `post`) Tryton itself does once. The number of the line is our receipt number.

mod answer;
mod line;
mod plan;
mod request;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt};

use config::{Secret, TrytonOptions};
use jiff::{Timestamp, tz::TimeZone};
use payment::{DeviceId, InvoiceRef, Payment, Purpose, Text};

use super::{
    Abilities, Booking, Class, Finding, Found, HttpAnswer, HttpRequest, InvoiceSeen, ListPage,
    Plan, Unsendable, Upstream,
};

/// One database of Tryton.
pub struct Tryton {
    id: String,
    url: String,
    key: Secret,
    journals: BTreeMap<DeviceId, String>,
    post: bool,
    zone: TimeZone,
}

impl Tryton {
    /// The database of a section of the configuration.
    pub fn new(upstream: &config::Upstream, options: &TrytonOptions) -> Self {
        let zone = options.time_zone.clone();
        Self {
            id: upstream.id.to_string(),
            url: upstream.url.clone(),
            key: options.key.clone(),
            journals: options.journals.clone(),
            post: options.post,
            zone: zone.unwrap_or_else(TimeZone::system),
        }
    }

    /// The name of the statement journal: the group of the device's payments.
    fn journal<'a>(&'a self, device: &'a DeviceId) -> &'a str {
        self.journals
            .get(device)
            .map_or(device.as_str(), String::as_str)
    }
}

impl fmt::Debug for Tryton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tryton")
            .field("id", &self.id)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Upstream for Tryton {
    fn abilities(&self) -> Abilities {
        Abilities {
            look_up: true,
            cancel: true,
            refund: true,
            unallocated: false,
            invoice: true,
            list: true,
        }
    }

    fn create(&self, now: Timestamp, booking: &Booking<'_>) -> Result<HttpRequest, Unsendable> {
        match self.plan(now, booking, &[])? {
            Plan::Ask(request) | Plan::Book(request) | Plan::GoOn { request, .. } => Ok(request),
            Plan::Stop(_) | Plan::Gone => Err(unsendable("There is nothing to send.")),
        }
    }

    fn plan(
        &self,
        _: Timestamp,
        booking: &Booking<'_>,
        heard: &[HttpAnswer],
    ) -> Result<Plan, Unsendable> {
        match booking.payment.intent.purpose {
            Purpose::Sale | Purpose::Refund { .. } => self.plan_statement(booking, heard),
            Purpose::Cancel { .. } => self.plan_cancel(booking, heard),
        }
    }

    fn withdraw(
        &self,
        _: Timestamp,
        booking: &Booking<'_>,
        heard: &[HttpAnswer],
    ) -> Result<Plan, Unsendable> {
        Ok(self.plan_withdrawal(booking, heard))
    }

    fn classify(&self, _: Timestamp, answer: &HttpAnswer) -> Class {
        answer::classify(answer)
    }

    fn look_up(&self, _: Timestamp, payment: &Payment) -> Result<HttpRequest, Unsendable> {
        Ok(self.ask_lines(&payment.receipt))
    }

    fn find(&self, payment: &Payment, answer: &HttpAnswer) -> Found {
        self.found(payment, answer)
    }

    fn invoice(&self, _: Timestamp, invoice: &InvoiceRef) -> Option<HttpRequest> {
        Some(self.ask_invoice(invoice))
    }

    fn read_invoice(&self, invoice: &InvoiceRef, answer: &HttpAnswer) -> InvoiceSeen {
        answer::invoice_seen(invoice, answer)
    }

    fn list(&self, _: Timestamp, from: Timestamp, to: Timestamp, page: u32) -> Option<HttpRequest> {
        Some(self.ask_list(from, to, page))
    }

    fn read_list(&self, answer: &HttpAnswer) -> Result<ListPage, Text> {
        line::read_list(answer)
    }

    fn check(&self, _: Timestamp) -> Option<HttpRequest> {
        Some(self.ask_journals())
    }

    fn read_check(&self, answer: &HttpAnswer) -> Vec<Finding> {
        answer::missing_journals(self.journals.values(), answer)
    }
}

fn unsendable(reason: &str) -> Unsendable {
    Unsendable(Text::new(reason))
}
