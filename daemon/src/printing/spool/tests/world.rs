//! Two spools with real drivers, simulated printers and a queue in memory, on one virtual clock,
//! with crashes, cut links, faults and full disks at any moment.

use std::collections::{BTreeMap, VecDeque};

use drivers::{
    Input, Machine, Mono, Output,
    link::Policy,
    printer::{
        Command, Fact,
        escpos::{EscPos, Line, Profile, Style, render},
    },
};
use proptest::prelude::*;
use simulator::printer::{Fault, Printer};

use super::*;

mod side;

use side::{Rows, Side, profile, receipt, rules, words};

/// How long a lost link stays away.
const OUTAGE: u64 = 700;
/// One turn of the world, in milliseconds.
const TURN: u64 = 50;
/// Receipts are old after a minute here, and a printer stands in after five seconds.
const EXPIRES: Duration = Duration::from_mins(1);
const STAND_IN_AFTER: Duration = Duration::from_secs(5);

/// What happens at the desk.
#[derive(Debug, Clone, Copy)]
enum Step {
    Pay,
    /// Nothing, for so many turns.
    Wait(u8),
    /// The link to a printer breaks after so many more bytes.
    Cut(usize, u8),
    Fault(usize, Fault),
    /// Somebody mends a printer.
    Mend(usize),
    /// Somebody takes the last job back.
    Cancel,
    /// The disk has no room, or has some again.
    Full(bool),
    /// `kill -9` after so many turns. What is on the way to a printer arrives, or not.
    Crash {
        after: u8,
        arrives: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        Just(Fault::PaperOut),
        Just(Fault::CoverOpen),
        Just(Fault::Offline),
        Just(Fault::Silent),
        (0..12_u32).prop_map(Fault::PaperOutAfter),
    ];
    prop_oneof![
        4 => Just(Step::Pay),
        4 => any::<u8>().prop_map(Step::Wait),
        2 => (0..2_usize, any::<u8>()).prop_map(|(at, bytes)| Step::Cut(at, bytes)),
        2 => (0..2_usize, fault).prop_map(|(at, fault)| Step::Fault(at, fault)),
        2 => (0..2_usize).prop_map(Step::Mend),
        1 => Just(Step::Cancel),
        1 => any::<bool>().prop_map(Step::Full),
        3 => (0..20_u8, any::<bool>()).prop_map(|(after, arrives)| Step::Crash { after, arrives }),
    ]
}

