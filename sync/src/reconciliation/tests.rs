//! The comparison through its public surface: books in, findings out.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp, civil::date, civil::time, tz::TimeZone};
use payment::{
    ClosingId, Currency, DeviceId, InvoiceRef, Method, PaymentId, Purpose, ReceiptNumber, State,
    Text, UpstreamId,
    closing::{Balance, Closing, ClosingIntent, ClosingState, DayTotals, Difference, Reason},
};
use proptest::{prelude::*, sample::select};
use rust_decimal::Decimal;

use super::*;
use crate::upstream::{Booked, Seal, When};

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

fn period() -> Period {
    Period::new(date(2026, 11, 20), date(2026, 11, 20), berlin()).unwrap()
}

fn upstream() -> UpstreamId {
    "ivvy".parse().unwrap()
}

fn devices() -> BTreeMap<DeviceId, Currency> {
    ["desk1", "desk2"]
        .map(|d| (d.parse().unwrap(), Currency::EUR))
        .into()
}

fn receipt(device: &str, seq: u64) -> ReceiptNumber {
    ReceiptNumber::new(device.parse().unwrap(), seq)
}

fn noon() -> Timestamp {
    "2026-11-20T11:00:00Z".parse().unwrap()
}

fn seal(seq: u64) -> Seal {
    let seq = i64::try_from(seq).unwrap();
    Seal {
        seq: seq * 3,
        device_seq: seq * 3,
        hash: [u8::try_from(seq % 250).unwrap(); 32],
    }
}

/// Payment `seq` of `desk1`, confirmed on invoice 156.
fn taken(seq: u64, minor: i64) -> Taken {
    Taken {
        payment: PaymentId::from_bytes([u8::try_from(seq % 250).unwrap(); 16]),
        receipt: receipt("desk1", seq),
        purpose: Purpose::Sale,
        method: Method::Card,
        minor,
        currency: Currency::EUR,
        at: noon(),
        original: None,
        cancelled: false,
        settled: true,
        seal: Some(seal(seq)),
        due: vec![Due {
            upstream: upstream(),
            invoice: Some("156".parse().unwrap()),
            stands: Stands::Confirmed,
        }],
    }
}

fn standing(mut taken: Taken, stands: Stands) -> Taken {
    taken.due[0].stands = stands;
    taken
}

const OPEN: Stands = Stands::Open {
    state: "waiting",
    next_step: "Nothing.",
};

/// What the system shows of it when all is well.
fn booked(taken: &Taken) -> Booked {
    Booked {
        receipt: Some(Text::new(&taken.receipt.to_string())),
        amount: Decimal::new(taken.minor, 2),
        currency: Some(taken.currency),
        back: !taken.purpose.is_sale(),
        invoice: taken.due[0].invoice.as_ref().map(|i| Text::new(i.as_str())),
        remote_id: Some(Text::new(&taken.receipt.seq().to_string())),
        at: Some(When::At(taken.at)),
        seal: taken.seal,
    }
}

fn compared(taken: &[Taken], held: &Held, elsewhere: &[(ReceiptNumber, Elsewhere)]) -> Compared {
    compare(&Given {
        upstream: &upstream(),
        period: &period(),
        devices: &devices(),
        taken,
        elsewhere: &elsewhere.iter().cloned().collect(),
        held,
    })
}

fn kinds(compared: &Compared) -> Vec<&'static str> {
    compared.findings.iter().map(|f| f.kind.as_str()).collect()
}

/// What may be done to a payment that the system holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Removed,
    Amount,
    Currency,
    Direction,
    Invoice,
    Twice,
    Day,
    Seal,
}

const CHANGES: [Change; 9] = [
    Change::None,
    Change::Removed,
    Change::Amount,
    Change::Currency,
    Change::Direction,
    Change::Invoice,
    Change::Twice,
    Change::Day,
    Change::Seal,
];

fn change(taken: &Taken, change: Change) -> Vec<Booked> {
    let mut row = booked(taken);
    match change {
        Change::None => {}
        Change::Removed => return Vec::new(),
        Change::Amount => row.amount += Decimal::new(1, 2),
        Change::Currency => row.currency = Some(Currency::CHF),
        Change::Direction => row.back = !row.back,
        Change::Invoice => row.invoice = Some(Text::from("157")),
        Change::Twice => {
            let twin = Booked {
                remote_id: None,
                ..row.clone()
            };
            return vec![row, twin];
        }
        Change::Day => {
            row.at = Some(When::At(taken.at - SignedDuration::from_hours(72)));
        }
        Change::Seal => {
            row.seal = Some(Seal {
                hash: [0xee; 32],
                ..seal(1)
            });
        }
    }
    vec![row]
}

