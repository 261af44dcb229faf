//! The way of everybody else to the engine's task, and to what the queue keeps.
//!
//! It carries words there and answers back, and must not decide anything.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use payment::{
    DeliveryAction, DeliveryDecision, DeviceId, Intent, Payment, PaymentId, Settlement, Text,
    UpstreamId, closing::ClosingIntent,
};
use sync::{
    queue::{ReadError, Reader, Urgency, Write, WriteError},
    upstream::Worklist,
};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::{lookup::Known, nightly::Nightly, readers::Readers, task::Request};
use crate::{
    engine::{Answer, Desk, Event, Notice, ReplyTo, ServiceWish},
    printing::Printers,
    problem::Problem,
};

/// A way to the engine and to what it keeps. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) desk: watch::Receiver<Arc<Desk>>,
    pub(super) notices: broadcast::Sender<Notice>,
    pub(super) readers: Arc<Readers>,
    pub(super) worklists: Arc<[Worklist]>,
    pub(super) printers: Printers,
    pub(super) upstreams: Arc<[Known]>,
    pub(super) nightly: Nightly,
    /// Whoever compares the books holds it.
    pub(super) reconciling: Arc<tokio::sync::Mutex<()>>,
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
        self.readers.read(read).await
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
