//! The shape of every protocol: input in, outputs out, nothing on its own.

use std::{ops::Add, time::Duration};

/// A moment on a clock that only goes forward: the time since an origin that the shell chose.
/// It says nothing about the time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mono(Duration);

impl Mono {
    /// The moment `elapsed` after the origin.
    pub fn new(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// Time since the origin.
    pub fn elapsed(self) -> Duration {
        self.0
    }

    /// Time since `earlier`; zero when that lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Mono {
    type Output = Self;
    fn add(self, after: Duration) -> Self {
        Self(self.0.saturating_add(after))
    }
}

/// What can happen to a machine.
#[derive(Debug)]
pub enum Input<'a, C> {
    /// The link is there; nothing was sent or received on it yet.
    LinkUp,
    /// The link is gone: what was sent may or may not have arrived. Or it could not be opened,
    /// after an [`Output::Open`].
    LinkDown,
    /// Bytes arrived, cut anywhere.
    Bytes(&'a [u8]),
    /// The moment that the last [`Output::Wait`] asked for has come. May come early or twice:
    /// a machine looks at `now`.
    Timeout,
    /// Somebody wants something.
    Command(C),
    /// The fact of the last [`Output::Store`] is durable (`true`), or cannot be made so.
    Stored(bool),
}

/// What a machine wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<F, E> {
    /// Send these bytes, in this order.
    Send(Vec<u8>),
    /// Make this fact durable, then say [`Input::Stored`]. The machine goes on listening
    /// meanwhile, but does not acknowledge.
    Store(F),
    /// Tell whoever watches.
    Event(E),
    /// Open the link, if nobody did. [`Input::LinkUp`] or [`Input::LinkDown`] follows. For links that
    /// are open on demand ([`Policy::OnDemand`](crate::link::Policy::OnDemand)); others open
    /// themselves.
    Open,
    /// Drop the link, and make it anew where the policy says so. [`Input::LinkDown`] follows.
    Close,
    /// Nothing more to do until the next input, or until this moment if there is one. Ends the
    /// drain.
    Wait(Option<Mono>),
}

/// A protocol that never reads, writes, sleeps or asks the time.
///
/// After every [`handle`](Machine::handle), [`poll`](Machine::poll) is called until it returns
/// [`Output::Wait`]; only then comes the next input.
pub trait Machine {
    /// What can be asked of it.
    type Command;
    /// What it needs to be durable before it goes on.
    type Fact;
    /// What it tells.
    type Event;

    /// Takes one input.
    fn handle(&mut self, now: Mono, input: Input<'_, Self::Command>);

    /// So many of the bytes that were sent are still here, as the link has not taken them. A shell tells
    /// it after each change, and once more before [`Input::LinkDown`]; one whose link takes all at once
    /// need not. Only for machines to which it matters. [`poll`](Self::poll) follows as after `handle`.
    fn backlog(&mut self, _now: Mono, _bytes: usize) {}

    /// The next output; [`Output::Wait`] when there is none.
    fn poll(&mut self) -> Output<Self::Fact, Self::Event>;
}

impl<M: Machine + ?Sized> Machine for Box<M> {
    type Command = M::Command;
    type Fact = M::Fact;
    type Event = M::Event;

    fn handle(&mut self, now: Mono, input: Input<'_, Self::Command>) {
        (**self).handle(now, input);
    }

    fn backlog(&mut self, now: Mono, bytes: usize) {
        (**self).backlog(now, bytes);
    }

    fn poll(&mut self) -> Output<Self::Fact, Self::Event> {
        (**self).poll()
    }
}
