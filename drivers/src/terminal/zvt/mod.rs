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
