//! The driver: greets, asks, listens. It must not know sockets, HTTP or the clock.
//!
//! Each request is one frame, and its answer another. A payment's request stays open until the
//! payment is over; only an abort may be sent meanwhile.

mod asking;
mod readiness;
mod running;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use jiff::{SignedDuration, Timestamp};
use payment::{Approval, Money, PaymentId, Refusal, Text};

use super::{
    frame::{Frames, frame},
    message::{self, Answer, Body, Header, Request},
    operation::{Operation, not_asked, request},
    service_id::Names,
    settings::AdyenSettings,
};
use crate::{
    Input, Machine, Mono, Output,
    terminal::{Command, DayEnd, Ending, Event, Fact, LastTransaction, Queried, Slip},
};

/// Between two looks at an idle terminal.
const LOOK: Duration = Duration::from_mins(1);
/// Before a terminal that is busy, or was in doubt, is looked at again.
const SOON: Duration = Duration::from_secs(5);
/// Before one is looked at again that does not understand us.
const LATER: Duration = Duration::from_secs(30);
/// How long an abort may stay unanswered, and a terminal that was told to end may take.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// As many payments are remembered; no command is so late.
const REMEMBERED: usize = 1024;

const NO_ANSWER: &str = "The terminal does not answer: check that it is on and connected.";
const IN_USE: &str = "The terminal was not asked: it is in the middle of something else.";
const NOT_READY: &str = "The terminal was not asked: it is not ready.";
const WRONG_KEY: &str = "The terminal and tilld do not understand each other: check passphrase, \
                         key identifier and key version.";

/// An Adyen terminal.
pub struct Adyen {
    settings: AdyenSettings,
    names: Names,
    sealed: u64,
    frames: Frames,
    outputs: VecDeque<Output<Fact, Event>>,
    phase: Phase,
    /// Whether the desk was told that it is ready; none before the first word.
    told: Option<Text>,
    ready: bool,
    /// The payments that were asked for, and when. They are never asked for again (law 4).
    asked: VecDeque<(PaymentId, Mono)>,
    /// An abort that is not answered yet.
    abort: Option<Abort>,
    /// An approval on its way to the disk.
    storing: Option<Storing>,
    /// A command that came while we asked the terminal something for ourselves.
    waiting: Option<Command>,
    /// Whose receipts were handed over last.
    slips_of: Option<PaymentId>,
}

enum Phase {
    /// No link, or one that is being dropped.
    Down,
    /// It is looked at again at this moment.
    Waiting(Mono),
    /// A diagnosis is open.
    Greeting(Question),
    /// A login is open: the terminal said that we are logged out.
    LoggingIn(Question),
    /// It would take a payment; it is looked at again at this moment.
    Ready(Mono),
    /// It is asked what became of a payment.
    Querying(Question, Doubtful),
    /// Money was asked for.
    Operating(Operation),
}

/// A request that moves no money.
struct Question {
    service_id: String,
    deadline: Mono,
}

struct Abort {
    service_id: String,
    deadline: Mono,
}

/// A payment that is asked about.
#[derive(Clone, Copy)]
struct Doubtful {
    payment: PaymentId,
    category: &'static str,
    money: Money,
}

struct Storing {
    payment: PaymentId,
    approval: Approval,
    slips: Vec<Slip>,
}

impl Adyen {
    /// A terminal that is not linked yet.
    pub fn new(settings: AdyenSettings) -> Self {
        let origin = u128::try_from(settings.origin.as_millisecond()).unwrap_or(0);
        Self {
            settings,
            names: Names::new(origin),
            sealed: 0,
            frames: Frames::default(),
            outputs: VecDeque::new(),
            phase: Phase::Down,
            told: None,
            ready: false,
            asked: VecDeque::new(),
            abort: None,
            storing: None,
            waiting: None,
            slips_of: None,
        }
    }

