//! Cancels and refunds through the queue: the rules hold in the transaction that begins them.

use payment::{
    Approval, CannotReturn, Fact, Intent, Mark, Method, Money, Payment, Purpose, State, StoredKind,
    parse_currency,
};

use super::support::*;
use crate::{
    delivery::DeliveryState,
    queue::{CloseOutcome, Due, Urgency, Write, WriteError, Written},
};

fn refund(number: u8, of: u8, minor: i64) -> Intent {
    Intent {
        purpose: Purpose::Refund { of: id(of) },
        money: Money::from_minor(minor, parse_currency("EUR").unwrap()).unwrap(),
        ..intent(number)
    }
}

fn cancel(number: u8, of: u8) -> Intent {
    Intent {
        purpose: Purpose::Cancel { of: id(of) },
        ..intent(number)
    }
}

fn refused(desk: &Desk, intent: Intent) -> CannotReturn {
    match desk.write(begin(intent, Due::default())) {
        Err(WriteError::CannotReturn(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn close(desk: &Desk, number: u8, device: &str) {
    desk.write(begin_close(number, device)).unwrap();
    let closed = CloseOutcome::Closed(payment::closing::DayTotals::default());
    desk.write(end_close(number, closed)).unwrap();
}

#[test]
fn refunds_up_to_the_payment_and_no_further() {
    let desk = Desk::new();
    desk.approved(intent(1), Due::default());
    let first = desk.begin(refund(2, 1, 400), Due::default());
    let why = refused(&desk, refund(3, 1, 611));
    assert!(
        matches!(why, CannotReturn::TooMuch { left, .. } if left.minor() == 610),
        "{why}"
    );
    desk.add(&first, facts().remove(3), Due::default());
    desk.approved(refund(4, 1, 1000), Due::default());
    desk.approved(refund(5, 1, 10), Due::default());
    let why = refused(&desk, refund(6, 1, 1));
    assert!(matches!(why, CannotReturn::NothingLeft(_)), "{why}");
    // A repeat is answered, and takes nothing more.
    let again = desk.write(begin(refund(4, 1, 1000), Due::default()));
    assert!(matches!(again, Ok(Written::Repeat(_))), "{again:?}");
    let reader = desk.queue.reader().unwrap();
    let linked = reader.linked(id(1)).unwrap();
    let ids: Vec<_> = linked.iter().map(|p: &Payment| p.intent.id).collect();
    assert_eq!(ids, [id(2), id(4), id(5)]);
    assert!(reader.linked(id(2)).unwrap().is_empty());
    assert_eq!(reader.verify().unwrap(), 11);
}

#[test]
fn a_cancel_is_refused_after_any_refund_and_elsewhere() {
    let desk = Desk::new();
    desk.approved(intent(1), Due::default());
    let elsewhere = Intent {
        device: "desk2".parse().unwrap(),
        ..cancel(2, 1)
    };
    let why = refused(&desk, elsewhere);
    assert!(matches!(why, CannotReturn::OtherDevice { .. }), "{why}");
    desk.begin(refund(3, 1, 1), Due::default());
    let why = refused(&desk, cancel(4, 1));
    assert!(matches!(why, CannotReturn::Touched(_)), "{why}");
    let unknown = desk.write(begin(cancel(5, 99), Due::default()));
    assert_eq!(unknown, Err(WriteError::UnknownPayment(id(99))));
    let running = desk.begin(intent(6), Due::default());
    let why = refused(&desk, cancel(7, 6));
    assert!(
        matches!(why, CannotReturn::NotApproved(_)),
        "{why} {running:?}"
    );
}

/// The journal's order counts, not clocks: the payment's last fact is dated long after the close.
#[test]
fn a_card_cancel_is_refused_once_the_day_was_closed() {
    let desk = Desk::new();
    desk.approved(intent(1), Due::default());
    close(&desk, 50, "desk2");
    desk.approved(cancel(2, 1), Due::default());

    desk.approved(intent(3), Due::default());
    desk.write(begin_close(51, "desk1")).unwrap();
    desk.write(end_close(51, CloseOutcome::Refused("no".into())))
        .unwrap();
    let cash = Intent {
        method: Method::Cash,
        ..intent(4)
    };
    let recorded = |intent| Write::Begin {
        intent,
        then: vec![Fact::Recorded],
        due: Due::default(),
    };
    desk.write(recorded(cash)).unwrap();
    close(&desk, 52, "desk1");
    let why = refused(&desk, cancel(5, 3));
    assert!(matches!(why, CannotReturn::DayClosed(_)), "{why}");
    desk.begin(refund(6, 3, 1010), Due::default());
    let cash = Intent {
        method: Method::Cash,
        ..cancel(7, 4)
    };
    desk.write(recorded(cash)).unwrap();
    // A payment after the close is of the new day.
    desk.approved(intent(8), Due::default());
    desk.begin(cancel(9, 8), Due::default());
    desk.queue.reader().unwrap().verify().unwrap();
}

#[test]
fn many_refunds_at_once_give_back_no_more_than_was_paid() {
    let desk = Desk::new();
    desk.approved(intent(1), Due::default());
    let answers: Vec<_> = (2..22)
        .map(|number| {
            desk.queue
                .submit(begin(refund(number, 1, 101), Due::default()), Urgency::Now)
        })
        .collect();
    let begun = answers
        .into_iter()
        .filter_map(|answer| answer.wait().ok())
        .count();
    assert_eq!(begun, 10);
}

/// A sale goes first, and what names it follows in the same line; a person then says it is done.
#[test]
fn a_refund_waits_for_its_sale_and_is_handled_by_a_person() {
    let desk = Desk::new();
    let for_invoice = |intent: Intent| Intent {
        invoice: Some("156".parse().unwrap()),
        ..intent
    };
    desk.approved(for_invoice(intent(1)), due());
    desk.approved(for_invoice(refund(2, 1, 10)), due());
    desk.approved(for_invoice(intent(3)), due());
    let reader = desk.queue.reader().unwrap();
    let books = || "books".parse().unwrap();
    let head = || {
        let due = reader.deliveries_due(&books(), at(0), 10).unwrap();
        due.into_iter()
            .map(|d| (d.payment.intent.id, d.original))
            .collect::<Vec<_>>()
    };
    let moved = |number, state| {
        desk.write(Write::Delivery {
            payment: id(number),
            upstream: books(),
            state,
            attempts: 0,
            redirects: 0,
            at: at(0),
        })
    };
    let handled = || DeliveryState::Handled {
        name: "Anna".into(),
        reason: "entered by hand".into(),
    };
    assert_eq!(head(), [(id(1), None)]);
    let early = moved(1, handled());
    assert_eq!(early, Err(WriteError::NotForOperator("queued".to_owned())));
    moved(1, DeliveryState::Confirmed { remote_id: None }).unwrap();
    assert_eq!(head(), [(id(2), Some("desk1-000001".parse().unwrap()))]);
    let asked = DeliveryState::NeedsOperator {
        reason: "enter it".into(),
    };
    moved(2, asked).unwrap();
    assert_eq!(head(), []);
    moved(2, handled()).unwrap();
    assert_eq!(head(), [(id(3), None)]);
    assert_eq!(
        moved(2, handled()),
        Err(WriteError::Ended("handled".to_owned()))
    );
}

#[test]
fn the_last_mark_is_the_last_approval_of_the_device() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let device = "desk1".parse().unwrap();
    assert_eq!(reader.last_mark(&device).unwrap(), None);
    let approved = |intent: Intent, number: u32| {
        let payment = desk.begin(intent, Due::default());
        let approval = Approval {
            terminal_receipt: Some(number),
            trace: Some(number + 100),
            ..Approval::default()
        };
        desk.add(&payment, Fact::Approved(approval), Due::default());
        desk.add(&payment, Fact::Completed, Due::default())
    };
    let mark = |transaction, number: u32| Mark::Transaction {
        transaction,
        terminal_id: None,
        terminal_receipt: Some(number),
        trace: Some(number + 100),
        money: None,
        terminal_time: None,
    };
    assert_eq!(approved(intent(1), 7).state, State::Approved);
    assert_eq!(
        reader.last_mark(&device).unwrap(),
        Some(mark(StoredKind::Payment, 7))
    );
    approved(cancel(2, 1), 8);
    let reversal = StoredKind::Reversal {
        original_trace: Some(107),
    };
    assert_eq!(reader.last_mark(&device).unwrap(), Some(mark(reversal, 8)));
    approved(at_device(3, "desk2"), 9);
    assert_eq!(reader.last_mark(&device).unwrap(), Some(mark(reversal, 8)));
}
