//! The invoicing systems' ways of being spoken to, against simulated systems with faults: one kit
//! for all, in virtual time and over real sockets.

#[cfg(test)]
mod http;
#[cfg(test)]
mod ivvy;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod tryton;
mod worklist;
