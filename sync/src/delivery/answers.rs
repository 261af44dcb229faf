//! What an answer comes to: where the delivery stands after it, and how its upstream is doing (law 7).

use std::time::Duration;

use jiff::Timestamp;
use payment::Text;

use super::{
    Delivery, DeliveryState, Health, Now, Settings,
    health::{clock_reason, later},
    rules::fenced,
    steps::begun,
};
use crate::upstream::{Class, Doubt, Found};

/// Shortest and longest time between two read-backs of one payment.
pub(super) const REREAD: (Duration, Duration) = (Duration::from_secs(30), Duration::from_hours(1));
/// How long a payment waits for a setting to be mended.
pub(super) const MISCONFIGURED: Duration = Duration::from_mins(5);
/// How long a booking keeps away from what stands in its way.
pub(super) const BLOCKED: Duration = Duration::from_secs(20);
/// After a pause another payment goes first: the one that was refused may be the only one.
pub(super) const STEP_ASIDE: Duration = Duration::from_secs(1);

/// What the answer to a [`Action::Send`](super::Action::Send) comes to.
pub fn after_send(
    delivery: &Delivery,
    doubt: Doubt,
    class: Class,
    now: Now,
    health: &mut Health,
    settings: Settings,
    random: u64,
) -> DeliveryState {
    let repeated = delivery.attempts > 0 && doubt == Doubt::SendAgain;
    match answered(doubt, class, now, health, settings, random) {
        // An earlier request may have been booked, and this one was not heard: the doubt stays.
        DeliveryState::Waiting { next_at, reason } | DeliveryState::Parked { next_at, reason }
            if repeated =>
        {
            open(next_at, reason)
        }
        state => state,
    }
}

fn answered(
    doubt: Doubt,
    class: Class,
    now: Now,
    health: &mut Health,
    settings: Settings,
    random: u64,
) -> DeliveryState {
    let steady = now.steady;
    match class {
        Class::Confirmed { remote_id } => {
            health.well();
            DeliveryState::Confirmed { remote_id }
        }
        Class::Begun { remote_id, step } => {
            health.well();
            begun(remote_id, step, steady)
        }
        Class::Refused { reason } => {
            health.well();
            let next_at = steady;
            DeliveryState::Refused { next_at, reason }
        }
        Class::Blocked { reason } => {
            health.well();
            open(later(steady, BLOCKED), reason)
        }
        Class::NeedsOperator { reason } => {
            health.well();
            DeliveryState::NeedsOperator { reason }
        }
        Class::Misconfigured { reason } => {
            health.well();
            let next_at = later(steady, MISCONFIGURED);
            DeliveryState::Parked { reason, next_at }
        }
        Class::Parked { reason } => {
            let next_at = later(health.parked(steady, &reason), STEP_ASIDE);
            DeliveryState::Parked { reason, next_at }
        }
        Class::ClockSkew { skew } => {
            let next_at = health.skewed(steady, skew, random);
            let reason = clock_reason();
            DeliveryState::Waiting { next_at, reason }
        }
        Class::NotSent { reason } => {
            let next_at = health.offline(steady, &reason, random);
            DeliveryState::Waiting { next_at, reason }
        }
        // That it was not carried out is the table's inference: so it is read back first.
        Class::NotExecuted {
            reason,
            retry_after,
        } => {
            let next_at = health.troubled(steady, &reason, retry_after, random);
            match doubt {
                Doubt::ReadBack => open(next_at, reason),
                Doubt::SendAgain | Doubt::Person => DeliveryState::Waiting { next_at, reason },
            }
        }
        Class::Ambiguous { reason } => {
            let next_at = health.troubled(steady, &reason, None, random);
            match doubt {
                Doubt::SendAgain => open(next_at, reason),
                Doubt::ReadBack | Doubt::Person => fenced(now, settings, &reason),
            }
        }
    }
}

/// What the answer to a [`Action::ReadBack`](super::Action::ReadBack) comes to. `class` is what the answer means as an
/// answer: it tells why nothing could be read.
pub fn after_read(
    state: &DeliveryState,
    found: Found,
    class: &Class,
    now: Now,
    health: &mut Health,
    random: u64,
) -> DeliveryState {
    let steady = now.steady;
    let refusal = match state {
        DeliveryState::Refused { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    if !matches!(found, Found::Unreadable { .. }) {
        health.well();
    }
    match found {
        Found::Present { remote_id } => DeliveryState::Confirmed { remote_id },
        Found::Begun { remote_id, step } => match refusal {
            Some(reason) => DeliveryState::Withdrawing {
                remote_id,
                next_at: steady,
                reason,
                again: false,
            },
            None => begun(remote_id, step, steady),
        },
        Found::Conflict { reason } => DeliveryState::NeedsOperator { reason },
        Found::Absent { obstacle } => match obstacle.or(refusal) {
            Some(reason) => DeliveryState::NeedsOperator { reason },
            None => DeliveryState::Waiting {
                next_at: steady,
                reason: Text::from("It was read back and is not booked; it is sent again."),
            },
        },
        Found::Unreadable { reason } => unread(state, reason, class, now, health, random),
    }
}

/// The read-back failed: the doubt stays, and the read is tried again, for ever. A bad answer
/// holds up this payment only; an upstream that is away holds up all.
fn unread(
    state: &DeliveryState,
    reason: Text,
    class: &Class,
    now: Now,
    health: &mut Health,
    random: u64,
) -> DeliveryState {
    let steady = now.steady;
    let next_at = match class {
        Class::NotSent { .. } => health.offline(steady, &reason, random),
        Class::ClockSkew { skew } => health.skewed(steady, *skew, random),
        Class::NotExecuted { retry_after, .. } => {
            health.troubled(steady, &reason, *retry_after, random)
        }
        Class::Parked { reason } => later(health.parked(steady, reason), STEP_ASIDE),
        Class::Confirmed { .. }
        | Class::Begun { .. }
        | Class::Blocked { .. }
        | Class::Refused { .. }
        | Class::Misconfigured { .. }
        | Class::NeedsOperator { .. }
        | Class::Ambiguous { .. } => later(steady, reread(state, steady)),
    };
    match state {
        DeliveryState::Refused { reason, .. } => DeliveryState::Refused {
            next_at,
            reason: reason.clone(),
        },
        DeliveryState::Ambiguous { fenced_until, .. } => DeliveryState::Ambiguous {
            fenced_until: counted(*fenced_until, steady),
            next_at,
            reason,
        },
        _ => DeliveryState::Ambiguous {
            fenced_until: steady,
            next_at,
            reason,
        },
    }
}

/// As long again as the doubt is old, so that the pauses double.
fn reread(state: &DeliveryState, now: Timestamp) -> Duration {
    let age = match state {
        DeliveryState::Ambiguous { fenced_until, .. } => {
            now.duration_since(counted(*fenced_until, now))
        }
        _ => jiff::SignedDuration::ZERO,
    };
    let age = Duration::try_from(age).unwrap_or_default();
    age.clamp(REREAD.0, REREAD.1)
}

/// A fence as it is; a doubt that a person wants looked at has none, and begins now.
fn counted(fenced_until: Timestamp, now: Timestamp) -> Timestamp {
    if fenced_until > Timestamp::UNIX_EPOCH {
        fenced_until
    } else {
        now
    }
}

/// In doubt, without a fence.
fn open(next_at: Timestamp, reason: Text) -> DeliveryState {
    DeliveryState::Ambiguous {
        fenced_until: next_at,
        next_at,
        reason,
    }
}
