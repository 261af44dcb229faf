//! One print job after the other: ask whether the printer can print, send, and find out whether it
//! did.
//!
//! 1. `DLE EOT` 1, 2 and 4. A fault before the first byte is waited out for a while. Silence goes
//!    on: many printers never answer.
//! 2. On a new link, and after doubt, a sign that the printer stands between two commands. One that a
//!    program left in the middle of an image takes a receipt for the rest of it, and still answers
//!    what stands behind. Where no sign comes, NULs fill up what may be missing. The first bytes of
//!    a link are NULs in any case: as the missing arguments of a command they make it short, where
//!    a question's bytes would make it ask for a megabyte.
//! 3. [`Fact::Sending`] is made durable.
//! 4. The receipt, at once and once only, then the question whose answer comes when it is printed
//!    ([`Confirmation`]). The link may take its time: a printer without paper takes nothing.
//! 5. `DLE EOT` every second. While the printer tells a fault, the job waits: a printer goes on by
//!    itself when the fault is mended, and a second copy helps nobody.
//!
//! Real-time commands go out between whole commands only: inside another one they would be its
//! parameters.

use std::{collections::VecDeque, time::Duration};

use super::{
    Confirmation, Profile,
    status::{Demultiplexer, Reply, paper},
};
use crate::{
    Input, Machine, Mono, Output,
    link::Policy,
    printer::{Command, Ending, Event, Fact, Paper, Status},
};

mod ends;
mod idle;
mod round;
mod stage;
mod start;
use round::{Found, Next, Round};
use stage::{Job, STALL, Side, Stage, token};

/// From the end of one round of questions to the next, while a job runs.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(1);
/// How long a fault may last before the first byte, and silence after a fault was told.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a healthy printer may take to confirm, besides the time that the bytes need.
const SETTLE: Duration = Duration::from_secs(5);
/// What is told of a link that takes nothing.
const STUCK: &str = "The printer takes no more. Look whether it has paper, whether its cover is \
                     closed, and at its lights.";
/// A shell that does not say how much a link takes has a link that takes all at once.
const TAKEN: Duration = Duration::from_millis(50);

/// An ESC/POS printer: a [`Machine`] that prints one job at a time.
#[derive(Debug)]
pub struct EscPos {
    confirmation: Confirmation,
    /// It tells changes by itself (`GS a`), and we stay on its link to hear them.
    automatic: bool,
    /// It knows `DLE DC4 8`.
    clears: bool,
    drawer: bool,
    policy: Policy,
    up: bool,
    job: Option<Job>,
    heard: Demultiplexer,
    round: Round,
    /// Rounds without an answer, one after the other.
    silent: u32,
    /// It told something by itself since the link is up.
    tells: bool,
    status: Status,
    /// It is known to stand between two commands.
    aligned: bool,
    /// Nothing proves that, but all that was sent went through.
    whole: bool,
    /// It never gave the sign that it does.
    signless: bool,
    /// Bytes that the link has not taken, as far as the shell says so.
    backlog: usize,
    /// Facts that were asked for and not answered yet. An answer that comes late, to a job that is
    /// over, is not taken for that of the next.
    storing: u32,
    outputs: VecDeque<Output<Fact, Event>>,
}

impl EscPos {
    /// A printer of this profile. The policy is the link's: with [`Policy::PerJob`] the machine
    /// closes the link after every job.
    pub fn new(profile: &Profile, policy: Policy) -> Self {
        Self {
            confirmation: profile.confirmation,
            automatic: profile.automatic && policy != Policy::PerJob,
            clears: profile.clears,
            drawer: profile.drawer,
            policy,
            up: false,
            job: None,
            heard: Demultiplexer::default(),
            round: Round::Off,
            silent: 0,
            tells: false,
            status: Status::default(),
            aligned: false,
            whole: false,
            signless: false,
            backlog: 0,
            storing: 0,
            outputs: VecDeque::new(),
        }
    }

