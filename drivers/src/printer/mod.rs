//! The words that all receipt printers share.
//!
//! A printer runs one job at a time. A job begins with [`Command::Print`], and ends with exactly one
//! [`Event::Ended`]. A printer decides nothing about money (law 8).

use payment::Text;
use serde::{Deserialize, Serialize};

pub mod escpos;
mod links;
mod status;

pub use links::{WAYS, Way};
pub use status::{Paper, Status};

/// The number of a print job, as the queue counts them.
pub type JobId = i64;

/// What can be asked of a printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Put these bytes on paper and find out whether they came out. Nothing has to be durable
    /// before: [`Fact::Sending`] is asked for in time.
    Print {
        /// Which job.
        job: JobId,
        /// A whole receipt, from the printer's reset to the cut, without the bytes that ask for
        /// confirmation.
        bytes: Vec<u8>,
    },
    /// Give a job up. It ends in its own way: as [`Ending::Cancelled`] only if nothing of it left.
    /// Without effect on a job that is over.
    Cancel {
        /// Which job.
        job: JobId,
    },
    /// Open a cash drawer. [`Event::Kicked`] or [`Event::NotKicked`] follows. Never repeated, and
    /// never kept for later: nobody may stand there then.
    Kick {
        /// Which one.
        drawer: Drawer,
    },
}

/// A cash drawer, by the pin of the printer's socket that drives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drawer {
    /// Pin 2, where the only drawer usually is.
    #[default]
    Pin2,
    /// Pin 5, for a second one.
    Pin5,
}

/// What must be durable before a printer goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// The printer can print, and from now on some of the receipt may be on paper (law 8). Before it,
    /// nothing was sent that prints.
    Sending {
        /// Which job.
        job: JobId,
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
    /// What is known of it now.
    Status(Status),
    /// A running job waits for a hand: paper, cover, error.
    Waiting {
        /// Which job.
        job: JobId,
        /// What to do, as a sentence for the desk.
        reason: Text,
    },
    /// The printer has taken all bytes of a job. Whether they are on paper is not known yet.
    Sent {
        /// Which job.
        job: JobId,
    },
    /// The job is over.
    Ended {
        /// Which job.
        job: JobId,
        /// How.
        ending: Ending,
    },
    /// The pulse that opens a cash drawer was sent.
    Kicked {
        /// Which one.
        drawer: Drawer,
    },
    /// A cash drawer was not opened, and will not be.
    NotKicked {
        /// Which one.
        drawer: Drawer,
        /// Why, and what to do, as a sentence for the desk.
        reason: Text,
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
    /// Somebody gave it up before a byte of it was taken: nothing is on paper, and nothing will be.
    Cancelled(Text),
    /// Some or all may be on paper. Never repeated by itself. This is also the end of a job that was
    /// given up on its way: what the printer had printed by then stays.
    Unknown(Text),
}
