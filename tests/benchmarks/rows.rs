//! The payments that are asked for: another each time, spread over the whole table, so that what is
//! measured is not a page that was read a moment ago.

use std::path::Path;

use jiff::Timestamp;
use payment::PaymentId;
use rusqlite::Connection;

use crate::backlog::mixed;

/// No row lies nearer to an end of the table: there is a page of others on both sides.
const EDGE: usize = 100;

/// A payment of the backlog.
pub(crate) struct Row {
    /// Its number in the backlog.
    pub(crate) n: usize,
    pub(crate) id: String,
    pub(crate) at: String,
}

/// So many payments of a database, which no daemon has open: what the daemon has read itself, it may
/// still hold.
pub(crate) fn spread(database: &Path, payments: usize, count: usize) -> Vec<Row> {
    let conn = Connection::open(database).unwrap();
    let mut statement = conn
        .prepare("SELECT id, created_at FROM payments WHERE n = ?")
        .unwrap();
    let inner = u64::try_from(payments - 2 * EDGE).unwrap();
    (0..count)
        .map(|row| {
            let n = EDGE + usize::try_from(mixed(row as u64) % inner).unwrap();
            let (id, at): ([u8; 16], i64) = statement
                .query_row([i64::try_from(n + 1).unwrap()], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .unwrap();
            Row {
                n,
                id: PaymentId::from_bytes(id).to_string(),
                at: Timestamp::from_microsecond(at).unwrap().to_string(),
            }
        })
        .collect()
}
