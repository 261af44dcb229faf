//! What a person decides about a delivery: in the journal, in the lines, and nowhere else.

use payment::{
    DeliveryAction, DeliveryDecision, Intent, Money, PaymentId, Purpose, Text, parse_currency,
};

use super::support::*;
use crate::{
    delivery::{DeliveryState, Undecidable},
    queue::{Due, Happened, OpenFilter, Reader, VerifyError, Write, WriteError, Written},
};

fn decide(number: u8, action: DeliveryAction) -> Write {
    let decision = DeliveryDecision {
        upstream: "books".parse().unwrap(),
        action,
        name: Text::from("Anna"),
        reason: Text::from("the patient has two invoices"),
    };
    Write::Decide {
        payment: id(number),
        decision,
        at: at(500),
    }
}

fn send_to(number: u8, invoice: &str) -> Write {
    let invoice = invoice.parse().unwrap();
    decide(number, DeliveryAction::SendTo { invoice })
}

fn moved(number: u8, state: DeliveryState, (attempts, redirects): (u32, u32)) -> Write {
    Write::Delivery {
        payment: id(number),
        upstream: "books".parse().unwrap(),
        state,
        attempts,
        redirects,
        at: at(0),
    }
}

/// All is taken back, or 5.00 EUR go back.
fn names(number: u8, purpose: Purpose, invoice: Option<&str>) -> Intent {
    let minor = match purpose {
        Purpose::Refund { .. } => 500,
        Purpose::Sale | Purpose::Cancel { .. } => 1010,
    };
    Intent {
        purpose,
        money: Money::from_minor(minor, parse_currency("EUR").unwrap()).unwrap(),
        invoice: invoice.map(|i| i.parse().unwrap()),
        ..intent(number)
    }
}

fn asked() -> DeliveryState {
    DeliveryState::NeedsOperator {
        reason: Text::from("the invoice is closed"),
    }
}

const CONFIRMED: DeliveryState = DeliveryState::Confirmed { remote_id: None };

/// What is due now, and to which invoice.
fn due_now(reader: &Reader) -> Vec<(PaymentId, Option<String>)> {
    let due = reader.deliveries_due(&"books".parse().unwrap(), at(10), 100);
    let told = |d: crate::delivery::Delivery| {
        let intent = d.payment.intent;
        (intent.id, intent.invoice.map(String::from))
    };
    let mut due: Vec<_> = due.unwrap().into_iter().map(told).collect();
    due.sort();
    due
}

fn on(number: u8, invoice: &str) -> (PaymentId, Option<String>) {
    (id(number), Some(invoice.to_owned()))
}

#[test]
fn a_payment_is_sent_to_another_invoice_and_stays_as_it_is() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let first = desk.approved(for_invoice(1, "A"), due());
    desk.approved(for_invoice(2, "A"), due());
    desk.approved(for_invoice(3, "B"), due());
    let refund = Purpose::Refund { of: id(1) };
    desk.approved(names(4, refund, Some("A")), due());
    let before = reader.head().unwrap().0;
    desk.write(moved(1, asked(), (1, 0))).unwrap();
    assert_eq!(due_now(&reader), [on(3, "B")]);

    assert_eq!(desk.write(send_to(1, "B")), Ok(Written::Done));
    // A goes on, and the payment waits behind what was for B before; its refund goes with it.
    assert_eq!(due_now(&reader), [on(2, "A"), on(3, "B")]);
    desk.write(moved(3, CONFIRMED, (1, 0))).unwrap();
    assert_eq!(due_now(&reader), [on(1, "B"), on(2, "A")]);
    let row = &reader.deliveries_of(id(1)).unwrap()[0];
    assert_eq!((row.attempts, row.redirects), (0, 1));
    desk.write(moved(1, CONFIRMED, (1, 1))).unwrap();
    assert_eq!(due_now(&reader), [on(2, "A"), on(4, "B")]);
    // What names it later goes there too.
    desk.write(moved(4, CONFIRMED, (1, 0))).unwrap();
    desk.begin(names(5, Purpose::Refund { of: id(1) }, Some("A")), due());
    let told = &reader.deliveries_of(id(5)).unwrap()[0].payment;
    assert_eq!(told.intent.invoice.as_ref().unwrap().as_str(), "B");

    assert_eq!(reader.payment(id(1)).unwrap(), Some(first));
    let entry = &reader.events_after(before, 10).unwrap()[0];
    assert_eq!(entry.happened.kind(), "delivery_decided");
    let Happened::Delivery { payment, decision } = &entry.happened else {
        panic!("{entry:?}");
    };
    assert_eq!((*payment, decision.name.as_str()), (id(1), "Anna"));
    assert_eq!(decision.action.as_str(), "send_to");
    assert_eq!(entry.device.as_str(), "desk1");
    reader.verify().unwrap();
}

