//! The words that all receipt printers share.
//!
//! A printer runs one job at a time. A job begins with [`Command::Print`], and ends with exactly one
//! [`Event::Ended`]. A printer decides nothing about money (law 8).

use payment::Text;
use serde::{Deserialize, Serialize};

pub mod escpos;

/// The number of a print job, as the queue counts them.
pub type JobId = i64;

/// What can be asked of a printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Put these bytes on paper and find out whether they came out. The caller has made the job
    /// durable as `sending` before.
    Print {
        /// Which job.
        job: JobId,
        /// A whole receipt, from the printer's reset to the cut, without the bytes that ask for
        /// confirmation.
        bytes: Vec<u8>,
    },
}

/// What a printer tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It answers, or at least its link is there.
    Ready,
    /// It cannot print now.
    NotReady {
        /// Why, and what to do, as a sentence for the desk.
        reason: Text,
    },
    /// A running job waits for a hand: paper, cover, error.
    Waiting {
        /// Which job.
        job: JobId,
        /// What to do, as a sentence for the desk.
        reason: Text,
    },
    /// The job is over.
    Ended {
        /// Which job.
        job: JobId,
        /// How.
        ending: Ending,
    },
}

/// How a print job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ending", content = "reason", rename_all = "snake_case")]
pub enum Ending {
    /// The printer says that all of it is on paper.
    Confirmed,
    /// Not one byte was taken: it may be printed again without a second look.
    NotStarted(Text),
    /// Some or all may be on paper. Never repeated by itself.
    Unknown(Text),
}
