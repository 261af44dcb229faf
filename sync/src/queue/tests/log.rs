use rusqlite::Connection;
use tempfile::TempDir;

use crate::queue::log::Log;

struct Logged {
    conn: Connection,
    log: Log,
    _directory: TempDir,
}

impl Logged {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let mut conn = Connection::open(directory.path().join("any.db")).unwrap();
        conn.pragma_update(None, "journal_mode", "wal").unwrap();
        conn.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        conn.execute_batch("CREATE TABLE pages (n INTEGER PRIMARY KEY, bytes BLOB)")
            .unwrap();
        let log = Log::of(&mut conn).unwrap();
        Self {
            conn,
            log,
            _directory: directory,
        }
    }

    /// Commits at least so many pages at once.
    fn commit(&self, pages: u32) {
        self.conn
            .execute(
                "INSERT INTO pages (bytes) VALUES (zeroblob(?1))",
                [pages * 4096],
            )
            .unwrap();
    }

    fn copy(&self) {
        self.conn
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .unwrap();
        self.log.was_copied();
    }
}

#[test]
fn what_an_earlier_life_left_is_copied_after_the_first_commit() {
    let desk = Logged::new();
    desk.commit(1);
    assert!(desk.log.is_long());
    desk.copy();
    assert!(!desk.log.is_long());
}

#[test]
fn it_is_copied_whenever_so_much_is_new_in_it() {
    let desk = Logged::new();
    desk.commit(1);
    desk.copy();
    for round in 0..3 {
        desk.commit(500);
        assert!(!desk.log.is_long(), "{round}");
        desk.commit(600);
        assert!(desk.log.is_long(), "{round}");
        desk.copy();
        assert!(!desk.log.is_long(), "{round}");
    }
}

/// A reader keeps it from beginning anew, and is not waited for after each commit.
#[test]
fn one_that_somebody_reads_is_not_copied_over_and_over() {
    let desk = Logged::new();
    desk.commit(1);
    desk.copy();
    desk.commit(1);
    let path = desk.conn.path().unwrap().to_owned();
    let reader = Connection::open(path).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM pages")
        .unwrap();
    for round in 0..3 {
        desk.commit(1100);
        assert!(desk.log.is_long(), "{round}");
        desk.copy();
        desk.commit(100);
        assert!(!desk.log.is_long(), "{round}");
    }
}
