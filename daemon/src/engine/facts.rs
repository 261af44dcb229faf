//! Facts on their way to the disk, and what follows once they are there.

use jiff::Timestamp;
use payment::{Doubt, Fact, Payment, PaymentId, Settlement, State};
use sync::queue::{Due, JobKind, Urgency, Write, WriteError, Written};

use super::{
    Engine, Errand, FactKind,
    device::{Device, Hold},
    effect::{Effect, Notice, ReplyTo, Taken},
    recovery,
};
use crate::problem::Problem;

impl Engine {
    /// Writes a fact; `due` comes with the first fact that makes money certain.
    pub(super) fn add(
        &mut self,
        now: Timestamp,
        payment: PaymentId,
        fact: Fact,
        kind: FactKind,
        reply: Option<ReplyTo>,
    ) {
        let due = match &fact {
            Fact::Approved(_) | Fact::Settled(Settlement::Approved { .. }) => self.due_for(payment),
            Fact::Intended(_)
            | Fact::Recorded
            | Fact::Completed
            | Fact::Declined(_)
            | Fact::Cancelled(_)
            | Fact::Doubted(_)
            | Fact::Settled(Settlement::Declined { .. }) => Due::default(),
        };
        // Nobody waits for a completion, unless a receipt or a delivery waits behind it.
        let lazy = kind == FactKind::Completed && self.due_for(payment) == Due::default();
        let urgency = if lazy { Urgency::Lazy } else { Urgency::Now };
        let write = Write::Add {
            payment,
            fact: fact.clone(),
            at: now,
            due,
        };
        let fact = Box::new(fact);
        self.write(
            Errand::Fact {
                payment,
                fact,
                kind,
                reply,
            },
            write,
            urgency,
        );
    }

    pub(super) fn write(&mut self, errand: Errand, write: Write, urgency: Urgency) {
        let ticket = self.ticket(errand);
        self.effects.push(Effect::Write {
            ticket,
            write: Box::new(write),
            urgency,
        });
    }

    /// A receipt for the patient, one for the clinic where it wants one, and a delivery to every
    /// upstream.
    pub(super) fn due_at(&self, device: &Device) -> Due {
        let merchant = device.setup.merchant_copy.then_some(JobKind::Merchant);
        let kinds = merchant.into_iter().chain([JobKind::Customer]);
        let printer = device.setup.printer.iter();
        let jobs = printer
            .flat_map(|p| kinds.clone().map(|kind| (p.clone(), kind)))
            .collect();
        Due {
            upstreams: self.upstreams.clone(),
            jobs,
            drawer: None,
        }
    }

    pub(super) fn due_for(&self, payment: PaymentId) -> Due {
        let device = self.devices.values().find(|d| d.holds(payment));
        match device {
            Some(device) => self.due_at(device),
            None if self.orphans.contains(&payment) => Due {
                upstreams: self.upstreams.clone(),
                jobs: Vec::new(),
                drawer: None,
            },
            None => Due::default(),
        }
    }

    pub(super) fn doubt(&mut self, now: Timestamp, payment: PaymentId, doubt: Doubt) {
        self.add(now, payment, Fact::Doubted(doubt), FactKind::Doubt, None);
    }

    pub(super) fn fact_written(
        &mut self,
        id: PaymentId,
        kind: FactKind,
        reply: Option<ReplyTo>,
        result: Result<Written, WriteError>,
    ) {
        let payment = match result {
            Ok(Written::Payment(payment)) => payment,
            Ok(_) => return,
            Err(error) => return self.fact_not_written(id, kind, reply, &error),
        };
        self.effects.push(Effect::Publish(Notice::Journal));
        self.completing.remove(&id);
        if payment.state == State::Approved {
            self.effects.push(Effect::WorkDue);
        }
        let Some(device) = self.devices.values_mut().find(|d| d.holds(id)) else {
            if kind == FactKind::Outcome && self.orphans.remove(&id) {
                self.outcome(&payment, reply);
            }
            return;
        };
        match kind {
            FactKind::Approved => {
                if device.is_working_on(id) {
                    device.hold = Some(Hold::Running(Box::new(payment)));
                }
                let device = device.setup.id.clone();
                self.effects.push(Effect::Stored { device, kept: true });
            }
            FactKind::Doubt => {
                device.hold = Some(Hold::Doubt(Box::new(payment)));
                // Whoever waits hears of it when the terminal has been asked, or after a while.
                let id = device.setup.id.clone();
                self.inquire(&id);
                let after = recovery::PATIENCE;
                self.effects.push(Effect::Wake { device: id, after });
            }
            FactKind::LeftOver => {
                let name = device.setup.id.clone();
                device.hold = Some(Hold::Doubt(Box::new(payment)));
                device.inquired = false;
                self.effects.push(Effect::Stored {
                    device: name.clone(),
                    kept: true,
                });
                self.inquire(&name);
            }
            FactKind::Outcome => {
                let name = device.setup.id.clone();
                if payment.doubt.is_some() {
                    // What the terminal holds now is better asked than concluded.
                    device.inquired = false;
                }
                device.free();
                self.outcome(&payment, reply);
                self.inquire(&name);
                self.publish_device(&name);
            }
            FactKind::Completed => {}
        }
    }

    /// A terminal's own word is not lost because the disk is full for a while. Nobody waits for it
    /// any more, and the device stays held until it is written. What a person or a terminal waits
    /// for is refused instead: they say it again.
    pub(super) fn write_later(
        &mut self,
        payment: PaymentId,
        fact: &Fact,
        kind: FactKind,
        reply: Option<ReplyTo>,
    ) {
        let waits = matches!(kind, FactKind::Approved | FactKind::LeftOver) || reply.is_some();
        if waits {
            return;
        }
        self.unwritten.push((payment, fact.clone(), kind));
        if let Some(device) = self.devices.keys().next().cloned() {
            let after = recovery::ASK_AGAIN;
            self.effects.push(Effect::Wake { device, after });
        }
    }

    pub(super) fn write_again(&mut self, now: Timestamp) {
        for (payment, fact, kind) in std::mem::take(&mut self.unwritten) {
            self.add(now, payment, fact, kind, None);
        }
    }

    /// A fact that cannot be kept is not acknowledged (law 2). Any other outcome stays as it is in
    /// memory, with the device held, until it can be written ([`Self::write_later`]).
    pub(super) fn fact_not_written(
        &mut self,
        id: PaymentId,
        kind: FactKind,
        reply: Option<ReplyTo>,
        error: &WriteError,
    ) {
        tracing::error!(payment = %id, %error, "a fact could not be stored");
        if matches!(kind, FactKind::Approved | FactKind::LeftOver)
            && let Some(device) = self.devices.values().find(|d| d.holds(id))
        {
            let device = device.setup.id.clone();
            self.effects.push(Effect::Stored {
                device,
                kept: false,
            });
            return;
        }
        if let (Some(reply), WriteError::Illegal(_)) = (reply, error) {
            // The terminal's evidence was faster than the person.
            return self.reply(reply, Err(Problem::NotInDoubt(id)));
        }
        let waiting = self.waiting.remove(&id).unwrap_or_default();
        for to in waiting.into_iter().chain(reply) {
            self.reply(to, Err(Problem::OutcomeNotRecorded(id)));
        }
    }

    pub(super) fn outcome(&mut self, payment: &Payment, reply: Option<ReplyTo>) {
        let waiting = self.waiting.remove(&payment.intent.id).unwrap_or_default();
        for to in waiting.into_iter().chain(reply) {
            self.reply(to, Ok(Taken::Ended(payment.clone())));
        }
    }
}
