//! The rules of a booking that takes several requests.
//!
//! The first of them is sent like any booking: `sending` is durable, and a lost answer has its fence. From
//! then on the delivery is [`Begun`](DeliveryState::Begun): before each further request the upstream
//! is asked what it holds, and the system carries each out once, where they come one after the other. So
//! a request that may still be at work has its fence too: two at once could both be carried out.

use payment::Text;

use super::{
    Delivery, DeliveryState, Health, Now,
    answers::{BLOCKED, MISCONFIGURED, REREAD, STEP_ASIDE},
    health::{clock_reason, later},
};
use crate::upstream::Class;
use jiff::Timestamp;
use std::time::Duration;

/// What came back of a request that goes on, beside what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The system's own answer: the request is over.
    Heard,
    /// The system is in trouble, or never got it: it is over as well.
    Over,
    /// None: it may be carried out for so long.
    Lost {
        /// How long.
        fence: Duration,
    },
}

/// What comes of a plan that sends nothing.
pub fn after_plan(
    delivery: &Delivery,
    class: Class,
    now: Now,
    health: &mut Health,
    random: u64,
) -> DeliveryState {
    let state = &delivery.state;
    match class {
        Class::Confirmed { remote_id } => {
            health.well();
            DeliveryState::Confirmed { remote_id }
        }
        Class::Begun { remote_id, step } => {
            health.well();
            begun(remote_id, step, now.steady)
        }
        // What was begun is not left behind.
        Class::Refused { reason } if matches!(state, DeliveryState::Begun { .. }) => {
            health.well();
            withdrawing(state, now, reason, false)
        }
        Class::NeedsOperator { reason } => {
            health.well();
            let reason = match state {
                DeliveryState::Withdrawing { reason: why, .. } => {
                    Text::new(&format!("{reason} {why}"))
                }
                _ => reason,
            };
            DeliveryState::NeedsOperator { reason }
        }
        Class::Refused { reason } if !matches!(state, DeliveryState::Withdrawing { .. }) => {
            health.well();
            DeliveryState::NeedsOperator { reason }
        }
        other => unheard(state, other, now, health, random),
    }
}

/// What was begun, and could not go on, is taken away.
pub fn withdrawn(state: &DeliveryState, now: Now, health: &mut Health) -> DeliveryState {
    health.well();
    match state {
        DeliveryState::Withdrawing {
            reason,
            again: false,
            ..
        } => DeliveryState::NeedsOperator {
            reason: reason.clone(),
        },
        DeliveryState::Withdrawing { reason, .. } => DeliveryState::Waiting {
            next_at: later(now.steady, BLOCKED),
            reason: reason.clone(),
        },
        other => put_off(other, now.steady, None),
    }
}

fn withdrawing(state: &DeliveryState, now: Now, reason: Text, again: bool) -> DeliveryState {
    let next_at = now.steady;
    match state {
        DeliveryState::Begun { remote_id, .. } => DeliveryState::Withdrawing {
            remote_id: remote_id.clone(),
            next_at,
            reason,
            again,
        },
        other => put_off(other, next_at, Some(reason)),
    }
}

