//! The disk: what is written together, when it is durable, and who hears of it.

use std::time::Duration;

use daemon::{
    engine::{Event, Ticket},
    printing,
};
use sync::queue::{Urgency, Write, WriteError, Written};

use crate::{
    agenda::Channel,
    office::Told,
    trouble::Room,
    world::{Inner, World},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Engine(Ticket),
    Spool,
    /// Nobody; it is told with the next sync.
    Nobody,
    Office(u64),
    /// A person who has asked for it beside the engine.
    Person,
}

/// How long a lazy write waits.
const LAZY: Duration = Duration::from_secs(1);

impl World {
    pub(crate) fn write(&mut self, origin: Origin, write: Write, urgency: Urgency) {
        let pause = match urgency {
            Urgency::Now if self.agenda.random.once_in(50) => self.agenda.random.while_of(20, 3000),
            Urgency::Now => Duration::from_micros(200 + self.agenda.random.below(4000)),
            Urgency::Lazy => LAZY,
        };
        let at = self.agenda.now + pause;
        let Some(life) = &mut self.life else { return };
        life.inbox.push((origin, write));
        if life.sync_at.is_none_or(|sync| at < sync) {
            life.sync_at = Some(at);
            self.later(pause, Inner::Sync);
        }
    }

    pub(super) fn sync(&mut self) {
        let now = self.agenda.now;
        let Some(life) = &mut self.life else { return };
        if life.sync_at.is_none_or(|at| at > now) {
            return;
        }
        life.sync_at = None;
        let (origins, writes): (Vec<Origin>, Vec<Write>) = life.inbox.drain(..).unzip();
        let begins = |write: &Write| matches!(write, Write::Begin { .. });
        match self.room {
            // A payment that begins has the ballast taken again.
            Room::Plenty => life.begins |= writes.iter().any(begins),
            Room::Little | Room::None => life.begins = false,
        }
        if self.agenda.random.once_in(self.rough.sync) {
            // Whether it is on disk, nobody knows; the daemon stops.
            if self.agenda.random.once_in(2) {
                drop(self.disk.commit(&writes, life.begins));
            }
            return self.crash("a sync failed");
        }
        let outcome = match self.room {
            Room::Plenty | Room::Little => self.disk.commit(&writes, life.begins),
            Room::None => Err(WriteError::DiskFull),
        };
        self.agenda.tell(|| {
            let kinds: Vec<String> = writes.iter().map(named).collect();
            format!("disk: {} {}", kinds.join(", "), said(&outcome))
        });
        let answers: Vec<Result<Written, WriteError>> = match outcome {
            Ok(answers) => answers,
            Err(error) => writes.iter().map(|_| Err(error.clone())).collect(),
        };
        if let Some(Err(error @ (WriteError::Fatal(_) | WriteError::Damaged(_)))) = answers
            .iter()
            .find(|answer| matches!(answer, Err(WriteError::Fatal(_) | WriteError::Damaged(_))))
        {
            return self.breaks(6, format!("the queue fails: {error}"));
        }
        let answers = origins.into_iter().zip(answers).collect();
        self.over(Channel::Disk, Inner::Written(answers));
    }

    pub(super) fn written(&mut self, origin: Origin, answer: Result<Written, WriteError>) {
        if self.dies() {
            return;
        }
        match origin {
            Origin::Engine(ticket) => {
                if let Some(life) = &mut self.life {
                    life.writing = life.writing.saturating_sub(1);
                }
                let result = Box::new(answer);
                self.engine(Event::Written { ticket, result });
            }
            Origin::Spool => {
                let marked = printing::Marked::of(&answer);
                self.spool(printing::Event::Marked(marked));
            }
            Origin::Nobody => {}
            Origin::Office(number) => {
                if let Some(life) = &mut self.life {
                    let done = answer.map(|_| ());
                    life.office.tell(number, Told::Committed(done));
                }
                self.office();
            }
            Origin::Person => self.work_due(),
        }
    }
}

fn named(write: &Write) -> String {
    match write {
        Write::Begin { intent, .. } => format!("begin {} {}", intent.id, intent.money),
        Write::Add { payment, fact, .. } => format!("{} of {payment}", fact.kind()),
        Write::Slip { .. } => "slip".to_owned(),
        Write::Copy { payment, .. } => format!("copy of {payment}"),
        Write::Job { job, state, .. } => format!("job {job} {}", state.as_str()),
        Write::MoveJob { job, to, .. } => format!("job {job} goes to {to}"),
        Write::CancelJob { job, .. } => format!("job {job} is taken back"),
        Write::ResolveJob { job, outcome, .. } => format!("job {job} is settled as {outcome:?}"),
        Write::TestPage { printer, .. } => format!("a test page at {printer}"),
        Write::Kick { device, .. } => format!("the drawer of {device}"),
        Write::Delivery { payment, state, .. } => {
            format!("delivery of {payment} {}", state.as_str())
        }
        Write::Decide { payment, .. } => format!("a decision about the delivery of {payment}"),
        Write::BeginClose { device, .. } => format!("day of {device} begins to end"),
        Write::EndClose { outcome, .. } => format!("day end {outcome:?}"),
    }
}

fn said(outcome: &Result<Vec<Result<Written, WriteError>>, WriteError>) -> String {
    let answers = match outcome {
        Ok(answers) => answers,
        Err(error) => return error.to_string(),
    };
    let errors = answers.iter().filter_map(|answer| answer.as_ref().err());
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    if errors.is_empty() {
        "durable".to_owned()
    } else {
        errors.join(", ")
    }
}
