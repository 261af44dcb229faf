//! One world: what is in it, and what happens when. The daemon's part is in [`crate::till`], the
//! people's in [`crate::people`], what goes wrong in [`crate::trouble`], and what must be true in
//! [`crate::oracle`].

use std::{collections::HashSet, time::Duration};

use drivers::{
    Mono,
    printer::{self, escpos::EscPos},
    run::ToMachine,
    terminal::{Command, Fact},
};
use payment::PaymentId;
use simulator::{invoicing, printer::Printer};
use sync::queue::{InMemory, WriteError, Written};

use crate::{
    agenda::{Agenda, Broken},
    clinic::{Clinic, Roll, invoicing::Books, terminals::Station},
    copies::Copies,
    office::{Told, heard, no_answer, not_sent},
    people::{Deed, People},
    random::Random,
    till::{Life, Origin},
    trouble::{Room, Trouble},
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
    /// Since when.
    pub(crate) room_since: Mono,
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
            room_since: Mono::default(),
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
            self.look_at_deliveries(true);
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
