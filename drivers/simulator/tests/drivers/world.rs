//! A driver and a simulated device on one wire, in virtual time.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use drivers::{Input, Machine, Mono, Output};

/// How long a link takes to open on demand.
const CALL: Duration = Duration::from_millis(5);
/// How long a lost link stays away.
const OUTAGE: Duration = Duration::from_secs(1);
/// More happens at one moment only where somebody asks to be woken for nothing.
const STEPS_AT_ONCE: u32 = 1000;

pub(crate) struct World<D: Machine, S> {
    pub(crate) now: Mono,
    pub(crate) driver: D,
    pub(crate) device: S,
    pub(crate) events: Vec<D::Event>,
    pub(crate) facts: Vec<D::Fact>,
    /// What the driver is told of its facts.
    pub(crate) durable: bool,
    /// After so many deliveries the till dies. A device on a serial line does not notice.
    pub(crate) dies_after: Option<u32>,
    /// After so many deliveries the cable is pulled, once.
    pub(crate) cut_after: Option<u32>,
    /// Whether a link is opened for each command, and not again after a loss.
    pub(crate) per_job: bool,
    pub(crate) wire: Wire,
    wait: [Option<Mono>; 2],
    linked: bool,
    /// The link is opened when the driver asks for it, and only then.
    on_demand: bool,
    /// Whether the device can be reached.
    pub(crate) reachable: bool,
    link_back_at: Option<Mono>,
    pending: VecDeque<Pending>,
}

/// The wire between both, and what it does to the bytes.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    pub(crate) chunks: Chunks,
    /// The link breaks after so many more bytes in that direction.
    pub(crate) cut_after: Option<(Direction, u64)>,
    /// Bytes that came through, to the driver and to the device.
    pub(crate) passed: [u64; 2],
}

/// In which pieces bytes arrive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// As they were sent.
    #[default]
    Whole,
    /// One by one.
    Bytes,
    /// As many together as there are.
    Coalesced,
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    ToDriver,
    ToDevice,
}

enum Pending {
    ToDriver(Vec<u8>),
    ToDevice(Vec<u8>),
    Stored,
}

