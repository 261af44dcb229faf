//! The shell: carries out what the engine wants, with real time, disks and wires.
//!
//! One task owns the engine and takes one event at a time. Everybody else holds a [`Handle`].
//! This module must not decide anything about payments.

mod database;
mod lookup;
mod nightly;
mod paper;
mod reconcile;
mod start;
mod terminals;
mod upstreams;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use drivers::run::ToMachine;
use futures_util::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use payment::{
    DeliveryAction, DeliveryDecision, DeviceId, Intent, Payment, PaymentId, Settlement, Text,
    UpstreamId, closing::ClosingIntent,
};
use sync::{
    queue::{OpenError, Queue, ReadError, Reader, Urgency, Write, WriteError},
    upstream::Worklist,
};
use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};

pub use database::database_file;
pub use lookup::{Asked, Known};
pub use reconcile::Reconciled;
pub use start::{RunError, Running, StartError, setups, start, unfinished};
pub use terminals::event;

use crate::{
    engine::{Answer, Desk, Effect, Engine, Event, Notice, ReplyTo, ServiceWish},
    printing::Printers,
    problem::Problem,
};

/// Most events that wait for the engine.
const EVENTS: usize = 1024;
/// Most notices that a slow watcher may lag behind before it re-reads the journal.
const NOTICES: usize = 256;

/// What wakes those who print and deliver.
pub type WorkDue = Arc<Notify>;

type Commands = mpsc::Sender<ToMachine<drivers::terminal::Command>>;

/// A way to the engine and to what it keeps. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    requests: mpsc::Sender<Request>,
    desk: watch::Receiver<Arc<Desk>>,
    notices: broadcast::Sender<Notice>,
    readers: Arc<Readers>,
    worklists: Arc<[Worklist]>,
    printers: Printers,
    upstreams: Arc<[Known]>,
    nightly: nightly::Nightly,
    /// Whoever compares the books holds it.
    reconciling: Arc<tokio::sync::Mutex<()>>,
}

/// What goes to the engine's task.
enum Request {
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

/// Read-only connections, lent out one at a time.
struct Readers {
    queue: Queue,
    idle: Mutex<Vec<Reader>>,
    /// Whoever reads the whole database holds it.
    one_at_a_time: tokio::sync::Mutex<()>,
}

impl Handle {
    /// Takes a payment; waits for its outcome if `wait`.
    ///
    /// # Errors
    /// When it cannot be begun. Then no terminal was asked.
    pub async fn pay(&self, intent: Intent, original: Option<Payment>, wait: bool) -> Answer {
        self.ask(move |reply| Event::Pay {
            intent: Box::new(intent),
            original: original.map(Box::new),
            reply,
            wait,
        })
        .await
    }

    /// Closes a terminal's day.
    ///
    /// # Errors
    /// When it cannot be begun.
    pub async fn close(&self, intent: ClosingIntent) -> Answer {
        let intent = Box::new(intent);
        self.ask(move |reply| Event::Close { intent, reply }).await
    }

    /// Asks a terminal for a service, and waits for what becomes of it.
    ///
    /// # Errors
    /// When it cannot be asked for, or was not done.
    pub async fn serve(&self, device: DeviceId, wish: ServiceWish) -> Answer {
        self.ask(move |reply| Event::Serve {
            device,
            wish,
            reply,
        })
        .await
    }

    /// Asks a terminal for its last transaction again, now.
    pub async fn recover(&self, device: DeviceId) {
        self.event(Event::Wake(device)).await;
    }

    /// Keeps a person's decision about a delivery, and has it carried out.
    ///
    /// # Errors
    /// When that cannot be decided now.
    pub async fn decide(
        &self,
        payment: PaymentId,
        decision: DeliveryDecision,
    ) -> Result<(), Problem> {
        let at = self.now();
        let retried = matches!(decision.action, DeliveryAction::Retry);
        let retried = retried.then(|| decision.upstream.clone());
        let write = Write::Decide {
            payment,
            decision,
            at,
        };
        match self.readers.queue.submit(write, Urgency::Now).await {
            Ok(_) => {}
            Err(WriteError::Undecidable(why)) => return Err(Problem::Undecidable(payment, why)),
            Err(WriteError::UnknownDelivery { .. }) => {
                return Err(Problem::NothingToHandle(payment));
            }
            Err(WriteError::DiskFull) => return Err(Problem::StorageFull),
            Err(_) => return Err(Problem::StorageFailed),
        }
        // Nobody who watches is no reason to fail.
        self.notices.send(Notice::Journal).unwrap_or(0);
        for known in self
            .upstreams
            .iter()
            .filter(|k| Some(&k.id) == retried.as_ref())
        {
            known.contact.hurry();
        }
        // It, or the next payment of that invoice, may go now.
        self.requests
            .send(Request::WorkDue)
            .await
            .map_err(|_| Problem::Stopping)
    }

    /// Keeps a person's word that they entered a payment by hand.
    ///
    /// # Errors
    /// When that delivery does not wait for a person.
    pub async fn handled(
        &self,
        payment: PaymentId,
        upstream: UpstreamId,
        name: Text,
        reason: Text,
    ) -> Result<(), Problem> {
        let decision = DeliveryDecision {
            upstream,
            action: DeliveryAction::Entered,
            name,
            reason,
        };
        let decided = self.decide(payment, decision).await;
        decided.map_err(|problem| match problem {
            Problem::Undecidable(payment, _) => Problem::NothingToHandle(payment),
            other => other,
        })
    }

