//! One world: what is in it, and what happens when. The daemon's part is in [`crate::till`], the
//! people's in [`crate::people`], and what must be true at the end in [`crate::oracle`].

use std::{collections::HashSet, time::Duration};

use drivers::{
    Mono,
    printer::{self, escpos::EscPos},
    run::ToMachine,
    terminal::{Command, Fact},
};
use jiff::SignedDuration;
use payment::PaymentId;
use simulator::{invoicing, printer::Printer};
use sync::{
    queue::{InMemory, WriteError, Written},
    upstream::HttpAnswer,
};

use crate::{
    agenda::{Agenda, Broken},
    clinic::{Books, Clinic, Roll, Station},
    copies::Copies,
    office::Told,
    people::{Deed, People},
    random::Random,
    till::{Life, Origin},
    wire::{Happens, Weather, Wire},
};

/// What a terminal's driver is.
pub(crate) type Terminal = Box<
    dyn drivers::Machine<Command = Command, Fact = Fact, Event = drivers::terminal::Event> + Send,
>;

/// The wire of the printer; those before are the terminals', as many as there are.
pub(crate) const PRINTER: usize = 3;

/// What sort of a day it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Day {
    /// A few people at two terminals and a cash box.
    Usual,
    /// An hour with fifty people at once, at three terminals and a cash box.
    Crowded,
}

/// Something that happens.
pub(crate) enum What {
    /// At a wire.
    Wire(usize, Happens),
    /// In this life of the daemon, and in no other.
    Of(u64, Inner),
    /// The daemon is started.
    Start,
    /// A request of this life, with the worker's number for it, reaches the invoicing system.
    Arrives(u64, u64, invoicing::Request),
    /// Somebody at the desk does something.
    Deed(Deed),
    /// Something goes wrong, or well again.
    Trouble(Trouble),
}

/// Something in the daemon.
pub(crate) enum Inner {
    /// An event reaches the engine.
    Engine(daemon::engine::Event),
    /// A word reaches a terminal's driver.
    Say(usize, ToMachine<Command>),
    /// A word reaches the printer's driver.
    Print(ToMachine<printer::Command>),
    /// The disk syncs.
    Sync,
    /// Its answers come back.
    Written(Vec<(Origin, Result<Written, WriteError>)>),
    /// An event reaches the print spool.
    Spool(daemon::printing::Event),
    /// An answer reaches the delivery's worker.
    Office(u64, Told),
    /// The worker's sleep of this number is over.
    OfficeWakes(u64),
}

/// What goes wrong beside the seed's own weather.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Of a terminal: the name of one of its faults.
    Terminal(usize, &'static str),
    Printer(simulator::printer::Fault),
    /// A person puts the printer right.
    PrinterMended,
    Office(invoicing::Fault),
    /// The disk has so much room.
    Room(Room),
    /// A device's cable is pulled, and put back.
    Unplugged(usize),
    Plugged(usize),
    /// The network to the invoicing system goes, and comes back.
    Offline(bool),
    /// Somebody sets the clock.
    Clock(SignedDuration),
    /// The daemon is killed.
    Kill,
    /// A copy of the journal is made.
    Copy,
    /// The disk breaks, and a person returns to the copy.
    Restore,
}

/// What the disk has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Plenty,
    /// For what is under way, because the ballast was given up.
    Little,
    None,
}

/// How rough a seed is: once in so many; never for zero.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rough {
    /// A crash at any step of the daemon.
    pub(crate) crash: u64,
    /// A sync that fails.
    pub(crate) sync: u64,
    /// A request or an answer that is lost.
    pub(crate) loss: u64,
    /// A request that is overtaken by those after it.
    pub(crate) overtaken: u64,
    /// A question that arrives twice.
    pub(crate) twice: u64,
    /// A crash at any step of a daemon that has just come back from one.
    pub(crate) again: u64,
    /// The longest that it is away, in milliseconds.
    pub(crate) away: u64,
}

/// The whole of it.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) sort: Day,
    pub(crate) agenda: Agenda<What>,
    pub(crate) clinic: Clinic,
    pub(crate) disk: InMemory,
    pub(crate) room: Room,
    pub(crate) rough: Rough,
    pub(crate) crashes_left: u32,
    /// How long the desk is open.
    pub(crate) day: Duration,
    pub(crate) terminals: Vec<Wire<Terminal, Station>>,
    pub(crate) printer: Wire<EscPos, Roll>,
    /// What was cut off; the printer itself keeps less than a crowd prints.
    pub(crate) paper: Vec<String>,
    pub(crate) books: Box<dyn Books>,
    pub(crate) offline: bool,
    pub(crate) life: Option<Life>,
    pub(crate) lives: u64,
    pub(crate) people: People,
    /// When somebody last set the clock.
    pub(crate) clock_set: Mono,
    pub(crate) copies: Copies,
    /// What terminals were asked to do with money, in all lives.
    pub(crate) asked: HashSet<PaymentId>,
    /// How often each terminal was asked for a sale.
    pub(crate) sales_asked: Vec<u32>,
    /// The fact that each terminal waits for.
    pub(crate) unstored: Vec<Option<Fact>>,
    /// Whether a whole card number may be under way.
    pub(crate) bare_cards: bool,
    pub(crate) broken: Option<Broken>,
    pub(crate) steps: u64,
}

