//! The driver: rings, asks once, listens and answers. It must not know sockets or the clock.

mod judging;
mod listening;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use payment::{Approval, Currency, Doubt, DoubtReason, PaymentId, Text};

use super::{
    frame::{self, ACK, Deframer, ENQ, EOT},
    message::{Action, Answer, Order},
};
use crate::{
    Input, Machine, Mono, Output,
    terminal::{
        Command, Ending, Event, Fact,
        request::{Asked, Movement, Request, not_asked, unknown_here},
    },
};

/// How long a single byte of the terminal may take.
const SIGNAL: Duration = Duration::from_secs(2);
/// Before a busy terminal is rung up again.
const PAUSE: Duration = Duration::from_secs(2);
/// How often it is rung up.
const RINGS: u8 = 4;
/// How often a frame is sent that comes back as NAK; and how often we say NAK.
const SENDS: u8 = 3;

/// What the driver needs to know of a terminal.
#[derive(Debug, Clone, Copy)]
pub struct ConcertSettings {
    /// The till's number, from 1 to 99.
    pub position: u8,
    /// The one currency it takes.
    pub currency: Currency,
    /// How long it may work on one payment.
    pub patience: Duration,
}

/// A Concert V2 terminal.
pub struct Concert {
    settings: ConcertSettings,
    deframer: Deframer,
    outputs: VecDeque<Output<Fact, Event>>,
    phase: Phase,
    /// Whether the terminal has the word: its ENQ was answered, and its EOT has not come.
    listening: bool,
    /// How often its word was not understood.
    damaged: u8,
    asked: Asked,
    /// The last answer, and whether it was acknowledged: it may come again.
    answered: Option<(Answer, bool)>,
    /// An approval that belongs to nothing, on its way to the disk.
    left_over: Option<Answer>,
    /// Stores whose end nobody waits for any more.
    abandoned: u32,
}

enum Phase {
    Down,
    Idle,
    /// ENQ is sent again at that moment.
    Pausing {
        request: Request,
        rings: u8,
        at: Mono,
    },
    /// ENQ left.
    Ringing {
        request: Request,
        rings: u8,
        deadline: Mono,
    },
    /// The frame left. From here on nobody knows, unless the terminal says it.
    Sent {
        request: Request,
        sends: u8,
        deadline: Mono,
    },
    /// The customer pays.
    Working {
        request: Request,
        deadline: Mono,
    },
    /// The terminal approved; the approval is on its way to the disk.
    Storing {
        request: Request,
        approval: Approval,
        answer: Answer,
    },
    /// The approval is acknowledged; the terminal's EOT shows that it knows.
    Closing {
        request: Request,
        approval: Approval,
        deadline: Mono,
        repeats: u8,
    },
}

impl Concert {
    /// A terminal that is not linked yet.
    pub fn new(settings: ConcertSettings) -> Self {
        Self {
            settings,
            deframer: Deframer::default(),
            outputs: VecDeque::new(),
            phase: Phase::Down,
            listening: false,
            damaged: 0,
            asked: Asked::default(),
            answered: None,
            left_over: None,
            abandoned: 0,
        }
    }

    fn command(&mut self, now: Mono, command: &Command) {
        let Some(request) = Request::of(command) else {
            let answer = unknown_here(command);
            return self.outputs.extend(answer.map(Output::Event));
        };
        let running = self.running().map(|running| running.payment);
        if self.asked.contains(request.payment) || running == Some(request.payment) {
            return;
        }
        let why = match self.phase {
            Phase::Down => "it is not connected. Check its power and its cable.",
            Phase::Idle if self.left_over.is_some() => {
                "it is still busy with an earlier payment. Try again."
            }
            Phase::Idle => match self.refusal(&request) {
                None => return self.ring(now, request, 1),
                Some(why) => why,
            },
            _ => "it is in the middle of something else. Wait until that is over.",
        };
        self.ended(request.payment, not_asked(why));
    }

