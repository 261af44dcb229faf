//! What happened to a payment: the entries of the journal.

use serde::{Deserialize, Serialize};

use crate::{Approval, Intent, Money, Text};

/// One entry of a payment's history. Facts are only ever added (law 6); their words and fields are
/// the journal's format, and so for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum Fact {
    /// Somebody wanted it.
    Intended(Intent),
    /// Money changed hands without a terminal: the person at the desk says so.
    Recorded,
    /// The terminal approved. Durable before the terminal hears an acknowledgement (law 2).
    Approved(Approval),
    /// The terminal's operation ended well after an approval: nothing can be reversed any more.
    Completed,
    /// The terminal, or the card's issuer, refused. No money was taken.
    Declined(Refusal),
    /// It ended before money could be taken.
    Cancelled(Cancellation),
    /// Nobody can tell yet whether money was taken (law 3).
    Doubted(Doubt),
    /// Doubt was settled, by the terminal's evidence or by a person (law 4).
    Settled(Settlement),
}

impl Fact {
    /// The word used in the journal.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Intended(_) => "intended",
            Self::Recorded => "recorded",
            Self::Approved(_) => "approved",
            Self::Completed => "completed",
            Self::Declined(_) => "declined",
            Self::Cancelled(_) => "cancelled",
            Self::Doubted(_) => "doubted",
            Self::Settled(_) => "settled",
        }
    }
}

/// Why no money was taken, in the terminal's words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Refusal {
    /// The protocol's own code, such as `zvt:05`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Text>,
    /// A sentence for the desk.
    pub text: Text,
}

/// Why a payment ended before money could be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// The protocol's own code, when a terminal ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Text>,
    /// A sentence for the desk.
    pub text: Text,
}

/// What made the outcome uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoubtReason {
    /// The link broke after the terminal may have been asked.
    LinkLost,
    /// The terminal went silent after it was asked.
    Silence,
    /// The terminal answered with what cannot be understood.
    Garbage,
    /// The daemon stopped after the terminal may have been asked.
    Restart,
    /// The terminal approved another amount or currency than was asked.
    OtherAmount,
    /// The terminal approved, and then ended the operation as failed.
    Contradiction,
    /// The approval could not be stored, and so was not acknowledged.
    NotStored,
    /// The journal was restored from a copy in which the payment had no outcome yet.
    Restored,
}

/// An uncertain outcome and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// Why.
    pub reason: DoubtReason,
    /// What was seen, for the person who will decide.
    pub text: Text,
    /// An approval that was seen, but may not stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// The amount the terminal named, where it is another than was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_amount: Option<Money>,
}

/// How doubt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Settlement {
    /// Money was taken.
    Approved {
        /// Who or what says so.
        by: Verdict,
        /// What is known of the approval.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approval: Option<Approval>,
    },
    /// No money was taken.
    Declined {
        /// Who or what says so.
        by: Verdict,
    },
}

/// Who or what settled a doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Verdict {
    /// The terminal was asked, and this is what its answer shows.
    Terminal {
        /// The evidence, as a sentence.
        evidence: Text,
    },
    /// A person decided, and stands by it.
    Person {
        /// Who.
        name: Text,
        /// Why.
        reason: Text,
    },
}
