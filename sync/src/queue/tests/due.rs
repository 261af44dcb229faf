use payment::{Approval, Fact, Text};

use super::support::*;
use crate::{
    delivery::DeliveryState,
    queue::{Due, JobKind, JobState, Listing, Printed, Reader, Write, WriteError, Written},
};

fn move_delivery(number: u8, state: DeliveryState) -> Write {
    Write::Delivery {
        payment: id(number),
        upstream: "books".parse().unwrap(),
        state,
        attempts: 1,
        redirects: 0,
        at: at(0),
    }
}

/// The payments due to `books` at second `now`.
fn due_at(reader: &Reader, now: i64) -> Vec<payment::PaymentId> {
    let books = "books".parse().unwrap();
    let due = reader.deliveries_due(&books, at(now), 100).unwrap();
    due.into_iter().map(|d| d.payment.intent.id).collect()
}

fn confirmed() -> DeliveryState {
    DeliveryState::Confirmed {
        remote_id: Some(Text::from("R1")),
    }
}

fn waiting(until: i64) -> DeliveryState {
    DeliveryState::Waiting {
        next_at: at(until),
        reason: Text::from("busy"),
    }
}

fn refused() -> DeliveryState {
    DeliveryState::NeedsOperator {
        reason: Text::from("unknown invoice"),
    }
}

#[test]
fn nothing_is_due_before_its_payment_is_approved() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let front = "front".parse().unwrap();
    let books = "books".parse().unwrap();
    let payment = desk.begin(intent(1), due());
    let approving = desk.add(&payment, Fact::Approved(Approval::default()), due());
    assert!(due_at(&reader, 0).is_empty());
    assert_eq!(reader.next_delivery_at(&books).unwrap(), None);
    assert!(reader.jobs_due(&front).unwrap().is_empty());
    assert_eq!(reader.jobs_of(id(1)).unwrap().len(), 1);
    assert_eq!(
        desk.write(move_delivery(1, DeliveryState::Sending { at: at(0) })),
        Err(WriteError::OutOfTurn {
            payment: id(1),
            upstream: books.clone()
        })
    );
    desk.add(&approving, Fact::Completed, due());
    // Once, however often it fell due.
    assert_eq!(due_at(&reader, 0), [id(1)]);
    assert!(reader.next_delivery_at(&books).unwrap().unwrap() < at(0));
    assert_eq!(reader.jobs_due(&front).unwrap().len(), 1);
    assert_eq!(reader.jobs_of(id(1)).unwrap().len(), 1);
    assert_eq!(reader.deliveries_of(id(1)).unwrap().len(), 1);
}

#[test]
fn a_delivery_bears_the_seal_of_the_entry_that_approved_it() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    desk.begin(at_device(1, "desk2"), Due::default());
    desk.approved(intent(2), due());
    let seal = |reader: &Reader| reader.deliveries_of(id(2)).unwrap()[0].seal.unwrap();
    let (seq, hash) = reader.head().unwrap();
    let first = seal(&reader);
    assert_eq!((first.seq, first.device_seq, first.hash), (seq, 3, hash));
    assert!(
        first
            .to_string()
            .starts_with("journal 4, 3 of the device, ")
    );
    // What comes later does not change it.
    desk.approved(intent(3), due());
    assert_eq!(seal(&reader), first);
}

#[test]
fn what_was_declined_is_never_due() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let payment = desk.begin(for_invoice(1, "A"), due());
    desk.add(&payment, facts().remove(3), due());
    desk.approved(for_invoice(2, "A"), due());
    assert_eq!(due_at(&reader, 0), [id(2)]);
    let jobs = reader.jobs_due(&"front".parse().unwrap()).unwrap();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].what, Printed::Payment(id(2)));
}

