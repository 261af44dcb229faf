//! What terminals tell, and what follows from it.

use drivers::terminal::{
    Ending, Event as TerminalEvent, Fact as TerminalFact, Service, Slip, SlipCopy,
};
use jiff::Timestamp;
use payment::{DeviceId, Doubt, DoubtReason, Fact, PaymentId, Refusal, Text};
use sync::queue::{JobKind, Urgency, Write};

use super::{
    Engine, Errand, FactKind,
    device::{Hold, Link},
    effect::{Effect, Notice},
};

impl Engine {
    pub(super) fn link_lost(&mut self, id: &DeviceId, reason: Text) {
        let reason = sentence(reason);
        self.service_lost(id, &reason);
        if let Some(device) = self.devices.get_mut(id) {
            device.link = Link::NotReady(reason);
            device.chores.link_lost();
            device.asking = false;
            // What comes back may be another terminal, or the same one with another memory.
            device.inquired = false;
            self.publish_device(id);
        }
    }

    pub(super) fn terminal(&mut self, now: Timestamp, id: &DeviceId, event: TerminalEvent) {
        let Some(device) = self.devices.get_mut(id) else {
            return;
        };
        match event {
            TerminalEvent::Ready { terminal_id } => {
                device.link = Link::Ready;
                device.terminal_id = terminal_id.or(device.terminal_id.take());
                self.inquire(id);
                self.publish_device(id);
            }
            TerminalEvent::NotReady { reason } => {
                device.link = Link::NotReady(reason);
                self.publish_device(id);
            }
            TerminalEvent::Progress {
                payment,
                code,
                text,
            } => {
                if device.holds(payment) {
                    device.progress = Some((code.clone(), text.clone()));
                    let device = id.clone();
                    let notice = Notice::Progress {
                        device,
                        payment,
                        code,
                        text,
                    };
                    self.effects.push(Effect::Publish(notice));
                }
            }
            TerminalEvent::Receipt { payment, slip } => self.slip(now, id, payment, &slip),
            TerminalEvent::LastTransaction(answer) => self.last_transaction(now, id, answer),
            TerminalEvent::Queried { payment, answer } => self.queried(now, id, payment, answer),
            TerminalEvent::DayEnded(end) => self.day_ended(now, id, end),
            TerminalEvent::Served(result) => self.served(id, result),
            TerminalEvent::Wants(chore) => {
                device.chores.add(chore);
                self.publish_device(id);
            }
            TerminalEvent::Line(line) => device.line = Some(line),
            TerminalEvent::Ended { payment, ending } => {
                if device.is_working_on(payment) {
                    device.progress = None;
                    self.ended(now, payment, ending);
                } else {
                    tracing::warn!(%payment, device = %id, "an ending for a payment that is not running");
                }
            }
        }
    }

    /// Law 2: the driver acknowledges only after [`Effect::Stored`].
    pub(super) fn store(&mut self, now: Timestamp, id: &DeviceId, fact: TerminalFact) {
        let approved = match fact {
            TerminalFact::Approved(approved) => approved,
            TerminalFact::LeftOver(stored) => return self.left_over(now, id, stored),
        };
        let expected = self
            .devices
            .get(id)
            .is_some_and(|d| d.is_working_on(approved.payment));
        if payment::planted(2) && expected {
            let device = id.clone();
            self.effects.push(Effect::Stored { device, kept: true });
        }
        if expected {
            let fact = Fact::Approved(approved.approval);
            self.add(now, approved.payment, fact, FactKind::Approved, None);
        } else {
            tracing::error!(payment = %approved.payment, device = %id, "an approval nobody asked for");
            self.effects.push(Effect::Stored {
                device: id.clone(),
                kept: false,
            });
        }
    }

