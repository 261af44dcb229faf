//! The machine: greets, asks, stores, acknowledges.

mod operating;

use std::{collections::VecDeque, time::Duration};

use payment::{
    Approval, Cancellation, Currency, Doubt, DoubtReason, Money, PaymentId, Refusal, Text,
};

use super::message::{self, Lines, Message};
use crate::{
    Input, Machine, Mono, Output,
    terminal::{Command, DayEnd, Ending, Event, Fact, LastTransaction, Queried, request::Asked},
};

/// How long a terminal may take to say that it is there, or what it knows.
const ANSWER: Duration = Duration::from_secs(5);
/// Before it is greeted again.
const PAUSE: Duration = Duration::from_secs(5);
const NOT_READY: &str = "The terminal was not asked: it is not ready.";
const BUSY: &str = "The terminal was not asked: it is in the middle of something else.";
const CANNOT: &str = "The terminal was not asked: it cannot do that.";

/// A terminal that speaks the skeleton's protocol.
pub struct Skeleton {
    currency: Currency,
    /// How long the terminal may work on a payment.
    patience: Duration,
    lines: Lines,
    outputs: VecDeque<Output<Fact, Event>>,
    phase: Phase,
    terminal_id: Option<Text>,
    /// The payments that were asked for. None is ever asked for again (law 4).
    asked: Asked,
    /// Whether the disk still owes an answer that nobody waits for any more.
    stale_store: bool,
}

enum Phase {
    /// No link.
    Down,
    /// Greeted; until when it may answer.
    Greeting(Mono),
    /// Greeted again at this moment.
    Waiting(Mono),
    Ready,
    /// Money was asked for.
    Operating {
        payment: PaymentId,
        money: Money,
        stage: Stage,
        deadline: Mono,
    },
    /// Asked what became of a payment.
    Asking {
        payment: PaymentId,
        deadline: Mono,
    },
}

enum Stage {
    /// Nothing was approved yet.
    Asked,
    /// The approval is on its way to the disk (law 2).
    Storing(Approval),
    /// The approval was acknowledged.
    Acknowledged(Approval),
}

impl Skeleton {
    /// A terminal that is not linked yet.
    pub fn new(currency: Currency, patience: Duration) -> Self {
        Self {
            currency,
            patience,
            lines: Lines::default(),
            outputs: VecDeque::new(),
            phase: Phase::Down,
            terminal_id: None,
            asked: Asked::default(),
            stale_store: false,
        }
    }

    fn command(&mut self, now: Mono, command: &Command) {
        match *command {
            Command::Pay { payment, money } => {
                self.operate(now, payment, money, &message::pay(payment, money));
            }
            Command::Reverse {
                payment,
                money,
                ref original,
            } => match original.trace {
                Some(trace) => {
                    let line = message::back(payment, money, trace);
                    self.operate(now, payment, money, &line);
                }
                None => self.not_asked(payment, CANNOT),
            },
            Command::Refund { payment, .. } => self.not_asked(payment, CANNOT),
            Command::Abort { payment } => self.abort(payment),
            Command::Query { payment, .. } => self.query(now, payment),
            // What was not declared is answered all the same: whoever asks must not wait for ever.
            Command::LastTransaction => {
                let last = LastTransaction::Unsupported(CANNOT.into());
                self.event(Event::LastTransaction(last));
            }
            Command::EndOfDay => self.event(Event::DayEnded(DayEnd::Refused(refusal(CANNOT)))),
            Command::Service(_) => self.event(Event::Served(Err(refusal(CANNOT)))),
        }
    }

    fn query(&mut self, now: Mono, payment: PaymentId) {
        if matches!(self.phase, Phase::Ready) {
            self.send(&format!("ASK {payment}\n"));
            let deadline = now + ANSWER;
            self.phase = Phase::Asking { payment, deadline };
        } else {
            let answer = Queried::NoAnswer(NOT_READY.into());
            self.event(Event::Queried { payment, answer });
        }
    }

