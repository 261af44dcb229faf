//! iVvy: `getInvoice` looks, `addPayment` books, `getInvoice` reads back.
//!
//! iVvy has no idempotency: the same receipt number twice is booked twice. What guards is the
//! look before and after, and iVvy's refusal to overpay an invoice.

mod answer;
mod invoice;
mod json;
mod list;
mod options;
mod request;
mod sign;
#[cfg(test)]
mod tests;

use std::{fmt, time::Duration};

use answer::{Shown, no_invoice, shown};
use config::IvvyOptions;
use jiff::Timestamp;
use payment::{InvoiceRef, Payment, Purpose, Text};
use request::Action;

use super::{
    Abilities, Booking, Class, Doubt, Finding, Found, HttpAnswer, HttpRequest, InvoiceSeen,
    ListPage, Plan, Unsendable, Upstream,
};

/// One iVvy account.
pub struct Ivvy {
    url: String,
    options: IvvyOptions,
}

impl Ivvy {
    /// The account of a section of the configuration.
    pub fn new(upstream: &config::Upstream, options: &IvvyOptions) -> Self {
        Self {
            url: upstream.url.clone(),
            options: options.clone(),
        }
    }

    fn signed(
        &self,
        action: Action,
        now: Timestamp,
        body: Vec<u8>,
    ) -> Result<HttpRequest, Unsendable> {
        request::signed(&self.url, action, &self.options, now, body)
    }

    /// What comes next once the invoice is seen.
    fn look(
        &self,
        now: Timestamp,
        booking: &Booking<'_>,
        answer: &HttpAnswer,
    ) -> Result<Plan, Unsendable> {
        let payment = booking.payment;
        let id = request::invoice_id(payment)?;
        let invoice = match shown(id, answer) {
            Shown::Invoice(invoice) => invoice,
            Shown::NotFound => {
                let reason = no_invoice(id, payment);
                return Ok(Plan::Stop(Class::NeedsOperator { reason }));
            }
            Shown::Unreadable(reason) => {
                return Ok(Plan::Stop(unread(answer::classify(now, answer), reason)));
            }
        };
        let fee = request::fee(payment, &self.options);
        let class = match invoice.find(payment, booking.seal, fee) {
            Found::Present { remote_id } => Class::Confirmed { remote_id },
            Found::Conflict { reason }
            | Found::Absent {
                obstacle: Some(reason),
            } => Class::NeedsOperator { reason },
            Found::Unreadable { reason } => Class::Ambiguous { reason },
            Found::Begun { .. } | Found::Absent { obstacle: None } => {
                return match payment.intent.purpose {
                    Purpose::Sale => self.create(now, booking),
                    Purpose::Cancel { .. } | Purpose::Refund { .. } => {
                        let of = invoice.venue_booking();
                        let of = of.ok_or_else(|| request::by_hand(booking))?;
                        let body = request::add_refund(booking, of)?;
                        self.signed(Action::AddRefundToBooking, now, body)
                    }
                }
                .map(Plan::Book);
            }
        };
        Ok(Plan::Stop(class))
    }

    /// Whether a payment can be told to iVvy at all, before anything is asked.
    fn can_be_told(&self, now: Timestamp, booking: &Booking<'_>) -> Result<(), Unsendable> {
        match booking.payment.intent.purpose {
            Purpose::Refund { .. } if self.options.refunds_to_bookings => Ok(()),
            Purpose::Sale | Purpose::Cancel { .. } | Purpose::Refund { .. } => {
                self.create(now, booking).map(drop)
            }
        }
    }
}

