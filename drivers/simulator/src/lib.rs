//! The other end of each wire: terminals, printers and invoicing systems that behave like real ones,
//! and misbehave on request.
//!
//! Shipped for demonstrations, for those who write a client of the API, and for tests. A simulated
//! device is a [`drivers::Machine`] like the driver that it talks to: bytes and time in, bytes out.
//! It can be driven byte by byte in a test, or served on a pseudo-terminal or a TCP port.
//!
//! Must not know the daemon, its queue or its configuration.

mod fault;
pub mod invoicing;
pub mod printer;
pub mod proxy;
mod pty;
mod serve;
pub mod terminal;

pub use fault::UnknownFault;
pub use serve::Handle;
