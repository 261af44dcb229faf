//! The task that owns the engine: one event at a time in, and what the engine wants carried out.

use std::{collections::HashMap, sync::Arc};

use drivers::run::ToMachine;
use futures_util::{StreamExt, stream::FuturesUnordered};
use payment::DeviceId;
use sync::queue::{Queue, WriteError};
use tokio::sync::{mpsc, oneshot, watch};

use super::{Commands, Handle, WorkDue};
use crate::{
    engine::{Answer, Desk, Effect, Engine, Event, ReplyTo},
    problem::Problem,
};

/// What goes to the engine's task.
pub(super) enum Request {
    /// An event that nobody waits for.
    Event(Box<Event>),
    /// An event with somebody who waits for the answer.
    Ask(
        Box<dyn FnOnce(ReplyTo) -> Event + Send>,
        oneshot::Sender<Answer>,
    ),
    /// Take no new payments; say when the last one is over.
    Stop(oneshot::Sender<()>),
    /// Receipts or deliveries may have fallen due.
    WorkDue,
    /// Say that the loop is alive.
    Ping(oneshot::Sender<()>),
}

/// The engine's task.
pub(super) struct EngineTask {
    pub(super) engine: Engine,
    pub(super) queue: Queue,
    pub(super) handle: Handle,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) desk: watch::Sender<Arc<Desk>>,
    pub(super) terminals: HashMap<DeviceId, Commands>,
    pub(super) work_due: Vec<WorkDue>,
    pub(super) replies: HashMap<ReplyTo, oneshot::Sender<Answer>>,
    pub(super) next_reply: u64,
    pub(super) stopping: Option<oneshot::Sender<()>>,
}

/// The database can no longer be trusted to keep what it is given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}. The daemon stops, so that the service manager starts it anew.")]
pub struct StorageLost(pub WriteError);

impl EngineTask {
    /// Runs until everybody who could ask is gone, or the database fails.
    ///
    /// `first` is what an earlier run left to do. When that is durable, `recovered` is told, and
    /// not before is anything new taken.
    pub(super) async fn run(
        mut self,
        first: Vec<Effect>,
        recovered: oneshot::Sender<()>,
    ) -> Result<(), StorageLost> {
        let mut recovered = Some(recovered);
        let mut writes: FuturesUnordered<_> = self.carry_out(first).into_iter().collect();
        self.desk.send_replace(Arc::new(self.engine.desk()));
        loop {
            if writes.is_empty()
                && let Some(recovered) = recovered.take()
            {
                // Nobody who waits means that the start was given up.
                recovered.send(()).unwrap_or(());
            }
            let event = tokio::select! {
                biased;
                Some(written) = writes.next() => Some(written),
                request = self.requests.recv(), if recovered.is_none() => match request {
                    Some(request) => self.event_of(request),
                    None => return Ok(()),
                },
            };
            if let Some(event) = event {
                if let Event::Written { result, .. } = &event
                    && let Err(error @ WriteError::Fatal(_)) = result.as_ref()
                {
                    return Err(StorageLost(error.clone()));
                }
                let effects = self.engine.handle(self.handle.now(), event);
                // Whoever gets an answer finds the devices as they are after it.
                self.desk.send_replace(Arc::new(self.engine.desk()));
                for written in self.carry_out(effects) {
                    writes.push(written);
                }
            }
            if !self.engine.is_busy()
                && writes.is_empty()
                && let Some(done) = self.stopping.take()
            {
                // Whoever asked may be gone; there is nobody else to tell.
                done.send(()).unwrap_or(());
                return Ok(());
            }
        }
    }

    fn event_of(&mut self, request: Request) -> Option<Event> {
        match request {
            Request::Event(event) => Some(*event),
            Request::Ask(_, answer) if self.stopping.is_some() => {
                // Whoever asked may have hung up.
                answer.send(Err(Problem::Stopping)).unwrap_or(());
                None
            }
            Request::Ask(event, answer) => {
                self.next_reply += 1;
                let reply = ReplyTo(self.next_reply);
                self.replies.insert(reply, answer);
                Some(event(reply))
            }
            Request::Stop(done) => {
                self.stopping = Some(done);
                None
            }
            Request::WorkDue => {
                self.work_due.iter().for_each(|w| w.notify_one());
                None
            }
            Request::Ping(pong) => {
                // A late answer helps nobody.
                pong.send(()).unwrap_or(());
                None
            }
        }
    }

    /// Carries out what can be done at once, and returns the writes to wait for.
    fn carry_out(&mut self, effects: Vec<Effect>) -> Vec<impl Future<Output = Event> + use<>> {
        let mut writes = Vec::new();
        for effect in effects {
            match effect {
                Effect::Write {
                    ticket,
                    write,
                    urgency,
                } => {
                    let pending = self.queue.submit(*write, urgency);
                    writes.push(async move {
                        Event::Written {
                            ticket,
                            result: Box::new(pending.await),
                        }
                    });
                }
                Effect::LookUp { ticket, key } => self.look_up(ticket, &key),
                Effect::Command { device, command } => {
                    self.tell(&device, ToMachine::Command(command));
                }
                Effect::Stored { device, kept } => self.tell(&device, ToMachine::Stored(kept)),
                Effect::Reply { to, answer } => {
                    if let Some(waiting) = self.replies.remove(&to) {
                        // Whoever asked may have hung up; the payment is kept all the same.
                        waiting.send(*answer).unwrap_or(());
                    }
                }
                Effect::Wake { device, after } => {
                    let handle = self.handle.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(after).await;
                        handle.event(Event::Wake(device)).await;
                    });
                }
                Effect::WaitOut {
                    device,
                    payment,
                    after,
                } => {
                    let handle = self.handle.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(after).await;
                        handle.event(Event::WaitedOut { device, payment }).await;
                    });
                }
                Effect::Publish(notice) => self.handle.publish(notice),
                Effect::OpenDrawer(printer) => self.handle.printers.kick(&printer),
                Effect::WorkDue => self.work_due.iter().for_each(|w| w.notify_one()),
            }
        }
        writes
    }

    fn look_up(&self, ticket: crate::engine::Ticket, key: &payment::IdempotencyKey) {
        let handle = self.handle.clone();
        let key = key.clone();
        tokio::spawn(async move {
            let found = handle.read(move |reader| reader.payment_by_key(&key)).await;
            let found = found.map(|payment| payment.map(Box::new));
            handle.event(Event::Found { ticket, found }).await;
        });
    }

    fn tell(&self, device: &DeviceId, message: ToMachine<drivers::terminal::Command>) {
        let sent = self
            .terminals
            .get(device)
            .map(|commands| commands.try_send(message));
        if !matches!(sent, Some(Ok(()))) {
            tracing::error!(%device, "the terminal's driver takes no command");
        }
    }
}
