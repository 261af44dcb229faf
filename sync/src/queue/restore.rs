//! A copy takes the place of the database, once it is proved to be whole. Nothing is destroyed: what
//! was there is moved aside.
//!
//! The copy may be older than what was there. What that means for payments, deliveries, receipts and
//! numbers is written into it before it takes the place (`restored`).

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, MetadataExt, chown},
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use payment::{DeviceId, RestorationId};
use rusqlite::Connection;

use super::{
    Examined, OpenError, Reader, VerifyError,
    restored::{self, Opened},
    rows::Fault,
    store::{self, RESTORING, beside, directory_of, sync_directory},
};

/// Receipt numbers that are left out when nobody says which was the last, …
const MARGIN: u64 = 10_000;
/// … and for each day since the copy's last entry. No desk takes a payment every 86 seconds all day.
const MARGIN_PER_DAY: u64 = 1_000;

/// What a person wants restored.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The copy.
    pub copy: PathBuf,
    /// The devices of the configuration.
    pub devices: Vec<DeviceId>,
    /// The last receipt number of a device, where a person knows it.
    pub last: BTreeMap<DeviceId, u64>,
    /// Also when the database that is there is whole and knows more.
    pub even_if_older: bool,
    /// Its name.
    pub id: RestorationId,
    /// When.
    pub at: Timestamp,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The database as it is now.
    pub examined: Examined,
    /// When the copy's last entry was written.
    pub copy_ends: Option<Timestamp>,
    /// What was open in the copy.
    pub opened: Opened,
    /// Where the files are that were there before, if there were any.
    pub aside: Option<PathBuf>,
}

