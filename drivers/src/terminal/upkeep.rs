//! How a terminal and its line do, besides payments.

use serde::Serialize;

/// What a terminal wants done before it works well again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chore {
    /// Its day is to be closed.
    EndOfDay,
    /// It is to be set up anew.
    Initialisation,
    /// It is to call its host.
    Diagnosis,
}

/// How well a line works, since the driver began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LineStatistics {
    /// NAKs that we sent.
    pub naks_sent: u64,
    /// NAKs that we got.
    pub naks_received: u64,
    /// Frames that we sent again.
    pub repeats: u64,
    /// Frames with a wrong check sum or length.
    pub crc_errors: u64,
    /// Bytes that belong to nothing.
    pub noise: u64,
    /// Messages given up.
    pub failures: u64,
}