fn expected(stands: Stands, change: Change) -> Option<Kind> {
    match (stands, change) {
        (Stands::NeverSent, Change::Removed)
        | (Stands::Confirmed | Stands::ByHand, Change::None) => None,
        (Stands::NeverSent, _) => Some(Kind::Extra),
        (Stands::Open { .. }, Change::None) => Some(Kind::NotConfirmed),
        (Stands::Open { .. }, Change::Removed) => Some(Kind::NotDelivered),
        (Stands::Confirmed, Change::Removed) => Some(Kind::Missing),
        (Stands::ByHand, Change::Removed) => Some(Kind::CannotTell),
        (_, _) => Some(Kind::Differing),
    }
}

fn case() -> impl Strategy<Value = (Taken, Change)> {
    let stands = select(&[Stands::Confirmed, Stands::ByHand, Stands::NeverSent, OPEN][..]);
    let change = select(&CHANGES[..]);
    (
        1..10_000_000_i64,
        select(&["desk1", "desk2"][..]),
        any::<bool>(),
        stands,
        change,
    )
        .prop_map(|(minor, device, back, stands, change)| {
            let mut taken = standing(taken(0, minor), stands);
            taken.receipt = receipt(device, 0);
            if back {
                taken.purpose = Purpose::Refund { of: taken.payment };
            }
            (taken, change)
        })
}

/// What the system holds beside our payments, and whether that is to be found.
fn strangers() -> impl Strategy<Value = Vec<(Booked, bool)>> {
    let one = (1..10_000_000_i64, 0..5_u8, any::<bool>()).prop_map(|(minor, kind, back)| {
        let mut row = booked(&taken(1, minor));
        row.seal = None;
        row.remote_id = None;
        row.back = back;
        let number = match kind {
            // Another program's, or none at all.
            0 => None,
            1 => Some("POS-77"),
            // A number that the journal does not have.
            2 => Some("desk2-099999"),
            // Another desk's.
            3 => Some("desk9-000001"),
            // Of another day.
            _ => {
                row.at = Some(When::On(date(2026, 11, 19)));
                None
            }
        };
        row.receipt = number.map(Text::from);
        row.invoice = Some(Text::from("900"));
        (row, kind < 3)
    });
    proptest::collection::vec(one, 0..6)
}

proptest! {
    /// Each change is found once, under its kind, and nothing else is found; whatever the order.
    #[test]
    fn every_change_is_found_and_explains_every_cent(
        cases in proptest::collection::vec(case(), 0..24),
        strangers in strangers(),
        turn in 0..50_usize,
    ) {
        let mut payments = Vec::new();
        let mut list = Vec::new();
        let mut awaited: Vec<(Option<String>, &str)> = Vec::new();
        for (seq, (mut taken, done)) in (1..).zip(cases) {
            taken.receipt = ReceiptNumber::new(taken.receipt.device().clone(), seq);
            taken.seal = Some(seal(seq));
            let rows = change(&taken, done);
            if let Some(kind) = expected(taken.due[0].stands, done) {
                let times = if kind == Kind::Extra { rows.len() } else { 1 };
                let one = (Some(taken.receipt.to_string()), kind.as_str());
                awaited.extend(std::iter::repeat_n(one, times));
            }
            list.extend(rows);
            payments.push(taken);
        }
        for (row, found) in strangers {
            if found {
                awaited.push((row.receipt.as_ref().map(ToString::to_string), "extra"));
            }
            list.push(row);
        }
        let len = list.len();
        let straight = compared(&payments, &Held::List(list.clone()), &[]);
        if len > 0 {
            list.rotate_left(turn % len);
        }
        let turned = compared(&payments, &Held::List(list), &[]);
        prop_assert_eq!(&straight.sums, &turned.sums);

        let mut found: Vec<_> = straight
            .findings
            .iter()
            .map(|f| (f.receipt.as_ref().map(ToString::to_string), f.kind.as_str()))
            .collect();
        found.sort();
        awaited.sort();
        prop_assert_eq!(found, awaited);
        for finding in &straight.findings {
            prop_assert!(finding.text.as_str().ends_with('.'), "{:?}", finding.text);
            prop_assert!(finding.next_step.as_str().ends_with('.'), "{:?}", finding.next_step);
        }
        for sums in &straight.sums {
            let of = straight.findings.iter().filter(|f| {
                f.device == sums.device && f.currency == sums.currency
            });
            let explained: i128 = of
                .map(|f| i128::from(f.there.unwrap_or(0)) - i128::from(f.journal.unwrap_or(0)))
                .sum();
            prop_assert_eq!(sums.there.minor - sums.journal.minor, explained);
        }
    }

    /// Of what cannot be asked, nothing is said to be missing, too much or different.
    #[test]
    fn what_cannot_be_compared_is_not_judged(cases in proptest::collection::vec(case(), 0..12)) {
        let payments: Vec<Taken> = cases.into_iter().map(|(taken, _)| taken).collect();
        let open = payments.iter().filter(|t| matches!(t.due[0].stands, Stands::Open { .. }));
        let open = open.count();
        let reason = Text::from("It cannot be asked.");
        for held in [Held::Nothing(reason), Held::Ticks] {
            let compared = compared(&payments, &held, &[]);
            prop_assert_eq!(kinds(&compared), vec!["not_delivered"; open]);
        }
    }
}

