//! The engine: one closed loop of events that decides what happens at every device.
//!
//! [`Engine::handle`] takes one [`Event`] and returns [`Effect`]s for the shell to carry out. It is
//! pure: time, ids and the results of writes come in as events, so that a whole day at a desk can
//! be run in a test. It must not know SQLite, sockets, HTTP or any protocol.
//!
//! The laws that live here: intent before terminal (1), approval before acknowledgement (2), one
//! question per payment and none while the last is in doubt (4), the key answers (5).

mod chores;
mod closing;
mod desk;
mod device;
mod effect;
mod facts;
mod pay;
mod recovery;
mod service;
mod terminal;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use payment::{
    ClosingId, DeviceId, Doubt, DoubtReason, Fact, Payment, PaymentId, Settlement, State,
    UpstreamId, closing::Closing,
};
use sync::queue::{WriteError, Written};

pub use desk::{Desk, DeviceView, Running, TerminalState};
pub use device::Setup;
use device::{Device, Hold};
pub use effect::{Answer, Effect, Event, Notice, ReplyTo, ServiceWish, Taken, Ticket};

use crate::problem::{NotOffered, Problem};

/// The state of all devices, and of everything that somebody waits for.
pub struct Engine {
    devices: BTreeMap<DeviceId, Device>,
    upstreams: Vec<UpstreamId>,
    /// What to do when a write comes back.
    errands: HashMap<Ticket, Errand>,
    /// Who waits for a payment's outcome.
    waiting: HashMap<PaymentId, Vec<ReplyTo>>,
    /// Who waits for the end of a day.
    closing_waits: HashMap<ClosingId, Vec<ReplyTo>>,
    /// Payments in doubt whose device is no longer configured: only a person can settle them.
    orphans: BTreeSet<PaymentId>,
    /// Payments whose completion is on its way to the disk.
    completing: BTreeSet<PaymentId>,
    /// Facts that the disk had no room for; written again after a while.
    unwritten: Vec<(PaymentId, Fact, FactKind)>,
    next_ticket: u64,
    effects: Vec<Effect>,
}

/// What an earlier run left unfinished.
#[derive(Debug, Default)]
pub struct Unfinished {
    /// Payments that are not final, oldest first, each with the payment that it names.
    pub payments: Vec<(Payment, Option<Payment>)>,
    /// Ends of days without an outcome.
    pub closings: Vec<Closing>,
}

/// Why a write or a look-up was asked for.
#[derive(Debug)]
enum Errand {
    /// A new payment.
    Begin { request: pay::Request },
    /// Whether the key of a request that cannot begin now was used before.
    LookUp {
        request: pay::Request,
        refusal: Problem,
    },
    /// A fact of a payment, and who waits for just this write.
    Fact {
        payment: PaymentId,
        fact: Box<Fact>,
        kind: FactKind,
        reply: Option<ReplyTo>,
    },
    /// A terminal's receipt.
    Slip,
    /// The end of a day is to be asked for.
    BeginClose {
        id: ClosingId,
        device: DeviceId,
        reply: ReplyTo,
    },
    /// The end of a day is known.
    EndClose { id: ClosingId, device: DeviceId },
}

/// What a written fact means for the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FactKind {
    /// The terminal waits for the acknowledgement.
    Approved,
    /// The approval stands; nobody waits for the write.
    Completed,
    /// An outcome that frees the device.
    Outcome,
    /// An outcome that keeps the device.
    Doubt,
    /// A left-over approval of the payment in doubt; the terminal waits for the acknowledgement.
    LeftOver,
}

impl Engine {
    /// An engine for these devices.
    pub fn new(devices: Vec<Setup>, upstreams: Vec<UpstreamId>) -> Self {
        let devices = devices
            .into_iter()
            .map(|s| (s.id.clone(), Device::new(s)))
            .collect();
        Self {
            devices,
            upstreams,
            errands: HashMap::new(),
            waiting: HashMap::new(),
            closing_waits: HashMap::new(),
            orphans: BTreeSet::new(),
            completing: BTreeSet::new(),
            unwritten: Vec::new(),
            next_ticket: 0,
            effects: Vec::new(),
        }
    }

    /// Takes over what an earlier run left unfinished, oldest first. A card payment without an
    /// outcome may have been asked for, so it is in doubt (law 3).
    pub fn start(&mut self, now: Timestamp, unfinished: Unfinished) -> Vec<Effect> {
        for (payment, original) in unfinished.payments {
            let id = payment.intent.id;
            let doubted = payment.state == State::InDoubt;
            if let Some(device) = self.devices.get_mut(&payment.intent.device) {
                device.hold = Some(Hold::Doubt(Box::new(payment.clone())));
                device.original = original.map(Box::new);
                let device = payment.intent.device.clone();
                self.wait_out(&device, id);
            } else {
                self.orphans.insert(id);
            }
            if !doubted {
                self.doubt(now, id, interrupted(&payment));
            }
        }
        for closing in &unfinished.closings {
            self.abandon(now, closing);
        }
        self.take_effects()
    }

