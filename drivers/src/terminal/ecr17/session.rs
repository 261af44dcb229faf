//! The driver: calls, asks, listens and answers. It must not know sockets or the clock.
//!
//! One procedure has one connection: many terminals hang up after each, and for the others it does
//! no harm. So a message never meets a terminal that is just hanging up, and an answer cannot be to
//! an earlier question.

mod answering;
mod hearing;
mod line;
mod losing;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use jiff::{SignedDuration, Timestamp};
use payment::{PaymentId, Refusal, Text};

use self::line::Line;
use super::{
    frame::Reader,
    job::{Day, End, Job, Request, Wish, not_asked},
    lrc::Lrc,
    reply::Status,
    request::MAX_STAN,
    settings::Ecr17Settings,
    ticket::{Tickets, receipt},
};
use crate::{
    Input, Machine, Mono, Output,
    terminal::{
        Command, DayEnd, Ending, Event, Fact, LastTransaction, Queried, Slip, SlipCopy, SlipLine,
        request::Asked,
    },
};

/// How often an idle terminal is asked how it is.
const KEEP_ALIVE: Duration = Duration::from_mins(1);
/// How often while it is not ready.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// How soon after something went wrong.
const LOOK_SOON: Duration = Duration::from_secs(1);

/// An ECR17 terminal.
pub struct Ecr17 {
    settings: Ecr17Settings,
    reader: Reader,
    outputs: VecDeque<Output<Fact, Event>>,
    line: Line,
    job: Option<Job>,
    /// A command that came while we asked the terminal something for ourselves.
    waiting: Option<Command>,
    /// What the desk heard last: ready, or why not.
    told: Option<Result<(), Text>>,
    /// When to ask the terminal how it is.
    look_at: Mono,
    /// How check bytes are made, and whether that is certain.
    lrc: Lrc,
    lrc_known: bool,
    /// The terminal's ID, as it told it last.
    terminal_id: Option<Text>,
    /// The payments that were asked for. None is ever asked for again (law 4).
    asked: Asked,
    /// The last result that was heard: it may come again.
    last: Option<Last>,
    /// Facts whose answer is outstanding; only the youngest is the running job's.
    stores: u32,
    /// What came while the disk is awaited. It is answered afterwards: an answer now could be taken
    /// for the acknowledgement of the approval.
    held: Vec<Vec<u8>>,
    tickets: Tickets,
    /// Whose receipts these are; none is the terminal's own.
    tickets_of: Option<PaymentId>,
    /// The time of day at the origin of [`Mono`].
    origin: Option<Timestamp>,
}

/// A result, without what it says of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Last {
    print: u64,
    stan: Option<u32>,
}

impl Ecr17 {
    /// A terminal that was not called yet.
    pub fn new(settings: Ecr17Settings) -> Self {
        Self {
            reader: Reader::default(),
            outputs: VecDeque::new(),
            line: Line::default(),
            job: None,
            waiting: None,
            told: None,
            look_at: Mono::default(),
            lrc: settings.lrc.unwrap_or(Lrc::Payload),
            lrc_known: settings.lrc.is_some(),
            terminal_id: None,
            asked: Asked::default(),
            last: None,
            stores: 0,
            held: Vec::new(),
            tickets: Tickets::default(),
            tickets_of: None,
            origin: None,
            settings,
        }
    }

    /// With the time of day at the origin of [`Mono`]: terminals name no year. Without it, results
    /// have no time.
    #[must_use]
    pub fn with_clock(mut self, origin: Timestamp) -> Self {
        self.origin = Some(origin);
        self
    }

