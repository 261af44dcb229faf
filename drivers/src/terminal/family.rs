//! What a family of terminals is to the rest of the house: its name, what it can do, how far it is
//! trusted and why; and its driver, ready to run.

use crate::{
    Machine,
    link::Defaults,
    terminal::{Abilities, Command, Event, Fact},
};

/// A family of terminals that speak one protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// Its `protocol` in the configuration.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Where such terminals stand.
    pub region: &'static str,
    /// How they are reached.
    pub links: &'static [Reach],
    /// What can be asked of them.
    pub abilities: Abilities,
    /// How far the driver is trusted.
    pub maturity: Maturity,
    /// Why.
    pub evidence: &'static [Evidence],
}

/// How a terminal is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// A serial line, or USB that looks like one.
    Serial,
    /// TCP.
    Tcp,
    /// HTTPS.
    Https,
}

/// How far a driver is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Maturity {
    /// Its parts are tested; nothing was ever at its other end.
    Untried,
    /// It passes the conformance kit against our own simulator.
    Experimental,
    /// It also talks to what others wrote, or follows recorded traces.
    Beta,
    /// It ran on hardware.
    Stable,
}

/// By what a driver was tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// Examples of a specification, and bytes that others have published.
    Vectors,
    /// The conformance kit against our simulator.
    Simulator,
    /// A program that others wrote.
    Peer(&'static str),
    /// A recorded trace of a terminal.
    Trace,
    /// A terminal.
    Hardware(&'static str),
}

/// A driver that is ready to run.
pub struct Driver {
    /// The protocol.
    pub machine: Box<dyn Machine<Command = Command, Fact = Fact, Event = Event> + Send>,
    /// What it wants of its link.
    pub defaults: Defaults,
}

impl Reach {
    /// The word for tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Tcp => "TCP",
            Self::Https => "HTTPS",
        }
    }
}

impl Maturity {
    /// The word for tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Untried => "untried",
            Self::Experimental => "experimental",
            Self::Beta => "beta",
            Self::Stable => "stable",
        }
    }
}

impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Vectors => f.write_str("vectors"),
            Self::Simulator => f.write_str("simulator"),
            Self::Peer(name) => write!(f, "peer: {name}"),
            Self::Trace => f.write_str("recorded trace"),
            Self::Hardware(name) => write!(f, "hardware: {name}"),
        }
    }
}
