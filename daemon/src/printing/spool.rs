//! One printer's spool: which receipt is printed next, and what its end means. Pure.
//!
//! A job is durable as `sending` before its first byte (the driver asks for that), so a crash never
//! prints twice by itself (law 8): what is found `sending` at the start is `unknown`. What is found
//! `probing` has printed nothing, and is queued again.
//!
//! A receipt that is too old is not printed any more: nobody waits for it. A receipt that a printer
//! could not begin for a while goes to the printer that stands in. What is waited for is counted on the
//! steady clock, so that a clock that is set keeps no receipt waiting, and makes none older or younger.

mod age;
mod words;

use std::time::Duration;

use drivers::printer;
use jiff::{SignedDuration, Timestamp};
use payment::{PrinterId, Text};
use sync::{
    delivery::Now,
    queue::{Job, JobState, Printed},
};

use age::Ages;
pub(super) use words::AtWork;
pub use words::{Effect, Event, Marked};

/// How long to wait before a printer that took nothing is tried again.
const REST: SignedDuration = SignedDuration::from_secs(5);
/// An obstacle that was seen so long ago may be gone: the printer is tried first.
const STALE: SignedDuration = SignedDuration::from_secs(15);

/// A printer's spool.
#[derive(Debug)]
pub struct Spool {
    rules: Rules,
    state: State,
    /// Work may have fallen due while a job was running.
    look_again: bool,
    /// When to look again, or write again, by ourselves.
    rest: Option<Timestamp>,
    unable: Option<Unable>,
    ages: Ages,
}

/// What the configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How old a receipt may be that is still printed by itself.
    pub expires: Duration,
    /// The printer that prints what this one cannot.
    pub stand_in: Option<PrinterId>,
    /// For how long this one must have been unable to begin.
    pub stand_in_after: Duration,
}

impl Rules {
    /// Those of a printer.
    pub fn of(printer: &config::Printer) -> Self {
        Self {
            expires: printer.expires,
            stand_in: printer.stand_in.clone(),
            stand_in_after: printer.stand_in_after,
        }
    }
}

/// The printer could not begin a job.
#[derive(Debug, Clone, Copy)]
struct Unable {
    since: Timestamp,
    last: Timestamp,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Looking,
    /// The driver has a job.
    Running(Running),
    /// A job's next state is being written.
    Settling(Settling),
}

/// A job in the driver's hands.
#[derive(Debug)]
struct Running {
    job: Box<Job>,
    stage: Stage,
    /// What it waits for, as a sentence.
    waits: Option<Text>,
    /// It was asked back.
    back: Option<Back>,
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not one byte is sent.
    Probing,
    /// The driver waits to hear that it is durable as sending.
    Storing,
    /// Bytes may be on their way.
    Sending,
    /// The printer has all bytes.
    Sent,
}

/// Why a job is asked back.
#[derive(Debug)]
enum Back {
    /// This person does not want it any more.
    Person(Text),
    /// Another printer stands in.
    StandIn,
}

#[derive(Debug)]
struct Settling {
    write: Effect,
    then: Then,
}

/// What follows once it is written.
#[derive(Debug, Clone, Copy)]
enum Then {
    Look,
    /// The same obstacle would be met at once.
    Rest,
}

