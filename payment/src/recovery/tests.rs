//! Every row by name, with the traps of real terminals; and what must never be approved.

use std::collections::HashSet;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{PaymentId, parse_currency};

fn eur(minor: i64) -> Money {
    Money::from_minor(minor, parse_currency("EUR").unwrap()).unwrap()
}

fn chf(minor: i64) -> Money {
    Money::from_minor(minor, parse_currency("CHF").unwrap()).unwrap()
}

fn asked() -> civil::DateTime {
    date(2026, 10, 6).at(22, 39, 0, 0)
}

/// Numbers of terminal 29001234: EUR 20.40, a minute after it was asked.
fn approval(receipt: u32, trace: u32) -> Approval {
    Approval {
        money: Some(eur(2040)),
        terminal_id: Some(Text::from("29001234")),
        terminal_receipt: Some(receipt),
        trace: Some(trace),
        terminal_time: Some(date(2026, 10, 6).at(22, 40, 0, 0)),
        ..Approval::default()
    }
}

fn stored(kind: StoredKind, approval: Approval) -> Answer {
    Answer::Stored(Box::new(Stored { kind, approval }))
}

fn paid(receipt: u32, trace: u32) -> Answer {
    stored(StoredKind::Payment, approval(receipt, trace))
}

fn changed(receipt: u32, trace: u32, change: fn(&mut Approval)) -> Answer {
    let mut approval = approval(receipt, trace);
    change(&mut approval);
    stored(StoredKind::Payment, approval)
}

fn reversal(receipt: u32, trace: u32, original_trace: Option<u32>) -> Answer {
    let kind = StoredKind::Reversal { original_trace };
    stored(kind, approval(receipt, trace))
}

fn day_end(receipt: Option<u32>, trace: Option<u32>) -> Answer {
    let approval = Approval {
        terminal_receipt: receipt,
        trace,
        money: None,
        ..approval(0, 0)
    };
    stored(StoredKind::EndOfDay, approval)
}

fn mark(answer: &Answer) -> Option<Mark> {
    match answer {
        Answer::Stored(stored) => Some(stored.mark()),
        Answer::Nothing => Some(Mark::Nothing),
        Answer::Busy | Answer::NoAnswer | Answer::Unsupported => None,
    }
}

/// A sale of EUR 20.40 that was asked when the terminal held that.
fn sale(before: &Answer) -> Case {
    Case {
        purpose: Purpose::Sale,
        money: eur(2040),
        asked: asked(),
        patience: Duration::from_mins(3),
        before: mark(before),
        seen: None,
        original: None,
    }
}

fn seen(case: Case, receipt: u32, trace: u32) -> Case {
    let seen = Some(approval(receipt, trace));
    Case { seen, ..case }
}

/// A cancel of the payment with receipt 470 and trace 480.
fn cancel(before: &Answer) -> Case {
    let of = PaymentId::from_bytes([7; 16]);
    Case {
        purpose: Purpose::Cancel { of },
        original: Some(approval(470, 480)),
        ..sale(before)
    }
}

fn others() -> Vec<(Case, Answer, Row)> {
    let unknown = || sale(&Answer::Unsupported);
    vec![
        (sale(&paid(470, 480)), Answer::Busy, Row::Busy),
        (sale(&paid(470, 480)), Answer::NoAnswer, Row::NoAnswer),
        (
            seen(unknown(), 471, 481),
            Answer::Unsupported,
            Row::Unsupported,
        ),
        (sale(&Answer::Nothing), Answer::Nothing, Row::NothingStill),
        (
            seen(sale(&Answer::Nothing), 1, 1),
            Answer::Nothing,
            Row::NothingStill,
        ),
        (sale(&paid(470, 480)), Answer::Nothing, Row::NothingAnyMore),
        (unknown(), Answer::Nothing, Row::NothingAnyMore),
        // The terminal was swapped.
        (
            sale(&paid(470, 480)),
            changed(471, 481, |a| a.terminal_id = Some(Text::from("29009999"))),
            Row::OtherTerminal,
        ),
        (
            seen(unknown(), 471, 481),
            changed(471, 481, |a| a.terminal_id = Some(Text::from("29009999"))),
            Row::OtherTerminal,
        ),
        // End-of-day records.
        (
            sale(&day_end(None, Some(480))),
            day_end(None, Some(480)),
            Row::EndOfDayStill,
        ),
        (
            sale(&day_end(None, Some(480))),
            day_end(None, Some(490)),
            Row::ClosedSince,
        ),
        (
            sale(&paid(470, 480)),
            day_end(None, Some(490)),
            Row::ClosedSince,
        ),
        // Without a number it may be another day's.
        (
            sale(&day_end(None, None)),
            day_end(None, None),
            Row::ClosedSince,
        ),
        // The stale receipt: what was there before, with the amount that was wanted.
        (sale(&paid(470, 480)), paid(470, 480), Row::SameAsBefore),
        (
            seen(sale(&paid(470, 480)), 471, 481),
            paid(470, 480),
            Row::SameAsBefore,
        ),
        (
            seen(sale(&paid(470, 480)), 470, 480),
            paid(470, 480),
            Row::SeenBefore,
        ),
        (
            sale(&reversal(470, 480, Some(479))),
            reversal(470, 480, Some(479)),
            Row::SameAsBefore,
        ),
        // Only one number, and the same.
        (
            sale(&changed(470, 480, |a| a.trace = None)),
            changed(470, 480, |a| a.trace = None),
            Row::SameAsBefore,
        ),
    ]
}

