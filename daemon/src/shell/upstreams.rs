//! Starts the deliveries to the invoicing systems, and ends them.

use std::time::Duration;

use config::{Config, UpstreamKind};
use payment::Text;
use sync::{
    delivery::{self, Http, QueueOutbox, SystemClock, Worker},
    queue::Queue,
    upstream::{self, HttpAnswer, HttpRequest},
};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::{Known, StartError, WorkDue};

/// Longest wait for the requests that run: one of them, and its outcome's commit.
const FINISH: Duration = delivery::LONGEST_REQUEST.saturating_add(Duration::from_secs(5));

/// The workers that deliver. They end when it is dropped too, each after its running request, as long as
/// somebody waits for that.
pub(super) struct Deliveries {
    stop: watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
}

impl Deliveries {
    /// Lets the running requests end and their outcomes be kept, and begins no other delivery. One that
    /// is cut off would have to be waited out and read back in the next life, or by a person.
    pub(super) async fn end(self) {
        self.stop.send_replace(true);
        let all = async {
            for worker in self.workers {
                if let Err(error) = worker.await {
                    tracing::error!(%error, "a delivery had failed");
                }
            }
        };
        if timeout(FINISH, all).await.is_err() {
            tracing::warn!("a request to an invoicing system is cut off; it will be read back");
        }
    }
}

/// Starts one worker for each upstream of the configuration; `known` are the same, in the same order.
pub(super) fn start(
    config: &Config,
    known: &[Known],
    queue: &Queue,
    due: &mut Vec<WorkDue>,
) -> Result<Deliveries, StartError> {
    let (stop, stopped) = watch::channel(false);
    let mut workers = Vec::new();
    for (i, (section, known)) in config.upstreams.iter().zip(known).enumerate() {
        let contact = known.contact.clone();
        due.push(contact.wake());
        let outbox = QueueOutbox::new(queue.clone())?;
        let (system, clock) = (upstream::from_config(section), SystemClock::new());
        if let UpstreamKind::Worklist(_) = section.kind {
            let worker = Worker::new(section, system, (outbox, NoNetwork, clock), seed(i));
            workers.push(tokio::spawn(delivery::run(
                worker,
                contact,
                stopped.clone(),
            )));
        } else {
            let shell = (outbox, known.client.clone(), clock);
            let worker = Worker::new(section, system, shell, seed(i));
            workers.push(tokio::spawn(delivery::run(
                worker,
                contact,
                stopped.clone(),
            )));
        }
    }
    Ok(Deliveries { stop, workers })
}

/// The way to a worklist: a person.
struct NoNetwork;

impl Http for NoNetwork {
    async fn send(&self, _request: HttpRequest) -> HttpAnswer {
        let reason = Text::from("Nothing is sent to a worklist.");
        HttpAnswer::NotSent { reason }
    }
}

/// Seeds the jitter, so that fifty kiosks do not come back at the same moment.
fn seed(i: usize) -> u64 {
    let mut random = [0; 8];
    if getrandom::fill(&mut random).is_err() {
        tracing::warn!("no randomness: deliveries are tried again without jitter");
    }
    u64::from_be_bytes(random).wrapping_add(i as u64)
}
