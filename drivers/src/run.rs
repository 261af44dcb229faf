//! The one loop that joins a machine to a link and the clock.
//!
//! It is the only asynchronous code on a device's path, and the only place in this crate that reads
//! a clock. It knows nothing of what the bytes mean. It never waits for one thing alone: while a
//! device does not take bytes, it is still heard; while the engine does not take events, it may
//! still give commands.

use std::{collections::VecDeque, io, pin::Pin};

use config::Link;
use payment::Text;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split},
    sync::mpsc::{Receiver, Sender},
    time::{Duration, Instant, sleep_until, timeout},
};

use crate::{
    Input, Machine, Mono, Output,
    link::{self, Connection, Defaults, OpenError, Policy},
};

mod backoff;
use backoff::Backoff;

/// What the engine says to a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToMachine<C> {
    /// Somebody wants something.
    Command(C),
    /// The fact of the last [`FromMachine::Store`] is durable (`true`), or cannot be made so.
    Stored(bool),
}

/// What a machine, or its link, says to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromMachine<F, E> {
    /// Make this fact durable, then answer with [`ToMachine::Stored`].
    Store(F),
    /// Tell whoever watches.
    Event(E),
    /// The link is open. Not repeated after a loss that the machine wanted.
    LinkUp,
    /// The link cannot be opened, or was lost: why, and what to do, as a sentence for the desk.
    LinkDown(Text),
}

/// Bytes taken from a link at once.
const READ_BYTES: usize = 2048;
/// As many words for the engine may wait; while there are more, the device is not heard.
const WAITING_WORDS: usize = 256;
/// How long the last bytes before a close may take.
const CLOSE_GRACE: Duration = Duration::from_secs(1);
/// What to do about a link that does not say so itself.
const ADVICE: &str = ". Check the device and its cable";

/// Runs a machine on a link until the engine drops its end of `commands` or `events`.
///
/// With [`Policy::Keep`] the link is opened at once, and again after every loss, with growing pauses
/// of 200 ms to 10 s. With [`Policy::PerJob`] it is opened when a command comes, which then
/// follows [`Input::LinkUp`]; when it cannot be opened, the machine gets the command without a
/// link, and has to refuse it. With [`Policy::OnDemand`] it is opened when the machine asks for it,
/// and the machine decides how often, and what is said of it.
///
/// What has not been written when the engine goes is lost: let the machine come to its end first.
pub async fn run<M: Machine>(
    machine: M,
    link: Link,
    defaults: Defaults,
    mut commands: Receiver<ToMachine<M::Command>>,
    events: Sender<FromMachine<M::Fact, M::Event>>,
) {
    let mut shell = Shell::new(machine, link, defaults);
    shell.drain();
    while let Some(step) = shell.next(&mut commands, &events).await {
        shell.take(step).await;
    }
}

/// What the machine is joined to.
struct Shell<M: Machine> {
    machine: M,
    link: Link,
    defaults: Defaults,
    backoff: Backoff,
    origin: Instant,
    line: Line,
    /// Commands that wait for the link to open.
    held: VecDeque<M::Command>,
    /// Bytes for the link, not yet written.
    outgoing: Vec<u8>,
    /// How many of these the machine was told of last.
    backlog: usize,
    /// Words for the engine, not yet taken.
    words: VecDeque<FromMachine<M::Fact, M::Event>>,
    /// When the machine wants to be woken.
    deadline: Option<Mono>,
    /// The machine asked for the link's end.
    closing: bool,
    /// What the engine heard of the link last; `Ok` when it is up.
    told: Option<Result<(), Text>>,
}

/// Where the link stands.
enum Line {
    /// Nobody wants it.
    Unwanted,
    /// It is opened again at this moment.
    Pausing(Instant),
    Opening(Pin<Box<dyn Future<Output = Result<Connection, OpenError>> + Send>>),
    Up {
        reader: ReadHalf<Connection>,
        writer: WriteHalf<Connection>,
        buffer: Box<[u8; READ_BYTES]>,
    },
}

/// What happened next.
enum Step<C> {
    Said(ToMachine<C>),
    Told,
    Woken,
    Paused,
    Opened(Result<Connection, OpenError>),
    Read(io::Result<usize>),
    Wrote(io::Result<usize>),
}

