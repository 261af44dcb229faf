//! A simulated card terminal that speaks ECR17 and keeps its own books.
//!
//! It approves everything unless a [`Fault`] is armed. What the host approved is charged, whatever
//! the till heard or acknowledged: the protocol has no way to take it back by silence. Its books say
//! what became of the money: what a test compares the till's belief with.

use std::{io, net::SocketAddr};

use crate::serve::{self, Handle};

mod books;
mod fault;
mod machine;
mod message;
mod operation;
mod script;
#[cfg(test)]
mod tests;
mod wire;

pub use books::{Books, Kind, Standing, Transaction};
pub use fault::{FAULTS, Fault, Faults};
pub use machine::{Habit, Options, Terminal};
pub use wire::Check;

impl Terminal {
    /// Serves it on a TCP port, one connection after the other, and gives the address taken.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn serve_tcp(
        mut self,
        address: SocketAddr,
    ) -> io::Result<(SocketAddr, Handle<Self>)> {
        self.options.clock.get_or_insert(serve::local_time());
        serve::on_tcp(self, address).await
    }
}

impl Handle<Terminal> {
    /// What it did with money.
    pub fn books(&self) -> Books {
        self.with(|terminal| terminal.books().clone())
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
