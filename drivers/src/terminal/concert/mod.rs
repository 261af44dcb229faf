//! Concert V2 ("protocole Caisse", versions E and E+), the protocol of card terminals in France on
//! a serial line or on USB that looks like one.
//!
//! Sources: what pyTeliumManager and others that speak it to real terminals have published; the
//! norm itself is handed out to members of the Association du Paiement only. The layers, from the
//! wire upwards: [`frame`] (handshake bytes and check sums), [`message`] (the two messages), and
//! [`Concert`], the driver.
//!
//! A terminal remembers nothing that could be asked for, and names no transaction: every doubt is
//! for a person.
//!
//! This module must not know sockets, the clock or the queue.

pub mod frame;
pub mod message;
mod session;

pub use session::{Concert, ConcertSettings};

use config::{ConcertOptions, Terminal};
use jiff::Timestamp;

use super::{
    Abilities, Driver, Evidence, Family, Maturity, Named, Reach, Recovery, Refunds, Reversals,
};
use crate::link::Defaults;

/// What there is to know of Concert V2.
pub const FAMILY: Family = Family {
    name: "concert",
    title: "Concert V2",
    region: "France",
    links: &[Reach::Serial],
    abilities: Abilities {
        recovery: Recovery::Person,
        abort: false,
        // The request names the amount only; the terminal finds the payment by the card that is
        // shown to it. Terminals that take back their last one only say so.
        reversals: Reversals::Any(Named::ByAmount),
        refunds: Refunds::Any,
        end_of_day: false,
        receipts: false,
        // An ENQ lights an idle terminal up, and some call it an error that nothing follows.
        keep_alive: false,
        services: false,
    },
    maturity: Maturity::Beta,
    evidence: &[
        Evidence::Vectors,
        Evidence::Simulator,
        Evidence::Peer("pyTeliumManager's codec as the terminal"),
    ],
};

/// The driver of a configured terminal.
pub(super) fn driver(terminal: &Terminal, options: &ConcertOptions, _: Timestamp) -> Driver {
    let settings = ConcertSettings {
        position: options.position,
        currency: terminal.currency,
        patience: options.completion_timeout,
    };
    Driver {
        machine: Box::new(Concert::new(settings)),
        // 9600 8N1, which the published programs open; the link may say otherwise.
        defaults: Defaults::default(),
    }
}