/// How many minutes the desk is open. Most of a long day is terminals that are asked how they are.
const DAYS: [u64; 8] = [10, 10, 10, 10, 20, 60, 60, 480];
/// So long after the desk has closed, the last who ask again have gone; then everything is mended.
const AFTER_HOURS: Duration = Duration::from_mins(15);
/// So long after that, nothing is left to do.
const NIGHT: Duration = Duration::from_hours(72);
/// How far a clock is set at most, at once: longer than most fences and pauses, and twice makes days.
const FAR: SignedDuration = SignedDuration::from_secs(200_000);
/// Faults that change what the people of this world could not know: another amount than was asked for.
const NOT_HERE: [&str; 3] = ["other-amount", "partial-approval", "other-currency"];
/// More steps than any day has, also where each byte comes by itself.
const STEPS: u64 = 4_000_000;

impl World {
    pub(crate) fn new(seed: u64, sort: Day, story: bool) -> Self {
        let mut agenda = Agenda::new(seed, story);
        let random = &mut agenda.random;
        let clinic = Clinic::of(random, sort);
        let day = Duration::from_mins(match sort {
            Day::Usual => random.pick(&DAYS),
            Day::Crowded => 60,
        });
        let weather = |random: &mut Random| {
            let bad = random.pick(&[0, 0, 40, 150]);
            Weather {
                cut: if bad == 0 { 0 } else { bad },
                late: random.pick(&[0, 20, 100]),
                split: random.pick(&[0, 2, 10]),
                twice: random.pick(&[0, 0, 5, 30]),
                lost: random.pick(&[0, 0, 20, 100]),
            }
        };
        let terminals: Vec<_> = (0..)
            .zip(&clinic.families)
            .map(|(number, family)| {
                let station = family.station(random);
                Wire::new(number, station, family.notices(), weather(random))
            })
            .collect();
        let printer = Wire::new(PRINTER, Roll(Printer::new(48)), true, weather(random));
        let rough = Rough {
            crash: random.pick(&[0, 50, 200, 600]),
            sync: random.pick(&[0, 0, 60]),
            loss: random.pick(&[0, 4, 20]),
            overtaken: random.pick(&[0, 8, 40]),
            twice: random.pick(&[0, 4]),
            again: random.pick(&[0, 0, 20, 60]),
            away: random.pick(&[1000, 30_000]),
        };
        let crashes_left = u32::try_from(random.below(6)).unwrap_or(0);
        let mut world = Self {
            seed,
            sort,
            books: clinic.office.books(),
            clinic,
            disk: InMemory::new().unwrap(),
            room: Room::Plenty,
            rough,
            crashes_left,
            day,
            sales_asked: vec![0; terminals.len()],
            unstored: vec![None; terminals.len()],
            terminals,
            printer,
            paper: Vec::new(),
            offline: false,
            life: None,
            lives: 0,
            people: People::default(),
            clock_set: Mono::default(),
            copies: Copies::default(),
            asked: HashSet::new(),
            bare_cards: false,
            broken: None,
            steps: 0,
            agenda,
        };
        world.plan();
        world
    }

    /// What the day has in store.
    fn plan(&mut self) {
        self.agenda.at(Mono::default(), What::Start);
        self.plan_people();
        let count = self.agenda.random.below(8);
        for _ in 0..count {
            let at = Mono::new(Duration::from_secs(
                self.agenda.random.below(self.day.as_secs()),
            ));
            self.plan_trouble(at);
        }
        if self.agenda.random.once_in(6) {
            let day = self.day.as_secs();
            let copied = self.agenda.random.below(day);
            let restored = copied + self.agenda.random.below(day - copied);
            for (at, trouble) in [(copied, Trouble::Copy), (restored, Trouble::Restore)] {
                let at = Mono::new(Duration::from_secs(at));
                self.agenda.at(at, What::Trouble(trouble));
            }
        }
    }

