//! What a person may decide about a delivery, and what it comes to.

use jiff::Timestamp;
use payment::{DeliveryAction, DeliveryDecision, Text};

use super::{DeliveryState, rules::retried};
use crate::upstream::Abilities;

/// What a decision comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Where the delivery stands now.
    pub state: DeliveryState,
    /// How often it was sent, as far as the rules must still mind it.
    pub attempts: u32,
}

/// Why something cannot be decided about a delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecidable {
    /// The payment was not approved.
    #[error("the payment is not approved, so nothing is told of it; look at the payment")]
    NotApproved,
    /// It is over.
    #[error(
        "it has ended as {0}, and nothing is left to decide; make a cancel or a refund instead"
    )]
    Ended(&'static str),
    /// It is on its way at this moment.
    #[error("it is being sent at this moment; wait a minute, and look again")]
    Sending,
    /// It may be booked already.
    #[error("it was sent and may be booked already; wait until that is known, then decide again")]
    MayBeBooked,
}

/// What a decision comes to.
///
/// # Errors
/// When it cannot be decided now. What may be booked is never sent again on a person's word alone:
/// first it is known, or the person is asked.
pub fn decided(
    state: &DeliveryState,
    attempts: u32,
    decision: &DeliveryDecision,
) -> Result<Decided, Undecidable> {
    let stays = |state| Ok(Decided { state, attempts });
    match &decision.action {
        DeliveryAction::Retry => match hurried(state, attempts) {
            Ok(state) => stays(state),
            Err(why) => Err(why),
        },
        DeliveryAction::SendTo { .. } | DeliveryAction::Unallocate => {
            may_redirect(state, attempts)?;
            let (state, attempts) = (DeliveryState::Queued, 0);
            Ok(Decided { state, attempts })
        }
        DeliveryAction::Keep => {
            may_redirect(state, attempts)?;
            let reason = format!(
                "Kept at the desk as unallocated, and not told to {}: {}",
                decision.upstream, decision.reason
            );
            let reason = Text::new(&reason);
            let name = decision.name.clone();
            stays(DeliveryState::Handled { name, reason })
        }
        DeliveryAction::Entered => {
            may_redirect(state, attempts)?;
            let (name, reason) = (decision.name.clone(), decision.reason.clone());
            stays(DeliveryState::Handled { name, reason })
        }
    }
}

/// The words of what a person may decide now, in the order in which they are offered.
pub fn actions(state: &DeliveryState, attempts: u32, can: Abilities) -> Vec<&'static str> {
    let mut words = Vec::new();
    if hurried(state, attempts).is_ok() {
        words.push("retry");
    }
    if may_redirect(state, attempts).is_ok() {
        words.push("send_to");
        words.push(if can.unallocated {
            "unallocate"
        } else {
            "keep"
        });
        words.push("entered");
    }
    words
}

/// Tried again at once. A fence stays as long as it is.
fn hurried(state: &DeliveryState, attempts: u32) -> Result<DeliveryState, Undecidable> {
    let now = Timestamp::UNIX_EPOCH;
    Ok(match state {
        DeliveryState::Queued => DeliveryState::Queued,
        DeliveryState::NeedsOperator { .. } if attempts == 0 => DeliveryState::Queued,
        DeliveryState::NeedsOperator { .. } => retried(),
        // It goes on by itself, and a step that may still be at work is waited for.
        DeliveryState::Begun { .. } | DeliveryState::Withdrawing { .. } => state.clone(),
        DeliveryState::Waiting { reason, .. } => DeliveryState::Waiting {
            next_at: now,
            reason: reason.clone(),
        },
        DeliveryState::Parked { reason, .. } => DeliveryState::Parked {
            next_at: now,
            reason: reason.clone(),
        },
        DeliveryState::Refused { reason, .. } => DeliveryState::Refused {
            next_at: now,
            reason: reason.clone(),
        },
        DeliveryState::Ambiguous {
            fenced_until,
            reason,
            ..
        } => DeliveryState::Ambiguous {
            fenced_until: *fenced_until,
            next_at: *fenced_until,
            reason: reason.clone(),
        },
        DeliveryState::Sending { .. } => return Err(Undecidable::Sending),
        DeliveryState::Confirmed { .. }
        | DeliveryState::Handled { .. }
        | DeliveryState::Superseded => return Err(Undecidable::Ended(state.as_str())),
    })
}

/// Whether it is certain, or a person was asked to make certain, that nothing is booked.
fn may_redirect(state: &DeliveryState, attempts: u32) -> Result<(), Undecidable> {
    match state {
        DeliveryState::NeedsOperator { .. } => Ok(()),
        DeliveryState::Queued | DeliveryState::Waiting { .. } | DeliveryState::Parked { .. } => {
            if attempts == 0 {
                Ok(())
            } else {
                Err(Undecidable::MayBeBooked)
            }
        }
        DeliveryState::Sending { .. } => Err(Undecidable::Sending),
        DeliveryState::Begun { .. }
        | DeliveryState::Withdrawing { .. }
        | DeliveryState::Ambiguous { .. }
        | DeliveryState::Refused { .. } => Err(Undecidable::MayBeBooked),
        DeliveryState::Confirmed { .. }
        | DeliveryState::Handled { .. }
        | DeliveryState::Superseded => Err(Undecidable::Ended(state.as_str())),
    }
}

/// Whether a cancel of the payment makes both needless: nothing of it ever left.
pub fn never_left(state: &DeliveryState, attempts: u32) -> bool {
    match state {
        DeliveryState::Queued | DeliveryState::Waiting { .. } | DeliveryState::Parked { .. } => {
            attempts == 0
        }
        // A person may have entered it by hand already.
        DeliveryState::NeedsOperator { .. }
        | DeliveryState::Sending { .. }
        | DeliveryState::Begun { .. }
        | DeliveryState::Withdrawing { .. }
        | DeliveryState::Ambiguous { .. }
        | DeliveryState::Refused { .. }
        | DeliveryState::Confirmed { .. }
        | DeliveryState::Handled { .. }
        | DeliveryState::Superseded => false,
    }
}