/// What an answer that shows no invoice comes to: nothing was sent yet.
fn unread(class: Class, reason: Text) -> Class {
    match class {
        Class::Confirmed { .. }
        | Class::Begun { .. }
        | Class::Blocked { .. }
        | Class::Refused { .. } => Class::Ambiguous { reason },
        class => class,
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
            refund: self.options.refunds_to_bookings,
            invoice: true,
            list: true,
            ..Abilities::default()
        }
    }

    /// The date in the signature may be five minutes off.
    fn stale_after(&self) -> Option<Duration> {
        Some(Duration::from_mins(5))
    }

    fn create(&self, now: Timestamp, booking: &Booking<'_>) -> Result<HttpRequest, Unsendable> {
        if !booking.payment.intent.purpose.is_sale() {
            return Err(request::by_hand(booking));
        }
        let body = request::add_payment(booking, &self.options)?;
        self.signed(Action::AddPayment, now, body)
    }

    fn plan(
        &self,
        now: Timestamp,
        booking: &Booking<'_>,
        heard: &[HttpAnswer],
    ) -> Result<Plan, Unsendable> {
        if let Some(answer) = heard.last() {
            return self.look(now, booking, answer);
        }
        self.can_be_told(now, booking)?;
        self.look_up(now, booking.payment).map(Plan::Ask)
    }

    fn classify(&self, now: Timestamp, answer: &HttpAnswer) -> Class {
        answer::classify(now, answer)
    }

    fn look_up(&self, now: Timestamp, payment: &Payment) -> Result<HttpRequest, Unsendable> {
        let body = request::get_invoice(request::invoice_id(payment)?)?;
        self.signed(Action::GetInvoice, now, body)
    }

    /// A refund may be spread over the invoices of its booking: this one does not show that it is
    /// not there.
    fn doubt(&self, _now: Timestamp, payment: &Payment) -> Doubt {
        if payment.intent.purpose.is_sale() {
            Doubt::ReadBack
        } else {
            Doubt::Person
        }
    }

    fn find(&self, payment: &Payment, answer: &HttpAnswer) -> Found {
        let id = match request::invoice_id(payment) {
            Ok(id) => id,
            Err(Unsendable(reason)) => return Found::Conflict { reason },
        };
        match shown(id, answer) {
            Shown::Invoice(invoice) => {
                invoice.find(payment, None, request::fee(payment, &self.options))
            }
            Shown::NotFound => Found::Conflict {
                reason: no_invoice(id, payment),
            },
            Shown::Unreadable(reason) => Found::Unreadable { reason },
        }
    }

    fn invoice(&self, now: Timestamp, invoice: &InvoiceRef) -> Option<HttpRequest> {
        let id = request::number_of_invoice(invoice)?;
        let body = request::get_invoice(id).ok()?;
        self.signed(Action::GetInvoice, now, body).ok()
    }

    fn read_invoice(&self, invoice: &InvoiceRef, answer: &HttpAnswer) -> InvoiceSeen {
        let Some(id) = request::number_of_invoice(invoice) else {
            return InvoiceSeen::NotFound {
                reason: Text::new(&format!(
                    "“{invoice}” is not the number of an iVvy invoice. Use the number in its address."
                )),
            };
        };
        match shown(id, answer) {
            Shown::Invoice(invoice) => invoice.seen(),
            Shown::NotFound => InvoiceSeen::NotFound {
                reason: Text::new(&format!(
                    "iVvy has no invoice {id}, or this key may not see it. Check the number."
                )),
            },
            Shown::Unreadable(reason) => InvoiceSeen::Unreadable { reason },
        }
    }

    fn list(
        &self,
        now: Timestamp,
        from: Timestamp,
        _to: Timestamp,
        page: u32,
    ) -> Option<HttpRequest> {
        let body = request::get_invoice_list(from, page).ok()?;
        self.signed(Action::GetInvoiceList, now, body).ok()
    }

    fn read_list(&self, answer: &HttpAnswer) -> Result<ListPage, Text> {
        list::read(answer)
    }

    fn check(&self, now: Timestamp) -> Option<HttpRequest> {
        self.signed(Action::GetOptions, now, b"{}".to_vec()).ok()
    }

    fn read_check(&self, answer: &HttpAnswer) -> Vec<Finding> {
        options::findings(&self.options, answer)
    }

    fn pace(&self) -> Option<Duration> {
        Some(self.options.pace).filter(|pace| !pace.is_zero())
    }
}