#[test]
fn an_invoice_is_delivered_first_in_first_out() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    for number in 1..=3 {
        desk.approved(for_invoice(number, "A"), due());
    }
    desk.approved(for_invoice(4, "B"), due());
    desk.approved(intent(5), due());
    desk.approved(intent(6), due());
    assert_eq!(due_at(&reader, 0), [id(1), id(4), id(5), id(6)]);

    // The first of A waits, is sent, and is refused: only A waits for it.
    for state in [
        waiting(10),
        DeliveryState::Sending { at: at(10) },
        DeliveryState::Ambiguous {
            fenced_until: at(12),
            next_at: at(11),
            reason: Text::from("no answer"),
        },
        refused(),
    ] {
        desk.write(move_delivery(1, state)).unwrap();
        assert_eq!(due_at(&reader, 9), [id(4), id(5), id(6)]);
    }
    desk.write(move_delivery(1, confirmed())).unwrap();
    assert_eq!(due_at(&reader, 9), [id(2), id(4), id(5), id(6)]);
    // One in the middle of the line is taken out; the next follows the head all the same.
    desk.write(move_delivery(2, waiting(20))).unwrap();
    desk.write(move_delivery(3, DeliveryState::Superseded))
        .unwrap();
    desk.approved(for_invoice(7, "A"), due());
    assert_eq!(due_at(&reader, 9), [id(4), id(5), id(6)]);
    assert_eq!(due_at(&reader, 20), [id(4), id(5), id(6), id(2)]);
    desk.write(move_delivery(2, confirmed())).unwrap();
    assert_eq!(due_at(&reader, 9), [id(4), id(5), id(6), id(7)]);
}

#[test]
fn what_is_due_and_what_is_done_is_listed_in_order_and_in_pages() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    desk.approved(for_invoice(1, "A"), due());
    desk.approved(at_device(2, "desk2"), due());
    desk.approved(for_invoice(3, "A"), due());
    desk.begin(for_invoice(4, "A"), due());
    let list = |ended, device: Option<&str>, after, limit| {
        let listing = Listing {
            upstream: "books".parse().unwrap(),
            ended,
            device: device.map(|d| d.parse().unwrap()),
            after,
            limit,
        };
        let rows = reader.deliveries_listed(&listing).unwrap();
        let ids = rows.iter().map(|row| row.payment.intent.id);
        ids.collect::<Vec<_>>()
    };
    // Also what waits behind another of its invoice, but nothing that is not approved.
    assert_eq!(list(false, None, None, 9), [id(1), id(2), id(3)]);
    assert_eq!(list(false, Some("desk2"), None, 9), [id(2)]);
    assert_eq!(list(false, None, None, 2), [id(1), id(2)]);
    assert_eq!(list(false, None, Some(id(2)), 2), [id(3)]);
    assert_eq!(list(true, None, None, 9), []);
    desk.write(move_delivery(1, confirmed())).unwrap();
    desk.write(move_delivery(3, confirmed())).unwrap();
    assert_eq!(list(false, None, None, 9), [id(2)]);
    assert_eq!(list(true, None, None, 9), [id(3), id(1)]);
    assert_eq!(list(true, None, Some(id(3)), 9), [id(1)]);
    let plan: String = desk
        .raw()
        .query_row(
            "EXPLAIN QUERY PLAN SELECT n FROM outbox o
             WHERE o.upstream = 'books' AND o.place IN ('head', 'line') ORDER BY o.line",
            [],
            |row| row.get(3),
        )
        .unwrap();
    assert!(plan.contains("outbox_open"), "{plan}");
}

#[test]
fn upstreams_have_lines_of_their_own() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let both = || Due {
        upstreams: vec!["books".parse().unwrap(), "mirror".parse().unwrap()],
        jobs: Vec::new(),
        drawer: None,
    };
    desk.approved(for_invoice(1, "A"), both());
    desk.approved(for_invoice(2, "A"), both());
    desk.write(move_delivery(1, confirmed())).unwrap();
    assert_eq!(due_at(&reader, 0), [id(2)]);
    let mirror = reader
        .deliveries_due(&"mirror".parse().unwrap(), at(0), 9)
        .unwrap();
    assert_eq!(mirror.len(), 1);
    assert_eq!(mirror[0].payment.intent.id, id(1));
}

