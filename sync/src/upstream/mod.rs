//! The invoicing systems: how each is asked, and how its answers read.
//!
//! An [`Upstream`] is pure: it turns a payment into a request and an answer into a [`Class`]. It
//! knows one system, and must not know the queue, the clock, sockets or other upstreams. What is
//! sent when is [`crate::delivery`]'s part.

mod exchange;
mod http;
mod ivvy;
mod json;
#[cfg(test)]
mod samples;
mod seen;
mod tryton;
mod worklist;

use jiff::{SignedDuration, Timestamp};
use payment::{InvoiceRef, Payment, Text};
use std::time::Duration;

pub use exchange::{HttpAnswer, HttpRequest};
pub use http::HttpApi;
pub use ivvy::Ivvy;
pub use seen::{Abilities, Booked, Booking, Finding, InvoiceSeen, ListPage, Seal, When};
pub use tryton::Tryton;
pub use worklist::{Row, Worklist};

/// One invoicing system.
pub trait Upstream: Send + Sync {
    /// What can be asked of this system.
    fn abilities(&self) -> Abilities;

    /// The request that books a payment. `now` is the server's time as far as it is known.
    ///
    /// # Errors
    /// When this payment cannot be told to this system at all.
    fn create(&self, now: Timestamp, booking: &Booking<'_>) -> Result<HttpRequest, Unsendable>;

    /// What comes next on the way to a booking that needs more than one request: something that must
    /// be known, the request that begins it, or one that goes on with it. `heard` are the answers to
    /// what was asked for just before, in order; what changes something is never sent on old
    /// knowledge, but asked for anew.
    ///
    /// # Errors
    /// When this payment cannot be told to this system at all.
    fn plan(
        &self,
        now: Timestamp,
        booking: &Booking<'_>,
        _heard: &[HttpAnswer],
    ) -> Result<Plan, Unsendable> {
        self.create(now, booking).map(Plan::Book)
    }

    /// The same on the way back: how what was begun, and cannot go on, is taken away.
    ///
    /// # Errors
    /// When this cannot be told to this system at all.
    fn withdraw(
        &self,
        _now: Timestamp,
        _booking: &Booking<'_>,
        _heard: &[HttpAnswer],
    ) -> Result<Plan, Unsendable> {
        Ok(Plan::Gone)
    }

    /// What the answer to any request of this system means. `now` is our own clock.
    fn classify(&self, now: Timestamp, answer: &HttpAnswer) -> Class;

    /// The request that reads back what the system holds for the payment. It changes nothing.
    ///
    /// # Errors
    /// When this payment cannot be asked for.
    fn look_up(&self, now: Timestamp, payment: &Payment) -> Result<HttpRequest, Unsendable>;

    /// How it is found out what became of a request without a clear answer. `now` is our own
    /// clock.
    fn doubt(&self, _now: Timestamp, _payment: &Payment) -> Doubt {
        Doubt::ReadBack
    }

    /// Whether the answer to [`look_up`](Upstream::look_up) shows the payment.
    fn find(&self, payment: &Payment, answer: &HttpAnswer) -> Found;

    /// The request that shows what is open on an invoice, before a payment is taken for it; none
    /// where the system cannot be asked. It changes nothing.
    fn invoice(&self, _now: Timestamp, _invoice: &InvoiceRef) -> Option<HttpRequest> {
        None
    }

    /// What the answer to [`invoice`](Upstream::invoice) shows.
    fn read_invoice(&self, _invoice: &InvoiceRef, _answer: &HttpAnswer) -> InvoiceSeen {
        InvoiceSeen::Unreadable {
            reason: Text::from("This system cannot be asked for an invoice."),
        }
    }

    /// The request for a page, counted from 0, of the payments between two moments; none where the
    /// system has no list. It changes nothing. The list may hold more than was asked for.
    fn list(
        &self,
        _now: Timestamp,
        _from: Timestamp,
        _to: Timestamp,
        _page: u32,
    ) -> Option<HttpRequest> {
        None
    }

    /// What the answer to [`list`](Upstream::list) shows.
    ///
    /// # Errors
    /// Why it does not tell, as a sentence: a part of a list proves nothing.
    fn read_list(&self, _answer: &HttpAnswer) -> Result<ListPage, Text> {
        Err(Text::from("This system has no list of payments."))
    }

    /// The request for the system's own settings, asked once at the start; none where there is
    /// nothing to check. It changes nothing.
    fn check(&self, _now: Timestamp) -> Option<HttpRequest> {
        None
    }

    /// What is wrong with the configuration, by the answer to [`check`](Upstream::check). An answer
    /// that does not tell finds nothing.
    fn read_check(&self, _answer: &HttpAnswer) -> Vec<Finding> {
        Vec::new()
    }

    /// After how long the system refuses a request by the date that it bears, if it does: then an
    /// ambiguous one need not be waited for as long, where the clocks were compared.
    fn stale_after(&self) -> Option<Duration> {
        None
    }

    /// The shortest time between two requests, where the system wants one.
    fn pace(&self) -> Option<Duration> {
        None
    }
}

/// The upstream of a section of the configuration.
pub fn from_config(upstream: &config::Upstream) -> Box<dyn Upstream> {
    match &upstream.kind {
        config::UpstreamKind::Http(options) => Box::new(HttpApi::new(upstream, options)),
        config::UpstreamKind::Ivvy(options) => Box::new(Ivvy::new(upstream, options)),
        config::UpstreamKind::Tryton(options) => Box::new(Tryton::new(upstream, options)),
        config::UpstreamKind::Worklist(options) => Box::new(Worklist::new(upstream, options)),
    }
}

/// What comes next on the way to a booking.
#[derive(Debug)]
pub enum Plan {
    /// Ask this; it changes nothing.
    Ask(HttpRequest),
    /// Send what books, or begins to: sent twice, it could book twice.
    Book(HttpRequest),
    /// Send what goes on with what was begun. One after the other, the system carries it out once: it is
    /// refused a second time, or changes nothing.
    GoOn {
        /// The system's own name for what was begun.
        remote_id: Text,
        /// How far it has come.
        step: Text,
        /// The request.
        request: HttpRequest,
    },
    /// Nothing is sent: so it stands.
    Stop(Class),
    /// What was to be taken away is not there any more.
    Gone,
}

/// How it is found out what became of a request without a clear answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It is read back once it cannot be carried out any more, and sent again if it is not there.
    ReadBack,
    /// It is sent again: the system takes the same payment only once.
    SendAgain,
    /// A person looks: the system can neither be asked nor be sent the same again.
    Person,
}

