//! What can go wrong with the queue, and what to do then.

use std::{io, path::PathBuf};

use payment::{CannotReturn, ClosingId, PaymentId, UpstreamId};

use super::JobId;
use crate::delivery::Undecidable;

/// Why the queue cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another daemon has it open.
    #[error(
        "{0} is in use by another tilld; stop that one, or give this one its own state directory"
    )]
    InUse(PathBuf),
    /// A file cannot be created, read or locked.
    #[error("cannot open {path}: {source}; check that the directory exists and belongs to tilld")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not a queue of this program.
    #[error("{0} is not a tilld queue; if it was one, restore a copy, else name another file")]
    NotAQueue(PathBuf),
    /// Written by a newer program.
    #[error(
        "{path} has version {found}, but this tilld knows versions up to {known}; install the newer \
         tilld again"
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// Written by an older program, and only to be read.
    #[error(
        "{path} has version {found}, and this tilld reads version {known} only; bring it up to date \
         first: tilld does so with its own database, and till restore with a copy"
    )]
    Older {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The version that this program writes.
        known: i64,
    },
    /// The end is missing.
    #[error("the end of {0} is missing; copy it again, or use another copy")]
    CutOff(PathBuf),
    /// A restore was cut short.
    #[error(
        "a restore of {0} was cut short; run till restore again with the same copy. What was there \
         before is in a folder beside it whose name begins with “replaced”"
    )]
    HalfRestored(PathBuf),
    /// SQLite refuses.
    #[error(
        "cannot open the queue: {0}; if the file is damaged, restore the newest copy of it: till \
         restore FILE keeps the damaged one too"
    )]
    Sqlite(#[from] rusqlite::Error),
}

/// Why something was not written. Nothing of that write was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The fact cannot follow.
    #[error(transparent)]
    Illegal(#[from] payment::Illegal),
    /// No such payment.
    #[error("there is no payment {0}; check its id")]
    UnknownPayment(PaymentId),
    /// The cancel or refund breaks a rule.
    #[error(transparent)]
    CannotReturn(#[from] CannotReturn),
    /// No such day end.
    #[error("there is no day end {0}; check its id")]
    UnknownClosing(ClosingId),
    /// The day end has ended.
    #[error("day end {0} has ended and stays so; begin a new one")]
    ClosingEnded(ClosingId),
    /// A delivery that no person was asked to handle.
    #[error("the delivery is {0}; only one that needs an operator can be marked as handled")]
    NotForOperator(String),
    /// What a person cannot decide about a delivery now.
    #[error(transparent)]
    Undecidable(#[from] Undecidable),
    /// A person has sent the delivery to another invoice meanwhile.
    #[error(
        "the delivery of {payment} to {upstream} was sent elsewhere meanwhile; look at it again"
    )]
    Redirected {
        /// Which payment.
        payment: PaymentId,
        /// Which upstream.
        upstream: UpstreamId,
    },
    /// A copy was asked for of what has no receipt.
    #[error("payment {0} is not approved, so there is no receipt to copy")]
    NothingToCopy(PaymentId),
    /// A copy was asked for of what has none.
    #[error("print job {0} has no copy; print a test page again instead")]
    NoCopyOf(JobId),
    /// A person's word on a job that waits for none, or not for that.
    #[error("print job {0} is {1}, and does not wait for that; look at it again")]
    NothingToResolve(JobId, String),
    /// No such print job.
    #[error("there is no print job {0}; check its number")]
    UnknownJob(JobId),
    /// The payment is not due to that upstream.
    #[error("payment {payment} is not due to {upstream}; check both names")]
    UnknownDelivery {
        /// Which payment.
        payment: PaymentId,
        /// Which upstream.
        upstream: UpstreamId,
    },
    /// A print job or delivery has ended, and stays as it ended.
    #[error("it has ended as {0} and stays so; ask for a copy, or make a new payment")]
    Ended(String),
    /// The payment is not approved, or an earlier one of its invoice is to be delivered first.
    #[error("payment {payment} is not the next of its invoice for {upstream}; deliver that first")]
    OutOfTurn {
        /// Which payment.
        payment: PaymentId,
        /// Which upstream.
        upstream: UpstreamId,
    },
    /// A stored row cannot be read.
    #[error(
        "the database is damaged ({0}); stop tilld and restore the newest copy: till restore FILE keeps \
         the damaged one too"
    )]
    Damaged(String),
    /// No room. The daemon goes on, but begins no payment before there is room.
    #[error("the disk is full; free some space, and new payments are taken again")]
    DiskFull,
    /// Whether it is on disk cannot be known; the database is not touched any more.
    #[error("the queue has stopped: {0}")]
    Fatal(String),
    /// The queue was closed before.
    #[error("the queue is closed; start tilld again")]
    Closed,
}

