//! What a person may decide in each state.

use jiff::Timestamp;
use payment::{DeliveryAction, DeliveryDecision, Text};

use super::super::*;
use crate::upstream::Abilities;

#[test]
fn every_state_has_its_actions_and_its_next_step() {
    let (at, reason) = (Timestamp::UNIX_EPOCH, || Text::from("why"));
    let waiting = || DeliveryState::Waiting {
        next_at: at,
        reason: reason(),
    };
    let all = "retry send_to keep entered";
    for (state, attempts, expected) in [
        (DeliveryState::Queued, 0, all),
        (DeliveryState::Queued, 1, "retry"),
        (waiting(), 0, all),
        (waiting(), 1, "retry"),
        (DeliveryState::NeedsOperator { reason: reason() }, 2, all),
        (
            DeliveryState::Ambiguous {
                fenced_until: at,
                next_at: at,
                reason: reason(),
            },
            1,
            "retry",
        ),
        (
            DeliveryState::Refused {
                next_at: at,
                reason: reason(),
            },
            1,
            "retry",
        ),
        (DeliveryState::Sending { at }, 1, ""),
        (DeliveryState::Confirmed { remote_id: None }, 1, ""),
        (DeliveryState::Superseded, 0, ""),
    ] {
        let words = actions(&state, attempts, Abilities::default());
        assert_eq!(words.join(" "), expected, "{state:?} {attempts}");
        let next = next_step(&state, false);
        assert!(next.ends_with('.') || next.ends_with('?'), "{next}");
        // What is offered can be done, and nothing else.
        for action in [
            DeliveryAction::Retry,
            DeliveryAction::SendTo {
                invoice: "7".parse().unwrap(),
            },
            DeliveryAction::Keep,
            DeliveryAction::Entered,
        ] {
            let offered = words.contains(&action.as_str());
            let decision = DeliveryDecision {
                upstream: "books".parse().unwrap(),
                action,
                name: reason(),
                reason: reason(),
            };
            let done = decided(&state, attempts, &decision);
            assert_eq!(done.is_ok(), offered, "{state:?} {decision:?}");
        }
    }
    let takes = Abilities {
        unallocated: true,
        ..Abilities::default()
    };
    assert!(actions(&DeliveryState::Queued, 0, takes).contains(&"unallocate"));
}

/// A person's wish to try again makes no fence shorter.
#[test]
fn a_retry_keeps_the_fence() {
    let until = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_mins(11);
    let state = DeliveryState::Ambiguous {
        fenced_until: until,
        next_at: until + jiff::SignedDuration::from_hours(1),
        reason: Text::from("lost"),
    };
    let decision = DeliveryDecision {
        upstream: "books".parse().unwrap(),
        action: DeliveryAction::Retry,
        name: Text::from("Anna"),
        reason: Text::from("now"),
    };
    let to = decided(&state, 1, &decision).unwrap();
    assert_eq!((to.state.next_at(), to.attempts), (Some(until), 1));
}
