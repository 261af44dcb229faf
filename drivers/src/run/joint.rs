//! A machine joined to a link, without the link: what follows when the link comes, speaks and goes,
//! and when somebody wants something. Pure, so that a simulated world runs the same rules as
//! [`super::run`].

use std::collections::VecDeque;

use payment::Text;

use super::{FromMachine, ToMachine, backoff::Backoff};
use crate::{Input, Machine, Mono, Output, link::Policy};

/// A machine, and what it waits for.
///
/// Whoever holds it opens the link while [`line`](Joint::line) says [`Line::Opening`], writes
/// [`outgoing`](Joint::outgoing), takes [`words`](Joint::words), and ends the link when
/// [`is_closing`](Joint::is_closing) is true.
pub struct Joint<M: Machine> {
    machine: M,
    /// The link's name, for what is logged.
    name: String,
    policy: Policy,
    backoff: Backoff,
    line: Line,
    /// Commands that wait for the link to open.
    held: VecDeque<M::Command>,
    outgoing: Vec<u8>,
    /// How many of these the machine was told of last.
    backlog: usize,
    words: VecDeque<FromMachine<M::Fact, M::Event>>,
    deadline: Option<Mono>,
    closing: bool,
    /// What the engine heard of the link last; `Ok` when it is up.
    told: Option<Result<(), Text>>,
}

/// Where the link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Nobody wants it.
    Unwanted,
    /// It is opened again at this moment.
    Pausing(Mono),
    /// It is to be opened; [`Joint::opened`] or [`Joint::not_opened`] says what came of it.
    Opening,
    /// It is there.
    Up,
}

impl<M: Machine> Joint<M> {
    /// A machine that begins now. `seed` is of the jitter between attempts to open the link.
    pub fn new(machine: M, name: String, policy: Policy, seed: u64, now: Mono) -> Self {
        let mut joint = Self {
            machine,
            name,
            policy,
            backoff: Backoff::new(seed),
            line: match policy {
                Policy::Keep => Line::Pausing(now),
                Policy::PerJob | Policy::OnDemand => Line::Unwanted,
            },
            held: VecDeque::new(),
            outgoing: Vec::new(),
            backlog: 0,
            words: VecDeque::new(),
            deadline: None,
            closing: false,
            told: None,
        };
        joint.drain(now);
        joint
    }

    /// Where the link stands.
    pub fn line(&self) -> Line {
        self.line
    }

    /// Bytes for the link, not yet written.
    pub fn outgoing(&self) -> &[u8] {
        &self.outgoing
    }

    /// The link has taken so many of these.
    pub fn written(&mut self, now: Mono, count: usize) {
        self.outgoing.drain(..count.min(self.outgoing.len()));
        self.tell_backlog(now);
    }

    /// Words for the engine, not yet taken.
    pub fn words(&mut self) -> &mut VecDeque<FromMachine<M::Fact, M::Event>> {
        &mut self.words
    }

    /// When the machine wants to be woken.
    pub fn deadline(&self) -> Option<Mono> {
        self.deadline
    }

    /// The machine asked for the link's end: what is outgoing leaves first, then comes
    /// [`Joint::closed`].
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    /// The engine says something.
    pub fn say(&mut self, now: Mono, word: ToMachine<M::Command>) {
        match word {
            ToMachine::Stored(durable) => self.feed(now, Input::Stored(durable)),
            ToMachine::Command(command) => self.command(now, command),
        }
    }

    fn command(&mut self, now: Mono, command: M::Command) {
        match (self.policy, self.line) {
            (Policy::Keep | Policy::OnDemand, _) | (Policy::PerJob, Line::Up) => {
                self.feed(now, Input::Command(command));
            }
            (Policy::PerJob, Line::Opening) => self.held.push_back(command),
            (Policy::PerJob, Line::Unwanted | Line::Pausing(_)) => {
                self.held.push_back(command);
                self.line = Line::Opening;
            }
        }
    }

    /// The machine's deadline has come.
    pub fn woken(&mut self, now: Mono) {
        self.deadline = None;
        self.feed(now, Input::Timeout);
    }