#[test]
fn a_missing_payment_is_named_with_what_proves_the_gap() {
    let payments: Vec<Taken> = (1..=4).map(|seq| taken(seq, 8010)).collect();
    let mut list: Vec<Booked> = payments.iter().map(booked).collect();
    list.remove(1);
    list[2].seal = None;
    let compared = compared(&payments, &Held::List(list), &[]);
    assert_eq!(kinds(&compared), ["missing"]);
    assert_eq!(
        compared.findings[0].text.as_str(),
        "ivvy said that it has desk1-000002 of EUR 80.10 on invoice 156, and does not show it. It \
         shows desk1-000001 (entry 3 of the journal) and desk1-000003 (entry 9 of the journal) \
         beside it. Its entry in the journal is 6."
    );
}

#[test]
fn a_number_that_the_journal_lost_is_told_from_those_of_other_days() {
    let mut list = Vec::new();
    let mut elsewhere = Vec::new();
    let cases = [
        (Elsewhere::OtherDay, None),
        (Elsewhere::Not(State::Declined), Some("no money was taken")),
        (Elsewhere::Not(State::InDoubt), Some("not known yet")),
        (Elsewhere::Unknown, Some("no such number")),
    ];
    for (seq, (known, _)) in (7..).zip(cases) {
        list.push(booked(&taken(seq, 100)));
        elsewhere.push((receipt("desk1", seq), known));
    }
    let held = Held::List(list);
    let given = Given {
        upstream: &upstream(),
        period: &period(),
        devices: &devices(),
        taken: &[],
        elsewhere: &BTreeMap::new(),
        held: &held,
    };
    let asked: Vec<ReceiptNumber> = elsewhere.iter().map(|(n, _)| n.clone()).collect();
    assert_eq!(suspects(&given), asked);
    let compared = compared(&[], &held, &elsewhere);
    let said: Vec<&str> = compared.findings.iter().map(|f| f.text.as_str()).collect();
    let awaited: Vec<&str> = cases.iter().filter_map(|(_, text)| *text).collect();
    assert_eq!(said.len(), awaited.len(), "{said:?}");
    for (said, awaited) in said.iter().zip(awaited) {
        assert!(said.contains(awaited), "{said}");
    }
}

/// What was taken back is on both sides, or on neither.
#[test]
fn a_cancel_and_its_payment_go_together() {
    let sale = Taken {
        cancelled: true,
        ..taken(1, 8010)
    };
    let cancel = Taken {
        purpose: Purpose::Cancel { of: sale.payment },
        original: Some(sale.receipt.clone()),
        ..taken(2, 8010)
    };
    let both = [sale.clone(), cancel.clone()];
    let of = |rows: &[&Taken]| Held::List(rows.iter().map(|t| booked(t)).collect());
    for (held, expected) in [
        (of(&[]), &[][..]),
        (of(&[&sale, &cancel]), &[]),
        (of(&[&sale]), &["missing"]),
    ] {
        assert_eq!(kinds(&compared(&both, &held, &[])), expected, "{held:?}");
    }
    // Where a person cancels it by hand, the payment may stay.
    let by_hand = [sale.clone(), standing(cancel.clone(), Stands::ByHand)];
    assert_eq!(kinds(&compared(&by_hand, &of(&[]), &[])), [""; 0]);
    assert_eq!(
        kinds(&compared(&by_hand, &of(&[&sale]), &[])),
        ["cannot_tell"]
    );
    let waits = [sale.clone(), standing(cancel, OPEN)];
    assert_eq!(
        kinds(&compared(&waits, &of(&[&sale]), &[])),
        ["not_delivered"]
    );
}

