//! What a spool does, event by event.

mod world;

use drivers::printer::{self, Ending};
use jiff::Timestamp;
use payment::{PaymentId, Text};
use sync::{
    delivery::Now,
    queue::{CancelAsked, Job, JobId, JobKind, JobState, Printed},
};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn job(id: JobId) -> Job {
    Job {
        id,
        what: Printed::Payment(PaymentId::new(Timestamp::UNIX_EPOCH, [0; 10])),
        printer: "front".parse().unwrap(),
        instead_of: None,
        kind: JobKind::Customer,
        state: JobState::Queued,
        cancel_asked: None,
        resolved: None,
        at: at(0),
    }
}

fn spool(stand_in: Option<&str>) -> Spool {
    Spool::new(Rules {
        expires: Duration::from_mins(30),
        stand_in: stand_in.map(|id| id.parse().unwrap()),
        stand_in_after: Duration::from_secs(30),
    })
}

fn ended(ending: Ending) -> Event {
    Event::Printer(printer::Event::Ended { job: 1, ending })
}

fn waiting() -> Event {
    Event::Printer(printer::Event::Waiting {
        job: 1,
        reason: why(),
    })
}

fn why() -> Text {
    "why".into()
}

fn due() -> Event {
    Event::Due(Some(Box::new(job(1))))
}

fn marked() -> Event {
    Event::Marked(Marked::Kept)
}

/// A spool whose driver asks the printer about job 1.
fn probing(stand_in: Option<&str>) -> Spool {
    let mut spool = spool(stand_in);
    assert_eq!(spool.handle(at(0), Event::Wake), [Effect::Look]);
    assert_eq!(
        spool.handle(at(0), due()),
        [
            Effect::Note(1, JobState::Probing),
            Effect::Print(Box::new(job(1)))
        ]
    );
    spool
}

/// A spool whose driver sends job 1.
fn sending() -> Spool {
    let mut spool = probing(None);
    let effects = spool.handle(at(1), Event::Sending(1));
    assert_eq!(effects, [Effect::Mark(1, JobState::Sending)]);
    assert_eq!(spool.handle(at(1), marked()), [Effect::Answer(true)]);
    spool
}

#[test]
fn a_job_is_durable_before_its_first_byte_and_after_its_end() {
    let mut spool = sending();
    let sent = spool.handle(at(2), Event::Printer(printer::Event::Sent { job: 1 }));
    assert_eq!(sent, [Effect::Note(1, JobState::Sent)]);
    assert_eq!(spool.at_work().unwrap().state, "sent");
    let end = spool.handle(at(3), ended(Ending::Confirmed));
    assert_eq!(end, [Effect::Mark(1, JobState::Confirmed)]);
    assert_eq!(spool.handle(at(3), marked()), [Effect::Look]);
}

/// Law 8: no byte leaves that is not durable as sent, whatever the reason.
#[test]
fn what_cannot_be_made_durable_is_not_sent() {
    for result in [Marked::NotKept, Marked::Refused] {
        let mut spool = probing(None);
        spool.handle(at(1), Event::Sending(1));
        let answer = spool.handle(at(1), Event::Marked(result));
        assert_eq!(answer, [Effect::Answer(false)]);
    }
    let mut idle = Spool::new(probing(None).rules);
    assert_eq!(
        idle.handle(at(1), Event::Sending(9)),
        [Effect::Answer(false)]
    );
}

#[test]
fn only_what_certainly_did_not_start_is_queued_again() {
    let unknown = JobState::Unknown { reason: why() };
    for (ending, state) in [
        (Ending::NotStarted(why()), JobState::Queued),
        (Ending::Unknown(why()), unknown),
    ] {
        let mut spool = sending();
        let effects = spool.handle(at(2), ended(ending));
        assert_eq!(effects, [Effect::Mark(1, state.clone())]);
        let next = spool.handle(at(2), marked());
        if state == JobState::Queued {
            assert_eq!((next, spool.wake()), (vec![], Some(at(7))), "rest");
        } else {
            assert_eq!(next, [Effect::Look]);
        }
    }
}

