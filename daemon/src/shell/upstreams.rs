//! Starts the deliveries to the invoicing systems.

use config::{Config, UpstreamKind};
use payment::Text;
use sync::{
    delivery::{self, Http, QueueOutbox, SystemClock, Worker},
    queue::Queue,
    upstream::{self, HttpAnswer, HttpRequest},
};
use tokio::sync::watch;

use super::{Known, StartError, WorkDue};

/// Starts one worker for each upstream of the configuration; `known` are the same, in the same order.
/// They end when `stop` is true or its sender is gone.
pub(super) fn start(
    config: &Config,
    known: &[Known],
    queue: &Queue,
    stop: &watch::Receiver<bool>,
    due: &mut Vec<WorkDue>,
) -> Result<(), StartError> {
    for (i, (section, known)) in config.upstreams.iter().zip(known).enumerate() {
        let contact = known.contact.clone();
        due.push(contact.wake());
        let outbox = QueueOutbox::new(queue.clone())?;
        let (system, clock) = (upstream::from_config(section), SystemClock::new());
        if let UpstreamKind::Worklist(_) = section.kind {
            let worker = Worker::new(section, system, (outbox, NoNetwork, clock), seed(i));
            tokio::spawn(delivery::run(worker, contact, stop.clone()));
        } else {
            let shell = (outbox, known.client.clone(), clock);
            let worker = Worker::new(section, system, shell, seed(i));
            tokio::spawn(delivery::run(worker, contact, stop.clone()));
        }
    }
    Ok(())
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
