//! The return to a copy of the journal: what a device can no longer know, and says so.

use serde::{Deserialize, Serialize};

/// What a restoration means at one device: an entry of the journal, and so for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum RestorationFact {
    /// The journal goes on from a copy. What happened after the copy was made is not in it.
    Restored(SkippedNumbers),
}

impl RestorationFact {
    /// The word used in the journal.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Restored(_) => "restored",
        }
    }
}

/// The receipt numbers that a device may have given after the copy was made. They stand on paper and
/// in invoicing systems, so none of them is given again: a system that is asked for such a number
/// would find the old payment and call the new one booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedNumbers {
    /// The last number in the copy; 0 if there was none.
    pub after: u64,
    /// The next number that is given.
    pub next: u64,
}

impl SkippedNumbers {
    /// The first and the last number that are left out, if any are.
    pub fn range(self) -> Option<(u64, u64)> {
        let (first, last) = (self.after + 1, self.next.saturating_sub(1));
        (first <= last).then_some((first, last))
    }
}
