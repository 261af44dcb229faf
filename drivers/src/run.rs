//! The one loop that joins a machine to a link and the clock.
//!
//! It is the only asynchronous code on a device's path, and the only place in this crate that reads
//! a clock. It knows nothing of what the bytes mean. It never waits for one thing alone: while a
//! device does not take bytes, it is still heard; while the engine does not take events, it may
//! still give commands.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use config::Link;
use payment::Text;
use tokio::{
    io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split},
    sync::mpsc::{Receiver, Sender},
    time::{Duration, Instant, sleep_until, timeout},
};

use crate::{
    Machine, Mono,
    link::{self, Connection, Defaults, OpenError},
};

mod backoff;
mod joint;

pub use joint::{Joint, Line};

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
/// With [`Policy::Keep`](link::Policy::Keep) the link is opened at once, and again after every loss, with growing pauses
/// of 200 ms to 10 s. With [`Policy::PerJob`](link::Policy::PerJob) it is opened when a command comes, which then
/// follows [`Input::LinkUp`](crate::Input::LinkUp); when it cannot be opened, the machine gets the command without a
/// link, and has to refuse it. With [`Policy::OnDemand`](link::Policy::OnDemand) it is opened when the machine asks for it,
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
    while let Some(step) = shell.next(&mut commands, &events).await {
        shell.take(step).await;
    }
}

/// The joint, and the real link and clock around it.
struct Shell<M: Machine> {
    joint: Joint<M>,
    link: Link,
    defaults: Defaults,
    origin: Instant,
    wire: Wire,
}

/// The real link.
enum Wire {
    None,
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
        let (policy, seed) = (defaults.policy, defaults.seed);
        Self {
            joint: Joint::new(machine, link.to_string(), policy, seed, Mono::default()),
            link,
            defaults,
            origin: Instant::now(),
            wire: Wire::None,
        }
    }

    /// Waits for whatever comes first; `None` when the engine is gone.
    async fn next(
        &mut self,
        commands: &mut Receiver<ToMachine<M::Command>>,
        events: &Sender<FromMachine<M::Fact, M::Event>>,
    ) -> Option<Step<M::Command>> {
        let hear = self.joint.words().len() < WAITING_WORDS;
        let moment = |at: Mono| self.origin + at.elapsed();
        let wake = self.joint.deadline().map(moment);
        let pause = match self.joint.line() {
            Line::Pausing(until) => Some(moment(until)),
            Line::Unwanted | Line::Opening | Line::Up => None,
        };
        let told = self.joint.words().is_empty();
        let wire = progress(&mut self.wire, self.joint.outgoing(), hear);
        tokio::select! {
            said = commands.recv() => said.map(Step::Said),
            slot = events.reserve(), if !told => {
                let slot = slot.ok()?;
                if let Some(word) = self.joint.words().pop_front() {
                    slot.send(word);
                }
                Some(Step::Told)
            }
            () = sleep_until(wake.unwrap_or(self.origin)), if wake.is_some() => Some(Step::Woken),
            () = sleep_until(pause.unwrap_or(self.origin)), if pause.is_some() => Some(Step::Paused),
            step = wire => Some(step),
        }
    }

    async fn take(&mut self, step: Step<M::Command>) {
        let now = self.now();
        match step {
            Step::Told => {}
            Step::Said(word) => self.joint.say(now, word),
            Step::Woken => self.joint.woken(now),
            Step::Paused => self.joint.paused(),
            Step::Opened(Ok(connection)) => {
                let (reader, writer) = split(connection);
                self.wire = Wire::Up {
                    reader,
                    writer,
                    buffer: Box::new([0; READ_BYTES]),
                };
                self.joint.opened(now);
            }
            Step::Opened(Err(error)) => {
                self.wire = Wire::None;
                self.joint.not_opened(now, Text::new(&error.to_string()));
            }
            Step::Read(Ok(count)) if count > 0 => {
                self.overtaken(now).await;
                self.received(now, count);
            }
            Step::Read(Ok(_)) => self.lost("the device hung up", ADVICE).await,
            Step::Read(Err(error)) | Step::Wrote(Err(error)) => {
                let advice = if link::advises(&error) { "" } else { ADVICE };
                self.lost(&error.to_string(), advice).await;
            }
            Step::Wrote(Ok(count)) => {
                self.joint.written(now, count);
            }
        }
        if self.joint.is_closing() {
            self.close().await;
        }
        if self.joint.line() == Line::Opening && matches!(self.wire, Wire::None) {
            let (link, defaults) = (self.link.clone(), self.defaults.clone());
            let opening = async move { link::open(&link, &defaults).await };
            self.wire = Wire::Opening(Box::pin(opening));
        }
    }

    /// An answer may be heard before the word that its question has left: that comes first.
    async fn overtaken(&mut self, now: Mono) {
        let Wire::Up { writer, .. } = &mut self.wire else {
            return;
        };
        let outgoing = self.joint.outgoing();
        if outgoing.is_empty() {
            return;
        }
        let look =
            |cx: &mut Context<'_>| Poll::Ready(Pin::new(&mut *writer).poll_write(cx, outgoing));
        // A failure is told again by the next write, behind what was heard.
        if let Poll::Ready(Ok(count)) = poll_fn(look).await {
            self.joint.written(now, count);
        }
    }

    fn received(&mut self, now: Mono, count: usize) {
        if let Wire::Up { buffer, .. } = &self.wire
            && let Some(bytes) = buffer.get(..count)
        {
            self.joint.received(now, bytes);
        }
    }

    async fn lost(&mut self, why: &str, advice: &str) {
        self.end().await;
        let now = self.now();
        self.joint.lost(now, why, advice);
    }

    /// Lets go of the link. What it took to the end counts: a receipt of which a byte left is not
    /// printed again.
    async fn end(&mut self) {
        if let Wire::Up { reader, writer, .. } = std::mem::replace(&mut self.wire, Wire::None) {
            let taken = reader.unsplit(writer).end().await;
            if taken > 0 {
                let now = self.now();
                self.joint.written(now, taken);
            }
        }
    }

    /// The machine wants the link to end. Its last words go out first, if the device takes them.
    async fn close(&mut self) {
        if let Wire::Up { writer, .. } = &mut self.wire {
            let (joint, origin) = (&mut self.joint, self.origin);
            let farewell = async {
                while !joint.outgoing().is_empty() {
                    let count = writer.write(joint.outgoing()).await?;
                    if count == 0 {
                        return Err(io::ErrorKind::WriteZero.into());
                    }
                    joint.written(Mono::new(origin.elapsed()), count);
                }
                writer.shutdown().await
            };
            match timeout(CLOSE_GRACE, farewell).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(link = %self.link, %error, "closed unheard"),
                Err(_) => tracing::debug!(link = %self.link, "closed with bytes not taken"),
            }
        }
        self.end().await;
        let now = self.now();
        self.joint.closed(now);
    }

    fn now(&self) -> Mono {
        Mono::new(self.origin.elapsed())
    }
}

/// The link's next step; none while there is nothing to do.
async fn progress<C>(wire: &mut Wire, outgoing: &[u8], hear: bool) -> Step<C> {
    match wire {
        Wire::None => std::future::pending().await,
        Wire::Opening(opening) => Step::Opened(opening.await),
        Wire::Up {
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