/// Why nothing was restored. The database is what it was, except after [`RestoreError::Swap`].
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The daemon runs.
    #[error("tilld runs with {0}; stop it first: systemctl stop tilld")]
    Running(PathBuf),
    /// The database is named as its own copy.
    #[error("{0} is the database itself; name the copy")]
    Itself(PathBuf),
    /// The copy is not whole.
    #[error("the copy is not whole, and nothing was changed: {0}. Try an older copy")]
    NotWhole(VerifyError),
    /// What is there is better.
    #[error(
        "nothing was changed: the database that is there is whole, and has {here} journal entries; the \
         copy has {copy}. Start tilld again. To return to the copy all the same, say --even-if-older"
    )]
    NotNeeded {
        /// Entries of the database.
        here: i64,
        /// Entries of the copy.
        copy: i64,
    },
    /// A last number below one that is known.
    #[error("{told} cannot be the last receipt number of {device}: {known} was given; look again")]
    Number {
        /// Which device.
        device: DeviceId,
        /// What was said.
        told: u64,
        /// What is known.
        known: u64,
    },
    /// A file cannot be read or written.
    #[error(
        "cannot use {path}: {source}; nothing was changed. Run this as root or as the user of the \
         service, with room for the copy on that disk"
    )]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The copy was ready, and putting it into its place failed.
    #[error(
        "cannot put the copy into its place: {source}. Nothing is lost: what was there is in {aside}, \
         too. Look at the disk, then run the same command again"
    )]
    Swap {
        /// Where what was there is.
        aside: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Puts a copy in the place of the database at `path`, of which no daemon runs.
///
/// # Errors
/// When the copy is not whole, is not needed, or a file cannot be used.
pub fn restore(path: &Path, wish: &Wish) -> Result<Restored, RestoreError> {
    let lock = store::lock(path).map_err(|error| match error {
        OpenError::InUse(path) => RestoreError::Running(path),
        OpenError::File { path, source } => RestoreError::File { path, source },
        other => RestoreError::NotWhole(other.into()),
    })?;
    let owner = Owner::of(directory_of(path)).map_err(at(directory_of(path)))?;
    let lock_file = beside(path, ".lock");
    owner.give(&lock_file).map_err(at(&lock_file))?;
    let scratch = beside(path, ".copy");
    fetch(&wish.copy, path, &scratch)?;
    owner.give(&scratch).map_err(at(&scratch))?;
    let done = prove_and_swap(path, &scratch, wish, owner);
    if done.is_err()
        && let Err(error) = remove(&scratch)
    {
        tracing::warn!(%error, file = %scratch.display(), "what is left of the copy cannot be removed");
    }
    drop(lock);
    done
}

fn prove_and_swap(
    path: &Path,
    scratch: &Path,
    wish: &Wish,
    owner: Owner,
) -> Result<Restored, RestoreError> {
    let conn = store::open_writer(scratch).map_err(not_whole)?;
    // One file from here on.
    conn.pragma_update(None, "journal_mode", "delete")
        .map_err(not_whole)?;
    let reader = Reader { conn };
    let copy = reader.examine().map_err(RestoreError::NotWhole)?;
    let here = Here::look(path);
    // A restore that was cut short was wanted, and has moved files already.
    let again = beside(path, RESTORING).exists();
    if let Some(entries) = here.whole
        && entries >= copy.entries
        && !wish.even_if_older
        && !again
    {
        return Err(RestoreError::NotNeeded {
            here: entries,
            copy: copy.entries,
        });
    }
    let next = next_numbers(&reader.conn, &here, &copy, wish)?;
    let opened = mark(&reader.conn, wish, &next).map_err(not_whole)?;
    let examined = reader.examine().map_err(RestoreError::NotWhole)?;
    let Reader { conn } = reader;
    conn.close().map_err(|(_, error)| not_whole(error))?;
    stands_alone(scratch).map_err(at(scratch))?;
    File::open(scratch)
        .and_then(|file| file.sync_all())
        .map_err(at(scratch))?;
    let aside = swap(path, scratch, wish.at, owner)?;
    Ok(Restored {
        examined,
        copy_ends: copy.last_at,
        opened,
        aside,
    })
}

/// Writes into a whole copy that the journal goes on from it, where `here` is the database that was there.
pub(super) fn go_on(copy: &Reader, here: &Reader, wish: &Wish) -> Result<Opened, RestoreError> {
    let examined = copy.examine().map_err(RestoreError::NotWhole)?;
    let next = next_numbers(&copy.conn, &Here::of(here), &examined, wish)?;
    mark(&copy.conn, wish, &next).map_err(not_whole)
}

/// Everything is in the file itself. Where it cannot leave its log, SQLite goes on with it and says
/// nothing; what was marked would stay behind in it.
fn stands_alone(scratch: &Path) -> io::Result<()> {
    let mut header = [0; 20];
    File::open(scratch)?.read_exact(&mut header)?;
    // The write and the read version, at offset 18 (SQLite's file format, 1.3.3): 2 is with a log.
    let alone = matches!(header, [.., 1, 1]);
    let left = ["-wal", "-journal"].map(|ending| beside(scratch, ending).exists());
    if !alone || left.contains(&true) {
        return Err(io::Error::other(
            "its log cannot be put into it; look at the disk",
        ));
    }
    Ok(())
}

/// What is known of the database that is there.
#[derive(Default)]
struct Here {
    /// Its entries, when it is whole.
    whole: Option<i64>,
    /// Its last receipt numbers, as far as they can be read.
    numbers: BTreeMap<DeviceId, u64>,
}

impl Here {
    fn look(path: &Path) -> Self {
        if !path.exists() {
            return Self::default();
        }
        Reader::open(path).map_or_else(|_| Self::default(), |reader| Self::of(&reader))
    }

    fn of(reader: &Reader) -> Self {
        Self {
            whole: reader.examine().ok().map(|examined| examined.entries),
            numbers: restored::devices(&reader.conn).unwrap_or_default(),
        }
    }
}

fn next_numbers(
    conn: &Connection,
    here: &Here,
    copy: &Examined,
    wish: &Wish,
) -> Result<BTreeMap<DeviceId, u64>, RestoreError> {
    let of_copy = restored::devices(conn).map_err(not_whole)?;
    let age = copy
        .last_at
        .map_or(SignedDuration::ZERO, |last| wish.at.duration_since(last));
    let days = u64::try_from(age.as_hours() / 24 + 1).unwrap_or(1);
    let margin = MARGIN + MARGIN_PER_DAY * days;
    let known = |device: &DeviceId| {
        let given = [of_copy.get(device), here.numbers.get(device)];
        given.into_iter().flatten().max().copied().unwrap_or(0)
    };
    let devices = wish.devices.iter().chain(of_copy.keys());
    let devices = devices.chain(here.numbers.keys()).chain(wish.last.keys());
    devices
        .map(|device| {
            let known = known(device);
            let last = match wish.last.get(device) {
                None => known + margin,
                Some(told) if *told >= known => *told,
                Some(told) => {
                    return Err(RestoreError::Number {
                        device: device.clone(),
                        told: *told,
                        known,
                    });
                }
            };
            Ok((device.clone(), last + 1))
        })
        .collect()
}

fn mark(
    conn: &Connection,
    wish: &Wish,
    next: &BTreeMap<DeviceId, u64>,
) -> Result<Opened, VerifyError> {
    conn.execute_batch("BEGIN IMMEDIATE")?;
    let opened = restored::write(conn, wish.id, next, wish.at).map_err(VerifyError::from)?;
    conn.execute_batch("COMMIT")?;
    Ok(opened)
}

/// Copies the copy, with its log if it has one, beside the database.
fn fetch(copy: &Path, path: &Path, scratch: &Path) -> Result<(), RestoreError> {
    let of = |path: &Path| fs::metadata(path).map(|m| (m.dev(), m.ino()));
    let named = of(copy).map_err(at(copy))?;
    if of(path).is_ok_and(|database| database == named) {
        return Err(RestoreError::Itself(copy.to_owned()));
    }
    store::check_length(copy).map_err(not_whole)?;
    remove(scratch).map_err(at(scratch))?;
    for ending in ["", "-wal"] {
        let (from, to) = (beside(copy, ending), beside(scratch, ending));
        let source = match File::open(&from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !ending.is_empty() => continue,
            opened => opened.map_err(at(&from)),
        };
        let target = store::create_private(&to).map_err(at(&to));
        io::copy(&mut source?, &mut target?).map_err(at(&to))?;
    }
    Ok(())
}

/// Moves what is there aside, and the copy into its place.
///
/// While it is under way the copy is called [`RESTORING`], and no daemon opens the database: an old log
/// beside a new file, or a file without its log, would be taken for the truth. The last step is one
/// rename.
fn swap(
    path: &Path,
    scratch: &Path,
    now: Timestamp,
    owner: Owner,
) -> Result<Option<PathBuf>, RestoreError> {
    let directory = directory_of(path);
    let aside = unused(directory, now);
    let ready = beside(path, RESTORING);
    let files = ["", "-wal"].map(|ending| beside(path, ending));
    let there: Vec<&PathBuf> = files.iter().filter(|file| file.exists()).collect();
    let steps = || -> io::Result<()> {
        if !there.is_empty() {
            fs::DirBuilder::new().mode(0o700).create(&aside)?;
            owner.give(&aside)?;
            for file in &there {
                keep(file, &aside)?;
            }
            sync_directory(&aside)?;
        }
        fs::rename(scratch, &ready)?;
        sync_directory(directory)?;
        for ending in ["-wal", "-shm"] {
            remove_one(&beside(path, ending))?;
        }
        sync_directory(directory)?;
        fs::rename(&ready, path)?;
        sync_directory(directory)
    };
    match steps() {
        Ok(()) => Ok((!there.is_empty()).then_some(aside)),
        Err(source) => Err(RestoreError::Swap { aside, source }),
    }
}

/// A folder of that moment. One that was cut short may have left one a second ago.
fn unused(directory: &Path, now: Timestamp) -> PathBuf {
    let name = format!("replaced-{}", now.strftime("%Y%m%dT%H%M%SZ"));
    let others = (2..).map(|number| directory.join(format!("{name}-{number}")));
    let mut names = std::iter::once(directory.join(&name)).chain(others);
    let unused = names.find(|name| !name.exists());
    unused.unwrap_or_else(|| directory.join(name))
}

/// The same file under a second name, or a copy where the file system has no second names.
fn keep(file: &Path, aside: &Path) -> io::Result<()> {
    let Some(name) = file.file_name() else {
        return Ok(());
    };
    let to = aside.join(name);
    if fs::hard_link(file, &to).is_ok() {
        return Ok(());
    }
    fs::copy(file, &to)?;
    File::open(&to)?.sync_all()
}

/// A scratch file and what SQLite puts beside it.
fn remove(scratch: &Path) -> io::Result<()> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        remove_one(&beside(scratch, ending))?;
    }
    Ok(())
}

fn remove_one(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Who the state directory belongs to: root restores for the service's user.
#[derive(Debug, Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

impl Owner {
    fn of(directory: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(directory)?;
        Ok(Self {
            user: metadata.uid(),
            group: metadata.gid(),
        })
    }

    fn give(self, file: &Path) -> io::Result<()> {
        let metadata = fs::metadata(file)?;
        if metadata.uid() == self.user {
            return Ok(());
        }
        chown(file, Some(self.user), Some(self.group))
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> RestoreError {
    let path = path.to_owned();
    move |source| RestoreError::File {
        path: path.clone(),
        source,
    }
}

fn not_whole(error: impl Into<VerifyError>) -> RestoreError {
    RestoreError::NotWhole(error.into())
}

impl From<Fault> for VerifyError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(error) => Self::Damaged(error.to_string()),
            Fault::Sqlite(error) => error.into(),
        }
    }
}
