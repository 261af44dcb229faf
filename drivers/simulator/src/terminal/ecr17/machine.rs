//! The terminal as a machine: its state, its inputs and its outputs.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use drivers::{Input, Machine, Mono, Output};
use jiff::{SignedDuration, civil::DateTime};

use super::{
    FAULTS, Fault, Faults,
    books::{Books, Kind},
    message::{self, Face},
    script::{self, Movement, Step},
    wire::{Check, Heard, Wire},
};
use crate::{UnknownFault, terminal::SimulatedTerminal};

/// The clock of a terminal that was not told the time.
const ORIGIN: DateTime = DateTime::constant(2026, 1, 2, 10, 0, 0, 0);

/// When the terminal ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Habit {
    /// Never.
    Keeps,
    /// After each procedure.
    #[default]
    HangsUp,
    /// After each message that it has answered, also behind the one that asks for receipts.
    HangsUpAlways,
}

/// What a terminal is.
#[derive(Debug, Clone)]
pub struct Options {
    /// The terminal's ID, at most eight digits.
    pub terminal_id: u32,
    /// How its check bytes are made.
    pub check: Check,
    /// Whether it refuses what has a wrong check byte; else it says nothing.
    pub refuses: bool,
    /// When it ends a connection.
    pub habit: Habit,
    /// The number of the first transaction, from 1 to 999999.
    pub next_stan: u32,
    /// How long customer and host take.
    pub delay: Duration,
    /// How long a late approval takes.
    pub late: Duration,
    /// The terminal's own clock, local time, at the origin of [`Mono`]. Unless given: the system's
    /// when it is served, and ten o'clock on 2 January 2026 otherwise.
    pub clock: Option<DateTime>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            terminal_id: 12_345_678,
            check: Check::default(),
            refuses: true,
            habit: Habit::default(),
            next_stan: 1,
            delay: Duration::from_secs(2),
            late: Duration::from_secs(200),
            clock: None,
        }
    }
}

/// A card terminal that speaks ECR17, with its own books.
#[derive(Debug)]
pub struct Terminal {
    pub(super) options: Options,
    pub(super) wire: Wire,
    pub(super) books: Books,
    pub(super) faults: Faults,
    /// How often it was asked to take money.
    pub(super) asked: u32,
    /// Receipts of the next procedure go to the till.
    pub(super) receipts_here: bool,
    /// The last result, and the one before.
    pub(super) kept: [Option<String>; 2],
    pub(super) running: Option<Running>,
    pub(super) linked: bool,
    pub(super) closing: bool,
    pub(super) dead_until: Option<Mono>,
    pub(super) misaligned_until: Option<Mono>,
}

/// The procedure that is under way.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) steps: VecDeque<Step>,
    pub(super) fault: Option<Fault>,
    pub(super) movement: Option<Movement>,
    pub(super) face: Option<Face>,
    /// What was said and is not acknowledged: until when, how often, and whether an ACK is heard.
    pub(super) awaiting: Option<(Mono, String, u8, bool)>,
    pub(super) paused: Option<Mono>,
}

impl Terminal {
    /// A terminal in good order.
    pub fn new(options: Options) -> Self {
        Self {
            wire: Wire::new(options.check),
            books: Books::starting(options.next_stan),
            options,
            faults: Faults::default(),
            asked: 0,
            receipts_here: false,
            kept: [None, None],
            running: None,
            linked: false,
            closing: false,
            dead_until: None,
            misaligned_until: None,
        }
    }

    /// What it did with money.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Makes the next payments or reversals go wrong.
    pub fn arm(&mut self, faults: Faults) {
        self.faults.append(faults);
    }

    /// Forgets all armed faults, and wakes from the dead.
    pub fn clear(&mut self) {
        self.faults.clear();
        self.dead_until = None;
        self.misaligned_until = None;
    }

    pub(super) fn time(&self, now: Mono) -> DateTime {
        let elapsed = SignedDuration::try_from(now.elapsed()).unwrap_or_default();
        self.options.clock.unwrap_or(ORIGIN).saturating_add(elapsed)
    }

    fn hear(&mut self, now: Mono, heard: Heard) {
        match heard {
            Heard::Message(text) if self.running.is_some() => self.aside(now, &text),
            Heard::Message(text) => self.command(now, &text),
            Heard::Broken if self.options.refuses => self.wire.nak(),
            Heard::Broken => {}
            Heard::Ack => self.acknowledged(now),
            Heard::Nak => self.repeat(now),
        }
    }

