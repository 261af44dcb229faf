//! What the comparison reads of some days.

use std::collections::BTreeSet;

use jiff::{civil::date, tz::TimeZone};
use payment::{Intent, Purpose, ReceiptNumber, State, closing::DayTotals};

use super::support::*;
use crate::{
    queue::{CloseOutcome, Due, Urgency, Write},
    reconciliation::{Elsewhere, Period, Stands, Taken},
};

fn day(day: i8) -> Period {
    Period::new(date(2027, 1, day), date(2027, 1, day), TimeZone::UTC).unwrap()
}

/// Page by page it is the same.
fn taken(desk: &Desk, period: &Period) -> Vec<Taken> {
    let reader = desk.queue.reader().unwrap();
    let (all, next) = reader.taken(period, None, 500).unwrap();
    assert_eq!(next, None);
    for limit in 1..=3 {
        let (mut after, mut paged) = (None, Vec::new());
        loop {
            let (page, next) = reader.taken(period, after, limit).unwrap();
            assert!(page.len() <= usize::from(limit));
            paged.extend(page);
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, all, "by {limit}");
    }
    all
}

fn seqs(taken: &[Taken]) -> Vec<u64> {
    taken.iter().map(|taken| taken.receipt.seq()).collect()
}

#[test]
fn only_what_was_approved_in_these_days_and_where_it_stands() {
    let desk = Desk::new();
    let first = desk.approved(for_invoice(1, "156"), due());
    let cancel = Intent {
        purpose: Purpose::Cancel {
            of: first.intent.id,
        },
        ..for_invoice(2, "156")
    };
    let cancel = desk.approved(cancel, due());
    desk.write(begin_close(1, "desk1")).unwrap();
    let totals = DayTotals::default();
    desk.write(end_close(1, CloseOutcome::Closed(totals)))
        .unwrap();
    let declined = desk.begin(intent(3), due());
    desk.add(&declined, facts().remove(3), Due::default());
    // Two in one moment.
    desk.approved(intent(4), Due::default());
    let same = Intent {
        at: at(4),
        ..intent(5)
    };
    desk.approved(same, due());
    let tomorrow = Intent {
        at: at(86_400),
        ..intent(6)
    };
    desk.approved(tomorrow, due());

    let today = taken(&desk, &day(15));
    assert_eq!(seqs(&today), [1, 2, 4, 5]);
    assert_eq!(seqs(&taken(&desk, &day(16))), [6]);
    assert_eq!(taken(&desk, &day(14)), []);

    let [sale, back, unsent, waiting] = today.as_slice() else {
        panic!("{today:?}")
    };
    assert!(sale.cancelled && sale.settled && back.settled);
    assert_eq!(sale.due[0].invoice, first.intent.invoice);
    // It was cancelled before it was sent.
    let stands = (sale.due[0].stands, back.due[0].stands);
    assert_eq!(stands, (Stands::NeverSent, Stands::NeverSent));
    assert_eq!(back.original, Some(sale.receipt.clone()));
    assert_eq!((back.payment, back.signed()), (cancel.intent.id, -1010));
    assert!(!unsent.settled && unsent.due.is_empty() && !waiting.cancelled);
    assert!(matches!(
        waiting.due[0].stands,
        Stands::Open {
            state: "queued",
            ..
        }
    ));
    let seals: BTreeSet<i64> = today.iter().map(|taken| taken.seal.unwrap().seq).collect();
    assert_eq!(seals.len(), 4);
}

/// What another book shows under a number that these days do not have.
#[test]
fn other_numbers_are_told_apart() {
    let desk = Desk::new();
    desk.approved(intent(1), Due::default());
    let declined = desk.begin(intent(2), Due::default());
    desk.add(&declined, facts().remove(3), Due::default());
    desk.begin(intent(3), Due::default());
    let reader = desk.queue.reader().unwrap();
    let of = |seq| {
        let number = ReceiptNumber::new("desk1".parse().unwrap(), seq);
        reader.elsewhere(&number).unwrap()
    };
    assert_eq!(of(1), Elsewhere::OtherDay);
    assert_eq!(of(2), Elsewhere::Not(State::Declined));
    assert!(matches!(of(3), Elsewhere::Not(_)));
    assert_eq!(of(4), Elsewhere::Unknown);
}

#[test]
fn a_device_s_ends_of_day_by_their_days() {
    let desk = Desk::new();
    // More than are read at once.
    for number in 1..=130_u8 {
        let mut begin = begin_close(number, "desk1");
        if let Write::BeginClose { at: moment, .. } = &mut begin {
            *moment = at(i64::from(number) * 3600);
        }
        desk.write(begin).unwrap();
        desk.queue
            .submit(
                end_close(number, CloseOutcome::Closed(DayTotals::default())),
                Urgency::Now,
            )
            .wait()
            .unwrap();
    }
    let reader = desk.queue.reader().unwrap();
    let found = reader
        .closings_of(&"desk1".parse().unwrap(), &day(16))
        .unwrap();
    let hours: Vec<i64> = found
        .iter()
        .map(|c| (c.intent.at.as_second() - at(0).as_second()) / 3600)
        .collect();
    assert_eq!(hours, (16..40).collect::<Vec<i64>>());
    assert_eq!(
        reader
            .closings_of(&"desk2".parse().unwrap(), &day(16))
            .unwrap(),
        []
    );
}
