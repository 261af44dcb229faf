//! What the person at the desk does next: one sentence for every state (law 13).

use crate::{Method, Payment, Purpose, State};

/// The next step for a payment, as a sentence for the person at the desk.
pub fn next_step(payment: &Payment) -> &'static str {
    let card = payment.intent.method == Method::Card;
    if crate::planted(13) && payment.state == State::InDoubt {
        return "";
    }
    match payment.intent.purpose {
        Purpose::Sale => sale(payment.state, card),
        Purpose::Cancel { .. } => cancel(payment.state, card),
        Purpose::Refund { .. } => refund(payment.state, card),
    }
}

fn sale(state: State, card: bool) -> &'static str {
    match state {
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

fn cancel(state: State, card: bool) -> &'static str {
    match state {
        State::Intended if card => "Wait: the cancel is about to go to the terminal.",
        State::Intended => "Wait: the cancel is being recorded.",
        State::AtTerminal | State::Approving => "Follow the terminal, and wait for its answer.",
        State::Approved if card => {
            "Done: the card's payment was taken back. Hand over the receipt."
        }
        State::Approved => {
            "Done: the cancel is recorded. Give the money back, and hand over the receipt."
        }
        State::Declined => {
            "The payment was not cancelled, and still stands. Look at the reason, or refund it."
        }
        State::Cancelled => {
            "The payment was not cancelled, and still stands. Start again if wanted."
        }
        State::InDoubt => {
            "Do not cancel or refund again. Look at the terminal's last receipt for a reversal of \
             the payment, and settle the cancel as approved or declined."
        }
    }
}

fn refund(state: State, card: bool) -> &'static str {
    match state {
        State::Intended if card => "Wait: the refund is about to go to the terminal.",
        State::Intended => "Wait: the refund is being recorded.",
        State::AtTerminal | State::Approving => {
            "Ask the patient to follow the terminal, and wait for its answer."
        }
        State::Approved if card => "Done: the money goes back to the card. Hand over the receipt.",
        State::Approved => {
            "Done: the refund is recorded. Give the money back, and hand over the receipt."
        }
        State::Declined => {
            "No money was given back. Look at the reason, and try again or give it back another way."
        }
        State::Cancelled => "No money was given back. Start again when the patient is ready.",
        State::InDoubt => {
            "Do not refund again. Compare the terminal's last receipt with this refund, \
             and settle it as approved or declined."
        }
    }
}
