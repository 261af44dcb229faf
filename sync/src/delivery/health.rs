//! How an upstream as a whole is doing: when it may be asked again, and how its clock stands.
//!
//! Kept in memory only: after a restart the first request finds out anew.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use payment::Text;
use serde::Serialize;

use super::Now;

/// For an upstream that answers, but badly.
const TROUBLED: [u64; 6] = [5, 30, 120, 600, 1800, 3600];
/// For a network that is away: short, so that delivery goes on soon after it is back.
const OFFLINE: [u64; 7] = [1, 2, 4, 8, 16, 32, 60];
/// For a bad key or a wrong address.
const PARKED: Duration = Duration::from_mins(5);
/// Longest wish of a server that is granted.
const LONGEST_WISH: Duration = Duration::from_hours(1);
/// A server's clock that is no further from ours counts as measured.
const NEAR: SignedDuration = SignedDuration::from_secs(30);
/// A clock that was corrected by less than this was not what the server minded.
const SAME_CLOCK: SignedDuration = SignedDuration::from_secs(2);

/// Nothing is sent to an upstream for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// What kind of trouble it is.
    pub why: Trouble,
    /// What happened, as a sentence.
    pub reason: Text,
    /// When it is tried again by itself, by the steady clock.
    pub until: Timestamp,
}

/// Why nothing is sent to an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// No payment would be taken: a bad key, a missing right, a wrong address, or a machine that cannot
    /// send.
    Parked,
    /// It cannot be reached.
    Offline,
    /// It answers badly.
    Failing,
    /// It says that this machine's clock is wrong.
    Clock,
    /// It asked to be left alone.
    Asked,
}

/// The health of one upstream.
#[derive(Debug, Clone, Default)]
pub struct Health {
    skew: SignedDuration,
    failures: usize,
    offline: usize,
    pause: Option<Pause>,
    /// Until when it wants to be left alone.
    wish: Option<Timestamp>,
    /// How far our two clocks were apart when the server's was measured.
    measured: Option<SignedDuration>,
}

impl Health {
    /// Until when nothing may be sent, if so.
    pub fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.pause(now).map(|pause| pause.until)
    }

    /// Why nothing may be sent, and until when, if so.
    pub fn pause(&self, now: Timestamp) -> Option<Pause> {
        let pause = self.pause.clone().filter(|pause| pause.until > now);
        let wish = self.wish.filter(|until| *until > now).map(|until| Pause {
            why: Trouble::Asked,
            reason: Text::from("It asked not to be sent anything for a while."),
            until,
        });
        match (pause, wish) {
            (Some(pause), Some(wish)) if pause.until < wish.until => Some(Pause {
                until: wish.until,
                ..pause
            }),
            (Some(pause), _) => Some(pause),
            (None, wish) => wish,
        }
    }

    /// A person wants it to be tried now. The system's own wish still counts.
    pub(super) fn hurry(&mut self) {
        self.pause = None;
    }

    /// The server's time, as far as it is known.
    pub fn server_time(&self, wall: Timestamp) -> Timestamp {
        wall.saturating_add(self.skew).unwrap_or(wall)
    }

    /// It answered as it should.
    pub(super) fn well(&mut self) {
        self.failures = 0;
        self.offline = 0;
        self.pause = None;
        self.wish = None;
    }

    /// It could not be reached. Returns when to try again.
    pub(super) fn offline(&mut self, now: Timestamp, reason: &Text, random: u64) -> Timestamp {
        let pause = step(&OFFLINE, self.offline);
        self.offline = self.offline.saturating_add(1);
        let until = later(now, jittered(pause, random));
        self.rest(Trouble::Offline, reason, until)
    }

    /// It answered badly, or wants to be left alone for `wish`. Returns when to try again.
    pub(super) fn troubled(
        &mut self,
        now: Timestamp,
        reason: &Text,
        wish: Option<Duration>,
        random: u64,
    ) -> Timestamp {
        self.failing(Trouble::Failing, now, reason, wish, random)
    }

    fn failing(
        &mut self,
        why: Trouble,
        now: Timestamp,
        reason: &Text,
        wish: Option<Duration>,
        random: u64,
    ) -> Timestamp {
        if let Some(wish) = wish {
            self.leave_alone(now, wish);
        }
        let pause = step(&TROUBLED, self.failures).max(wish.unwrap_or_default().min(LONGEST_WISH));
        self.failures = self.failures.saturating_add(1);
        self.offline = 0;
        self.rest(why, reason, later(now, jittered(pause, random)))
    }

    /// It refuses every request alike. Returns when to try again.
    pub(super) fn parked(&mut self, now: Timestamp, reason: &Text) -> Timestamp {
        self.offline = 0;
        self.rest(Trouble::Parked, reason, later(now, PARKED))
    }

    /// It minded the time of the request. Returns when to try again: at once, if the clock could
    /// be corrected.
    pub(super) fn skewed(
        &mut self,
        now: Timestamp,
        skew: Option<SignedDuration>,
        random: u64,
    ) -> Timestamp {
        let corrected = skew.filter(|skew| (*skew - self.skew).abs() > SAME_CLOCK);
        match corrected {
            Some(skew) if self.failures == 0 => {
                self.skew = skew;
                self.failures = 1;
                now
            }
            _ => {
                self.skew = corrected.unwrap_or(self.skew);
                self.failing(Trouble::Clock, now, &clock_reason(), None, random)
            }
        }
    }

    /// It wants to be left alone, whatever else its answer says.
    pub(super) fn leave_alone(&mut self, now: Timestamp, wish: Duration) {
        let until = later(now, wish.min(LONGEST_WISH));
        self.wish = self.wish.max(Some(until));
    }

    /// Whether the server's clock stood beside ours: its answer came with a `Date`, and ours was not
    /// set since.
    pub fn has_measured(&self, now: Now) -> bool {
        let beside = now.wall.duration_since(now.steady);
        let set = |then: SignedDuration| (beside - then).abs() > SAME_CLOCK;
        self.measured.is_some_and(|then| !set(then))
    }

    /// An answer of the server's own told its time. What is far from what we sign with is no measure.
    pub(super) fn measure(&mut self, now: Now, date: Timestamp) {
        let off = date.duration_since(self.server_time(now.wall)).abs();
        let beside = now.wall.duration_since(now.steady);
        self.measured = (off <= NEAR).then_some(beside);
    }

    fn rest(&mut self, why: Trouble, reason: &Text, until: Timestamp) -> Timestamp {
        let reason = reason.clone();
        self.pause = Some(Pause { why, reason, until });
        until
    }
}

