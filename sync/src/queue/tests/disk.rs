//! A disk that is full, and a disk that fails.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use payment::{Approval, Fact, State};

use super::support::*;
use crate::queue::{Due, Queue, Urgency, Write, WriteError, Written, writer::Message};

/// A file system of twelve megabytes.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where mounting is not allowed.
    fn mount(at: &Path) -> Option<Self> {
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"])
            .arg(at)
            .output();
        let mounted = done.is_ok_and(|output| output.status.success());
        mounted.then(|| Self(at.to_owned()))
    }

    fn grow(&self) {
        let done = Command::new("mount")
            .args(["-o", "remount,size=64m"])
            .arg(&self.0)
            .status();
        assert!(done.unwrap().success());
    }

    fn fill(&self) {
        let full = fs::write(self.0.join("filler"), vec![1; 12 * 1024 * 1024]);
        assert!(full.is_err());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}

fn big(number: u8) -> Write {
    Write::Slip {
        payment: None,
        device: "desk1".parse().unwrap(),
        body: "x".repeat(100_000) + &number.to_string(),
        job: None,
        at: at(0),
    }
}

#[test]
fn a_full_disk_keeps_outcomes_and_refuses_new_payments() {
    let directory = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(directory.path()) else {
        println!("skipped: mounting a small disk needs root");
        return;
    };
    let path = directory.path().join("queue.db");
    let queue = Queue::open(&path).unwrap();
    let write = |write| queue.submit(write, Urgency::Now).wait();
    write(begin(intent(1), due())).unwrap();
    disk.fill();
    // Writes go on until the file system is really full; then the ballast is given up.
    let ballast = directory.path().join("ballast");
    for number in 0..40 {
        if !ballast.exists() {
            break;
        }
        write(big(number)).unwrap();
    }
    assert!(!ballast.exists());
    assert_eq!(write(begin(intent(2), due())), Err(WriteError::DiskFull));
    // What began before comes to its end, and its key is still answered.
    let approval = write(add(id(1), Fact::Approved(Approval::default()), due()));
    assert!(matches!(approval, Ok(Written::Payment(_))), "{approval:?}");
    write(add(id(1), Fact::Completed, due())).unwrap();
    assert!(matches!(
        write(begin(intent(1), due())),
        Ok(Written::Repeat(_))
    ));
    // When even the ballast is used up, a write fails and leaves nothing.
    let mut refused = false;
    for number in 0..200 {
        refused |= write(big(number)) == Err(WriteError::DiskFull);
    }
    assert!(refused);
    assert_eq!(queue.failure(), None);
    assert_eq!(queue.reader().unwrap().verify().unwrap(), 3);
    queue.close();

    // No room at the next start: still no new payments. Room again: all is well.
    let second = || {
        let queue = Queue::open(&path).unwrap();
        let answer = queue.submit(begin(intent(2), due()), Urgency::Now).wait();
        queue.close();
        answer
    };
    assert_eq!(second(), Err(WriteError::DiskFull));
    // Room again: it goes on by itself.
    let queue = Queue::open(&path).unwrap();
    let begin_second = || queue.submit(begin(intent(2), due()), Urgency::Now).wait();
    assert_eq!(begin_second(), Err(WriteError::DiskFull));
    disk.grow();
    let begun = begin_second();
    assert!(ballast.exists());
    queue.close();
    assert!(matches!(begun, Ok(Written::Payment(_))), "{begun:?}");
    drop(disk);
}

