//! The daemon's part: its pure parts, and around them what its shell does with threads and tasks. A
//! life ends with a crash, and what was not committed is lost with it.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use daemon::{
    engine::{Answer, Effect, Engine, Event, ReplyTo, Ticket},
    printing::{self, Rules, Sheet, Spool},
    shell,
};
use drivers::{
    Mono,
    link::Policy,
    printer::{self, escpos::EscPos},
    run::{FromMachine, Joint, ToMachine},
    terminal::{Event as TerminalEvent, Fact},
};
use jiff::{Timestamp, tz::TimeZone};
use payment::{DeviceId, PaymentId};
use simulator::invoicing::Request;
use sync::{
    delivery::{DeliveryState, Now},
    queue::{Job, Urgency, Write, WriteError, Written},
};

use crate::{
    agenda::Channel,
    clinic::{BASE, DEVICES},
    office::{Asks, Office, Told},
    world::{Inner, PRINTER, Room, What, World, not_sent},
};

/// Who waits for a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Engine(Ticket),
    Spool,
    /// Nobody; it is told with the next sync.
    Nobody,
    Office(u64),
    /// A person who has asked for it beside the engine.
    Person,
}

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
    office: Office,
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

/// How long a lazy write waits.
const LAZY: Duration = Duration::from_secs(1);

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
            let driver = drivers::terminal::driver(section, wall);
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
        for number in 0..=PRINTER {
            self.settle_wire(number);
        }
    }

    /// Whether the daemon dies at this step.
    pub(crate) fn dies(&mut self) -> bool {
        if self.life.is_none() || self.crashes_left == 0 {
            return false;
        }
        let dies = self.agenda.random.once_in(self.rough.crash);
        if dies {
            self.crashes_left -= 1;
            self.crash("it crashes");
        }
        dies
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
        for number in 0..=PRINTER {
            self.agenda.forget(Channel::Words(number));
            self.agenda.forget(Channel::Commands(number));
        }
        self.agenda.forget(Channel::Disk);
        self.unstored = [None, None];
        let pause = self.agenda.random.while_of(50, 30_000);
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

    // The engine's task.

    pub(crate) fn engine(&mut self, event: Event) {
        let now = self.agenda.wall();
        let Some(life) = &mut self.life else { return };
        if !life.recovered && !matches!(event, Event::Written { .. }) {
            life.held.push_back(event);
            return;
        }
        let effects = life.engine.handle(now, event);
        self.watch_the_desk();
        self.carry_out(effects);
        self.recover();
    }

    /// What came too early is heard once nothing of an earlier life is left to write.
    fn recover(&mut self) {
        let Some(life) = &mut self.life else { return };
        if life.recovered || life.writing > 0 {
            return;
        }
        life.recovered = true;
        for event in std::mem::take(&mut life.held) {
            self.engine(event);
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if self.dies() || self.broken.is_some() {
                return;
            }
            self.watch_an_effect(&effect);
            match effect {
                Effect::Write {
                    ticket,
                    write,
                    urgency,
                } => {
                    if let Some(life) = &mut self.life {
                        life.writing += 1;
                    }
                    self.write(Origin::Engine(ticket), *write, urgency);
                }
                Effect::LookUp { ticket, key } => {
                    let found = self.disk.reader().payment_by_key(&key).unwrap();
                    let payment = found.map(Box::new);
                    let event = Event::Found { ticket, payment };
                    let pause = self.agenda.random.while_of(0, 3);
                    self.later(pause, Inner::Engine(event));
                }
                Effect::Command { device, command } => {
                    let Some(number) = wire_of(&device) else {
                        continue;
                    };
                    self.agenda.tell(|| format!("{device}: asked: {command:?}"));
                    self.watch_a_command(number, &device, &command);
                    let word = ToMachine::Command(command);
                    self.over(Channel::Commands(number), Inner::Say(number, word));
                }
                Effect::Stored { device, kept } => {
                    let Some(number) = wire_of(&device) else {
                        continue;
                    };
                    self.agenda.tell(|| format!("{device}: stored: {kept}"));
                    self.watch_an_acknowledgement(number, kept);
                    let word = ToMachine::Stored(kept);
                    self.over(Channel::Commands(number), Inner::Say(number, word));
                }
                Effect::Reply { to, answer } => self.reply(to, *answer),
                Effect::Wake { device, after } => {
                    self.later(after, Inner::Engine(Event::Wake(device)));
                }
                Effect::Publish(_) => {}
                // No drawer hangs on a printer here.
                Effect::OpenDrawer(_) => {}
                Effect::WorkDue => self.work_due(),
            }
        }
    }

    fn reply(&mut self, to: ReplyTo, answer: Answer) {
        let Some(life) = &mut self.life else { return };
        if let Some(intention) = life.replies.remove(&to) {
            self.answered(to, intention, answer);
        }
    }

    pub(crate) fn work_due(&mut self) {
        self.spool(printing::Event::Wake);
        if self.life.as_mut().is_some_and(|life| life.office.wake()) {
            self.office();
        }
    }

    pub(crate) fn terminal_says(
        &mut self,
        life: u64,
        number: usize,
        word: FromMachine<Fact, TerminalEvent>,
    ) {
        let device: DeviceId = DEVICES[number].parse().unwrap();
        self.agenda.tell(|| format!("{device}: {word:?}"));
        if let FromMachine::Store(fact) = &word {
            self.unstored[number] = Some(fact.clone());
        }
        if let Some(event) = shell::event(&device, word) {
            let pause = Duration::from_micros(self.agenda.random.below(2000));
            let what = What::Of(life, Inner::Engine(event));
            self.agenda.over(Channel::Words(number), pause, what);
        }
    }

    // The disk.

    pub(crate) fn write(&mut self, origin: Origin, write: Write, urgency: Urgency) {
        let pause = match urgency {
            Urgency::Now if self.agenda.random.once_in(50) => self.agenda.random.while_of(20, 3000),
            Urgency::Now => Duration::from_micros(200 + self.agenda.random.below(4000)),
            Urgency::Lazy => LAZY,
        };
        let at = self.agenda.now + pause;
        let Some(life) = &mut self.life else { return };
        life.inbox.push((origin, write));
        if life.sync_at.is_none_or(|sync| at < sync) {
            life.sync_at = Some(at);
            self.later(pause, Inner::Sync);
        }
    }

    fn sync(&mut self) {
        let now = self.agenda.now;
        let Some(life) = &mut self.life else { return };
        if life.sync_at.is_none_or(|at| at > now) {
            return;
        }
        life.sync_at = None;
        let (origins, writes): (Vec<Origin>, Vec<Write>) = life.inbox.drain(..).unzip();
        if self.room != Room::Plenty {
            life.begins = false;
        }
        if self.agenda.random.once_in(self.rough.sync) {
            // Whether it is on disk, nobody knows; the daemon stops.
            if self.agenda.random.once_in(2) {
                drop(self.disk.commit(&writes, life.begins));
            }
            return self.crash("a sync failed");
        }
        let outcome = match self.room {
            Room::Plenty | Room::Little => self.disk.commit(&writes, life.begins),
            Room::None => Err(WriteError::DiskFull),
        };
        self.agenda.tell(|| {
            let kinds: Vec<String> = writes.iter().map(named).collect();
            format!("disk: {} {}", kinds.join(", "), said(&outcome))
        });
        let answers: Vec<Result<Written, WriteError>> = match outcome {
            Ok(answers) => answers,
            Err(error) => writes.iter().map(|_| Err(error.clone())).collect(),
        };
        if let Some(Err(error @ (WriteError::Fatal(_) | WriteError::Damaged(_)))) = answers
            .iter()
            .find(|answer| matches!(answer, Err(WriteError::Fatal(_) | WriteError::Damaged(_))))
        {
            return self.breaks(6, format!("the queue fails: {error}"));
        }
        let answers = origins.into_iter().zip(answers).collect();
        self.over(Channel::Disk, Inner::Written(answers));
    }

    fn written(&mut self, origin: Origin, answer: Result<Written, WriteError>) {
        if self.dies() {
            return;
        }
        match origin {
            Origin::Engine(ticket) => {
                if let Some(life) = &mut self.life {
                    life.writing = life.writing.saturating_sub(1);
                }
                let result = Box::new(answer);
                self.engine(Event::Written { ticket, result });
            }
            Origin::Spool => {
                let marked = printing::Marked::of(&answer);
                self.spool(printing::Event::Marked(marked));
            }
            Origin::Nobody => {}
            Origin::Office(number) => {
                if let Some(life) = &mut self.life {
                    let done = answer.map(|_| ());
                    life.office.tell(number, Told::Committed(done));
                }
                self.office();
            }
            Origin::Person => self.work_due(),
        }
    }

    // The printer's task.

    pub(crate) fn printer_says(
        &mut self,
        life: u64,
        word: FromMachine<printer::Fact, printer::Event>,
    ) {
        self.agenda.tell(|| format!("printer: {word:?}"));
        let event = match word {
            FromMachine::Event(event) => printing::Event::Printer(event),
            FromMachine::Store(printer::Fact::Sending { job }) => printing::Event::Sending(job),
            FromMachine::LinkUp | FromMachine::LinkDown(_) => return,
        };
        let pause = Duration::from_micros(self.agenda.random.below(2000));
        let what = What::Of(life, Inner::Spool(event));
        self.agenda.over(Channel::Words(PRINTER), pause, what);
    }

    fn spool(&mut self, event: printing::Event) {
        let Some(life) = &mut self.life else { return };
        if matches!(event, printing::Event::Marked(_)) {
            life.marking = false;
            life.unheard.push_front(event);
        } else {
            life.unheard.push_back(event);
        }
        while let Some(life) = &mut self.life
            && !life.marking
            && let Some(event) = life.unheard.pop_front()
        {
            let now = self.agenda.wall();
            let effects = life.spool.handle(now, event);
            let wake = life.spool.wake();
            let new = std::mem::replace(&mut life.spool_wake, wake) != wake;
            if let Some(at) = wake.filter(|_| new) {
                let pause = at.duration_since(now).try_into().unwrap_or_default();
                self.later(pause, Inner::Spool(printing::Event::Wake));
            }
            for effect in effects {
                if self.dies() {
                    return;
                }
                self.print_effect(effect);
            }
        }
    }

    fn print_effect(&mut self, effect: printing::Effect) {
        match effect {
            printing::Effect::Look => {
                let printer = &self.clinic.config.printers[0].id;
                let due = self.disk.reader().jobs_due(printer).unwrap();
                if let Some(life) = &mut self.life {
                    let due = printing::Event::Due(due.into_iter().next().map(Box::new));
                    life.unheard.push_front(due);
                }
            }
            printing::Effect::Note(job, state) => {
                let at = self.agenda.wall();
                let write = Write::Job { job, state, at };
                self.write(Origin::Nobody, write, Urgency::Lazy);
            }
            printing::Effect::HandOver(job, to) => {
                if let Some(life) = &mut self.life {
                    life.marking = true;
                }
                let at = self.agenda.wall();
                let write = Write::MoveJob { job, to, at };
                self.write(Origin::Spool, write, Urgency::Now);
            }
            printing::Effect::Cancel(job) => {
                let word = ToMachine::Command(printer::Command::Cancel { job });
                self.over(Channel::Commands(PRINTER), Inner::Print(word));
            }
            printing::Effect::Mark(job, state) => {
                if let Some(life) = &mut self.life {
                    life.marking = true;
                }
                let at = self.agenda.wall();
                let write = Write::Job { job, state, at };
                self.write(Origin::Spool, write, Urgency::Now);
            }
            printing::Effect::Print(job) => self.print(&job),
            printing::Effect::Answer(durable) => {
                self.watch_a_first_byte(durable);
                let word = ToMachine::Stored(durable);
                self.over(Channel::Commands(PRINTER), Inner::Print(word));
            }
        }
    }

    fn print(&mut self, job: &Job) {
        let desk = printing::Desk {
            receipts: &self.clinic.config.receipts,
            at: self.agenda.wall(),
            zone: TimeZone::UTC,
        };
        let bytes = match printing::sheet(self.disk.reader(), job, &desk).unwrap() {
            Some(Sheet::Lines(lines)) => printer::escpos::render(&lines, self.clinic.profile),
            Some(Sheet::TestPage) => printer::escpos::test_page(self.clinic.profile, false),
            None => panic!("there is no such thing to print: {job:?}"),
        };
        let command = printer::Command::Print { job: job.id, bytes };
        let word = ToMachine::Command(command);
        self.over(Channel::Commands(PRINTER), Inner::Print(word));
    }

    // The delivery's task.

    fn now(&self, life: &Life) -> Now {
        let (wall, since) = life.steady;
        let passed = self.agenda.now.since(since);
        Now {
            steady: wall.saturating_add(passed).unwrap_or(wall),
            wall: self.agenda.wall(),
        }
    }

    pub(crate) fn office(&mut self) {
        loop {
            let Some(life) = &self.life else { return };
            let now = self.now(life);
            let Some(life) = &mut self.life else { return };
            let asked = life.office.go_on(now);
            if asked.is_empty() {
                return;
            }
            for (number, asks) in asked {
                self.office_asks(number, asks);
                if self.life.is_none() {
                    return;
                }
            }
        }
    }

    fn office_asks(&mut self, number: u64, asks: Asks) {
        if self.dies() {
            return;
        }
        match asks {
            Asks::Due(now, limit) => {
                let upstream = &self.clinic.config.upstreams[0].id;
                let due = self.disk.reader().deliveries_due(upstream, now, limit);
                let due = due.map_err(|error| WriteError::Damaged(error.to_string()));
                if let Some(life) = &mut self.life {
                    life.office.tell(number, Told::Due(due));
                }
            }
            Asks::Begun(after, limit) => {
                let upstream = &self.clinic.config.upstreams[0].id;
                let begun = self.disk.reader().deliveries_begun(upstream, after, limit);
                let begun = begun.map_err(|error| WriteError::Damaged(error.to_string()));
                if let Some(life) = &mut self.life {
                    life.office.tell(number, Told::Begun(begun));
                }
            }
            Asks::Commit(change) => {
                let write = Write::Delivery {
                    payment: change.payment,
                    upstream: change.upstream,
                    state: change.state,
                    attempts: change.attempts,
                    redirects: change.redirects,
                    at: change.at,
                };
                self.write(Origin::Office(number), write, Urgency::Now);
            }
            Asks::Send(request) => self.send(number, request),
            Asks::Sleep(pause) => {
                let Some(life) = &mut self.life else { return };
                if life.office.was_called() {
                    life.office.tell(number, Told::Woken);
                } else {
                    self.later(pause, Inner::OfficeWakes(number));
                }
            }
        }
    }

    fn send(&mut self, number: u64, request: sync::upstream::HttpRequest) {
        let headers = request.headers.into_iter();
        let request = Request {
            method: request.method.to_owned(),
            path_and_query: request.url.strip_prefix(BASE).unwrap().to_owned(),
            headers: headers.map(|(n, v)| (n.to_string(), v)).collect(),
            body: request.body,
        };
        self.watch_a_request(&request);
        let random = &mut self.agenda.random;
        if self.offline || random.once_in(self.rough.loss.saturating_mul(2)) {
            let pause = random.while_of(1, 5000);
            return self.later(pause, Inner::Office(number, Told::Answer(not_sent())));
        }
        let life = self.life.as_ref().map_or(0, |life| life.number);
        if random.once_in(self.rough.loss.saturating_mul(2)) {
            let pause = Duration::from_secs(30);
            let answer = Told::Answer(crate::world::no_answer());
            return self.later(pause, Inner::Office(number, answer));
        }
        let pause = random.while_of(5, 900);
        self.agenda
            .after(pause, What::Arrives(life, number, request));
    }

    /// Whether a request for this payment is durable as being sent.
    pub(crate) fn sending(&self) -> Option<PaymentId> {
        let upstream = &self.clinic.config.upstreams[0].id;
        let rows = self
            .disk
            .reader()
            .deliveries_due(upstream, Timestamp::MAX, 500);
        let mut rows = rows.unwrap().into_iter();
        let row = rows.find(|row| matches!(row.state, DeliveryState::Sending { .. }))?;
        Some(row.payment.intent.id)
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

fn named(write: &Write) -> String {
    match write {
        Write::Begin { intent, .. } => format!("begin {} {}", intent.id, intent.money),
        Write::Add { payment, fact, .. } => format!("{} of {payment}", fact.kind()),
        Write::Slip { .. } => "slip".to_owned(),
        Write::Copy { payment, .. } => format!("copy of {payment}"),
        Write::Job { job, state, .. } => format!("job {job} {}", state.as_str()),
        Write::MoveJob { job, to, .. } => format!("job {job} goes to {to}"),
        Write::CancelJob { job, .. } => format!("job {job} is taken back"),
        Write::ResolveJob { job, outcome, .. } => format!("job {job} is settled as {outcome:?}"),
        Write::TestPage { printer, .. } => format!("a test page at {printer}"),
        Write::Kick { device, .. } => format!("the drawer of {device}"),
        Write::Delivery { payment, state, .. } => {
            format!("delivery of {payment} {}", state.as_str())
        }
        Write::Decide { payment, .. } => format!("a decision about the delivery of {payment}"),
        Write::BeginClose { device, .. } => format!("day of {device} begins to end"),
        Write::EndClose { outcome, .. } => format!("day end {outcome:?}"),
    }
}

fn said(outcome: &Result<Vec<Result<Written, WriteError>>, WriteError>) -> String {
    let answers = match outcome {
        Ok(answers) => answers,
        Err(error) => return error.to_string(),
    };
    let errors = answers.iter().filter_map(|answer| answer.as_ref().err());
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    if errors.is_empty() {
        "durable".to_owned()
    } else {
        errors.join(", ")
    }
}
