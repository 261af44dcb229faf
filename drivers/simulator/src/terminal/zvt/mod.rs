//! A simulated card terminal that speaks ZVT and keeps its own books.
//!
//! It approves everything unless a [`Fault`] is armed. Its books say what became of the money,
//! whatever the till heard: what a test compares the till's belief with.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::serve::{self, Handle};

mod act;
mod books;
mod command;
mod fault;
mod machine;
mod message;
mod operation;
mod replay;
mod request;
mod script;
#[cfg(test)]
mod tests;
mod wire;

pub use act::Act;
pub use books::{Books, Kind, Standing, Transaction};
pub use fault::{FAULTS, Fault, Faults};
pub use machine::{Options, Terminal};
pub use replay::{Mismatch, Replay, ReplayError, ReplayProblem};
pub use wire::Framing;

impl Terminal {
    /// Serves it on a pseudo-terminal, with serial framing, and gives the path to open. With
    /// `link`, the path is a symbolic link made there, and hanging up is real; without, it is
    /// silence.
    ///
    /// # Errors
    /// When the system gives no pseudo-terminal, or the link cannot be made.
    pub fn serve_pty(mut self, link: Option<&Path>) -> io::Result<(PathBuf, Handle<Self>)> {
        self.set_up(Framing::Serial, serve::local_time());
        serve::on_pty(self, link)
    }

    /// Serves it on a TCP port, without framing, one connection after the other, and gives the
    /// address taken.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn serve_tcp(
        mut self,
        address: SocketAddr,
    ) -> io::Result<(SocketAddr, Handle<Self>)> {
        self.set_up(Framing::Tcp, serve::local_time());
        serve::on_tcp(self, address).await
    }
}

impl Replay {
    /// Serves it on a pseudo-terminal like a [`Terminal`], and gives the path to open.
    ///
    /// # Errors
    /// When the system gives no pseudo-terminal, or the link cannot be made.
    pub fn serve_pty(self, link: Option<&Path>) -> io::Result<(PathBuf, Handle<Self>)> {
        serve::on_pty(self.framed(Framing::Serial), link)
    }

    /// Serves it on a TCP port like a [`Terminal`], and gives the address taken.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn serve_tcp(self, address: SocketAddr) -> io::Result<(SocketAddr, Handle<Self>)> {
        serve::on_tcp(self.framed(Framing::Tcp), address).await
    }
}

impl Handle<Replay> {
    /// Whether everything was said and heard.
    pub fn is_over(&self) -> bool {
        self.with(|replay| replay.is_over())
    }

    /// Where till and trace parted first.
    pub fn mismatch(&self) -> Option<Mismatch> {
        self.with(|replay| replay.mismatch().cloned())
    }
}

impl Handle<Terminal> {
    /// What it did with money.
    pub fn books(&self) -> Books {
        self.with(|terminal| terminal.books().clone())
    }

    /// The payments that a patient really paid.
    pub fn charged(&self) -> Vec<Transaction> {
        self.with(|terminal| terminal.books().charged())
    }

    /// How often it was asked to take a payment, whatever came of it.
    pub fn authorisations_seen(&self) -> u32 {
        self.with(|terminal| terminal.authorisations_seen())
    }

    /// The lines that the till had shown last.
    pub fn displayed(&self) -> Vec<String> {
        self.with(|terminal| terminal.displayed().to_vec())
    }

    /// Makes the next payments, refunds or reversals go wrong.
    pub fn arm(&self, faults: Faults) {
        self.with(|terminal| terminal.arm(faults));
    }

    /// Lets something happen at it without the till.
    pub fn act(&self, act: Act) {
        self.with(|terminal| terminal.act(act));
    }

    /// Lets this happen when it hangs up next, before the till can ask it anything.
    pub fn act_while_away(&self, acts: &[Act]) {
        self.with(|terminal| terminal.act_while_away(acts));
    }

    /// Forgets all armed faults, and wakes it from the dead.
    pub fn clear(&self) {
        self.with(Terminal::clear);
    }
}
