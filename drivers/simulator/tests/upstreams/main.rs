//! The invoicing systems' ways of being spoken to, against simulated systems with faults: one kit
//! for all, in virtual time and over real sockets.

#[cfg(test)]
mod http;
#[cfg(test)]
mod ivvy;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod real_tryton;
#[cfg(test)]
mod tryton;
#[cfg(test)]
mod worklist;
