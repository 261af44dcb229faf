//! Terminal 29001234, what it held and what was asked of it.

use jiff::civil::date;

use super::super::*;
use crate::{PaymentId, StoredKind, parse_currency};

pub(super) fn eur(minor: i64) -> Money {
    Money::from_minor(minor, parse_currency("EUR").unwrap()).unwrap()
}

pub(super) fn chf(minor: i64) -> Money {
    Money::from_minor(minor, parse_currency("CHF").unwrap()).unwrap()
}

pub(super) fn asked() -> civil::DateTime {
    date(2026, 10, 6).at(22, 39, 0, 0)
}

/// Numbers of terminal 29001234: EUR 20.40, a minute after it was asked.
pub(super) fn approval(receipt: u32, trace: u32) -> Approval {
    Approval {
        money: Some(eur(2040)),
        terminal_id: Some(Text::from("29001234")),
        terminal_receipt: Some(receipt),
        trace: Some(trace),
        terminal_time: Some(date(2026, 10, 6).at(22, 40, 0, 0)),
        ..Approval::default()
    }
}

pub(super) fn stored(kind: StoredKind, approval: Approval) -> Answer {
    Answer::Stored(Box::new(Stored { kind, approval }))
}

pub(super) fn paid(receipt: u32, trace: u32) -> Answer {
    stored(StoredKind::Payment, approval(receipt, trace))
}

pub(super) fn changed(receipt: u32, trace: u32, change: fn(&mut Approval)) -> Answer {
    let mut approval = approval(receipt, trace);
    change(&mut approval);
    stored(StoredKind::Payment, approval)
}

pub(super) fn reversal(receipt: u32, trace: u32, original_trace: Option<u32>) -> Answer {
    let kind = StoredKind::Reversal { original_trace };
    stored(kind, approval(receipt, trace))
}

pub(super) fn day_end(receipt: Option<u32>, trace: Option<u32>) -> Answer {
    let approval = Approval {
        terminal_receipt: receipt,
        trace,
        money: None,
        ..approval(0, 0)
    };
    stored(StoredKind::EndOfDay, approval)
}

pub(super) fn mark(answer: &Answer) -> Option<Mark> {
    match answer {
        Answer::Stored(stored) => Some(stored.mark()),
        Answer::Nothing => Some(Mark::Nothing),
        Answer::NotFound { terminal_id } => Some(Mark::Terminal {
            terminal_id: terminal_id.clone(),
        }),
        Answer::Found(_)
        | Answer::Refused(_)
        | Answer::Busy
        | Answer::NoAnswer
        | Answer::Unsupported => None,
    }
}

/// A sale of EUR 20.40 that was asked when the terminal held that.
pub(super) fn sale(before: &Answer) -> Case {
    Case {
        purpose: Purpose::Sale,
        money: eur(2040),
        asked: asked(),
        patience: Duration::from_mins(3),
        before: mark(before),
        seen: None,
        original: None,
        counting: Counting::Receipts,
        restored: false,
    }
}

/// The same, but the journal was restored from a copy since.
pub(super) fn restored(case: Case) -> Case {
    Case {
        restored: true,
        ..case
    }
}

/// A sale at a terminal that counts by traces alone; it held that.
pub(super) fn by_traces(before: &Answer) -> Case {
    Case {
        counting: Counting::Traces,
        ..sale(before)
    }
}

/// A record of such a terminal.
pub(super) fn traced(kind: StoredKind, trace: u32) -> Answer {
    let approval = Approval {
        terminal_receipt: None,
        ..approval(0, trace)
    };
    stored(kind, approval)
}

/// The terminal of that ID knows nothing by our reference; before a sale, the terminal that was
/// there.
pub(super) fn unknown_reference(terminal_id: &str) -> Answer {
    Answer::NotFound {
        terminal_id: Some(Text::from(terminal_id)),
    }
}

pub(super) fn seen(case: Case, receipt: u32, trace: u32) -> Case {
    let seen = Some(approval(receipt, trace));
    Case { seen, ..case }
}

/// A cancel of the payment with receipt 470 and trace 480.
pub(super) fn cancel(before: &Answer) -> Case {
    let of = PaymentId::from_bytes([7; 16]);
    Case {
        purpose: Purpose::Cancel { of },
        original: Some(approval(470, 480)),
        ..sale(before)
    }
}
