//! The one thread that writes. It takes what has come in since its last sync, and makes it durable
//! with one sync.
//!
//! This module must not know what a write changes: that is `apply`.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{oneshot, watch};

use super::{
    Urgency, Write, WriteError, Written, apply::apply, ballast::Ballast, error::is_damage,
    rows::Fault, store::Store,
};

/// How long a lazy write may wait for company.
const LAZY: Duration = Duration::from_secs(1);
/// Most writes in one transaction, so that nobody waits long behind a crowd.
const BATCH: usize = 1024;

pub(super) type Answer = Result<Written, WriteError>;

/// What the thread is told.
pub(super) enum Message {
    /// Write this.
    Write(Box<Request>),
    /// Finish what came before, and end.
    Close,
    /// Go on after the other end says so: a slow disk, for tests.
    #[cfg(test)]
    Stall(Receiver<()>),
    /// Let a test change the connection.
    #[cfg(test)]
    Tamper(fn(&Connection)),
}

/// A write, and where its outcome is awaited.
pub(super) struct Request {
    pub(super) write: Write,
    pub(super) urgency: Urgency,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// The thread's belongings.
pub(super) struct Writer {
    pub(super) store: Store,
    pub(super) ballast: Ballast,
    pub(super) inbox: Receiver<Message>,
    pub(super) failed: watch::Sender<Option<String>>,
}

/// Why a transaction did not come about.
pub(super) enum Failure {
    Full,
    Fatal(String),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_error_code() == Some(ErrorCode::DiskFull) {
            Self::Full
        } else if is_damage(&error) {
            Self::Fatal(format!(
                "{error}; the file is damaged: restore the newest copy, till restore FILE keeps the \
                 damaged one too"
            ))
        } else {
            Self::Fatal(format!(
                "{error}; restart tilld, and look at the disk when it comes again"
            ))
        }
    }
}

/// What came in, and is made durable by one sync.
#[derive(Default)]
struct Batch {
    requests: Vec<Request>,
    /// Whether one of them is not lazy.
    hurry: bool,
    /// Whether nothing follows.
    last: bool,
}

impl Batch {
    fn writes(&self) -> impl Iterator<Item = &Write> {
        self.requests.iter().map(|request| &request.write)
    }

    fn is_closed(&self) -> bool {
        self.last || self.requests.len() >= BATCH
    }
}

impl Drop for Writer {
    /// A panic is a failure of the database to all who wait, and the daemon is started anew by it.
    fn drop(&mut self) {
        if thread::panicking() {
            let why = "its thread has panicked; restart tilld, and report this".to_owned();
            self.failed.send_replace(Some(why));
        }
    }
}

impl Writer {
    /// Runs until the inbox is closed or the database fails.
    pub(super) fn run(mut self) {
        loop {
            let mut batch = self.next_batch();
            let outcome = self.commit(&mut batch);
            let mut done = self.answer(batch.requests, outcome);
            if done.is_ok() && (batch.last || self.store.log.is_long()) {
                done = self.checkpoint();
            }
            if let Err(why) = done {
                tracing::error!(why, "the queue has stopped");
                self.failed.send_replace(Some(why));
                return;
            }
            if batch.last {
                return;
            }
        }
    }

    /// Waits for something that must be durable now, or for the first lazy write's second to pass.
    fn next_batch(&self) -> Batch {
        let mut batch = Batch::default();
        let mut deadline = None;
        while !batch.hurry && !batch.is_closed() {
            let message = match deadline {
                None => self.inbox.recv().map_err(RecvTimeoutError::from),
                Some(deadline) => self.inbox.recv_timeout(until(deadline)),
            };
            match message {
                Ok(message) => self.take(message, &mut batch),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => batch.last = true,
            }
            if !batch.requests.is_empty() {
                deadline = deadline.or_else(|| Some(now() + LAZY));
            }
        }
        batch
    }

    /// Adds what has come in, without waiting.
    fn add_what_came(&self, batch: &mut Batch) {
        while !batch.is_closed() {
            match self.inbox.try_recv() {
                Ok(message) => self.take(message, batch),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => batch.last = true,
            }
        }
    }

