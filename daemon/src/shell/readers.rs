//! Connections that only read, for whoever asks.

use std::sync::{Arc, Mutex, PoisonError};

use sync::queue::{OpenError, Queue, ReadError, Reader};

use crate::problem::Problem;

/// Read-only connections, lent out one at a time.
pub(super) struct Readers {
    pub(super) queue: Queue,
    idle: Mutex<Vec<Reader>>,
    /// Whoever reads the whole database holds it.
    one_at_a_time: Arc<tokio::sync::Mutex<()>>,
}

impl Readers {
    pub(super) fn new(queue: Queue) -> Self {
        Self {
            queue,
            idle: Mutex::default(),
            one_at_a_time: Arc::default(),
        }
    }

    /// Reads on a thread that may wait for the disk.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Reader) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Problem> {
        let readers = Arc::clone(self);
        let result = tokio::task::spawn_blocking(move || readers.lend(read)).await;
        match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                tracing::error!(%error, "the queue cannot be read");
                Err(match error {
                    LendError::Read(ReadError::Damaged(_)) => Problem::StorageDamaged,
                    LendError::Open(_) | LendError::Read(_) => Problem::StorageUnreadable,
                })
            }
            Err(_) => Err(Problem::StorageUnreadable),
        }
    }

    /// Reads all of the database, one reader at a time. The turn ends with the work: whoever asked
    /// may have hung up long before.
    pub(super) async fn read_whole<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Reader) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = Arc::clone(&self.one_at_a_time).lock_owned().await;
        self.read(move |reader| {
            let value = read(reader);
            drop(turn);
            value
        })
        .await
    }

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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_cannot_be_read_tells_nothing_about_payments() {
        let dir = tempfile::tempdir().unwrap();
        let queue = Queue::open(&dir.path().join("tilld.db")).unwrap();
        let readers = Arc::new(Readers::new(queue));
        // No connection can be opened any more.
        std::fs::remove_dir_all(dir.path()).unwrap();
        let problem = readers.read(|_| Ok(())).await.unwrap_err();
        assert_eq!(problem.kind().0, "storage-unreadable");
        for problem in [problem, Problem::StorageDamaged] {
            let text = problem.to_string();
            assert!(text.contains("do not charge again"), "{text}");
            assert!(!text.contains("begun"), "{text}");
        }
    }

    #[tokio::test]
    async fn a_hang_up_does_not_end_the_turn_of_what_runs_on() {
        let dir = tempfile::tempdir().unwrap();
        let queue = Queue::open(&dir.path().join("tilld.db")).unwrap();
        let readers = Arc::new(Readers::new(queue));
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (go_on, may_go_on) = mpsc::channel();
        let caller = tokio::spawn({
            let readers = Arc::clone(&readers);
            async move {
                let work = move |_: &Reader| {
                    begun.send(()).unwrap();
                    may_go_on.recv().unwrap();
                    Ok(())
                };
                readers.read_whole(work).await
            }
        });
        has_begun.await.unwrap();
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        let others = readers.one_at_a_time.try_lock().is_ok();
        go_on.send(()).unwrap();
        assert!(!others, "the first still runs");
        readers.read_whole(|_| Ok(())).await.unwrap();
    }
}