    fn ended(&mut self, now: Timestamp, payment: PaymentId, ending: Ending) {
        let (fact, kind) = match ending {
            Ending::Completed => return self.completed(now, payment),
            Ending::Declined(refusal) => (Fact::Declined(refusal), FactKind::Outcome),
            Ending::Cancelled(cancellation) => (Fact::Cancelled(cancellation), FactKind::Outcome),
            Ending::Doubted(doubt) if payment::planted(3) => {
                let (code, text) = (None, doubt.text);
                (Fact::Declined(Refusal { code, text }), FactKind::Outcome)
            }
            Ending::Doubted(doubt) => (Fact::Doubted(doubt), FactKind::Doubt),
        };
        if let Some(device) = self.devices.values_mut().find(|d| d.holds(payment)) {
            device.hold = match device.hold.take() {
                Some(Hold::Running(payment)) => Some(Hold::Ending(payment)),
                other => other,
            };
        }
        self.add(now, payment, fact, kind, None);
    }

    /// The approval is durable, so the outcome is known; that nothing can reverse it any more is
    /// kept on the way.
    fn completed(&mut self, now: Timestamp, id: PaymentId) {
        let Some(device) = self.devices.values().find(|d| d.is_working_on(id)) else {
            return;
        };
        let Some(Hold::Running(running)) = &device.hold else {
            return;
        };
        let mut payment = running.as_ref().clone();
        if let Err(error) = payment.add(&Fact::Completed, now) {
            tracing::error!(payment = %id, %error, "a completion without an approval");
            let doubt = Doubt {
                reason: DoubtReason::Contradiction,
                text: "The terminal ended the payment well, but had not approved it.".into(),
                approval: None,
                other_amount: None,
            };
            return self.ended(now, id, Ending::Doubted(doubt));
        }
        self.add(now, id, Fact::Completed, FactKind::Completed, None);
        self.completing.insert(id);
        if let Some(device) = self.devices.values_mut().find(|d| d.holds(id)) {
            device.remember(&payment);
            device.free();
            device.chores.works();
            let name = device.setup.id.clone();
            self.outcome(&payment, None);
            self.inquire(&name);
        }
    }

    fn slip(&mut self, now: Timestamp, id: &DeviceId, payment: Option<PaymentId>, slip: &Slip) {
        let Some(device) = self.devices.get(id) else {
            return;
        };
        let body = match serde_json::to_string(slip) {
            Ok(body) => body,
            Err(error) => return tracing::error!(%error, "a slip could not be kept"),
        };
        let kind = match (payment, slip.copy) {
            (Some(_), SlipCopy::Merchant) => Some(JobKind::Merchant),
            // It stands on the payment's own receipt.
            (Some(_), SlipCopy::Customer | SlipCopy::Administration) => None,
            (None, copy) => report(device.hold.as_ref(), copy),
        };
        let job = device.setup.printer.clone().zip(kind);
        // Whoever asked for a report stands at the printer.
        let urgency = match payment {
            Some(_) => Urgency::Lazy,
            None => Urgency::Now,
        };
        let write = Write::Slip {
            payment,
            device: id.clone(),
            body,
            job,
            at: now,
        };
        self.write(Errand::Slip, write, urgency);
    }

    pub(super) fn publish_device(&mut self, id: &DeviceId) {
        if let Some(view) = self.devices.get(id).map(super::DeviceView::of) {
            self.effects
                .push(Effect::Publish(Notice::Device(Box::new(view))));
        }
    }
}

/// As what a slip of no payment is printed: what a service or an end of day makes, whatever the
/// terminal calls it. The rest of an earlier payment is only kept.
fn report(hold: Option<&Hold>, copy: SlipCopy) -> Option<JobKind> {
    match (hold, copy) {
        (Some(Hold::Serving(serving)), _) if serving.service == Service::RepeatReceipt => {
            Some(JobKind::Repeated)
        }
        (Some(Hold::Serving(_) | Hold::Closing(_)), _) | (_, SlipCopy::Administration) => {
            Some(JobKind::Administration)
        }
        (_, SlipCopy::Merchant | SlipCopy::Customer) => None,
    }
}

/// What a link says of itself ends without a full stop; what the desk reads is a sentence.
fn sentence(reason: Text) -> Text {
    if reason.as_str().ends_with(['.', '!', '?']) {
        return reason;
    }
    Text::new(&format!("{reason}."))
}
