//! The part of a session that calls the terminal and hangs up.

use std::time::Duration;

use super::Ecr17;
use crate::{
    Mono, Output,
    terminal::ecr17::{
        frame,
        job::{Job, Step},
    },
};

/// How long a call may take; the link gives up long before.
const CALLING: Duration = Duration::from_secs(20);
/// Before a call that failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a call is tried for one job.
const CALLS: u8 = 3;
/// How long a connection stays after a procedure: a receipt may come, or an answer again.
const LINGER: Duration = Duration::from_secs(1);
/// How long a terminal that hangs up behind `E` may take to do so.
const SETTLE: Duration = Duration::from_millis(150);

/// The connection, as far as we know it.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) state: State,
    /// Nobody needs it from this moment on.
    until: Option<Mono>,
    /// Calls in vain for the running job.
    calls: u8,
    /// Something was refused, or not understood: a refusal may be of something else than the last
    /// message.
    pub(super) murky: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    #[default]
    Down,
    /// Called; the answer comes until then.
    Calling(Mono),
    /// To be called again then.
    Pausing(Mono),
    /// Open; whether a procedure began on it.
    Up { used: bool },
    /// We hung up.
    Closing,
}

impl Line {
    /// The job is over: soon nobody needs the connection.
    pub(super) fn linger(&mut self, now: Mono) {
        self.calls = 0;
        if matches!(self.state, State::Up { used: true }) {
            self.until = Some(now + LINGER);
        }
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }
}

impl Ecr17 {
    /// Goes on with the job as far as the line allows.
    pub(super) fn go(&mut self, now: Mono) {
        let Some(Step::Enable | Step::Ask) = self.job.as_ref().map(|job| job.step) else {
            return;
        };
        match self.line.state {
            State::Up { used: false } => self.ask(now),
            State::Up { used: true } => self.hang_up(),
            State::Down => self.call(now),
            State::Calling(_) | State::Pausing(_) | State::Closing => {}
        }
    }

    fn call(&mut self, now: Mono) {
        self.line.state = State::Calling(now + CALLING);
        self.outputs.push_back(Output::Open);
    }

    /// Sends what the step wants: the only place where anything is asked for.
    pub(super) fn ask(&mut self, now: Mono) {
        let Some(job) = &mut self.job else {
            return;
        };
        let payload = match job.step {
            Step::Enable | Step::Enabling => {
                job.step = Step::Enabling;
                Some(self.settings.address.receipts_here())
            }
            Step::Ask | Step::Settling | Step::Asking => {
                if job.step != Step::Asking {
                    job.sends = 0;
                }
                job.step = Step::Asking;
                let extended = self.settings.extended;
                job.wish.message(&self.settings.address, extended)
            }
            Step::Working | Step::Storing | Step::Ending => None,
        };
        let Some(payload) = payload else {
            return;
        };
        job.sends = job.sends.saturating_add(1);
        job.deadline = Some(now + self.settings.answer_timeout);
        self.line.state = State::Up { used: true };
        self.line.until = None;
        self.send(frame::message(payload.as_bytes(), self.lrc));
    }

    /// `E` was acknowledged.
    pub(super) fn settle(&mut self, now: Mono) {
        if let Some(job) = &mut self.job {
            job.here = true;
            job.step = Step::Settling;
            job.deadline = Some(now + SETTLE);
        }
    }

    pub(super) fn answer(&mut self, code: u8) {
        self.send(frame::answer(code, self.lrc));
    }

    fn send(&mut self, bytes: Vec<u8>) {
        if self.line.is_up() {
            self.outputs.push_back(Output::Send(bytes));
        }
    }

    /// Ends the connection. A job that needs another gets it when this one is gone.
    pub(super) fn hang_up(&mut self) {
        if self.line.is_up() {
            self.line.state = State::Closing;
            self.line.until = None;
            self.reader.reset();
            self.outputs.push_back(Output::Close);
        }
    }

    pub(super) fn link_up(&mut self, now: Mono) {
        if self.line.is_up() {
            self.link_down(now);
        }
        self.reader.reset();
        self.line.state = State::Up { used: false };
        self.line.murky = false;
        self.line.until = None;
        self.go(now);
    }

    pub(super) fn link_down(&mut self, now: Mono) {
        let before = std::mem::take(&mut self.line.state);
        self.line.until = None;
        self.reader.reset();
        match self.job.as_ref().map(|job| job.step) {
            None => self.finish_tickets(),
            Some(Step::Enable | Step::Ask) if matches!(before, State::Calling(_)) => {
                self.not_reached(now);
            }
            Some(Step::Enable | Step::Ask) => self.go(now),
            Some(Step::Settling) => {
                self.step(Step::Ask);
                self.go(now);
            }
            Some(Step::Enabling | Step::Asking | Step::Working | Step::Storing | Step::Ending) => {
                self.link_lost(now);
            }
        }
    }

    /// Nobody answered the call.
    fn not_reached(&mut self, now: Mono) {
        self.line.calls = self.line.calls.saturating_add(1);
        if self.line.calls < CALLS {
            self.line.state = State::Pausing(now + PAUSE);
        } else {
            self.line.calls = 0;
            self.fail(
                now,
                "The terminal cannot be reached. Check that it is on, and its address and port.",
            );
        }
    }

    pub(super) fn step(&mut self, step: Step) {
        if let Some(job) = &mut self.job {
            job.step = step;
            job.deadline = None;
        }
    }

    /// Looks at the clock.
    pub(super) fn overdue(&mut self, now: Mono) {
        match self.line.state {
            State::Calling(until) if now >= until => {
                self.line.state = State::Down;
                self.not_reached(now);
            }
            State::Pausing(until) if now >= until => self.call(now),
            State::Down
            | State::Calling(_)
            | State::Pausing(_)
            | State::Up { .. }
            | State::Closing => {}
        }
        if self.line.until.is_some_and(|until| now >= until) {
            self.finish_tickets();
            self.hang_up();
        }
        let deadline = self.job.as_ref().and_then(|job| job.deadline);
        if deadline.is_some_and(|at| now >= at) {
            self.silent(now);
        }
        if self.job.is_none() && now >= self.look_at {
            self.begin(now, super::Wish::Status);
        }
    }

    /// When to look at the clock again.
    pub(super) fn deadline(&self) -> Option<Mono> {
        let line = match self.line.state {
            State::Calling(until) | State::Pausing(until) => Some(until),
            State::Down | State::Up { .. } | State::Closing => None,
        };
        let job = match &self.job {
            Some(Job { deadline, .. }) => *deadline,
            None => Some(self.look_at),
        };
        [line, self.line.until, job].into_iter().flatten().min()
    }
}