    /// Asks the terminal to end the running payment.
    ///
    /// # Errors
    /// When that payment is not running.
    pub async fn abort(&self, payment: PaymentId) -> Answer {
        self.ask(move |reply| Event::Abort { payment, reply }).await
    }

    /// Settles a doubt by a person's word.
    ///
    /// # Errors
    /// When the payment is not in doubt, or the word cannot be kept.
    pub async fn resolve(&self, payment: PaymentId, settlement: Settlement) -> Answer {
        self.ask(move |reply| Event::Resolve {
            payment,
            settlement,
            reply,
        })
        .await
    }

    async fn ask(&self, event: impl FnOnce(ReplyTo) -> Event + Send + 'static) -> Answer {
        let (answer, answered) = oneshot::channel();
        let request = Request::Ask(Box::new(event), answer);
        self.requests
            .send(request)
            .await
            .map_err(|_| Problem::Stopping)?;
        answered.await.map_err(|_| Problem::Stopping)?
    }

    /// What the devices look like now.
    pub fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk.borrow())
    }

    /// What a person copies to other systems.
    pub fn worklists(&self) -> Arc<[Worklist]> {
        Arc::clone(&self.worklists)
    }

    /// The last comparison of the books that was made by itself.
    pub fn nightly(&self) -> Option<serde_json::Value> {
        self.nightly.last()
    }

    /// What happens from now on.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// Reads from the queue, away from the engine's task.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Problem> {
        let readers = Arc::clone(&self.readers);
        let result = tokio::task::spawn_blocking(move || readers.lend(read)).await;
        match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                tracing::error!(%error, "the queue cannot be read");
                Err(match error {
                    LendError::Read(ReadError::Damaged(_)) => Problem::StorageDamaged,
                    LendError::Open(_) | LendError::Read(_) => Problem::StorageFailed,
                })
            }
            Err(_) => Err(Problem::StorageFailed),
        }
    }

    /// The wall clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the shell is where clocks are read"
    )]
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Randomness for a new name; none when the system gives none.
    pub fn random(&self) -> Option<[u8; 10]> {
        let mut random = [0; 10];
        getrandom::fill(&mut random).ok()?;
        Some(random)
    }

    /// The problem of a device that does not exist.
    pub fn unknown_device(&self, device: &str) -> Problem {
        let known: Vec<String> = self
            .desk()
            .devices
            .iter()
            .map(|d| d.id.to_string())
            .collect();
        let device = device
            .chars()
            .filter(|c| !c.is_control())
            .take(40)
            .collect();
        Problem::UnknownDevice {
            device,
            known: known.join(", "),
        }
    }

    /// Whether the engine's task still answers; for the service manager's watchdog.
    pub async fn is_alive(&self, within: Duration) -> bool {
        let (pong, ponged) = oneshot::channel();
        let sent = self
            .requests
            .send_timeout(Request::Ping(pong), within)
            .await;
        sent.is_ok() && matches!(tokio::time::timeout(within, ponged).await, Ok(Ok(())))
    }

    /// Takes no new payments, and waits until the running ones are over.
    pub async fn stop(&self) {
        let (done, is_done) = oneshot::channel();
        if self.requests.send(Request::Stop(done)).await.is_ok() {
            // An error means that the task is gone already: then nothing runs any more.
            is_done.await.unwrap_or(());
        }
    }
}

impl Readers {
    fn lend<T>(&self, read: impl FnOnce(&Reader) -> Result<T, ReadError>) -> Result<T, LendError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let reader = match idle {
            Some(reader) => reader,
            None => self.queue.reader()?,
        };
        let value = read(&reader);
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(reader);
        Ok(value?)
    }
}

/// Why the queue could not be read.
#[derive(Debug, thiserror::Error)]
enum LendError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The engine's task.
struct EngineTask {
    engine: Engine,
    queue: Queue,
    handle: Handle,
    requests: mpsc::Receiver<Request>,
    desk: watch::Sender<Arc<Desk>>,
    terminals: HashMap<DeviceId, Commands>,
    work_due: Vec<WorkDue>,
    replies: HashMap<ReplyTo, oneshot::Sender<Answer>>,
    next_reply: u64,
    stopping: Option<oneshot::Sender<()>>,
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
    async fn run(
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
            let payment = found.ok().flatten().map(Box::new);
            handle.event(Event::Found { ticket, payment }).await;
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

impl Handle {
    /// Tells everybody who watches.
    pub(crate) fn publish(&self, notice: Notice) {
        // Without watchers there is nobody to tell.
        self.notices.send(notice).unwrap_or(0);
    }

    /// Receipts or deliveries may have fallen due.
    pub(crate) async fn work_due(&self) {
        if self.requests.send(Request::WorkDue).await.is_err() {
            tracing::debug!("work fell due after the engine's end");
        }
    }

    /// Tells the engine what happened. Waits when it is busy.
    pub(crate) async fn event(&self, event: Event) {
        if self
            .requests
            .send(Request::Event(Box::new(event)))
            .await
            .is_err()
        {
            tracing::debug!("an event after the engine's end");
        }
    }
}
