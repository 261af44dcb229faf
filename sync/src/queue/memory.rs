//! The queue in memory and without a thread, for a simulated world: it commits when the world's
//! scheduler says so. The rules are the queue's own; what a crash loses is the world's decision.
//!
//! Tables and statements outlive a queue: all that it holds is one transaction, which the next queue of
//! the same thread rolls back.

use std::{cell::RefCell, rc::Rc};

use rusqlite::{Connection, backup::Backup};

use super::{
    OpenError, Opened, Reader, RestoreError, Wish, Write, WriteError, Written, restore, store,
    writer::{Failure, write_batch, write_each},
};

thread_local! {
    /// What the last queue of this thread has left, if it is over.
    static LAST: RefCell<Option<Rc<Reader>>> = const { RefCell::new(None) };
    /// Tables without rows.
    static BLANK: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// A queue that lives as long as this value.
#[derive(Debug)]
pub struct InMemory {
    reader: Rc<Reader>,
}

/// A copy of a queue, as `till backup` makes one.
#[derive(Debug)]
pub struct Copied {
    reader: Reader,
}

impl InMemory {
    /// An empty queue.
    ///
    /// # Errors
    /// When SQLite has no memory.
    pub fn new() -> Result<Self, OpenError> {
        let last = LAST.take().filter(|last| Rc::strong_count(last) == 1);
        let reader = match last {
            Some(last) => {
                last.conn.execute_batch("ROLLBACK; BEGIN")?;
                last
            }
            None => Rc::new(Reader {
                conn: begun(blank()?)?,
            }),
        };
        LAST.set(Some(Rc::clone(&reader)));
        Ok(Self { reader })
    }

    /// Carries these writes out in one transaction, as [`Queue`](super::Queue) does with what came in
    /// during one sync. `begins` is whether there is room for new payments.
    ///
    /// # Errors
    /// When the whole transaction failed.
    pub fn commit(
        &self,
        writes: &[Write],
        begins: bool,
    ) -> Result<Vec<Result<Written, WriteError>>, WriteError> {
        let conn = &self.reader.conn;
        let run = |sql| conn.prepare_cached(sql)?.execute([]);
        let written = || {
            run("SAVEPOINT batch")?;
            let answers = if let Some(answers) = write_batch(conn, writes.iter(), begins)? {
                answers
            } else {
                run("ROLLBACK TO batch")?;
                write_each(conn, writes.iter(), begins)?
            };
            run("RELEASE batch")?;
            Ok(answers)
        };
        written().map_err(|failure| match failure {
            Failure::Full => WriteError::DiskFull,
            Failure::Fatal(why) => WriteError::Fatal(why),
        })
    }

    /// What is committed.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// A copy of what is committed. SQLite copies nothing that a transaction has open, and so the tables
    /// of this queue are of no use for the next.
    ///
    /// # Errors
    /// When SQLite has no memory.
    pub fn copy(&self) -> Result<Copied, OpenError> {
        LAST.set(None);
        let mut conn = Connection::open_in_memory()?;
        self.reader.conn.execute_batch("COMMIT")?;
        Backup::new(&self.reader.conn, &mut conn)?.step(-1)?;
        self.reader.conn.execute_batch("BEGIN")?;
        let reader = Reader { conn };
        Ok(Copied { reader })
    }

    /// Goes on from a copy, as [`restore`](super::restore()) does.
    ///
    /// # Errors
    /// When the copy is not whole.
    pub fn restore(&mut self, copy: Copied, wish: &Wish) -> Result<Opened, RestoreError> {
        let opened = restore::go_on(&copy.reader, &self.reader, wish)?;
        let conn = begun(copy.reader.conn).map_err(|error| RestoreError::NotWhole(error.into()))?;
        self.reader = Rc::new(Reader { conn });
        Ok(opened)
    }
}

/// Tables of the newest version. Pages are sooner copied than all migrations carried out.
fn blank() -> Result<Connection, OpenError> {
    BLANK.with_borrow_mut(|blank| {
        let blank = match blank {
            Some(blank) => blank,
            None => blank.insert(store::blank()?),
        };
        let mut conn = Connection::open_in_memory()?;
        Backup::new(blank, &mut conn)?.step(-1)?;
        Ok(conn)
    })
}

/// With the transaction that holds all that the queue does.
fn begun(conn: Connection) -> Result<Connection, OpenError> {
    conn.pragma_update(None, "foreign_keys", true)?;
    store::keep_statements(&conn)?;
    conn.execute_batch("BEGIN")?;
    Ok(conn)
}
