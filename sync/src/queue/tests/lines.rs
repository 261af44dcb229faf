//! Random deliveries against the rule itself: a payment is due unless an earlier one of its invoice
//! is still open.

use payment::{PaymentId, Text};
use proptest::prelude::*;

use super::support::*;
use crate::{
    delivery::DeliveryState,
    queue::{Due, Write, WriteError},
};

/// `n` of the payments, for an invoice or none, is begun, approved or delivered.
#[derive(Debug, Clone)]
enum Op {
    Approve(u8),
    Deliver(u8, u8),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..9_u8).prop_map(Op::Approve),
        (0..9_u8, 0..6_u8).prop_map(|(number, state)| Op::Deliver(number, state)),
    ]
}

fn state(pick: u8) -> DeliveryState {
    let reason = Text::from("why");
    match pick {
        0 => DeliveryState::Sending { at: at(0) },
        1 => DeliveryState::Waiting {
            next_at: at(50),
            reason,
        },
        2 => DeliveryState::NeedsOperator { reason },
        3 => DeliveryState::Superseded,
        4 => DeliveryState::Queued,
        _ => DeliveryState::Confirmed { remote_id: None },
    }
}

fn ends(state: &DeliveryState) -> bool {
    matches!(
        state,
        DeliveryState::Confirmed { .. } | DeliveryState::Superseded
    )
}

/// Three payments each for A, for B and for no invoice.
fn invoice(number: u8) -> Option<&'static str> {
    [Some("A"), Some("B"), None][usize::from(number % 3)]
}

/// In the order of approval: number and state.
type Model = Vec<(u8, DeliveryState)>;

fn is_blocked(model: &Model, place: usize) -> bool {
    let line = invoice(model[place].0);
    line.is_some()
        && model[..place]
            .iter()
            .any(|(number, state)| invoice(*number) == line && !ends(state))
}

fn due_now(model: &Model) -> Vec<PaymentId> {
    let mut due: Vec<PaymentId> = (0..model.len())
        .filter(|place| model[*place].1.next_at().is_some_and(|next| next <= at(10)))
        .filter(|place| !is_blocked(model, *place))
        .map(|place| id(model[place].0))
        .collect();
    due.sort();
    due
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_due_follows_the_rule(ops in prop::collection::vec(op(), 1..40)) {
        let desk = Desk::new();
        let reader = desk.queue.reader().unwrap();
        let books = "books".parse().unwrap();
        let mut model = Model::new();
        for number in 0..9 {
            let intent = invoice(number).map_or_else(|| intent(number), |i| for_invoice(number, i));
            desk.begin(intent, due());
        }
        for op in ops {
            match op {
                Op::Approve(number) => {
                    let answer = desk.write(add(id(number), facts().remove(0), Due::default()));
                    let first = model.iter().all(|(known, _)| *known != number);
                    prop_assert_eq!(answer.is_ok(), first);
                    if first {
                        model.push((number, DeliveryState::Queued));
                    }
                }
                Op::Deliver(number, pick) => {
                    let Some(place) = model.iter().position(|(known, _)| *known == number) else {
                        continue;
                    };
                    let to = state(pick);
                    let answer = desk.write(Write::Delivery {
                        payment: id(number),
                        upstream: "books".parse().unwrap(),
                        state: to.clone(),
                        attempts: 0,
                        redirects: 0,
                        at: at(0),
                    });
                    if ends(&model[place].1) {
                        prop_assert!(matches!(answer, Err(WriteError::Ended(_))), "{:?}", answer);
                    } else if pick == 0 && is_blocked(&model, place) {
                        prop_assert!(matches!(answer, Err(WriteError::OutOfTurn { .. })), "{:?}", answer);
                    } else {
                        prop_assert!(answer.is_ok(), "{:?}", answer);
                        model[place].1 = to;
                    }
                }
            }
            let due = reader.deliveries_due(&books, at(10), 100).unwrap();
            let mut due: Vec<PaymentId> = due.into_iter().map(|d| d.payment.intent.id).collect();
            due.sort();
            prop_assert_eq!(due, due_now(&model));
        }
    }
}