    fn command(&mut self, now: Mono, command: Command) {
        if let Command::Abort { payment } = command {
            return self.abort(now, payment);
        }
        let payment = money_of(&command);
        let waits = self.waiting.as_ref().and_then(money_of);
        if payment.is_some_and(|payment| self.asked_at(payment).is_some() || waits == Some(payment))
        {
            return;
        }
        match &self.phase {
            Phase::Ready(_) if self.is_free() => self.start(now, &command),
            Phase::Ready(_) | Phase::Greeting(_) | Phase::LoggingIn(_)
                if self.waiting.is_none() =>
            {
                self.waiting = Some(command);
            }
            Phase::Ready(_)
            | Phase::Greeting(_)
            | Phase::LoggingIn(_)
            | Phase::Querying(..)
            | Phase::Operating(_) => {
                self.refuse(&command, IN_USE);
            }
            Phase::Down | Phase::Waiting(_) => self.refuse(&command, NOT_READY),
        }
    }

    /// When a payment was asked for, if it was.
    fn asked_at(&self, payment: PaymentId) -> Option<Mono> {
        let mut asked = self.asked.iter();
        asked.find_map(|(id, at)| (*id == payment).then_some(*at))
    }

    /// Whether nothing of an earlier operation is open.
    fn is_free(&self) -> bool {
        self.storing.is_none() && self.abort.is_none()
    }

    /// Begins what a command wants; the terminal is free.
    fn start(&mut self, now: Mono, command: &Command) {
        if let Command::Query {
            payment,
            purpose,
            money,
        } = *command
        {
            return self.query(now, payment, purpose, money);
        }
        let Some((payment, money, request)) = request(command) else {
            return self.refuse(command, "An Adyen terminal does not offer this.");
        };
        if money.currency() != self.settings.currency {
            let why = "The terminal was not asked: it works in another currency.";
            return self.ended(payment, not_asked(why));
        }
        match request {
            Ok(request) => self.begin(now, payment, money, &request),
            Err(why) => self.ended(payment, not_asked(why)),
        }
    }

    /// The event of a command that is not carried out.
    fn refuse(&mut self, command: &Command, why: &str) {
        let text = Text::new(why);
        let event = match command {
            Command::Pay { payment, .. }
            | Command::Reverse { payment, .. }
            | Command::Refund { payment, .. } => return self.ended(*payment, not_asked(why)),
            Command::Query { payment, .. } => Event::Queried {
                payment: *payment,
                answer: Queried::NoAnswer(text),
            },
            Command::LastTransaction => Event::LastTransaction(LastTransaction::Unsupported(text)),
            Command::EndOfDay => Event::DayEnded(DayEnd::Refused(Refusal { code: None, text })),
            Command::Service(_) => Event::Served(Err(Refusal { code: None, text })),
            Command::Abort { .. } => return,
        };
        self.event(event);
    }

    fn take_waiting(&mut self, now: Mono) {
        if self.is_free()
            && matches!(self.phase, Phase::Ready(_))
            && let Some(command) = self.waiting.take()
        {
            self.start(now, &command);
        }
    }

    fn refuse_waiting(&mut self, why: &str) {
        if let Some(command) = self.waiting.take() {
            self.refuse(&command, why);
        }
    }

    /// A whole body came.
    fn body(&mut self, now: Mono, body: &[u8]) {
        if body.is_empty() {
            // So an abort is answered, whatever it did.
            match self.abort.take() {
                Some(_) => self.take_waiting(now),
                None => self.nonsense(now, NO_ANSWER),
            }
            return;
        }
        match message::open(&self.settings.crypto, body) {
            Ok(Answer::Response(body)) => self.answer(now, &body),
            Ok(Answer::Rejected(_)) => self.rejected(now),
            Err(why) => {
                tracing::debug!(%why, bytes = body.len(), "an answer that cannot be read");
                self.nonsense(now, WRONG_KEY);
            }
        }
    }

