//! Faults by name.

use std::{fmt, str::FromStr};

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A payment is booked, but its answer is lost.
    AnswerLostAfterBooking,
    /// The connection breaks before the request is carried out.
    AnswerLostBeforeBooking,
    /// The connection breaks, and the request is carried out a minute later.
    LateBooking,
    /// A server error, and nothing is carried out.
    ServerError,
    /// A payment is booked, but the answer is a server error.
    ServerErrorAfterBooking,
    /// Too many requests.
    TooMany,
    /// It is carried out, and answered after 45 seconds.
    Slow,
    /// Somebody else's login page comes instead of an answer.
    CaptivePortal,
    /// An answer that sends the client elsewhere.
    Redirect,
    /// It is carried out, and half of the answer is missing.
    TruncatedJson,
    /// It is carried out, and every value of the answer has another type.
    WrongTypes,
    /// The clocks differ by seven minutes.
    ClockSkew,
    /// Nobody answers.
    Down,
}

/// Not the name of a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a fault of the invoicing system; use one of: {names}", names = names())]
pub struct UnknownFault(String);

impl Fault {
    /// All faults.
    pub const ALL: [Self; 13] = [
        Self::AnswerLostAfterBooking,
        Self::AnswerLostBeforeBooking,
        Self::LateBooking,
        Self::ServerError,
        Self::ServerErrorAfterBooking,
        Self::TooMany,
        Self::Slow,
        Self::CaptivePortal,
        Self::Redirect,
        Self::TruncatedJson,
        Self::WrongTypes,
        Self::ClockSkew,
        Self::Down,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AnswerLostAfterBooking => "answer-lost-after-booking",
            Self::AnswerLostBeforeBooking => "answer-lost-before-booking",
            Self::LateBooking => "late-booking",
            Self::ServerError => "500",
            Self::ServerErrorAfterBooking => "500-after-booking",
            Self::TooMany => "429",
            Self::Slow => "slow",
            Self::CaptivePortal => "captive-portal",
            Self::Redirect => "redirect",
            Self::TruncatedJson => "truncated-json",
            Self::WrongTypes => "wrong-types",
            Self::ClockSkew => "clock-skew",
            Self::Down => "down",
        }
    }

    /// Whether it happens to requests that book something only.
    pub(super) fn needs_booking(self) -> bool {
        matches!(
            self,
            Self::AnswerLostAfterBooking
                | Self::AnswerLostBeforeBooking
                | Self::LateBooking
                | Self::ServerErrorAfterBooking
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Fault {
    type Err = UnknownFault;
    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        Self::ALL
            .into_iter()
            .find(|fault| fault.as_str() == text)
            .ok_or_else(|| UnknownFault(text.chars().take(40).collect()))
    }
}

fn names() -> String {
    Fault::ALL.map(Fault::as_str).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_its_fault() {
        for fault in Fault::ALL {
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
        assert!("fire".parse::<Fault>().is_err());
    }
}
