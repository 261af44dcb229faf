//! The end of a terminal's day, and whether its totals are the journal's.

mod compare;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ClosingId, DeviceId, IdempotencyKey, Text};

pub use compare::{Bucket, compare, totals};

/// A day end as it was wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingIntent {
    /// The closing's own name.
    pub id: ClosingId,
    /// The name of the intention, chosen by the client.
    pub key: IdempotencyKey,
    /// Which device's terminal.
    pub device: DeviceId,
    /// When it was wanted.
    pub at: Timestamp,
}

/// What happened to a day end: entries of the journal, and so for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum ClosingFact {
    /// Somebody wanted it.
    DayBegun(ClosingIntent),
    /// The terminal closed its day.
    DayClosed(Balance),
    /// The terminal refused; nothing was closed.
    DayRefused(Reason),
    /// Whether it was closed is not known.
    DayUnknown(Reason),
}

impl ClosingFact {
    /// The word used in the journal.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DayBegun(_) => "day_begun",
            Self::DayClosed(_) => "day_closed",
            Self::DayRefused(_) => "day_refused",
            Self::DayUnknown(_) => "day_unknown",
        }
    }
}

/// Why a day end did not come about, or nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// A sentence for the desk.
    pub text: Text,
}

/// A day end: a projection of its facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// What was wanted.
    #[serde(flatten)]
    pub intent: ClosingIntent,
    /// Where it stands.
    #[serde(flatten)]
    pub state: ClosingState,
    /// When the last fact was recorded.
    pub changed_at: Timestamp,
}

/// Where a day end stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ClosingState {
    /// Wanted, and durable; the terminal may have been asked.
    Begun,
    /// The terminal closed its day. Final.
    Closed(Balance),
    /// The terminal refused. Final.
    Refused(Reason),
    /// Whether it was closed is not known. Final; a new one may be begun.
    Unknown(Reason),
}

impl ClosingState {
    /// The word used in the API and the database.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Closed(_) => "closed",
            Self::Refused(_) => "refused",
            Self::Unknown(_) => "unknown",
        }
    }
}

impl Closing {
    /// The closing that an intent begins.
    pub fn begin(intent: ClosingIntent) -> Self {
        let changed_at = intent.at;
        Self {
            intent,
            state: ClosingState::Begun,
            changed_at,
        }
    }

    /// Adds a fact; says whether it can follow. One that cannot changes nothing.
    #[must_use]
    pub fn add(&mut self, fact: &ClosingFact, at: Timestamp) -> bool {
        if self.state != ClosingState::Begun {
            return false;
        }
        self.state = match fact {
            ClosingFact::DayBegun(_) => return false,
            ClosingFact::DayClosed(balance) => ClosingState::Closed(balance.clone()),
            ClosingFact::DayRefused(reason) => ClosingState::Refused(reason.clone()),
            ClosingFact::DayUnknown(reason) => ClosingState::Unknown(reason.clone()),
        };
        self.changed_at = at;
        true
    }

    /// What the person at the desk does next (law 13).
    pub fn next_step(&self) -> &'static str {
        match &self.state {
            ClosingState::Begun => "Wait: the terminal is closing its day.",
            ClosingState::Closed(balance) if balance.differences.is_empty() => {
                "Done: the terminal's day is closed."
            }
            ClosingState::Closed(_) => {
                "The terminal's day is closed, but its totals are not the journal's. \
                 Compare the terminal's report with the list of payments."
            }
            ClosingState::Refused(_) => {
                "The terminal's day is not closed. Look at the reason, and end the day again."
            }
            ClosingState::Unknown(_) => {
                "Nobody can tell whether the terminal's day is closed. Look at the terminal's \
                 report, and end the day again if there is none."
            }
        }
    }
}

/// A closed day as the terminal and as the journal tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// As the terminal tells it.
    pub terminal: DayTotals,
    /// As the journal tells it: card payments since the last closing.
    pub journal: DayTotals,
    /// Where they differ.
    pub differences: Vec<Difference>,
}

/// The totals of a day. Sums are in minor units, what was given back taken off.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DayTotals {
    /// The sum of all; negative when more was given back.
    pub total_minor: Option<i64>,
    /// The first and last receipt number of the terminal.
    pub receipts: Option<(u32, u32)>,
    /// Each brand by itself.
    pub brands: Vec<BrandTotal>,
}

/// One brand's part of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrandTotal {
    /// The brand, such as `girocard`.
    pub brand: Text,
    /// How many.
    pub count: u32,
    /// How much, in minor units.
    pub minor: i64,
}

/// A sum that the terminal tells otherwise than the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Of which brand; none for the sum of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<Text>,
    /// The terminal's sum in minor units.
    pub terminal_minor: i64,
    /// The journal's sum in minor units.
    pub journal_minor: i64,
    /// What differs, as a sentence for the desk.
    pub text: Text,
}