    /// An answer that was sealed with our key. To which request?
    fn answer(&mut self, now: Mono, body: &Body) {
        let header = &body.message_header;
        let ours = header.message_class == "Service"
            && header.message_type == "Response"
            && header.sale_id == self.settings.sale_id
            && header.poi_id == self.settings.poi_id;
        let answers = |category: &str, service_id: &str| {
            ours && header.message_category == category && header.service_id == service_id
        };
        if self
            .abort
            .as_ref()
            .is_some_and(|abort| answers("Abort", &abort.service_id))
        {
            self.abort = None;
            return self.take_waiting(now);
        }
        match &self.phase {
            Phase::Greeting(question) if answers("Diagnosis", &question.service_id) => {
                self.greeted(now, body.diagnosis_response.as_ref());
            }
            Phase::LoggingIn(question) if answers("Login", &question.service_id) => {
                self.logged_in(now, body.login_response.as_ref());
            }
            Phase::Querying(question, doubtful)
                if answers("TransactionStatus", &question.service_id) =>
            {
                let doubtful = *doubtful;
                self.told_of(now, doubtful, body.transaction_status_response.as_ref());
            }
            Phase::Operating(operation) if answers(operation.category, &operation.service_id) => {
                self.answered(now, body);
            }
            Phase::Greeting(question) if header.service_id == question.service_id => {
                self.nonsense(
                    now,
                    "Another terminal answers: check terminal.adyen.poi_id and the address.",
                );
            }
            // Late, or for somebody else: nothing of ours is decided by it.
            _ => tracing::debug!("an answer that nobody waits for"),
        }
    }

    /// Seals a request and sends it; the name that it goes by is `service_id`.
    fn send(&mut self, request: &Request, service_id: &str) {
        let settings = &self.settings;
        let header = Header::request(
            request.category(),
            service_id,
            &settings.sale_id,
            &settings.poi_id,
        );
        let nonce = settings.crypto.nonce(&settings.seed, self.sealed);
        self.sealed += 1;
        match message::seal(&settings.crypto, nonce, &header, request) {
            Ok(body) => self.outputs.push_back(Output::Send(frame(&body))),
            Err(error) => tracing::error!(%error, "a request could not be written"),
        }
    }

    /// The time of day.
    fn time(&self, now: Mono) -> Timestamp {
        let elapsed = SignedDuration::try_from(now.elapsed()).unwrap_or_default();
        let origin = self.settings.origin;
        origin.checked_add(elapsed).unwrap_or(origin)
    }

    fn slips(&mut self, payment: PaymentId, slips: Vec<Slip>) {
        if slips.is_empty() || self.slips_of == Some(payment) {
            return;
        }
        self.slips_of = Some(payment);
        for slip in slips {
            let payment = Some(payment);
            self.event(Event::Receipt { payment, slip });
        }
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn ended(&mut self, payment: PaymentId, ending: Ending) {
        self.event(Event::Ended { payment, ending });
    }

    fn bytes(&mut self, now: Mono, bytes: &[u8]) {
        self.frames.push(bytes);
        while !matches!(self.phase, Phase::Down) {
            match self.frames.next_body() {
                Ok(Some(body)) => self.body(now, &body),
                Ok(None) => return,
                Err(why) => {
                    tracing::debug!(%why, "the link is out of step");
                    self.nonsense(now, WRONG_KEY);
                    if !matches!(self.phase, Phase::Down) {
                        self.give_up(WRONG_KEY);
                    }
                }
            }
        }
        self.frames.clear();
    }
}

/// The payment that a command moves money for.
fn money_of(command: &Command) -> Option<PaymentId> {
    match command {
        Command::Pay { payment, .. }
        | Command::Reverse { payment, .. }
        | Command::Refund { payment, .. } => Some(*payment),
        Command::Query { .. }
        | Command::LastTransaction
        | Command::EndOfDay
        | Command::Service(_)
        | Command::Abort { .. } => None,
    }
}

impl Machine for Adyen {
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

impl Adyen {
    fn deadline(&self) -> Option<Mono> {
        let abort = self.abort.as_ref().map(|abort| abort.deadline);
        match &self.phase {
            Phase::Down => None,
            Phase::Ready(_) if self.storing.is_some() => abort,
            Phase::Ready(at) => abort.or(Some(*at)),
            Phase::Waiting(at) => Some(*at),
            Phase::Greeting(question)
            | Phase::LoggingIn(question)
            | Phase::Querying(question, _) => Some(question.deadline),
            Phase::Operating(operation) => Some(operation.deadline),
        }
    }
}
