//! Which row a terminal's answer matches.

use jiff::{SignedDuration, civil};

use super::{
    Answer, Case, Counting, Row,
    newer::{Age, age, same_numbers},
};
use crate::{Approval, Mark, Money, Purpose, Stored, StoredKind, Text};

/// How far a terminal's clock may be off.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

/// The first row that matches.
pub fn row(case: &Case, answer: &Answer) -> Row {
    let stored = match answer {
        Answer::Busy => return Row::Busy,
        Answer::NoAnswer => return Row::NoAnswer,
        Answer::Unsupported => return Row::Unsupported,
        Answer::Stored(_) | Answer::Nothing | Answer::NotFound { .. } if case.restored => {
            return Row::Restored;
        }
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
