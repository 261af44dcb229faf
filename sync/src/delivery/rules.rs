//! The rules of law 7: what to do next with a delivery. What an answer comes to is in [`super::answers`].

use std::time::Duration;

use jiff::Timestamp;
use payment::{Purpose, Text};

use super::{Delivery, DeliveryState, Health, UNFENCED, health::later, steps::put_off};
use crate::upstream::{Class, Doubt, HttpAnswer, HttpRequest, Plan, Unsendable, Upstream};

/// What the rules need to know of one upstream's section of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long an ambiguous request may still be carried out by the server. For iVvy: five
    /// minutes of tolerance for a request's date, five for a clock that is off, one to spare.
    pub fence: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let fence = Duration::from_mins(11);
        Self { fence }
    }
}

/// Two clocks. What is waited for is counted on the steady one, so that a clock that is set
/// never shortens a fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Never set: the time of day when the process began, plus what passed since.
    pub steady: Timestamp,
    /// The time of day.
    pub wall: Timestamp,
}

impl From<Timestamp> for Now {
    /// A clock that nobody sets.
    fn from(at: Timestamp) -> Self {
        Self {
            steady: at,
            wall: at,
        }
    }
}

/// What to do with a delivery.
#[derive(Debug)]
pub enum Action {
    /// Make [`sending`] durable, then send this.
    Send(HttpRequest),
    /// Make it durable that the booking was begun, then send this.
    GoOn {
        /// The upstream's own name for it.
        remote_id: Text,
        /// How far it has come.
        step: Text,
        /// The request.
        request: HttpRequest,
    },
    /// Send this, which changes nothing at the server, and look again with its answer.
    Ask(HttpRequest),
    /// Send this; it changes nothing at the server.
    ReadBack(HttpRequest),
    /// Nothing is sent; make durable what [`after_plan`](super::after_plan) makes of this.
    Stop(Class),
    /// Nothing is sent; make durable what [`withdrawn`](super::withdrawn) makes of this.
    Gone,
    /// Make this state durable; nothing is sent.
    Become(DeliveryState),
    /// Look again then.
    Wait(Timestamp),
    /// Nothing is left to do.
    Nothing,
}

/// What to do with a delivery now. `heard` are the answers to what was asked for just before.
pub fn next(
    delivery: &Delivery,
    now: Now,
    health: &Health,
    settings: Settings,
    upstream: &dyn Upstream,
    heard: &[HttpAnswer],
) -> Action {
    let state = &delivery.state;
    if let Some(at) = state.next_at().filter(|at| *at > now.steady) {
        return Action::Wait(at);
    }
    let at = health.server_time(now.wall);
    let payment = &delivery.payment;
    let booking = delivery.booking();
    let create = || or_operator(upstream.create(at, &booking), Action::Send);
    let plan = || match (planned(upstream.plan(at, &booking, heard)), heard.last()) {
        // A plan is made by the server's time; how far off our own is, the answer tells.
        (Action::Stop(Class::ClockSkew { .. }), Some(answer)) => {
            Action::Stop(upstream.classify(now.wall, answer))
        }
        (action, _) => action,
    };
    let resolve = || match upstream.doubt(now.wall, payment) {
        Doubt::ReadBack => or_operator(upstream.look_up(at, payment), Action::ReadBack),
        Doubt::SendAgain => create(),
        Doubt::Person => Action::Become(for_a_person(delivery)),
    };
    match state {
        // Queued again after it was sent: what happened to that request is not known.
        DeliveryState::Queued if delivery.attempts > 0 => resolve(),
        DeliveryState::Queued
        | DeliveryState::Waiting { .. }
        | DeliveryState::Parked { .. }
        | DeliveryState::Begun { .. } => plan(),
        DeliveryState::Withdrawing { .. } => planned(upstream.withdraw(at, &booking, heard)),
        DeliveryState::Sending { .. } => Action::Become(fenced(
            now,
            settings,
            &Text::from("The daemon stopped while the payment was being sent."),
        )),
        DeliveryState::Ambiguous {
            fenced_until,
            reason,
            ..
        } if *fenced_until == UNFENCED => Action::Become(fenced(now, settings, reason)),
        DeliveryState::Ambiguous { fenced_until, .. } if *fenced_until > now.steady => {
            Action::Wait(*fenced_until)
        }
        DeliveryState::Ambiguous { .. } => resolve(),
        DeliveryState::Refused { reason, .. } => match upstream.doubt(now.wall, payment) {
            Doubt::ReadBack => resolve(),
            // Its first request may have been booked all the same.
            Doubt::SendAgain if delivery.attempts > 1 => Action::Become(for_a_person(delivery)),
            // It would be refused again.
            Doubt::SendAgain | Doubt::Person => Action::Become(DeliveryState::NeedsOperator {
                reason: reason.clone(),
            }),
        },
        DeliveryState::Confirmed { .. }
        | DeliveryState::NeedsOperator { .. }
        | DeliveryState::Handled { .. }
        | DeliveryState::Superseded => Action::Nothing,
    }
}

