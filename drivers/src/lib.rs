//! Card terminals and receipt printers.
//!
//! Each protocol is a [`Machine`]: a state machine that gets bytes, commands and the time as
//! arguments and gives bytes, facts and events. A link ([`link`]) moves bytes, and [`run`] is the one
//! loop that joins a machine, a link and the clock: it is the only asynchronous code on a device's
//! path. [`terminal`] and [`printer`] hold the words that all drivers of a kind share.
//!
//! This crate must not know the queue, the invoicing systems or the API.

pub mod link;
mod machine;
pub mod printer;
pub mod run;
pub mod terminal;

pub use machine::{Input, Machine, Mono, Output};
