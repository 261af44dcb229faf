//! What the journal, the terminals' ends of day and an invoicing system say of the same days,
//! compared.
//!
//! [`compare`] and [`at_the_desk`] are pure: what is known goes in, and a list of [`Finding`]s comes
//! out, each with a sentence and the next step. [`fetch`] asks a system for its list.
//!
//! This module must not know how the journal is stored, nor who reads the report.

mod compare;
mod desk;
mod fetch;
mod finding;
mod given;
mod period;
mod seen;
#[cfg(test)]
mod tests;

pub use compare::{Compared, Judged, Sums, compare, suspects};
pub use desk::{AtDesk, Settlement, at_the_desk};
pub use fetch::{Pause, fetch, look_up};
pub use finding::{Finding, Kind, Total, amount};
pub use given::{Due, Elsewhere, Given, Held, Stands, Taken};
pub use period::{InvalidPeriod, Period, next_run};
