//! A simulated receipt printer that speaks ESC/POS and answers like a TM-T20III. What it prints
//! can be had as text and as dots.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::serve::{self, Habits, Handle};

mod barcode;
mod buffer;
mod code_page;
mod command;
mod dots;
mod fault;
mod glyph;
mod graphics;
mod head;
mod line;
mod machine;
mod options;
mod paper;
mod realtime;
mod roll;
mod status;
#[cfg(test)]
mod tests;

pub use code_page::{CodePage, CodePages, UnknownCodePage};
pub use dots::Dots;
pub use fault::{FAULTS, Fault};
pub use machine::{Kick, Printer};
pub use options::{Handshake, Options};
pub use paper::{Cut, Paper};

impl Printer {
    /// Serves it on a pseudo-terminal and gives the path to open. With `link`, the path is a
    /// symbolic link made there, and a cut link is a real hang-up; without, it is silence.
    ///
    /// # Errors
    /// When the system gives no pseudo-terminal, or the link cannot be made.
    pub fn serve_pty(self, link: Option<&Path>) -> io::Result<(PathBuf, Handle<Self>)> {
        serve::on_pty_with(self, link, Self::habits())
    }

    /// Serves it on a TCP port, one connection after the other, and gives the address taken.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn serve_tcp(self, address: SocketAddr) -> io::Result<(SocketAddr, Handle<Self>)> {
        serve::on_tcp_with(self, address, Self::habits()).await
    }

    /// It reads no more than it has room for, unless nobody keeps a serial line from sending; and it
    /// prints on when a client has left.
    fn habits() -> Habits<Self> {
        Habits {
            room: Self::takes,
            works_alone: true,
        }
    }
}

impl Handle<Printer> {
    /// Makes something go wrong.
    pub fn arm(&self, fault: Fault) {
        self.with(|printer| printer.arm(fault));
    }

    /// Puts everything right; what waits is printed.
    pub fn clear(&self) {
        self.with(Printer::clear);
    }

    /// The pages that were cut off, oldest first.
    pub fn pages(&self) -> Vec<String> {
        self.with(|printer| printer.pages().to_vec())
    }

    /// The same pages as dots.
    pub fn papers(&self) -> Vec<Paper> {
        self.with(|printer| printer.papers().to_vec())
    }

    /// What was printed since the last cut.
    pub fn uncut(&self) -> String {
        self.with(|printer| printer.uncut())
    }

    /// Bytes that found no room.
    pub fn bytes_lost(&self) -> u64 {
        self.with(|printer| printer.bytes_lost())
    }

    /// Bytes received since the beginning.
    pub fn bytes_received(&self) -> u64 {
        self.with(|printer| printer.bytes_received())
    }
}
