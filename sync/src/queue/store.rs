//! The file: its lock, its settings and its versions.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{OpenError, log::Log};

/// The versions, forward only: the file's `user_version` is how many of them it has seen.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_queue.sql"),
    include_str!("../../migrations/0002_returns_and_closings.sql"),
    include_str!("../../migrations/0003_slips_to_print.sql"),
    include_str!("../../migrations/0004_lists_of_what_is_due.sql"),
    include_str!("../../migrations/0005_restorations.sql"),
    include_str!("../../migrations/0006_decisions.sql"),
    include_str!("../../migrations/0007_jobs_and_people.sql"),
    include_str!("../../migrations/0008_jobs_called_back.sql"),
];

/// `till`, in SQLite's `application_id`.
const APPLICATION: i64 = 0x7469_6c6c;

/// How long to wait for somebody else's lock, such as a person with the `sqlite3` tool.
const BUSY: Duration = Duration::from_secs(5);

/// The only connection that writes, and the lock that makes it the only one.
pub(super) struct Store {
    pub(super) conn: Connection,
    pub(super) log: Log,
    /// Held until the connection is closed: fields are dropped in order.
    _lock: File,
}

impl Store {
    /// Opens or creates the file, in a directory that exists.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        if beside(path, RESTORING).exists() {
            return Err(OpenError::HalfRestored(path.to_owned()));
        }
        create(path)?;
        let mut conn = open_writer(path)?;
        let log = Log::of(&mut conn)?;
        Ok(Self {
            conn,
            log,
            _lock: lock,
        })
    }
}

/// The connection that writes, to a file of the newest version.
pub(super) fn open_writer(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    keep_statements(&conn)?;
    // After a failed sync the file must not be touched, and closing is no exception.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    check_owner(&conn, path)?;
    conn.pragma_update(None, "journal_mode", "wal")?;
    conn.pragma_update(None, "synchronous", "full")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    // The writer does it after it has answered, and sees its errors.
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    migrate(&mut conn, path, MIGRATIONS)?;
    Ok(conn)
}

/// The ending of a checked copy that is about to take the place of the database.
pub(super) const RESTORING: &str = ".restoring";

/// A connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    keep_statements(&conn)?;
    Ok(conn)
}

/// A statement is compiled once for a connection, and its plan does not depend on what is bound:
/// otherwise SQLite compiles one anew whenever another value is bound to a `LIMIT` or beside a partial
/// index (SQLITE_DBCONFIG_ENABLE_QPSG).
pub(super) fn keep_statements(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(128);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Refuses a file that lacks its end, which SQLite would read as zeros. A log beside it may still hold
/// the rest.
pub(super) fn check_length(path: &Path) -> Result<(), OpenError> {
    let unreadable = |source| file_error(path, source);
    let mut header = [0; 18];
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    if file.read_exact(&mut header).is_err() {
        return Err(OpenError::NotAQueue(path.to_owned()));
    }
    // The size of a page, at offset 16 (SQLite's file format, 1.3.2); 1 stands for 65536.
    let [.., high, low] = header;
    let page = match u16::from_be_bytes([high, low]) {
        1 => 65536,
        page if page >= 512 && page.is_power_of_two() => u64::from(page),
        _ => return Err(OpenError::NotAQueue(path.to_owned())),
    };
    if length.is_multiple_of(page) || beside(path, "-wal").exists() {
        Ok(())
    } else {
        Err(OpenError::CutOff(path.to_owned()))
    }
}

/// The file beside the database with another ending: `queue.db` has `queue.db.lock`.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A daemon that was just killed, or a child between fork and exec, lets go in a moment.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Keeps every other process away from the database while it is held.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let name = beside(path, ".lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&name)
        .map_err(|source| file_error(&name, source))?;
    let mut tries = LOCK_TRIES;
    loop {
        tries -= 1;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if tries > 0 => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(file_error(&name, source)),
        }
    }
}

/// Creates the file so that nobody else can ever read it, and makes its name durable. A file that
/// exists is not opened here: closing it would drop the locks of this process's readers.
fn create(path: &Path) -> Result<(), OpenError> {
    match create_private(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(file_error(path, source)),
        Ok(_) => {
            let directory = directory_of(path);
            sync_directory(directory).map_err(|source| file_error(directory, source))
        }
    }
}

/// A new file that only its owner may read.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// The directory that a file lies in.
pub(super) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn file_error(path: &Path, source: io::Error) -> OpenError {
    OpenError::File {
        path: path.to_owned(),
        source,
    }
}

/// Refuses a database of another program before anything is changed in it.
fn check_owner(conn: &Connection, path: &Path) -> Result<(), OpenError> {
    let tables: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => OpenError::NotAQueue(path.to_owned()),
            _ => error.into(),
        })?;
    let owner: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if owner == APPLICATION || (owner == 0 && tables == 0) {
        Ok(())
    } else {
        Err(OpenError::NotAQueue(path.to_owned()))
    }
}

/// What tables, indices and triggers a database of the newest version has, in memory.
pub(super) fn blank() -> Result<Connection, OpenError> {
    let mut conn = Connection::open_in_memory()?;
    migrate(&mut conn, Path::new("memory"), MIGRATIONS)?;
    Ok(conn)
}

/// Refuses a file of another program, of a newer or of an older version.
pub(super) fn check_version(conn: &Connection, path: &Path) -> Result<(), OpenError> {
    check_owner(conn, path)?;
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let path = path.to_owned();
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(OpenError::Older { path, found, known }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(OpenError::Newer { path, found, known }),
    }
}

/// Brings the file to the newest version, each step in a transaction of its own.
fn migrate(conn: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), OpenError> {
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if found > known || found < 0 {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    for (version, sql) in (1_i64..).zip(migrations).filter(|(v, _)| *v > found) {
        let step = conn.transaction()?;
        step.execute_batch(sql)?;
        step.pragma_update(None, "application_id", APPLICATION)?;
        step.pragma_update(None, "user_version", version)?;
        step.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_run_once_in_order_and_only_forward() {
        let mut conn = Connection::open_in_memory().unwrap();
        let path = Path::new("memory");
        let steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y"];
        migrate(&mut conn, path, &steps[..1]).unwrap();
        migrate(&mut conn, path, &steps).unwrap();
        migrate(&mut conn, path, &steps).unwrap();
        conn.execute("INSERT INTO a (x, y) VALUES (1, 2)", [])
            .unwrap();
        let error = migrate(&mut conn, path, &steps[..1]).unwrap_err();
        assert!(
            matches!(
                error,
                OpenError::Newer {
                    found: 2,
                    known: 1,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before() {
        let mut conn = Connection::open_in_memory().unwrap();
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x); no such word"];
        migrate(&mut conn, Path::new("memory"), &steps).unwrap_err();
        let version: i64 = conn
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        let tables: i64 = conn
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!((version, tables), (1, 1));
    }
}