/// Why something cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// SQLite refuses.
    #[error("cannot read the queue: {0}; try again, and look at the disk when it stays so")]
    Sqlite(rusqlite::Error),
    /// A page of the file or a stored row cannot be read.
    #[error(
        "the database is damaged ({0}); stop tilld and restore the newest copy: till restore FILE keeps \
         the damaged one too"
    )]
    Damaged(String),
    /// A page was to begin after a payment that does not exist.
    #[error("there is no payment {0} to go on after; begin again at the first page")]
    UnknownCursor(PaymentId),
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        if is_damage(&error) {
            Self::Damaged(error.to_string())
        } else {
            Self::Sqlite(error)
        }
    }
}

/// Whether SQLite met a page that cannot be one: no other try helps then.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseCorrupt | NotADatabase)
    )
}

/// What a verification found.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// An entry is not what was written, or one is missing before it.
    #[error(
        "journal entry {seq} was changed or is out of place: its {what} is wrong; keep the \
         file, and restore the newest whole copy: till restore FILE"
    )]
    Chain {
        /// Which entry.
        seq: i64,
        /// What does not fit.
        what: &'static str,
    },
    /// An entry cannot follow the ones before it.
    #[error(
        "journal entry {seq} cannot follow the ones before it: {why}; keep the file, and restore the \
         newest whole copy: till restore FILE"
    )]
    Impossible {
        /// Which entry.
        seq: i64,
        /// Why.
        why: String,
    },
    /// A payment as shown is not what the journal says.
    #[error(
        "payment {0} is shown otherwise than the journal says; keep the file, and restore the newest \
         whole copy: till restore FILE"
    )]
    Payment(PaymentId),
    /// A delivery goes elsewhere than the journal says.
    #[error(
        "the delivery of payment {0} goes to another invoice than the journal says; keep the file, \
         and restore the newest whole copy: till restore FILE"
    )]
    Delivery(PaymentId),
    /// A day end as shown is not what the journal says.
    #[error(
        "day end {0} is shown otherwise than the journal says; keep the file, and restore the newest \
         whole copy: till restore FILE"
    )]
    Closing(ClosingId),
    /// Day ends are shown that the journal does not know.
    #[error(
        "{shown} day ends are shown, but the journal knows {known}; keep the file, and restore the \
         newest whole copy: till restore FILE"
    )]
    ClosingCount {
        /// Rows of the projection.
        shown: i64,
        /// Day ends in the journal.
        known: i64,
    },
    /// Payments are shown that the journal does not know.
    #[error(
        "{shown} payments are shown, but the journal knows {known}; keep the file, and restore the \
         newest whole copy: till restore FILE"
    )]
    Count {
        /// Rows of the projection.
        shown: i64,
        /// Payments in the journal.
        known: i64,
    },
    /// SQLite finds the file damaged.
    #[error(
        "the file is damaged: {0}; stop tilld and restore the newest copy: till restore FILE keeps \
         the damaged one too"
    )]
    Damaged(String),
    /// A table, an index or a trigger is missing, or there is one too many.
    #[error(
        "{0} is missing or does not belong there; keep the file, and restore the newest whole copy: till \
         restore FILE"
    )]
    Schema(String),
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<rusqlite::Error> for VerifyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Read(error.into())
    }
}