    fn plan_trouble(&mut self, at: Mono) {
        let random = &mut self.agenda.random;
        let desks = u64::try_from(self.terminals.len()).unwrap_or(1);
        let device = usize::try_from(random.below(desks)).unwrap_or(0);
        let lasts = random.while_of(1000, 1_200_000);
        let (trouble, end) = match random.below(16) {
            0..=5 => {
                let faults = self.clinic.families[device].faults();
                let names: Vec<&'static str> = faults.iter().map(|(name, _)| *name).collect();
                let fault = random.pick(&names);
                if NOT_HERE.contains(&fault) {
                    return;
                }
                (Trouble::Terminal(device, fault), None)
            }
            6 | 7 => {
                use simulator::printer::Fault;
                let after = u32::try_from(random.below(40)).unwrap_or(0);
                let bytes = u32::try_from(random.below(600)).unwrap_or(0);
                let fault = random.pick(&[
                    Fault::PaperOut,
                    Fault::PaperOutAfter(after),
                    Fault::CoverOpen,
                    Fault::CutterJam,
                    Fault::Offline,
                    Fault::Silent,
                    Fault::Slow,
                    Fault::CutLinkAfter(bytes),
                ]);
                (Trouble::Printer(fault), Some(Trouble::PrinterMended))
            }
            8..=10 => (Trouble::Office(random.pick(&invoicing::Fault::ALL)), None),
            11 => {
                let room = random.pick(&[Room::Little, Room::None]);
                (Trouble::Room(room), Some(Trouble::Room(Room::Plenty)))
            }
            12 => {
                let wire = if random.once_in(3) { PRINTER } else { device };
                (Trouble::Unplugged(wire), Some(Trouble::Plugged(wire)))
            }
            13 => (Trouble::Offline(true), Some(Trouble::Offline(false))),
            14 => {
                let hours = SignedDuration::from_hours(2);
                let seconds = SignedDuration::from_secs(90);
                let by = random.pick(&[-FAR, -hours, -seconds, seconds, hours, FAR]);
                (Trouble::Clock(by), None)
            }
            _ => (Trouble::Kill, None),
        };
        self.agenda.at(at, What::Trouble(trouble));
        if let Some(end) = end {
            self.agenda.at(at + lasts, What::Trouble(end));
        }
    }

    /// A day and a night. The law that was broken, if one was.
    pub(crate) fn run(&mut self) -> Option<Broken> {
        let mut end = Mono::new(self.day + AFTER_HOURS);
        self.run_until(end);
        self.mend();
        let morning = end + NIGHT;
        while self.broken.is_none() && !self.is_settled() {
            if end > morning {
                let how = self.unsettled();
                self.breaks(how.0, how.1);
                break;
            }
            end = end + Duration::from_mins(20);
            self.run_until(end);
            self.books.arrive(self.true_time());
            self.people_tidy_up();
        }
        if self.broken.is_none() {
            self.judge();
        }
        self.broken.clone()
    }

    fn run_until(&mut self, end: Mono) {
        while self.broken.is_none()
            && let Some(what) = self.agenda.next(end)
        {
            self.steps += 1;
            if self.steps > STEPS {
                return self.breaks(13, "the world never comes to rest".to_owned());
            }
            self.happens(what);
        }
    }

    fn happens(&mut self, what: What) {
        match what {
            What::Wire(number, happens) => {
                if number == PRINTER {
                    self.printer.happens(&mut self.agenda, happens);
                } else {
                    self.terminals[number].happens(&mut self.agenda, happens);
                }
                self.settle_wire(number);
            }
            What::Of(life, inner) => {
                if self.life.as_ref().is_some_and(|l| l.number == life) && !self.dies() {
                    self.inner(inner);
                }
            }
            What::Start => self.start(),
            What::Arrives(life, number, request) => self.arrives(life, number, &request),
            What::Deed(deed) => self.deed(deed),
            What::Trouble(trouble) => self.trouble(trouble),
        }
    }

    /// Brings what happened at a wire to whoever holds its driver.
    pub(crate) fn settle_wire(&mut self, number: usize) {
        let life = self.life.as_ref().map_or(0, |life| life.number);
        if number == PRINTER {
            let words = self.printer.settle(&mut self.agenda, What::Wire);
            for word in words {
                self.printer_says(life, word);
            }
            let seen = u64::try_from(self.paper.len()).unwrap_or(u64::MAX);
            let new = self.printer.device.0.pages_after(seen);
            self.paper.extend(new.map(|(page, _)| page.to_owned()));
        } else {
            let words = self.terminals[number].settle(&mut self.agenda, What::Wire);
            for word in words {
                self.terminal_says(life, number, word);
            }
        }
    }

