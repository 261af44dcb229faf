use payment::{Approval, Fact, Intent, Method, Services, State, Text};

use super::support::*;
use crate::queue::{Due, Urgency, Write, WriteError, Written};

#[test]
fn a_repeat_with_the_same_key_is_answered_with_the_same_payment() {
    let desk = Desk::new();
    let first = desk.begin(intent(1), Due::default());
    let again = Intent {
        id: id(2),
        at: at(99),
        ..intent(1)
    };
    assert_eq!(
        desk.write(begin(again.clone(), due())),
        Ok(Written::Repeat(first.clone()))
    );
    // The answer is the payment as it stands now.
    let approved = desk.add(&first, Fact::Approved(Approval::default()), Due::default());
    assert_eq!(
        desk.write(begin(again, due())),
        Ok(Written::Repeat(approved))
    );
    let reader = desk.queue.reader().unwrap();
    assert_eq!(reader.payment(id(2)).unwrap(), None);
    assert!(reader.deliveries_of(id(1)).unwrap().is_empty());
    assert_eq!(reader.verify().unwrap(), 2);
}

#[test]
fn a_repeat_with_other_content_is_refused() {
    let desk = Desk::new();
    let first = desk.begin(intent(1), Due::default());
    for other in [
        Intent {
            method: Method::Cash,
            ..intent(1)
        },
        Intent {
            note: Some(Text::from("x")),
            ..intent(1)
        },
        with_item("5"),
        at_device(1, "desk2"),
        for_invoice(1, "INV-1"),
    ] {
        assert_eq!(
            desk.write(begin(other, due())),
            Ok(Written::OtherContent(first.clone()))
        );
    }
    assert_eq!(desk.queue.reader().unwrap().head().unwrap().0, 1);
}

/// What is paid for is a part of the intention, and is kept.
#[test]
fn a_repeat_with_the_same_items_is_the_same_payment() {
    let desk = Desk::new();
    let first = desk.begin(with_item("5"), Due::default());
    assert_eq!(first.intent.services.items.len(), 1);
    let again = desk.write(begin(with_item("5.00"), due()));
    assert_eq!(again, Ok(Written::Repeat(first.clone())));
    let other = desk.write(begin(with_item("5.01"), due()));
    assert_eq!(other, Ok(Written::OtherContent(first.clone())));
    let read = desk.queue.reader().unwrap().payment(first.intent.id);
    assert_eq!(read.unwrap().unwrap(), first);
}

fn with_item(amount: &str) -> Intent {
    let mut intent = intent(1);
    let currency = intent.money.currency();
    let items = [("Filling", amount)];
    intent.services = Services::new(Some("2026-11-20"), items.into_iter(), currency).unwrap();
    intent
}

#[test]
fn many_at_once_with_one_key_make_one_payment() {
    let desk = Desk::new();
    let threads: Vec<_> = (1..=16)
        .map(|number| {
            let queue = desk.queue.clone();
            let mut intent = intent(number);
            intent.key = "the one".parse().unwrap();
            std::thread::spawn(move || queue.submit(begin(intent, due()), Urgency::Now).wait())
        })
        .collect();
    let mut begun = Vec::new();
    let mut repeats = Vec::new();
    for thread in threads {
        match thread.join().unwrap() {
            Ok(Written::Payment(payment)) => begun.push(payment),
            Ok(Written::Repeat(payment)) => repeats.push(payment),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((begun.len(), repeats.len()), (1, 15));
    assert!(repeats.iter().all(|repeat| *repeat == begun[0]));
}

#[test]
fn receipt_numbers_have_no_gaps_per_device() {
    let desk = Desk::new();
    desk.begin(at_device(1, "desk1"), Due::default());
    desk.begin(at_device(2, "desk2"), Due::default());
    // Neither a repeat nor a refused write takes a number.
    desk.write(begin(at_device(1, "desk1"), Due::default()))
        .unwrap();
    let refused = Write::Begin {
        intent: at_device(3, "desk1"),
        then: vec![Fact::Completed],
        due: Due::default(),
    };
    assert!(matches!(desk.write(refused), Err(WriteError::Illegal(_))));
    let desk = desk.reopen();
    let next = desk.begin(at_device(4, "desk1"), Due::default());
    assert_eq!(next.receipt.to_string(), "desk1-000002");
    let next = desk.begin(at_device(5, "desk2"), Due::default());
    assert_eq!(next.receipt.to_string(), "desk2-000002");
    assert_eq!(desk.queue.reader().unwrap().verify().unwrap(), 4);
}

#[test]
fn what_cannot_follow_is_refused_and_changes_nothing() {
    let desk = Desk::new();
    let payment = desk.begin(intent(1), Due::default());
    let refused = desk.write(add(id(1), Fact::Completed, due()));
    assert!(
        matches!(refused, Err(WriteError::Illegal(_))),
        "{refused:?}"
    );
    assert_eq!(
        desk.write(add(id(9), Fact::Completed, due())),
        Err(WriteError::UnknownPayment(id(9)))
    );
    let mut same_id = intent(1);
    same_id.key = "another".parse().unwrap();
    let refused = desk.write(begin(same_id, due()));
    assert!(
        matches!(refused, Err(WriteError::Illegal(_))),
        "{refused:?}"
    );
    let reader = desk.queue.reader().unwrap();
    assert_eq!(reader.payment(id(1)).unwrap(), Some(payment));
    assert_eq!(reader.head().unwrap().0, 1);
}

#[test]
fn cash_is_begun_recorded_and_due_in_one_write() {
    let desk = Desk::new();
    let cash = Write::Begin {
        intent: Intent {
            method: Method::Cash,
            ..intent(1)
        },
        then: vec![Fact::Recorded],
        due: due(),
    };
    let Ok(Written::Payment(payment)) = desk.write(cash) else {
        panic!("refused");
    };
    assert_eq!(payment.state, State::Approved);
    let reader = desk.queue.reader().unwrap();
    let books = "books".parse().unwrap();
    assert_eq!(reader.deliveries_due(&books, at(0), 10).unwrap().len(), 1);
    assert_eq!(reader.jobs_due(&"front".parse().unwrap()).unwrap().len(), 1);
}
