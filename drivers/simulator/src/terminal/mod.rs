//! Simulated card terminals.

pub mod zvt;
