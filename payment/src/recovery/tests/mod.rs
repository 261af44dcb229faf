//! Every row by name, with the traps of real terminals; and what must never be approved.

mod never;
mod support;
mod table;

use std::collections::HashSet;

use jiff::civil::date;

use super::*;
use crate::StoredKind;
use support::*;
use table::table;

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
        [
            Row::SeenIsStored,
            Row::CancelStored,
            Row::NextIsOurs,
            Row::ReferenceApproved
        ]
    );
    assert_eq!(
        of(Outcome::Declined),
        [
            Row::NothingStill,
            Row::EndOfDayStill,
            Row::SameAsBefore,
            Row::OriginalStands,
            Row::SeenTakenBack,
            Row::TakenBack,
            Row::NextIsRefused,
            Row::ReferenceRefused,
            Row::ReferenceUnknown
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