    fn arrives(&mut self, life: u64, number: u64, request: &invoicing::Request) {
        let now = self.true_time();
        let reply = self.books.handle(now, request);
        self.agenda.tell(|| {
            let body = String::from_utf8_lossy(&request.body);
            let (method, path) = (&request.method, &request.path_and_query);
            format!("office: {method} {path} {body} → {}", shown(&reply))
        });
        let random = &mut self.agenda.random;
        let lost = random.once_in(self.rough.loss) || self.offline;
        let (pause, answer) = match reply {
            invoicing::Reply::Answer(answer) if !lost => (random.while_of(5, 900), heard(&answer)),
            invoicing::Reply::Dropped if !lost => (random.while_of(5, 900), no_answer()),
            invoicing::Reply::Away => (random.while_of(5, 900), not_sent()),
            invoicing::Reply::Answer(_)
            | invoicing::Reply::Dropped
            | invoicing::Reply::Late(..) => (Duration::from_secs(30), no_answer()),
        };
        let inner = Inner::Office(number, Told::Answer(answer));
        self.agenda.after(pause, What::Of(life, inner));
    }

    fn trouble(&mut self, trouble: Trouble) {
        self.agenda.tell(|| format!("trouble: {trouble:?}"));
        match trouble {
            Trouble::Terminal(device, fault) => {
                self.bare_cards |= fault == "unmasked-pan";
                self.terminals[device].device.0.arm(fault);
            }
            Trouble::Printer(fault) => self.printer.device.0.arm(fault),
            Trouble::PrinterMended => {
                self.printer.device.0.clear();
                self.touch_printer();
            }
            Trouble::Office(fault) => self.books.arm(fault),
            Trouble::Room(room) => self.room = room,
            Trouble::Unplugged(PRINTER) => {
                self.printer.reachable = false;
                self.printer.cut(&mut self.agenda, What::Wire);
            }
            Trouble::Unplugged(number) => {
                self.terminals[number].reachable = false;
                self.terminals[number].cut(&mut self.agenda, What::Wire);
            }
            Trouble::Plugged(PRINTER) => self.printer.reachable = true,
            Trouble::Plugged(number) => self.terminals[number].reachable = true,
            Trouble::Offline(offline) => self.offline = offline,
            Trouble::Clock(by) => self.set_clock(self.agenda.skew + by),
            Trouble::Kill => self.crash("it is killed"),
            Trouble::Copy => self.make_a_copy(),
            Trouble::Restore => self.return_to_the_copy(),
        }
    }

    /// The printer finds out what a hand did to it.
    fn touch_printer(&mut self) {
        let now = self.agenda.now;
        let device: &mut crate::wire::Device = self.printer.device.as_mut();
        device.handle(now, drivers::Input::Timeout);
        self.settle_wire(PRINTER);
    }

    /// In the evening all is put right, and the machine starts anew.
    fn mend(&mut self) {
        if self.broken.is_some() {
            return;
        }
        self.agenda
            .tell(|| "evening: everything is mended".to_owned());
        self.rough = Rough::default();
        self.crashes_left = 0;
        self.room = Room::Plenty;
        self.offline = false;
        self.set_clock(SignedDuration::ZERO);
        self.books.disarm();
        for wire in &mut self.terminals {
            wire.weather = Weather::default();
            wire.reachable = true;
            wire.device.0.mend();
        }
        self.printer.weather = Weather::default();
        self.printer.reachable = true;
        self.printer.device.0.clear();
        self.touch_printer();
        for number in 0..self.terminals.len() {
            self.settle_wire(number);
        }
        self.crash("the machine is started anew");
    }

    fn set_clock(&mut self, skew: SignedDuration) {
        if self.agenda.skew != skew {
            self.agenda.skew = skew;
            self.clock_set = self.agenda.now;
        }
    }

    /// The time as it is, whatever the clock on the wall says.
    pub(crate) fn true_time(&self) -> jiff::Timestamp {
        self.agenda.wall().saturating_sub(self.agenda.skew).unwrap()
    }

    /// Keeps the first law that was broken.
    pub(crate) fn breaks(&mut self, law: u8, how: String) {
        self.agenda.tell(|| format!("LAW {law}: {how}"));
        if self.broken.is_none() {
            self.broken = Some(Broken { law, how });
        }
    }
}

fn heard(answer: &invoicing::Answer) -> HttpAnswer {
    let value = |name| {
        let hit = answer.headers.iter().find(|(n, _)| *n == name);
        hit.map(|(_, value)| value.as_str())
    };
    HttpAnswer::response(
        answer.status,
        value("date"),
        value("retry-after"),
        answer.body.clone(),
    )
}

pub(crate) fn no_answer() -> HttpAnswer {
    HttpAnswer::Lost {
        reason: "The invoicing system did not answer in time.".into(),
    }
}

pub(crate) fn not_sent() -> HttpAnswer {
    HttpAnswer::NotSent {
        reason: "The invoicing system cannot be reached. Check the network.".into(),
    }
}

fn shown(reply: &invoicing::Reply) -> String {
    match reply {
        invoicing::Reply::Answer(answer) | invoicing::Reply::Late(_, answer) => {
            format!(
                "{} {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            )
        }
        invoicing::Reply::Dropped => "dropped".to_owned(),
        invoicing::Reply::Away => "away".to_owned(),
    }
}