    fn message(&mut self, now: Mono, message: Message) {
        match std::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Greeting(_) if matches!(message, Message::Ready { .. }) => {
                if let Message::Ready { terminal_id } = message {
                    self.terminal_id = Some(Text::new(&terminal_id));
                }
                let terminal_id = self.terminal_id.clone();
                self.event(Event::Ready { terminal_id });
            }
            Phase::Operating {
                payment,
                money,
                stage,
                deadline,
            } => self.operating(now, payment, money, stage, deadline, message),
            Phase::Asking { payment, deadline } => self.asking(payment, deadline, message),
            // What nobody waits for changes nothing, and above all is not acknowledged.
            phase @ (Phase::Down | Phase::Greeting(_) | Phase::Waiting(_) | Phase::Ready) => {
                self.phase = phase;
            }
        }
    }

    fn asking(&mut self, payment: PaymentId, deadline: Mono, message: Message) {
        let answer = match message {
            Message::Approved {
                payment: of,
                money,
                trace,
                card,
            } if of == payment => Queried::Approved(Box::new(Approval {
                money: Some(money),
                card,
                trace: Some(trace),
                terminal_id: self.terminal_id.clone(),
                ..Approval::default()
            })),
            Message::Declined(of) if of == payment => {
                Queried::Refused(refusal("The card was refused."))
            }
            Message::Stopped(of) if of == payment => {
                Queried::Refused(refusal("The payment was stopped."))
            }
            Message::Running(of) if of == payment => {
                Queried::Running("The payment is not over at the terminal.".into())
            }
            Message::Unknown(of) if of == payment => Queried::Unknown {
                terminal_id: self.terminal_id.clone(),
            },
            _ => {
                self.phase = Phase::Asking { payment, deadline };
                return;
            }
        };
        self.event(Event::Queried { payment, answer });
    }

    fn timeout(&mut self, now: Mono) {
        let silent = "The terminal does not answer: check that it is on and connected.";
        match &self.phase {
            Phase::Waiting(at) if now >= *at => self.greet(now),
            Phase::Greeting(until) if now >= *until => self.wait(now, silent),
            Phase::Asking { payment, deadline } if now >= *deadline => {
                let payment = *payment;
                let answer = Queried::NoAnswer(silent.into());
                self.event(Event::Queried { payment, answer });
                self.wait(now, silent);
            }
            // The disk is waited for, however long it takes.
            Phase::Operating {
                stage: Stage::Storing(_),
                ..
            } => {}
            Phase::Operating {
                payment, deadline, ..
            } if now >= *deadline => {
                let payment = *payment;
                let text = "The terminal went silent in the middle of the payment.";
                let approval = self.acknowledged();
                self.doubt(now, payment, DoubtReason::Silence, text, approval);
            }
            _ => {}
        }
    }

    fn link_down(&mut self) {
        self.lines = Lines::default();
        match std::mem::replace(&mut self.phase, Phase::Down) {
            Phase::Operating { payment, stage, .. } => {
                self.stale_store |= matches!(stage, Stage::Storing(_));
                let text = "The connection to the terminal broke in the middle of the payment.";
                let doubt = Doubt {
                    reason: DoubtReason::LinkLost,
                    text: text.into(),
                    approval: stage.approval(),
                    other_amount: None,
                };
                let ending = Ending::Doubted(doubt);
                self.event(Event::Ended { payment, ending });
            }
            Phase::Asking { payment, .. } => {
                let answer = Queried::NoAnswer("The connection to the terminal broke.".into());
                self.event(Event::Queried { payment, answer });
            }
            Phase::Down | Phase::Greeting(_) | Phase::Waiting(_) | Phase::Ready => {}
        }
    }

    fn greet(&mut self, now: Mono) {
        self.send("HELLO\n");
        self.phase = Phase::Greeting(now + ANSWER);
    }

    /// Greets again after a while: after doubt a terminal has to show anew that it is there.
    fn wait(&mut self, now: Mono, reason: &str) {
        let reason = Text::new(reason);
        self.event(Event::NotReady { reason });
        self.phase = Phase::Waiting(now + PAUSE);
    }

    fn end(&mut self, payment: PaymentId, ending: Ending) {
        self.event(Event::Ended { payment, ending });
    }

    fn not_asked(&mut self, payment: PaymentId, why: &str) {
        self.end(payment, cancelled(why));
    }

    fn send(&mut self, line: &str) {
        self.outputs.push_back(Output::Send(line.into()));
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn deadline(&self) -> Option<Mono> {
        match &self.phase {
            Phase::Down | Phase::Ready => None,
            Phase::Operating {
                stage: Stage::Storing(_),
                ..
            } => None,
            Phase::Greeting(at) | Phase::Waiting(at) => Some(*at),
            Phase::Operating { deadline, .. } | Phase::Asking { deadline, .. } => Some(*deadline),
        }
    }
}

fn refusal(text: &str) -> Refusal {
    Refusal {
        code: None,
        text: Text::new(text),
    }
}

fn cancelled(text: &str) -> Ending {
    Ending::Cancelled(Cancellation {
        code: None,
        text: Text::new(text),
    })
}

impl Machine for Skeleton {
    type Command = Command;
    type Fact = Fact;
    type Event = Event;

    fn handle(&mut self, now: Mono, input: Input<'_, Command>) {
        match input {
            Input::LinkUp => {
                self.link_down();
                self.greet(now);
            }
            Input::LinkDown => self.link_down(),
            Input::Bytes(bytes) => self.lines.push(bytes),
            Input::Timeout => {}
            Input::Command(command) => self.command(now, &command),
            Input::Stored(durable) => self.stored(now, durable),
        }
        while let Some(message) = self.lines.next() {
            self.message(now, message);
        }
        self.timeout(now);
    }

    fn poll(&mut self) -> Output<Fact, Event> {
        let output = self.outputs.pop_front();
        output.unwrap_or_else(|| Output::Wait(self.deadline()))
    }
}
