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
mod newer;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::{SignedDuration, civil, tz::TimeZone};

use crate::{Approval, Mark, Money, Payment, Purpose, Refusal, Stored, StoredKind, Text};

use newer::{Age, age, same_numbers};

/// How far a terminal's clock may be off.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

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
    match (row.outcome(), answer) {
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

/// The first row that matches.
pub fn row(case: &Case, answer: &Answer) -> Row {
    let stored = match answer {
        Answer::Busy => return Row::Busy,
        Answer::NoAnswer => return Row::NoAnswer,
        Answer::Unsupported => return Row::Unsupported,
        Answer::Nothing if case.before == Some(Mark::Nothing) => return Row::NothingStill,
        Answer::Nothing => return Row::NothingAnyMore,
        Answer::Found(approval) => return found(case, approval),
        // Also where an approval was seen: it was not acknowledged in time, and taken back.
        Answer::Refused(_) => return Row::ReferenceRefused,
        Answer::NotFound { .. } if case.seen.is_some() => return Row::ReferenceContradicts,
        Answer::NotFound { terminal_id } => return not_found(case, terminal_id.as_ref()),
        Answer::Stored(stored) => stored,
    };
    if other_terminal(case, &stored.approval) {
        return Row::OtherTerminal;
    }
    if let Some(row) = unchanged(case, stored) {
        return row;
    }
    match (stored.kind, case.purpose) {
        (StoredKind::EndOfDay, _) => Row::ClosedSince,
        (StoredKind::Refused, _) => refused(case, &stored.approval),
        (StoredKind::Reversal { original_trace }, Purpose::Cancel { .. }) => {
            cancelled(case, stored, original_trace)
        }
        (StoredKind::Reversal { original_trace }, Purpose::Sale | Purpose::Refund { .. }) => {
            taken_back(case, stored, original_trace)
        }
        (StoredKind::Payment, Purpose::Cancel { .. }) => Row::NoReversal,
        (StoredKind::Payment, Purpose::Sale | Purpose::Refund { .. }) => taken(case, stored),
    }
}

/// The rows for an approval of our reference.
fn found(case: &Case, approval: &Approval) -> Row {
    match approval.money {
        _ if other_terminal(case, approval) => Row::OtherTerminal,
        Some(money) if money != case.money => Row::OtherAmount,
        // What takes a payment back whole may go without saying how much.
        None if !matches!(case.purpose, Purpose::Cancel { .. }) => Row::NoAmount,
        Some(_) | None => Row::ReferenceApproved,
    }
}

/// The rows for a reference that is not known: that proves absence only at the terminal that was
/// asked.
fn not_found(case: &Case, now: Option<&Text>) -> Row {
    match &case.before {
        Some(Mark::Terminal { terminal_id: then }) if then.is_some() && then.as_ref() == now => {
            Row::ReferenceUnknown
        }
        Some(Mark::Terminal { .. } | Mark::Transaction { .. } | Mark::Nothing) | None => {
            Row::ReferenceElsewhere
        }
    }
}

fn other_terminal(case: &Case, answering: &Approval) -> bool {
    let before = match &case.before {
        Some(Mark::Transaction { terminal_id, .. } | Mark::Terminal { terminal_id }) => {
            terminal_id.as_ref()
        }
        Some(Mark::Nothing) | None => None,
    };
    let seen = case
        .seen
        .as_ref()
        .and_then(|seen| seen.terminal_id.as_ref());
    let original = case.original.as_ref().and_then(|a| a.terminal_id.as_ref());
    let now = answering.terminal_id.as_ref();
    [before, seen, original]
        .into_iter()
        .flatten()
        .any(|known| now.is_some_and(|now| now != known))
}

/// The rows for a record that was there before.
fn unchanged(case: &Case, stored: &Stored) -> Option<Row> {
    let numbers = |approval: &Approval| (approval.terminal_receipt, approval.trace);
    let now = numbers(&stored.approval);
    let still = match &case.before {
        Some(Mark::Transaction {
            transaction,
            terminal_receipt,
            trace,
            money,
            terminal_time,
            ..
        }) if *transaction == stored.kind && same_numbers((*terminal_receipt, *trace), now) => {
            let approval = &stored.approval;
            let other_amount = matches!((money, approval.money), (Some(a), Some(b)) if *a != b);
            if other_amount || other_moment(*terminal_time, approval.terminal_time) {
                return Some(Row::NumbersAgain);
            }
            true
        }
        Some(Mark::Transaction { .. } | Mark::Terminal { .. } | Mark::Nothing) | None => false,
    };
    let is_seen = case
        .seen
        .as_ref()
        .is_some_and(|seen| same_numbers(numbers(seen), now));
    let original = case
        .original
        .as_ref()
        .filter(|_| stored.kind == StoredKind::Payment);
    let is_original = original.is_some_and(|original| same_numbers(numbers(original), now));
    let cancels = matches!(case.purpose, Purpose::Cancel { .. });
    match (still, is_seen) {
        (true, true) => Some(Row::SeenBefore),
        (true, false) if stored.kind == StoredKind::EndOfDay => Some(Row::EndOfDayStill),
        (true, false) => Some(Row::SameAsBefore),
        (false, _) if cancels && is_original && case.before.is_none() => Some(Row::OriginalStands),
        (false, _) => None,
    }
}

/// Two moments of a terminal's clock that cannot be the same; the year may have been guessed.
fn other_moment(a: Option<civil::DateTime>, b: Option<civil::DateTime>) -> bool {
    let parts = |t: civil::DateTime| (t.month(), t.day(), t.time());
    matches!((a, b), (Some(a), Some(b)) if parts(a) != parts(b))
}

/// The rows for a reversal when money was to be taken or given back.
fn taken_back(case: &Case, stored: &Stored, original_trace: Option<u32>) -> Row {
    let seen = case.seen.as_ref().and_then(|seen| seen.trace);
    if let (Some(of), Some(seen)) = (original_trace, seen) {
        return if of == seen {
            Row::SeenTakenBack
        } else {
            Row::OtherReversal
        };
    }
    // Numbers with gaps do not show that there was nothing between: another payment may have been
    // taken back.
    let ours = case.counting == Counting::Receipts
        && stored
            .approval
            .money
            .is_none_or(|money| money == case.money);
    match age(case, &stored.approval) {
        Age::Next if ours => Row::TakenBack,
        Age::Next | Age::Later | Age::NotNewer | Age::Unknown => Row::OtherReversal,
    }
}

/// The rows for a reversal when a payment was to be cancelled.
fn cancelled(case: &Case, stored: &Stored, original_trace: Option<u32>) -> Row {
    let approval = &stored.approval;
    let original = case.original.as_ref().and_then(|original| original.trace);
    if approval.money.is_some_and(|money| money != case.money) {
        return Row::OtherAmount;
    }
    let names_another = matches!((original_trace, original), (Some(a), Some(b)) if a != b);
    if names_another {
        return Row::OtherReversal;
    }
    if is_seen(case, approval) {
        return Row::SeenIsStored;
    }
    let names_it = original_trace.is_some() && original_trace == original;
    match age(case, approval) {
        _ if case.before.is_none() => Row::BeforeUnknown,
        _ if contradicts_seen(case, approval) => Row::NotTheSeen,
        Age::Next | Age::Later if names_it && !timely(case, approval) => Row::OtherTime,
        Age::Next | Age::Later if names_it => Row::CancelStored,
        Age::Next if approval.money.is_none() => Row::NoAmount,
        Age::Next if !timely(case, approval) => Row::OtherTime,
        Age::Next => Row::CancelStored,
        Age::Later => Row::TooNew,
        Age::NotNewer => Row::Older,
        Age::Unknown => Row::Uncountable,
    }
}

/// The rows for a payment record when money was to be taken or given back.
fn taken(case: &Case, stored: &Stored) -> Row {
    let approval = &stored.approval;
    let other = |money: Option<Money>| money.is_some_and(|money| money != case.money);
    if is_seen(case, approval) {
        let seen = case.seen.as_ref().and_then(|seen| seen.money);
        return if other(approval.money) || other(seen) {
            Row::OtherAmount
        } else {
            Row::SeenIsStored
        };
    }
    match age(case, approval) {
        _ if case.before.is_none() => Row::BeforeUnknown,
        _ if contradicts_seen(case, approval) => Row::NotTheSeen,
        Age::Unknown => Row::Uncountable,
        Age::NotNewer => Row::Older,
        Age::Later => Row::TooNew,
        Age::Next if approval.money.is_none() => Row::NoAmount,
        Age::Next if other(approval.money) => Row::OtherAmount,
        Age::Next if !timely(case, approval) => Row::OtherTime,
        Age::Next => Row::NextIsOurs,
    }
}

/// The rows for a refusal that was stored.
fn refused(case: &Case, approval: &Approval) -> Row {
    match age(case, approval) {
        _ if case.before.is_none() => Row::BeforeUnknown,
        _ if case.seen.is_some() => Row::NotTheSeen,
        Age::Unknown => Row::Uncountable,
        Age::NotNewer => Row::Older,
        Age::Later => Row::TooNew,
        Age::Next if approval.money.is_none() => Row::NoAmount,
        Age::Next if approval.money != Some(case.money) => Row::OtherAmount,
        Age::Next if !timely(case, approval) => Row::OtherTime,
        Age::Next => Row::NextIsRefused,
    }
}

fn is_seen(case: &Case, now: &Approval) -> bool {
    case.seen.as_ref().is_some_and(|seen| {
        same_numbers(
            (seen.terminal_receipt, seen.trace),
            (now.terminal_receipt, now.trace),
        )
    })
}

/// A number of the seen approval is another than the record's.
fn contradicts_seen(case: &Case, now: &Approval) -> bool {
    let differ = |a: Option<u32>, b: Option<u32>| matches!((a, b), (Some(a), Some(b)) if a != b);
    case.seen.as_ref().is_some_and(|seen| {
        differ(seen.terminal_receipt, now.terminal_receipt) || differ(seen.trace, now.trace)
    })
}

/// Whether the record's time lies near the moment of asking. Terminals name no zone and some no
/// year, so the year that was guessed when the record was read may be a neighbour's.
fn timely(case: &Case, now: &Approval) -> bool {
    let Some(time) = now.terminal_time else {
        return true;
    };
    let patience = SignedDuration::try_from(case.patience).unwrap_or(SKEW);
    [-1, 0, 1].into_iter().any(|years| {
        let year = case.asked.year().saturating_add(years);
        let Ok(time) = time.with().year(year).build() else {
            return false;
        };
        let since = time.duration_since(case.asked);
        since >= -SKEW && since <= patience.saturating_add(SKEW)
    })
}