/// Why a payment cannot be told to a system, as a sentence for the person who must decide.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unsendable(pub Text);

/// What an answer means. Reasons are sentences for the person at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// Booked.
    Confirmed {
        /// The system's own name for it.
        remote_id: Option<Text>,
    },
    /// The booking was begun, and has not changed any balance yet.
    Begun {
        /// The system's own name for it.
        remote_id: Text,
        /// How far it has come, in the system's words.
        step: Text,
    },
    /// Not booked: something that will pass stands in the way of what was begun. It is taken away,
    /// and booked anew later.
    Blocked {
        /// Why.
        reason: Text,
    },
    /// Not booked by this request, but perhaps by an earlier one: read back, then a person.
    Refused {
        /// Why.
        reason: Text,
    },
    /// Not booked, because the request's time was wrong.
    ClockSkew {
        /// The server's clock less ours, when the answer told it.
        skew: Option<SignedDuration>,
    },
    /// Not booked, and no other payment would be: a bad key, a wrong address, or a machine that cannot send.
    Parked {
        /// Why.
        reason: Text,
    },
    /// Not booked, because a setting that this payment needs is wrong. Others may go on.
    Misconfigured {
        /// Why.
        reason: Text,
    },
    /// Not booked, says the system; try again later, and read back first.
    NotExecuted {
        /// Why.
        reason: Text,
        /// The system's own wish.
        retry_after: Option<Duration>,
    },
    /// Not booked, and never will be as it is: a person must decide.
    NeedsOperator {
        /// Why.
        reason: Text,
    },
    /// It may have been booked.
    Ambiguous {
        /// Why.
        reason: Text,
    },
    /// No byte of it reached the system.
    NotSent {
        /// Why.
        reason: Text,
    },
}

/// What a read-back shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The payment is booked, once and with our amount.
    Present {
        /// The system's own name for it.
        remote_id: Option<Text>,
    },
    /// Its booking was begun, and is not complete.
    Begun {
        /// The system's own name for it.
        remote_id: Text,
        /// How far it has come, in the system's words.
        step: Text,
    },
    /// Something is booked that does not fit: a person must look.
    Conflict {
        /// What, as a sentence.
        reason: Text,
    },
    /// The payment is not booked.
    Absent {
        /// Why it could not be booked now either (closed, overpaid, another currency), if so.
        obstacle: Option<Text>,
    },
    /// The answer does not tell.
    Unreadable {
        /// Why, as a sentence.
        reason: Text,
    },
}
