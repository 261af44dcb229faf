//! What a spool hears, and what it wants.

use drivers::printer;
use payment::{PrinterId, Text};
use sync::queue::{Job, JobId, JobState, WriteError, Written};

/// What happens.
#[derive(Debug)]
pub enum Event {
    /// Work may have fallen due, or [`Spool::wake`](super::Spool::wake) has come.
    Wake,
    /// The oldest job that is due.
    Due(Option<Box<Job>>),
    /// What is due could not be read.
    NotRead,
    /// What became of the last [`Effect::Mark`] or [`Effect::HandOver`].
    Marked(Marked),
    /// The driver wants to send the first byte of a job.
    Sending(JobId),
    /// A person wants a job back that a printer has begun.
    Cancel {
        /// Which.
        job: JobId,
        /// Who.
        name: Text,
    },
    /// The printer tells something.
    Printer(printer::Event),
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// It is durable.
    Kept,
    /// The job has ended otherwise.
    Refused,
    /// It could not be written; it may be later.
    NotKept,
}

impl Marked {
    /// What the queue's answer means.
    pub fn of(answer: &Result<Written, WriteError>) -> Self {
        match answer {
            Ok(_) => Self::Kept,
            Err(WriteError::Ended(_)) => Self::Refused,
            Err(_) => Self::NotKept,
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Find the oldest job that is due, and say [`Event::Due`], or [`Event::NotRead`].
    Look,
    /// Make this durable, and say [`Event::Marked`].
    Mark(JobId, JobState),
    /// Give the job to another printer, durably, and say [`Event::Marked`].
    HandOver(JobId, PrinterId),
    /// Write this when something else is written; nobody waits for it.
    Note(JobId, JobState),
    /// Print it.
    Print(Box<Job>),
    /// Tell the driver whether it may send.
    Answer(bool),
    /// Ask the driver to give a job up.
    Cancel(JobId),
}

/// The job that a printer works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtWork {
    /// Which.
    pub job: Job,
    /// How far it has come.
    pub state: &'static str,
    /// What it waits for, as a sentence.
    pub waits: Option<Text>,
}
