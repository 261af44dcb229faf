//! What a terminal's answer proves about a card payment in doubt: a table of rows, first match wins.
//!
//! Money is called taken only when the record is ours beyond doubt, and not taken only when
//! nothing newer than before is stored or the record shows that it was taken back. Whatever lies
//! between waits for a person (laws 3 and 4). [`Row`] lists the table, [`row`] finds the row, and
//! [`decide`] says it with the numbers that were compared.
//!
//! A terminal is asked for the last transaction that it stored, or for the one that our own
//! reference names; the same table reads both.
//!
//! Sources: ZVT specification 2.2.8 and 2.2.9 (when a terminal stores), 06 20 (what it repeats).

mod evidence;
mod matching;
mod newer;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::{civil, tz::TimeZone};

use crate::{Approval, DoubtReason, Mark, Money, Payment, Purpose, Refusal, Stored, Text};

pub use matching::row;

/// A payment in doubt, as far as it matters for its recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What was wanted.
    pub purpose: Purpose,
    /// How much.
    pub money: Money,
    /// When, as a clock on the terminal's wall shows it.
    pub asked: civil::DateTime,
    /// How long the terminal may have worked on it (ZVT: T4).
    pub patience: Duration,
    /// What the terminal held before it was asked; none when that is not known.
    pub before: Option<Mark>,
    /// An approval that was seen before the doubt: it may stand.
    pub seen: Option<Approval>,
    /// The approval of the payment that a cancel takes back.
    pub original: Option<Approval>,
    /// How the terminal numbers what it stores.
    pub counting: Counting,
    /// Whether the journal was restored from a copy since: what the terminal did after the copy was
    /// made is not known.
    pub restored: bool,
}

/// How a terminal numbers the transactions that it stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Counting {
    /// By receipt numbers without gaps (ZVT).
    #[default]
    Receipts,
    /// By trace numbers alone, of which refusals and calls to the host take some too (ECR17: STAN).
    Traces,
}

impl Case {
    /// The case of a payment. `original` is the payment that it names, `zone` the terminal's.
    pub fn of(
        payment: &Payment,
        original: Option<&Payment>,
        zone: &TimeZone,
        patience: Duration,
        counting: Counting,
    ) -> Self {
        let intent = &payment.intent;
        Self {
            purpose: intent.purpose,
            money: intent.money,
            asked: intent.at.to_zoned(zone.clone()).datetime(),
            patience,
            before: intent.before.clone(),
            seen: payment.approval.clone(),
            original: original.and_then(|original| original.approval.clone()),
            counting,
            restored: payment
                .doubt
                .as_ref()
                .is_some_and(|doubt| doubt.reason == DoubtReason::Restored),
        }
    }
}

/// What the terminal says of its last transaction, or of the one that our reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// This is the last one.
    Stored(Box<Stored>),
    /// It has nothing stored.
    Nothing,
    /// The one of our reference was approved.
    Found(Box<Approval>),
    /// The one of our reference was refused, or ended before money could be taken.
    Refused(Refusal),
    /// It knows nothing by our reference.
    NotFound {
        /// Its own ID.
        terminal_id: Option<Text>,
    },
    /// It is busy.
    Busy,
    /// It did not answer, or not understandably.
    NoAnswer,
    /// It cannot tell.
    Unsupported,
}

/// What to make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// What was wanted was done.
    Approved {
        /// The terminal's word for it.
        approval: Box<Approval>,
        /// What was compared, as a sentence for the desk.
        evidence: Text,
    },
    /// What was wanted was not done, or was taken back.
    Declined {
        /// What was compared, as a sentence for the desk.
        evidence: Text,
    },
    /// The memory does not prove it: a person decides.
    InDoubt {
        /// What was compared, as a sentence for the desk.
        evidence: Text,
    },
    /// Ask the terminal again later.
    AskAgain {
        /// Why, as a sentence for the desk.
        why: Text,
    },
}

/// What a row decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// [`Decision::Approved`]
    Approved,
    /// [`Decision::Declined`]
    Declined,
    /// [`Decision::InDoubt`]
    InDoubt,
    /// [`Decision::AskAgain`]
    AskAgain,
}