    fn link_up(&mut self, now: Mono) {
        if self.up || self.job.is_some() {
            // The end of the one before was not told, and what it had not taken is gone with it.
            self.link_down(now);
        }
        self.up = true;
        self.silent = 0;
        self.tells = false;
        if self.policy == Policy::PerJob {
            // Somebody else may have been there.
            self.aligned = false;
            self.whole = false;
        }
        self.tell(Event::Ready);
        let mut greeting = start::ARGUMENTS.to_vec();
        if self.automatic {
            greeting.extend(idle::TELL_CHANGES);
        }
        self.send(greeting);
        self.rest(now);
    }

    fn reply(&mut self, now: Mono, reply: &Reply) {
        match reply {
            Reply::RealTime(answer) => {
                if let Some(next) = self.round.answer(now, *answer) {
                    self.next(now, next);
                }
            }
            Reply::Automatic(status) => {
                self.tells = true;
                self.learn(*status);
                self.look(now);
            }
            Reply::ProcessId(id) => {
                let Some(job) = self.job.as_ref().map(|job| job.id) else {
                    return;
                };
                if self.confirmation != Confirmation::ProcessId {
                } else if *id == token(job, Side::Before) {
                    self.sign(now);
                } else if *id == token(job, Side::Behind) {
                    self.printed(now, Paper::Enough);
                }
            }
            Reply::PaperSensor(answer) => {
                if self.confirmation == Confirmation::PaperSensor {
                    self.sign(now);
                    self.printed(now, paper(*answer));
                }
            }
            Reply::Cleared => self.cleared(now),
        }
    }

    fn next(&mut self, now: Mono, next: Next) {
        match next {
            Next::Ask(question) => self.send(question),
            Next::Over(found) => self.end_round(now, found),
        }
    }

    /// All questions are answered, or their time is over.
    fn end_round(&mut self, now: Mono, found: Found) {
        self.silent = if found.silent { self.silent + 1 } else { 0 };
        if !found.silent {
            self.learn(found.status);
        } else if self.silent > 1 && !self.tells {
            self.forget();
        }
        if self.job.is_none() {
            return self.rest(now);
        }
        self.round = Round::Due(now + BETWEEN_ROUNDS);
        if !found.silent {
            self.look(now);
        }
        let Some(job) = &self.job else { return };
        // A printer that told of a fault and then goes silent is not mended.
        let hindered = self.status.obstacle().is_some() || (found.silent && job.told.is_some());
        match &job.stage {
            // What a printer does not take, it cannot answer: that is no silence.
            Stage::Probing { .. } if !hindered && self.backlog == 0 => self.align(now),
            Stage::Sent { through, .. }
                if self.confirmation == Confirmation::RealTime
                    && !hindered
                    && found.whole
                    && now >= *through =>
            {
                self.end(now, Ending::Confirmed);
            }
            _ => {}
        }
    }

    /// What is newly known of the printer matters to the job.
    fn look(&mut self, now: Mono) {
        let Some(job) = &mut self.job else { return };
        let obstacle = self.status.obstacle();
        match (&mut job.stage, obstacle) {
            (Stage::Clearing { .. } | Stage::Leaving { .. }, _) => return,
            (
                Stage::Sent {
                    size,
                    through,
                    give_up,
                },
                Some(_),
            ) => {
                *through = now + size.time();
                *give_up = *through + PATIENCE;
            }
            (
                Stage::Sent {
                    size,
                    through,
                    give_up,
                },
                None,
            ) if job.told.is_some() => {
                *through = now + size.time();
                *give_up = *through + SETTLE;
            }
            (Stage::Aligning { until, .. }, Some(_)) => *until = now + start::SIGN,
            _ => {}
        }
        if job.told != obstacle {
            job.told = obstacle;
            if let Some(reason) = obstacle {
                let (job, reason) = (job.id, reason.into());
                self.tell(Event::Waiting { job, reason });
            }
        }
    }

    fn on_time(&mut self, now: Mono) {
        if let Some(next) = self.round.late(now) {
            self.next(now, next);
        }
        self.stage_due(now);
        if matches!(self.round, Round::Due(at) if now >= at) {
            if self.up && self.backlog == 0 {
                self.ask(now);
            } else {
                self.round = Round::Due(now + BETWEEN_ROUNDS);
            }
        }
    }

