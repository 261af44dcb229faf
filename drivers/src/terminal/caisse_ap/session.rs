//! The driver: asks once, listens to the end, and lets the connection go. It must not know sockets
//! or the clock.

mod judging;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use payment::{Approval, Currency, Doubt, DoubtReason, PaymentId, Text};

use super::{
    element::Reader,
    message::{Action, Answer, Order, Status},
};
use crate::{
    Input, Machine, Mono, Output,
    terminal::{
        Command, Ending, Event, Fact, Slip,
        request::{Asked, Movement, Request, not_asked, unknown_here},
    },
};

/// How long a whole answer is given for what may still follow: nothing says where it ends.
const TAIL: Duration = Duration::from_millis(500);
/// How long a terminal that could not be reached is left alone.
const AWAY: Duration = Duration::from_secs(5);

/// What the driver needs to know of a terminal.
#[derive(Debug, Clone)]
pub struct CaisseApSettings {
    /// The till's number, from 1 to 99.
    pub position: u8,
    /// The twelve digits of the till's program.
    pub identifier: String,
    /// The one currency it takes.
    pub currency: Currency,
    /// How long it may work on one payment.
    pub patience: Duration,
    /// Whether its receipts for the customer are asked for.
    pub tickets: bool,
}

/// A Caisse-AP terminal.
pub struct CaisseAp {
    settings: CaisseApSettings,
    outputs: VecDeque<Output<Fact, Event>>,
    phase: Phase,
    asked: Asked,
}

enum Phase {
    /// No connection. It could be opened, unless a moment is named until which it is not tried.
    Down(Option<Mono>),
    /// A connection that nothing was sent on.
    Open,
    /// The request left. From here on nobody knows, unless the terminal says it.
    Asked {
        request: Request,
        hearing: Hearing,
        deadline: Mono,
    },
    /// The terminal approved; the approval is on its way to the disk.
    Storing {
        request: Request,
        approval: Approval,
        slips: Vec<Slip>,
    },
}

/// An answer that is coming in.
#[derive(Default)]
struct Hearing {
    reader: Reader,
    answer: Answer,
    /// When it is taken for whole, unless more comes.
    whole_at: Option<Mono>,
}

impl Hearing {
    /// What an answer that is not whole says of an approval, for the person who decides.
    fn seen(&self) -> Option<Approval> {
        let done = self.answer.status == Some(Status::Done);
        (done && self.answer.is_complete()).then(|| self.answer.approval())
    }
}

impl CaisseAp {
    /// A terminal that is there until the opposite is known: only a payment shows it.
    pub fn new(settings: CaisseApSettings) -> Self {
        let ready = Output::Event(Event::Ready { terminal_id: None });
        Self {
            settings,
            outputs: VecDeque::from([ready]),
            phase: Phase::Down(None),
            asked: Asked::default(),
        }
    }

    fn command(&mut self, now: Mono, command: &Command) {
        let Some(request) = Request::of(command) else {
            let answer = unknown_here(command);
            self.outputs.extend(answer.map(Output::Event));
            return self.let_go();
        };
        let running = self.running().map(|running| running.payment);
        if self.asked.contains(request.payment) || running == Some(request.payment) {
            return self.let_go();
        }
        match self.phase {
            Phase::Open if request.money.currency() != self.settings.currency => {
                self.ended(request.payment, not_asked("it works in another currency."));
                self.let_go();
            }
            Phase::Open => self.ask(now, request),
            Phase::Down(_) => {
                let why = "it cannot be reached. Check that it is on and in the network, and \
                           that its address in the configuration is right.";
                self.ended(request.payment, not_asked(why));
                self.event(Event::NotReady {
                    reason: "The terminal cannot be reached: check its power and its network."
                        .into(),
                });
                self.phase = Phase::Down(Some(now + AWAY));
            }
            Phase::Asked { .. } | Phase::Storing { .. } => {
                let why = "it is in the middle of something else. Wait until that is over.";
                self.ended(request.payment, not_asked(why));
            }
        }
    }

