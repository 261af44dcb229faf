//! What the person at the desk does next: one sentence for every state (law 13).

use crate::{Method, Payment, State};

/// The next step for a payment, as a sentence for the person at the desk.
pub fn next_step(payment: &Payment) -> &'static str {
    let card = payment.intent.method == Method::Card;
    match payment.state {
        State::Intended if card => "Wait: the payment is about to go to the terminal.",
        State::Intended => "Wait: the payment is being recorded.",
        State::AtTerminal | State::Approving => {
            "Ask the patient to follow the terminal, and wait for its answer."
        }
        State::Approved if card => "Done: the card was charged. Hand over the receipt.",
        State::Approved => "Done: the payment is recorded. Hand over the receipt.",
        State::Declined => {
            "No money was taken. Try again, or take another card or another way to pay."
        }
        State::Cancelled => "No money was taken. Start again when the patient is ready.",
        State::InDoubt => {
            "Do not charge again. Compare the terminal's last receipt with this payment, \
             and settle it as approved or declined."
        }
    }
}
