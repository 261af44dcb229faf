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

mod changes;
mod days;

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
