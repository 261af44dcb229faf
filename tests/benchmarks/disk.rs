//! The physical floor: what the disk needs to keep something.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// What a commit of one payment writes to the log, in the middle: ten pages for the intent and five for the
/// approval, each with its header.
const COMMIT_BYTES: usize = 15 * 4120 / 2;
/// The log is written from its beginning again after some 1000 pages.
const ROUND: u64 = 1000 * 4120 / COMMIT_BYTES as u64;

/// Whatever lies below a directory of this name has its syncs delayed by `slow_disk.c`.
const SLOW: &str = "slow-disk";

/// What is measured on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Disk {
    /// The disk below the results.
    AsItIs,
    /// The same, with each sync taking so much longer.
    Delayed(Duration),
}

impl Disk {
    /// The delayed one, if `tests/bench` has preloaded what delays it.
    pub(crate) fn delayed() -> Option<Self> {
        let micros = std::env::var("BENCH_SLOW_SYNC").ok()?.parse().ok()?;
        Some(Self::Delayed(Duration::from_micros(micros)))
    }

    /// Where to work on it.
    pub(crate) fn below(self, dir: &Path) -> PathBuf {
        match self {
            Self::AsItIs => dir.to_owned(),
            Self::Delayed(_) => dir.join(SLOW),
        }
    }

    /// Whether this is a place on the delayed one.
    pub(crate) fn is_delayed(dir: &Path) -> bool {
        dir.iter().any(|part| part == SLOW)
    }

    /// What a line measures on it.
    pub(crate) fn line(self, what: &str) -> String {
        match self {
            Self::AsItIs => what.to_owned(),
            Self::Delayed(by) => format!("each sync delayed by {by:?}: {what}"),
        }
    }
}

/// A file on the measured disk that is as long as a log, and is overwritten as a log is.
pub(crate) struct Probe {
    file: File,
    block: Vec<u8>,
    next: u64,
}

impl Probe {
    pub(crate) fn on(dir: &Path) -> Self {
        let mut file = File::create(dir.join("probe")).unwrap();
        let block = vec![0x55; COMMIT_BYTES];
        for _ in 0..ROUND {
            file.write_all(&block).unwrap();
        }
        file.sync_all().unwrap();
        Self {
            file,
            block,
            next: 0,
        }
    }

    /// How long so many commits take at the least: one after the other, each written and synced.
    pub(crate) fn commits(&mut self, count: u32) -> Duration {
        let begun = Instant::now();
        for _ in 0..count {
            let at = self.next % ROUND * COMMIT_BYTES as u64;
            self.next += 1;
            self.file.seek(SeekFrom::Start(at)).unwrap();
            self.file.write_all(&self.block).unwrap();
            self.file.sync_data().unwrap();
        }
        begun.elapsed()
    }

    /// Commits in a second of nothing but a write and its sync, over that time.
    pub(crate) fn rate(&mut self, over: Duration) -> f64 {
        let begun = Instant::now();
        let mut count = 0_u32;
        while begun.elapsed() < over {
            self.commits(1);
            count += 1;
        }
        f64::from(count) / begun.elapsed().as_secs_f64()
    }
}

/// The value in the middle, and others by their share in hundredths.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(at).copied().unwrap_or_default()
}

pub(crate) fn median(times: &mut [Duration]) -> Duration {
    percentile(times, 50)
}

pub(crate) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