/// What the answer to a [`Action::GoOn`](super::Action::GoOn) comes to. What was carried out is read
/// back before anything else is sent; so an answer that does not tell costs a moment only.
pub fn after_go_on(
    state: &DeliveryState,
    (class, reply): (Class, Reply),
    now: Now,
    health: &mut Health,
    random: u64,
) -> DeliveryState {
    let going_on = matches!(state, DeliveryState::Begun { .. });
    match class {
        Class::Begun { remote_id, step } if going_on => {
            health.well();
            begun(remote_id, step, now.steady)
        }
        Class::Confirmed { .. } | Class::Begun { .. } => {
            health.well();
            put_off(state, now.steady, None)
        }
        Class::Refused { reason } | Class::NeedsOperator { reason } if going_on => {
            health.well();
            withdrawing(state, now, reason, false)
        }
        Class::Blocked { reason } if going_on => {
            health.well();
            withdrawing(state, now, reason, true)
        }
        Class::Ambiguous { reason } if reply == Reply::Heard => {
            put_off(state, later(now.steady, STEP_ASIDE), Some(reason))
        }
        // It was just read there: the address is right, and what was named is gone.
        Class::Misconfigured { reason } if reply == Reply::Heard => {
            put_off(state, later(now.steady, BLOCKED), Some(reason))
        }
        other => {
            let later_again = unheard(state, other, now, health, random);
            match reply {
                Reply::Lost { fence } => not_before(&later_again, later(now.steady, fence)),
                Reply::Heard | Reply::Over => later_again,
            }
        }
    }
}

/// The same state, but not before that moment.
fn not_before(state: &DeliveryState, at: Timestamp) -> DeliveryState {
    let next_at = state.next_at().map_or(at, |next_at| next_at.max(at));
    let why = match state {
        DeliveryState::Begun { reason, .. } => reason.clone(),
        _ => None,
    };
    put_off(state, next_at, why)
}

/// Nothing was found out: later again, in the same state.
fn unheard(
    state: &DeliveryState,
    class: Class,
    now: Now,
    health: &mut Health,
    random: u64,
) -> DeliveryState {
    let steady = now.steady;
    let (next_at, reason) = match class {
        Class::NotSent { reason } => (health.offline(steady, &reason, random), reason),
        Class::ClockSkew { skew } => (health.skewed(steady, skew, random), clock_reason()),
        Class::NotExecuted {
            reason,
            retry_after,
        } => {
            let next_at = health.troubled(steady, &reason, retry_after, random);
            (next_at, reason)
        }
        Class::Ambiguous { reason } => (health.troubled(steady, &reason, None, random), reason),
        Class::Parked { reason } => {
            let next_at = later(health.parked(steady, &reason), STEP_ASIDE);
            return parked(state, next_at, reason);
        }
        Class::Misconfigured { reason } => {
            return parked(state, later(steady, MISCONFIGURED), reason);
        }
        Class::Confirmed { .. } | Class::Begun { .. } => (
            later(steady, BLOCKED),
            Text::from("It is looked at again in a moment."),
        ),
        Class::Refused { reason } | Class::Blocked { reason } | Class::NeedsOperator { reason } => {
            (later(steady, REREAD.0), reason)
        }
    };
    put_off(state, next_at, Some(reason))
}

pub(super) fn begun(remote_id: Text, step: Text, next_at: Timestamp) -> DeliveryState {
    DeliveryState::Begun {
        remote_id,
        step,
        next_at,
        reason: None,
    }
}

/// The same state, later. What was not begun waits.
pub(super) fn put_off(
    state: &DeliveryState,
    next_at: Timestamp,
    why: Option<Text>,
) -> DeliveryState {
    match state {
        DeliveryState::Begun {
            remote_id, step, ..
        } => DeliveryState::Begun {
            remote_id: remote_id.clone(),
            step: step.clone(),
            next_at,
            reason: why,
        },
        DeliveryState::Withdrawing {
            remote_id,
            reason,
            again,
            ..
        } => DeliveryState::Withdrawing {
            remote_id: remote_id.clone(),
            next_at,
            reason: reason.clone(),
            again: *again,
        },
        _ => DeliveryState::Waiting {
            next_at,
            reason: why.unwrap_or_else(|| Text::from("It is looked at again in a moment.")),
        },
    }
}

fn parked(state: &DeliveryState, next_at: Timestamp, reason: Text) -> DeliveryState {
    match state {
        DeliveryState::Begun { .. } | DeliveryState::Withdrawing { .. } => {
            put_off(state, next_at, Some(reason))
        }
        _ => DeliveryState::Parked { reason, next_at },
    }
}
