//! Copies, and the return to one.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use payment::{
    Approval, DeliveryAction, DeliveryDecision, DeviceId, DoubtReason, Fact, RestorationId,
    Settlement, SkippedNumbers, State, Verdict,
};

use super::support::*;
use crate::{
    delivery::{DeliveryState, UNFENCED},
    queue::{
        Due, JobState, OpenError, Queue, Reader, RestoreError, Urgency, VerifyError, Wish, Write,
        restore,
    },
};

fn copy_of(desk: &Desk) -> PathBuf {
    let path = desk.directory.path().join("copy.db");
    desk.queue.reader().unwrap().copy_to(&path).unwrap();
    path
}

fn wish(copy: &Path) -> Wish {
    Wish {
        copy: copy.to_owned(),
        devices: vec!["desk1".parse().unwrap(), "new".parse().unwrap()],
        last: BTreeMap::new(),
        even_if_older: true,
        id: RestorationId::new(at(5000), [9; 10]),
        at: at(5000),
    }
}

fn desk1() -> DeviceId {
    "desk1".parse().unwrap()
}

fn delivered(number: u8, state: DeliveryState) -> Write {
    Write::Delivery {
        payment: id(number),
        upstream: "books".parse().unwrap(),
        state,
        attempts: 1,
        redirects: 0,
        at: at(1500),
    }
}

/// A day: payment 1 is done with, 2 is approved, 3 has no outcome. Then the copy is made, and the
/// day goes on: 3 is approved, and 4 is taken.
fn day() -> (Desk, PathBuf) {
    let desk = Desk::new();
    desk.approved(intent(1), due());
    desk.write(delivered(1, DeliveryState::Confirmed { remote_id: None }))
        .unwrap();
    let reader = desk.queue.reader().unwrap();
    let job = reader.jobs_of(id(1)).unwrap().pop().unwrap().id;
    for state in [JobState::Sending, JobState::Confirmed] {
        desk.write(Write::Job {
            job,
            state,
            at: at(1500),
        })
        .unwrap();
    }
    desk.approved(intent(2), due());
    let third = desk.begin(intent(3), Due::default());
    let copy = copy_of(&desk);
    desk.add(&third, Fact::Approved(Approval::default()), due());
    desk.write(add(id(3), Fact::Completed, Due::default()))
        .unwrap();
    desk.approved(intent(4), due());
    (desk, copy)
}

