//! A worker in the real world: the clock, sleep, and what wakes it.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{Clock, Contact, Http, Now, Outbox, Round, Worker};

/// After the outbox failed.
const AFTER_ERROR: Duration = Duration::from_secs(5);
/// Longest sleep, whatever was asked for.
const LONGEST: Duration = Duration::from_hours(1);

/// Delivers until `stop` is true or its sender is gone. By `contact` it is woken when something new
/// falls due, and when a person asks to try again.
///
/// A stop lets the running request end. Dropping the future is safe too, but makes that request
/// ambiguous.
pub async fn run<O: Outbox, H: Http, C: Clock>(
    mut worker: Worker<O, H, C>,
    contact: Arc<Contact>,
    mut stop: watch::Receiver<bool>,
) {
    let mut begun = false;
    loop {
        if contact.was_hurried() {
            worker.hurry();
        }
        let pause = step(&mut worker, &mut begun).await;
        contact.tell(worker.standing());
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = sleep(pause) => {}
            () = contact.woken() => {}
        }
    }
}

/// Takes a worker one step on, and says how long to wait before the next, unless something falls due.
/// `begun` is false before the first.
pub async fn step<O: Outbox, H: Http, C: Clock>(
    worker: &mut Worker<O, H, C>,
    begun: &mut bool,
) -> Duration {
    match round(worker, begun).await {
        Ok(Round::Moved) => Duration::ZERO,
        Ok(Round::Idle(until)) => until.map_or(LONGEST, |at| worker.until(at).min(LONGEST)),
        Err(error) => {
            tracing::error!(%error, "the outbox cannot be used; delivery tries again");
            AFTER_ERROR
        }
    }
}

async fn round<O: Outbox, H: Http, C: Clock>(
    worker: &mut Worker<O, H, C>,
    begun: &mut bool,
) -> Result<Round, O::Error> {
    if !*begun {
        worker.restart().await?;
        *begun = true;
    }
    worker.round().await
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    wall: Timestamp,
    origin: Instant,
}

impl SystemClock {
    /// Begins the steady clock at the time of day.
    pub fn new() -> Self {
        Self {
            wall: wall(),
            origin: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let passed = self.origin.elapsed();
        Now {
            steady: self.wall.saturating_add(passed).unwrap_or(self.wall),
            wall: wall(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the shell of the delivery: it reads the clock for the rules"
)]
fn wall() -> Timestamp {
    Timestamp::now()
}
