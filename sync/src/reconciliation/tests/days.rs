//! Ends of day, the desk's own days, and the night's comparison.

use super::*;

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
