//! The command lines of `tilld` and `till`.

pub mod client;
pub mod drivers;
pub mod till;
pub mod tilld;
mod upstream;
