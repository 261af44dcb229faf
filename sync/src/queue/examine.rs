//! Whether a database is whole: the file, its tables, the journal's chain, and what is shown.

use std::{path::Path, sync::OnceLock};

use jiff::Timestamp;
use payment::{DeviceId, SkippedNumbers};
use rusqlite::Connection;

use super::{Hash, ReadError, Reader, VerifyError, rows, store};

/// A database that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// How many entries the journal has.
    pub entries: i64,
    /// The hash of the last one; it seals all before it.
    pub head: Hash,
    /// When the last one was written; none while the journal is empty.
    pub last_at: Option<Timestamp>,
    /// The returns to a copy, which explain the gaps in receipt numbers.
    pub restorations: Vec<Restoration>,
}

/// A return to a copy, at one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoration {
    /// Where.
    pub device: DeviceId,
    /// When.
    pub at: Timestamp,
    /// Which receipt numbers were left out.
    pub numbers: SkippedNumbers,
}

impl Reader {
    /// Opens a file that only is to be read, such as a copy. It must be of this program's version.
    ///
    /// # Errors
    /// When it cannot be opened, or belongs to another program or version.
    pub fn of_file(path: &Path) -> Result<Self, VerifyError> {
        store::check_length(path)?;
        let reader = Self::open(path)?;
        store::check_version(&reader.conn, path)?;
        Ok(reader)
    }

    /// Examines the file, its tables and the journal. Reads everything: seconds for each million of
    /// entries, and longer on a slow disk.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn examine(&self) -> Result<Examined, VerifyError> {
        self.check_file()?;
        self.check_tables()?;
        let entries = self.verify()?;
        let (_, head) = self.head()?;
        let last = self.events_after(entries - 1, 1)?.pop();
        Ok(Examined {
            entries,
            head,
            last_at: last.map(|entry| entry.at),
            restorations: self.restorations()?,
        })
    }

    /// The returns to a copy, oldest first.
    pub fn restorations(&self) -> Result<Vec<Restoration>, ReadError> {
        let rows = self
            .conn
            .prepare_cached(
                "SELECT device, at, body FROM journal WHERE kind = 'restored' ORDER BY seq",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<Vec<(String, i64, String)>, _>>()?;
        rows.into_iter()
            .map(|(device, at, body)| {
                Ok(Restoration {
                    device: rows::text_id(&device)?,
                    at: rows::moment(at)?,
                    numbers: serde_json::from_str(&body).map_err(rows::Damaged::from)?,
                })
            })
            .collect()
    }

    fn check_file(&self) -> Result<(), VerifyError> {
        let found: String = self
            .conn
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Err(VerifyError::Damaged(found));
        }
        let dangling = self
            .conn
            .prepare("PRAGMA foreign_key_check")?
            .query_map([], |row| row.get(0))?
            .next()
            .transpose()?;
        dangling.map_or(Ok(()), |table: String| {
            Err(VerifyError::Damaged(format!(
                "a row of {table} belongs to nothing"
            )))
        })
    }

    /// Without its triggers the journal would not be append-only.
    fn check_tables(&self) -> Result<(), VerifyError> {
        let expected = expected()?;
        let found = schema(&self.conn)?;
        let odd = expected
            .iter()
            .find(|one| !found.contains(one))
            .or_else(|| found.iter().find(|one| !expected.contains(one)));
        odd.map_or(Ok(()), |(kind, name)| {
            Err(VerifyError::Schema(format!("the {kind} {name}")))
        })
    }
}

/// What a database of this version is made of. It is asked of a blank one, once.
fn expected() -> Result<&'static [(String, String)], VerifyError> {
    static EXPECTED: OnceLock<Vec<(String, String)>> = OnceLock::new();
    if let Some(known) = EXPECTED.get() {
        return Ok(known);
    }
    let found = schema(&store::blank()?)?;
    Ok(EXPECTED.get_or_init(|| found))
}

/// The kinds and names of all that a database is made of, but for what SQLite keeps for itself.
fn schema(conn: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    conn.prepare(
        "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY 1, 2",
    )?
    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}
