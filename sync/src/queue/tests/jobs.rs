//! What may happen to a print job, and what a person may say of it.

use payment::{DrawerFact, DrawerKick, Fact, KickCause, KickId, Method, PrinterId, Text};

use super::support::*;
use crate::queue::{
    Due, Happened, JobId, JobKind, JobOutcome, JobState, Reader, Write, WriteError, Written,
};

fn text() -> Text {
    "why".into()
}

fn states() -> Vec<JobState> {
    let reason = text;
    vec![
        JobState::Queued,
        JobState::Probing,
        JobState::Sending,
        JobState::Sent,
        JobState::Confirmed,
        JobState::Cancelled { name: text() },
        JobState::Failed { reason: reason() },
        JobState::Unknown { reason: reason() },
    ]
}

fn go(desk: &Desk, job: JobId, state: JobState) -> Result<Written, WriteError> {
    let at = at(4);
    desk.write(Write::Job { job, state, at })
}

fn front() -> PrinterId {
    "front".parse().unwrap()
}

fn back() -> PrinterId {
    "back".parse().unwrap()
}

/// A payment with one receipt to print, and its job.
fn one_job(desk: &Desk, reader: &Reader, number: u8) -> JobId {
    desk.approved(intent(number), due());
    reader.jobs_of(id(number)).unwrap()[0].id
}

/// Brings a new job to a state, over the states before it.
fn job_in(desk: &Desk, reader: &Reader, number: u8, state: &JobState) -> JobId {
    let job = one_job(desk, reader, number);
    if matches!(state, JobState::Sent | JobState::Confirmed) {
        go(desk, job, JobState::Sending).unwrap();
    }
    go(desk, job, state.clone()).unwrap();
    job
}

/// Law 8: what was sent is never queued again, and what has ended stays so.
#[test]
fn a_job_moves_forward_only() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let allowed = "queued>queued probing sending cancelled failed unknown
        probing>queued probing sending cancelled failed unknown
        sending>queued sending sent confirmed cancelled failed unknown
        sent>confirmed unknown
        confirmed> cancelled> failed> unknown>";
    let mut number = 0;
    for from in states() {
        let row = allowed
            .split_once(&format!("{}>", from.as_str()))
            .map(|(_, rest)| rest.split('>').next().unwrap())
            .unwrap();
        // The last word of the stretch is the next row's name.
        let row: Vec<&str> = row.split_whitespace().collect();
        let row = if from.as_str() == "unknown" {
            &row[..]
        } else {
            &row[..row.len() - 1]
        };
        for next in states() {
            number += 1;
            let job = job_in(&desk, &reader, number, &from);
            let went = go(&desk, job, next.clone());
            assert_eq!(
                went.is_ok(),
                row.contains(&next.as_str()),
                "{from:?} to {next:?}: {went:?}"
            );
            let stands = reader.job(job).unwrap().unwrap().state;
            assert_eq!(stands, if went.is_ok() { next } else { from.clone() });
        }
    }
}

/// Another printer takes over only what certainly was not begun, and no second row is made.
#[test]
fn a_stand_in_takes_what_was_not_begun() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    for (number, state) in (1..).zip(states()) {
        let job = job_in(&desk, &reader, number, &state);
        let to = back();
        let moved = desk.write(Write::MoveJob { job, to, at: at(5) });
        let may = matches!(state, JobState::Queued | JobState::Probing);
        assert_eq!(moved.is_ok(), may, "{state:?}");
        let row = reader.job(job).unwrap().unwrap();
        if may {
            assert_eq!((row.printer, row.instead_of), (back(), Some(front())));
            assert_eq!(row.state, JobState::Queued);
            // It falls due once, wherever it is printed.
            let slip = Write::Slip {
                payment: Some(id(number)),
                device: "desk1".parse().unwrap(),
                body: "x".to_owned(),
                job: Some((front(), JobKind::Customer)),
                at: at(6),
            };
            assert_eq!(desk.job(slip), job);
        } else {
            assert_eq!((row.printer, row.instead_of), (front(), None));
        }
    }
    let to_due = reader.jobs_due(&back()).unwrap().len();
    assert_eq!(to_due, 2);
}