fn reversals() -> Vec<(Case, Answer, Row)> {
    let before = || sale(&paid(470, 480));
    let unknown = || sale(&Answer::Unsupported);
    vec![
        (
            seen(before(), 471, 481),
            reversal(472, 482, Some(481)),
            Row::SeenTakenBack,
        ),
        (
            seen(unknown(), 471, 481),
            reversal(472, 482, Some(481)),
            Row::SeenTakenBack,
        ),
        (
            seen(before(), 471, 481),
            reversal(471, 482, Some(480)),
            Row::OtherReversal,
        ),
        (before(), reversal(471, 481, None), Row::TakenBack),
        (before(), reversal(472, 482, None), Row::OtherReversal),
        (unknown(), reversal(471, 481, None), Row::OtherReversal),
        (
            before(),
            stored(
                StoredKind::Reversal {
                    original_trace: None,
                },
                Approval {
                    money: Some(eur(500)),
                    ..approval(471, 481)
                },
            ),
            Row::OtherReversal,
        ),
    ]
}

fn cancels() -> Vec<(Case, Answer, Row)> {
    vec![
        (
            cancel(&paid(470, 480)),
            reversal(471, 481, Some(480)),
            Row::CancelStored,
        ),
        (
            cancel(&paid(474, 484)),
            reversal(476, 486, Some(480)),
            Row::CancelStored,
        ),
        (
            cancel(&paid(470, 480)),
            reversal(471, 481, None),
            Row::CancelStored,
        ),
        (
            cancel(&paid(470, 480)),
            reversal(472, 482, None),
            Row::TooNew,
        ),
        (
            cancel(&paid(470, 480)),
            reversal(469, 479, None),
            Row::Older,
        ),
        (
            cancel(&paid(474, 484)),
            reversal(475, 485, Some(473)),
            Row::OtherReversal,
        ),
        (
            cancel(&reversal(475, 485, Some(480))),
            reversal(475, 485, Some(480)),
            Row::SameAsBefore,
        ),
        (cancel(&paid(470, 480)), paid(470, 480), Row::SameAsBefore),
        (
            cancel(&Answer::Unsupported),
            paid(470, 480),
            Row::OriginalStands,
        ),
        (cancel(&paid(470, 480)), paid(471, 481), Row::NoReversal),
        (
            cancel(&Answer::Unsupported),
            reversal(471, 481, Some(480)),
            Row::BeforeUnknown,
        ),
        (
            seen(cancel(&Answer::Unsupported), 471, 481),
            reversal(471, 481, Some(480)),
            Row::SeenIsStored,
        ),
    ]
}