    fn stage_due(&mut self, now: Mono) {
        let Some(job) = &mut self.job else { return };
        match &mut job.stage {
            Stage::Probing { give_up, .. } | Stage::Aligning { give_up, .. } if now >= *give_up => {
                let silence = match self.backlog {
                    0 => "The printer does not answer.",
                    _ => STUCK,
                };
                let reason = job.told.unwrap_or(silence);
                let reason = format!("{reason} Then print again.");
                self.end(now, Ending::NotStarted(reason.as_str().into()));
            }
            Stage::Aligning { until, .. } if now >= *until => self.no_sign(now),
            Stage::Quiet { until, .. } if now >= *until => {
                self.aligned = true;
                self.store();
            }
            Stage::Sending { moved, .. } if self.backlog == 0 && now >= *moved + TAKEN => {
                self.sent(now);
            }
            Stage::Sending { moved, stalled, .. } if !*stalled && now >= *moved + STALL => {
                *stalled = true;
                if job.told.is_none() {
                    let job = job.id;
                    let reason = STUCK.into();
                    self.tell(Event::Waiting { job, reason });
                }
            }
            // It takes our questions no more than it would take a receipt: it may have no paper, for as
            // long as it likes.
            Stage::Sent { give_up, .. } if now >= *give_up && self.backlog > 0 => {
                *give_up = now + SETTLE;
                if job.told.is_none() {
                    job.told = Some(STUCK);
                    let (job, reason) = (job.id, STUCK.into());
                    self.tell(Event::Waiting { job, reason });
                }
            }
            Stage::Sent { give_up, .. } if now >= *give_up => {
                self.whole = job.told.is_none();
                self.end(
                    now,
                    Ending::Unknown(
                        "The printer did not say that it printed. Look whether the receipt came \
                         out."
                            .into(),
                    ),
                );
            }
            Stage::Clearing { until, .. } if now >= *until => self.not_cleared(now),
            _ => {}
        }
    }

    /// When something is due next.
    fn wake(&self) -> Option<Mono> {
        let stage = self.job.as_ref().and_then(|job| match &job.stage {
            Stage::Sending { moved, .. } if self.backlog == 0 => Some(*moved + TAKEN),
            stage => stage.wake(),
        });
        let round = self.round.wake().filter(|_| self.up);
        [stage, round].into_iter().flatten().min()
    }

    fn send(&mut self, bytes: Vec<u8>) {
        self.outputs.push_back(Output::Send(bytes));
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

impl Machine for EscPos {
    type Command = Command;
    type Fact = Fact;
    type Event = Event;

    fn handle(&mut self, now: Mono, input: Input<'_, Command>) {
        match input {
            Input::LinkUp => self.link_up(now),
            Input::LinkDown => self.link_down(now),
            Input::Bytes(bytes) => {
                for byte in bytes {
                    self.heard.push(*byte);
                    while let Some(reply) = self.heard.next() {
                        self.reply(now, &reply);
                    }
                }
            }
            Input::Timeout => self.on_time(now),
            Input::Command(Command::Print { job, bytes }) => self.begin(now, job, bytes),
            Input::Command(Command::Cancel { job }) => self.cancel(now, job),
            Input::Command(Command::Kick { drawer }) => self.kick(drawer),
            Input::Stored(durable) => self.stored(now, durable),
        }
    }

    fn backlog(&mut self, now: Mono, bytes: usize) {
        let moved_on = bytes < self.backlog;
        self.backlog = bytes;
        let Some(job) = &mut self.job else { return };
        match &mut job.stage {
            Stage::Sending { moved, stalled, .. } => {
                if moved_on {
                    *moved = now;
                    *stalled = false;
                }
                if bytes == 0 {
                    self.sent(now);
                }
            }
            // It goes on, with all that it has.
            Stage::Sent {
                size,
                through,
                give_up,
            } if bytes == 0 && job.told == Some(STUCK) => {
                job.told = None;
                *through = now + size.time();
                *give_up = *through + SETTLE;
            }
            _ => {}
        }
    }

    fn poll(&mut self) -> Output<Fact, Event> {
        self.outputs
            .pop_front()
            .unwrap_or_else(|| Output::Wait(self.wake()))
    }
}

#[cfg(test)]
mod tests;
