//! ZVT (ZVT-Kassenschnittstelle), the protocol of most card terminals in Germany and Austria.
//!
//! The specification is PA00P015 (application) and PA00P016 (transport). The layers, from the wire
//! upwards: [`rs232`] and [`mod@line`] (serial only), [`apdu`], [`bmp`] and [`tlv`] (fields),
//! [`message`] (typed messages), [`codes`] (what numbers mean to a person). They work in both
//! directions, so that a simulated terminal can be built from them. [`Zvt`] is the driver itself.
//!
//! This module must not know sockets, the clock or the queue.

pub mod apdu;
pub mod bcd;
pub mod bmp;
pub mod codes;
mod enquiry;
pub mod line;
pub mod message;
mod operation;
pub mod rs232;
mod sequence;
mod session;
mod settings;
pub mod text;
pub mod tlv;
mod transport;
#[cfg(test)]
mod vectors;

pub use session::Zvt;
pub use settings::ZvtSettings;
pub use transport::Framing;

use config::{Link, Terminal, ZvtOptions};
use jiff::Timestamp;
use payment::recovery::Counting;

use super::{
    Abilities, Driver, Evidence, Family, Maturity, Named, Reach, Recovery, Refunds, Reversals,
};
use crate::link::{Defaults, StopBits};

/// What there is to know of ZVT.
pub const FAMILY: Family = Family {
    name: "zvt",
    title: "ZVT",
    region: "Germany, Austria, Switzerland",
    links: &[Reach::Serial, Reach::Tcp],
    abilities: Abilities {
        recovery: Recovery::LastTransaction(Counting::Receipts),
        abort: true,
        reversals: Reversals::Any(Named::ByReceipt),
        refunds: Refunds::Any,
        end_of_day: true,
        receipts: true,
        keep_alive: true,
        services: true,
    },
    maturity: Maturity::Beta,
    evidence: &[
        Evidence::Vectors,
        Evidence::Simulator,
        Evidence::Trace,
        Evidence::Peer("the zvt crate, at the simulator"),
    ],
};

/// The driver of a configured terminal.
pub(super) fn driver(terminal: &Terminal, options: &ZvtOptions, origin: Timestamp) -> Driver {
    let settings = ZvtSettings::new(options, terminal.currency);
    // TCP carries bare messages; anything else is a serial line in some form.
    let framing = match &terminal.link {
        // HTTPS and USB are refused by the configuration.
        Link::Tcp { .. } | Link::Https { .. } | Link::Usb { .. } => Framing::Tcp,
        Link::Serial { .. } | Link::File { .. } => Framing::Serial,
    };
    Driver {
        machine: Box::new(Zvt::new(settings, framing).with_clock(origin)),
        // PA00P016, 2.1: eight data bits, no parity, two stop bits.
        defaults: Defaults {
            stop_bits: StopBits::Two,
            ..Defaults::default()
        },
    }
}
