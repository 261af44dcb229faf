//! The terminal as a machine: who has the word, the customer in between, and the answer.

mod answering;

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use drivers::{Input, Machine, Mono, Output};

use super::{
    FAULTS, Fault, Faults,
    message::{ACK, Ear, NAK, Order, Word},
};
use crate::{
    UnknownFault,
    terminal::{SimulatedTerminal, ledger::Ledger},
};

/// How long the till may take for a word.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the till is rung up, and an answer is said.
const TRIES: u8 = 3;
/// How long a till may leave a request without its EOT.
const HELD: Duration = Duration::from_secs(10);
const DEAD: Duration = Duration::from_secs(30);
const BUSY: Duration = Duration::from_mins(1);

/// What a terminal is.
#[derive(Debug, Clone)]
pub struct Options {
    /// ISO 4217 numeric code of its only currency.
    pub currency: u16,
    /// How long customer and issuer take.
    pub delay: Duration,
    /// How long a late approval takes.
    pub late: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            currency: 978,
            delay: Duration::from_secs(2),
            late: Duration::from_secs(200),
        }
    }
}

/// A card terminal that speaks Concert V2, with its own books.
#[derive(Debug)]
pub struct Terminal {
    options: Options,
    ledger: Ledger,
    faults: Faults,
    ear: Ear,
    state: State,
    /// What goes wrong with the operation that runs.
    fault: Option<Fault>,
    out: VecDeque<Vec<u8>>,
    linked: bool,
    closing: bool,
    dead_until: Option<Mono>,
    busy_until: Option<Mono>,
}

#[derive(Debug)]
enum State {
    Idle,
    /// The till may say its request.
    Opened {
        refused: u8,
    },
    /// The request is taken; the till's EOT lets it begin.
    Taken {
        order: Order,
        until: Mono,
    },
    /// The customer pays.
    Paying {
        order: Order,
        until: Mono,
    },
    /// ENQ left.
    Calling {
        answer: Vec<u8>,
        tries: u8,
        until: Mono,
    },
    /// The answer left.
    Telling {
        answer: Vec<u8>,
        tries: u8,
        until: Mono,
    },
}

impl Terminal {
    /// A terminal in good order.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            ledger: Ledger::default(),
            faults: Faults::default(),
            ear: Ear::default(),
            state: State::Idle,
            fault: None,
            out: VecDeque::new(),
            linked: false,
            closing: false,
            dead_until: None,
            busy_until: None,
        }
    }

    /// What it did with money.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn hear(&mut self, now: Mono, word: Word) {
        match word {
            Word::Enq => self.rung_up(now),
            Word::Order(order) => self.asked(now, order),
            Word::Bad => {
                if matches!(self.state, State::Opened { .. }) {
                    self.say(&[NAK]);
                }
            }
            Word::Eot => match self.state {
                State::Opened { .. } => self.finish(),
                State::Taken { order, .. } => self.begin(now, order),
                _ => {}
            },
            Word::Ack => match std::mem::replace(&mut self.state, State::Idle) {
                State::Calling { answer, tries, .. } => self.tell(now, answer, tries),
                State::Telling { answer, .. } => self.told(now, answer),
                other => self.state = other,
            },
            Word::Nak => match std::mem::replace(&mut self.state, State::Idle) {
                State::Telling { answer, tries, .. } if tries < TRIES => {
                    self.tell(now, answer, tries + 1);
                }
                State::Telling { .. } => self.finish(),
                other => self.state = other,
            },
        }
    }

    fn rung_up(&mut self, now: Mono) {
        if self.busy_until.is_some() {
            return self.say(&[NAK]);
        }
        match self.state {
            State::Idle => {}
            State::Opened { .. } => return self.say(&[ACK]),
            _ => return self.say(&[NAK]),
        }
        if self.fault.is_none() {
            self.fault = self.faults.take();
        }
        match self.fault {
            Some(Fault::Busy) => {
                self.fault = None;
                self.busy_until = Some(now + BUSY);
                self.say(&[NAK]);
            }
            Some(Fault::BusyOnce) => {
                self.fault = None;
                self.say(&[NAK]);
            }
            Some(Fault::Silent) => self.die(now),
            _ => {
                self.state = State::Opened { refused: 0 };
                self.say(&[ACK]);
            }
        }
    }

    fn asked(&mut self, now: Mono, order: Order) {
        let State::Opened { refused } = &mut self.state else {
            // The till said it twice; it is taken once.
            if matches!(self.state, State::Taken { .. }) {
                self.say(&[ACK]);
            }
            return;
        };
        let refuses = match self.fault {
            Some(Fault::Refuse) => *refused < TRIES,
            Some(Fault::Nak) => *refused < 1,
            _ => order.currency != self.options.currency,
        };
        if refuses {
            *refused += 1;
            return self.say(&[NAK]);
        }
        if self.fault == Some(Fault::Mute) {
            return self.die(now);
        }
        self.ledger.asked(order.movement);
        self.state = State::Taken {
            order,
            until: now + HELD,
        };
        match self.fault {
            Some(Fault::LoseAck) => {}
            Some(Fault::LoseAnswerBeforeCard) => {
                self.say(&[ACK]);
                self.hang_up();
            }
            _ => self.say(&[ACK]),
        }
    }

    fn begin(&mut self, now: Mono, order: Order) {
        let takes = match self.fault {
            Some(Fault::Slow) => Duration::from_secs(150),
            Some(Fault::LateApproval) => self.options.late,
            _ => self.options.delay,
        };
        self.state = State::Paying {
            order,
            until: now + takes,
        };
    }

    fn finish(&mut self) {
        self.state = State::Idle;
        self.fault = None;
    }

    fn hang_up(&mut self) {
        self.finish();
        self.closing = self.linked;
    }

    fn die(&mut self, now: Mono) {
        self.finish();
        self.dead_until = Some(now + DEAD);
    }

    fn say(&mut self, bytes: &[u8]) {
        match self.fault {
            Some(Fault::PartialSegments) => self.out.extend(bytes.iter().map(|byte| vec![*byte])),
            Some(Fault::Noise) => self.out.push_back([b"\x7f~ ", bytes].concat()),
            _ => self.out.push_back(bytes.to_vec()),
        }
    }

    /// Lets time do what it does, also while nobody is connected.
    fn advance(&mut self, now: Mono) {
        match &self.state {
            State::Taken { until, .. } if now >= *until => self.finish(),
            State::Paying { order, until } if now >= *until => {
                let order = *order;
                self.decide(now, order);
            }
            State::Calling {
                answer,
                tries,
                until,
            }
            | State::Telling {
                answer,
                tries,
                until,
            } if now >= *until => {
                let (answer, tries) = (answer.clone(), *tries);
                if tries < TRIES {
                    self.call(now, answer, tries + 1);
                } else {
                    self.finish();
                }
            }
            _ => {}
        }
    }
}

