use std::sync::mpsc::{Sender, channel};

use payment::Fact;

use super::support::*;
use crate::queue::{Due, Queue, Urgency, WriteError, Written, writer::Message};

/// Holds the writer up, as a slow sync does, until the sender is dropped.
fn stall(queue: &Queue) -> Sender<()> {
    let (go, wait) = channel();
    queue.tell(Message::Stall(wait));
    go
}

#[test]
fn what_waits_for_the_writer_is_written_together_and_fails_alone() {
    let desk = Desk::new();
    desk.begin(intent(1), Due::default());
    let go = stall(&desk.queue);
    let submit = |write| desk.queue.submit(write, Urgency::Now);
    let answers = [
        submit(begin(intent(2), due())),
        submit(add(id(1), Fact::Completed, due())),
        submit(add(id(9), Fact::Recorded, due())),
        submit(add(id(1), Fact::Recorded, due())),
        submit(begin(intent(2), due())),
        submit(add(id(1), Fact::Recorded, due())),
    ];
    drop(go);
    let shown: Vec<&str> = answers
        .map(|answer| match answer.wait() {
            Ok(Written::Payment(_)) => "written",
            Ok(Written::Repeat(_)) => "repeat",
            Err(WriteError::Illegal(_)) => "illegal",
            Err(WriteError::UnknownPayment(_)) => "unknown",
            other => panic!("{other:?}"),
        })
        .to_vec();
    assert_eq!(
        shown,
        [
            "written", "illegal", "unknown", "written", "repeat", "illegal"
        ]
    );
    let reader = desk.queue.reader().unwrap();
    assert_eq!(reader.verify().unwrap(), 3);
    assert_eq!(reader.deliveries_of(id(1)).unwrap().len(), 1);
}

#[test]
fn a_crowd_shares_a_commit() {
    let desk = Desk::new();
    // The log is copied after the first write of a life, and is at rest after the second.
    desk.begin(intent(0), Due::default());
    desk.begin(intent(50), Due::default());
    // The log begins anew once all of it is copied, and its length is what was written since.
    let raw = desk.raw();
    let log = || -> u32 {
        // A connection that has read nothing yet knows of no log.
        raw.query_row("SELECT count(*) FROM payments", [], |_| Ok(()))
            .unwrap();
        raw.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
            .unwrap()
    };
    // A commit writes each page once, however many payments are on it.
    let frames = |count: u8, from: u8| {
        let go = stall(&desk.queue);
        log();
        let waiting: Vec<_> = (from..from + count)
            .map(|n| {
                desk.queue
                    .submit(begin(intent(n), Due::default()), Urgency::Now)
            })
            .collect();
        drop(go);
        for answer in waiting {
            answer.wait().unwrap();
        }
        log()
    };
    let one = frames(1, 1);
    let ten = frames(10, 2);
    assert!(ten < 3 * one, "one wrote {one} pages, ten wrote {ten}");
}

#[test]
fn a_lazy_write_goes_with_the_next_that_is_not() {
    let desk = Desk::new();
    let lazy = desk
        .queue
        .submit(begin(intent(1), Due::default()), Urgency::Lazy);
    let now = desk
        .queue
        .submit(begin(intent(2), Due::default()), Urgency::Now);
    now.wait().unwrap();
    // Its turn was first, so it is durable too.
    assert!(
        desk.queue
            .reader()
            .unwrap()
            .payment(id(1))
            .unwrap()
            .is_some()
    );
    lazy.wait().unwrap();
}

#[test]
fn a_lazy_write_does_not_wait_for_ever() {
    let desk = Desk::new();
    let lazy = desk
        .queue
        .submit(begin(intent(1), Due::default()), Urgency::Lazy);
    lazy.wait().unwrap();
    assert!(
        desk.queue
            .reader()
            .unwrap()
            .payment(id(1))
            .unwrap()
            .is_some()
    );
}

#[test]
fn what_nobody_waits_for_is_written_all_the_same() {
    let desk = Desk::new();
    drop(
        desk.queue
            .submit(begin(intent(1), Due::default()), Urgency::Now),
    );
    desk.begin(intent(2), Due::default());
    assert!(
        desk.queue
            .reader()
            .unwrap()
            .payment(id(1))
            .unwrap()
            .is_some()
    );
}

#[test]
fn more_than_the_inbox_holds_is_written_in_turn() {
    let desk = Desk::new();
    let waiting: Vec<_> = (0..3000_u32)
        .map(|n| {
            let mut intent = intent(1);
            intent.id = payment::PaymentId::new(
                at(0),
                [
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    n.to_be_bytes()[0],
                    n.to_be_bytes()[1],
                    n.to_be_bytes()[2],
                    n.to_be_bytes()[3],
                ],
            );
            intent.key = format!("{n}").parse().unwrap();
            desk.queue.submit(begin(intent, due()), Urgency::Now)
        })
        .collect();
    for (n, answer) in (1..).zip(waiting) {
        let Ok(Written::Payment(payment)) = answer.wait() else {
            panic!("number {n}");
        };
        assert_eq!(payment.receipt.seq(), n);
    }
    assert_eq!(desk.queue.reader().unwrap().verify().unwrap(), 3000);
}

#[tokio::test]
async fn an_answer_is_awaited_from_any_task() {
    fn any_task<T: Send>(future: T) -> T {
        future
    }
    let desk = Desk::new();
    let pending = any_task(
        desk.queue
            .submit(begin(intent(1), Due::default()), Urgency::Now),
    );
    let failed = any_task(desk.queue.failed());
    assert!(matches!(pending.await, Ok(Written::Payment(_))));
    drop(failed);
}
