//! Whether a record is newer than what a terminal held before, by its numbers.

use super::{Case, Counting};
use crate::{Approval, Mark, StoredKind};

/// Receipt numbers go from 1 to this, and begin again (ZVT: BMP 87, four digits).
const LAST_RECEIPT: u32 = 9999;
/// Trace numbers go from 1 to this, and begin again (ZVT: BMP 0B, six digits).
const LAST_TRACE: u32 = 999_999;

/// A record's place after the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// The very next one.
    Next,
    /// Newer, with others between.
    Later,
    /// The same number or an older one.
    NotNewer,
    /// There is nothing to compare.
    Unknown,
}

/// A receipt and a trace number are the same: what one names the other names too, and something
/// is named.
pub(super) fn same_numbers(a: (Option<u32>, Option<u32>), b: (Option<u32>, Option<u32>)) -> bool {
    a == b && a != (None, None)
}

/// The place of a record after the mark.
pub(super) fn age(case: &Case, now: &Approval) -> Age {
    if now.terminal_receipt.is_none() && now.trace.is_none() {
        return Age::Unknown;
    }
    let (kind, receipt, trace) = match &case.before {
        None | Some(Mark::Terminal { .. }) => return Age::Unknown,
        // Whatever number comes first.
        Some(Mark::Nothing) => return Age::Next,
        Some(Mark::Transaction {
            transaction,
            terminal_receipt,
            trace,
            ..
        }) => (transaction, *terminal_receipt, *trace),
    };
    if case.counting == Counting::Traces {
        return match (trace, now.trace) {
            (Some(before), Some(now)) => newer(before, now),
            (None, _) | (_, None) => Age::Unknown,
        };
    }
    let after_the_end_of_day = *kind == StoredKind::EndOfDay;
    match (receipt, now.terminal_receipt) {
        (Some(before), Some(now)) => place(steps(before, now, LAST_RECEIPT), LAST_RECEIPT),
        // An end of day may have a trace number only, or none. Other records may be between, but
        // not with the same amount at the same moment.
        (None, _) if after_the_end_of_day => match (trace, now.trace) {
            (Some(before), Some(now)) => newer(before, now),
            (Some(_), None) => Age::Unknown,
            (None, _) => Age::Next,
        },
        (None, _) | (_, None) => Age::Unknown,
    }
}

/// By trace numbers, which have gaps.
fn newer(before: u32, now: u32) -> Age {
    match place(steps(before, now, LAST_TRACE), LAST_TRACE) {
        Age::Next | Age::Later => Age::Next,
        other @ (Age::NotNewer | Age::Unknown) => other,
    }
}

/// How many numbers further, around the wrap; `None` for a number that cannot be.
fn steps(before: u32, now: u32, last: u32) -> Option<u32> {
    let valid = |number: u32| number <= last;
    if !valid(before) || !valid(now) {
        return None;
    }
    let ahead = now.saturating_add(last).saturating_sub(before);
    ahead.checked_rem(last)
}

fn place(steps: Option<u32>, last: u32) -> Age {
    match steps {
        None => Age::Unknown,
        Some(0) => Age::NotNewer,
        Some(1) => Age::Next,
        Some(steps) if steps <= last / 2 => Age::Later,
        Some(_) => Age::NotNewer,
    }
}