/// A person entered it, and left the number out.
#[test]
fn a_row_without_a_number_is_what_was_entered_by_hand() {
    let by_hand = standing(taken(1, 8010), Stands::ByHand);
    let plain = |invoice: &str, minor| Booked {
        receipt: None,
        seal: None,
        amount: Decimal::new(minor, 2),
        invoice: Some(Text::new(invoice)),
        ..booked(&by_hand)
    };
    for (rows, expected) in [
        (vec![plain("156", 8010)], &[][..]),
        (vec![plain("156", 8010), plain("156", 8010)], &["extra"]),
        (vec![plain("156", 8011)], &["extra", "cannot_tell"]),
        (vec![plain("157", 8010)], &["extra", "cannot_tell"]),
    ] {
        let compared = compared(std::slice::from_ref(&by_hand), &Held::List(rows), &[]);
        assert_eq!(kinds(&compared), expected);
    }
}

/// iVvy computes with floats.
#[test]
fn a_float_of_the_same_cents_is_the_same() {
    let taken = taken(1, 23_345);
    let row = Booked {
        amount: "233.45000000000002".parse().unwrap(),
        ..booked(&taken)
    };
    assert_eq!(
        kinds(&compared(&[taken], &Held::List(vec![row]), &[])),
        [""; 0]
    );
}

fn closing(state: ClosingState, at: Timestamp) -> Closing {
    Closing {
        intent: ClosingIntent {
            id: ClosingId::from_bytes([1; 16]),
            key: "k".parse().unwrap(),
            device: "desk1".parse().unwrap(),
            at,
        },
        state,
        changed_at: at,
    }
}

/// One with another total, one that nobody knows the end of, and one of the next day.
fn closings() -> [Closing; 3] {
    let total = |minor| DayTotals {
        total_minor: Some(minor),
        ..DayTotals::default()
    };
    let balance = Balance {
        terminal: total(7000),
        journal: total(8010),
        differences: vec![Difference {
            brand: None,
            terminal_minor: 7000,
            journal_minor: 8010,
            text: Text::from("The terminal says 70.00, the journal 80.10."),
        }],
    };
    let unknown = ClosingState::Unknown(Reason {
        text: Text::from("The line broke."),
    });
    let late = SignedDuration::from_hours(5);
    [
        closing(ClosingState::Closed(balance.clone()), noon()),
        closing(unknown, noon() + late),
        closing(
            ClosingState::Closed(balance),
            noon() + SignedDuration::from_hours(24),
        ),
    ]
}

#[test]
fn the_terminal_s_end_of_day_stands_beside_the_journal() {
    let cash = Taken {
        method: Method::Cash,
        settled: false,
        ..taken(2, 500)
    };
    let refund = Taken {
        purpose: Purpose::Refund {
            of: PaymentId::from_bytes([1; 16]),
        },
        settled: false,
        ..taken(3, 10)
    };
    let payments = [taken(1, 8010), cash, refund];
    let (desks, findings) = at_the_desk(&period(), &devices(), &payments, &closings());
    let desk = &desks[0];
    assert_eq!(
        desk.taken,
        Total {
            count: 2,
            minor: 8510
        }
    );
    assert_eq!(
        desk.given_back,
        Total {
            count: 1,
            minor: 10
        }
    );
    assert_eq!(
        desk.cards,
        Total {
            count: 2,
            minor: 8000
        }
    );
    assert_eq!(
        desk.unsettled,
        Total {
            count: 1,
            minor: -10
        }
    );
    let settled: Vec<_> = desk
        .settlements
        .iter()
        .map(|s| (s.terminal, s.journal))
        .collect();
    assert_eq!(settled, [(Some(7000), Some(8010)), (None, None)]);
    assert_eq!(desks[1].taken, Total::default());
    let found: Vec<_> = findings
        .iter()
        .map(|f| (f.kind, f.journal, f.there))
        .collect();
    let awaited = [
        (Kind::Settlement, Some(8010), Some(7000)),
        (Kind::CannotTell, None, None),
    ];
    assert_eq!(found, awaited);
}

