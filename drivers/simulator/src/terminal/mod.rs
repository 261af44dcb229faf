//! Simulated card terminals, a folder for each protocol.

use std::convert::Infallible;

use drivers::Machine;

use crate::UnknownFault;

pub use armed::{Armed, NamedFault};

pub mod adyen;
mod armed;
pub mod caisse_ap;
pub mod concert;
pub mod ecr17;
pub mod ledger;
pub mod skeleton;
pub mod zvt;

/// What every simulated terminal is, whatever it speaks: a device with a ledger of its own, which says
/// what became of the money whatever the till heard.
pub trait SimulatedTerminal:
    Machine<Command = Infallible, Fact = Infallible, Event = Infallible> + Send + 'static
{
    /// Every fault by its name, with what it does.
    const FAULTS: &'static [(&'static str, &'static str)];

    /// The amounts, in the currency's smallest unit, that patients really paid and that were not
    /// taken back or given back whole.
    fn charged(&self) -> Vec<u64>;

    /// How often it was asked to take money, whatever came of it.
    fn payments_asked(&self) -> u32;

    /// Makes the next operations go wrong: names of faults, with commas between.
    ///
    /// # Errors
    /// When a name is not known.
    fn arm_by_name(&mut self, faults: &str) -> Result<(), UnknownFault>;

    /// Forgets all armed faults, and wakes from the dead.
    fn mend(&mut self);
}
