//! The configuration as the rest of the house sees it: checked, with every default filled in.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use jiff::civil::Time;
use payment::{Currency, DeviceId, PrinterId, UpstreamId};

use crate::{Link, Protocol, Receipts, UpstreamKind};

/// Everything.
#[derive(Debug, Clone)]
pub struct Config {
    /// The daemon itself.
    pub daemon: Daemon,
    /// Devices with a card terminal.
    pub terminals: Vec<Terminal>,
    /// Devices without one.
    pub tills: Vec<Till>,
    /// Receipt printers.
    pub printers: Vec<Printer>,
    /// How receipts look.
    pub receipts: Receipts,
    /// Invoicing systems that payments are delivered to.
    pub upstreams: Vec<Upstream>,
}

/// `[daemon]`
#[derive(Debug, Clone)]
pub struct Daemon {
    /// Holds the database and the token.
    pub state_dir: PathBuf,
    /// The API's address, always loopback. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The API's Unix socket.
    pub socket: PathBuf,
    /// At what time of day the books are compared by themselves; never, if none.
    pub reconcile_at: Option<Time>,
}

/// `[[terminal]]`: a device that takes cards, and the other methods too.
#[derive(Debug, Clone)]
pub struct Terminal {
    /// The device ID, and so the group of every payment taken here.
    pub id: DeviceId,
    /// What it speaks.
    pub protocol: Protocol,
    /// How it is reached.
    pub link: Link,
    /// The one currency it takes.
    pub currency: Currency,
    /// Where its receipts come out.
    pub printer: Option<PrinterId>,
}

/// `[[till]]`: a device without a terminal.
#[derive(Debug, Clone)]
pub struct Till {
    /// The device ID, and so the group of every payment taken here.
    pub id: DeviceId,
    /// The one currency it takes.
    pub currency: Currency,
    /// Where its receipts come out.
    pub printer: Option<PrinterId>,
}

/// `[[printer]]`
#[derive(Debug, Clone)]
pub struct Printer {
    /// Its name.
    pub id: PrinterId,
    /// How it is reached.
    pub link: Link,
    /// The name of its profile, such as `epson-tm-t20iii`.
    pub profile: String,
    /// The cash drawer that hangs on it, if there is one.
    pub drawer: Option<Drawer>,
    /// How old a receipt may be that is still printed by itself.
    pub expires: Duration,
    /// The printer that prints what this one cannot.
    pub stand_in: Option<PrinterId>,
    /// For how long it must have been unable to begin a receipt before the other one prints it.
    pub stand_in_after: Duration,
}

/// A cash drawer, by the pin of the printer's socket that opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawer {
    /// Pin 2, where the only drawer usually is.
    Pin2,
    /// Pin 5, for a second one.
    Pin5,
}

/// `[[upstream]]`
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Its name.
    pub id: UpstreamId,
    /// Its address, without a trailing slash; empty for a worklist, which has none.
    pub url: String,
    /// How long an ambiguous request may still be carried out by the server.
    pub fence: Duration,
    /// What it is, with its own options.
    pub kind: UpstreamKind,
}

/// A secret that was read, and never shows itself in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes over a secret.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself. Not for logs.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
