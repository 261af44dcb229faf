//! Caisse-AP over IP (also called Concert V3), the protocol of card terminals in France on a network.
//!
//! Sources: the exchange that Akretion's open server answers, what OCA's point of sale sends, and
//! PayXpert's public description; the norm itself is handed out to members of the Association du
//! Paiement only. The layers, from the wire upwards: [`element`] (tags with lengths), [`message`]
//! (request and answer), [`reason`] (what a refusal means to a person), [`ticket`] (receipts), and
//! [`CaisseAp`], the driver.
//!
//! A connection carries one request and one answer, and is opened for that only: whether a terminal
//! is there is known when it is needed. It has no acknowledgement. Newer terminals can be asked for
//! the state of a transaction (action `T`); that is not used, because none says whether it can. So
//! every doubt is for a person.
//!
//! This module must not know sockets, the clock or the queue.

pub mod element;
pub mod message;
pub mod reason;
mod session;
pub mod ticket;

pub use session::{CaisseAp, CaisseApSettings};

use config::{CaisseApOptions, Terminal};
use jiff::Timestamp;

use super::{
    Abilities, Driver, Evidence, Family, Maturity, Named, Reach, Recovery, Refunds, Reversals,
};
use crate::link::{Defaults, Policy};

/// What there is to know of Caisse-AP.
pub const FAMILY: Family = Family {
    name: "caisse-ap",
    title: "Caisse-AP (Concert V3)",
    region: "France",
    links: &[Reach::Tcp],
    abilities: Abilities {
        recovery: Recovery::Person,
        abort: false,
        // The request names the amount only; the terminal finds the payment by the card that is
        // shown to it.
        reversals: Reversals::Any(Named::ByAmount),
        refunds: Refunds::Any,
        end_of_day: false,
        receipts: true,
        // There is no connection while nobody pays.
        keep_alive: false,
        services: false,
    },
    maturity: Maturity::Experimental,
    evidence: &[Evidence::Vectors, Evidence::Simulator],
};

/// The driver of a configured terminal.
pub(super) fn driver(terminal: &Terminal, options: &CaisseApOptions, _: Timestamp) -> Driver {
    let settings = CaisseApSettings {
        position: options.position,
        identifier: options.identifier.clone(),
        currency: terminal.currency,
        patience: options.completion_timeout,
        tickets: options.tickets,
    };
    Driver {
        machine: Box::new(CaisseAp::new(settings)),
        defaults: Defaults {
            policy: Policy::PerJob,
            ..Defaults::default()
        },
    }
}