/// Nobody gets yesterday's receipts after an outage.
#[test]
fn what_is_too_old_fails_and_is_not_printed() {
    let half_an_hour = 30 * 60;
    let mut late = spool(None);
    late.handle(at(half_an_hour), Event::Wake);
    let effects = late.handle(at(half_an_hour), due());
    let [Effect::Mark(1, JobState::Failed { reason })] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert!(reason.as_str().contains("30 minutes"), "{reason}");
    assert_eq!(late.handle(at(half_an_hour), marked()), [Effect::Look]);

    let mut in_time = spool(None);
    in_time.handle(at(half_an_hour - 1), Event::Wake);
    let effects = in_time.handle(at(half_an_hour - 1), due());
    assert!(matches!(effects[1], Effect::Print(_)), "{effects:?}");
    // The paper is put in a minute later.
    let effects = in_time.handle(at(half_an_hour + 60), Event::Sending(1));
    assert_eq!(effects, [Effect::Answer(false)]);
}

#[test]
fn a_stand_in_takes_over_after_half_a_minute_without_paper() {
    let mut spool = probing(Some("back"));
    assert_eq!(spool.handle(at(2), waiting()), []);
    assert_eq!(spool.wake(), Some(at(32)));
    assert_eq!(spool.handle(at(31), Event::Wake), []);
    assert_eq!(spool.handle(at(32), Event::Wake), [Effect::Cancel(1)]);
    assert_eq!(spool.handle(at(33), Event::Wake), [], "once");
    // The driver was about to send: it must not.
    assert_eq!(
        spool.handle(at(33), Event::Sending(1)),
        [Effect::Answer(false)]
    );
    let effects = spool.handle(at(33), ended(Ending::Cancelled(why())));
    assert_eq!(effects, [Effect::Mark(1, JobState::Queued)]);
    assert_eq!(spool.handle(at(33), marked()), [Effect::Look]);
    let effects = spool.handle(at(33), due());
    assert_eq!(effects, [Effect::HandOver(1, "back".parse().unwrap())]);
    assert_eq!(spool.handle(at(33), marked()), [Effect::Look]);
}

#[test]
fn a_stand_in_takes_over_from_a_printer_that_is_not_there() {
    let mut spool = probing(Some("back"));
    let mut now = 0;
    let handed_over = loop {
        let effects = spool.handle(at(now), ended(Ending::NotStarted(why())));
        assert_eq!(effects, [Effect::Mark(1, JobState::Queued)]);
        assert_eq!(spool.handle(at(now), marked()), []);
        now += 5;
        assert_eq!(spool.handle(at(now), Event::Wake), [Effect::Look]);
        let effects = spool.handle(at(now), due());
        if let [Effect::HandOver(..)] = effects.as_slice() {
            break now;
        }
    };
    assert_eq!(handed_over, 30);
    // An hour later nobody knows: it is tried first.
    spool.handle(at(30), marked());
    spool.handle(at(30), Event::Due(None));
    spool.handle(at(1700), Event::Wake);
    let effects = spool.handle(at(1700), due());
    assert!(matches!(effects[1], Effect::Print(_)), "{effects:?}");
}

/// Never when a byte may have been taken.
#[test]
fn no_stand_in_takes_what_was_begun() {
    let mut spool = probing(Some("back"));
    spool.handle(at(1), waiting());
    spool.handle(at(2), Event::Sending(1));
    assert_eq!(
        spool.handle(at(60), Event::Wake),
        [],
        "it is being made durable"
    );
    assert_eq!(spool.handle(at(60), marked()), [Effect::Answer(true)]);
    assert_eq!(spool.handle(at(99), Event::Wake), [], "it is being sent");
    assert_eq!(spool.wake(), None);
}

#[test]
fn a_person_gets_a_job_back_as_far_as_it_was_not_sent() {
    let cancel = || Event::Cancel {
        job: 1,
        name: "Ada".into(),
    };
    let cancelled = JobState::Cancelled { name: "Ada".into() };
    let mut early = probing(None);
    assert_eq!(early.handle(at(1), cancel()), [Effect::Cancel(1)]);
    let effects = early.handle(at(1), ended(Ending::Cancelled(why())));
    assert_eq!(effects, [Effect::Mark(1, cancelled.clone())]);

    // While it is made durable: nothing is sent any more.
    let mut storing = probing(None);
    storing.handle(at(1), Event::Sending(1));
    assert_eq!(storing.handle(at(1), cancel()), [Effect::Cancel(1)]);
    assert_eq!(storing.handle(at(1), marked()), [Effect::Answer(false)]);
    let effects = storing.handle(at(1), ended(Ending::Cancelled(why())));
    assert_eq!(effects, [Effect::Mark(1, cancelled)]);

    let mut late = sending();
    assert_eq!(late.handle(at(1), cancel()), [Effect::Cancel(1)]);
    let effects = late.handle(at(1), ended(Ending::Unknown(why())));
    let unknown = JobState::Unknown { reason: why() };
    assert_eq!(effects, [Effect::Mark(1, unknown)]);
    assert_eq!(late.handle(at(1), cancel()), [], "it is over");
}

