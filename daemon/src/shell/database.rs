//! What is asked of the database as a whole: a copy of it, and whether it is whole.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use nix::sys::statvfs::statvfs;
use sync::queue::{BackupError, Examined, Reader, VerifyError};

use super::Handle;
use crate::problem::Problem;

/// The name of the database in the state directory.
const DATABASE: &str = "tilld.db";

/// Room that a copy leaves on the disk, for the payments that go on.
const SPARE: u64 = 64 * 1024 * 1024;

/// Where the database lies.
pub fn database_file(state_dir: &Path) -> PathBuf {
    state_dir.join(DATABASE)
}

/// Why no copy was made.
#[derive(Debug, thiserror::Error)]
enum CopyError {
    #[error("the disk has no room for a copy")]
    NoRoom,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Backup(#[from] BackupError),
}

impl Handle {
    /// Examines the whole database; one examination or copy at a time.
    ///
    /// # Errors
    /// When the daemon cannot look at all. What it finds is the inner result.
    pub async fn examine(&self) -> Result<Result<Examined, VerifyError>, Problem> {
        let examine = |reader: &Reader| Ok(reader.examine());
        self.readers.read_whole(examine).await
    }

    /// A copy of the database as it is now, and its length. The file has no name any more, so that
    /// nothing of it is left behind.
    ///
    /// # Errors
    /// When there is no room for it beside the database, or the disk fails.
    pub async fn copy_database(&self) -> Result<(File, u64), Problem> {
        let path = self.readers.queue.path().to_owned();
        let copied = self.readers.read_whole(move |reader| {
            let name = path.with_extension("db.backup");
            let copy = || {
                has_room(&path)?;
                // A daemon that was killed in the middle of a copy left it behind.
                match fs::remove_file(&name) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(error.into());
                    }
                    _ => {}
                }
                reader.copy_to(&name)?;
                let file = File::open(&name)?;
                fs::remove_file(&name)?;
                let length = file.metadata()?.len();
                Ok((file, length))
            };
            Ok(copy())
        });
        copied.await?.map_err(|error: CopyError| {
            tracing::warn!(%error, "no copy of the database was made");
            match error {
                CopyError::NoRoom => Problem::NoRoomForCopy,
                CopyError::Io(_) | CopyError::Backup(_) => Problem::NotCopied,
            }
        })
    }
}

fn has_room(database: &Path) -> Result<(), CopyError> {
    let length = |path: &Path| fs::metadata(path).map(|m| m.len()).unwrap_or_default();
    let needed = length(database) + length(&database.with_extension("db-wal")) + SPARE;
    let disk = statvfs(database).map_err(io::Error::from)?;
    let free = disk.blocks_available() * disk.fragment_size();
    if free < needed {
        return Err(CopyError::NoRoom);
    }
    Ok(())
}