fn payments() -> Vec<(Case, Answer, Row)> {
    let before = || sale(&paid(470, 480));
    let unknown = || sale(&Answer::Unsupported);
    vec![
        (seen(before(), 471, 481), paid(471, 481), Row::SeenIsStored),
        (seen(unknown(), 471, 481), paid(471, 481), Row::SeenIsStored),
        (
            seen(unknown(), 471, 481),
            changed(471, 481, |a| a.money = Some(eur(500))),
            Row::OtherAmount,
        ),
        (seen(before(), 471, 481), paid(471, 499), Row::NotTheSeen),
        (
            seen(sale(&Answer::Nothing), 1, 1),
            paid(2, 2),
            Row::NotTheSeen,
        ),
        (unknown(), paid(471, 481), Row::BeforeUnknown),
        (before(), paid(471, 481), Row::NextIsOurs),
        (sale(&Answer::Nothing), paid(17, 3), Row::NextIsOurs),
        (
            sale(&day_end(None, Some(480))),
            paid(1, 481),
            Row::NextIsOurs,
        ),
        (
            sale(&day_end(Some(470), Some(480))),
            paid(471, 481),
            Row::NextIsOurs,
        ),
        (sale(&day_end(None, None)), paid(1, 481), Row::NextIsOurs),
        (sale(&day_end(None, Some(480))), paid(471, 479), Row::Older),
        (
            sale(&reversal(470, 480, None)),
            paid(471, 481),
            Row::NextIsOurs,
        ),
        // The receipt number wraps.
        (sale(&paid(9999, 480)), paid(1, 481), Row::NextIsOurs),
        (sale(&paid(1, 480)), paid(9999, 479), Row::Older),
        (before(), paid(472, 482), Row::TooNew),
        (before(), paid(469, 479), Row::Older),
        // The number began again with another trace: nobody knows.
        (before(), paid(470, 481), Row::Older),
        (before(), paid(70_000, 481), Row::Uncountable),
        (
            before(),
            changed(471, 481, |a| a.terminal_receipt = None),
            Row::Uncountable,
        ),
        (
            before(),
            changed(471, 481, |a| a.money = Some(eur(2041))),
            Row::OtherAmount,
        ),
        (
            before(),
            changed(471, 481, |a| a.money = Some(chf(2040))),
            Row::OtherAmount,
        ),
        (
            before(),
            changed(471, 481, |a| a.money = None),
            Row::NoAmount,
        ),
    ]
}

fn times() -> Vec<(Case, Answer, Row)> {
    let before = || sale(&paid(470, 480));
    vec![
        // Yesterday, at the same amount.
        (
            before(),
            changed(471, 481, |a| {
                a.terminal_time = Some(date(2026, 10, 5).at(22, 40, 0, 0));
            }),
            Row::OtherTime,
        ),
        (
            before(),
            changed(471, 481, |a| a.terminal_time = None),
            Row::NextIsOurs,
        ),
        // The year was guessed when the record was read.
        (
            before(),
            changed(471, 481, |a| {
                a.terminal_time = Some(date(2027, 10, 6).at(22, 40, 0, 0));
            }),
            Row::NextIsOurs,
        ),
    ]
}

fn table() -> Vec<(Case, Answer, Row)> {
    [others(), reversals(), cancels(), payments(), times()].concat()
}

#[test]
fn the_table_row_by_row() {
    for (case, answer, expected) in table() {
        assert_eq!(row(&case, &answer), expected, "{case:#?}\n{answer:#?}");
    }
}

#[test]
fn every_row_is_reached_by_a_test() {
    let reached: HashSet<Row> = table().into_iter().map(|(_, _, row)| row).collect();
    let missed: Vec<_> = Row::ALL
        .iter()
        .filter(|row| !reached.contains(row))
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}

/// The rows that move money are few, and each is named here.
#[test]
fn what_each_row_decides() {
    let of = |outcome: Outcome| -> Vec<Row> {
        let rows = Row::ALL.iter().copied();
        rows.filter(|row| row.outcome() == outcome).collect()
    };
    assert_eq!(
        of(Outcome::Approved),
        [Row::SeenIsStored, Row::CancelStored, Row::NextIsOurs]
    );
    assert_eq!(
        of(Outcome::Declined),
        [
            Row::NothingStill,
            Row::EndOfDayStill,
            Row::SameAsBefore,
            Row::OriginalStands,
            Row::SeenTakenBack,
            Row::TakenBack
        ]
    );
    assert_eq!(of(Outcome::AskAgain), [Row::Busy, Row::NoAnswer]);
}

/// New year between the question and the terminal's answer, either way around.
#[test]
fn the_year_turns() {
    let case = Case {
        asked: date(2026, 12, 31).at(23, 59, 0, 0),
        ..sale(&paid(470, 480))
    };
    for (year, month, day, hour, minute, expected) in [
        (2027, 1, 1, 0, 1, Row::NextIsOurs),
        (2026, 1, 1, 0, 1, Row::NextIsOurs),
        (2026, 12, 31, 23, 50, Row::NextIsOurs),
        (2025, 12, 31, 23, 50, Row::NextIsOurs),
        (2026, 12, 31, 23, 48, Row::OtherTime),
        (2027, 1, 1, 0, 13, Row::OtherTime),
    ] {
        let time = date(year, month, day).at(hour, minute, 0, 0);
        let record = Approval {
            terminal_time: Some(time),
            ..approval(471, 481)
        };
        let answer = stored(StoredKind::Payment, record);
        assert_eq!(row(&case, &answer), expected, "{time}");
    }
}

