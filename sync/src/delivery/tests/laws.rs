//! What holds over any sequence of fates.

use std::time::Duration;

use jiff::Timestamp;
use payment::Text;
use proptest::prelude::*;

use super::super::*;
use super::{
    server::{Fate, Model},
    world::{settle, world},
};

/// A crash in the middle of a fence arms it again in full.
#[test]
fn a_restart_arms_the_fence_in_full() {
    let now: Timestamp = "2026-11-21T00:10:00Z".parse().unwrap();
    let now = Now {
        steady: now,
        wall: now,
    };
    let almost_over = DeliveryState::Ambiguous {
        fenced_until: now.steady + Duration::from_secs(1),
        next_at: now.steady + Duration::from_secs(1),
        reason: Text::from("lost"),
    };
    let restarted = restarted(&almost_over, now, Settings::default()).unwrap();
    assert_eq!(
        restarted.next_at(),
        Some(now.steady + Duration::from_mins(11))
    );
}

/// What a journal that goes on from a copy found open has no fence yet, also behind another of its
/// line: whoever comes to it counts it in full, before anything is read back.
#[test]
fn who_comes_to_a_doubt_without_a_fence_counts_it_in_full() {
    let shared = world(1, &[]);
    let (mut delivery, now) = shared.with(|w| {
        let row = w.rows.values().next().unwrap().clone();
        (row, Now::from(w.now.unwrap()))
    });
    delivery.attempts = 1;
    delivery.state = DeliveryState::Ambiguous {
        fenced_until: UNFENCED,
        next_at: UNFENCED,
        reason: Text::from("of a copy"),
    };
    let settings = Settings::default();
    let action = next(&delivery, now, &Health::default(), settings, &Model, &[]);
    let Action::Become(DeliveryState::Ambiguous { fenced_until, .. }) = action else {
        panic!("{action:?}");
    };
    assert_eq!(fenced_until, now.steady + settings.fence);
}

/// The database and the API leave out what is no moment.
#[test]
fn a_fence_that_nobody_counted_is_not_told() {
    let state = DeliveryState::Ambiguous {
        fenced_until: UNFENCED,
        next_at: UNFENCED,
        reason: Text::from("of a copy"),
    };
    let told = serde_json::to_string(&state).unwrap();
    assert_eq!(told, r#"{"state":"ambiguous","reason":"of a copy"}"#);
    let read: DeliveryState = serde_json::from_str(&told).unwrap();
    assert_eq!(read, state);
    assert!(read.next_at() < Some(Timestamp::UNIX_EPOCH), "due at once");
}

/// A person's wish to look again is as old as its first answer.
#[test]
fn what_a_person_wants_looked_at_again_is_read_back_soon_again() {
    let shared = world(1, &[Fate::Portal, Fate::Portal]);
    shared.with(|w| {
        for row in w.rows.values_mut() {
            row.attempts = 1;
            row.state = retried();
        }
    });
    settle(&shared);
    shared.with(|w| {
        let pauses: Vec<i64> = w
            .asked_at
            .windows(2)
            .map(|pair| pair[1].duration_since(pair[0]).as_secs())
            .collect();
        assert!(pauses.iter().all(|pause| *pause < 70), "{pauses:?}");
    });
}

/// One payment whose read-back never works does not hold up the others.
#[test]
fn a_doubt_that_stays_blocks_nobody_else() {
    let mut fates = vec![Fate::LostAfter];
    fates.extend([Fate::Well; 9]);
    fates.extend([Fate::Portal; 20]);
    let shared = world(10, &fates);
    settle(&shared);
    shared.with(|w| {
        assert_eq!(w.booked.len(), 10);
        assert!(w.fates.is_empty());
    });
}

proptest! {
    #[test]
    fn never_twice_and_never_lost(
        payments in 1..5_u64,
        picks in prop::collection::vec(0..Fate::ALL.len(), 0..40),
    ) {
        let fates: Vec<Fate> = picks.iter().map(|i| Fate::ALL[*i]).collect();
        let shared = world(payments, &fates);
        settle(&shared);
        shared.with(|w| {
            let mut booked = w.booked.clone();
            booked.sort();
            booked.dedup();
            prop_assert_eq!(booked.len(), w.booked.len(), "booked twice: {:?}", w.booked);
            for row in w.rows.values() {
                let receipt = row.payment.receipt.to_string();
                match row.state {
                    DeliveryState::Confirmed { .. } => prop_assert!(w.booked.contains(&receipt)),
                    DeliveryState::NeedsOperator { .. } => prop_assert!(!w.booked.contains(&receipt)),
                    _ => prop_assert!(false, "{:?} is no end", row.state),
                }
            }
            Ok(())
        })?;
    }
}
