//! The configuration as the rest of the house sees it: checked, with every default filled in.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use payment::{Currency, DeviceId, Method, PrinterId, UpstreamId};

use crate::Link;

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
    /// The clinic's name, as the head of every receipt.
    pub merchant: Vec<String>,
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

/// A terminal's protocol with that protocol's options.
#[derive(Debug, Clone)]
pub enum Protocol {
    /// ZVT-Kassenschnittstelle.
    Zvt(ZvtOptions),
    /// Adyen's Terminal API over the local network.
    Adyen(AdyenOptions),
}

impl Protocol {
    /// How long the terminal may work on one payment.
    pub fn patience(&self) -> Duration {
        match self {
            Self::Zvt(options) => options.completion_timeout,
            Self::Adyen(options) => options.payment_timeout,
        }
    }
}

/// `[terminal.zvt]`
#[derive(Debug, Clone)]
pub struct ZvtOptions {
    /// The six digits of the merchant password; `000000` unless given.
    pub password: Secret,
    /// The character set of the terminal's texts.
    pub charset: ZvtCharset,
    /// T3: how long a command may stay unanswered.
    pub answer_timeout: Duration,
    /// T4: how long the terminal may be silent in the middle of an operation.
    pub completion_timeout: Duration,
    /// Whether the terminal's receipts come to our printer.
    pub print_here: bool,
}

/// The character set of a ZVT terminal's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZvtCharset {
    /// The protocol's own default.
    #[default]
    Cp437,
    /// What Austrian terminals send.
    Latin1,
    /// The seven-bit set with German letters in the places of brackets.
    SevenBit,
}

/// `[terminal.adyen]`
#[derive(Debug, Clone)]
pub struct AdyenOptions {
    /// The terminal's name: its model and serial number, such as `V400m-123456789`.
    pub poi_id: String,
    /// The till's name at the terminal; the device ID unless given.
    pub sale_id: Option<String>,
    /// The passphrase of the key that is set for local communication.
    pub passphrase: Secret,
    /// That key's name.
    pub key_identifier: String,
    /// That key's version.
    pub key_version: u32,
    /// The root certificate, as PEM, that the terminal's certificate must chain to.
    pub root: String,
    /// Which terminals may answer.
    pub environment: AdyenEnvironment,
    /// How long a question may stay unanswered.
    pub answer_timeout: Duration,
    /// How long a payment may take.
    pub payment_timeout: Duration,
}

/// Which of Adyen's terminals may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AdyenEnvironment {
    /// Those that take real money.
    #[default]
    Live,
    /// Test terminals.
    Test,
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
}

/// `[[upstream]]`
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Its name.
    pub id: UpstreamId,
    /// Its address, without a trailing slash.
    pub url: String,
    /// How long an ambiguous request may still be carried out by the server.
    pub fence: Duration,
    /// What it is, with its own options.
    pub kind: UpstreamKind,
}

/// An invoicing system with that system's options.
#[derive(Debug, Clone)]
pub enum UpstreamKind {
    /// iVvy.
    Ivvy {
        /// The public half of the key.
        api_key: String,
        /// The secret half.
        secret: Secret,
        /// `paymentMethod` for each method; see the iVvy page of the documentation.
        methods: BTreeMap<Method, u8>,
    },
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
