//! The driver: registers, asks, listens and answers. It must not know sockets or the clock.

mod running;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use payment::{PaymentId, Refusal, Text};

use super::{
    apdu::{Apdu, code},
    codes::result,
    line::{LineOutput, Repeat},
    message::{Abort, Completion, PrintBlock, PrintLine, SlipCollector},
    operation::{Operation, Request, not_asked},
    settings::ZvtSettings,
    transport::{Framing, Transport},
};
use crate::{
    Input, Machine, Mono, Output,
    terminal::{Command, DayEnd, Ending, Event, Fact, LastTransaction},
};

/// How long to wait before the first new try to register; doubled up to [`LONGEST_RETRY`].
const FIRST_RETRY: Duration = Duration::from_secs(2);
const LONGEST_RETRY: Duration = Duration::from_mins(1);
/// The error code of a refused registration that names its reason in the data.
const REGISTRATION_REFUSED: u8 = 0x1e;
/// What terminals answer to a wrong password.
const WRONG_PASSWORD: u8 = 0x37;

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
    /// The last payment that was asked for. It is never asked for again (law 4).
    asked: Option<PaymentId>,
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
            asked: None,
        }
    }

    fn command(&mut self, now: Mono, command: &Command) {
        match *command {
            Command::Pay { payment, .. } if self.asked == Some(payment) => {}
            Command::Pay { payment, money } => match self.phase {
                Phase::Ready if money.currency() == self.settings.currency => {
                    self.begin(now, Request::Pay { payment, money });
                }
                Phase::Ready => {
                    let why = "The terminal was not asked: it works in another currency.";
                    self.ended(payment, not_asked(why));
                }
                Phase::Operating(_) => {
                    let why = "The terminal was not asked: another payment is running.";
                    self.ended(payment, not_asked(why));
                }
                Phase::Down | Phase::Waiting(_) | Phase::Registering { .. } => {
                    let why = "The terminal was not asked: it is not ready.";
                    self.ended(payment, not_asked(why));
                }
            },
            Command::Abort { payment } => self.abort(now, payment),
            Command::Reverse { payment, .. } | Command::Refund { payment, .. } => {
                let why = "The terminal was not asked: tilld cannot do that yet.";
                self.ended(payment, not_asked(why));
            }
            Command::LastTransaction => {
                let why = Text::new("tilld cannot ask this terminal yet.");
                self.event(Event::LastTransaction(LastTransaction::Unsupported(why)));
            }
            Command::EndOfDay => {
                let refusal = Refusal {
                    code: None,
                    text: Text::new("tilld cannot end this terminal's day yet."),
                };
                self.event(Event::DayEnded(DayEnd::Refused(refusal)));
            }
            Command::Service(_) => {
                let refusal = Refusal {
                    code: None,
                    text: Text::new("tilld cannot do that with this terminal yet."),
                };
                self.event(Event::Served(Err(refusal)));
            }
        }
    }

    fn register(&mut self, now: Mono) {
        let registration = self.settings.registration().encode();
        self.transport.send(now, registration, Repeat::Freely);
        self.phase = Phase::Registering {
            accepted: false,
            deadline: now + self.settings.answer_timeout,
        };
    }

    fn message(&mut self, now: Mono, apdu: &Apdu) {
        match self.phase {
            Phase::Down => {}
            Phase::Registering { accepted, .. } => self.registering(now, apdu, accepted),
            Phase::Operating(_) => self.operating(now, apdu),
            Phase::Ready | Phase::Waiting(_) => self.left_over(now, apdu),
        }
    }

    fn registering(&mut self, now: Mono, apdu: &Apdu, accepted: bool) {
        if apdu.is_answer() && !accepted {
            match apdu.refusal() {
                None => {
                    let deadline = now + self.settings.completion_timeout;
                    self.phase = Phase::Registering {
                        accepted: true,
                        deadline,
                    };
                }
                Some(REGISTRATION_REFUSED)
                    if apdu.data().first() == Some(&result::WRONG_CURRENCY) =>
                {
                    self.refused_registration(now, result::WRONG_CURRENCY);
                }
                Some(error) => self.refused_registration(now, error),
            }
            return;
        }
        match (apdu.code, accepted) {
            (code::COMPLETION, true) => {
                self.answer(now, Apdu::accepted());
                let completion = Completion::decode(apdu.data());
                let ours = self.settings.currency.numeric();
                if completion.currency.is_some_and(|theirs| theirs != ours) {
                    self.refused_registration(now, result::WRONG_CURRENCY);
                } else {
                    self.retry = FIRST_RETRY;
                    self.phase = Phase::Ready;
                    self.event(Event::Ready {
                        terminal_id: completion.terminal_id,
                    });
                }
            }
            (code::ABORT, true) => {
                self.answer(now, Apdu::accepted());
                let code = Abort::decode(apdu.data()).result.unwrap_or(0);
                self.refused_registration(now, code);
            }
            _ => self.left_over(now, apdu),
        }
    }

    fn refused_registration(&mut self, now: Mono, error: u8) {
        let reason = match error {
            WRONG_PASSWORD => {
                "The terminal refuses the password: correct it in the configuration.".to_owned()
            }
            result::WRONG_CURRENCY => format!(
                "The terminal does not work in {}: correct the currency in the configuration.",
                self.settings.currency.code()
            ),
            _ => result::meaning(error).sentence(),
        };
        self.wait(now, &reason);
    }

    /// What belongs to no operation of ours is answered, so that the terminal comes to its end,
    /// and never taken for ours.
    fn left_over(&mut self, now: Mono, apdu: &Apdu) {
        if apdu.is_answer() {
            return;
        }
        match apdu.code {
            code::PRINT_LINE | code::PRINT_BLOCK => self.print(now, apdu, None),
            _ => {
                let answer = self.usual_answer(apdu);
                self.answer(now, answer);
            }
        }
    }

    /// What came before is answered as before; what is known is accepted.
    fn usual_answer(&self, apdu: &Apdu) -> Apdu {
        match (&self.answered, apdu.code) {
            (Some((before, answer)), _) if *before == fingerprint(apdu) => answer.clone(),
            (
                _,
                code::STATUS_INFORMATION
                | code::INTERMEDIATE_STATUS
                | code::COMPLETION
                | code::ABORT,
            ) => Apdu::accepted(),
            _ => Apdu::refused(result::NOT_POSSIBLE),
        }
    }

    /// Paper never decides money: what is to be printed is accepted at once (law 8).
    fn print(&mut self, now: Mono, apdu: &Apdu, payment: Option<PaymentId>) {
        self.answer(now, Apdu::accepted());
        let charset = self.settings.charset;
        let slips = match apdu.code {
            code::PRINT_LINE => PrintLine::decode(apdu.data())
                .and_then(|line| self.slips.line(&line, charset))
                .into_iter()
                .collect(),
            _ => PrintBlock::decode(apdu.data())
                .map(|block| self.slips.block(&block, charset))
                .unwrap_or_default(),
        };
        for slip in slips {
            self.event(Event::Receipt { payment, slip });
        }
    }

    /// Nothing came in time.
    fn overdue(&mut self, now: Mono) {
        match &self.phase {
            Phase::Waiting(at) if now >= *at => self.register(now),
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
            Phase::Registering { .. } => {
                self.silent(now, "The terminal does not answer: check its cable.");
            }
            Phase::Down | Phase::Waiting(_) | Phase::Ready => {}
        }
    }

    /// Tries to register again after a while.
    fn wait(&mut self, now: Mono, reason: &str) {
        self.not_ready(reason);
        self.phase = Phase::Waiting(now + self.retry);
        self.retry = (self.retry * 2).min(LONGEST_RETRY);
    }

    fn not_ready(&mut self, reason: &str) {
        let reason = Text::new(reason);
        self.event(Event::NotReady { reason });
    }

    fn answer(&mut self, now: Mono, answer: Apdu) {
        self.transport.send(now, answer, Repeat::Freely);
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
                self.link_down();
                self.register(now);
            }
            Input::LinkDown => self.link_down(),
            Input::Bytes(bytes) => self.transport.bytes(now, bytes),
            Input::Timeout => self.transport.timeout(now),
            Input::Command(command) => self.command(now, &command),
            Input::Stored(durable) => self.stored(now, durable),
        }
        self.pump(now);
        self.overdue(now);
        self.pump(now);
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
            Phase::Down | Phase::Ready => None,
            Phase::Waiting(at) | Phase::Registering { deadline: at, .. } => Some(*at),
            Phase::Operating(operation) => operation.deadline,
        };
        phase.into_iter().chain(self.transport.deadline()).min()
    }
}
