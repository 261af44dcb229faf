//! Law 7, over any sequence of answers and crashes: a server that books on arrival, as iVvy does,
//! never holds a payment twice, and every payment ends once the server is well.

mod decide;
mod fates;
mod laws;
mod server;
mod standing;
mod steps;
mod world;