    /// A message of the till.
    fn command(&mut self, now: Mono, text: &str) {
        let id = self.options.terminal_id;
        let for_us = text.starts_with("00000000") || text.starts_with(&format!("{id:08}"));
        if !for_us || text.len() < 10 {
            return self.wire.nak();
        }
        let digits = |from: usize, length: usize| {
            let field = text.get(from - 1..from - 1 + length);
            field.and_then(|field| field.parse::<u64>().ok())
        };
        let say = |text: String| VecDeque::from([Step::Ack, Step::Say(text)]);
        match (text.get(9..10).unwrap_or_default(), text.len()) {
            ("s", 10) => {
                let aligned = self.misaligned_until.is_none_or(|until| now >= until);
                let status = if aligned { '2' } else { '3' };
                self.run(say(message::status(id, self.time(now), status)));
            }
            ("E", 11) if self.faults.next() == Some(Fault::NoReceipts) => self.wire.nak(),
            ("E", 11) => {
                self.receipts_here = text.ends_with('1');
                self.wire.ack();
                self.closing |= self.options.habit == Habit::HangsUpAlways;
            }
            (letter @ ("P" | "X"), 167) => {
                self.asked += 1;
                let Some(amount) = digits(24, 8) else {
                    return self.wire.nak();
                };
                self.money(Movement {
                    kind: Kind::Payment,
                    amount,
                    extended: letter == "X",
                });
            }
            ("S", 26) => {
                let stan = digits(19, 6).and_then(|stan| u32::try_from(stan).ok());
                let original = stan.and_then(|stan| self.books.reversible(stan));
                match original {
                    Some(original) => self.money(Movement {
                        kind: Kind::Reversal { of: original.stan },
                        amount: original.amount,
                        extended: false,
                    }),
                    None => self.run(say(format!(
                        "{id:08}0E01{:24}00000000000000000000000000000000000000000000000000",
                        "STORNO NON POSSIBILE"
                    ))),
                }
            }
            ("G", 22) => match &self.kept[0] {
                Some(result) => self.run(say(result.clone())),
                None => self.wire.nak(),
            },
            ("T", 26) => self.run(say(message::totals(id, self.books.total()))),
            ("C", 26) => {
                let closed = Step::Say(message::closed(id, self.books.total()));
                self.run([Step::Ack, closed, Step::Tickets, Step::Close].into());
            }
            _ => self.wire.nak(),
        }
    }

    /// What is asked while a procedure runs that outlived its connection.
    fn aside(&mut self, now: Mono, text: &str) {
        let id = self.options.terminal_id;
        match (text.get(9..10), &self.kept[0]) {
            (Some("s"), _) => {
                self.wire.ack();
                self.wire.say(&message::status(id, self.time(now), '2'));
            }
            (Some("G"), Some(result)) => {
                self.wire.ack();
                self.wire.say(result);
            }
            _ => self.wire.nak(),
        }
    }

    fn money(&mut self, movement: Movement) {
        let fault = self.faults.take();
        let steps = script::money(fault, self.options.delay, self.options.late);
        self.wire.partial = fault == Some(Fault::PartialSegments);
        self.run(steps);
        if let Some(running) = &mut self.running {
            running.fault = fault;
            running.movement = Some(movement);
        }
    }

    fn run(&mut self, steps: VecDeque<Step>) {
        self.running = Some(Running {
            steps,
            fault: None,
            movement: None,
            face: None,
            awaiting: None,
            paused: None,
        });
    }
}

impl SimulatedTerminal for Terminal {
    const FAULTS: &'static [(&'static str, &'static str)] = FAULTS;

    fn charged(&self) -> Vec<u64> {
        self.books.charged().iter().map(|t| t.amount).collect()
    }

    fn payments_asked(&self) -> u32 {
        self.asked
    }

    fn arm_by_name(&mut self, faults: &str) -> Result<(), UnknownFault> {
        self.arm(faults.parse()?);
        Ok(())
    }

    fn mend(&mut self) {
        self.clear();
    }
}

impl Machine for Terminal {
    type Command = Infallible;
    type Fact = Infallible;
    type Event = Infallible;

    fn handle(&mut self, now: Mono, input: Input<'_, Infallible>) {
        if self.dead_until.is_some_and(|until| now >= until) {
            self.dead_until = None;
            self.wire.clear();
        }
        match input {
            Input::LinkUp => {
                self.wire.clear();
                self.linked = true;
            }
            Input::LinkDown => {
                self.linked = false;
                self.closing = false;
                self.wire.clear();
                let outlives = |running: &Running| {
                    matches!(
                        running.fault,
                        Some(Fault::StillWorking | Fault::LateApproval)
                    )
                };
                let idle_and_patient =
                    self.running.is_none() && self.options.habit == Habit::HangsUpAlways;
                if !idle_and_patient && !self.running.as_ref().is_some_and(outlives) {
                    self.over();
                }
            }
            Input::Bytes(_) if self.dead_until.is_some() || self.closing => {}
            Input::Bytes(bytes) => self.wire.receive(bytes),
            Input::Timeout | Input::Stored(_) => {}
        }
        while self.dead_until.is_none()
            && !self.closing
            && let Some(heard) = self.wire.hear()
        {
            self.hear(now, heard);
            self.advance(now);
        }
        self.advance(now);
    }

    fn poll(&mut self) -> Output<Infallible, Infallible> {
        if let Some(bytes) = self.wire.poll() {
            return Output::Send(bytes);
        }
        if self.closing {
            // LinkDown follows; nothing is done until then.
            return Output::Close;
        }
        let running = self.running.as_ref();
        let awaited = running.and_then(|r| r.awaiting.as_ref().map(|(until, ..)| *until));
        let paused = running.and_then(|r| r.paused);
        let moments = [awaited, paused, self.dead_until];
        Output::Wait(moments.into_iter().flatten().min())
    }
}
