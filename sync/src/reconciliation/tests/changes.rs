//! Whatever is changed, left out or added in the invoicing system, it is found and called by its name.

use super::*;

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
