//! Invoicing systems for demonstrations and tests, with faults by name.
//!
//! A [`System`] answers honestly; a [`Sandbox`] lets things go wrong around it. Both are pure: a
//! request and the time in, a [`Reply`] out. [`serve`] puts a sandbox on a socket. They must not
//! know how their client works.

mod fault;
mod http;
mod ivvy;
mod serve;
mod spoil;
mod tryton;

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use payment::Money;
use rust_decimal::Decimal;

pub use fault::{Fault, UnknownFault};
pub use http::HttpApi;
pub use ivvy::{Invoice, Ivvy, Payment, Refund};
pub use serve::{Shared, serve};
pub use tryton::Tryton;

/// A request as it arrived. No `Debug`: it holds signatures.
#[derive(Clone)]
pub struct Request {
    /// Such as `POST`.
    pub method: String,
    /// Such as `/api/1.0/invoice?action=addPayment`.
    pub path_and_query: String,
    /// Names (in any case) and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let hit = headers.find(|(n, _)| n.eq_ignore_ascii_case(name));
        hit.map(|(_, value)| value.as_str())
    }
}

/// What the client sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// An answer.
    Answer(Answer),
    /// An answer that takes its time.
    Late(Duration, Answer),
    /// The connection breaks after the request was read.
    Dropped,
    /// There is nobody to connect to.
    Away,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A payment, cancel or refund that a system holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// On which invoice.
    pub invoice: u64,
    /// The receipt number.
    pub receipt: String,
    /// How much; less than nothing for what was given back.
    pub amount: Decimal,
}

/// An invoicing system in good order.
pub trait System {
    /// Adds an invoice, or replaces it.
    fn add_invoice(&mut self, id: u64, total: Money);

    /// Carries a request out.
    fn answer(&mut self, clock: Timestamp, request: &Request) -> Answer;

    /// Whether a request asks for something to be booked.
    fn is_booking(&self, request: &Request) -> bool;

    /// The body of its own answer when it is in trouble.
    fn trouble(&self, status: u16) -> String;

    /// All that is booked, in order.
    fn booked(&self) -> Vec<Booked>;
}

/// How long a slow answer takes.
const SLOW: Duration = Duration::from_secs(45);
/// How long after its connection broke a late request is carried out.
const LATE: Duration = Duration::from_mins(1);
/// How far the clock is off while its fault is armed.
const SKEW: SignedDuration = SignedDuration::from_mins(7);

/// A system with which things go wrong.
pub struct Sandbox<S> {
    system: S,
    faults: Vec<(Fault, u32)>,
    /// Requests that are still under way.
    late: Vec<(Timestamp, Request)>,
}

impl<S: System> Sandbox<S> {
    /// Nothing goes wrong yet.
    pub fn new(system: S) -> Self {
        Self {
            system,
            faults: Vec::new(),
            late: Vec::new(),
        }
    }

    /// Lets the next `requests` requests that the fault can happen to go wrong.
    pub fn arm(&mut self, fault: Fault, requests: u32) {
        self.faults.push((fault, requests));
    }

    /// Ends all faults.
    pub fn disarm(&mut self) {
        self.faults.clear();
    }

    /// Carries out what was under way and has arrived by now.
    pub fn arrive(&mut self, now: Timestamp) {
        let late = std::mem::take(&mut self.late);
        for (at, request) in late {
            if at <= now {
                self.system.answer(at, &request);
            } else {
                self.late.push((at, request));
            }
        }
    }

    /// Takes a request.
    pub fn handle(&mut self, now: Timestamp, request: &Request) -> Reply {
        self.arrive(now);
        let Some(fault) = self.next_fault(self.system.is_booking(request)) else {
            return Reply::Answer(self.system.answer(now, request));
        };
        match fault {
            Fault::Down => Reply::Away,
            Fault::AnswerLostBeforeBooking => Reply::Dropped,
            Fault::AnswerLostAfterBooking => {
                self.system.answer(now, request);
                Reply::Dropped
            }
            Fault::LateBooking => {
                let at = now.saturating_add(LATE).unwrap_or(now);
                self.late.push((at, request.clone()));
                Reply::Dropped
            }
            Fault::ServerError => Reply::Answer(self.in_trouble(now, 500)),
            Fault::ServerErrorAfterBooking => {
                self.system.answer(now, request);
                Reply::Answer(self.in_trouble(now, 500))
            }
            Fault::TooMany => {
                let mut answer = self.in_trouble(now, 429);
                answer.headers.push(("retry-after", "20".to_owned()));
                Reply::Answer(answer)
            }
            Fault::Slow => Reply::Late(SLOW, self.system.answer(now, request)),
            Fault::CaptivePortal => Reply::Answer(spoil::portal(now, 200)),
            Fault::Redirect => Reply::Answer(spoil::redirect(now)),
            Fault::TruncatedJson => {
                Reply::Answer(spoil::truncated(self.system.answer(now, request)))
            }
            Fault::WrongTypes => Reply::Answer(spoil::retyped(self.system.answer(now, request))),
            Fault::ClockSkew => {
                let clock = now.saturating_add(SKEW).unwrap_or(now);
                Reply::Answer(self.system.answer(clock, request))
            }
        }
    }

    fn in_trouble(&self, now: Timestamp, status: u16) -> Answer {
        json(now, status, &self.system.trouble(status))
    }

    fn next_fault(&mut self, books: bool) -> Option<Fault> {
        let armed = self.faults.iter_mut();
        let mut armed =
            armed.filter(|(fault, left)| *left > 0 && (books || !fault.needs_booking()));
        let (fault, left) = armed.next()?;
        *left -= 1;
        Some(*fault)
    }
}

/// What the system holds can be looked at and changed as if nothing went wrong.
impl<S> Deref for Sandbox<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.system
    }
}

impl<S> DerefMut for Sandbox<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.system
    }
}

fn json(clock: Timestamp, status: u16, body: &str) -> Answer {
    answer(clock, status, "application/json", body)
}

fn answer(clock: Timestamp, status: u16, kind: &str, body: &str) -> Answer {
    let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&clock);
    let mut headers = vec![("content-type", kind.to_owned())];
    headers.extend(date.ok().map(|date| ("date", date)));
    Answer {
        status,
        headers,
        body: body.as_bytes().to_vec(),
    }
}