/// What a person reads whose machine's clock is wrong.
pub(super) fn clock_reason() -> Text {
    Text::from("The invoicing system says that this machine's clock is wrong. Check the clock.")
}

/// `after` later; stays in the range of time.
pub(super) fn later(now: Timestamp, after: Duration) -> Timestamp {
    now.saturating_add(after).unwrap_or(Timestamp::MAX)
}

fn step(steps: &[u64], failures: usize) -> Duration {
    let last = steps.last().copied().unwrap_or_default();
    Duration::from_secs(steps.get(failures).copied().unwrap_or(last))
}

/// Up to a tenth more, so that many desks do not come back in the same moment.
fn jittered(pause: Duration, random: u64) -> Duration {
    let thousandths = u32::try_from(random % 100).unwrap_or_default();
    pause.saturating_add(pause.saturating_mul(thousandths) / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(mut wait: impl FnMut(&mut Health) -> Timestamp) -> Vec<i64> {
        let mut health = Health::default();
        (0..8).map(|_| wait(&mut health).as_second()).collect()
    }

    #[test]
    fn pauses_grow_to_their_cap() {
        let zero = Timestamp::UNIX_EPOCH;
        let why = Text::from("It is away.");
        assert_eq!(
            waits(|h| h.offline(zero, &why, 0)),
            [1, 2, 4, 8, 16, 32, 60, 60]
        );
        assert_eq!(
            waits(|h| h.troubled(zero, &why, None, 0)),
            [5, 30, 120, 600, 1800, 3600, 3600, 3600]
        );
        assert_eq!(waits(|h| h.parked(zero, &why)), [300; 8]);
        let wish = Some(Duration::from_secs(77));
        let mut health = Health::default();
        assert_eq!(health.troubled(zero, &why, wish, 0).as_second(), 77);
        // Jitter adds less than a tenth.
        assert_eq!(jittered(Duration::from_secs(100), 99).as_millis(), 109_900);
    }

    #[test]
    fn a_person_lifts_a_pause_but_not_the_systems_wish() {
        let zero = Timestamp::UNIX_EPOCH;
        let why = Text::from("The key is wrong.");
        let mut health = Health::default();
        health.parked(zero, &why);
        let pause = health.pause(zero).unwrap();
        assert_eq!((pause.why, &pause.reason), (Trouble::Parked, &why));
        health.hurry();
        assert_eq!(health.pause(zero), None);
        health.troubled(zero, &why, Some(Duration::from_secs(77)), 0);
        assert_eq!(health.pause(zero).unwrap().why, Trouble::Failing);
        health.hurry();
        let left = health.pause(zero).unwrap();
        assert_eq!((left.why, left.until.as_second()), (Trouble::Asked, 77));
        health.well();
        assert_eq!(health.pause(zero), None);
    }

    #[test]
    fn a_clock_is_measured_until_ours_is_set() {
        let zero = Timestamp::UNIX_EPOCH;
        let at = |steady: i64, wall: i64| Now {
            steady: zero + SignedDuration::from_secs(steady),
            wall: zero + SignedDuration::from_secs(wall),
        };
        let mut health = Health::default();
        assert!(!health.has_measured(at(0, 0)));
        health.measure(at(0, 0), zero + SignedDuration::from_secs(31));
        assert!(!health.has_measured(at(0, 0)), "too far away");
        health.measure(at(0, 0), zero + SignedDuration::from_secs(2));
        assert!(health.has_measured(at(500, 501)));
        assert!(!health.has_measured(at(500, 560)), "our clock was set");
        health.leave_alone(zero, Duration::from_hours(9));
        assert_eq!(health.paused_until(zero).unwrap().as_second(), 3600);
    }

    #[test]
    fn a_clock_is_corrected_at_once_but_only_once() {
        let zero = Timestamp::UNIX_EPOCH;
        let skew = Some(SignedDuration::from_mins(7));
        let mut health = Health::default();
        assert_eq!(health.skewed(zero, skew, 0), zero);
        assert_eq!(health.server_time(zero).as_second(), 420);
        assert!(health.skewed(zero, skew, 0) > zero);
        assert!(Health::default().skewed(zero, None, 0) > zero);
    }
}