    /// The pause of [`Line::Pausing`] is over.
    pub fn paused(&mut self) {
        self.line = Line::Opening;
    }

    /// The link is there.
    pub fn opened(&mut self, now: Mono) {
        tracing::info!(link = %self.name, "link up");
        self.line = Line::Up;
        self.tell(Ok(()));
        self.feed(now, Input::LinkUp);
        self.give_held(now);
    }

    /// The link cannot be opened: why, and what to do, as a sentence.
    pub fn not_opened(&mut self, now: Mono, why: Text) {
        tracing::warn!(error = %why, "link not opened");
        self.tell(Err(why));
        self.rest(now);
        if self.policy == Policy::OnDemand {
            self.feed(now, Input::LinkDown);
        }
        self.give_held(now);
    }

    fn give_held(&mut self, now: Mono) {
        while let Some(command) = self.held.pop_front() {
            self.feed(now, Input::Command(command));
        }
    }

    /// Bytes came.
    pub fn received(&mut self, now: Mono, bytes: &[u8]) {
        self.backoff.reset();
        self.feed(now, Input::Bytes(bytes));
    }

    /// The link ended by itself: why, and after that what to do.
    pub fn lost(&mut self, now: Mono, why: &str, advice: &str) {
        if self.policy == Policy::OnDemand {
            tracing::debug!(link = %self.name, why, "link ended");
        } else {
            tracing::warn!(link = %self.name, why, "link lost");
        }
        self.tell(Err(Text::new(&format!("{}: {why}{advice}", self.name))));
        self.down(now);
    }

    /// The link was ended as the machine wanted.
    pub fn closed(&mut self, now: Mono) {
        tracing::debug!(link = %self.name, "link closed");
        self.down(now);
    }

    /// Tells the machine once that the link is gone, and says when there will be another.
    fn down(&mut self, now: Mono) {
        self.outgoing.clear();
        self.backlog = 0;
        self.rest(now);
        self.feed(now, Input::LinkDown);
        self.closing = false;
    }

    fn rest(&mut self, now: Mono) {
        self.line = match self.policy {
            Policy::Keep => Line::Pausing(now + self.backoff.next()),
            Policy::PerJob | Policy::OnDemand => Line::Unwanted,
        };
    }

    /// Tells the engine what is new about the link.
    fn tell(&mut self, state: Result<(), Text>) {
        if self.policy == Policy::OnDemand {
            return;
        }
        if self.told.as_ref() != Some(&state) {
            self.words.push_back(match &state {
                Ok(()) => FromMachine::LinkUp,
                Err(why) => FromMachine::LinkDown(why.clone()),
            });
            self.told = Some(state);
        }
    }

    fn feed(&mut self, now: Mono, input: Input<'_, M::Command>) {
        self.machine.handle(now, input);
        self.drain(now);
    }

    fn drain(&mut self, now: Mono) {
        self.take_outputs();
        self.tell_backlog(now);
    }

    /// Tells the machine how much of its bytes the link has not taken, when that has changed.
    fn tell_backlog(&mut self, now: Mono) {
        while self.outgoing.len() != self.backlog {
            self.backlog = self.outgoing.len();
            self.machine.backlog(now, self.backlog);
            self.take_outputs();
        }
    }

    fn take_outputs(&mut self) {
        let up = self.line == Line::Up;
        loop {
            match self.machine.poll() {
                Output::Send(bytes) if up && !self.closing => self.outgoing.extend(bytes),
                Output::Send(_) => tracing::debug!(link = %self.name, "sent to no link"),
                Output::Store(fact) => self.words.push_back(FromMachine::Store(fact)),
                Output::Event(event) => self.words.push_back(FromMachine::Event(event)),
                Output::Open if self.line == Line::Unwanted => self.line = Line::Opening,
                Output::Open => {}
                Output::Close => self.closing = up,
                Output::Wait(deadline) => {
                    self.deadline = deadline;
                    return;
                }
            }
        }
    }
}