#[test]
fn without_room_for_the_ballast_no_payment_begins() {
    let desk = Desk::new();
    let path = desk.path();
    desk.begin(intent(1), Due::default());
    desk.queue.close();
    // A directory in its place cannot become the file.
    let ballast = desk.directory.path().join("ballast");
    fs::remove_file(&ballast).unwrap();
    fs::create_dir(&ballast).unwrap();
    let queue = Queue::open(&path).unwrap();
    let refused = queue.submit(begin(intent(2), due()), Urgency::Now).wait();
    assert_eq!(refused, Err(WriteError::DiskFull));
    let known = queue.submit(begin(intent(1), due()), Urgency::Now).wait();
    assert!(matches!(known, Ok(Written::Repeat(_))));
    queue.close();
    fs::remove_dir(&ballast).unwrap();
    let queue = Queue::open(&path).unwrap();
    queue
        .submit(begin(intent(2), due()), Urgency::Now)
        .wait()
        .unwrap();
    assert_eq!(fs::metadata(&ballast).unwrap().len(), 8 * 1024 * 1024);
}

#[test]
fn after_a_failure_nothing_is_written_any_more() {
    let desk = Desk::new();
    let payment = desk.begin(intent(1), Due::default());
    assert_eq!(desk.queue.failure(), None);
    // A database that refuses to write stands for one whose disk fails.
    desk.queue.tell(Message::Tamper(|conn| {
        conn.pragma_update(None, "query_only", true).unwrap();
    }));
    let fatal = |answer| assert!(matches!(answer, Err(WriteError::Fatal(_))), "{answer:?}");
    fatal(desk.write(begin(intent(2), due())));
    fatal(desk.write(begin(intent(3), due())));
    fatal(desk.write(add(id(1), Fact::Approved(Approval::default()), due())));
    assert!(desk.queue.failure().is_some());
    let reader = desk.queue.reader().unwrap();
    assert_eq!(reader.unfinished().unwrap(), std::slice::from_ref(&payment));
    // A restart goes on from what is durable.
    let desk = desk.reopen();
    let payment = desk.add(&payment, Fact::Approved(Approval::default()), due());
    assert_eq!(payment.state, State::Approving);
}

#[tokio::test]
async fn the_daemon_hears_of_a_failure_that_nobody_waits_for() {
    let desk = Desk::new();
    desk.queue.tell(Message::Tamper(|conn| {
        conn.pragma_update(None, "query_only", true).unwrap();
    }));
    drop(desk.queue.submit(begin(intent(1), due()), Urgency::Lazy));
    assert!(!desk.queue.failed().await.is_empty());
}

/// A small write finds room where all together have none.
#[test]
fn an_outcome_does_not_fail_with_what_is_too_large_beside_it() {
    let desk = Desk::new();
    let payment = desk.begin(intent(1), Due::default());
    // Room for some pages stands for a disk that is all but full.
    desk.queue.tell(Message::Tamper(|conn| {
        let pages: i64 = conn
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        conn.pragma_update(None, "max_page_count", pages + 4)
            .unwrap();
    }));
    let (go, wait) = std::sync::mpsc::channel();
    desk.queue.tell(Message::Stall(wait));
    let submit = |write| desk.queue.submit(write, Urgency::Now);
    let approved = Fact::Approved(Approval::default());
    let approval = submit(add(payment.intent.id, approved, Due::default()));
    let slip = submit(big(1));
    let new = submit(begin(intent(2), Due::default()));
    drop(go);
    assert_eq!(slip.wait(), Err(WriteError::DiskFull));
    let approval = approval.wait();
    assert!(matches!(approval, Ok(Written::Payment(_))), "{approval:?}");
    assert_eq!(new.wait(), Err(WriteError::DiskFull));
    assert_eq!(desk.queue.failure(), None);
    assert_eq!(desk.queue.reader().unwrap().verify().unwrap(), 2);
}

/// Else the daemon would go on without a queue.
#[test]
fn a_panic_of_the_writer_is_a_failure_of_the_queue() {
    let desk = Desk::new();
    desk.queue
        .tell(Message::Tamper(|_| panic!("on purpose, for a test")));
    let refused = desk.write(begin(intent(1), due()));
    assert!(matches!(refused, Err(WriteError::Fatal(_))), "{refused:?}");
    assert!(desk.queue.failure().is_some());
}