/// A refund that a person had sent elsewhere goes with its payment, too, when that is sent on.
#[test]
fn a_refund_that_was_sent_elsewhere_follows_its_payment_and_that_is_no_manipulation() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    desk.approved(for_invoice(1, "A"), due());
    desk.approved(names(2, Purpose::Refund { of: id(1) }, Some("A")), due());
    desk.write(send_to(2, "C")).unwrap();
    reader.verify().unwrap();
    desk.write(moved(1, asked(), (1, 0))).unwrap();
    desk.write(send_to(1, "B")).unwrap();
    let told = &reader.deliveries_of(id(2)).unwrap()[0].payment;
    assert_eq!(told.intent.invoice.as_ref().unwrap().as_str(), "B");
    reader.verify().unwrap();
    // Its own word comes after that of its payment.
    desk.write(send_to(2, "C")).unwrap();
    reader.verify().unwrap();
    for change in [
        "place = 'off', invoice = 'B'",
        "invoice = 'D'",
        "invoice = NULL",
    ] {
        let change = format!("UPDATE outbox SET {change} WHERE payment = ?1");
        desk.raw().execute(&change, [id(2).as_bytes()]).unwrap();
        let found = reader.verify();
        assert!(matches!(found, Err(VerifyError::Delivery(_))), "{found:?}");
    }
}

/// A refund that a person had sent there before stands behind its payment once that comes, or each would
/// wait for the other.
#[test]
fn a_refund_goes_behind_its_payment_where_it_was_sent_before() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    desk.approved(for_invoice(1, "A"), due());
    desk.approved(names(2, Purpose::Refund { of: id(1) }, Some("A")), due());
    desk.write(moved(1, asked(), (1, 0))).unwrap();
    desk.write(send_to(2, "B")).unwrap();
    desk.write(send_to(1, "B")).unwrap();
    assert_eq!(due_now(&reader), [on(1, "B")]);
    desk.write(moved(1, CONFIRMED, (1, 1))).unwrap();
    assert_eq!(due_now(&reader), [on(2, "B")]);
    reader.verify().unwrap();
}

/// Who writes another invoice into the outbox without a word in the journal is found out.
#[test]
fn a_delivery_that_goes_elsewhere_without_a_decision_is_found() {
    for change in [
        "UPDATE outbox SET invoice = 'C' WHERE n = 1",
        "UPDATE outbox SET invoice = 'C' WHERE n = 2",
        "UPDATE outbox SET redirects = 1 WHERE n = 2",
    ] {
        let desk = Desk::new();
        desk.approved(for_invoice(1, "A"), due());
        desk.approved(for_invoice(2, "A"), due());
        desk.write(send_to(1, "B")).unwrap();
        let reader = desk.queue.reader().unwrap();
        reader.verify().unwrap();
        desk.raw().execute(change, []).unwrap();
        let found = reader.verify();
        assert!(
            matches!(found, Err(VerifyError::Delivery(_))),
            "{change}: {found:?}"
        );
    }
}

#[test]
fn what_waits_is_counted_and_listed_those_for_a_person_first() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    for number in 1..=4 {
        desk.approved(for_invoice(number, "A"), due());
    }
    desk.begin(for_invoice(5, "A"), due());
    desk.write(moved(1, CONFIRMED, (1, 0))).unwrap();
    desk.write(moved(3, asked(), (1, 0))).unwrap();
    let counts = reader.open_counts().unwrap();
    let books = "books".parse().unwrap();
    assert_eq!(counts[&books]["needs_operator"], 1);
    assert_eq!(counts[&books]["queued"], 2);
    let list = |filter: OpenFilter| -> Vec<(PaymentId, bool)> {
        let open = reader.open_deliveries(&filter).unwrap();
        open.into_iter()
            .map(|o| (o.delivery.payment.intent.id, o.behind))
            .collect()
    };
    let all = OpenFilter {
        limit: 10,
        ..OpenFilter::default()
    };
    assert_eq!(
        list(all.clone()),
        [(id(3), true), (id(2), false), (id(4), true)]
    );
    let queued = OpenFilter {
        state: Some("queued".to_owned()),
        after: Some(2),
        upstream: Some(books),
        limit: 1,
    };
    assert_eq!(list(queued), [(id(4), true)]);
    let elsewhere = OpenFilter {
        upstream: Some("other".parse().unwrap()),
        ..all
    };
    assert_eq!(list(elsewhere), []);
}