impl Spool {
    /// An idle spool.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            state: State::Idle,
            look_again: false,
            rest: None,
            unable: None,
            ages: Ages::default(),
        }
    }

    /// Takes one event.
    pub fn handle(&mut self, now: impl Into<Now>, event: Event) -> Vec<Effect> {
        self.take(now.into(), event)
    }

    fn take(&mut self, now: Now, event: Event) -> Vec<Effect> {
        self.ages.look(now, self.rules.expires);
        if let Event::Printer(printer::Event::Status(status)) = &event
            && status.online == Some(true)
            && status.obstacle().is_none()
        {
            self.unable = None;
        }
        match (std::mem::take(&mut self.state), event) {
            (State::Idle, Event::Wake | Event::Printer(printer::Event::Ready)) => self.look(),
            (State::Looking, Event::Due(Some(job))) => self.begin(now, job),
            (State::Looking, Event::Due(None)) => {
                if self.look_again {
                    self.look()
                } else {
                    Vec::new()
                }
            }
            // Nothing else may ever wake it for the receipt that waits.
            (State::Looking, Event::NotRead) => {
                self.rest = now.steady.checked_add(REST).ok();
                Vec::new()
            }
            (State::Settling(settling), Event::Marked(marked)) => {
                self.marked(now.steady, settling, marked)
            }
            (State::Settling(settling), Event::Wake)
                if self.rest.is_some_and(|at| now.steady >= at) =>
            {
                self.rest = None;
                self.settle(settling.write, settling.then)
            }
            (State::Running(running), event) => self.running(now, running, event),
            // A job that is over is asked about in vain.
            (state, Event::Sending(_)) => {
                self.state = state;
                vec![Effect::Answer(false)]
            }
            (state, event) => {
                self.look_again |= matches!(event, Event::Wake);
                self.state = state;
                Vec::new()
            }
        }
    }

    /// When something is due by itself, on the steady clock.
    pub fn wake(&self) -> Option<Timestamp> {
        match &self.state {
            State::Idle | State::Settling(_) => self.rest,
            State::Running(running) if running.can_go_back() => self.stand_in_at(),
            State::Running(_) | State::Looking => None,
        }
    }

    /// The job that the printer works on.
    pub fn at_work(&self) -> Option<AtWork> {
        let State::Running(running) = &self.state else {
            return None;
        };
        let state = match running.stage {
            Stage::Probing | Stage::Storing => JobState::Probing,
            Stage::Sending => JobState::Sending,
            Stage::Sent => JobState::Sent,
        };
        Some(AtWork {
            job: Job::clone(&running.job),
            state: state.as_str(),
            waits: running.waits.clone(),
        })
    }

    fn look(&mut self) -> Vec<Effect> {
        self.look_again = false;
        self.rest = None;
        self.state = State::Looking;
        vec![Effect::Look]
    }

    fn begin(&mut self, now: Now, job: Box<Job>) -> Vec<Effect> {
        // It came back to the queue before the printer heard of that, or the daemon stopped.
        if let Some(asked) = &job.cancel_asked {
            let name = asked.name.clone();
            return self.settle(
                Effect::Mark(job.id, JobState::Cancelled { name }),
                Then::Look,
            );
        }
        self.ages.see(now, &job);
        if self.is_expired(now, &job) {
            let minutes = self.rules.expires.as_secs() / 60;
            let reason = format!(
                "It could not be printed within {minutes} minutes, and is not printed by itself \
                 any more."
            );
            let reason = Text::new(&reason);
            return self.settle(
                Effect::Mark(job.id, JobState::Failed { reason }),
                Then::Look,
            );
        }
        let now = now.steady;
        let fresh = self
            .unable
            .is_some_and(|u| now.duration_since(u.last) < STALE);
        if !fresh {
            self.unable = None;
        }
        // A test page is about this very printer.
        if let Some(to) = self.rules.stand_in.clone()
            && job.what != Printed::Test
            && self.stand_in_at().is_some_and(|at| now >= at)
        {
            tracing::warn!(job = job.id, %to, "another printer stands in");
            return self.settle(Effect::HandOver(job.id, to), Then::Look);
        }
        let effects = vec![
            Effect::Note(job.id, JobState::Probing),
            Effect::Print(job.clone()),
        ];
        self.state = State::Running(Running {
            job,
            stage: Stage::Probing,
            waits: None,
            back: None,
        });
        effects
    }

    fn running(&mut self, now: Now, mut running: Running, event: Event) -> Vec<Effect> {
        let id = running.job.id;
        let mut effects = Vec::new();
        match event {
            Event::Printer(printer::Event::Ended { job, ending }) if job == id => {
                return self.ended(now.steady, running, ending);
            }
            Event::Printer(printer::Event::Waiting { job, reason }) if job == id => {
                running.waits = Some(reason);
                if running.stage == Stage::Probing {
                    self.unable(now.steady);
                }
            }
            Event::Printer(printer::Event::Sent { job }) if job == id => {
                running.stage = Stage::Sent;
                running.waits = None;
                effects.push(Effect::Note(id, JobState::Sent));
            }
            Event::Sending(job) if job == id && running.stage == Stage::Probing => {
                // Whoever asked for it back may still have it; an old one comes back by itself.
                if running.back.is_some() || self.is_expired(now, &running.job) {
                    effects.push(Effect::Answer(false));
                } else {
                    running.stage = Stage::Storing;
                    effects.push(Effect::Mark(id, JobState::Sending));
                }
            }
            Event::Sending(_) => effects.push(Effect::Answer(false)),
            // What could not be made durable is not sent: the driver ends the job.
            Event::Marked(marked) if running.stage == Stage::Storing => {
                let go = marked == Marked::Kept && running.back.is_none();
                if go {
                    running.stage = Stage::Sending;
                    running.waits = None;
                }
                effects.push(Effect::Answer(go));
            }
            Event::Cancel { job, name } if job == id => {
                running.back = Some(Back::Person(name));
                effects.push(Effect::Cancel(id));
            }
            Event::Wake => {
                self.look_again = true;
                let stands_in = self.stand_in_at().is_some_and(|at| now.steady >= at);
                if running.can_go_back() && stands_in {
                    running.back = Some(Back::StandIn);
                    effects.push(Effect::Cancel(id));
                }
            }
            Event::Due(_)
            | Event::NotRead
            | Event::Marked(_)
            | Event::Cancel { .. }
            | Event::Printer(_) => {}
        }
        self.state = State::Running(running);
        effects
    }

    fn ended(&mut self, now: Timestamp, running: Running, ending: printer::Ending) -> Vec<Effect> {
        let id = running.job.id;
        let (state, then) = match (ending, running.back) {
            (printer::Ending::Confirmed, _) => (JobState::Confirmed, Then::Look),
            (printer::Ending::Unknown(reason), _) => (JobState::Unknown { reason }, Then::Look),
            (printer::Ending::Cancelled(_) | printer::Ending::NotStarted(_), Some(back)) => {
                match back {
                    Back::Person(name) => (JobState::Cancelled { name }, Then::Look),
                    Back::StandIn => {
                        self.unable(now);
                        (JobState::Queued, Then::Look)
                    }
                }
            }
            (printer::Ending::Cancelled(reason) | printer::Ending::NotStarted(reason), None) => {
                tracing::info!(job = id, %reason, "nothing was printed; it will be tried again");
                self.unable(now);
                (JobState::Queued, Then::Rest)
            }
        };
        if matches!(state, JobState::Confirmed | JobState::Unknown { .. }) {
            self.unable = None;
        }
        self.settle(Effect::Mark(id, state), then)
    }

    fn settle(&mut self, write: Effect, then: Then) -> Vec<Effect> {
        let effects = vec![write.clone()];
        self.state = State::Settling(Settling { write, then });
        effects
    }

    fn marked(&mut self, now: Timestamp, settling: Settling, marked: Marked) -> Vec<Effect> {
        match (marked, settling.then) {
            (Marked::Kept | Marked::Refused, Then::Look) => self.look(),
            (Marked::Kept | Marked::Refused, Then::Rest) => {
                self.rest = now.checked_add(REST).ok();
                Vec::new()
            }
            // A job whose end is not written would be lost, or look unknown: write it later.
            (Marked::NotKept, _) => {
                self.rest = now.checked_add(REST).ok();
                self.state = State::Settling(settling);
                Vec::new()
            }
        }
    }

    fn unable(&mut self, now: Timestamp) {
        let since = self.unable.map_or(now, |unable| unable.since);
        self.unable = Some(Unable { since, last: now });
    }

    /// When the other printer stands in, if this one stays unable.
    fn stand_in_at(&self) -> Option<Timestamp> {
        self.rules.stand_in.as_ref()?;
        let after = self.rules.stand_in_after;
        self.unable?.since.checked_add(after).ok()
    }

    fn is_expired(&self, now: Now, job: &Job) -> bool {
        let age = self.ages.of(now, job);
        SignedDuration::try_from(self.rules.expires).is_ok_and(|expires| age >= expires)
    }
}

impl Running {
    /// Nothing of it was sent, and nobody has asked for it back.
    fn can_go_back(&self) -> bool {
        self.stage == Stage::Probing && self.back.is_none() && self.job.what != Printed::Test
    }
}

/// What becomes of a job that a printer had begun when the daemon stopped. One that was being sent may
/// be on paper or not, so a person looks. Of one whose printer was only asked whether it can print,
/// nothing is.
pub fn interrupted(state: &JobState) -> JobState {
    if payment::planted(8) {
        return JobState::Queued;
    }
    match state {
        JobState::Queued | JobState::Probing => JobState::Queued,
        JobState::Sending
        | JobState::Sent
        | JobState::Confirmed
        | JobState::Cancelled { .. }
        | JobState::Failed { .. }
        | JobState::Unknown { .. } => JobState::Unknown {
            reason: "The daemon stopped while it was being printed. Look whether it came out."
                .into(),
        },
    }
}

#[cfg(test)]
mod tests;
