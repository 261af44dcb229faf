//! How long the write-ahead log is, and when it is to be copied into the database.
//!
//! This module must not know what a write is.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use rusqlite::Connection;

/// After so many pages it is copied: 4 MB. That costs two syncs, which a crowd that shares its commits
/// makes no oftener than one desk.
const LONG: u32 = 1000;

/// The write-ahead log.
pub(super) struct Log {
    /// Pages that were committed since it was copied last.
    new: Arc<AtomicU32>,
}

impl Log {
    /// The log of this connection's database. What an earlier life left counts in full: each start reads
    /// all of the log, and at a desk that is switched off every evening it would grow from day to day.
    pub(super) fn of(conn: &mut Connection) -> rusqlite::Result<Self> {
        let new = Arc::new(AtomicU32::new(LONG));
        let mut before = 0;
        let sum = Arc::clone(&new);
        conn.wal_hook(Some(move |_: &mut _, pages| {
            let pages = u32::try_from(pages).unwrap_or(0);
            // Once all of it is copied and nobody reads it, it begins anew.
            let added = pages.checked_sub(before).unwrap_or(pages);
            before = pages;
            sum.fetch_add(added, Relaxed);
            Ok(())
        }))?;
        Ok(Self { new })
    }

    /// Whether it is to be copied.
    pub(super) fn is_long(&self) -> bool {
        self.new.load(Relaxed) >= LONG
    }

    /// It was copied, as far as nobody reads it.
    pub(super) fn was_copied(&self) {
        self.new.store(0, Relaxed);
    }
}
