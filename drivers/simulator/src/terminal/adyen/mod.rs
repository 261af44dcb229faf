//! A simulated card terminal that speaks Adyen's Terminal API over the local network, and keeps its own
//! books.
//!
//! It approves everything unless a [`Fault`] is armed. As a [`Machine`](drivers::Machine) its wire is
//! the stream of frames that the driver's link makes of HTTP exchanges; served, it is an HTTPS server
//! with a certificate chain of its own.

mod answer;
mod books;
mod fault;
mod machine;
mod message;
mod operation;
mod receipt;
mod serve;
mod stream;

pub use books::{Books, Kind, Transaction};
pub use fault::{FAULTS, Fault, Faults};
pub use machine::{Options, Terminal};
pub use serve::Identity;

use crate::serve::Handle;

impl Handle<Terminal> {
    /// What it did with money.
    pub fn books(&self) -> Books {
        self.with(|terminal| terminal.books().clone())
    }

    /// What is left of each payment that a patient really paid, in hundredths.
    pub fn charged(&self) -> Vec<u64> {
        self.with(|terminal| terminal.books().charged())
    }

    /// How often it was asked to take a payment, whatever came of it.
    pub fn payments_asked(&self) -> u32 {
        self.with(|terminal| terminal.payments_asked())
    }

    /// Makes the next payments or reversals go wrong.
    pub fn arm(&self, faults: Faults) {
        self.with(|terminal| terminal.arm(faults));
    }

    /// Forgets all armed faults, and wakes it from the dead.
    pub fn clear(&self) {
        self.with(Terminal::clear);
    }
}