struct World {
    /// Milliseconds.
    now: u64,
    rows: Rows,
    sides: [Side; 2],
    /// How many bytes of each receipt left, and were taken by a printer.
    left: BTreeMap<JobId, usize>,
    taken: BTreeMap<JobId, usize>,
    last: JobId,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            now: 0,
            rows: Rows::default(),
            sides: [
                Side::new("front", Some("back"), Policy::Keep),
                Side::new("back", None, Policy::PerJob),
            ],
            left: BTreeMap::new(),
            taken: BTreeMap::new(),
            last: 0,
        };
        world.start();
        world
    }

    fn mono(&self) -> Mono {
        Mono::new(Duration::from_millis(self.now))
    }

    fn clock(&self) -> Timestamp {
        at(0) + SignedDuration::from_millis(i64::try_from(self.now).unwrap())
    }

    /// What the daemon does first: what was under way is settled.
    fn start(&mut self) {
        for row in self.rows.durable.values_mut() {
            row.state = match &row.state {
                JobState::Probing => JobState::Queued,
                JobState::Sending | JobState::Sent => JobState::Unknown { reason: why() },
                other => other.clone(),
            };
        }
        for n in 0..2 {
            self.spool(n, Event::Wake);
        }
    }

    /// Carries out all that an event leads to.
    fn spool(&mut self, n: usize, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let now = self.clock();
            for effect in self.sides[n].spool.handle(now, event) {
                match effect {
                    Effect::Look => {
                        let due = self.rows.due(&self.sides[n].id);
                        events.push_back(Event::Due(due));
                    }
                    Effect::Mark(job, state) => {
                        events.push_back(Event::Marked(self.rows.write(job, state)));
                    }
                    Effect::HandOver(job, to) => {
                        let taken = self.taken.get(&job);
                        assert_eq!(taken, None, "job {job} was begun");
                        events.push_back(Event::Marked(self.rows.hand_over(job, &to)));
                        self.spool(1 - n, Event::Wake);
                    }
                    Effect::Note(job, state) => self.rows.lazy.push((job, state)),
                    Effect::Print(job) => {
                        let bytes = receipt(job.id);
                        self.command(n, Command::Print { job: job.id, bytes });
                    }
                    Effect::Answer(durable) => self.driver(n, Input::Stored(durable)),
                    Effect::Cancel(job) => self.command(n, Command::Cancel { job }),
                }
            }
        }
    }

    fn command(&mut self, n: usize, command: Command) {
        if self.sides[n].policy == Policy::PerJob {
            self.link_up(n);
        }
        self.driver(n, Input::Command(command));
    }

    fn link_up(&mut self, n: usize) {
        let mono = self.mono();
        let side = &mut self.sides[n];
        if !side.up && self.now >= side.back_at {
            side.up = true;
            side.printer.handle(mono, Input::LinkUp);
            self.driver(n, Input::LinkUp);
        }
    }

    /// Both ends lose the link, and what was on it.
    fn link_down(&mut self, n: usize) {
        let mono = self.mono();
        let back_at = self.now + OUTAGE;
        let side = &mut self.sides[n];
        if !std::mem::take(&mut side.up) {
            return;
        }
        side.cut_after = None;
        side.to_printer.clear();
        side.back_at = back_at;
        side.printer.handle(mono, Input::LinkDown);
        self.driver(n, Input::LinkDown);
    }

    fn driver(&mut self, n: usize, input: Input<'_, Command>) {
        let mono = self.mono();
        self.sides[n].driver.handle(mono, input);
        // The spool hears of it when the driver has come to rest, as over a channel.
        let mut told = Vec::new();
        loop {
            match self.sides[n].driver.poll() {
                Output::Send(bytes) => self.sent(n, &bytes),
                Output::Store(Fact::Sending { job }) => told.push(Event::Sending(job)),
                Output::Event(event) => told.push(Event::Printer(event)),
                Output::Close => {
                    // Its last words go out first.
                    self.deliver(n);
                    self.link_down(n);
                    if self.sides[n].policy == Policy::PerJob {
                        self.sides[n].back_at = self.now;
                    }
                }
                Output::Open => {}
                Output::Wait(wake) => {
                    self.sides[n].wake = wake;
                    break;
                }
            }
        }
        for event in told {
            self.spool(n, event);
        }
    }

    /// Law 8: a receipt leaves at most once, on any wire, when that is durable and it is not old.
    fn sent(&mut self, n: usize, bytes: &[u8]) {
        let (now, side) = (self.clock(), &mut self.sides[n]);
        if !side.up {
            return;
        }
        let all = self.rows.durable.keys();
        let owner = all.copied().find(|job| bytes.starts_with(&receipt(*job)));
        side.to_printer
            .extend(bytes.iter().map(|byte| (*byte, owner)));
        if let Some(job) = owner {
            let row = &self.rows.durable[&job];
            assert_eq!(row.state, JobState::Sending, "job {job} leaves");
            assert_eq!(self.taken.get(&job), None, "job {job} leaves again");
            let old = now.duration_since(row.at) > SignedDuration::from_mins(1);
            assert!(!old, "job {job} is old");
            *self.left.entry(job).or_default() += 1;
        }
    }

    /// What is on the wire arrives, up to a cut.
    fn deliver(&mut self, n: usize) {
        let mono = self.mono();
        let side = &mut self.sides[n];
        let all = side.to_printer.len();
        let count = side.cut_after.map_or(all, |cut| cut.min(all));
        let mut bytes = Vec::new();
        for (byte, owner) in side.to_printer.drain(..count) {
            bytes.push(byte);
            if let Some(job) = owner {
                *self.taken.entry(job).or_default() += 1;
            }
        }
        if !bytes.is_empty() {
            side.printer.handle(mono, Input::Bytes(&bytes));
        }
        if let Some(cut) = &mut side.cut_after {
            *cut -= count;
            if *cut == 0 {
                return self.link_down(n);
            }
        }
        self.hear_printer(n);
    }

    fn hear_printer(&mut self, n: usize) {
        let side = &mut self.sides[n];
        let mut answers = Vec::new();
        loop {
            match side.printer.poll() {
                Output::Send(bytes) => answers.extend(bytes),
                Output::Wait(_) => break,
                Output::Close | Output::Open => {}
                Output::Store(never) | Output::Event(never) => match never {},
            }
        }
        if side.up && !answers.is_empty() {
            self.driver(n, Input::Bytes(&answers));
        }
    }

    fn turn(&mut self) {
        self.now += TURN;
        for n in 0..2 {
            if self.sides[n].policy == Policy::Keep {
                self.link_up(n);
            }
            let mono = self.mono();
            self.deliver(n);
            self.sides[n].printer.handle(mono, Input::Timeout);
            self.hear_printer(n);
            if self.sides[n].wake.is_some_and(|at| at <= mono) {
                self.driver(n, Input::Timeout);
            }
            let now = self.clock();
            if self.sides[n].spool.wake().is_some_and(|at| at <= now) {
                self.spool(n, Event::Wake);
            }
        }
    }

    fn pay(&mut self) {
        if self.rows.full {
            return;
        }
        self.last += 1;
        let row = Job {
            at: self.clock(),
            ..job(self.last)
        };
        self.rows.durable.insert(self.last, row);
        self.spool(0, Event::Wake);
    }

    fn crash(&mut self, arrives: bool) {
        let mono = self.mono();
        for n in 0..2 {
            if arrives {
                let side = &mut self.sides[n];
                let bytes: Vec<_> = side.to_printer.drain(..).collect();
                for (byte, owner) in bytes {
                    side.printer.handle(mono, Input::Bytes(&[byte]));
                    if let Some(job) = owner {
                        *self.taken.entry(job).or_default() += 1;
                    }
                }
            }
        }
        self.rows.lazy.clear();
        for side in &mut self.sides {
            side.up = false;
            side.to_printer.clear();
            side.back_at = 0;
            side.cut_after = None;
            side.wake = None;
            side.printer.handle(mono, Input::LinkDown);
            side.spool = Spool::new(rules(side.stand_in.clone()));
            side.driver = EscPos::new(profile(), side.policy);
        }
        self.start();
    }

    fn cancel(&mut self) {
        let Some(row) = self.rows.durable.get(&self.last) else {
            return;
        };
        if row.state == JobState::Queued {
            self.rows
                .write(self.last, JobState::Cancelled { name: why() });
        }
        for n in 0..2 {
            let (job, name) = (self.last, why());
            self.spool(n, Event::Cancel { job, name });
        }
    }

    fn go(&mut self, step: Step) {
        match step {
            Step::Pay => self.pay(),
            Step::Wait(turns) => (0..turns).for_each(|_| self.turn()),
            Step::Cut(n, bytes) => self.sides[n].cut_after = Some(usize::from(bytes).max(1)),
            Step::Fault(n, fault) => self.sides[n].printer.arm(fault),
            Step::Mend(n) => self.sides[n].printer.clear(),
            Step::Cancel => self.cancel(),
            Step::Full(full) => self.rows.full = full,
            Step::Crash { after, arrives } => {
                (0..after).for_each(|_| self.turn());
                self.crash(arrives);
            }
        }
        self.check();
    }

    /// Law 8, at every moment.
    fn check(&self) {
        let roll = |side: &Side| side.printer.pages().concat() + &side.printer.uncut();
        let paper: String = self.sides.iter().map(roll).collect();
        for (id, row) in &self.rows.durable {
            let [begun, whole] = words(*id).map(|words| paper.matches(&words).count());
            assert!(begun <= 1 && whole <= 1, "job {id} is on paper twice");
            match &row.state {
                JobState::Confirmed => assert_eq!(whole, 1, "job {id} is not on paper"),
                JobState::Queued
                | JobState::Probing
                | JobState::Cancelled { .. }
                | JobState::Failed { .. } => {
                    assert_eq!(self.taken.get(id), None, "job {id} is {:?}", row.state);
                }
                JobState::Sending | JobState::Sent | JobState::Unknown { .. } => {}
            }
        }
    }

    /// Everything is mended: nothing waits for ever.
    fn calm_down(&mut self) {
        self.rows.full = false;
        for side in &mut self.sides {
            side.printer.clear();
            side.cut_after = None;
        }
        let ended = |world: &Self| world.rows.durable.values().all(|row| row.state.is_final());
        for _ in 0..1000 * 60 * 5 / TURN {
            if ended(self) {
                break;
            }
            self.turn();
        }
        self.check();
        for (id, row) in &self.rows.durable {
            assert!(row.state.is_final(), "job {id} hangs: {:?}", row.state);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Law 8: no receipt twice, none confirmed that is not on paper, none too late, whatever is
    /// cut, crashes, breaks or fills up.
    #[test]
    fn no_day_at_the_printers_breaks_the_law(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in steps {
            world.go(step);
        }
        world.calm_down();
    }
}

#[test]
fn on_a_good_day_every_receipt_comes_out_in_front() {
    let mut world = World::new();
    for _ in 0..5 {
        world.go(Step::Pay);
        world.go(Step::Wait(10));
    }
    world.calm_down();
    for (id, row) in &world.rows.durable {
        assert_eq!(row.state, JobState::Confirmed, "job {id}");
        assert_eq!(row.printer, "front".parse().unwrap());
        assert_eq!(world.left[id], 1);
    }
}

#[test]
fn what_the_front_printer_cannot_comes_out_at_the_back() {
    let mut world = World::new();
    world.go(Step::Fault(0, Fault::PaperOut));
    world.go(Step::Pay);
    world.go(Step::Pay);
    world.go(Step::Wait(200));
    for row in world.rows.durable.values() {
        assert_eq!(row.state, JobState::Confirmed);
        assert_eq!(row.printer, "back".parse().unwrap());
    }
}