impl<D, S> World<D, S>
where
    D: Machine,
    S: Machine<Command = Infallible, Fact = Infallible, Event = Infallible>,
{
    /// Both, with the link up.
    pub(crate) fn new(driver: D, device: S) -> Self {
        let mut world = Self::apart(driver, device);
        world.link(true);
        world.settle();
        world
    }

    /// Both, with a link that the driver opens when it wants it.
    pub(crate) fn on_demand(driver: D, device: S) -> Self {
        let mut world = Self::apart(driver, device);
        world.on_demand = true;
        world.tell_driver(Input::Timeout);
        world.settle();
        world
    }

    fn apart(driver: D, device: S) -> Self {
        Self {
            now: Mono::default(),
            driver,
            device,
            events: Vec::new(),
            facts: Vec::new(),
            durable: true,
            dies_after: None,
            cut_after: None,
            per_job: false,
            wire: Wire::default(),
            wait: [None; 2],
            linked: false,
            on_demand: false,
            reachable: true,
            link_back_at: None,
            pending: VecDeque::new(),
        }
    }

    pub(crate) fn command(&mut self, command: D::Command) {
        if self.per_job && !self.linked && !self.is_dead() {
            self.link(true);
        }
        self.tell_driver(Input::Command(command));
        self.settle();
    }

    /// Bytes that the device never said.
    pub(crate) fn say_to_driver(&mut self, bytes: &[u8]) {
        if self.linked {
            self.tell_driver(Input::Bytes(bytes));
            self.settle();
        }
    }

    /// Lets time pass until something happened that is waited for.
    pub(crate) fn run(&mut self, limit: Duration, done: impl Fn(&Self) -> bool) {
        let end = self.now + limit;
        let mut steps = 0;
        while !done(self) {
            let moments = [self.wait[0], self.wait[1], self.link_back_at];
            let Some(next) = moments.into_iter().flatten().min() else {
                return;
            };
            if next > end {
                self.now = end;
                return;
            }
            steps = if next > self.now { 0 } else { steps + 1 };
            assert!(steps < STEPS_AT_ONCE, "time stands still: {:?}", self.wait);
            self.now = self.now.max(next);
            if self.link_back_at.is_some_and(|at| at <= self.now) {
                self.link_back_at = None;
                if self.reachable {
                    self.link(true);
                } else if self.on_demand {
                    self.tell_driver(Input::LinkDown);
                }
            }
            self.tell_driver(Input::Timeout);
            self.tell_device(Input::Timeout);
            self.settle();
        }
    }

    /// Pulls the cable; it is put back after a while.
    pub(crate) fn cut(&mut self) {
        self.link(false);
        self.settle();
    }

    fn link(&mut self, up: bool) {
        self.linked = up;
        self.link_back_at = (!(up || self.on_demand || self.per_job)).then(|| self.now + OUTAGE);
        if up {
            self.tell_device(Input::LinkUp);
            self.tell_driver(Input::LinkUp);
        } else {
            // What is on its way is lost.
            self.pending
                .retain(|pending| matches!(pending, Pending::Stored));
            self.tell_device(Input::LinkDown);
            self.tell_driver(Input::LinkDown);
        }
    }

    fn settle(&mut self) {
        while let Some(pending) = self.pending.pop_front() {
            match pending {
                Pending::ToDriver(bytes) => self.pass(Direction::ToDriver, bytes),
                Pending::ToDevice(bytes) => self.pass(Direction::ToDevice, bytes),
                Pending::Stored => self.tell_driver(Input::Stored(self.durable)),
            }
            match &mut self.cut_after {
                Some(0) => {
                    self.cut_after = None;
                    self.link(false);
                }
                Some(deliveries) => *deliveries -= 1,
                None => {}
            }
            match &mut self.dies_after {
                // What left for the device still arrives.
                Some(0) => self
                    .pending
                    .retain(|pending| matches!(pending, Pending::ToDevice(_))),
                Some(deliveries) => *deliveries -= 1,
                None => {}
            }
        }
    }

    /// Brings bytes to the other end, as the wire will have it.
    fn pass(&mut self, direction: Direction, mut bytes: Vec<u8>) {
        if self.wire.chunks == Chunks::Coalesced {
            while let Some(more) = self.next_along(direction) {
                bytes.extend(more);
            }
        }
        let whole = bytes.len();
        let cut = match &mut self.wire.cut_after {
            Some((way, left)) if *way == direction => {
                let length = u64::try_from(bytes.len()).unwrap();
                let reached = length >= *left;
                bytes.truncate(usize::try_from(*left).unwrap().min(bytes.len()));
                *left = left.saturating_sub(length);
                reached
            }
            Some(_) | None => false,
        };
        let pieces = match self.wire.chunks {
            Chunks::Whole | Chunks::Coalesced => bytes.chunks(bytes.len().max(1)),
            Chunks::Bytes => bytes.chunks(1),
        };
        for piece in pieces {
            match direction {
                Direction::ToDriver => {
                    self.wire.passed[0] += u64::try_from(piece.len()).unwrap();
                    self.tell_driver(Input::Bytes(piece));
                }
                Direction::ToDevice => {
                    self.wire.passed[1] += u64::try_from(piece.len()).unwrap();
                    self.tell_device(Input::Bytes(piece));
                }
            }
        }
        if cut {
            self.wire.cut_after = None;
            if direction == Direction::ToDevice {
                self.tell_backlog(whole - bytes.len());
            }
            self.link(false);
        }
    }

    /// What the wire has not taken when it breaks, with what stands behind.
    fn tell_backlog(&mut self, left: usize) {
        let behind = |pending: &Pending| match pending {
            Pending::ToDevice(bytes) => bytes.len(),
            Pending::ToDriver(_) | Pending::Stored => 0,
        };
        let behind: usize = self.pending.iter().map(behind).sum();
        self.driver.backlog(self.now, left + behind);
    }

    fn next_along(&mut self, direction: Direction) -> Option<Vec<u8>> {
        match (self.pending.front(), direction) {
            (Some(Pending::ToDriver(_)), Direction::ToDriver)
            | (Some(Pending::ToDevice(_)), Direction::ToDevice) => {}
            _ => return None,
        }
        match self.pending.pop_front() {
            Some(Pending::ToDriver(bytes) | Pending::ToDevice(bytes)) => Some(bytes),
            Some(Pending::Stored) | None => None,
        }
    }

    /// Whether the till is dead.
    pub(crate) fn is_dead(&self) -> bool {
        self.dies_after == Some(0)
    }

    /// Another till takes the place of the dead one.
    pub(crate) fn succeed(&mut self, driver: D) {
        self.dies_after = None;
        self.driver = driver;
        self.events.clear();
        self.facts.clear();
        if self.on_demand {
            // Its connection died with it.
            self.linked = false;
            self.tell_device(Input::LinkDown);
            self.tell_driver(Input::Timeout);
        } else {
            self.tell_driver(Input::LinkUp);
        }
        self.settle();
    }

    fn tell_driver(&mut self, input: Input<'_, D::Command>) {
        if self.is_dead() {
            self.wait[0] = None;
            return;
        }
        self.driver.handle(self.now, input);
        let mut closed = false;
        loop {
            match self.driver.poll() {
                Output::Send(bytes) => self.pending.push_back(Pending::ToDevice(bytes)),
                Output::Store(fact) => {
                    self.facts.push(fact);
                    self.pending.push_back(Pending::Stored);
                }
                Output::Event(event) => self.events.push(event),
                Output::Open if self.on_demand && !self.linked => {
                    self.link_back_at = Some(self.now + CALL);
                }
                Output::Open => {}
                Output::Close => closed = true,
                Output::Wait(wait) => {
                    self.wait[0] = wait;
                    break;
                }
            }
        }
        self.close(closed);
    }

    fn tell_device(&mut self, input: Input<'_, Infallible>) {
        self.device.handle(self.now, input);
        let mut closed = false;
        loop {
            match self.device.poll() {
                Output::Send(bytes) => self.pending.push_back(Pending::ToDriver(bytes)),
                Output::Open => {}
                Output::Close => {
                    closed = true;
                    break;
                }
                Output::Wait(wait) => {
                    self.wait[1] = wait;
                    break;
                }
            }
        }
        if closed {
            // What was sent before still arrives.
            self.settle();
        }
        self.close(closed);
    }

    fn close(&mut self, closed: bool) {
        if closed && self.linked {
            self.link(false);
        }
    }
}
