//! The scheduler: virtual time, and what happens when. Whatever is put down for a channel comes in the
//! order in which it was put down; all else comes as chance has it.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BinaryHeap, HashMap},
    fmt,
    time::Duration,
};

use drivers::Mono;
use jiff::{SignedDuration, Timestamp};

use crate::random::Random;

/// The moment at which every world begins.
pub(crate) const ORIGIN: Timestamp = Timestamp::constant(1_767_344_400, 0);

/// What keeps its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Channel {
    /// Words of a device's driver for whoever holds it, and back.
    Words(usize),
    Commands(usize),
    /// Bytes of a wire, for the device and for the driver.
    ToDevice(usize),
    ToDriver(usize),
    /// What the disk answers.
    Disk,
}

struct Entry<W> {
    at: Mono,
    number: u64,
    /// Apart, for the heap moves its entries about.
    what: Box<W>,
}

impl<W> PartialEq for Entry<W> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<W> Eq for Entry<W> {}

impl<W> PartialOrd for Entry<W> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<W> Ord for Entry<W> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// Time, chance, and what is put down.
pub(crate) struct Agenda<W> {
    pub(crate) now: Mono,
    pub(crate) random: Random,
    /// How far the clock on the wall is off.
    pub(crate) skew: SignedDuration,
    entries: BinaryHeap<Reverse<Entry<W>>>,
    last: HashMap<Channel, Mono>,
    number: u64,
    /// What happened, if somebody wants to read it.
    pub(crate) story: Option<Vec<String>>,
}

impl<W> Agenda<W> {
    pub(crate) fn new(seed: u64, story: bool) -> Self {
        Self {
            now: Mono::default(),
            random: Random::new(seed),
            skew: SignedDuration::ZERO,
            entries: BinaryHeap::new(),
            last: HashMap::new(),
            number: 0,
            story: story.then(Vec::new),
        }
    }

    /// Puts something down for a moment.
    pub(crate) fn at(&mut self, at: Mono, what: W) {
        self.number += 1;
        let number = self.number;
        self.entries.push(Reverse(Entry {
            at: at.max(self.now),
            number,
            what: Box::new(what),
        }));
    }

    /// Puts something down for later.
    pub(crate) fn after(&mut self, pause: Duration, what: W) {
        self.at(self.now + pause, what);
    }

    /// The same, behind all that was put down for the channel before.
    pub(crate) fn over(&mut self, channel: Channel, pause: Duration, what: W) {
        let at = self.now + pause;
        let last = self.last.entry(channel).or_default();
        let at = at.max(*last);
        *last = at;
        self.at(at, what);
    }

    /// A new process: what was said in the old one holds nobody up.
    pub(crate) fn forget(&mut self, channel: Channel) {
        self.last.remove(&channel);
    }

    /// What comes next, with time gone on to it; nothing after `end`.
    pub(crate) fn next(&mut self, end: Mono) -> Option<W> {
        if self.entries.peek()?.0.at > end {
            self.now = end;
            return None;
        }
        let Reverse(entry) = self.entries.pop()?;
        self.now = entry.at;
        Some(*entry.what)
    }

    /// The clock on the wall.
    pub(crate) fn wall(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.now.elapsed()).unwrap_or_default();
        let true_time = ORIGIN.saturating_add(elapsed).unwrap_or(ORIGIN);
        true_time.saturating_add(self.skew).unwrap_or(true_time)
    }

    /// Adds a line to the story.
    pub(crate) fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            let passed = self.now.elapsed();
            let seconds = passed.as_secs();
            story.push(format!(
                "{:02}:{:02}:{:02}.{:03} {}",
                9 + seconds / 3600,
                seconds / 60 % 60,
                seconds % 60,
                passed.subsec_millis(),
                line()
            ));
        }
    }
}

/// A law that was broken, and how.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    pub(crate) law: u8,
    pub(crate) how: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "law {} is broken: {}", self.law, self.how)
    }
}
