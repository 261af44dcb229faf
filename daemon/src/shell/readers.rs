//! Connections that only read, for whoever asks.

use std::sync::{Mutex, PoisonError};

use sync::queue::{OpenError, Queue, ReadError, Reader};

/// Read-only connections, lent out one at a time.
pub(super) struct Readers {
    pub(super) queue: Queue,
    pub(super) idle: Mutex<Vec<Reader>>,
    /// Whoever reads the whole database holds it.
    pub(super) one_at_a_time: tokio::sync::Mutex<()>,
}

impl Readers {
    pub(super) fn lend<T>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, ReadError>,
    ) -> Result<T, LendError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let reader = match idle {
            Some(reader) => reader,
            None => self.queue.reader()?,
        };
        let value = read(&reader);
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(reader);
        Ok(value?)
    }
}

/// Why the queue could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum LendError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Read(#[from] ReadError),
}
