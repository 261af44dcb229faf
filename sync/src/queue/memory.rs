//! The queue in memory and without a thread, for a simulated world: it commits when the world's
//! scheduler says so. The rules are the queue's own; what a crash loses is the world's decision.

use super::{
    OpenError, Reader, Write, WriteError, Written, store,
    writer::{Failure, write_all},
};

/// A queue that lives as long as this value.
#[derive(Debug)]
pub struct InMemory {
    reader: Reader,
}

impl InMemory {
    /// An empty queue.
    ///
    /// # Errors
    /// When SQLite has no memory.
    pub fn new() -> Result<Self, OpenError> {
        let conn = store::blank()?;
        conn.pragma_update(None, "foreign_keys", true)?;
        conn.set_prepared_statement_cache_capacity(128);
        Ok(Self {
            reader: Reader { conn },
        })
    }

    /// Carries these writes out in one transaction, as [`Queue`](super::Queue) does with what came in
    /// during one sync. `begins` is whether there is room for new payments.
    ///
    /// # Errors
    /// When the whole transaction failed.
    pub fn commit(
        &self,
        writes: &[Write],
        begins: bool,
    ) -> Result<Vec<Result<Written, WriteError>>, WriteError> {
        write_all(&self.reader.conn, writes.iter(), begins).map_err(|failure| match failure {
            Failure::Full => WriteError::DiskFull,
            Failure::Fatal(why) => WriteError::Fatal(why),
        })
    }

    /// What is committed.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }
}
