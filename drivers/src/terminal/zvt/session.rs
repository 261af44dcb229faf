//! The driver: registers, asks, listens and answers. It must not know sockets or the clock.

mod enquiring;
mod line;
mod registering;
mod running;
mod storing;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use payment::{PaymentId, Text};

use self::{enquiring::moves_money, registering::FIRST_RETRY, storing::Storing};
use super::{
    apdu::Apdu,
    enquiry::{Enquiry, Question},
    line::{LineOutput, Repeat},
    message::SlipCollector,
    operation::{Operation, Request, not_asked, wanted_at},
    sequence::{Number, Sequence},
    settings::ZvtSettings,
    transport::{Framing, Transport},
};
use crate::{
    Input, Machine, Mono, Output,
    terminal::{
        Command, Ending, Event, Fact, LastTransaction, LineStatistics, Queried, request::Asked,
    },
};

/// A ZVT terminal.
pub struct Zvt {
    settings: ZvtSettings,
    transport: Transport,
    outputs: VecDeque<Output<Fact, Event>>,
    phase: Phase,
    retry: Duration,
    slips: SlipCollector,
    /// The last result of the terminal and what it was answered: it may come again.
    answered: Option<(u64, Apdu)>,
    /// The payments that were asked for. None is ever asked for again (law 4).
    asked: Asked,
    /// What is on its way to the disk.
    storing: Option<Storing>,
    /// A command that came while we asked the terminal something for ourselves.
    waiting: Option<Command>,
    /// The terminal's ID, as it told it last.
    terminal_id: Option<Text>,
    /// Its status, as it told it last; 0 is ready.
    status: u8,
    /// When to ask for it again.
    enquire_at: Option<Mono>,
    /// Whether it knows 05 01.
    enquires: bool,
    sequence: Sequence,
    /// The number of the message that is being heard.
    hearing: Option<Number>,
    /// The time of day at the origin of [`Mono`].
    origin: Option<Timestamp>,
    /// How the line was when it was told last, and when that was.
    line_told: Option<(LineStatistics, Mono)>,
}

/// A message that may come again.
#[derive(Debug, Clone, Copy)]
struct Heard {
    print: u64,
    number: Option<Number>,
}

enum Phase {
    /// No link, or one that is being dropped.
    Down,
    /// Registration is to be tried again at this moment.
    Waiting(Mono),
    /// 06 00 left; until when its answer may come, or its completion once it was `accepted`.
    Registering {
        accepted: bool,
        deadline: Mono,
    },
    Ready,
    /// Something was asked that moves no money.
    Enquiring(Box<Enquiry>),
    /// Money was asked for.
    Operating(Box<Operation>),
}

impl Zvt {
    /// A terminal that is not linked yet.
    pub fn new(settings: ZvtSettings, framing: Framing) -> Self {
        Self {
            settings,
            transport: Transport::new(framing),
            outputs: VecDeque::new(),
            phase: Phase::Down,
            retry: FIRST_RETRY,
            slips: SlipCollector::default(),
            answered: None,
            asked: Asked::default(),
            storing: None,
            waiting: None,
            terminal_id: None,
            status: 0,
            enquire_at: None,
            enquires: true,
            sequence: Sequence::default(),
            hearing: None,
            origin: None,
            line_told: None,
        }
    }

    /// With the time of day at the origin of [`Mono`]: terminals name no year. Without it, the year
    /// of what a terminal has stored is known only after a payment was asked for.
    #[must_use]
    pub fn with_clock(mut self, origin: Timestamp) -> Self {
        self.origin = Some(origin);
        self
    }

