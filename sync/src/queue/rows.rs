//! How values are stored in columns, and read back.

use std::str::FromStr;

use jiff::Timestamp;
use payment::PaymentId;

use super::{ReadError, WriteError};

/// A stored value that cannot be read. Says what, never the content.
#[derive(Debug)]
pub(super) struct Damaged(pub(super) String);

impl From<serde_json::Error> for Damaged {
    fn from(error: serde_json::Error) -> Self {
        Self(format!("JSON, {:?} error", error.classify()))
    }
}

impl From<Damaged> for ReadError {
    fn from(Damaged(what): Damaged) -> Self {
        Self::Damaged(what)
    }
}

impl From<Damaged> for WriteError {
    fn from(Damaged(what): Damaged) -> Self {
        Self::Damaged(what)
    }
}

/// Why a write inside a transaction did not come about.
#[derive(Debug)]
pub(super) enum Fault {
    /// It cannot be: this write alone fails.
    Refused(WriteError),
    /// The database cannot: the transaction fails.
    Sqlite(rusqlite::Error),
}

impl<E: Into<WriteError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Microseconds since 1970-01-01 UTC, as stored.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// From microseconds since 1970-01-01 UTC.
pub(super) fn moment(micros: i64) -> Result<Timestamp, Damaged> {
    Timestamp::from_microsecond(micros).map_err(|_| Damaged(format!("the moment {micros}")))
}

/// The moment in whole microseconds: what is left of it once it is stored.
pub(super) fn whole_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

pub(super) fn payment_id(bytes: [u8; 16]) -> PaymentId {
    PaymentId::from_bytes(bytes)
}

pub(super) fn text_id<T: FromStr<Err = payment::InvalidId>>(text: &str) -> Result<T, Damaged> {
    text.parse()
        .map_err(|_| Damaged("a name that is no name".to_owned()))
}
