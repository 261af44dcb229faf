//! The skeleton of a driver, for a protocol that no terminal speaks: one line of ASCII for each
//! message. It is in no table and cannot be configured; it passes the conformance kit, and shows
//! what goes where. To begin another driver, copy this folder.
//!
//! ```text
//! till                                   terminal
//! HELLO                                  READY tid
//! PAY ref minor currency                 APPROVED ref minor currency trace brand last4
//! BACK ref minor currency trace          DECLINED ref | STOPPED ref | BUSY ref
//! OK ref | NO ref                        DONE ref
//! STOP ref
//! ASK ref                                APPROVED … | DECLINED ref | RUNNING ref | UNKNOWN ref
//! ```
//!
//! `ref` is our payment ID. A terminal that hears no `OK` takes the payment back.
//!
//! This module must not know sockets, the clock or the queue.

pub mod message;
mod session;

pub use session::Skeleton;

use super::{Abilities, Evidence, Family, Maturity, Named, Reach, Recovery, Refunds, Reversals};

/// What there is to know of it.
pub const FAMILY: Family = Family {
    name: "skeleton",
    title: "Skeleton",
    region: "nowhere",
    links: &[Reach::Tcp],
    abilities: Abilities {
        recovery: Recovery::ByReference,
        abort: true,
        reversals: Reversals::Any(Named::ByTrace),
        refunds: Refunds::None,
        end_of_day: false,
        receipts: false,
        keep_alive: false,
        services: false,
    },
    maturity: Maturity::Experimental,
    evidence: &[Evidence::Simulator],
};
