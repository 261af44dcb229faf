//! The daemon's part: its pure parts, and around them what its shell does with threads and tasks. A
//! life ends with a crash, and what was not committed is lost with it.

mod delivery;
mod disk;
mod engine;
mod paper;

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use daemon::{
    engine::{Engine, Event, ReplyTo},
    printing::{self, Rules, Spool},
    shell,
};
use drivers::{Mono, link::Policy, printer::escpos::EscPos, run::Joint};
use jiff::{Timestamp, tz::TimeZone};
use payment::DeviceId;
use sync::queue::Write;

pub(crate) use disk::Origin;

use crate::{
    agenda::Channel,
    clinic::{DEVICES, terminals},
    office::{Office, Told},
    trouble::Room,
    world::{Inner, PRINTER, What, World},
};

/// So long after a start is what a crash left to do under way.
const SHAKY: Duration = Duration::from_secs(30);

/// A daemon that runs.
pub(crate) struct Life {
    pub(crate) number: u64,
    pub(crate) engine: Engine,
    /// What waits for the disk.
    inbox: Vec<(Origin, Write)>,
    sync_at: Option<Mono>,
    /// Whether new payments are taken, as the ballast decides.
    begins: bool,
    /// Writes of the engine that are not answered.
    writing: u32,
    /// Nothing new is taken before what an earlier life left is durable.
    recovered: bool,
    held: VecDeque<Event>,
    spool: Spool,
    /// What the spool has not heard yet, because it waits for the disk.
    marking: bool,
    /// When the spool is woken by itself.
    spool_wake: Option<Timestamp>,
    unheard: VecDeque<printing::Event>,
    pub(crate) office: Office,
    /// What the steady clock said at the start.
    steady: (Timestamp, Mono),
    pub(crate) replies: HashMap<ReplyTo, usize>,
    next_reply: u64,
}

impl Life {
    pub(crate) fn reply_to(&mut self, intention: usize) -> ReplyTo {
        self.next_reply += 1;
        let reply = ReplyTo(self.next_reply);
        self.replies.insert(reply, intention);
        reply
    }
}

impl World {
    pub(crate) fn start(&mut self) {
        self.lives += 1;
        let number = self.lives;
        self.agenda
            .tell(|| format!("the daemon starts, life {number}"));
        let config = self.clinic.config;
        let wall = self.agenda.wall();
        let unfinished = shell::unfinished(self.disk.reader()).unwrap();
        let upstreams = config.upstreams.iter().map(|u| u.id.clone()).collect();
        let mut engine = Engine::new(shell::setups(config, &TimeZone::UTC), upstreams);
        let effects = engine.start(wall, unfinished);
        for job in self.disk.reader().jobs_under_way().unwrap() {
            let write = Write::Job {
                job: job.id,
                state: printing::interrupted(&job.state),
                at: wall,
            };
            if self.room == Room::Plenty {
                self.disk.commit(&[write], true).unwrap();
            }
        }
        let seed = self.agenda.random.draw();
        self.life = Some(Life {
            number,
            engine,
            inbox: Vec::new(),
            sync_at: None,
            begins: self.room == Room::Plenty,
            writing: 0,
            recovered: false,
            held: VecDeque::new(),
            spool: Spool::new(Rules::of(&config.printers[0])),
            marking: false,
            spool_wake: None,
            unheard: VecDeque::new(),
            office: Office::open(&config.upstreams[0], seed),
            steady: (wall, self.agenda.now),
            replies: HashMap::new(),
            next_reply: 0,
        });
        self.plug_in(wall, seed);
        self.carry_out(effects);
        self.recover();
        self.spool(printing::Event::Wake);
        self.office();
    }

    fn plug_in(&mut self, wall: Timestamp, seed: u64) {
        let now = self.agenda.now;
        for (wire, section) in self.terminals.iter_mut().zip(&self.clinic.config.terminals) {
            let driver = terminals::driver(section, wall, seed);
            let name = section.link.to_string();
            // A machine's clock begins with the driver; the world's began before.
            let machine: crate::world::Terminal = Box::new(Late {
                machine: driver.machine,
                since: now,
            });
            let policy = driver.defaults.policy;
            wire.joint = Some(Joint::new(machine, name, policy, seed, now));
        }
        let section = &self.clinic.config.printers[0];
        let policy = Policy::for_printer(&section.link);
        let machine = EscPos::new(self.clinic.profile, policy);
        let name = section.link.to_string();
        self.printer.joint = Some(Joint::new(machine, name, policy, seed, now));
        for number in self.wires() {
            self.settle_wire(number);
        }
    }

