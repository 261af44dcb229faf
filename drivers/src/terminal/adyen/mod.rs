//! Adyen's Terminal API over the local network: nexo Sale-to-POI 3.0 as JSON, encrypted, over HTTPS.
//!
//! The layers, from the wire upwards: [`mod@frame`] (the bodies of HTTP exchanges as a stream),
//! [`crypto`] (NexoCrypto), [`message`] (typed messages), and [`Adyen`], the driver itself. What was
//! asked is named by a ServiceID that is a function of the payment, and the terminal can be asked
//! what became of it.
//!
//! This module must not know sockets, HTTP, the clock or the queue.

mod approval;
mod codes;
mod common_name;
pub mod crypto;
pub mod frame;
pub mod message;
mod operation;
pub mod service_id;
mod session;
mod settings;
mod text;

pub use session::Adyen;
pub use settings::AdyenSettings;

use std::time::Duration;

use config::{AdyenEnvironment, AdyenOptions, Terminal};
use jiff::Timestamp;

use super::{
    Abilities, Driver, Evidence, Family, Maturity, Named, Reach, Recovery, Refunds, Reversals,
};
use crate::link::{Defaults, Tls};

/// What there is to know of Adyen's terminals.
pub const FAMILY: Family = Family {
    name: "adyen",
    title: "Adyen Terminal API (local)",
    region: "worldwide",
    links: &[Reach::Https],
    abilities: Abilities {
        recovery: Recovery::ByReference,
        abort: true,
        reversals: Reversals::Any(Named::ByReference),
        refunds: Refunds::OfPayment,
        end_of_day: false,
        receipts: true,
        keep_alive: true,
        services: false,
    },
    maturity: Maturity::Beta,
    evidence: &[
        Evidence::Vectors,
        Evidence::Simulator,
        Evidence::Peer("@adyen/api-library's NexoCrypto, as the terminal"),
    ],
};

/// Where a terminal takes requests.
const PATH: &str = "/nexo";
/// How much longer the link waits than the driver, so that the driver's own end comes first.
const MORE: Duration = Duration::from_secs(30);

/// The driver of a configured terminal.
pub(super) fn driver(terminal: &Terminal, options: &AdyenOptions, origin: Timestamp) -> Driver {
    let mut seed = [0; 16];
    if let Err(error) = getrandom::fill(&mut seed) {
        // Nonces then differ by the start's moment alone; nobody without the key can foresee them.
        tracing::error!(%error, "the system gives no randomness");
        seed = origin.as_nanosecond().to_be_bytes();
    }
    let settings = AdyenSettings::new(options, &terminal.id, terminal.currency, origin, seed);
    Driver {
        machine: Box::new(Adyen::new(settings)),
        defaults: Defaults {
            tls: Some(Tls {
                roots: options.root.clone(),
                names: match options.environment {
                    AdyenEnvironment::Live => common_name::is_live,
                    AdyenEnvironment::Test => common_name::is_test,
                },
                path: PATH,
                limit: options.payment_timeout + MORE,
            }),
            ..Defaults::default()
        },
    }
}
