//! Room that is kept for the outcome of a payment in flight: a file that is given up when the disk
//! is full.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use nix::sys::statvfs::statvfs;

use super::store::directory_of;

/// Room for some thousands of outcomes.
const BYTES: usize = 8 * 1024 * 1024;

/// The file, and whether it is there.
pub(super) struct Ballast {
    path: PathBuf,
    held: bool,
}

impl Ballast {
    /// Takes the room, unless it is taken already. A full disk is no error: the ballast is then not
    /// held, and no payment may begin.
    pub(super) fn take(database: &Path) -> Self {
        let path = database.with_file_name("ballast");
        let whole = fs::metadata(&path).is_ok_and(|file| file.len() == BYTES as u64);
        let taken = if whole { Ok(()) } else { fill(&path) };
        if let Err(error) = &taken {
            tracing::warn!(%error, "no room for the ballast; new payments are refused");
        }
        Self {
            path,
            held: taken.is_ok(),
        }
    }

    /// Whether the room is there.
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// Takes the room again, as soon as the disk has it and as much besides: else the next write would
    /// only cost it again.
    pub(super) fn take_again(&mut self) {
        let free = statvfs(directory_of(&self.path))
            .map(|disk| disk.blocks_available() * disk.fragment_size());
        if free.is_ok_and(|free| free >= 2 * BYTES as u64) && fill(&self.path).is_ok() {
            tracing::info!("there is room on the disk again; new payments are taken");
            self.held = true;
        }
    }

    /// Gives the room up, for the disk is full.
    pub(super) fn free(&mut self) {
        tracing::error!("the disk is full; the ballast is given up, new payments are refused");
        self.held = false;
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::error!(%error, "the ballast cannot be removed");
        }
    }
}

/// The whole file, or none: half of it would hold room that nobody gives up.
fn fill(path: &Path) -> io::Result<()> {
    fill_whole(path).inspect_err(|_| drop(fs::remove_file(path)))
}

/// Written, not only sized: a hole in a file holds no room.
fn fill_whole(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    let block = [0x55; 16 * 1024];
    for _ in 0..BYTES / block.len() {
        file.write_all(&block)?;
    }
    file.sync_all()
}
