//! A simulated card terminal that speaks Caisse-AP over IP (Concert V3) and keeps its own books.
//!
//! It approves everything unless a [`Fault`] is armed. It answers one request on a connection and
//! then hangs up; it goes on with a payment whatever becomes of the connection, and reverses
//! nothing by itself.

use std::{io, net::SocketAddr};

use super::ledger::Ledger;
use crate::serve::{self, Handle};

mod fault;
mod machine;
mod message;

pub use fault::{FAULTS, Fault, Faults};
pub use machine::{Options, Terminal};

impl Terminal {
    /// Serves it on a TCP port, one connection after the other, and gives the address taken.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn serve_tcp(self, address: SocketAddr) -> io::Result<(SocketAddr, Handle<Self>)> {
        serve::on_tcp(self, address).await
    }
}

impl Handle<Terminal> {
    /// What it did with money.
    pub fn ledger(&self) -> Ledger {
        self.with(|terminal| terminal.ledger().clone())
    }
}