    #[cfg_attr(
        not(test),
        expect(clippy::unused_self, reason = "only tests change the connection")
    )]
    fn take(&self, message: Message, batch: &mut Batch) {
        match message {
            Message::Write(request) => {
                batch.hurry |= request.urgency == Urgency::Now;
                batch.requests.push(*request);
            }
            Message::Close => batch.last = true,
            #[cfg(test)]
            Message::Stall(until) => drop(until.recv()),
            #[cfg(test)]
            Message::Tamper(with) => with(&self.store.conn),
        }
    }

    /// One transaction. A full disk costs the ballast, and is then tried once more without new payments;
    /// at last each write by itself, for a small one may find room where all have none.
    fn commit(&mut self, batch: &mut Batch) -> Result<Vec<Answer>, Failure> {
        if batch.requests.is_empty() {
            return Ok(Vec::new());
        }
        if !self.ballast.is_held() {
            self.add_what_came(batch);
            let begin = |write: &Write| matches!(write, Write::Begin { .. });
            if batch.writes().any(begin) {
                self.ballast.take_again();
            }
        }
        let mut outcome = self.transact(|| self.write_all(batch));
        if matches!(outcome, Err(Failure::Full)) && self.ballast.is_held() {
            self.ballast.free();
            outcome = self.transact(|| self.write_all(batch));
        }
        if matches!(outcome, Err(Failure::Full)) && batch.requests.len() > 1 {
            return batch
                .writes()
                .map(|write| self.write_alone(write))
                .collect();
        }
        outcome
    }

    /// All that `work` does, or nothing.
    fn transact<T>(&self, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        let conn = &self.store.conn;
        let run = |sql| conn.prepare_cached(sql)?.execute([]);
        let outcome = run("BEGIN IMMEDIATE")
            .map_err(Failure::from)
            .and_then(|_| work())
            .and_then(|done| {
                run("COMMIT")?;
                Ok(done)
            });
        if outcome.is_err() && !conn.is_autocommit() {
            conn.execute_batch("ROLLBACK")
                .map_err(|error| match error.into() {
                    // A database that cannot go back is not written any more, whatever the cause.
                    Failure::Full => Failure::Fatal("the disk is full".to_owned()),
                    fatal @ Failure::Fatal(_) => fatal,
                })?;
        }
        outcome
    }

    /// All of it inside the transaction that is open. What comes in while it is written goes with it: so a
    /// crowd shares one sync, and nobody waits for one that began a moment too early.
    fn write_all(&self, batch: &mut Batch) -> Result<Vec<Answer>, Failure> {
        let conn = &self.store.conn;
        let begins = self.ballast.is_held();
        let mut answers = Vec::new();
        while answers.len() < batch.requests.len() {
            let Some(written) = write_batch(conn, batch.writes().skip(answers.len()), begins)?
            else {
                conn.execute_batch("ROLLBACK; BEGIN IMMEDIATE")?;
                return write_each(conn, batch.writes(), begins);
            };
            answers.extend(written);
            // A payment that begins is to have the ballast taken again before.
            if begins {
                self.add_what_came(batch);
            }
        }
        Ok(answers)
    }

    /// A transaction of its own, on a disk that had no room for all.
    ///
    /// # Errors
    /// When the database must not be touched any more.
    fn write_alone(&self, write: &Write) -> Result<Answer, Failure> {
        let one = || write_one(&self.store.conn, write, self.ballast.is_held());
        match self.transact(one) {
            Err(Failure::Full) => Ok(Err(WriteError::DiskFull)),
            outcome => outcome,
        }
    }

    /// Tells each what became of its write.
    ///
    /// # Errors
    /// When the database must not be touched any more.
    fn answer(
        &self,
        requests: Vec<Request>,
        outcome: Result<Vec<Answer>, Failure>,
    ) -> Result<(), String> {
        match outcome {
            Ok(answers) => {
                for (request, answer) in requests.into_iter().zip(answers) {
                    // Nobody may be waiting for a lazy one.
                    drop(request.answer.send(answer));
                }
                Ok(())
            }
            Err(Failure::Full) => {
                answer_all(requests, &WriteError::DiskFull);
                Ok(())
            }
            Err(Failure::Fatal(why)) => {
                // Whoever waits must find out that nothing comes after this.
                self.failed.send_replace(Some(why.clone()));
                answer_all(requests, &WriteError::Fatal(why.clone()));
                Err(why)
            }
        }
    }

    /// Copies the log into the database. Readers are not waited for.
    fn checkpoint(&mut self) -> Result<(), String> {
        let done = self
            .store
            .conn
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .map_err(Failure::from);
        self.store.log.was_copied();
        match done {
            Ok(()) => Ok(()),
            Err(Failure::Full) => {
                if self.ballast.is_held() {
                    self.ballast.free();
                }
                Ok(())
            }
            Err(Failure::Fatal(why)) => Err(why),
        }
    }
}

/// All of it inside the transaction that is open, or none if one is refused, which is rare: then the
/// caller goes back, and each is written by itself. A savepoint for each from the beginning would have
/// SQLite copy every page that is changed.
pub(super) fn write_batch<'a>(
    conn: &Connection,
    writes: impl Iterator<Item = &'a Write>,
    begins: bool,
) -> Result<Option<Vec<Answer>>, Failure> {
    let mut answers = Vec::new();
    for write in writes {
        match apply(conn, write, begins) {
            Ok(written) => answers.push(Ok(written)),
            Err(Fault::Refused(_)) => return Ok(None),
            Err(Fault::Sqlite(error)) => return Err(error.into()),
        }
    }
    Ok(Some(answers))
}

/// Each inside the transaction that is open; one that is refused leaves no trace in it.
pub(super) fn write_each<'a>(
    conn: &Connection,
    writes: impl Iterator<Item = &'a Write>,
    begins: bool,
) -> Result<Vec<Answer>, Failure> {
    writes.map(|write| write_one(conn, write, begins)).collect()
}

fn write_one(conn: &Connection, write: &Write, begins: bool) -> Result<Answer, Failure> {
    conn.execute_batch("SAVEPOINT one")?;
    let answer = match apply(conn, write, begins) {
        Ok(written) => Ok(written),
        Err(Fault::Refused(error)) => {
            conn.execute_batch("ROLLBACK TO one")?;
            Err(error)
        }
        Err(Fault::Sqlite(error)) => return Err(error.into()),
    };
    conn.execute_batch("RELEASE one")?;
    Ok(answer)
}

fn answer_all(requests: Vec<Request>, error: &WriteError) {
    for request in requests {
        drop(request.answer.send(Err(error.clone())));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the writer's thread is shell: it waits in real time"
)]
fn now() -> Instant {
    Instant::now()
}

fn until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(now())
}
