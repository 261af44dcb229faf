//! What a terminal does for whoever looks after it: a diagnosis, its clock, a text on its display.
//!
//! A service moves no money, so it may be asked for again and needs no key. It holds the terminal
//! while it runs: it never runs beside a payment, the end of a day or a question for the last
//! transaction. A terminal that is not ready is asked all the same, for a service may be the cure;
//! the driver refuses where there is no link.

use drivers::terminal::{Command, Service};
use jiff::Timestamp;
use payment::{DeviceId, Refusal, Text};

use super::{
    Engine,
    device::{Hold, Link},
    effect::{Effect, ReplyTo, ServiceWish, Taken},
};
use crate::problem::{NotOffered, Problem};

/// A service that a terminal was asked for.
#[derive(Debug)]
pub(super) struct Serving {
    pub(super) service: Service,
    /// Who waits for it; nobody any more once its link was lost.
    reply: Option<ReplyTo>,
}

impl Engine {
    /// Somebody wants a service.
    pub(super) fn serve(
        &mut self,
        now: Timestamp,
        name: &DeviceId,
        wish: ServiceWish,
        reply: ReplyTo,
    ) {
        let Some(device) = self.devices.get_mut(name) else {
            return self.reply(reply, Err(self.unknown_device(name)));
        };
        match device.setup.terminal {
            None => return self.reply(reply, Err(Problem::NothingToServe(name.clone()))),
            Some(abilities) if !abilities.services => {
                let problem = Problem::NotOffered(NotOffered::Service);
                return self.reply(reply, Err(problem));
            }
            Some(_) => {}
        }
        if let Some(problem) = device.occupied().filter(|_| !payment::planted(16)) {
            return self.reply(reply, Err(problem));
        }
        if device.asking {
            let reason = super::pay::BEING_ASKED.into();
            return self.reply(reply, Err(Problem::TerminalUnavailable { reason }));
        }
        let service = match wish {
            ServiceWish::Diagnosis => Service::Diagnosis,
            ServiceWish::Initialisation => Service::Initialisation,
            ServiceWish::DisplayText(text) => Service::DisplayText(text),
            ServiceWish::SetClock => {
                Service::SetClock(now.to_zoned(device.setup.zone.clone()).datetime())
            }
            ServiceWish::RepeatReceipt => Service::RepeatReceipt,
            ServiceWish::LogOff => Service::LogOff,
        };
        device.hold = Some(Hold::Serving(Serving {
            service: service.clone(),
            reply: Some(reply),
        }));
        let command = Command::Service(service);
        let device = name.clone();
        self.effects.push(Effect::Command { device, command });
        self.publish_device(name);
    }

    /// The driver's word on a service. It always comes, and comes once: so it frees the terminal,
    /// also when nobody waits for it any more.
    pub(super) fn served(&mut self, name: &DeviceId, result: Result<Text, Refusal>) {
        let Some(device) = self.devices.get_mut(name) else {
            return;
        };
        let Some(Hold::Serving(serving)) = device.hold.take_if(|h| matches!(h, Hold::Serving(_)))
        else {
            return tracing::warn!(device = %name, "the end of a service that nobody asked for");
        };
        device.free();
        match &serving.service {
            Service::Diagnosis | Service::Initialisation => {
                // What it holds now is better asked than concluded.
                device.inquired = false;
                if result.is_ok() {
                    device.chores.served(&serving.service);
                }
            }
            Service::DisplayText(_)
            | Service::SetClock(_)
            | Service::RepeatReceipt
            | Service::LogOff => {}
        }
        let answer = match (result, &device.link) {
            (Ok(text), _) => Ok(Taken::Served(text)),
            // What is the matter with the link says more than that it is not there.
            (Err(Refusal { code: None, .. }), Link::NotReady(reason)) => {
                Err(Problem::ServiceNotDone(reason.clone()))
            }
            (Err(refusal), _) => Err(Problem::ServiceNotDone(refusal.text)),
        };
        if let Some(reply) = serving.reply {
            self.reply(reply, answer);
        }
        self.inquire(name);
        self.publish_device(name);
    }

    /// The link is gone: whoever waits for a service hears it at once. The driver's own word
    /// follows, and frees the terminal.
    pub(super) fn service_lost(&mut self, name: &DeviceId, reason: &Text) {
        let hold = self.devices.get_mut(name).and_then(|d| d.hold.as_mut());
        if let Some(Hold::Serving(serving)) = hold
            && let Some(reply) = serving.reply.take()
        {
            let problem = Problem::ServiceNotDone(reason.clone());
            self.reply(reply, Err(problem));
        }
    }
}
