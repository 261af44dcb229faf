//! What a power cut leaves: the database and any part of the log after its last sync.

use std::{fs, path::Path};

use payment::{Approval, Fact};

use super::support::*;
use crate::queue::{Due, Happened, Queue, Write};

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

fn history(desk: &Desk) -> Vec<Moment> {
    let writes: Vec<Write> = (1..=4)
        .flat_map(|number| {
            [
                begin(for_invoice(number, "A"), Due::default()),
                add(id(number), Fact::Approved(Approval::default()), due()),
                add(id(number), Fact::Completed, Due::default()),
            ]
        })
        .collect();
    let mut moments = vec![moment(desk, 0)];
    for (acked, write) in (1..).zip(writes) {
        desk.write(write).unwrap();
        moments.push(moment(desk, acked));
    }
    moments
}

#[test]
fn every_acknowledged_write_outlives_a_power_cut_and_nothing_is_torn() {
    let desk = Desk::new();
    let moments = history(&desk);
    let directory = tempfile::tempdir().unwrap();
    let mut states = 0;
    for pair in moments.windows(2) {
        let [before, after] = pair else { continue };
        // Synced: everything of the moment before. Not synced: any beginning of what came after.
        // A prime step meets every offset in a page and a frame.
        let cuts = (before.log.len()..=after.log.len()).step_by(509);
        for cut in cuts.chain([after.log.len()]) {
            let entries = recover(directory.path(), &after.database, &after.log[..cut]);
            let whole = cut == after.log.len();
            assert!(
                entries >= before.acked,
                "{} were acknowledged",
                before.acked
            );
            assert!(entries <= after.acked && (!whole || entries == after.acked));
            states += 1;
        }
    }
    assert!(states > 100, "only {states} states were tried");
}

#[test]
fn a_torn_sector_at_the_end_takes_nothing_that_was_acknowledged() {
    let desk = Desk::new();
    let moments = history(&desk);
    let directory = tempfile::tempdir().unwrap();
    for pair in moments.windows(2) {
        let [before, after] = pair else { continue };
        for sector in (before.log.len()..after.log.len()).step_by(4 * 512) {
            let mut log = after.log.clone();
            let end = (sector + 512).min(log.len());
            log[sector..end].fill(0xa5);
            let entries = recover(directory.path(), &after.database, &log);
            assert_eq!(entries, before.acked);
        }
    }
}