    fn command(&mut self, now: Mono, command: Command) {
        match command {
            Command::Abort { payment } => return self.abort(now, payment),
            // It knows no reference of ours: the engine asks for the last transaction instead.
            Command::Query { payment, .. } => {
                let answer = Queried::NoAnswer("The terminal does not know our references.".into());
                return self.event(Event::Queried { payment, answer });
            }
            Command::Pay { .. }
            | Command::Reverse { .. }
            | Command::Refund { .. }
            | Command::LastTransaction
            | Command::EndOfDay
            | Command::Service(_) => {}
        }
        let payment = command.payment();
        let waits = self.waiting.as_ref().and_then(Command::payment);
        if payment.is_some_and(|payment| self.asked.contains(payment) || waits == Some(payment)) {
            return;
        }
        match &self.phase {
            Phase::Ready if !self.is_storing() => self.start(now, &command),
            Phase::Ready if self.waiting.is_none() => self.waiting = Some(command),
            Phase::Enquiring(enquiry) if self.waiting.is_none() && enquiry.question.is_ours() => {
                self.waiting = Some(command);
            }
            Phase::Ready | Phase::Enquiring(_) | Phase::Operating(_) => {
                let why = "The terminal was not asked: it is in the middle of something else.";
                if command == Command::LastTransaction {
                    let busy = LastTransaction::Busy(Text::new(why));
                    self.event(Event::LastTransaction(busy));
                } else {
                    self.refuse(&command, why);
                }
            }
            Phase::Down | Phase::Waiting(_) | Phase::Registering { .. } => {
                self.refuse(&command, "The terminal was not asked: it is not ready.");
            }
        }
    }

    /// Begins what a command wants; the terminal is free.
    fn start(&mut self, now: Mono, command: &Command) {
        if let Some(question) = Question::of(command) {
            return self.enquire(now, question);
        }
        let request = match *command {
            Command::Pay { payment, money } => Request::Pay { payment, money },
            Command::Reverse {
                payment,
                money,
                ref original,
            } => {
                let Some(receipt) = original.terminal_receipt else {
                    let why =
                        "The terminal was not asked: the payment has no receipt number there.";
                    return self.ended(payment, not_asked(why));
                };
                Request::Reverse {
                    payment,
                    money,
                    receipt,
                }
            }
            Command::Refund { payment, money, .. } => Request::Refund { payment, money },
            Command::Query { .. }
            | Command::LastTransaction
            | Command::EndOfDay
            | Command::Service(_)
            | Command::Abort { .. } => return,
        };
        if request.money().currency() != self.settings.currency {
            let why = "The terminal was not asked: it works in another currency.";
            self.ended(request.payment(), not_asked(why));
        } else if self.status != 0 {
            // It was not in order when it was asked last; it may be now.
            self.waiting = Some(command.clone());
            self.enquire(now, Question::Status { cleared: false });
        } else {
            self.begin(now, request);
        }
    }

    /// The event of a command that is not carried out.
    fn refuse(&mut self, command: &Command, why: &str) {
        if let Some(payment) = command.payment().filter(|_| moves_money(command)) {
            self.ended(payment, not_asked(why));
        }
        let event = Question::of(command).and_then(|question| question.not_asked(why));
        self.outputs.extend(event.map(Output::Event));
    }

    fn message(&mut self, now: Mono, apdu: &Apdu) {
        self.hearing = self.sequence.heard(apdu);
        if !apdu.is_answer() && self.held_back(apdu) {
            return;
        }
        match self.phase {
            Phase::Down => {}
            Phase::Enquiring(_) => self.enquiring(now, apdu),
            Phase::Registering { accepted, .. } => self.registering(now, apdu, accepted),
            Phase::Operating(_) => self.operating(now, apdu),
            Phase::Ready | Phase::Waiting(_) => self.left_over(now, apdu),
        }
    }

    /// Nothing came in time.
    fn overdue(&mut self, now: Mono) {
        // A terminal that waits for us cannot answer.
        if self.is_storing() {
            return;
        }
        match &self.phase {
            Phase::Waiting(at) if now >= *at => self.register(now),
            Phase::Ready if self.enquire_at.is_some_and(|at| now >= at) => {
                self.enquire(now, Question::Status { cleared: false });
            }
            Phase::Enquiring(enquiry) if now >= enquiry.deadline => {
                let why = "The terminal does not answer: check that it is on and connected.";
                self.enquiry_lost(now, why);
                self.silent(now, why);
            }
            Phase::Registering { deadline, .. } if now >= *deadline => {
                self.silent(
                    now,
                    "The terminal does not answer: check that it is on and connected.",
                );
            }
            Phase::Operating(operation) if operation.deadline.is_some_and(|at| now >= at) => {
                self.operation_overdue(now);
            }
            _ => {}
        }
    }