    fn order(&self, request: &Request) -> Order<'_> {
        Order {
            position: self.settings.position,
            identifier: &self.settings.identifier,
            action: match request.movement {
                Movement::Pay => Action::Debit,
                Movement::Refund => Action::Credit,
                Movement::Reverse => Action::Cancel,
            },
            money: request.money,
            tickets: self.settings.tickets,
        }
    }

    fn ask(&mut self, now: Mono, request: Request) {
        let bytes = self.order(&request).encode().into_bytes();
        self.asked.add(request.payment);
        self.outputs.push_back(Output::Send(bytes));
        self.event(Event::Progress {
            payment: request.payment,
            code: "caisse-ap:asked".into(),
            text: "The terminal was asked. What happens now is shown there.".into(),
        });
        self.phase = Phase::Asked {
            request,
            hearing: Hearing::default(),
            deadline: now + self.settings.patience,
        };
    }

    fn bytes(&mut self, now: Mono, bytes: &[u8]) {
        // Nobody was asked for anything: it is no answer.
        let Phase::Asked {
            request, hearing, ..
        } = &mut self.phase
        else {
            return;
        };
        let answer = &mut hearing.answer;
        let read = hearing
            .reader
            .push(bytes, |tag, value| answer.take(tag, value));
        if read.is_err() {
            let payment = request.payment;
            let text = "The terminal's answer cannot be read. Check that it speaks Caisse-AP.";
            return self.doubted(payment, DoubtReason::Garbage, text, None);
        }
        let whole = hearing.answer.is_complete() && !hearing.reader.is_cut();
        hearing.whole_at = whole.then(|| now + TAIL);
    }

    fn overdue(&mut self, now: Mono) {
        match &self.phase {
            Phase::Down(Some(until)) if now >= *until => {
                self.phase = Phase::Down(None);
                self.event(Event::Ready { terminal_id: None });
            }
            Phase::Asked { hearing, .. } if hearing.whole_at.is_some_and(|at| now >= at) => {
                self.judge();
            }
            Phase::Asked {
                request, deadline, ..
            } if now >= *deadline => {
                let text = "The terminal has not said how it ended.";
                self.doubted(request.payment, DoubtReason::Silence, text, None);
            }
            Phase::Down(_) | Phase::Open | Phase::Asked { .. } | Phase::Storing { .. } => {}
        }
    }

    fn link_up(&mut self) {
        self.link_down();
        match self.phase {
            Phase::Down(away) => {
                if away.is_some() {
                    self.event(Event::Ready { terminal_id: None });
                }
                self.phase = Phase::Open;
            }
            // It goes when the approval is stored.
            Phase::Open | Phase::Asked { .. } | Phase::Storing { .. } => {}
        }
    }

    fn link_down(&mut self) {
        match &self.phase {
            Phase::Down(_) => return,
            Phase::Open => self.phase = Phase::Down(None),
            // The end of the connection is the end of the answer.
            Phase::Asked { hearing, .. } if hearing.whole_at.is_some() => self.judge(),
            Phase::Asked {
                request, hearing, ..
            } => {
                let (payment, seen) = (request.payment, hearing.seen());
                let text = "The connection to the terminal broke before its answer was whole.";
                self.doubted(payment, DoubtReason::LinkLost, text, seen);
            }
            // The whole answer is in; nothing more is expected of the terminal.
            Phase::Storing { .. } => {}
        }
        // The shell says of every connection that ends by itself that the terminal is gone.
        self.event(Event::Ready { terminal_id: None });
    }

    fn running(&self) -> Option<&Request> {
        match &self.phase {
            Phase::Down(_) | Phase::Open => None,
            Phase::Asked { request, .. } | Phase::Storing { request, .. } => Some(request),
        }
    }

    fn doubted(
        &mut self,
        payment: PaymentId,
        reason: DoubtReason,
        text: &str,
        approval: Option<Approval>,
    ) {
        let doubt = Doubt {
            reason,
            text: Text::new(text),
            approval,
            other_amount: None,
        };
        self.over(payment, Ending::Doubted(doubt));
    }

    /// The operation is over, and with it the connection.
    fn over(&mut self, payment: PaymentId, ending: Ending) {
        self.ended(payment, ending);
        self.phase = Phase::Down(None);
        self.outputs.push_back(Output::Close);
    }

    /// Ends a connection that was opened for nothing.
    fn let_go(&mut self) {
        if matches!(self.phase, Phase::Open) {
            self.phase = Phase::Down(None);
            self.outputs.push_back(Output::Close);
        }
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn ended(&mut self, payment: PaymentId, ending: Ending) {
        self.event(Event::Ended { payment, ending });
    }

    fn deadline(&self) -> Option<Mono> {
        match &self.phase {
            Phase::Down(until) => *until,
            Phase::Open | Phase::Storing { .. } => None,
            Phase::Asked {
                hearing, deadline, ..
            } => Some(hearing.whole_at.unwrap_or(*deadline)),
        }
    }
}

impl Machine for CaisseAp {
    type Command = Command;
    type Fact = Fact;
    type Event = Event;

    fn handle(&mut self, now: Mono, input: Input<'_, Command>) {
        match input {
            Input::LinkUp => self.link_up(),
            Input::LinkDown => self.link_down(),
            Input::Bytes(bytes) => self.bytes(now, bytes),
            Input::Timeout => {}
            Input::Command(command) => self.command(now, &command),
            Input::Stored(durable) => self.stored(durable),
        }
        self.overdue(now);
    }

    fn poll(&mut self) -> Output<Fact, Event> {
        let output = self.outputs.pop_front();
        output.unwrap_or_else(|| Output::Wait(self.deadline()))
    }
}
