//! The ends of terminals' days.

use payment::{
    Approval, Fact, Text,
    closing::{BrandTotal, Closing, ClosingState, DayTotals},
};

use super::support::*;
use crate::queue::{CloseOutcome, Due, Happened, VerifyError, Write, WriteError, Written};

fn closing(written: Result<Written, WriteError>) -> (&'static str, Closing) {
    match written {
        Ok(Written::Closing(closing)) => ("written", closing),
        Ok(Written::ClosingRepeat(closing)) => ("repeat", closing),
        Ok(Written::ClosingElsewhere(closing)) => ("elsewhere", closing),
        other => panic!("{other:?}"),
    }
}

fn girocard(desk: &Desk, number: u8, device: &str) {
    let payment = desk.begin(at_device(number, device), Due::default());
    let mut approval = Approval::default();
    approval.card.brand = Some(Text::from("girocard"));
    desk.add(&payment, Fact::Approved(approval), Due::default());
    desk.add(&payment, Fact::Completed, Due::default());
}

fn totals(minor: i64) -> DayTotals {
    DayTotals {
        total_minor: Some(minor),
        receipts: Some((1, 2)),
        brands: vec![BrandTotal {
            brand: Text::from("girocard"),
            count: 1,
            minor,
        }],
    }
}

#[test]
fn a_day_end_is_begun_once_per_key_and_device() {
    let desk = Desk::new();
    let (word, first) = closing(desk.write(begin_close(1, "desk1")));
    assert_eq!((word, &first.state), ("written", &ClosingState::Begun));
    // The same key, and another key while it runs.
    let mut again = begin_close(1, "desk1");
    if let Write::BeginClose { id, .. } = &mut again {
        *id = closing_id(9);
    }
    assert_eq!(closing(desk.write(again)), ("repeat", first.clone()));
    let resumed = closing(desk.write(begin_close(2, "desk1")));
    assert_eq!(resumed, ("repeat", first.clone()));
    let mut elsewhere = begin_close(3, "desk2");
    if let Write::BeginClose { key, .. } = &mut elsewhere {
        *key = first.intent.key.clone();
    }
    assert_eq!(closing(desk.write(elsewhere)), ("elsewhere", first.clone()));
    // Another device has a day of its own.
    closing(desk.write(begin_close(3, "desk2")));
    let desk = desk.reopen();
    let reader = desk.queue.reader().unwrap();
    assert_eq!(reader.unfinished_closings().unwrap().len(), 2);
    assert_eq!(reader.closing(closing_id(1)).unwrap(), Some(first.clone()));
    assert_eq!(
        reader.closing_by_key(&first.intent.key).unwrap(),
        Some(first)
    );
    assert_eq!(reader.verify().unwrap(), 2);
}

#[test]
fn totals_are_compared_with_what_was_approved_since_the_last_close() {
    let desk = Desk::new();
    girocard(&desk, 1, "desk1");
    girocard(&desk, 2, "desk2");
    desk.write(begin_close(1, "desk1")).unwrap();
    let (_, closed) = closing(desk.write(end_close(1, CloseOutcome::Closed(totals(1010)))));
    let ClosingState::Closed(balance) = &closed.state else {
        panic!("{closed:?}");
    };
    assert_eq!(balance.journal.total_minor, Some(1010));
    assert!(balance.differences.is_empty(), "{balance:?}");
    assert!(closed.next_step().starts_with("Done"));

    girocard(&desk, 3, "desk1");
    desk.begin(at_device(4, "desk1"), Due::default());
    // A refused and an unknown end close nothing.
    for (number, outcome) in [
        (2, CloseOutcome::Refused("no".into())),
        (3, CloseOutcome::Unknown("silence".into())),
    ] {
        desk.write(begin_close(number, "desk1")).unwrap();
        closing(desk.write(end_close(number, outcome)));
    }
    desk.write(begin_close(4, "desk1")).unwrap();
    let (_, second) = closing(desk.write(end_close(4, CloseOutcome::Closed(totals(2020)))));
    let ClosingState::Closed(balance) = &second.state else {
        panic!("{second:?}");
    };
    assert_eq!(balance.journal.total_minor, Some(1010));
    let texts: Vec<&str> = balance
        .differences
        .iter()
        .map(|d| d.text.as_str())
        .collect();
    assert_eq!(
        texts,
        [
            "All cards: the terminal closed EUR 20.20, but the journal says EUR 10.10.",
            "girocard: the terminal closed EUR 20.20, but the journal says EUR 10.10.",
        ]
    );
    let reader = desk.queue.reader().unwrap();
    let device = "desk1".parse().unwrap();
    let states: Vec<_> = reader
        .closings(&device, 10)
        .unwrap()
        .iter()
        .map(|c| c.state.as_str())
        .collect();
    assert_eq!(states, ["closed", "unknown", "refused", "closed"]);
    assert_eq!(
        reader.closings(&device, 1).unwrap(),
        std::slice::from_ref(&second)
    );
    assert_eq!(reader.last_closing(&device).unwrap(), Some(second));
    assert_eq!(reader.verify().unwrap(), 18);
}