/// What was begun ends in its own way, and keeps the name of the first who called it back.
#[test]
fn a_person_takes_back_what_was_not_begun() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    for (number, state) in (1..).zip(states()) {
        let job = job_in(&desk, &reader, number, &state);
        let name = Text::from("Ada");
        let cancelled = desk.write(Write::CancelJob {
            job,
            name,
            at: at(5),
        });
        let begun = matches!(
            state,
            JobState::Probing | JobState::Sending | JobState::Sent
        );
        let expected = match &state {
            JobState::Queued => Ok(Written::Done),
            _ if begun => Ok(Written::JobBegun),
            ended => Err(WriteError::Ended(ended.as_str().to_owned())),
        };
        assert_eq!(cancelled, expected);
        let again = desk.write(Write::CancelJob {
            job,
            name: "Bob".into(),
            at: at(6),
        });
        assert_eq!(again == Ok(Written::JobBegun), begun);
        let asked = reader.job(job).unwrap().unwrap().cancel_asked;
        let ada = begun.then(|| ("Ada".to_owned(), at(5)));
        assert_eq!(asked.map(|a| (a.name.as_str().to_owned(), a.at)), ada);
    }
}

/// A person says once what became of what is unknown or failed; a copy is a job of its own.
#[test]
fn a_persons_word_is_kept_once() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let say = |job, outcome| {
        desk.write(Write::ResolveJob {
            job,
            outcome,
            name: "Ada".into(),
            at: at(7),
        })
    };
    for (number, state) in (1..).zip(states()) {
        for (more, outcome) in [
            (0, JobOutcome::CameOut),
            (20, JobOutcome::Copy),
            (40, JobOutcome::NotNeeded),
        ] {
            let job = job_in(&desk, &reader, number + more, &state);
            let said = say(job, outcome);
            let may = match state {
                JobState::Unknown { .. } => true,
                JobState::Failed { .. } => outcome != JobOutcome::CameOut,
                _ => false,
            };
            assert_eq!(said.is_ok(), may, "{state:?} {outcome:?}");
            let row = reader.job(job).unwrap().unwrap();
            assert_eq!(row.state, state, "what it was stays");
            assert_eq!(row.resolved.is_some(), may);
            if !may {
                continue;
            }
            let resolved = row.resolved.unwrap();
            assert_eq!((resolved.outcome, resolved.name), (outcome, "Ada".into()));
            if outcome == JobOutcome::Copy {
                let copy = reader.job(resolved.copy.unwrap()).unwrap().unwrap();
                assert_eq!(copy.kind, JobKind::Copy(1));
                assert!(reader.jobs_due(&front()).unwrap().contains(&copy));
            } else {
                assert_eq!(resolved.copy, None);
            }
            assert!(matches!(
                say(job, JobOutcome::NotNeeded),
                Err(WriteError::NothingToResolve(..))
            ));
        }
    }
    let left = reader.jobs_for_people(&front(), 99).unwrap();
    assert!(left.iter().all(|job| job.resolved.is_none()));
    assert_eq!(left.len(), 1, "a failed one that cannot have come out");
    assert_eq!(say(999, JobOutcome::Copy), Err(WriteError::UnknownJob(999)));
}