impl SimulatedTerminal for Terminal {
    const FAULTS: &'static [(&'static str, &'static str)] = FAULTS;

    fn charged(&self) -> Vec<u64> {
        self.ledger.charged()
    }

    fn payments_asked(&self) -> u32 {
        self.ledger.payments_asked()
    }

    fn arm_by_name(&mut self, faults: &str) -> Result<(), UnknownFault> {
        self.faults.append(faults.parse()?);
        Ok(())
    }

    fn mend(&mut self) {
        self.faults.clear();
        self.dead_until = None;
        self.busy_until = None;
    }
}

impl Machine for Terminal {
    type Command = Infallible;
    type Fact = Infallible;
    type Event = Infallible;

    fn handle(&mut self, now: Mono, input: Input<'_, Infallible>) {
        if self.dead_until.is_some_and(|until| now >= until) {
            self.dead_until = None;
        }
        if self.busy_until.is_some_and(|until| now >= until) {
            self.busy_until = None;
        }
        match input {
            Input::LinkUp => {
                self.ear.clear();
                self.linked = true;
            }
            Input::LinkDown => {
                self.linked = false;
                self.closing = false;
                self.out.clear();
                if matches!(self.state, State::Opened { .. }) {
                    self.finish();
                }
            }
            Input::Bytes(bytes) if self.dead_until.is_none() && !self.closing => {
                for byte in bytes {
                    if let Some(word) = self.ear.hear(*byte) {
                        self.hear(now, word);
                    }
                }
            }
            Input::Bytes(_) | Input::Timeout | Input::Stored(_) => {}
        }
        if self.dead_until.is_none() && !self.closing {
            self.advance(now);
        }
        if !self.linked {
            self.out.clear();
        }
    }

    fn poll(&mut self) -> Output<Infallible, Infallible> {
        if let Some(bytes) = self.out.pop_front() {
            return Output::Send(bytes);
        }
        if self.closing {
            // LinkDown follows; nothing is done until then.
            return Output::Close;
        }
        let until = match &self.state {
            State::Idle | State::Opened { .. } => None,
            State::Taken { until, .. }
            | State::Paying { until, .. }
            | State::Calling { until, .. }
            | State::Telling { until, .. } => Some(*until),
        };
        Output::Wait(self.dead_until.or(until).or(self.busy_until))
    }
}