    /// Whether the daemon dies at this step.
    pub(crate) fn dies(&mut self) -> bool {
        if self.life.is_none() || self.crashes_left == 0 {
            return false;
        }
        let once_in = if self.is_shaky() {
            self.rough.again
        } else {
            self.rough.crash
        };
        let dies = self.agenda.random.once_in(once_in);
        if dies {
            self.crashes_left -= 1;
            self.crash("it crashes");
        }
        dies
    }

    /// Whether it has only just come back from a crash, on a machine that then crashes sooner.
    fn is_shaky(&self) -> bool {
        let since = self.life.as_ref().map(|life| life.steady.1);
        self.lives > 1
            && self.rough.again > 0
            && since.is_some_and(|since| self.agenda.now.since(since) < SHAKY)
    }

    /// The numbers of all wires.
    fn wires(&self) -> impl Iterator<Item = usize> + use<> {
        (0..self.terminals.len()).chain([PRINTER])
    }

    pub(crate) fn crash(&mut self, why: &str) {
        let Some(life) = self.life.take() else { return };
        self.agenda.tell(|| format!("the daemon is gone: {why}"));
        // What the disk was just writing may be there all the same.
        if life.sync_at.is_some() && self.room == Room::Plenty && self.agenda.random.once_in(3) {
            let writes: Vec<Write> = life.inbox.into_iter().map(|(_, write)| write).collect();
            self.agenda
                .tell(|| format!("its last {} writes are on disk", writes.len()));
            drop(self.disk.commit(&writes, life.begins));
        }
        for wire in &mut self.terminals {
            wire.abandon(&mut self.agenda, What::Wire);
        }
        self.printer.abandon(&mut self.agenda, What::Wire);
        for number in self.wires() {
            self.agenda.forget(Channel::Words(number));
            self.agenda.forget(Channel::Commands(number));
        }
        self.agenda.forget(Channel::Disk);
        self.unstored.fill(None);
        let pause = self.agenda.random.while_of(50, self.rough.away.max(100));
        self.agenda.after(pause, What::Start);
        self.people_lose_answers(&life.replies);
    }

    pub(crate) fn inner(&mut self, inner: Inner) {
        match inner {
            Inner::Engine(event) => self.engine(event),
            Inner::Say(number, word) => {
                self.terminals[number].say(self.agenda.now, word);
                self.settle_wire(number);
            }
            Inner::Print(word) => {
                self.printer.say(self.agenda.now, word);
                self.settle_wire(PRINTER);
            }
            Inner::Sync => self.sync(),
            Inner::Written(answers) => {
                for (origin, answer) in answers {
                    self.written(origin, answer);
                }
            }
            Inner::Spool(event) => self.spool(event),
            Inner::Office(number, told) => {
                if let Some(life) = &mut self.life {
                    life.office.tell(number, told);
                }
                self.office();
            }
            Inner::OfficeWakes(number) => {
                if let Some(life) = &mut self.life
                    && life.office.sleeps(number)
                {
                    life.office.tell(number, Told::Woken);
                }
                self.office();
            }
        }
    }

    /// Puts something down for this life.
    fn later(&mut self, pause: Duration, inner: Inner) {
        if let Some(life) = &self.life {
            let life = life.number;
            self.agenda.after(pause, What::Of(life, inner));
        }
    }

    fn over(&mut self, channel: Channel, inner: Inner) {
        if let Some(life) = &self.life {
            let life = life.number;
            let pause = Duration::from_micros(self.agenda.random.below(2000));
            self.agenda.over(channel, pause, What::Of(life, inner));
        }
    }
}

/// The wire of a device's terminal.
pub(crate) fn wire_of(device: &DeviceId) -> Option<usize> {
    DEVICES[..PRINTER]
        .iter()
        .position(|name| *name == device.as_str())
}

/// A machine whose own clock began later than the world's.
struct Late<M> {
    machine: M,
    since: Mono,
}

impl<M: drivers::Machine> drivers::Machine for Late<M> {
    type Command = M::Command;
    type Fact = M::Fact;
    type Event = M::Event;

    fn handle(&mut self, now: Mono, input: drivers::Input<'_, M::Command>) {
        self.machine.handle(Mono::new(now.since(self.since)), input);
    }

    fn poll(&mut self) -> drivers::Output<M::Fact, M::Event> {
        match self.machine.poll() {
            drivers::Output::Wait(Some(at)) => {
                drivers::Output::Wait(Some(self.since + at.elapsed()))
            }
            other => other,
        }
    }
}
