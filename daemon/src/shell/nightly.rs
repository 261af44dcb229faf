//! Compares the books of the last days once a night, and keeps what came of it for the desk.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};
use serde_json::Value;
use sync::reconciliation::{Kind, Period, next_run};
use tokio::time::sleep;

use super::Handle;
use crate::api;

/// What arrives late, or is mended by a person, is seen again for a week.
const DAYS: u8 = 7;
/// Longest sleep: the clock may be set, or the machine may sleep.
const NAP: Duration = Duration::from_mins(5);
/// After the start, before a comparison is made up for that fell into the time without power.
const SETTLED: SignedDuration = SignedDuration::from_mins(2);

/// The last comparison that was made by itself: in memory, and in a file for the time after a restart.
#[derive(Debug, Clone)]
pub(super) struct Nightly {
    file: Arc<Path>,
    last: Arc<OnceLock<Mutex<Option<Value>>>>,
}

impl Nightly {
    /// Reads nothing yet: after a bad week it is long, and the start does not wait for it.
    pub(super) fn open(state_dir: &Path) -> Self {
        Self {
            file: state_dir.join("reconciliation.json").into(),
            last: Arc::default(),
        }
    }

    /// What an earlier run left in the state directory, if there was none since. What cannot be read is
    /// made anew tomorrow.
    fn known(&self) -> MutexGuard<'_, Option<Value>> {
        let read = || {
            let left = fs::read(&self.file).ok();
            left.and_then(|bytes| serde_json::from_slice(&bytes).ok())
        };
        let known = self.last.get_or_init(|| Mutex::new(read())).lock();
        known.unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn last(&self) -> Option<Value> {
        self.known().clone()
    }

    fn keep(&self, report: Value) {
        if let Err(error) = write(&self.file, &report) {
            tracing::warn!(%error, "the comparison of the books is lost with a restart");
        }
        *self.known() = Some(report);
    }

    fn made_at(&self) -> Option<Timestamp> {
        self.known().as_ref()?.get("at")?.as_str()?.parse().ok()
    }
}

/// Whole, or not at all.
fn write(file: &Path, report: &Value) -> io::Result<()> {
    let mut new = PathBuf::from(file);
    new.set_extension("new");
    let mut options = fs::File::options();
    let mut to = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    to.write_all(report.to_string().as_bytes())?;
    // A power cut after the renaming may otherwise leave an empty file.
    to.sync_all()?;
    fs::rename(new, file)
}

/// When the next comparison is due: at its time of day, or soon where the last one was missed. It is
/// never put off from what it was `before`, and a clock that was ahead then may have been set back.
fn due(
    before: Option<Timestamp>,
    now: Timestamp,
    made_at: Option<Timestamp>,
    time: Time,
    zone: &TimeZone,
) -> Option<Timestamp> {
    let missed = made_at.and_then(|made_at| next_run(made_at, time, zone));
    let at = match missed.filter(|missed| *missed <= now) {
        Some(_) => now.checked_add(SETTLED).ok(),
        None => next_run(now, time, zone),
    };
    before.into_iter().chain(at).min()
}

/// How long it is until then, if at all.
fn left(at: Timestamp, now: Timestamp) -> Option<Duration> {
    let left = Duration::try_from(at.duration_since(now)).ok();
    left.filter(|left| !left.is_zero())
}

/// Compares once a night, until the daemon ends.
pub(super) async fn run(handle: Handle, time: Time) {
    let zone = TimeZone::system();
    let mut next = None;
    loop {
        let now = handle.now();
        next = due(next, now, handle.nightly.made_at(), time, &zone);
        let Some(at) = next else {
            return;
        };
        if let Some(left) = left(at, now) {
            sleep(left.min(NAP)).await;
            continue;
        }
        next = None;
        let Some(period) = Period::before(now, DAYS, zone.clone()) else {
            return;
        };
        match handle.reconcile(period, None).await {
            Ok(reconciled) => {
                // How much, and never what: a log goes to more people than a desk.
                let count = |kind| reconciled.count(kind);
                tracing::info!(
                    missing = count(Kind::Missing),
                    extra = count(Kind::Extra),
                    differing = count(Kind::Differing),
                    settlement = count(Kind::Settlement),
                    findings = reconciled.findings().count(),
                    "the books were compared"
                );
                let (nightly, report) = (
                    handle.nightly.clone(),
                    api::reconciliation_view(&reconciled),
                );
                let kept = tokio::task::spawn_blocking(move || nightly.keep(report));
                if let Err(error) = kept.await {
                    tracing::warn!(%error, "the comparison of the books was not kept");
                }
            }
            Err(problem) => {
                tracing::warn!(%problem, "the books could not be compared");
                // Not again at once.
                sleep(NAP).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_night_is_made_up_for_once() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let time = Time::constant(4, 30, 0, 0);
        let now = at("2026-11-21T08:00:00Z");
        let tomorrow = Some(at("2026-11-22T03:30:00Z"));
        for (made_at, expected) in [
            // Never yet: a new desk has nothing to make up for.
            (None, tomorrow),
            (Some(at("2026-11-21T03:30:09Z")), tomorrow),
            (
                Some(at("2026-11-20T03:30:09Z")),
                Some(at("2026-11-21T08:02:00Z")),
            ),
            (
                Some(at("2026-08-20T03:30:09Z")),
                Some(at("2026-11-21T08:02:00Z")),
            ),
        ] {
            assert_eq!(
                due(None, now, made_at, time, &zone),
                expected,
                "{made_at:?}"
            );
        }
    }

    #[test]
    fn what_is_due_comes_nearer_only() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let time = Time::constant(4, 30, 0, 0);
        let tomorrow = at("2026-11-22T03:30:00Z");
        let soon = at("2026-11-21T08:02:00Z");
        let ahead = due(None, at("2027-11-21T08:00:00Z"), None, time, &zone);
        assert_eq!(ahead, Some(at("2027-11-22T03:30:00Z")));
        let long_ago = Some(at("2026-08-20T03:30:09Z"));
        for (before, now, made_at, expected) in [
            // The clock was a year ahead, and was set back.
            (ahead, "2026-11-21T08:00:00Z", None, tomorrow),
            (
                ahead,
                "2026-11-21T08:00:00Z",
                Some(at("2027-11-21T03:30:09Z")),
                tomorrow,
            ),
            // A nap ended too late.
            (Some(tomorrow), "2026-11-22T03:30:00Z", None, tomorrow),
            (Some(tomorrow), "2026-11-22T03:31:00Z", None, tomorrow),
            // What is made up for does not run away.
            (Some(soon), "2026-11-21T08:01:00Z", long_ago, soon),
        ] {
            let due = due(before, at(now), made_at, time, &zone);
            assert_eq!(due, Some(expected), "{now} {made_at:?}");
        }
    }

    #[test]
    fn what_was_found_outlives_a_restart_and_a_broken_file_does_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let nightly = Nightly::open(dir.path());
        assert_eq!(nightly.last(), None);
        let report = serde_json::json!({ "at": "2026-11-21T03:30:09Z", "findings": [] });
        nightly.keep(report.clone());
        let again = Nightly::open(dir.path());
        assert_eq!(again.last(), Some(report));
        assert_eq!(again.made_at(), "2026-11-21T03:30:09Z".parse().ok());
        fs::write(dir.path().join("reconciliation.json"), "{").unwrap();
        assert_eq!(Nightly::open(dir.path()).last(), None);
    }
}
