//! A simulated card terminal that speaks Concert V2 on a serial line and keeps its own books.
//!
//! It approves everything unless a [`Fault`] is armed. Like the real ones it knows no transaction
//! by a name, goes on with a payment whatever becomes of the cable, and reverses nothing by itself.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::ledger::Ledger;
use crate::serve::{self, Handle};

mod fault;
mod machine;
mod message;

pub use fault::{FAULTS, Fault, Faults};
pub use machine::{Options, Terminal};

impl Terminal {
    /// Serves it on a pseudo-terminal, and gives the path to open. With `link`, the path is a
    /// symbolic link made there, and hanging up is real; without, it is silence.
    ///
    /// # Errors
    /// When the system gives no pseudo-terminal, or the link cannot be made.
    pub fn serve_pty(self, link: Option<&Path>) -> io::Result<(PathBuf, Handle<Self>)> {
        serve::on_pty(self, link)
    }
}

impl Handle<Terminal> {
    /// What it did with money.
    pub fn ledger(&self) -> Ledger {
        self.with(|terminal| terminal.ledger().clone())
    }
}