    /// Gives up a link on which nothing answers: a connection is dropped (PA00P016, 4), a serial
    /// line is tried again.
    fn silent(&mut self, now: Mono, reason: &str) {
        self.transport.reset();
        self.refuse_waiting(reason);
        self.forget_held();
        match self.transport.framing() {
            Framing::Tcp => {
                self.not_ready(reason);
                self.phase = Phase::Down;
                self.outputs.push_back(Output::Close);
            }
            Framing::Serial => self.wait(now, reason),
        }
    }

    /// A frame was sent in vain, however often.
    fn line_failed(&mut self, now: Mono) {
        match self.phase {
            Phase::Operating(_) => self.operation_lost(now),
            Phase::Enquiring(_) => {
                let why = "The terminal does not answer: check its cable.";
                self.enquiry_lost(now, why);
                self.silent(now, why);
            }
            Phase::Registering { .. } => {
                self.silent(now, "The terminal does not answer: check its cable.");
            }
            Phase::Down | Phase::Waiting(_) | Phase::Ready => {}
        }
    }

    fn not_ready(&mut self, reason: &str) {
        let reason = Text::new(reason);
        self.event(Event::NotReady { reason });
    }

    /// Answers the message that is being heard.
    fn answer(&mut self, now: Mono, answer: Apdu) {
        self.answer_to(now, answer, self.hearing);
    }

    fn answer_to(&mut self, now: Mono, answer: Apdu, number: Option<Number>) {
        let answer = Sequence::answer(answer, number);
        self.transport.send(now, answer, Repeat::Freely);
    }

    fn command_to(&mut self, now: Mono, command: Apdu, repeat: Repeat) {
        let command = self.sequence.command(command);
        self.transport.send(now, command, repeat);
    }

    /// Which message it is, to know it when it comes again.
    fn heard(&self, apdu: &Apdu) -> Heard {
        Heard {
            print: fingerprint(apdu),
            number: self.hearing,
        }
    }

    /// The time of day, as far as we know it.
    fn time(&self, now: Mono) -> Option<Timestamp> {
        let elapsed = SignedDuration::try_from(now.elapsed()).ok()?;
        match self.origin {
            Some(origin) => origin.checked_add(elapsed).ok(),
            None => self.asked.last().map(wanted_at),
        }
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn ended(&mut self, payment: PaymentId, ending: Ending) {
        self.event(Event::Ended { payment, ending });
    }
}

/// Tells a repeated message from another one, without keeping what it says of a card.
fn fingerprint(apdu: &Apdu) -> u64 {
    let mut hasher = DefaultHasher::new();
    apdu.hash(&mut hasher);
    hasher.finish()
}

impl Machine for Zvt {
    type Command = Command;
    type Fact = Fact;
    type Event = Event;

    fn handle(&mut self, now: Mono, input: Input<'_, Command>) {
        match input {
            Input::LinkUp => {
                self.link_down(now);
                self.register(now);
            }
            Input::LinkDown => self.link_down(now),
            Input::Bytes(bytes) => self.transport.bytes(now, bytes),
            Input::Timeout => self.transport.timeout(now),
            Input::Command(command) => self.command(now, command),
            Input::Stored(durable) => self.stored(now, durable),
        }
        self.pump(now);
        self.overdue(now);
        self.pump(now);
        self.tell_line(now);
    }

    fn poll(&mut self) -> Output<Fact, Event> {
        let output = self.outputs.pop_front();
        output.unwrap_or_else(|| Output::Wait(self.deadline()))
    }
}

impl Zvt {
    /// Moves what the transport found to where it belongs.
    fn pump(&mut self, now: Mono) {
        while let Some(output) = self.transport.poll() {
            match output {
                LineOutput::Send(bytes) => self.outputs.push_back(Output::Send(bytes)),
                LineOutput::Message(apdu) => self.message(now, &apdu),
                LineOutput::Failed => self.line_failed(now),
            }
        }
    }

    fn deadline(&self) -> Option<Mono> {
        let phase = match &self.phase {
            _ if self.is_storing() => None,
            Phase::Down => None,
            Phase::Ready => self.enquire_at,
            Phase::Waiting(at) | Phase::Registering { deadline: at, .. } => Some(*at),
            Phase::Enquiring(enquiry) => Some(enquiry.deadline),
            Phase::Operating(operation) => operation.deadline,
        };
        let moments = [phase, self.transport.deadline(), self.line_due()];
        moments.into_iter().flatten().min()
    }
}
