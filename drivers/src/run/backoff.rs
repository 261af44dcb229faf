//! Growing pauses between attempts to open a link.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// Pauses that double from 200 ms to 10 s, each shortened by up to a quarter at random.
#[derive(Debug)]
pub(super) struct Backoff {
    pause: Duration,
    random: u64,
}

impl Backoff {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            pause: FIRST,
            random: seed,
        }
    }

    /// The pause before the next attempt.
    pub(super) fn next(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST);
        // The top 32 bits as a fraction of a quarter of the pause.
        let fraction = u32::try_from(self.draw() >> 32).unwrap_or(0);
        let shorter = (u128::from(fraction) * (pause / 4).as_nanos()) >> 32;
        pause.saturating_sub(Duration::from_nanos(u64::try_from(shorter).unwrap_or(0)))
    }

    /// The link works: the next loss is a new one.
    pub(super) fn reset(&mut self) {
        self.pause = FIRST;
    }

    /// SplitMix64 (Steele, Lea and Flood 2014): enough to spread attempts.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_ten_seconds_and_begin_again() {
        let full = [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000].map(Duration::from_millis);
        let mut backoff = Backoff::new(7);
        for pause in full {
            let next = backoff.next();
            assert!(
                next <= pause && next >= pause * 3 / 4,
                "{next:?} of {pause:?}"
            );
        }
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }

    #[test]
    fn seeds_part_devices() {
        assert_ne!(Backoff::new(1).next(), Backoff::new(2).next());
        assert_eq!(Backoff::new(1).next(), Backoff::new(1).next());
    }
}
