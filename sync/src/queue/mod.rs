//! The SQLite queue: every fact durable and in order.

mod write;

pub use write::{Due, Job, JobId, JobKind, JobState, Urgency, Write, Written};
