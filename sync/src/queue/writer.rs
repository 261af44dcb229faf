//! The one thread that writes. It takes what has come in since its last sync, and makes it durable
//! with one sync.
//!
//! This module must not know what a write changes: that is `apply`.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError},
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
/// After so many writes the write-ahead log is copied into the database: some 4 MB.
const CHECKPOINT: usize = 200;

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

/// What came in.
struct Batch {
    requests: Vec<Request>,
    last: bool,
}

impl Writer {
    /// Runs until the inbox is closed or the database fails.
    pub(super) fn run(mut self) {
        // What an earlier life left in the log counts in full: at a desk that is switched off before it
        // has made so many writes, the log would grow from day to day, and each start would read all
        // of it.
        let mut since_checkpoint = CHECKPOINT;
        loop {
            let Batch { requests, last } = self.next_batch();
            since_checkpoint += requests.len();
            let mut done = self.commit(requests);
            if done.is_ok() && (last || since_checkpoint >= CHECKPOINT) {
                since_checkpoint = 0;
                done = self.checkpoint();
            }
            if let Err(why) = done {
                tracing::error!(why, "the queue has stopped");
                self.failed.send_replace(Some(why));
                return;
            }
            if last {
                return;
            }
        }
    }

    /// Waits for something that must be durable now, or for the first lazy write's second to pass.
    fn next_batch(&self) -> Batch {
        let mut requests = Vec::new();
        let mut deadline = None;
        let mut hurry = false;
        loop {
            let message = match deadline {
                _ if hurry => self.inbox.try_recv().map_err(|e| match e {
                    TryRecvError::Empty => RecvTimeoutError::Timeout,
                    TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                }),
                None => self.inbox.recv().map_err(RecvTimeoutError::from),
                Some(deadline) => self.inbox.recv_timeout(until(deadline)),
            };
            match message {
                Ok(Message::Write(request)) => {
                    hurry |= request.urgency == Urgency::Now;
                    deadline = deadline.or_else(|| Some(now() + LAZY));
                    requests.push(*request);
                    if requests.len() >= BATCH {
                        return Batch {
                            requests,
                            last: false,
                        };
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Batch {
                        requests,
                        last: false,
                    };
                }
                Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => {
                    return Batch {
                        requests,
                        last: true,
                    };
                }
                #[cfg(test)]
                Ok(Message::Stall(until)) => drop(until.recv()),
                #[cfg(test)]
                Ok(Message::Tamper(with)) => with(&self.store.conn),
            }
        }
    }

    /// One transaction, and the answers. A full disk costs the ballast, and is then tried once
    /// more without new payments.
    ///
    /// # Errors
    /// When the database must not be touched any more.
    fn commit(&mut self, requests: Vec<Request>) -> Result<(), String> {
        if requests.is_empty() {
            return Ok(());
        }
        let begins = |request: &Request| matches!(request.write, Write::Begin { .. });
        if !self.ballast.is_held() && requests.iter().any(begins) {
            self.ballast.take_again();
        }
        let mut outcome = self.transact(&requests);
        if matches!(outcome, Err(Failure::Full)) && self.ballast.is_held() {
            tracing::error!("the disk is full; the ballast is given up, new payments are refused");
            self.ballast.free();
            outcome = self.transact(&requests);
        }
        match outcome {
            Ok(answers) => {
                answer_each(requests, answers);
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

    fn transact(&self, requests: &[Request]) -> Result<Vec<Answer>, Failure> {
        let conn = &self.store.conn;
        let writes = requests.iter().map(|request| &request.write);
        let outcome = write_all(conn, writes, self.ballast.is_held());
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

    /// Copies the log into the database. Readers are not waited for.
    fn checkpoint(&mut self) -> Result<(), String> {
        let done = self
            .store
            .conn
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .map_err(Failure::from);
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

/// All of it in one transaction.
fn write_all<'a>(
    conn: &Connection,
    writes: impl Iterator<Item = &'a Write> + Clone,
    begins: bool,
) -> Result<Vec<Answer>, Failure> {
    let run = |sql| conn.prepare_cached(sql)?.execute([]);
    run("BEGIN IMMEDIATE")?;
    let answers = write_batch(conn, writes, begins, || {
        run("ROLLBACK")?;
        run("BEGIN IMMEDIATE")
    })?;
    run("COMMIT")?;
    Ok(answers)
}

/// All of it inside the transaction that is open. That one is refused is rare: only then does
/// `go_back` undo what was written so far, and each is written by itself. A savepoint for each from
/// the beginning would have SQLite copy every page that is changed.
pub(super) fn write_batch<'a>(
    conn: &Connection,
    writes: impl Iterator<Item = &'a Write> + Clone,
    begins: bool,
    go_back: impl FnOnce() -> rusqlite::Result<usize>,
) -> Result<Vec<Answer>, Failure> {
    let mut answers = Vec::new();
    for write in writes.clone() {
        match apply(conn, write, begins) {
            Ok(written) => answers.push(Ok(written)),
            Err(Fault::Refused(_)) => {
                go_back()?;
                return write_each(conn, writes, begins);
            }
            Err(Fault::Sqlite(error)) => return Err(error.into()),
        }
    }
    Ok(answers)
}

/// Each inside the transaction that is open; one that is refused leaves no trace in it.
fn write_each<'a>(
    conn: &Connection,
    writes: impl Iterator<Item = &'a Write>,
    begins: bool,
) -> Result<Vec<Answer>, Failure> {
    let mut answers = Vec::new();
    for write in writes {
        conn.execute_batch("SAVEPOINT one")?;
        match apply(conn, write, begins) {
            Ok(written) => answers.push(Ok(written)),
            Err(Fault::Refused(error)) => {
                conn.execute_batch("ROLLBACK TO one")?;
                answers.push(Err(error));
            }
            Err(Fault::Sqlite(error)) => return Err(error.into()),
        }
        conn.execute_batch("RELEASE one")?;
    }
    Ok(answers)
}

fn answer_each(requests: Vec<Request>, answers: Vec<Answer>) {
    for (request, answer) in requests.into_iter().zip(answers) {
        // Nobody may be waiting for a lazy one.
        drop(request.answer.send(answer));
    }
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