impl<M: Machine> Shell<M> {
    fn new(machine: M, link: Link, defaults: Defaults) -> Self {
        let origin = Instant::now();
        Self {
            machine,
            link,
            backoff: Backoff::new(defaults.seed),
            origin,
            line: match defaults.policy {
                Policy::Keep => Line::Pausing(origin),
                Policy::PerJob | Policy::OnDemand => Line::Unwanted,
            },
            defaults,
            held: VecDeque::new(),
            outgoing: Vec::new(),
            backlog: 0,
            words: VecDeque::new(),
            deadline: None,
            closing: false,
            told: None,
        }
    }

    /// Waits for whatever comes first; `None` when the engine is gone.
    async fn next(
        &mut self,
        commands: &mut Receiver<ToMachine<M::Command>>,
        events: &Sender<FromMachine<M::Fact, M::Event>>,
    ) -> Option<Step<M::Command>> {
        let hear = self.words.len() < WAITING_WORDS;
        let wake = self.deadline.map(|at| self.origin + at.elapsed());
        let line = progress(&mut self.line, &self.outgoing, hear);
        tokio::select! {
            said = commands.recv() => said.map(Step::Said),
            slot = events.reserve(), if !self.words.is_empty() => {
                let slot = slot.ok()?;
                if let Some(word) = self.words.pop_front() {
                    slot.send(word);
                }
                Some(Step::Told)
            }
            () = sleep_until(wake.unwrap_or(self.origin)), if wake.is_some() => Some(Step::Woken),
            step = line => Some(step),
        }
    }

    async fn take(&mut self, step: Step<M::Command>) {
        match step {
            Step::Told => {}
            Step::Said(ToMachine::Stored(durable)) => self.feed(Input::Stored(durable)),
            Step::Said(ToMachine::Command(command)) => self.command(command),
            Step::Woken => {
                self.deadline = None;
                self.feed(Input::Timeout);
            }
            Step::Paused => self.open(),
            Step::Opened(Ok(connection)) => self.opened(connection),
            Step::Opened(Err(error)) => self.not_opened(&error),
            Step::Read(Ok(count)) if count > 0 => self.received(count),
            Step::Read(Ok(_)) => self.lost("the device hung up", ADVICE),
            Step::Read(Err(error)) | Step::Wrote(Err(error)) => {
                let advice = if link::advises(&error) { "" } else { ADVICE };
                self.lost(&error.to_string(), advice);
            }
            Step::Wrote(Ok(count)) => {
                self.outgoing.drain(..count.min(self.outgoing.len()));
                self.tell_backlog();
            }
        }
        if self.closing {
            self.close().await;
        }
    }

    fn command(&mut self, command: M::Command) {
        match (self.defaults.policy, &self.line) {
            (Policy::Keep | Policy::OnDemand, _) | (Policy::PerJob, Line::Up { .. }) => {
                self.feed(Input::Command(command));
            }
            (Policy::PerJob, Line::Opening(_)) => self.held.push_back(command),
            (Policy::PerJob, Line::Unwanted | Line::Pausing(_)) => {
                self.held.push_back(command);
                self.open();
            }
        }
    }

    fn open(&mut self) {
        let (link, defaults) = (self.link.clone(), self.defaults.clone());
        self.line = Line::Opening(Box::pin(async move { link::open(&link, &defaults).await }));
    }

    fn opened(&mut self, connection: Connection) {
        tracing::info!(link = %self.link, "link up");
        let (reader, writer) = split(connection);
        self.line = Line::Up {
            reader,
            writer,
            buffer: Box::new([0; READ_BYTES]),
        };
        self.tell(Ok(()));
        self.feed(Input::LinkUp);
        self.give_held();
    }

    fn not_opened(&mut self, error: &OpenError) {
        tracing::warn!(%error, "link not opened");
        self.tell(Err(Text::new(&error.to_string())));
        self.rest();
        if self.defaults.policy == Policy::OnDemand {
            self.feed(Input::LinkDown);
        }
        self.give_held();
    }

    fn give_held(&mut self) {
        while let Some(command) = self.held.pop_front() {
            self.feed(Input::Command(command));
        }
    }

