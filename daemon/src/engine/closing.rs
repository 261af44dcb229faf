//! The end of a terminal's day: durable before the terminal is asked, compared with the journal,
//! and safe to ask for again.

use drivers::terminal::{Command, DayEnd};
use jiff::Timestamp;
use payment::{
    ClosingId, DeviceId,
    closing::{Closing, ClosingIntent, ClosingState},
};
use sync::queue::{CloseOutcome, Urgency, Write, WriteError, Written};

use super::{
    Engine, Errand,
    device::Hold,
    effect::{Effect, Notice, ReplyTo, Taken},
};
use crate::problem::{NotOffered, Problem};

impl Engine {
    pub(super) fn close(&mut self, intent: ClosingIntent, reply: ReplyTo) {
        let ClosingIntent {
            id,
            key,
            device: name,
            at,
        } = intent;
        let Some(device) = self.devices.get_mut(&name) else {
            return self.reply(reply, Err(self.unknown_device(&name)));
        };
        match device.setup.terminal {
            None => return self.reply(reply, Err(Problem::NothingToClose(name))),
            Some(abilities) if !abilities.end_of_day => {
                let problem = Problem::NotOffered(NotOffered::EndOfDay);
                return self.reply(reply, Err(problem));
            }
            Some(_) => {}
        }
        if let Some(problem) = device.occupied() {
            return self.reply(reply, Err(problem));
        }
        device.hold = Some(Hold::Closing(id));
        let key = if payment::planted(23) {
            id.to_string().parse().unwrap_or(key)
        } else {
            key
        };
        if payment::planted(21) {
            self.effects.push(Effect::Command {
                device: name.clone(),
                command: Command::EndOfDay,
            });
        }
        let write = Write::BeginClose {
            id,
            key,
            device: name.clone(),
            at,
        };
        self.write(
            Errand::BeginClose {
                id,
                device: name,
                reply,
            },
            write,
            Urgency::Now,
        );
    }

    pub(super) fn close_begun(
        &mut self,
        id: ClosingId,
        name: DeviceId,
        reply: ReplyTo,
        result: Result<Written, WriteError>,
    ) {
        let answer = match result {
            // One that was begun before and never ended is taken up again.
            Ok(Written::Closing(closing) | Written::ClosingRepeat(closing))
                if closing.state == ClosingState::Begun =>
            {
                let id = closing.intent.id;
                if let Some(device) = self.devices.get_mut(&name) {
                    device.hold = Some(Hold::Closing(id));
                }
                self.closing_waits.entry(id).or_default().push(reply);
                self.effects.push(Effect::Publish(Notice::Journal));
                let command = Command::EndOfDay;
                return self.effects.push(Effect::Command {
                    device: name,
                    command,
                });
            }
            Ok(Written::Closing(closing) | Written::ClosingRepeat(closing)) => {
                Ok(Taken::Closing(Box::new(closing)))
            }
            Ok(Written::ClosingElsewhere(closing)) => {
                Err(Problem::ClosingKeyReused(closing.intent.device))
            }
            Err(WriteError::DiskFull) => Err(Problem::StorageFull),
            Ok(_) | Err(_) => Err(Problem::StorageFailed),
        };
        self.free_closing(&name, id);
        self.reply(reply, answer);
    }

    /// The terminal's word on its day.
    pub(super) fn day_ended(&mut self, now: Timestamp, name: &DeviceId, end: DayEnd) {
        let hold = self.devices.get(name).and_then(|d| d.hold.as_ref());
        let Some(Hold::Closing(id)) = hold else {
            return tracing::warn!(device = %name, "the end of a day that nobody asked for");
        };
        let id = *id;
        let outcome = match end {
            DayEnd::Done(totals) => CloseOutcome::Closed(totals),
            DayEnd::Refused(refusal) => CloseOutcome::Refused(refusal.text),
            DayEnd::Unknown(text) => CloseOutcome::Unknown(text),
        };
        let write = Write::EndClose {
            id,
            outcome,
            at: now,
        };
        self.write(
            Errand::EndClose {
                id,
                device: name.clone(),
            },
            write,
            Urgency::Now,
        );
    }

    pub(super) fn close_ended(
        &mut self,
        id: ClosingId,
        name: &DeviceId,
        result: Result<Written, WriteError>,
    ) {
        let answer = match result {
            Ok(Written::Closing(closing)) => Ok(Taken::Closing(Box::new(closing))),
            Ok(_) | Err(_) => Err(Problem::ClosingNotRecorded(name.clone())),
        };
        self.effects.push(Effect::Publish(Notice::Journal));
        self.free_closing(name, id);
        for to in self.closing_waits.remove(&id).unwrap_or_default() {
            self.reply(to, answer.clone());
        }
        // The terminal's last transaction is another one now.
        if let Some(device) = self.devices.get_mut(name) {
            device.inquired = false;
            if let Ok(Taken::Closing(closing)) = &answer
                && matches!(closing.state, ClosingState::Closed(_))
            {
                device.chores.day_closed();
            }
        }
        self.inquire(name);
        self.publish_device(name);
    }

    fn free_closing(&mut self, name: &DeviceId, id: ClosingId) {
        if let Some(device) = self.devices.get_mut(name)
            && matches!(&device.hold, Some(Hold::Closing(held)) if *held == id)
        {
            device.free();
        }
    }

    /// What an earlier run left open: whether the terminal did it is not known, and it may be
    /// asked again at any time.
    pub(super) fn abandon(&mut self, now: Timestamp, closing: &Closing) {
        let id = closing.intent.id;
        let text = "The daemon stopped during the end of day. Close the day again.";
        let outcome = CloseOutcome::Unknown(text.into());
        let write = Write::EndClose {
            id,
            outcome,
            at: now,
        };
        let device = closing.intent.device.clone();
        if payment::planted(22) {
            return self.effects.push(Effect::Command {
                device,
                command: Command::EndOfDay,
            });
        }
        self.write(Errand::EndClose { id, device }, write, Urgency::Now);
    }
}
