//! ECR17, the protocol of card terminals in Italy (Nexi and the banks whose terminals it runs).
//!
//! The specification is Nexi's developer portal, Traditional POS, LAN integration. The layers, from
//! the wire upwards: [`lrc`] and [`frame`], [`request`], [`reply`] and [`ticket`] (fields), and
//! [`Ecr17`], the driver itself.
//!
//! What is special: four ways to make a check byte, terminals that hang up after each procedure, no
//! way to end a running payment from here, and a memory of one result without a name for what it is
//! the result of.
//!
//! This module must not know sockets, the clock or the queue.

pub mod frame;
mod job;
pub mod lrc;
pub mod reply;
pub mod request;
mod session;
mod settings;
pub mod ticket;

pub use session::Ecr17;
pub use settings::Ecr17Settings;

use config::{Ecr17Options, Terminal};
use jiff::Timestamp;
use payment::recovery::Counting;

use super::{
    Abilities, Driver, Evidence, Family, Maturity, Named, Reach, Recovery, Refunds, Reversals,
};
use crate::link::{Defaults, Policy};

/// What there is to know of ECR17.
pub const FAMILY: Family = Family {
    name: "ecr17",
    title: "ECR17",
    region: "Italy",
    links: &[Reach::Tcp],
    abilities: Abilities {
        recovery: Recovery::LastTransaction(Counting::Traces),
        abort: false,
        reversals: Reversals::Last(Named::ByTrace),
        refunds: Refunds::None,
        end_of_day: true,
        receipts: true,
        keep_alive: true,
        services: false,
    },
    maturity: Maturity::Beta,
    evidence: &[
        Evidence::Vectors,
        Evidence::Simulator,
        Evidence::Peer("the ecr17-protocol crate, at the simulator and its codec beside ours"),
    ],
};

/// The driver of a configured terminal.
pub(super) fn driver(terminal: &Terminal, options: &Ecr17Options, origin: Timestamp) -> Driver {
    let settings = Ecr17Settings::new(options, terminal.currency);
    Driver {
        machine: Box::new(Ecr17::new(settings).with_clock(origin)),
        defaults: Defaults {
            policy: Policy::OnDemand,
            ..Defaults::default()
        },
    }
}
