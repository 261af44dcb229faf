//! The sentence for each row, with the numbers that were compared. No card data.

use std::fmt::Display;

use crate::{Approval, Mark, Money, StoredKind, Text};

use super::{Answer, Case, Row};

/// What the row found, as a true sentence for the desk.
#[expect(clippy::too_many_lines, reason = "a table: one arm for each row")]
pub(super) fn of(row: Row, case: &Case, answer: &Answer) -> Text {
    let stored = match answer {
        Answer::Stored(stored) => Some((stored.kind, &stored.approval)),
        Answer::Found(approval) => Some((StoredKind::Payment, approval.as_ref())),
        Answer::Nothing
        | Answer::Refused(_)
        | Answer::NotFound { .. }
        | Answer::Busy
        | Answer::NoAnswer
        | Answer::Unsupported => None,
    };
    let now = stored.map_or_else(|| "nothing".to_owned(), |(kind, a)| record(kind, a));
    let before = before(case.before.as_ref());
    let wanted = case.money;
    let held = if matches!(answer, Answer::Found(_)) {
        format!("Asked by our reference, the terminal holds {now}")
    } else {
        format!("The terminal holds {now} as its last transaction")
    };
    let sentence = match row {
        Row::Busy => "The terminal is busy; it is asked again.".to_owned(),
        Row::NoAnswer => "The terminal did not answer; it is asked again.".to_owned(),
        Row::Unsupported => "The terminal cannot tell its last transaction.".to_owned(),
        Row::NothingStill => "The terminal held nothing before it was asked, and holds nothing \
                              now: nothing was stored."
            .to_owned(),
        Row::NothingAnyMore => format!("The terminal holds nothing now; before, it held {before}."),
        Row::OtherTerminal => {
            format!(
                "{held}, but the payment was asked of {}.",
                terminal_before(case)
            )
        }
        Row::EndOfDayStill | Row::SameAsBefore => {
            format!("{held}, the same as before it was asked: nothing newer was stored.")
        }
        Row::ClosedSince => format!("{held}; its day was closed since. Before, it held {before}."),
        Row::NumbersAgain => format!(
            "{held}, with the numbers of the one before but another amount or moment: the terminal \
             counts anew."
        ),
        Row::SeenBefore => {
            format!("{held}, the same as before it was asked, yet it was seen as the approval too.")
        }
        Row::OriginalStands => {
            format!("{held}: it is the payment that was to be cancelled, and it still stands.")
        }
        Row::SeenIsStored => format!("{held}: it is the approval that was seen, for {wanted}."),
        Row::SeenTakenBack => format!("{held}: it took the approval back that was seen."),
        Row::TakenBack => {
            format!("{held}, the next after {before}: what was asked was taken back.")
        }
        Row::CancelStored => format!("{held}, newer than {before}: the payment was cancelled."),
        Row::OtherReversal => {
            format!("{held}, and it cannot be told what it took back. Before, it held {before}.")
        }
        Row::NoReversal => format!("{held}, but a cancel was asked for. Before, it held {before}."),
        Row::OtherAmount => format!("{held}, but {wanted} was asked for{}.", seen_amount(case)),
        Row::Restored => format!(
            "The journal was restored from a copy in which this payment had no outcome. {held}, but \
             that may be a later one. Look for {wanted} of {} in the terminal's and the acquirer's \
             records.",
            minute(case.asked)
        ),
        Row::BeforeUnknown => {
            format!("{held}. What it held before it was asked for {wanted} is not known.")
        }
        Row::NotTheSeen => format!("{held}, but the approval that was seen was {}.", seen(case)),
        Row::Uncountable => {
            format!("{held}. Its numbers cannot be compared with those before: {before}.")
        }
        Row::Older => format!("{held}, which is not newer than {before}."),
        Row::TooNew => {
            format!("{held}. Before, it held {before}: there were others between.")
        }
        Row::NoAmount => format!("{held}, without an amount to compare with {wanted}."),
        Row::OtherTime => {
            format!(
                "{held}, but it was asked at {} by this machine's clock.",
                minute(case.asked)
            )
        }
        Row::NextIsOurs => format!("{held}, the next after {before}, and for {wanted} as asked."),
        Row::NextIsRefused => format!("{held}, newer than {before}: {wanted} was refused."),
        Row::ReferenceApproved => format!("{held}, for {wanted} as asked."),
        Row::ReferenceRefused => format!(
            "Asked by our reference, the terminal says: {}",
            refusal(answer)
        ),
        Row::ReferenceUnknown => "The terminal that was asked knows nothing by our reference: the \
                                  payment never reached it."
            .to_owned(),
        Row::ReferenceElsewhere => format!(
            "The terminal knows nothing by our reference, but it may not be the one that was asked: \
             that was {}.",
            terminal_before(case)
        ),
        Row::ReferenceContradicts => format!(
            "The terminal knows nothing by our reference, but the approval that was seen was {}.",
            seen(case)
        ),
    };
    Text::new(&sentence)
}