macro_rules! rows {
    ($($(#[$doc:meta])* $row:ident => $outcome:ident,)*) => {
        /// The rows of the table, in order.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Row {
            $($(#[$doc])* $row,)*
        }

        impl Row {
            /// All rows, in order.
            pub const ALL: &'static [Self] = &[$(Self::$row,)*];

            /// What the row decides.
            pub fn outcome(self) -> Outcome {
                match self {
                    $(Self::$row => Outcome::$outcome,)*
                }
            }
        }
    };
}

rows! {
    /// The terminal is busy.
    Busy => AskAgain,
    /// The terminal did not answer.
    NoAnswer => AskAgain,
    /// The terminal cannot tell.
    Unsupported => InDoubt,
    /// It had nothing stored before, and has nothing now. An approval that was seen was not kept.
    NothingStill => Declined,
    /// It has nothing stored, but had before, or nobody knows.
    NothingAnyMore => InDoubt,
    /// Another terminal answers than was asked.
    OtherTerminal => InDoubt,
    /// The last record is the end of day that was the last before.
    EndOfDayStill => Declined,
    /// The day was closed since, and the record says nothing of what lies before.
    ClosedSince => InDoubt,
    /// The last record has the numbers of the one from before, but another amount or moment: the
    /// terminal counts anew.
    NumbersAgain => InDoubt,
    /// The last record is the one from before, yet it is also the approval that was seen.
    SeenBefore => InDoubt,
    /// The last record is the one from before: nothing newer was stored.
    SameAsBefore => Declined,
    /// A cancel's payment is itself the last record: it was not taken back.
    OriginalStands => Declined,
    /// The record is the approval that was seen, for the amount that was wanted.
    SeenIsStored => Approved,
    /// A reversal of the approval that was seen.
    SeenTakenBack => Declined,
    /// A reversal, the very next record after the one before, for this amount or none.
    TakenBack => Declined,
    /// A newer reversal of the payment that was to be cancelled.
    CancelStored => Approved,
    /// A reversal of something else, or of nobody knows what.
    OtherReversal => InDoubt,
    /// A cancel was asked for, but the record is a payment.
    NoReversal => InDoubt,
    /// The record has another amount than was wanted.
    OtherAmount => InDoubt,
    /// The journal was restored from a copy since: what is stored last, or not known any more, proves
    /// nothing about so old a payment.
    Restored => InDoubt,
    /// What the terminal held before is not known.
    BeforeUnknown => InDoubt,
    /// An approval was seen, but the record is another one.
    NotTheSeen => InDoubt,
    /// The record has no number that can be compared with the one before.
    Uncountable => InDoubt,
    /// The record is older than the one before.
    Older => InDoubt,
    /// More than one record was stored since: somebody else used the terminal.
    TooNew => InDoubt,
    /// The record names no amount.
    NoAmount => InDoubt,
    /// The record's time is not near the moment of asking.
    OtherTime => InDoubt,
    /// The next record after the one before, with the amount and at the time: it is ours.
    NextIsOurs => Approved,
    /// The next record after the one before is a refusal, with the amount and at the time.
    NextIsRefused => Declined,
    /// By our reference: an approval of the amount that was wanted.
    ReferenceApproved => Approved,
    /// By our reference: a refusal, or that it was taken back.
    ReferenceRefused => Declined,
    /// By our reference: nothing, at the terminal that was asked.
    ReferenceUnknown => Declined,
    /// By our reference: nothing, but it may be another terminal than was asked.
    ReferenceElsewhere => InDoubt,
    /// By our reference: nothing, yet an approval was seen.
    ReferenceContradicts => InDoubt,
}

/// What the terminal's answer means for the payment.
pub fn decide(case: &Case, answer: &Answer) -> Decision {
    let row = row(case, answer);
    let evidence = evidence::of(row, case, answer);
    let outcome = if row == Row::OtherTime && crate::planted(18) {
        Outcome::Declined
    } else {
        row.outcome()
    };
    match (outcome, answer) {
        (Outcome::Approved, Answer::Stored(stored)) => Decision::Approved {
            approval: Box::new(stored.approval.clone()),
            evidence,
        },
        (Outcome::Approved, Answer::Found(approval)) => Decision::Approved {
            approval: approval.clone(),
            evidence,
        },
        (Outcome::Declined, _) => Decision::Declined { evidence },
        (Outcome::AskAgain, _) => Decision::AskAgain { why: evidence },
        // Without a record there is nothing to approve.
        (Outcome::InDoubt | Outcome::Approved, _) => Decision::InDoubt { evidence },
    }
}
