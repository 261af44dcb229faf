//! What the person at the desk does next about a delivery: one sentence for every state (law 13).

use super::DeliveryState;

/// The next step for a delivery. `behind` is whether an earlier payment of its invoice goes first.
pub fn next_step(state: &DeliveryState, behind: bool) -> &'static str {
    match state {
        DeliveryState::Queued if behind => {
            "Nothing: it goes after the earlier payment of its invoice. Look whether that one waits \
             for a person."
        }
        DeliveryState::Queued | DeliveryState::Sending { .. } | DeliveryState::Begun { .. } => {
            "Nothing: it is sent by itself."
        }
        DeliveryState::Withdrawing { .. } => {
            "Nothing: what was begun is taken away again, and then you are told."
        }
        DeliveryState::Ambiguous { .. } | DeliveryState::Refused { .. } => {
            "Do not enter it by hand: it may be booked already. It is read back by itself, and sent \
             only if it is not there."
        }
        DeliveryState::Waiting { .. } => "Nothing: it is sent again by itself. Look at the reason.",
        DeliveryState::Parked { .. } => {
            "Mend what the reason says, then choose “Try again”. Nothing is lost meanwhile."
        }
        DeliveryState::NeedsOperator { .. } => {
            "Look at the reason, and decide: try again, send it to another invoice, or enter it by \
             hand and say so."
        }
        DeliveryState::Confirmed { .. } => "Done: the invoicing system has it.",
        DeliveryState::Handled { .. } => "Done: a person has seen to it.",
        DeliveryState::Superseded => "Done: it was cancelled before it was sent.",
    }
}
