//! The messages of the protocol as types, each read and written.

mod authorisation;
mod ending;
mod intermediate;
mod print;
mod registration;
mod status_information;
mod totals;

pub use authorisation::Authorisation;
pub use ending::{Abort, Completion};
pub use intermediate::IntermediateStatus;
pub use print::{PrintBlock, PrintLine, SlipCollector};
pub use registration::{Registration, config_byte};
pub use status_information::StatusInformation;
pub use totals::{SchemeTotal, Totals};
