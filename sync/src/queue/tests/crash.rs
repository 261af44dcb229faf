//! What a power cut leaves: the database, and of what was written after the last sync any part.

use std::{collections::BTreeSet, fs, path::Path};

use payment::{Approval, Fact};

use super::support::*;
use crate::queue::{Due, Happened, Queue, writer::Message};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;
/// The head of the log, and of each frame in it (SQLite's file format, 4.1).
const LOG_HEAD: usize = 32;
const FRAME_HEAD: usize = 24;

/// The files as they were when so many entries were acknowledged.
struct Moment {
    acked: i64,
    database: Vec<u8>,
    log: Vec<u8>,
}

fn moment(desk: &Desk, acked: i64) -> Moment {
    Moment {
        acked,
        database: fs::read(desk.path()).unwrap(),
        log: fs::read(desk.path().with_extension("db-wal")).unwrap(),
    }
}

/// In memory where that is possible: the test decides what a sync was worth, not the disk.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// Opens what is left and returns the number of entries, all of them whole.
fn recover(directory: &Path, database: &[u8], log: &[u8]) -> i64 {
    let path = directory.join("queue.db");
    fs::write(&path, database).unwrap();
    fs::write(directory.join("queue.db-wal"), log).unwrap();
    drop(fs::remove_file(directory.join("queue.db-shm")));
    let queue = Queue::open(&path).unwrap();
    let reader = queue.reader().unwrap();
    let entries = reader.verify().unwrap();
    // What fell due did so with its fact, or not at all.
    let approved = reader.events_after(0, 500).unwrap();
    for entry in approved {
        let Happened::Payment {
            payment,
            fact: Fact::Approved(_),
        } = entry.happened
        else {
            continue;
        };
        assert_eq!(reader.deliveries_of(payment).unwrap().len(), 1);
        assert_eq!(reader.jobs_of(payment).unwrap().len(), 1);
    }
    drop(reader);
    queue.close();
    entries
}

/// Three payments, and after each write a moment. After the first write and before the last payment the
/// log was copied into the database, and begins anew over what it held.
fn history(desk: &Desk) -> Vec<Moment> {
    let mut moments = vec![moment(desk, 0)];
    for number in 1..=3 {
        if number == 3 {
            desk.queue.tell(Message::Tamper(|conn| {
                let copied = |row: &rusqlite::Row<'_>| Ok((row.get(1)?, row.get(2)?));
                let (held, copied): (i64, i64) = conn
                    .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], copied)
                    .unwrap();
                assert!(held > 0 && held == copied, "{copied} of {held} frames");
            }));
        }
        let writes = [
            begin(for_invoice(number, "A"), Due::default()),
            add(id(number), Fact::Approved(Approval::default()), due()),
            add(id(number), Fact::Completed, Due::default()),
        ];
        for write in writes {
            desk.write(write).unwrap();
            let acked = i64::try_from(moments.len()).unwrap();
            moments.push(moment(desk, acked));
        }
    }
    moments
}

/// The log between two moments, with some sectors as they are after and the others as they were before.
fn torn(before: &[u8], after: &[u8], arrived: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut log = after.to_vec();
    for at in (0..log.len()).step_by(SECTOR) {
        if arrived(at / SECTOR) {
            continue;
        }
        for (place, byte) in log.iter_mut().enumerate().skip(at).take(SECTOR) {
            // A part of a file that was never written reads as zeros.
            *byte = before.get(place).copied().unwrap_or(0);
        }
    }
    log
}

/// How many bytes at the beginning are the same.
fn same(before: &[u8], after: &[u8]) -> usize {
    let pairs = before.iter().zip(after);
    pairs.take_while(|(one, other)| one == other).count()
}

/// The sectors that a write changed.
fn changed(before: &[u8], after: &[u8]) -> Vec<usize> {
    let sectors = after.chunks(SECTOR).enumerate();
    let of_before = |number: usize| before.chunks(SECTOR).nth(number);
    sectors
        .filter(|(number, sector)| of_before(*number) != Some(*sector))
        .map(|(number, _)| number)
        .collect()
}