    fn received(&mut self, count: usize) {
        self.backoff.reset();
        let now = self.now();
        if let Line::Up { buffer, .. } = &self.line
            && let Some(bytes) = buffer.get(..count)
        {
            self.machine.handle(now, Input::Bytes(bytes));
            self.drain();
        }
    }

    /// The link ended by itself.
    fn lost(&mut self, why: &str, advice: &str) {
        if self.defaults.policy == Policy::OnDemand {
            tracing::debug!(link = %self.link, why, "link ended");
        } else {
            tracing::warn!(link = %self.link, why, "link lost");
        }
        self.tell(Err(Text::new(&format!("{}: {why}{advice}", self.link))));
        self.down();
    }

    /// The machine wants the link to end. Its last words go out first, if the device takes them.
    async fn close(&mut self) {
        if let Line::Up { writer, .. } = &mut self.line {
            let outgoing = &mut self.outgoing;
            let farewell = async {
                while !outgoing.is_empty() {
                    let count = writer.write(outgoing).await?;
                    outgoing.drain(..count.min(outgoing.len()));
                    if count == 0 {
                        return Err(io::ErrorKind::WriteZero.into());
                    }
                }
                writer.shutdown().await
            };
            match timeout(CLOSE_GRACE, farewell).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(link = %self.link, %error, "closed unheard"),
                Err(_) => tracing::debug!(link = %self.link, "closed with bytes not taken"),
            }
        }
        tracing::debug!(link = %self.link, "link closed");
        self.down();
    }

    /// Tells the machine once that the link is gone, and says when there will be another.
    fn down(&mut self) {
        self.tell_backlog();
        self.outgoing.clear();
        self.backlog = 0;
        self.rest();
        self.feed(Input::LinkDown);
        self.closing = false;
    }

    fn rest(&mut self) {
        self.line = match self.defaults.policy {
            Policy::Keep => Line::Pausing(Instant::now() + self.backoff.next()),
            Policy::PerJob | Policy::OnDemand => Line::Unwanted,
        };
    }

    /// Tells the engine what is new about the link.
    fn tell(&mut self, state: Result<(), Text>) {
        if self.defaults.policy == Policy::OnDemand {
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

    fn feed(&mut self, input: Input<'_, M::Command>) {
        self.machine.handle(self.now(), input);
        self.drain();
    }

    fn drain(&mut self) {
        self.take_outputs();
        self.tell_backlog();
    }

    /// Tells the machine how much of its bytes the link has not taken, when that has changed.
    fn tell_backlog(&mut self) {
        while self.outgoing.len() != self.backlog {
            self.backlog = self.outgoing.len();
            self.machine.backlog(self.now(), self.backlog);
            self.take_outputs();
        }
    }

    fn take_outputs(&mut self) {
        let up = matches!(self.line, Line::Up { .. });
        loop {
            match self.machine.poll() {
                Output::Send(bytes) if up && !self.closing => self.outgoing.extend(bytes),
                Output::Send(_) => tracing::debug!(link = %self.link, "sent to no link"),
                Output::Store(fact) => self.words.push_back(FromMachine::Store(fact)),
                Output::Event(event) => self.words.push_back(FromMachine::Event(event)),
                Output::Open if matches!(self.line, Line::Unwanted) => self.open(),
                Output::Open => {}
                Output::Close => self.closing = up,
                Output::Wait(deadline) => {
                    self.deadline = deadline;
                    return;
                }
            }
        }
    }

    fn now(&self) -> Mono {
        Mono::new(self.origin.elapsed())
    }
}

/// The link's next step; none while there is nothing to do.
async fn progress<C>(line: &mut Line, outgoing: &[u8], hear: bool) -> Step<C> {
    match line {
        Line::Unwanted => std::future::pending().await,
        Line::Pausing(until) => {
            sleep_until(*until).await;
            Step::Paused
        }
        Line::Opening(opening) => Step::Opened(opening.await),
        Line::Up {
            reader,
            writer,
            buffer,
        } => tokio::select! {
            read = reader.read(buffer.as_mut_slice()), if hear => Step::Read(read),
            wrote = writer.write(outgoing), if !outgoing.is_empty() => Step::Wrote(wrote),
            else => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests;
