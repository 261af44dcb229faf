//! The SQLite queue: every fact durable and in order.
//!
//! One thread owns the only connection that writes. [`Queue::submit`] hands it a [`Write`]; what
//! has come in before it syncs goes into one sync, and each write stands or falls alone. A
//! [`Reader`] has a connection of its own.
//!
//! The files: the database as named in the configuration with SQLite's `-wal` and `-shm`, `.lock`
//! behind its name (one daemon per database), and `ballast` beside it (room for the outcome of a
//! payment in flight when the disk is full).
//!
//! This module must not know what is printed or sent, nor when: it keeps, orders and finds.

mod apply;
mod backup;
mod ballast;
mod closing;
mod compared;
mod decide;
mod due;
mod error;
mod examine;
mod handle;
mod jobs;
mod journal;
mod log;
mod memory;
mod numbers;
mod open;
mod outbox;
mod reader;
mod restore;
mod restored;
mod rows;
mod slips;
mod store;
#[cfg(test)]
mod tests;
mod verify;
mod write;
mod writer;

pub use backup::BackupError;
pub use compared::TakenAfter;
pub use due::Listing;
pub use error::{OpenError, ReadError, VerifyError, WriteError};
pub use examine::{Examined, Restoration};
pub use handle::{Pending, Queue};
pub use journal::{Entry, Happened, Hash};
pub use memory::{Copied, InMemory};
pub use open::{OPEN_STATES, Open, OpenFilter};
pub use reader::{Filter, Page, Reader};
pub use restore::{RestoreError, Restored, Wish, restore};
pub use restored::Opened;
pub use slips::Report;
pub use write::{
    CancelAsked, CloseOutcome, Due, Job, JobId, JobKind, JobOutcome, JobState, Printed, Resolved,
    SlipId, Urgency, Write, Written,
};