    /// Why the terminal cannot be asked for it at all.
    fn refusal(&self, request: &Request) -> Option<&'static str> {
        if request.money.currency() != self.settings.currency {
            return Some("it works in another currency.");
        }
        let order = self.order(request).encode();
        order.is_none().then_some(
            "its messages have eight digits for the amount, and this one is larger. Take it in parts.",
        )
    }

    fn order(&self, request: &Request) -> Order {
        Order {
            position: self.settings.position,
            action: match request.movement {
                Movement::Pay => Action::Debit,
                Movement::Refund => Action::Credit,
                Movement::Reverse => Action::Cancel,
            },
            money: request.money,
        }
    }

    fn ring(&mut self, now: Mono, request: Request, rings: u8) {
        self.deframer.reset();
        self.listening = false;
        self.send(&[ENQ]);
        self.phase = Phase::Ringing {
            request,
            rings,
            deadline: now + SIGNAL,
        };
    }

    /// The terminal did not let us in: nothing of the request has left.
    fn not_let_in(&mut self, now: Mono, request: Request, rings: u8) {
        if rings >= RINGS {
            // Should it have heard us after all, it need not wait.
            self.send(&[EOT]);
            self.phase = Phase::Idle;
            let why = "it is busy, or does not answer. Check that it is on, that its cable is in \
                       and that it shows its idle screen, then try again.";
            return self.ended(request.payment, not_asked(why));
        }
        let code = "concert:busy";
        self.progress(
            request.payment,
            code,
            "The terminal is busy; it is asked again.",
        );
        self.phase = Phase::Pausing {
            request,
            rings,
            at: now + PAUSE,
        };
    }

    /// Sends the request. Only a NAK, which says that the terminal has not got it, lets it be sent
    /// once more (law 4).
    fn ask(&mut self, now: Mono, request: Request, sends: u8) {
        let Some(data) = self.order(&request).encode() else {
            self.phase = Phase::Idle;
            return self.ended(
                request.payment,
                not_asked("the amount is too large for it."),
            );
        };
        if sends == 1 {
            self.asked.add(request.payment);
            self.answered = None;
        }
        self.send(&frame::frame(data.as_bytes()));
        self.phase = Phase::Sent {
            request,
            sends,
            deadline: now + SIGNAL,
        };
    }

    /// Lets the terminal begin, and waits for what it says at the end.
    fn let_work(&mut self, now: Mono, request: Request) {
        self.send(&[EOT]);
        let code = "concert:working";
        let text = "The terminal has the request. What happens now is shown there.";
        self.progress(request.payment, code, text);
        self.phase = Phase::Working {
            request,
            deadline: now + self.settings.patience,
        };
    }

    /// Looks at the time.
    fn overdue(&mut self, now: Mono) {
        match self.phase {
            // What an earlier payment left is put away first.
            Phase::Pausing { .. } if self.left_over.is_some() => {}
            Phase::Pausing { request, rings, at } if now >= at => {
                self.ring(now, request, rings.saturating_add(1));
            }
            Phase::Ringing {
                request,
                rings,
                deadline,
            } if now >= deadline => self.not_let_in(now, request, rings),
            // It may have the request and its word may be lost: it is heard to the end, and never
            // asked again.
            Phase::Sent {
                request, deadline, ..
            } if now >= deadline => self.let_work(now, request),
            Phase::Working { request, deadline } if now >= deadline => {
                let text = "The terminal has not said how it ended.";
                self.doubted(request.payment, DoubtReason::Silence, text, None);
            }
            Phase::Closing {
                request, deadline, ..
            } if now >= deadline => self.completed(request.payment),
            _ => {}
        }
    }

    fn running(&self) -> Option<&Request> {
        match &self.phase {
            Phase::Down | Phase::Idle => None,
            Phase::Pausing { request, .. }
            | Phase::Ringing { request, .. }
            | Phase::Sent { request, .. }
            | Phase::Working { request, .. }
            | Phase::Storing { request, .. }
            | Phase::Closing { request, .. } => Some(request),
        }
    }

    fn completed(&mut self, payment: PaymentId) {
        self.phase = Phase::Idle;
        self.ended(payment, Ending::Completed);
    }

    fn doubted(
        &mut self,
        payment: PaymentId,
        reason: DoubtReason,
        text: &str,
        approval: Option<Approval>,
    ) {
        self.phase = Phase::Idle;
        let doubt = Doubt {
            reason,
            text: Text::new(text),
            approval,
            other_amount: None,
        };
        self.ended(payment, Ending::Doubted(doubt));
    }

    fn acknowledge(&mut self) {
        self.send(&[ACK]);
    }

    fn send(&mut self, bytes: &[u8]) {
        self.outputs.push_back(Output::Send(bytes.to_vec()));
    }

    fn progress(&mut self, payment: PaymentId, code: &str, text: &str) {
        self.event(Event::Progress {
            payment,
            code: Text::new(code),
            text: Text::new(text),
        });
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn ended(&mut self, payment: PaymentId, ending: Ending) {
        self.event(Event::Ended { payment, ending });
    }

    fn deadline(&self) -> Option<Mono> {
        match self.phase {
            Phase::Down | Phase::Idle | Phase::Storing { .. } => None,
            Phase::Pausing { .. } if self.left_over.is_some() => None,
            Phase::Pausing { at, .. } => Some(at),
            Phase::Ringing { deadline, .. }
            | Phase::Sent { deadline, .. }
            | Phase::Working { deadline, .. }
            | Phase::Closing { deadline, .. } => Some(deadline),
        }
    }
}

impl Machine for Concert {
    type Command = Command;
    type Fact = Fact;
    type Event = Event;

    fn handle(&mut self, now: Mono, input: Input<'_, Command>) {
        match input {
            Input::LinkUp => self.link_up(),
            Input::LinkDown => self.link_down(),
            Input::Bytes(bytes) => {
                for byte in bytes {
                    if let Some(found) = self.deframer.push(*byte) {
                        self.heard(now, found);
                    }
                }
            }
            Input::Timeout => {}
            Input::Command(command) => self.command(now, &command),
            Input::Stored(durable) => self.stored(now, durable),
        }
        self.overdue(now);
    }

    fn poll(&mut self) -> Output<Fact, Event> {
        let output = self.outputs.pop_front();
        output.unwrap_or_else(|| Output::Wait(self.deadline()))
    }
}