#[test]
fn a_copy_is_whole_private_and_stands_alone() {
    let (desk, copy) = day();
    let mode = fs::metadata(&copy).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let alone = tempfile::tempdir().unwrap();
    let moved = alone.path().join("moved.db");
    fs::copy(&copy, &moved).unwrap();
    // Also where nothing can be written beside it.
    fs::set_permissions(alone.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let examined = Reader::of_file(&moved).unwrap().examine().unwrap();
    assert_eq!(examined.entries, 7);
    fs::set_permissions(alone.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let reader = desk.queue.reader().unwrap();
    assert_eq!(reader.examine().unwrap().entries, 12);
    let again = reader.copy_to(&copy);
    assert!(again.is_err(), "a copy is never written over another");
    assert_eq!(Reader::of_file(&copy).unwrap().examine().unwrap(), examined);
}

#[test]
fn a_copy_in_the_middle_of_writes_is_of_one_moment() {
    let desk = Desk::new();
    let queue = desk.queue.clone();
    let writes = std::thread::spawn(move || {
        for number in 1..=200 {
            let begun = queue.submit(begin(intent(number), due()), Urgency::Now);
            begun.wait().unwrap();
        }
    });
    let mut entries = Vec::new();
    for number in 0..20 {
        let path = desk.directory.path().join(format!("copy {number}"));
        desk.queue.reader().unwrap().copy_to(&path).unwrap();
        entries.push(Reader::of_file(&path).unwrap().examine().unwrap().entries);
    }
    writes.join().unwrap();
    assert!(entries.is_sorted(), "{entries:?}");
}

#[test]
fn what_was_open_in_the_copy_is_doubted_read_back_and_not_printed() {
    let (desk, copy) = day();
    let path = desk.path();
    desk.queue.close();
    let restored = restore(&path, &wish(&copy)).unwrap();
    assert_eq!(restored.opened.payments, [id(3)]);
    assert_eq!((restored.opened.deliveries, restored.opened.jobs), (1, 1));

    let queue = Queue::open(&path).unwrap();
    let reader = queue.reader().unwrap();
    let third = reader.payment(id(3)).unwrap().unwrap();
    assert_eq!(third.state, State::InDoubt);
    assert_eq!(third.doubt.unwrap().reason, DoubtReason::Restored);
    let delivery = |number| reader.deliveries_of(id(number)).unwrap().pop().unwrap();
    let job = |number| reader.jobs_of(id(number)).unwrap().pop().unwrap();
    let read_back = |number| {
        let delivery = delivery(number);
        // No clock of today is in it: it may be wrong, and put right tomorrow.
        assert!(
            matches!(
                delivery.state,
                DeliveryState::Ambiguous { fenced_until, next_at, .. }
                    if (fenced_until, next_at) == (UNFENCED, UNFENCED)
            ) && delivery.attempts > 0,
            "{delivery:?}"
        );
    };
    let not_printed = |number| {
        let job = job(number);
        assert!(matches!(job.state, JobState::Unknown { .. }), "{job:?}");
    };
    read_back(2);
    not_printed(2);
    // What was over is over.
    assert!(matches!(delivery(1).state, DeliveryState::Confirmed { .. }));
    assert_eq!(job(1).state, JobState::Confirmed);
    // What falls due only now for a payment of the copy may have been due before, too.
    let by = Verdict::Person {
        name: "Anna".into(),
        reason: "the acquirer says so".into(),
    };
    let approval = None;
    let settled = Fact::Settled(Settlement::Approved { by, approval });
    let write = |write| queue.submit(write, Urgency::Now).wait().unwrap();
    write(add(id(3), settled, due()));
    read_back(3);
    not_printed(3);
    // A new payment is like any other.
    write(begin(intent(5), due()));
    write(add(id(5), Fact::Approved(Approval::default()), due()));
    write(add(id(5), Fact::Completed, Due::default()));
    assert_eq!(delivery(5).state, DeliveryState::Queued);
    assert_eq!(job(5).state, JobState::Queued);
    assert_eq!(reader.jobs_due(&"front".parse().unwrap()).unwrap().len(), 1);
    reader.examine().unwrap();
}

/// The first payment's delivery waits for a person, after it was sent elsewhere so often.
fn waits_for_a_person(reason: &str, redirects: u32, second: i64) -> Write {
    Write::Delivery {
        payment: id(1),
        upstream: "books".parse().unwrap(),
        state: DeliveryState::NeedsOperator {
            reason: reason.into(),
        },
        attempts: 1,
        redirects,
        at: at(second),
    }
}

fn decides(action: &DeliveryAction, second: i64) -> Write {
    Write::Decide {
        payment: id(1),
        decision: DeliveryDecision {
            upstream: "books".parse().unwrap(),
            action: action.clone(),
            name: "Anna".into(),
            reason: "The invoice is there now.".into(),
        },
        at: at(second),
    }
}

/// After the copy was made, a person may have had it sent, even a moment ago: whatever sends it now must
/// not take it for unsent, nor read it back before its fence; and the person is told.
#[test]
fn what_waited_for_a_person_in_the_copy_counts_as_sent() {
    let desk = Desk::new();
    desk.approved(for_invoice(1, "A"), due());
    desk.write(waits_for_a_person("There is no such invoice.", 0, 1500))
        .unwrap();
    let copy = copy_of(&desk);
    let path = desk.path();
    desk.queue.close();
    let invoice = "B".parse().unwrap();
    for action in [
        DeliveryAction::Retry,
        DeliveryAction::SendTo { invoice },
        DeliveryAction::Unallocate,
    ] {
        restore(&path, &wish(&copy)).unwrap();
        let queue = Queue::open(&path).unwrap();
        let write = |write| queue.submit(write, Urgency::Now).wait().unwrap();
        let row = || {
            let rows = queue.reader().unwrap().deliveries_of(id(1)).unwrap();
            rows.into_iter().next().unwrap()
        };
        let DeliveryState::NeedsOperator { reason } = row().state else {
            panic!("{:?}", row().state);
        };
        let reason = reason.as_str();
        assert!(reason.contains("restored from a copy"), "{reason}");
        assert!(reason.contains("There is no such invoice."), "{reason}");
        write(decides(&action, 2000));
        let decided = row();
        assert!(
            matches!(
                decided.state,
                DeliveryState::Ambiguous { fenced_until, .. } if fenced_until == UNFENCED
            ) && decided.attempts > 0,
            "{action:?}: {decided:?}"
        );
        // Once it was looked for, a person's word counts as ever.
        let asked = waits_for_a_person("It cannot be looked for.", decided.redirects, 3000);
        write(asked);
        write(decides(&action, 4000));
        let sent = !matches!(action, DeliveryAction::Retry);
        assert_eq!(row().state == DeliveryState::Queued, sent, "{action:?}");
        queue.close();
    }
}

#[test]
fn no_number_is_given_twice_and_the_gap_is_explained() {
    let (desk, copy) = day();
    let path = desk.path();
    desk.queue.close();
    let restored = restore(&path, &wish(&copy)).unwrap();
    // The old database could still be read: it knows number 4.
    let expected = SkippedNumbers {
        after: 3,
        next: 4 + 11_000 + 1,
    };
    assert_eq!(restored.opened.numbers[&desk1()], expected);
    assert_eq!(expected.range(), Some((4, 11_004)));
    let fresh = restored.opened.numbers[&"new".parse::<DeviceId>().unwrap()];
    assert_eq!((fresh.after, fresh.next), (0, 11_001));

    let queue = Queue::open(&path).unwrap();
    let begun = queue.submit(begin(intent(5), Due::default()), Urgency::Now);
    begun.wait().unwrap();
    let new = at_device(6, "new");
    queue
        .submit(begin(new, Due::default()), Urgency::Now)
        .wait()
        .unwrap();
    let reader = queue.reader().unwrap();
    let receipt = |number| {
        reader
            .payment(id(number))
            .unwrap()
            .unwrap()
            .receipt
            .to_string()
    };
    assert_eq!(receipt(5), "desk1-011005");
    assert_eq!(receipt(6), "new-011001");
    let examined = reader.examine().unwrap();
    let explained: Vec<_> = examined.restorations.iter().map(|r| r.numbers).collect();
    assert_eq!(explained, [expected, fresh]);
}

#[test]
fn a_gap_that_no_entry_explains_is_found() {
    let (desk, copy) = day();
    let path = desk.path();
    desk.queue.close();
    restore(&path, &wish(&copy)).unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("UPDATE payments SET receipt_seq = 77 WHERE receipt_seq = 3")
        .unwrap();
    drop(raw);
    let error = Reader::of_file(&path).unwrap().examine().unwrap_err();
    assert!(matches!(error, VerifyError::Payment(_)), "{error}");
}

#[test]
fn a_person_may_say_the_last_number_but_none_that_is_too_low() {
    let (desk, copy) = day();
    let path = desk.path();
    desk.queue.close();
    let told = |last| Wish {
        last: [(desk1(), last)].into(),
        ..wish(&copy)
    };
    let before = fs::read(&path).unwrap();
    let error = restore(&path, &told(3)).unwrap_err();
    assert!(
        matches!(error, RestoreError::Number { known: 4, .. }),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
    let restored = restore(&path, &told(4)).unwrap();
    assert_eq!(restored.opened.numbers[&desk1()].next, 5);
}

#[test]
fn what_was_there_is_kept_aside_and_a_better_one_is_not_replaced() {
    let (desk, copy) = day();
    let path = desk.path();
    let running = restore(&path, &wish(&copy)).unwrap_err();
    assert!(matches!(running, RestoreError::Running(_)), "{running}");
    desk.queue.close();
    let careful = Wish {
        even_if_older: false,
        ..wish(&copy)
    };
    let error = restore(&path, &careful).unwrap_err();
    let better = matches!(error, RestoreError::NotNeeded { here: 12, copy: 7 });
    assert!(better, "{error}");
    let itself = restore(&path, &wish(&path)).unwrap_err();
    assert!(matches!(itself, RestoreError::Itself(_)), "{itself}");

    let aside = restore(&path, &wish(&copy)).unwrap().aside.unwrap();
    let kept = Reader::of_file(&aside.join("queue.db")).unwrap();
    assert_eq!(kept.examine().unwrap().entries, 12);
    // A damaged database is no reason to refuse.
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let again = Wish {
        at: at(6000),
        ..careful
    };
    restore(&path, &again).unwrap();
    let queue = Queue::open(&path).unwrap();
    assert_eq!(queue.reader().unwrap().examine().unwrap().entries, 7 + 3);
}

#[test]
fn a_copy_that_is_not_whole_is_refused_and_nothing_changes() {
    let (desk, copy) = day();
    let path = desk.path();
    desk.queue.close();
    let listed = || {
        let files = fs::read_dir(path.parent().unwrap()).unwrap();
        let mut files: Vec<_> = files.map(|f| f.unwrap().file_name()).collect();
        files.sort();
        files
    };
    let whole = fs::read(&copy).unwrap();
    let before = (fs::read(&path).unwrap(), listed());
    let refused = |what: &str| {
        let done = restore(&path, &wish(&copy));
        let refused = matches!(done, Err(RestoreError::NotWhole(_)));
        assert!(refused, "{what}: {done:?}");
        assert_eq!((fs::read(&path).unwrap(), listed()), before, "{what}");
    };
    // A page is gone, is another, or ends early.
    for page in 1..whole.len() / 4096 {
        let mut bytes = whole.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0);
        fs::write(&copy, bytes).unwrap();
        refused(&format!("page {page}"));
    }
    for length in [0, 100, 4096, whole.len() - 4096, whole.len() - 1] {
        fs::write(&copy, &whole[..length]).unwrap();
        refused(&format!("{length} bytes"));
    }
    // A row or a trigger is missing, or a word is another.
    for edit in [
        "DROP TRIGGER journal_is_not_deleted",
        "DROP INDEX outbox_head",
        "DROP TRIGGER journal_is_not_deleted; DELETE FROM journal WHERE seq = 2",
        "DROP TRIGGER journal_is_not_updated; UPDATE journal SET body = '{}' WHERE seq = 2",
        "UPDATE payments SET minor = 1 WHERE n = 1",
        "PRAGMA user_version = 99",
        "PRAGMA application_id = 7",
    ] {
        fs::write(&copy, &whole).unwrap();
        let raw = rusqlite::Connection::open(&copy).unwrap();
        raw.execute_batch(edit).unwrap();
        drop(raw);
        refused(edit);
    }
    fs::remove_file(&copy).unwrap();
    let error = restore(&path, &wish(&copy)).unwrap_err();
    assert!(matches!(error, RestoreError::File { .. }), "{error}");
    // The whole one is taken, with a log beside it, too.
    fs::write(&copy, &whole).unwrap();
    restore(&path, &wish(&copy)).unwrap();
}

#[test]
fn a_restore_that_was_cut_short_is_finished_and_never_taken_for_the_truth() {
    for step in ["before the log is moved", "after"] {
        let (desk, copy) = day();
        let path = desk.path();
        let log = path.with_file_name("queue.db-wal");
        let ready = path.with_file_name("queue.db.restoring");
        desk.queue.close();
        fs::copy(&copy, &ready).unwrap();
        if step == "after" {
            fs::remove_file(&log).unwrap();
        }
        let error = Queue::open(&path).unwrap_err();
        assert!(matches!(error, OpenError::HalfRestored(_)), "{error}");
        // It was wanted when it began.
        let again = Wish {
            even_if_older: false,
            ..wish(&copy)
        };
        restore(&path, &again).unwrap();
        assert!(!ready.exists() && !log.exists());
        let queue = Queue::open(&path).unwrap();
        assert_eq!(queue.reader().unwrap().examine().unwrap().entries, 7 + 3);
    }
}

#[test]
fn a_raw_copy_of_the_directory_is_a_copy_too() {
    let (desk, _) = day();
    let path = desk.path();
    desk.queue.close();
    let elsewhere = tempfile::tempdir().unwrap();
    for name in ["queue.db", "queue.db-wal"] {
        fs::copy(path.with_file_name(name), elsewhere.path().join(name)).unwrap();
    }
    let target = tempfile::tempdir().unwrap();
    let path = target.path().join("tilld.db");
    let restored = restore(&path, &wish(&elsewhere.path().join("queue.db"))).unwrap();
    assert_eq!(restored.aside, None);
    assert_eq!(restored.examined.entries, 12 + 2);
    assert_eq!(restored.opened.deliveries, 3);
    Queue::open(&path).unwrap();
}
