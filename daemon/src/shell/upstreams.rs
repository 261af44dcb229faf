//! Starts the deliveries to the invoicing systems.

use config::Config;
use sync::{
    delivery::{self, Client, QueueOutbox, SystemClock, Worker},
    queue::Queue,
    upstream,
};
use tokio::sync::watch;

use super::{StartError, WorkDue};

/// Starts one worker for each upstream. They end when `stop` is true or its sender is gone.
pub(super) fn start(
    config: &Config,
    queue: &Queue,
    stop: &watch::Receiver<bool>,
    due: &mut Vec<WorkDue>,
) -> Result<(), StartError> {
    for (i, section) in config.upstreams.iter().enumerate() {
        let wake = WorkDue::default();
        due.push(wake.clone());
        let shell = (
            QueueOutbox::new(queue.clone())?,
            Client::new()?,
            SystemClock::new(),
        );
        let worker = Worker::new(section, upstream::from_config(section), shell, seed(i));
        tokio::spawn(delivery::run(worker, wake, stop.clone()));
    }
    Ok(())
}

/// Seeds the jitter, so that fifty kiosks do not come back at the same moment.
fn seed(i: usize) -> u64 {
    let mut random = [0; 8];
    if getrandom::fill(&mut random).is_err() {
        tracing::warn!("no randomness: deliveries are tried again without jitter");
    }
    u64::from_be_bytes(random).wrapping_add(i as u64)
}
