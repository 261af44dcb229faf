//! What a terminal wants done, as an action for the person at the desk (law 13).
//!
//! It is shown and never done by itself: a payment that is refused for it is not asked for again.

use std::collections::BTreeSet;

use drivers::terminal::{Chore, Service};
use payment::DeviceId;

/// What one terminal wants done.
#[derive(Debug, Default)]
pub(super) struct Chores(BTreeSet<Chore>);

impl Chores {
    pub(super) fn add(&mut self, chore: Chore) {
        self.0.insert(chore);
    }

    /// Its day was closed.
    pub(super) fn day_closed(&mut self) {
        self.0.remove(&Chore::EndOfDay);
    }

    /// A new registration tells these again.
    pub(super) fn link_lost(&mut self) {
        self.0.remove(&Chore::Initialisation);
        self.0.remove(&Chore::Diagnosis);
    }

    /// A service was done.
    pub(super) fn served(&mut self, service: &Service) {
        let done = match service {
            Service::Diagnosis => Chore::Diagnosis,
            Service::Initialisation => Chore::Initialisation,
            Service::DisplayText(_)
            | Service::SetClock(_)
            | Service::RepeatReceipt
            | Service::LogOff => return,
        };
        self.0.remove(&done);
    }

    /// It took a payment, so whatever it wanted was done, perhaps at the terminal itself.
    pub(super) fn works(&mut self) {
        self.0.clear();
    }

    /// What is to be done next, as a sentence; none when there is nothing.
    pub(super) fn sentence(&self, device: &DeviceId) -> Option<String> {
        self.0.first().map(|chore| match chore {
            Chore::EndOfDay => {
                format!("The terminal wants its day closed: close the day (till close {device}).")
            }
            Chore::Initialisation => format!(
                "The terminal wants to be initialised: run the initialisation (till terminal \
                 initialise --device {device})."
            ),
            Chore::Diagnosis => format!(
                "The terminal wants a diagnosis: run it (till terminal diagnosis --device {device})."
            ),
        })
    }
}