/// Where a log can end: at each sector, and at the borders of each frame and of its head.
fn cuts(before: &[u8], after: &[u8]) -> BTreeSet<usize> {
    let page = u32::from_be_bytes(after[8..12].try_into().unwrap());
    let frame = FRAME_HEAD + usize::try_from(page).unwrap();
    let borders = (LOG_HEAD..after.len())
        .step_by(frame)
        .flat_map(|at| [at, at + FRAME_HEAD]);
    // Before and behind these nothing was written.
    let first = same(before, after);
    let last = after.len().min(
        changed(before, after)
            .last()
            .map_or(0, |last| (last + 1) * SECTOR),
    );
    let sectors = (0..after.len()).step_by(SECTOR);
    let all = sectors.chain(borders).chain([first, last]);
    all.filter(|cut| (first..=last).contains(cut)).collect()
}

#[test]
fn every_acknowledged_write_outlives_a_power_cut_and_nothing_is_torn() {
    let desk = Desk::new();
    let moments = history(&desk);
    let directory = directory();
    let (mut states, mut anew) = (0, 0);
    for pair in moments.windows(2) {
        let [before, after] = pair else { continue };
        anew += usize::from(before.log.get(..LOG_HEAD) != after.log.get(..LOG_HEAD));
        // Synced: everything of the moment before. Not synced: any beginning of what came after.
        for cut in cuts(&before.log, &after.log) {
            let mut log = after.log[..cut].to_vec();
            log.extend(before.log.get(cut..).unwrap_or_default());
            let whole = log == after.log;
            let entries = recover(directory.path(), &after.database, &log);
            let expected = if whole { after.acked } else { before.acked };
            assert_eq!(entries, expected, "cut at {cut} of {}", after.log.len());
            states += 1;
        }
    }
    assert!(states > 500, "only {states} states were tried");
    assert_eq!(
        anew, 2,
        "the log began anew after the first write and before the last payment"
    );
}

#[test]
fn any_torn_sectors_after_the_last_sync_take_nothing_that_was_acknowledged() {
    let desk = Desk::new();
    let moments = history(&desk);
    let directory = directory();
    let mut random = Random(7);
    for pair in moments.windows(2) {
        let [before, after] = pair else { continue };
        let changed = changed(&before.log, &after.log);
        // Each order of arrival, down to a single sector that is missing or alone.
        let mut stories: Vec<BTreeSet<usize>> = Vec::new();
        for _ in 0..8 {
            let share = random.below(5);
            stories.push(
                changed
                    .iter()
                    .copied()
                    .filter(|_| random.below(4) < share)
                    .collect(),
            );
            let one = changed[random.below(changed.len())];
            stories.push([one].into());
            stories.push(changed.iter().copied().filter(|s| *s != one).collect());
        }
        for arrived in stories {
            let mut log = torn(&before.log, &after.log, |sector| {
                !changed.contains(&sector) || arrived.contains(&sector)
            });
            // Some disks leave neither the old nor the new; but what was synced in the same sector stays
            // (SQLite's SQLITE_IOCAP_POWERSAFE_OVERWRITE).
            let missing: Vec<_> = changed.iter().filter(|s| !arrived.contains(s)).collect();
            if random.below(2) == 0 && !missing.is_empty() {
                let at = missing[random.below(missing.len())] * SECTOR;
                let end = (at + SECTOR).min(log.len());
                let begin = at.max(same(&before.log, &after.log));
                log[begin..end].fill(0xa5);
            }
            let entries = recover(directory.path(), &after.database, &log);
            let expected = if log == after.log {
                after.acked
            } else {
                before.acked
            };
            assert_eq!(entries, expected, "of {changed:?} came {arrived:?}");
        }
    }
}

/// The log is synced before it is copied, and goes on to hold everything until the copy is synced.
#[test]
fn a_torn_copy_of_the_log_into_the_database_takes_nothing() {
    let desk = Desk::new();
    let moments = history(&desk);
    let directory = directory();
    let mut random = Random(8);
    let copied = moments
        .windows(2)
        .find(|pair| pair[0].database != pair[1].database);
    let Some([before, after]) = copied else {
        panic!("the log was never copied");
    };
    for _ in 0..40 {
        let share = random.below(5);
        let arrived: Vec<bool> = (0..=after.database.len() / SECTOR)
            .map(|_| random.below(4) < share)
            .collect();
        let database = torn(&before.database, &after.database, |sector| arrived[sector]);
        let entries = recover(directory.path(), &database, &before.log);
        assert_eq!(entries, before.acked);
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }
}