/// Nothing of it was sent, and it came back to the queue before the printer heard of the person.
#[test]
fn what_was_called_back_is_not_begun_again() {
    let mut spool = spool(None);
    spool.handle(at(0), Event::Wake);
    let asked = CancelAsked {
        name: "Ada".into(),
        at: at(0),
    };
    let job = Job {
        cancel_asked: Some(asked),
        ..job(1)
    };
    let effects = spool.handle(at(1), Event::Due(Some(Box::new(job))));
    let cancelled = JobState::Cancelled { name: "Ada".into() };
    assert_eq!(effects, [Effect::Mark(1, cancelled)]);
}

/// An end that finds no room is written later, and nothing is printed before.
#[test]
fn an_end_is_written_again_until_it_is_kept() {
    let mut spool = sending();
    spool.handle(at(2), ended(Ending::Confirmed));
    assert_eq!(spool.handle(at(2), Event::Marked(Marked::NotKept)), []);
    assert_eq!(spool.wake(), Some(at(7)));
    assert_eq!(spool.handle(at(3), Event::Wake), []);
    let again = spool.handle(at(7), Event::Wake);
    assert_eq!(again, [Effect::Mark(1, JobState::Confirmed)]);
    assert_eq!(spool.handle(at(7), marked()), [Effect::Look]);
}

#[test]
fn a_wake_up_in_mid_job_is_not_lost() {
    let mut spool = spool(None);
    assert_eq!(spool.handle(at(0), Event::Wake), [Effect::Look]);
    assert_eq!(spool.handle(at(0), Event::Wake), []);
    assert_eq!(spool.handle(at(0), Event::Due(None)), [Effect::Look]);
    assert_eq!(spool.handle(at(0), Event::Due(None)), []);
}

/// A receipt may wait behind a read that failed, and nothing else may come to wake its printer.
#[test]
fn what_could_not_be_read_is_looked_for_again() {
    let mut spool = spool(None);
    assert_eq!(spool.handle(at(0), Event::Wake), [Effect::Look]);
    assert_eq!(spool.handle(at(0), Event::NotRead), []);
    assert_eq!(spool.wake(), Some(at(5)));
    assert_eq!(spool.handle(at(5), Event::Wake), [Effect::Look]);
    assert_eq!(spool.handle(at(5), due()).len(), 2, "it is printed");
}

/// The clock of the machine is set while a printer rests.
#[test]
fn a_clock_that_is_set_keeps_no_receipt_waiting_and_makes_none_too_old() {
    for set in [-86_400, 86_400] {
        let now = |second| Now {
            steady: at(second),
            wall: at(second + set),
        };
        let mut spool = spool(None);
        spool.handle(at(1), Event::Wake);
        let begun = spool.handle(now(1), due());
        assert_eq!(begun.len(), 2, "it is printed: {begun:?}");
        spool.handle(now(2), ended(Ending::NotStarted(why())));
        spool.handle(now(2), marked());
        assert_eq!(spool.wake(), Some(at(7)));
        assert_eq!(spool.handle(now(7), Event::Wake), [Effect::Look]);
        // Made by the new clock, which is then set right again.
        let made = Job {
            at: at(7 + set),
            ..job(1)
        };
        let begun = spool.handle(at(8), Event::Due(Some(Box::new(made))));
        assert_eq!(begun.len(), 2, "it is printed: {begun:?}");
        spool.handle(at(9), ended(Ending::NotStarted(why())));
        spool.handle(at(9), marked());
        spool.handle(at(3600), Event::Wake);
        let late = spool.handle(at(3600), due());
        let failed = |effect: &Effect| matches!(effect, Effect::Mark(1, JobState::Failed { .. }));
        assert!(late.iter().all(failed), "nobody waits for it: {late:?}");
    }
}