/// The worker made a request for A; a person sends the payment to B before it leaves.
#[test]
fn a_request_for_the_old_invoice_is_not_sent_any_more() {
    let desk = Desk::new();
    desk.approved(for_invoice(1, "A"), due());
    desk.write(send_to(1, "B")).unwrap();
    let sending = DeliveryState::Sending { at: at(0) };
    let late = desk.write(moved(1, sending.clone(), (1, 0)));
    assert!(
        matches!(late, Err(WriteError::Redirected { .. })),
        "{late:?}"
    );
    desk.write(moved(1, sending, (1, 1))).unwrap();
    // And what may have left is not sent elsewhere.
    let refused = desk.write(send_to(1, "C"));
    assert_eq!(refused, Err(Undecidable::Sending.into()));
    let lost = DeliveryState::Ambiguous {
        fenced_until: at(99),
        next_at: at(99),
        reason: Text::from("lost"),
    };
    desk.write(moved(1, lost, (1, 1))).unwrap();
    assert_eq!(
        desk.write(send_to(1, "C")),
        Err(Undecidable::MayBeBooked.into())
    );
    // Nothing of what was refused is in the journal.
    let reader = desk.queue.reader().unwrap();
    assert_eq!(reader.verify().unwrap(), 4);
}

#[test]
fn without_an_invoice_a_refund_still_waits_for_its_sale() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    desk.approved(for_invoice(1, "A"), due());
    desk.write(decide(1, DeliveryAction::Unallocate)).unwrap();
    desk.approved(names(2, Purpose::Refund { of: id(1) }, Some("A")), due());
    assert_eq!(due_now(&reader), [(id(1), None)]);
    let early = desk.write(moved(2, DeliveryState::Sending { at: at(0) }, (1, 0)));
    assert!(
        matches!(early, Err(WriteError::OutOfTurn { .. })),
        "{early:?}"
    );
    desk.write(moved(1, CONFIRMED, (1, 1))).unwrap();
    assert_eq!(due_now(&reader), [(id(2), None)]);
}

#[test]
fn what_is_kept_or_entered_by_hand_is_over() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    for (number, action) in [(1, DeliveryAction::Keep), (2, DeliveryAction::Entered)] {
        desk.approved(for_invoice(number, "A"), due());
        desk.write(moved(number, asked(), (1, 0))).unwrap();
        desk.write(decide(number, action.clone())).unwrap();
        let row = &reader.deliveries_of(id(number)).unwrap()[0];
        assert_eq!(row.state.as_str(), "handled");
        assert_eq!(
            desk.write(decide(number, action)),
            Err(Undecidable::Ended("handled").into())
        );
    }
    assert_eq!(due_now(&reader), []);
    let unknown = desk.write(decide(9, DeliveryAction::Retry));
    assert!(
        matches!(unknown, Err(WriteError::UnknownDelivery { .. })),
        "{unknown:?}"
    );
    desk.begin(intent(3), due());
    let early = desk.write(decide(3, DeliveryAction::Entered));
    assert_eq!(early, Err(Undecidable::NotApproved.into()));
    reader.verify().unwrap();
}

#[test]
fn a_cancel_of_what_never_left_makes_both_needless() {
    let waiting = DeliveryState::Waiting {
        next_at: at(900),
        reason: Text::from("away"),
    };
    let sent = DeliveryState::Sending { at: at(0) };
    for (state, attempts, superseded) in [
        (DeliveryState::Queued, 0, true),
        (waiting.clone(), 0, true),
        (waiting, 1, false),
        (sent, 1, false),
        (asked(), 0, false),
        (CONFIRMED, 1, false),
    ] {
        let desk = Desk::new();
        let reader = desk.queue.reader().unwrap();
        desk.approved(for_invoice(1, "A"), due());
        desk.approved(for_invoice(2, "A"), due());
        desk.write(moved(1, state.clone(), (attempts, 0))).unwrap();
        desk.approved(names(3, Purpose::Cancel { of: id(1) }, Some("A")), due());
        let stands = |number| reader.deliveries_of(id(number)).unwrap()[0].state.clone();
        let (sale, cancel) = (stands(1), stands(3));
        if superseded {
            assert_eq!(
                (sale, cancel),
                (DeliveryState::Superseded, DeliveryState::Superseded)
            );
            assert_eq!(due_now(&reader), [on(2, "A")], "the next goes on");
            let late = desk.write(moved(1, DeliveryState::Sending { at: at(0) }, (1, 0)));
            assert!(matches!(late, Err(WriteError::Ended(_))), "{late:?}");
        } else {
            assert_eq!((sale, cancel), (state, DeliveryState::Queued));
        }
    }
    // A refund takes nothing back: the sale is told, and the refund after it.
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    desk.approved(for_invoice(1, "A"), due());
    desk.approved(names(2, Purpose::Refund { of: id(1) }, Some("A")), due());
    assert_eq!(due_now(&reader), [on(1, "A")]);
    // A cancel that is not approved yet supersedes nothing.
    desk.approved(for_invoice(3, "B"), due());
    let cancel = Purpose::Cancel { of: id(3) };
    desk.begin(names(4, cancel, Some("B")), Due::default());
    assert_eq!(due_now(&reader), [on(1, "A"), on(3, "B")]);
}
