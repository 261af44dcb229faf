//! Simulated card terminals.