    /// Takes one event.
    pub fn handle(&mut self, now: Timestamp, event: Event) -> Vec<Effect> {
        match event {
            Event::Pay {
                intent,
                original,
                reply,
                wait,
            } => {
                // What is over comes before what is new.
                self.write_again(now);
                self.pay(pay::Request {
                    intent: *intent,
                    original,
                    reply,
                    wait,
                });
            }
            Event::Close { intent, reply } => self.close(*intent, reply),
            Event::Serve {
                device,
                wish,
                reply,
            } => self.serve(now, &device, wish, reply),
            Event::Wake(device) => {
                self.write_again(now);
                self.wake(&device);
            }
            Event::WaitedOut { device, payment } => self.waited_out(&device, payment),
            Event::Abort { payment, reply } => self.abort(payment, reply),
            Event::Resolve {
                payment,
                settlement,
                reply,
            } => {
                self.resolve(now, payment, settlement, reply);
            }
            Event::Written { ticket, result } => self.written(ticket, *result),
            Event::Found { ticket, found } => self.found(ticket, found.map(|p| p.map(|p| *p))),
            Event::Terminal { device, event } => self.terminal(now, &device, event),
            Event::Store { device, fact } => self.store(now, &device, fact),
            Event::LinkLost { device, reason } => self.link_lost(&device, reason),
        }
        self.take_effects()
    }

    /// What the devices look like now.
    pub fn desk(&self) -> Desk {
        Desk::of(self.devices.values(), &self.completing)
    }

    /// Whether any terminal is in the middle of something: then the daemon should not stop yet.
    pub fn is_busy(&self) -> bool {
        self.devices.values().any(Device::is_running)
    }

    fn unknown_device(&self, device: &DeviceId) -> Problem {
        let known: Vec<String> = self.devices.keys().map(ToString::to_string).collect();
        Problem::UnknownDevice {
            device: device.to_string(),
            known: known.join(", "),
        }
    }

    fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    fn ticket(&mut self, errand: Errand) -> Ticket {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.errands.insert(ticket, errand);
        ticket
    }

    fn reply(&mut self, to: ReplyTo, answer: Answer) {
        self.effects.push(Effect::Reply {
            to,
            answer: Box::new(answer),
        });
    }

    /// A person settles a doubt (law 4).
    fn resolve(
        &mut self,
        now: Timestamp,
        payment: PaymentId,
        settlement: Settlement,
        reply: ReplyTo,
    ) {
        let in_doubt = self.devices.values().any(|d| d.in_doubt() == Some(payment));
        if in_doubt || self.orphans.contains(&payment) {
            let fact = Fact::Settled(settlement);
            self.add(now, payment, fact, FactKind::Outcome, Some(reply));
        } else {
            self.reply(reply, Err(Problem::NotInDoubt(payment)));
        }
    }

    fn abort(&mut self, payment: PaymentId, reply: ReplyTo) {
        let running = self
            .devices
            .values()
            .find(|d| d.is_running() && d.holds(payment));
        let can = running
            .and_then(|d| d.setup.terminal)
            .is_some_and(|t| t.abort);
        let Some((device, current)) =
            running.and_then(|d| Some((d.setup.id.clone(), d.payment()?)))
        else {
            return self.reply(reply, Err(Problem::UnknownPayment(payment.to_string())));
        };
        if !can {
            return self.reply(reply, Err(Problem::NotOffered(NotOffered::Abort)));
        }
        let command = drivers::terminal::Command::Abort { payment };
        self.effects.push(Effect::Command { device, command });
        self.reply(reply, Ok(Taken::Accepted(current)));
    }

    fn written(&mut self, ticket: Ticket, result: Result<Written, WriteError>) {
        match self.errands.remove(&ticket) {
            Some(Errand::Begin { request }) => self.begun(&request, result),
            Some(Errand::Fact {
                payment,
                fact,
                kind,
                reply,
            }) => {
                if matches!(result, Err(WriteError::DiskFull)) {
                    self.write_later(payment, &fact, kind, reply);
                }
                self.fact_written(payment, kind, reply, result);
            }
            Some(Errand::Slip) => match result {
                Ok(Written::Job(_)) => self.effects.push(Effect::WorkDue),
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "a terminal's receipt could not be kept"),
            },
            Some(Errand::BeginClose { id, device, reply }) => {
                self.close_begun(id, device, reply, result);
            }
            Some(Errand::EndClose { id, device }) => self.close_ended(id, &device, result),
            Some(Errand::LookUp { .. }) | None => {}
        }
    }
}

fn interrupted(payment: &Payment) -> Doubt {
    let text = if payment.approval.is_some() {
        "The daemon stopped after the terminal approved and before the terminal had finished; the \
         approval may have been reversed."
    } else {
        "The daemon stopped while the terminal may have been asked."
    };
    Doubt {
        reason: DoubtReason::Restart,
        text: text.into(),
        approval: payment.approval.clone(),
        other_amount: None,
    }
}