/// The clinic's receipt is copied for the clinic, the customer's for the customer, and a copy for
/// whom it was; each is numbered by itself.
#[test]
fn a_copy_is_for_the_reader_of_what_it_copies() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let customers = one_job(&desk, &reader, 1);
    let clinics = desk.job(Write::Slip {
        payment: Some(id(1)),
        device: "desk1".parse().unwrap(),
        body: "x".to_owned(),
        job: Some((front(), JobKind::Merchant)),
        at: at(4),
    });
    let copy = |job: JobId| {
        go(&desk, job, states().remove(7)).unwrap();
        let copy = desk.job(Write::ResolveJob {
            job,
            outcome: JobOutcome::Copy,
            name: "Ada".into(),
            at: at(5),
        });
        (copy, reader.job(copy).unwrap().unwrap().kind)
    };
    let (first, kind) = copy(clinics);
    assert_eq!(kind, JobKind::MerchantCopy(1));
    assert_eq!(copy(customers).1, JobKind::Copy(1));
    assert_eq!(copy(first).1, JobKind::MerchantCopy(2));
}

#[test]
fn a_test_page_is_due_at_once_and_has_no_copy() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let printer = front();
    let job = desk.job(Write::TestPage { printer, at: at(1) });
    assert_eq!(reader.jobs_due(&front()).unwrap()[0].id, job);
    go(&desk, job, states().remove(7)).unwrap();
    let copied = desk.write(Write::ResolveJob {
        job,
        outcome: JobOutcome::Copy,
        name: "Ada".into(),
        at: at(2),
    });
    assert_eq!(copied, Err(WriteError::NoCopyOf(job)));
}

/// A receipt that waited for its payment's outcome is as old as the outcome.
#[test]
fn a_receipt_falls_due_with_the_approval() {
    let desk = Desk::new();
    let reader = desk.queue.reader().unwrap();
    let payment = desk.begin(intent(1), due());
    assert_eq!(reader.jobs_of(id(1)).unwrap()[0].at, at(1));
    let approved = desk.add(&payment, facts().remove(1), Due::default());
    desk.add(&approved, Fact::Completed, Due::default());
    assert_eq!(reader.jobs_due(&front()).unwrap()[0].at, at(1000));
}

/// The drawer is never opened without an entry that says why, in the same transaction.
#[test]
fn every_opening_of_the_drawer_is_in_the_journal() {
    let desk = Desk::new();
    let cash = payment::Intent {
        method: Method::Cash,
        ..intent(1)
    };
    let begin = Write::Begin {
        intent: cash,
        then: vec![Fact::Recorded],
        due: Due {
            drawer: Some(front()),
            ..Due::default()
        },
    };
    desk.write(begin.clone()).unwrap();
    assert!(
        matches!(desk.write(begin), Ok(Written::Repeat(_))),
        "not opened again"
    );
    let kick = KickId::new(at(3), [3; 10]);
    let cause = KickCause::Person {
        name: "Ada".into(),
        reason: "change".into(),
    };
    let printer = front();
    let by_hand = DrawerKick { printer, cause };
    desk.write(Write::Kick {
        id: kick,
        device: "desk1".parse().unwrap(),
        kick: by_hand.clone(),
        at: at(3),
    })
    .unwrap();
    let reader = desk.queue.reader().unwrap();
    assert_eq!(reader.verify().unwrap(), 4);
    let entries = reader.events_after(2, 9).unwrap();
    let kicks: Vec<_> = entries
        .into_iter()
        .map(|entry| match entry.happened {
            Happened::Drawer { kick, fact } => (kick, fact),
            other => panic!("{other:?}"),
        })
        .collect();
    let cash = DrawerKick {
        printer: front(),
        cause: KickCause::Cash { payment: id(1) },
    };
    assert_eq!(
        kicks,
        [
            (id(1).into(), DrawerFact::DrawerKicked(cash)),
            (kick, DrawerFact::DrawerKicked(by_hand)),
        ]
    );
    // Another reason, written over the first: found.
    let raw = desk.raw();
    raw.execute_batch(
        "DROP TRIGGER journal_is_not_updated;
         UPDATE journal SET body = replace(body, 'change', 'theft')",
    )
    .unwrap();
    assert!(reader.verify().is_err());
}