#[test]
fn a_doubt_holds_no_other_payment_up_and_joins_when_it_is_settled() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let doubtful = desk.begin(for_invoice(1, "A"), due());
    let doubtful = desk.add(&doubtful, facts().remove(5), Due::default());
    desk.approved(for_invoice(2, "A"), due());
    assert_eq!(due_at(&reader, 0), [id(2)]);
    desk.write(move_delivery(2, DeliveryState::Sending { at: at(0) }))
        .unwrap();
    desk.add(&doubtful, facts().remove(6), Due::default());
    // It does not push in before the one that is on its way.
    assert_eq!(due_at(&reader, 0), [id(2)]);
    desk.write(move_delivery(2, confirmed())).unwrap();
    assert_eq!(due_at(&reader, 0), [id(1)]);
}

#[test]
fn what_the_upstream_has_stays_so() {
    let desk = Desk::new();
    desk.approved(intent(1), due());
    desk.write(move_delivery(1, confirmed())).unwrap();
    for state in [DeliveryState::Queued, DeliveryState::Superseded] {
        let again = desk.write(move_delivery(1, state));
        assert_eq!(again, Err(WriteError::Ended("confirmed".to_owned())));
    }
    let delivery = &desk.queue.reader().unwrap().deliveries_of(id(1)).unwrap()[0];
    assert_eq!((&delivery.state, delivery.attempts), (&confirmed(), 1));
    let unknown = desk.write(move_delivery(2, confirmed()));
    assert!(matches!(unknown, Err(WriteError::UnknownDelivery { .. })));
}

#[test]
fn the_next_moment_is_the_earliest() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let books = "books".parse().unwrap();
    for (number, state) in [(1, waiting(30)), (2, waiting(20)), (3, refused())] {
        desk.approved(intent(number), due());
        desk.write(move_delivery(number, state)).unwrap();
    }
    assert_eq!(reader.next_delivery_at(&books).unwrap(), Some(at(20)));
    assert_eq!(due_at(&reader, 25), [id(2)]);
    assert_eq!(due_at(&reader, 30), [id(2), id(1)]);
}

#[test]
fn print_jobs_move_until_they_end() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let front = "front".parse().unwrap();
    desk.approved(intent(1), due());
    let first = reader.jobs_due(&front).unwrap()[0].id;
    let copy = desk.job(copy(1));
    let kinds: Vec<_> = reader
        .jobs_due(&front)
        .unwrap()
        .into_iter()
        .map(|j| (j.id, j.kind))
        .collect();
    assert_eq!(
        kinds,
        [(first, JobKind::Customer), (copy, JobKind::Copy(1))]
    );
    let go = |job, state| {
        desk.write(Write::Job {
            job,
            state,
            at: at(4),
        })
    };
    assert_eq!(go(first, JobState::Sending), Ok(Written::Done));
    assert_eq!(reader.jobs_due(&front).unwrap().len(), 1);
    assert_eq!(reader.jobs_under_way().unwrap()[0].id, first);
    let unknown = JobState::Unknown {
        reason: Text::from("paper out"),
    };
    assert_eq!(go(first, unknown.clone()), Ok(Written::Done));
    assert_eq!(
        go(first, JobState::Queued),
        Err(WriteError::Ended("unknown".to_owned()))
    );
    assert_eq!(go(99, JobState::Queued), Err(WriteError::UnknownJob(99)));
    assert!(reader.jobs_under_way().unwrap().is_empty());
    assert_eq!(reader.jobs_of(id(1)).unwrap()[0].state, unknown);
}

fn copy(payment: u8) -> Write {
    Write::Copy {
        payment: id(payment),
        printer: "front".parse().unwrap(),
        at: at(3),
    }
}