/// A clinic's day is local: 23 or 25 hours where the clocks are set, and no moment is in two days or
/// in none.
#[test]
fn a_day_is_the_desk_s_own() {
    for (zone, day, begins, hours) in [
        (
            "Europe/Berlin",
            date(2026, 11, 20),
            "2026-11-19T23:00:00Z",
            24,
        ),
        (
            "Europe/Berlin",
            date(2026, 3, 29),
            "2026-03-28T23:00:00Z",
            23,
        ),
        (
            "Europe/Berlin",
            date(2026, 10, 25),
            "2026-10-24T22:00:00Z",
            25,
        ),
        (
            "Australia/Sydney",
            date(2026, 10, 4),
            "2026-10-03T14:00:00Z",
            23,
        ),
        (
            "Australia/Lord_Howe",
            date(2026, 4, 5),
            "2026-04-04T13:00:00Z",
            24,
        ),
        // Here the clocks are set forward at midnight: the day begins at one.
        (
            "Africa/Cairo",
            date(2026, 4, 24),
            "2026-04-23T22:00:00Z",
            23,
        ),
        // And here back to it: it comes twice, and the day begins at the first.
        (
            "America/Havana",
            date(2026, 11, 1),
            "2026-11-01T04:00:00Z",
            25,
        ),
    ] {
        let zone = TimeZone::get(zone).unwrap();
        let one = Period::new(day, day, zone.clone()).unwrap();
        assert_eq!(one.begins(), begins.parse().unwrap(), "{zone:?} {day}");
        let lasts = one.ends().duration_since(one.begins());
        assert_eq!(lasts.as_hours(), hours, "{zone:?} {day}");
        let next = Period::new(day.tomorrow().unwrap(), day.tomorrow().unwrap(), zone).unwrap();
        assert_eq!(next.begins(), one.ends());
        let last = one.ends() - SignedDuration::from_micros(1);
        for (at, in_one) in [(one.begins(), true), (last, true), (one.ends(), false)] {
            assert_eq!(one.holds(Some(When::At(at))), in_one);
            assert_eq!(next.holds(Some(When::At(at))), at == one.ends());
        }
        assert!(one.holds(Some(When::On(day))) && !next.holds(Some(When::On(day))));
    }
}

#[test]
fn days_that_cannot_be_compared_are_told() {
    let new = |first, last| {
        Period::new(first, last, berlin())
            .map(drop)
            .map_err(|e| e.to_string())
    };
    let (first, last) = (date(2026, 11, 20), date(2027, 11, 20));
    assert_eq!(new(first, last), Ok(()));
    assert!(
        new(first, last.tomorrow().unwrap())
            .unwrap_err()
            .contains("366 days")
    );
    assert!(new(last, first).unwrap_err().contains("lies before"));
    let end = date(9999, 12, 31);
    assert!(new(end, end).unwrap_err().contains("calendar"));
    let now = "2026-11-21T22:59:59Z".parse().unwrap();
    let before = Period::before(now, 7, berlin()).unwrap();
    assert_eq!(
        (before.first(), before.last()),
        (date(2026, 11, 14), date(2026, 11, 20))
    );
}

/// Once each night, whatever the clocks do.
#[test]
fn the_nightly_run_comes_once_a_day() {
    let zone = berlin();
    for (from, days, hour) in [
        ("2026-03-27T12:00:00Z", 3, 2),
        ("2026-10-23T12:00:00Z", 3, 2),
        ("2026-11-20T12:00:00Z", 3, 3),
    ] {
        let mut now: Timestamp = from.parse().unwrap();
        let first = now.to_zoned(zone.clone()).date();
        for n in 1..=days {
            let next = next_run(now, time(hour, 30, 0, 0), &zone).unwrap();
            assert!(next > now);
            let day = next.to_zoned(zone.clone()).date();
            assert_eq!(day.duration_since(first).as_hours(), 24 * n, "{from} {n}");
            now = next;
        }
    }
    let at = "2026-11-21T02:30:00Z".parse().unwrap();
    let wanted = time(3, 30, 0, 0);
    let next = next_run(at, wanted, &zone).unwrap();
    assert_eq!(next.duration_since(at), SignedDuration::from_hours(24));
    let just_before = at - SignedDuration::try_from(Duration::from_nanos(1)).unwrap();
    assert_eq!(next_run(just_before, wanted, &zone), Some(at));
}

#[test]
fn invoices_are_compared_as_texts() {
    let mut payment = taken(1, 100);
    payment.due[0].invoice = Some("0156".parse::<InvoiceRef>().unwrap());
    let row = Booked {
        invoice: Some(Text::from("156")),
        ..booked(&payment)
    };
    let compared = compared(&[payment], &Held::List(vec![row]), &[]);
    assert_eq!(kinds(&compared), ["differing"]);
}
