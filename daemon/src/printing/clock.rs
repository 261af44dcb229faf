//! The clocks of receipts.

use std::time::Duration;

use jiff::Timestamp;
use nix::time::{ClockId, clock_gettime};
use sync::delivery::Now;

/// A receipt grows old while the machine sleeps, so here the steady clock counts sleep. The delivery's
/// does not: what had left before the machine slept may still arrive after it, and its fences wait for
/// that.
#[derive(Debug, Clone, Copy)]
pub(super) struct PaperClock {
    wall: Timestamp,
    origin: Duration,
}

impl PaperClock {
    /// Begins the steady clock at the time of day.
    pub(super) fn new() -> Self {
        Self {
            wall: wall(),
            origin: since_boot(),
        }
    }

    pub(super) fn now(&self) -> Now {
        let passed = since_boot().saturating_sub(self.origin);
        Now {
            steady: self.wall.saturating_add(passed).unwrap_or(self.wall),
            wall: wall(),
        }
    }
}

/// Every Linux that this runs on has that clock; one that had not would let no receipt grow old.
fn since_boot() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME)
        .map(Duration::from)
        .unwrap_or_default()
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the shell of the receipts: it reads the clock for the spool"
)]
fn wall() -> Timestamp {
    Timestamp::now()
}