/// `receipt 471, trace 482, EUR 20.40, 2026-10-06 22:39`
fn record(kind: StoredKind, approval: &Approval) -> String {
    let word = match kind {
        StoredKind::Payment => "a payment".to_owned(),
        StoredKind::Reversal { original_trace } => match original_trace {
            Some(trace) => format!("a reversal of trace {trace}"),
            None => "a reversal".to_owned(),
        },
        StoredKind::EndOfDay => "the end of a day".to_owned(),
        StoredKind::Refused => "a refused payment".to_owned(),
    };
    let id = approval.terminal_id.as_ref();
    let receipt = approval.terminal_receipt;
    let numbers = numbers(&word, id, receipt, approval.trace);
    let money = approval.money.map(|money: Money| money.to_string());
    let time = approval.terminal_time.map(minute);
    let parts = [Some(numbers), money, time];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn numbers(
    word: &str,
    terminal: Option<&Text>,
    receipt: Option<u32>,
    trace: Option<u32>,
) -> String {
    let named = |name: &str, value: Option<&dyn Display>| value.map(|v| format!("{name} {v}"));
    let parts = [
        named("terminal", terminal.map(|t| t as &dyn Display)),
        named("receipt", receipt.as_ref().map(|r| r as &dyn Display)),
        named("trace", trace.as_ref().map(|t| t as &dyn Display)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        format!("{word} without numbers")
    } else {
        format!("{word} with {}", parts.join(", "))
    }
}

fn before(mark: Option<&Mark>) -> String {
    match mark {
        None => "nobody knows what".to_owned(),
        Some(Mark::Nothing) => "nothing".to_owned(),
        Some(Mark::Terminal { terminal_id }) => numbers("what", terminal_id.as_ref(), None, None),
        Some(Mark::Transaction {
            transaction,
            terminal_id,
            terminal_receipt,
            trace,
            ..
        }) => {
            let word = match transaction {
                StoredKind::Payment => "a payment",
                StoredKind::Reversal { .. } => "a reversal",
                StoredKind::EndOfDay => "the end of a day",
                StoredKind::Refused => "a refused payment",
            };
            numbers(word, terminal_id.as_ref(), *terminal_receipt, *trace)
        }
    }
}

fn refusal(answer: &Answer) -> &str {
    if let Answer::Refused(refusal) = answer {
        refusal.text.as_str()
    } else {
        "nothing."
    }
}

fn seen(case: &Case) -> String {
    case.seen.as_ref().map_or_else(
        || "none".to_owned(),
        |seen| record(StoredKind::Payment, seen),
    )
}

fn seen_amount(case: &Case) -> String {
    let seen = case.seen.as_ref().and_then(|seen| seen.money);
    seen.map_or_else(String::new, |money| format!(", and {money} was seen"))
}

/// The terminal that was asked, as far as anything names one.
fn terminal_before(case: &Case) -> String {
    let mark = match &case.before {
        Some(Mark::Transaction { terminal_id, .. } | Mark::Terminal { terminal_id }) => {
            terminal_id.as_ref()
        }
        Some(Mark::Nothing) | None => None,
    };
    let of = |approval: &Option<Approval>| approval.as_ref().and_then(|a| a.terminal_id.clone());
    let known = mark
        .cloned()
        .or_else(|| of(&case.seen))
        .or_else(|| of(&case.original));
    known.map_or_else(|| "another".to_owned(), |id| format!("terminal {id}"))
}

fn minute(time: jiff::civil::DateTime) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}