    fn command(&mut self, now: Mono, command: Command) {
        let waits = self.waiting.as_ref().and_then(Command::payment);
        let payment = command.payment();
        match command {
            // There is no message for it: the customer or the terminal ends it.
            Command::Abort { .. } => return,
            // It knows no reference of ours: the engine asks for the last transaction instead.
            Command::Query { payment, .. } => {
                let answer = Queried::NoAnswer("The terminal does not know our references.".into());
                return self.event(Event::Queried { payment, answer });
            }
            Command::Service(_) => {
                return self.refuse(&command, "The terminal cannot do that from here.");
            }
            Command::Pay { .. }
            | Command::Reverse { .. }
            | Command::Refund { .. }
            | Command::LastTransaction
            | Command::EndOfDay => {}
        }
        if payment.is_some_and(|payment| self.asked.contains(payment) || waits == Some(payment)) {
            return;
        }
        match &self.job {
            _ if self.told != Some(Ok(())) => {
                self.refuse(&command, "The terminal was not asked: it is not ready.");
            }
            None => self.start(now, &command),
            Some(job) if job.wish == Wish::Status && self.waiting.is_none() => {
                self.waiting = Some(command);
            }
            Some(_) => {
                let why = "The terminal was not asked: it is in the middle of something else.";
                if command == Command::LastTransaction {
                    let busy = LastTransaction::Busy(Text::new(why));
                    self.event(Event::LastTransaction(busy));
                } else {
                    self.refuse(&command, why);
                }
            }
        }
    }

    /// Begins what a command wants; the terminal is free.
    fn start(&mut self, now: Mono, command: &Command) {
        let wish = match *command {
            Command::LastTransaction => Wish::Last,
            Command::EndOfDay => Wish::Day(Day::default()),
            Command::Pay { payment, money } => Wish::Money(Request::Pay { payment, money }),
            Command::Reverse {
                payment,
                money,
                ref original,
            } => {
                let valid = |stan: &u32| (1..=MAX_STAN).contains(stan);
                let Some(stan) = original.trace.filter(valid) else {
                    // Without a number it would take back whatever was last.
                    let why = "The terminal was not asked: the payment has no number there.";
                    return self.refuse(command, why);
                };
                Wish::Money(Request::Reverse {
                    payment,
                    money,
                    stan,
                })
            }
            Command::Refund { .. } => {
                let why = "The terminal was not asked: it gives nothing back from here.";
                return self.refuse(command, why);
            }
            Command::Query { .. } | Command::Service(_) | Command::Abort { .. } => return,
        };
        if let Wish::Money(request) = &wish {
            if request.money().currency() != self.settings.currency {
                let why = "The terminal was not asked: it works in another currency.";
                return self.refuse(command, why);
            }
            if wish.message(&self.settings.address, true).is_none() {
                let why = "The terminal was not asked: the amount is too large for it.";
                return self.refuse(command, why);
            }
            self.asked.add(request.payment());
        }
        self.begin(now, wish);
    }

    fn begin(&mut self, now: Mono, wish: Wish) {
        self.finish_tickets();
        let job = Job::new(wish, self.settings.print_here);
        self.tickets_of = job.payment();
        self.job = Some(job);
        self.go(now);
    }

    /// The event of a command that is not carried out.
    fn refuse(&mut self, command: &Command, why: &str) {
        let text = Text::new(why);
        let refusal = || Refusal {
            code: None,
            text: Text::new(why),
        };
        self.event(match *command {
            Command::Pay { payment, .. }
            | Command::Reverse { payment, .. }
            | Command::Refund { payment, .. } => Event::Ended {
                payment,
                ending: not_asked(why),
            },
            Command::LastTransaction => Event::LastTransaction(LastTransaction::NoAnswer(text)),
            Command::EndOfDay => Event::DayEnded(DayEnd::Refused(refusal())),
            Command::Service(_) => Event::Served(Err(refusal())),
            Command::Query { .. } | Command::Abort { .. } => return,
        });
    }

    fn refuse_waiting(&mut self, why: &str) {
        if let Some(command) = self.waiting.take() {
            self.refuse(&command, why);
        }
    }

