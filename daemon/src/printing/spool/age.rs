//! How old a receipt is, on a machine whose clock may be set.
//!
//! A receipt bears the time of day at which it was made. What clock showed that is found by the clocks
//! that were seen since the start: each has its difference to the steady clock, and the span in which it
//! may have been in use. Where two may have shown it, as after a clock was set back, the later moment
//! counts: better late paper than none for a patient who waits. The first sight of a receipt bounds that.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sync::{
    delivery::Now,
    queue::{Job, JobId},
};

/// A clock that moves more than this beside the steady one was set.
const SET: SignedDuration = SignedDuration::from_secs(30);

/// What was seen of the clocks and of the receipts.
#[derive(Debug, Default)]
pub(super) struct Ages {
    /// The clocks that may have shown a moment that still counts, oldest first.
    clocks: Vec<Clock>,
    /// When they were looked at last, on the steady clock.
    looked: Option<Timestamp>,
    /// The receipt whose turn it is, and its first sight on the steady clock.
    seen: Option<(JobId, Timestamp)>,
}

/// A time of day, as it was set.
#[derive(Debug)]
struct Clock {
    /// It less the steady clock.
    ahead: SignedDuration,
    /// Not in use before.
    from: Timestamp,
    /// Not in use any more.
    until: Option<Timestamp>,
}

impl Ages {
    /// Looks at the clocks. A receipt counts for no longer than `expires`.
    pub(super) fn look(&mut self, now: Now, expires: Duration) {
        let ahead = now.wall.duration_since(now.steady);
        let looked = self.looked.replace(now.steady).unwrap_or(now.steady);
        let current = self.clocks.last_mut();
        if current
            .as_ref()
            .is_some_and(|c| (c.ahead - ahead).abs() <= SET)
        {
            return;
        }
        if let Some(current) = current {
            current.until = Some(now.steady);
        }
        // It was set at some moment after the last look.
        self.clocks.push(Clock {
            ahead,
            from: looked,
            until: None,
        });
        let counts = |until| now.steady.duration_since(until).unsigned_abs() <= expires;
        self.clocks.retain(|clock| clock.until.is_none_or(counts));
    }

    /// A receipt's turn has come.
    pub(super) fn see(&mut self, now: Now, job: &Job) {
        if self.seen.is_none_or(|(id, _)| id != job.id) {
            self.seen = Some((job.id, now.steady));
        }
    }

    /// How old a receipt is.
    pub(super) fn of(&self, now: Now, job: &Job) -> SignedDuration {
        let clocks = self.clocks.iter();
        let made = clocks.filter_map(|clock| clock.shown(now, job.at));
        let age = match made.max() {
            Some(made) => now.steady.duration_since(made),
            None => self.at_least(now, job),
        };
        let seen = self.seen.filter(|(id, _)| *id == job.id);
        seen.map_or(age, |(_, at)| age.max(now.steady.duration_since(at)))
    }

    /// No clock that was seen has shown it, so it was made before all of them. It is too old only if both
    /// clocks say so: this life may have begun with a wrong one.
    fn at_least(&self, now: Now, job: &Job) -> SignedDuration {
        let age = now.steady.min(now.wall).duration_since(job.at);
        let first = self.clocks.first();
        first.map_or(age, |first| age.max(now.steady.duration_since(first.from)))
    }
}

impl Clock {
    /// When it showed that time of day, on the steady clock, if it may have.
    fn shown(&self, now: Now, at: Timestamp) -> Option<Timestamp> {
        let shown = at.checked_sub(self.ahead).ok()?;
        let until = self.until.unwrap_or(now.steady);
        let in_use = shown.duration_since(self.from) >= -SET && shown.duration_since(until) <= SET;
        in_use.then_some(shown)
    }
}

#[cfg(test)]
mod tests;
