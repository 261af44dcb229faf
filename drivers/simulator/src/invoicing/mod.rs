//! An invoicing system that speaks iVvy's interface, for demonstrations and tests.
//!
//! [`Sandbox`] is pure: a request and the time in, a [`Reply`] out. It checks signatures as the
//! real one does, refuses to overpay, and has no idempotency: the same receipt twice is booked
//! twice. [`serve`] puts it on a socket. It must not know how its client works.

mod access;
mod book;
mod fault;
mod serve;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use payment::Money;

pub use book::{Invoice, Payment};
pub use fault::{Fault, UnknownFault};
pub use serve::{Shared, serve};

use book::Book;

/// A request as it arrived.
#[derive(Clone)]
pub struct Request {
    /// Such as `/api/1.0/invoice?action=addPayment`.
    pub path_and_query: String,
    /// Names (in any case) and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
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

/// How long a slow answer takes.
const SLOW: Duration = Duration::from_secs(45);
/// How far the clock is off while its fault is armed.
const SKEW: SignedDuration = SignedDuration::from_mins(7);

/// The invoicing system.
#[derive(Debug)]
pub struct Sandbox {
    api_key: String,
    secret: String,
    book: Book,
    faults: Vec<(Fault, u32)>,
}

impl Sandbox {
    /// An account with one key and one invoice: 156, of EUR 80.00.
    pub fn new(api_key: &str, secret: &str) -> Self {
        Self {
            api_key: api_key.to_owned(),
            secret: secret.to_owned(),
            book: Book::seeded(),
            faults: Vec::new(),
        }
    }

    /// Adds an invoice, or replaces it.
    pub fn add_invoice(&mut self, id: u64, total: Money) {
        self.book.add(id, total);
    }

    /// An invoice, to look at.
    pub fn invoice(&self, id: u64) -> Option<&Invoice> {
        self.book.invoice(id)
    }

    /// All payments, in the order in which they were booked.
    pub fn payments(&self) -> Vec<&Payment> {
        self.book.payments()
    }

    /// Lets the next `requests` requests that the fault can happen to go wrong.
    pub fn arm(&mut self, fault: Fault, requests: u32) {
        self.faults.push((fault, requests));
    }

    /// Ends all faults.
    pub fn disarm(&mut self) {
        self.faults.clear();
    }

    /// Takes a request.
    pub fn handle(&mut self, now: Timestamp, request: &Request) -> Reply {
        let adds = request.path_and_query.ends_with("action=addPayment");
        let fault = self.next_fault(adds);
        let clock = match fault {
            Some(Fault::ClockSkew) => now.saturating_add(SKEW).unwrap_or(now),
            _ => now,
        };
        let Some(fault) = fault else {
            return Reply::Answer(self.answer(clock, request));
        };
        match fault {
            Fault::Down => Reply::Away,
            Fault::AnswerLostBeforeBooking => Reply::Dropped,
            Fault::AnswerLostAfterBooking => {
                self.answer(clock, request);
                Reply::Dropped
            }
            Fault::ServerErrorAfterBooking => {
                self.answer(clock, request);
                let body = r#"{"errorCode":500,"message":"Internal error"}"#;
                Reply::Answer(json(clock, 500, body))
            }
            Fault::TooMany => {
                let body = r#"{"errorCode":429,"message":"Too many requests"}"#;
                let mut answer = json(clock, 429, body);
                answer.headers.push(("retry-after", "20".to_owned()));
                Reply::Answer(answer)
            }
            Fault::Slow => Reply::Late(SLOW, self.answer(clock, request)),
            Fault::CaptivePortal => Reply::Answer(html(clock, 200)),
            Fault::Redirect => {
                let mut answer = html(clock, 302);
                let to = "http://portal.example/".to_owned();
                answer.headers.push(("location", to));
                Reply::Answer(answer)
            }
            Fault::TruncatedJson => {
                let mut answer = self.answer(clock, request);
                answer.body.truncate(answer.body.len() / 2);
                Reply::Answer(answer)
            }
            Fault::ClockSkew => Reply::Answer(self.answer(clock, request)),
        }
    }

    fn next_fault(&mut self, adds: bool) -> Option<Fault> {
        let armed = self.faults.iter_mut();
        let mut armed = armed.filter(|(fault, left)| *left > 0 && (adds || !fault.needs_booking()));
        let (fault, left) = armed.next()?;
        *left -= 1;
        Some(*fault)
    }

    fn answer(&mut self, clock: Timestamp, request: &Request) -> Answer {
        let outcome = access::check(&self.api_key, &self.secret, clock, request)
            .and_then(|()| self.book.act(&request.path_and_query, clock, &request.body));
        match outcome {
            Ok(body) => json(clock, 200, &body),
            Err(refusal) => json(clock, refusal.code, &refusal.to_json()),
        }
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

fn json(clock: Timestamp, status: u16, body: &str) -> Answer {
    answer(clock, status, "application/json", body)
}

fn html(clock: Timestamp, status: u16) -> Answer {
    let body = "<html><body>Log in to the guest network</body></html>";
    answer(clock, status, "text/html", body)
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