    /// The terminal said how it is.
    fn status_told(&mut self, now: Mono, status: &Status) {
        let expected = self.settings.terminal_id();
        let told = status.terminal_id.as_ref().map(Text::as_str);
        let reason = match (expected, told) {
            (Some(expected), Some(told)) if expected != told => Some(format!(
                "The terminal's ID is {told}, but terminal_id in [terminal.ecr17] is {expected}. \
                 Write the right one, or check the address."
            )),
            _ => status.not_operative(),
        };
        if let Some(reason) = reason {
            self.not_ready(now, &reason);
        } else {
            let other = self.terminal_id != status.terminal_id;
            self.terminal_id.clone_from(&status.terminal_id);
            if other || self.told != Some(Ok(())) {
                self.told = Some(Ok(()));
                let terminal_id = status.terminal_id.clone();
                self.event(Event::Ready { terminal_id });
            }
        }
        self.over(now);
    }

    /// Nothing more is to be done of the job.
    fn over(&mut self, now: Mono) {
        self.job = None;
        if !self.line.is_up() {
            self.held.clear();
        }
        self.line.linger(now);
        let pause = match &self.told {
            Some(Ok(())) => KEEP_ALIVE,
            Some(Err(_)) | None => LOOK_AGAIN,
        };
        self.look_at = now + pause;
        if let Some(command) = self.waiting.take() {
            match self.told.clone() {
                Some(Err(why)) => self.refuse(&command, why.as_str()),
                Some(Ok(())) | None => self.start(now, &command),
            }
        }
    }

    /// Tells how a job ended.
    fn end(&mut self, now: Mono, end: End) {
        self.finish_tickets();
        self.event(match end {
            End::Payment(payment, ending) => Event::Ended { payment, ending },
            End::Day(end) => Event::DayEnded(end),
        });
        self.over(now);
    }

    /// Ends a payment whose money may have moved. The terminal has to show anew that it is there.
    fn end_in_doubt(&mut self, now: Mono, doubt: payment::Doubt) {
        let Some(payment) = self.job.as_ref().and_then(Job::payment) else {
            return;
        };
        self.hang_up();
        self.end(now, End::Payment(payment, Ending::Doubted(doubt)));
        self.not_ready(
            now,
            "The outcome of the last payment is not known. Wait: the terminal is asked how it is.",
        );
        self.look_at = now + LOOK_SOON;
    }

    fn not_ready(&mut self, now: Mono, reason: &str) {
        let reason = Text::new(reason);
        let told = Some(Err(reason.clone()));
        if self.told != told {
            self.told = told;
            self.event(Event::NotReady { reason });
        }
        self.look_at = now + LOOK_AGAIN;
    }

    fn slip(&mut self, lines: Vec<SlipLine>) {
        let payment = self.tickets_of;
        let slip = match payment {
            Some(_) => receipt(lines),
            None => Slip {
                copy: SlipCopy::Administration,
                lines,
                signature: false,
            },
        };
        self.event(Event::Receipt { payment, slip });
    }

    /// What of a receipt has come is all that will.
    fn finish_tickets(&mut self) {
        if let Some(lines) = self.tickets.finish() {
            self.slip(lines);
        }
    }

    /// The time of day, as far as we know it.
    fn time(&self, now: Mono) -> Option<Timestamp> {
        let elapsed = SignedDuration::try_from(now.elapsed()).ok()?;
        self.origin?.checked_add(elapsed).ok()
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

impl Machine for Ecr17 {
    type Command = Command;
    type Fact = Fact;
    type Event = Event;

    fn handle(&mut self, now: Mono, input: Input<'_, Command>) {
        match input {
            Input::LinkUp => self.link_up(now),
            Input::LinkDown => self.link_down(now),
            Input::Bytes(bytes) => self.bytes(now, bytes),
            Input::Timeout => {}
            Input::Command(command) => self.command(now, command),
            Input::Stored(durable) => self.stored(now, durable),
        }
        self.overdue(now);
    }

    fn poll(&mut self) -> Output<Fact, Event> {
        let output = self.outputs.pop_front();
        output.unwrap_or_else(|| Output::Wait(self.deadline()))
    }
}