#[test]
fn copies_are_counted_and_a_second_press_prints_no_second_one() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    desk.begin(intent(1), Due::default());
    assert_eq!(
        desk.write(copy(1)),
        Err(WriteError::NothingToCopy(id(1))),
        "there is no receipt yet"
    );
    assert_eq!(desk.write(copy(9)), Err(WriteError::UnknownPayment(id(9))));
    desk.approved(intent(2), due());
    let jobs = || reader.jobs_of(id(2)).unwrap();
    let first = desk.job(copy(2));
    assert_eq!(desk.job(copy(2)), first, "it still waits");
    for (state, same) in [
        (JobState::Sending, true),
        (
            JobState::Unknown {
                reason: Text::from("paper out"),
            },
            false,
        ),
    ] {
        let at = at(4);
        desk.write(Write::Job {
            job: first,
            state,
            at,
        })
        .unwrap();
        assert_eq!(desk.job(copy(2)) == first, same);
    }
    let kinds: Vec<JobKind> = jobs().iter().map(|job| job.kind).collect();
    assert_eq!(
        kinds,
        [JobKind::Customer, JobKind::Copy(1), JobKind::Copy(2)]
    );
}

#[test]
fn slips_are_kept_with_and_without_a_payment() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let slip = |payment, body: &str, job| Write::Slip {
        payment,
        device: "desk1".parse().unwrap(),
        body: body.to_owned(),
        job,
        at: at(1),
    };
    desk.approved(intent(1), Due::default());
    let merchant = || Some(("front".parse().unwrap(), JobKind::Merchant));
    assert_eq!(
        desk.write(slip(Some(id(1)), "one", None)),
        Ok(Written::Done)
    );
    let job = desk.job(slip(Some(id(1)), "two", merchant()));
    assert_eq!(desk.write(slip(None, "kept", None)), Ok(Written::Done));
    let unknown = desk.write(slip(Some(id(2)), "x", None));
    assert_eq!(unknown, Err(WriteError::UnknownPayment(id(2))));
    assert_eq!(reader.slips_of(id(1)).unwrap(), ["one", "two"]);
    assert_eq!(
        reader.jobs_due(&"front".parse().unwrap()).unwrap()[0].id,
        job
    );
}

/// A slip of no payment is due at once, by itself, and only once.
#[test]
fn a_report_is_a_print_job_of_its_own() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let report = |body: &str, job| Write::Slip {
        payment: None,
        device: "desk1".parse().unwrap(),
        body: body.to_owned(),
        job,
        at: at(1),
    };
    let front = || "front".parse().unwrap();
    let administration = || Some((front(), JobKind::Administration));
    let first = desk.job(report("one", administration()));
    let second = desk.job(report("two", administration()));
    assert_eq!(desk.write(report("kept", None)), Ok(Written::Done));
    let due = reader.jobs_due(&front()).unwrap();
    let of: Vec<String> = due
        .iter()
        .map(|job| match job.what {
            Printed::Slip(slip) => reader.report(slip).unwrap().unwrap().body,
            Printed::Payment(_) | Printed::Test => panic!("{job:?}"),
        })
        .collect();
    assert_eq!(of, ["one", "two"]);
    let go = |job, state| {
        let at = at(2);
        desk.write(Write::Job { job, state, at })
    };
    assert_eq!(go(first, JobState::Sending), Ok(Written::Done));
    assert_eq!(reader.jobs_under_way().unwrap()[0].id, first);
    assert_eq!(go(first, JobState::Sent), Ok(Written::Done));
    assert_eq!(go(first, JobState::Confirmed), Ok(Written::Done));
    assert_eq!(reader.jobs_due(&front()).unwrap()[0].id, second);
    let all = reader.reports(&"desk1".parse().unwrap(), 2).unwrap();
    let bodies: Vec<&str> = all.iter().map(|report| report.body.as_str()).collect();
    assert_eq!(bodies, ["kept", "two"], "the newest first");
    assert_eq!(reader.jobs_of_slip(all[1].id).unwrap()[0].id, second);
    assert!(reader.jobs_of_slip(all[0].id).unwrap().is_empty());
    assert!(
        reader
            .reports(&"desk2".parse().unwrap(), 2)
            .unwrap()
            .is_empty()
    );
}