#[test]
fn what_has_ended_stays_so() {
    let desk = Desk::new();
    let unknown = desk.write(end_close(1, CloseOutcome::Closed(totals(0))));
    assert_eq!(unknown, Err(WriteError::UnknownClosing(closing_id(1))));
    desk.write(begin_close(1, "desk1")).unwrap();
    desk.write(end_close(1, CloseOutcome::Unknown("silence".into())))
        .unwrap();
    let again = desk.write(end_close(1, CloseOutcome::Closed(totals(0))));
    assert_eq!(again, Err(WriteError::ClosingEnded(closing_id(1))));
    let mut reused = begin_close(2, "desk1");
    if let Write::BeginClose { id, .. } = &mut reused {
        *id = closing_id(1);
    }
    let reused = desk.write(reused);
    assert_eq!(reused, Err(WriteError::ClosingEnded(closing_id(1))));
    assert_eq!(desk.queue.reader().unwrap().verify().unwrap(), 2);
}

#[test]
fn day_ends_stand_in_the_journal_and_manipulations_are_found() {
    for (sql, found) in [
        ("UPDATE closings SET state = 'refused'", "day end"),
        ("UPDATE closings SET closed_seq = 1", "day end"),
        (
            "UPDATE closings SET body = replace(body, '1010', '1011')",
            "day end",
        ),
        ("DELETE FROM closings", "day end"),
        ("UPDATE payments SET approved_seq = 1", "payment"),
        ("UPDATE payments SET original = id", "payment"),
    ] {
        let desk = Desk::new();
        girocard(&desk, 1, "desk1");
        desk.write(begin_close(1, "desk1")).unwrap();
        desk.write(end_close(1, CloseOutcome::Closed(totals(1010))))
            .unwrap();
        let reader = desk.queue.reader().unwrap();
        let kinds: Vec<_> = reader.events_after(3, 9).unwrap();
        let about = |entry: &crate::queue::Entry| match &entry.happened {
            Happened::Closing { closing, .. } => Some(*closing),
            Happened::Payment { .. }
            | Happened::Restoration { .. }
            | Happened::Delivery { .. }
            | Happened::Drawer { .. } => None,
        };
        let shown: Vec<_> = kinds
            .iter()
            .map(|e| (e.happened.kind(), about(e)))
            .collect();
        let id = Some(closing_id(1));
        assert_eq!(shown, [("day_begun", id), ("day_closed", id)]);
        assert_eq!(reader.verify().unwrap(), 5);
        let raw = desk.raw();
        raw.execute_batch("DROP TRIGGER closings_are_not_deleted")
            .unwrap();
        raw.execute(sql, []).unwrap();
        let error: VerifyError = reader.verify().expect_err(sql);
        assert!(error.to_string().starts_with(found), "{sql}: {error}");
    }
}
