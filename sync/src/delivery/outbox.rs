//! The outbox in the queue.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use payment::UpstreamId;

use super::{Change, Delivery, Outbox};
use crate::queue::{OpenError, Queue, ReadError, Reader, Urgency, Write, WriteError};

/// The queue as a worker sees it. Each worker has its own, with its own reader.
#[derive(Debug)]
pub struct QueueOutbox {
    queue: Queue,
    reader: Mutex<Reader>,
}

/// Why the queue's outbox could not be used.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// What is due could not be read.
    #[error("what is due for delivery cannot be read")]
    Read(#[from] ReadError),
    /// A delivery could not be moved on.
    #[error("a delivery's state cannot be written")]
    Write(#[from] WriteError),
}

impl QueueOutbox {
    /// Opens a reader of the queue.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn new(queue: Queue) -> Result<Self, OpenError> {
        let reader = Mutex::new(queue.reader()?);
        Ok(Self { queue, reader })
    }
}

impl Outbox for QueueOutbox {
    type Error = OutboxError;

    async fn due(
        &self,
        upstream: &UpstreamId,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<Delivery>, OutboxError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(reader.deliveries_due(upstream, now, limit)?)
    }

    async fn begun(
        &self,
        upstream: &UpstreamId,
        after: i64,
        limit: u16,
    ) -> Result<Vec<(i64, Delivery)>, OutboxError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(reader.deliveries_begun(upstream, after, limit)?)
    }

    async fn commit(&self, change: Change) -> Result<bool, OutboxError> {
        let Change {
            upstream,
            payment,
            state,
            attempts,
            redirects,
            at,
        } = change;
        let write = Write::Delivery {
            payment,
            upstream,
            state,
            attempts,
            redirects,
            at,
        };
        match self.queue.submit(write, Urgency::Now).await {
            Ok(_) => Ok(true),
            Err(
                WriteError::Ended(_) | WriteError::Redirected { .. } | WriteError::OutOfTurn { .. },
            ) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
