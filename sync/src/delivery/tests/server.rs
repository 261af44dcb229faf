//! A server that books on arrival, as iVvy does, and how it is spoken to.

use jiff::Timestamp;
use payment::{Payment, Text};

use crate::upstream::{
    Abilities, Booking, Class, Found, HttpAnswer, HttpRequest, Unsendable, Upstream,
};

/// What happens to one request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    Well,
    NotSent,
    LostBefore,
    LostAfter,
    /// It arrives when the sender has given up: a minute later.
    Late,
    Status500After,
    TooMany,
    Stale,
    BadKey,
    /// This machine cannot send.
    Unable,
    Portal,
    RefusedAnyway,
    CrashBefore,
    CrashAfter,
    DiskFull,
    /// Something on the way sends it twice; only a system that books in steps can be told apart.
    Twice,
    /// Something else is in the way for now; only for a system that books in steps.
    Blocked,
}

impl Fate {
    pub(super) const ALL: [Self; 15] = [
        Self::Well,
        Self::NotSent,
        Self::LostBefore,
        Self::LostAfter,
        Self::Late,
        Self::Status500After,
        Self::TooMany,
        Self::Stale,
        Self::BadKey,
        Self::Unable,
        Self::Portal,
        Self::RefusedAnyway,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::DiskFull,
    ];
}

/// A system whose requests are a word and a receipt number.
pub(super) struct Model;

pub(super) fn ask(word: &str, payment: &Payment) -> HttpRequest {
    HttpRequest {
        method: "POST",
        url: word.into(),
        headers: vec![],
        body: payment.receipt.to_string().into_bytes(),
    }
}

impl Upstream for Model {
    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    fn create(&self, _: Timestamp, booking: &Booking<'_>) -> Result<HttpRequest, Unsendable> {
        Ok(ask("create", booking.payment))
    }

    fn look_up(&self, _: Timestamp, payment: &Payment) -> Result<HttpRequest, Unsendable> {
        Ok(ask("look_up", payment))
    }

    fn classify(&self, _: Timestamp, answer: &HttpAnswer) -> Class {
        let reason = Text::from("because");
        let HttpAnswer::Response { status, .. } = answer else {
            return match answer {
                HttpAnswer::NotSent { .. } => Class::NotSent { reason },
                HttpAnswer::Unable { .. } => Class::Parked { reason },
                _ => Class::Ambiguous { reason },
            };
        };
        match status {
            201 => Class::Confirmed { remote_id: None },
            400 => Class::Refused { reason },
            401 => Class::ClockSkew { skew: None },
            403 => Class::Parked { reason },
            429 => Class::NotExecuted {
                reason,
                retry_after: None,
            },
            _ => Class::Ambiguous { reason },
        }
    }

    fn find(&self, _: &Payment, answer: &HttpAnswer) -> Found {
        match answer {
            HttpAnswer::Response {
                status: 200, body, ..
            } if body == b"1" => Found::Present { remote_id: None },
            HttpAnswer::Response {
                status: 200, body, ..
            } if body == b"0" => Found::Absent { obstacle: None },
            _ => Found::Unreadable {
                reason: Text::from("cannot be read"),
            },
        }
    }
}
