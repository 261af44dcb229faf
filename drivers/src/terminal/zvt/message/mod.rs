//! The messages of the protocol as types, each read and written.

mod administration;
mod authorisation;
mod ending;
mod intermediate;
mod print;
mod registration;
mod reversal;
mod status_enquiry;
mod status_information;
mod totals;

pub use administration::{
    RepeatReceipt, SetTime, diagnosis, display_text, end_of_day, initialisation, log_off,
};
pub use authorisation::Authorisation;
pub use ending::{Abort, Completion};
pub use intermediate::IntermediateStatus;
pub use print::{PrintBlock, PrintLine, SlipCollector};
pub use registration::{Manner, Registration, config_byte, service_byte};
pub use reversal::{Refund, Reversal};
pub use status_enquiry::{StatusReport, status_enquiry};
pub use status_information::StatusInformation;
pub use totals::{SchemeTotal, Totals};
