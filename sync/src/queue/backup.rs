//! A copy of the database while the daemon runs.

use std::{fs, io, path::Path};

use rusqlite::{Connection, backup::Backup};

use super::{Reader, store};

/// Why no copy was made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The copy cannot be created.
    #[error("cannot write the copy: {0}; look at the disk")]
    File(#[from] io::Error),
    /// SQLite refuses.
    #[error("cannot copy the database: {0}; run the verification")]
    Sqlite(#[from] rusqlite::Error),
}

impl Reader {
    /// Copies the database as it is at this moment, page by page, into a new file that is readable for
    /// its owner only and needs no other file beside it. It is not synced: that is for whoever keeps it.
    ///
    /// Payments go on meanwhile; only the log is not shortened before the copy is done.
    ///
    /// # Errors
    /// When there is such a file already, or the disk fails. What was written then is removed.
    pub fn copy_to(&self, path: &Path) -> Result<(), BackupError> {
        store::create_private(path)?;
        let copied = self.copy_pages(path);
        if copied.is_err() {
            fs::remove_file(path)?;
        }
        copied
    }

    fn copy_pages(&self, path: &Path) -> Result<(), BackupError> {
        let mut copy = Connection::open(path)?;
        copy.pragma_update(None, "synchronous", "off")?;
        // All in one step: a second one would begin anew whenever a payment came between.
        Backup::new(&self.conn, &mut copy)?.step(-1)?;
        copy.pragma_update(None, "journal_mode", "delete")?;
        copy.close().map_err(|(_, error)| error)?;
        Ok(())
    }
}
