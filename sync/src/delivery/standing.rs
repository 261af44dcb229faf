//! How an upstream stands as a whole, for people; and how a person reaches its worker.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use payment::Text;
use serde::Serialize;
use tokio::sync::Notify;

use super::{Pause, Trouble};

/// How an upstream stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Standing {
    /// Nothing is sent to it for a while, if so.
    pub pause: Option<Pause>,
    /// What its own settings say against the configuration, each as a sentence.
    pub findings: Vec<Text>,
}

impl Standing {
    /// What the person at the desk does next. `for_people` is whether a delivery waits for a person.
    pub fn next_step(&self, for_people: bool) -> &'static str {
        match self.pause.as_ref().map(|pause| pause.why) {
            Some(Trouble::Parked) => {
                "Nothing is sent to it. Mend what the reason says, then choose “Try again” at a \
                 payment that waits. Payments can be taken all the same, and none is lost."
            }
            Some(Trouble::Offline) => {
                "Nothing: payments can be taken all the same, and are sent as soon as it is reached."
            }
            Some(Trouble::Failing | Trouble::Asked) => {
                "Nothing: payments can be taken all the same, and are sent a little later."
            }
            Some(Trouble::Clock) => {
                "Set this machine's clock. Payments can be taken all the same, and are sent then."
            }
            None if for_people => "Decide about the payments below that wait for a person.",
            None if !self.findings.is_empty() => {
                "Correct what was found. Payments that it does not touch are sent by themselves."
            }
            None => "Nothing: payments are sent by themselves.",
        }
    }
}

/// The way between a worker and people: it is woken and hurried by it, and tells by it how its
/// upstream stands.
#[derive(Debug, Default)]
pub struct Contact {
    wake: Arc<Notify>,
    hurried: AtomicBool,
    standing: Mutex<Standing>,
}

impl Contact {
    /// What wakes the worker when something falls due.
    pub fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// How the upstream stands.
    pub fn standing(&self) -> Standing {
        self.lock().clone()
    }

    /// A person wants the upstream to be tried now.
    pub fn hurry(&self) {
        self.hurried.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    pub(super) fn was_hurried(&self) -> bool {
        self.hurried.swap(false, Ordering::AcqRel)
    }

    pub(super) fn tell(&self, standing: Standing) {
        *self.lock() = standing;
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