/// The state to make durable before the first byte of a request leaves.
pub fn sending(now: Now) -> DeliveryState {
    DeliveryState::Sending { at: now.steady }
}

/// What a found row comes to when the process begins. Fences are armed again in full: how long
/// the process was away, no clock can tell for certain.
pub fn restarted(state: &DeliveryState, now: Now, settings: Settings) -> Option<DeliveryState> {
    let next_at = now.steady;
    Some(match state {
        DeliveryState::Sending { .. } if payment::planted(7) => DeliveryState::Waiting {
            next_at,
            reason: Text::from("It is sent again."),
        },
        DeliveryState::Sending { .. } => {
            let stopped = "The daemon stopped while the payment was being sent.";
            fenced(now, settings, &Text::from(stopped))
        }
        DeliveryState::Ambiguous { reason, .. } => fenced(now, settings, reason),
        // The daemon may have stopped in the middle of a step.
        DeliveryState::Begun { .. } | DeliveryState::Withdrawing { .. } => {
            put_off(state, later(now.steady, settings.fence), None)
        }
        DeliveryState::Refused { reason, .. } => DeliveryState::Refused {
            next_at,
            reason: reason.clone(),
        },
        DeliveryState::Waiting { reason, .. } => DeliveryState::Waiting {
            next_at,
            reason: reason.clone(),
        },
        DeliveryState::Parked { reason, .. } => DeliveryState::Parked {
            next_at,
            reason: reason.clone(),
        },
        DeliveryState::Queued
        | DeliveryState::Confirmed { .. }
        | DeliveryState::NeedsOperator { .. }
        | DeliveryState::Handled { .. }
        | DeliveryState::Superseded => return None,
    })
}

/// What a person's wish to try again comes to: it is read back first.
pub fn retried() -> DeliveryState {
    DeliveryState::Ambiguous {
        fenced_until: Timestamp::UNIX_EPOCH,
        next_at: Timestamp::UNIX_EPOCH,
        reason: Text::from("A person asked to try again."),
    }
}

fn planned(plan: Result<Plan, Unsendable>) -> Action {
    match plan {
        Ok(Plan::Ask(request)) => Action::Ask(request),
        Ok(Plan::Book(request)) => Action::Send(request),
        Ok(Plan::GoOn {
            remote_id,
            step,
            request,
        }) => Action::GoOn {
            remote_id,
            step,
            request,
        },
        Ok(Plan::Stop(class)) => Action::Stop(class),
        Ok(Plan::Gone) => Action::Gone,
        Err(Unsendable(reason)) if payment::planted(20) => {
            let name = Text::from("nobody");
            Action::Become(DeliveryState::Handled { name, reason })
        }
        Err(Unsendable(reason)) => Action::Become(DeliveryState::NeedsOperator { reason }),
    }
}

/// What a person reads who must find out what became of a request.
fn for_a_person(delivery: &Delivery) -> DeliveryState {
    let intent = &delivery.payment.intent;
    let (receipt, money) = (&delivery.payment.receipt, intent.money);
    let at = match &intent.invoice {
        Some(invoice) => format!("invoice {invoice}"),
        None => "the right invoice".to_owned(),
    };
    let what = match intent.purpose {
        Purpose::Sale => "payment",
        Purpose::Cancel { .. } => "cancel",
        Purpose::Refund { .. } => "refund",
    };
    let why = match &delivery.state {
        DeliveryState::Ambiguous { reason, .. } | DeliveryState::Refused { reason, .. } => {
            reason.as_str()
        }
        _ => "",
    };
    DeliveryState::NeedsOperator {
        reason: Text::new(&format!(
            "It may be booked already. Look in {} whether the {what} {receipt} of {money} is on {at}, \
             enter it there if it is not, and mark this delivery as handled. {why}",
            delivery.upstream
        )),
    }
}

pub(super) fn fenced(now: Now, settings: Settings, reason: &Text) -> DeliveryState {
    let fence = if payment::planted(17) {
        Duration::ZERO
    } else {
        settings.fence
    };
    let until = later(now.steady, fence);
    DeliveryState::Ambiguous {
        fenced_until: until,
        next_at: until,
        reason: reason.clone(),
    }
}

fn or_operator(
    request: Result<HttpRequest, Unsendable>,
    action: fn(HttpRequest) -> Action,
) -> Action {
    match request {
        Ok(request) => action(request),
        Err(Unsendable(reason)) => Action::Become(DeliveryState::NeedsOperator { reason }),
    }
}