#[test]
fn evidence_names_what_was_compared() {
    for (case, answer, _) in table() {
        let text = match decide(&case, &answer) {
            Decision::Approved { evidence, .. }
            | Decision::Declined { evidence }
            | Decision::InDoubt { evidence } => evidence,
            Decision::AskAgain { why } => why,
        };
        let last = text.as_str().chars().last();
        assert_eq!(last, Some('.'), "{text}");
    }
    let said = |case: &Case, answer: &Answer| format!("{:?}", decide(case, answer));
    let other = changed(471, 481, |a| a.money = Some(eur(500)));
    let text = said(&sale(&paid(470, 480)), &other);
    assert!(
        text.contains("EUR 5.00") && text.contains("EUR 20.40"),
        "{text}"
    );
    let text = said(&sale(&paid(470, 480)), &paid(471, 481));
    assert!(
        text.contains(
            "The terminal holds a payment with terminal 29001234, receipt 471, trace 481, EUR \
             20.40, 2026-10-06 22:40 as its last transaction, the next after a payment with \
             terminal 29001234, receipt 470, trace 480, and for EUR 20.40 as asked."
        ),
        "{text}"
    );
}

fn kind() -> impl Strategy<Value = StoredKind> {
    prop_oneof![
        4 => Just(StoredKind::Payment),
        2 => prop::option::of(1..4_u32)
            .prop_map(|original_trace| StoredKind::Reversal { original_trace }),
        1 => Just(StoredKind::EndOfDay),
    ]
}

fn number() -> impl Strategy<Value = Option<u32>> {
    prop::option::weighted(0.9, prop_oneof![1..5_u32, Just(9999), any::<u32>()])
}

prop_compose! {
    fn record()(
        receipt in number(),
        trace in number(),
        money in prop::option::weighted(0.9, prop_oneof![Just(eur(2040)), Just(eur(500)), Just(chf(2040))]),
        terminal in prop::option::weighted(0.9, prop_oneof![9 => Just("A"), 1 => Just("B")]),
        time in prop::option::of(-30..30_i64),
    ) -> Approval {
        Approval {
            money,
            terminal_id: terminal.map(Text::from),
            terminal_receipt: receipt,
            trace,
            terminal_time: time.map(|m| asked() + SignedDuration::from_mins(m)),
            ..Approval::default()
        }
    }
}

prop_compose! {
    fn any_case()(
        purpose in 0..3_u8,
        before in prop::option::weighted(0.9, prop::option::weighted(0.9, (kind(), record()))),
        seen in prop::option::of(record()),
        original in prop::option::of(record()),
    ) -> Case {
        let of = PaymentId::from_bytes([7; 16]);
        let before = before.map(|before| match before {
            None => Mark::Nothing,
            Some((kind, approval)) => Stored { kind, approval }.mark(),
        });
        Case {
            purpose: match purpose {
                0 => Purpose::Sale,
                1 => Purpose::Refund { of },
                _ => Purpose::Cancel { of },
            },
            before,
            seen,
            original,
            ..sale(&Answer::Nothing)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a terminal says: never the record from before, never another amount, never another
    /// terminal, never a record of another kind.
    #[test]
    fn what_is_never_approved(case in any_case(), kind in kind(), record in record(), repeat in any::<bool>()) {
        let mut now = Stored { kind, approval: record };
        if let (true, Some(Mark::Transaction { transaction, terminal_id, terminal_receipt, trace })) = (repeat, &case.before) {
            now.kind = *transaction;
            now.approval.terminal_id.clone_from(terminal_id);
            now.approval.terminal_receipt = *terminal_receipt;
            now.approval.trace = *trace;
        }
        let answer = Answer::Stored(Box::new(now.clone()));
        let Decision::Approved { approval, .. } = decide(&case, &answer) else { return Ok(()) };
        prop_assert_eq!(&*approval, &now.approval);
        prop_assert!(now.approval.money.is_none_or(|money| money == case.money));
        let cancel = matches!(case.purpose, Purpose::Cancel { .. });
        prop_assert_eq!(matches!(now.kind, StoredKind::Reversal { .. }), cancel);
        prop_assert!(now.kind != StoredKind::EndOfDay);
        let tids = |tid: Option<&Text>| tid.is_none() || now.approval.terminal_id.is_none() || tid == now.approval.terminal_id.as_ref();
        prop_assert!(tids(case.seen.as_ref().and_then(|s| s.terminal_id.as_ref())));
        if let Some(Mark::Transaction { transaction, terminal_id, terminal_receipt, trace }) = &case.before {
            prop_assert!(tids(terminal_id.as_ref()));
            let named = terminal_receipt.is_some() || trace.is_some();
            let same = *transaction == now.kind
                && (*terminal_receipt, *trace) == (now.approval.terminal_receipt, now.approval.trace);
            prop_assert!(!(named && same), "the record from before");
        }
    }
}
