use std::os::unix::fs::PermissionsExt;

use payment::{Approval, Fact};

use super::support::*;
use crate::queue::{
    CloseOutcome, Due, JobKind, JobOutcome, Listing, OpenError, Queue, Reader, Urgency, Write,
    WriteError, Written,
};

#[test]
fn a_second_daemon_on_the_same_database_is_refused() {
    let desk = Desk::new();
    let error = Queue::open(&desk.path()).unwrap_err();
    assert!(matches!(error, OpenError::InUse(_)), "{error}");
    // And let in once the first has ended.
    desk.reopen();
}

#[test]
fn the_files_belong_to_their_owner_only() {
    let desk = Desk::new();
    desk.begin(intent(1), Due::default());
    for file in std::fs::read_dir(desk.directory.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
}

#[test]
fn the_file_is_opened_with_the_settings_that_durability_needs() {
    let desk = Desk::new();
    desk.queue
        .tell(crate::queue::writer::Message::Tamper(|conn| {
            let setting = |name| {
                conn.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                    .unwrap()
            };
            assert_eq!(setting("journal_mode"), "wal".to_owned().into());
            assert_eq!(setting("synchronous"), 2.into());
            assert_eq!(setting("foreign_keys"), 1.into());
        }));
    // A failed assertion would have ended the thread.
    desk.begin(intent(1), Due::default());
}

/// A desk that is switched off each evening, by its switch or in good order, before it has made as many
/// writes as are copied at once.
#[test]
fn the_log_does_not_grow_from_day_to_day() {
    let mut desk = Desk::new();
    let length = |desk: &Desk| {
        let log = desk.path().with_extension("db-wal");
        std::fs::metadata(log).unwrap().len()
    };
    let mut lengths = Vec::new();
    for day in 1..=20 {
        desk.approved(intent(day), due());
        desk = desk.reopen();
        lengths.push(length(&desk));
    }
    assert!(lengths[19] < 2 * lengths[2], "{lengths:?}");
}

#[test]
fn what_was_written_is_there_after_reopening() {
    let desk = Desk::new();
    let payment = desk.begin(intent(1), due());
    let desk = desk.reopen();
    let reader = desk.queue.reader().unwrap();
    assert_eq!(reader.payment(id(1)).unwrap(), Some(payment.clone()));
    assert_eq!(
        reader.payment_by_key(&payment.intent.key).unwrap(),
        Some(payment.clone())
    );
    desk.add(
        &payment,
        Fact::Approved(Approval::default()),
        Due::default(),
    );
    assert_eq!(reader.verify().unwrap(), 2);
}

#[test]
fn what_was_submitted_before_closing_is_written() {
    let desk = Desk::new();
    let queue = desk.queue.clone();
    drop(queue.submit(begin(intent(1), Due::default()), Urgency::Lazy));
    let desk = desk.reopen();
    assert!(
        desk.queue
            .reader()
            .unwrap()
            .payment(id(1))
            .unwrap()
            .is_some()
    );
    let late = queue.submit(begin(intent(2), Due::default()), Urgency::Now);
    assert_eq!(late.wait(), Err(WriteError::Closed));
}

#[test]
fn a_newer_database_is_refused_with_a_sentence() {
    let desk = Desk::new();
    let path = desk.path();
    desk.raw().pragma_update(None, "user_version", 99).unwrap();
    desk.queue.close();
    let error = Queue::open(&path).unwrap_err();
    assert!(
        error.to_string().contains("install the newer tilld"),
        "{error}"
    );
}

#[test]
fn other_files_are_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("text");
    std::fs::write(&text, "not a database at all").unwrap();
    let other = directory.path().join("other.db");
    let conn = rusqlite::Connection::open(&other).unwrap();
    conn.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(conn);
    for path in [text, other] {
        let before = std::fs::read(&path).unwrap();
        let error = Queue::open(&path).unwrap_err();
        assert!(matches!(error, OpenError::NotAQueue(_)), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
    let error = Queue::open(&directory.path().join("no/such/queue.db")).unwrap_err();
    assert!(matches!(error, OpenError::File { .. }), "{error}");
}

/// A database as an earlier version wrote it, opened by this program.
fn migrated(dump: &str) -> (tempfile::TempDir, Queue) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("queue.db");
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(dump).unwrap();
    drop(conn);
    let queue = Queue::open(&path).unwrap();
    (directory, queue)
}

#[test]
fn a_database_of_version_1_is_brought_to_this_version() {
    let dump = include_str!("../../../migrations/fixtures/version_1.sql");
    let (_directory, queue) = migrated(dump);
    let reader = queue.reader().unwrap();
    assert_eq!(reader.verify().unwrap(), 5);
    let payment = reader.payment(id(1)).unwrap().unwrap();
    assert_eq!(payment.receipt.to_string(), "desk1-000001");
    assert_eq!(reader.jobs_of(id(1)).unwrap().len(), 1);
    let books = "books".parse().unwrap();
    assert_eq!(reader.deliveries_due(&books, at(0), 10).unwrap().len(), 1);
    assert_eq!(reader.unfinished().unwrap().len(), 1);
    // What it holds can be closed like what is new.
    let wait = |write| queue.submit(write, Urgency::Now).wait().unwrap();
    wait(begin_close(1, "desk1"));
    let totals = payment::closing::DayTotals {
        total_minor: Some(1010),
        ..Default::default()
    };
    let Written::Closing(closing) = wait(end_close(1, CloseOutcome::Closed(totals))) else {
        panic!("not closed");
    };
    assert!(closing.next_step().starts_with("Done"), "{closing:?}");
    assert_eq!(reader.verify().unwrap(), 7);
}

#[test]
fn a_database_of_version_2_is_brought_to_this_version() {
    let dump = include_str!("../../../migrations/fixtures/version_2.sql");
    let (_directory, queue) = migrated(dump);
    let reader = queue.reader().unwrap();
    assert_eq!(reader.verify().unwrap(), 7);
    assert_eq!(reader.linked(id(1)).unwrap().len(), 1);
    assert_eq!(reader.unfinished_closings().unwrap().len(), 1);
    let device = "desk1".parse().unwrap();
    let closed = reader.last_closing(&device).unwrap().unwrap();
    assert_eq!(closed.intent.id, closing_id(1));
    let jobs = reader.jobs_of(id(1)).unwrap();
    assert_eq!(jobs.len(), 1, "print jobs are what they were");
    assert_eq!(reader.jobs_due(&jobs[0].printer).unwrap(), jobs);
}

#[test]
fn a_database_of_version_3_is_brought_to_this_version() {
    let dump = include_str!("../../../migrations/fixtures/version_3.sql");
    let (_directory, queue) = migrated(dump);
    let reader = queue.reader().unwrap();
    assert_eq!(reader.verify().unwrap(), 7);
    assert_eq!(reader.jobs_due(&"front".parse().unwrap()).unwrap().len(), 2);
    let listing = Listing {
        upstream: "books".parse().unwrap(),
        ended: false,
        device: None,
        after: None,
        limit: 10,
    };
    let listed = reader.deliveries_listed(&listing).unwrap();
    assert_eq!(listed.len(), 1, "what was due is listed");
}

#[test]
fn a_database_of_version_4_is_brought_to_this_version() {
    let dump = include_str!("../../../migrations/fixtures/version_4.sql");
    let (_directory, queue) = migrated(dump);
    let reader = queue.reader().unwrap();
    assert_eq!(reader.examine().unwrap().entries, 7);
    assert_eq!(reader.restorations().unwrap(), []);
}

#[test]
fn a_database_of_version_5_is_brought_to_this_version() {
    let dump = include_str!("../../../migrations/fixtures/version_5.sql");
    let (_directory, queue) = migrated(dump);
    let reader = queue.reader().unwrap();
    assert_eq!(reader.verify().unwrap(), 7);
    // A person decides about what waited for one.
    let row = |reader: &Reader| reader.deliveries_of(id(1)).unwrap().remove(0);
    assert_eq!(row(&reader).redirects, 0);
    let decision = payment::DeliveryDecision {
        upstream: "books".parse().unwrap(),
        action: payment::DeliveryAction::SendTo {
            invoice: "INV-2".parse().unwrap(),
        },
        name: "Anna".into(),
        reason: "another invoice".into(),
    };
    let write = Write::Decide {
        payment: id(1),
        decision,
        at: at(0),
    };
    queue.submit(write, Urgency::Now).wait().unwrap();
    let invoice = row(&reader).payment.intent.invoice.unwrap();
    assert_eq!(invoice.as_str(), "INV-2");
    assert_eq!(reader.verify().unwrap(), 8);
}

#[test]
fn a_database_of_version_6_is_brought_to_this_version() {
    let dump = include_str!("../../../migrations/fixtures/version_6.sql");
    let (_directory, queue) = migrated(dump);
    let reader = queue.reader().unwrap();
    assert_eq!(reader.verify().unwrap(), 7);
    let front = "front".parse().unwrap();
    let due: Vec<_> = reader.jobs_due(&front).unwrap();
    assert_eq!(due.iter().map(|job| job.id).collect::<Vec<_>>(), [1]);
    assert_eq!(reader.jobs_under_way().unwrap()[0].id, 3);
    let unknown = reader.jobs_for_people(&front, 9).unwrap().remove(0);
    assert_eq!((unknown.id, unknown.kind), (4, JobKind::Copy(1)));
    assert_eq!((unknown.resolved, unknown.instead_of), (None, None));
    let wait = |write| queue.submit(write, Urgency::Now).wait().unwrap();
    let copy = wait(Write::ResolveJob {
        job: 4,
        outcome: JobOutcome::Copy,
        name: "Ada".into(),
        at: at(9),
    });
    let Written::Job(copy) = copy else {
        panic!("{copy:?}");
    };
    let copy = reader.job(copy).unwrap().unwrap();
    assert_eq!(copy.kind, JobKind::Copy(2));
    assert_eq!(
        wait(Write::TestPage {
            printer: front,
            at: at(9)
        }),
        Written::Job(6)
    );
}

#[test]
fn a_database_of_version_7_is_brought_to_this_version() {
    let dump = include_str!("../../../migrations/fixtures/version_7.sql");
    let (_directory, queue) = migrated(dump);
    let reader = queue.reader().unwrap();
    assert_eq!(reader.verify().unwrap(), 7);
    let jobs: Vec<_> = (1..=5).map(|id| reader.job(id).unwrap().unwrap()).collect();
    assert!(jobs.iter().all(|job| job.cancel_asked.is_none()));
    assert_eq!(jobs[3].resolved.as_ref().unwrap().name.as_str(), "Ada");
    assert_eq!(jobs[4].instead_of, Some("front".parse().unwrap()));
    let wait = |write| queue.submit(write, Urgency::Now).wait().unwrap();
    let cancel = Write::CancelJob {
        job: 3,
        name: "Bob".into(),
        at: at(9),
    };
    assert_eq!(wait(cancel), Written::JobBegun);
    let asked = reader.job(3).unwrap().unwrap().cancel_asked.unwrap();
    assert_eq!((asked.name.as_str(), asked.at), ("Bob", at(9)));
    let copy = Write::ResolveJob {
        job: 5,
        outcome: JobOutcome::Copy,
        name: "Ada".into(),
        at: at(9),
    };
    assert_eq!(wait(copy), Written::Job(6));
    let copy = reader.job(6).unwrap().unwrap();
    assert_eq!(copy.kind, JobKind::MerchantCopy(1));
}
