//! The SQLite queue and the delivery to invoicing systems.
//!
//! [`queue`] keeps every fact durably and in order. [`upstream`] knows how each invoicing system
//! is asked and how its answers read. [`delivery`] decides what to send and when, for all of them.
//! [`reconciliation`] compares what all of them say of the same days.
//!
//! This crate must not know drivers, the API or the engine.

pub mod delivery;
pub mod queue;
pub mod reconciliation;
pub mod upstream;
