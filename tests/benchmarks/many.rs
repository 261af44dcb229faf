//! Each operation with a large database beside the same with a small one.

use std::{fs, path::Path, time::Instant};

use crate::{
    backlog,
    disk::{median, micros},
    idle,
    operations::{OPERATIONS, Side},
    process::database,
    report::{Line, Report, Target, figure},
};

/// Payments in the small database.
const FEW: usize = 1000;
/// How often each operation is done, on both in turn.
const ROUNDS: usize = 60;
/// A larger database is not copied: the disk may not have the room.
const COPIED: usize = 1_000_000;
/// How much slower the large one may be.
const MOST: f64 = 1.5;

pub(crate) fn measure(dir: &Path, payments: usize, report: &mut Report) {
    let (small, large) = (dir.join("small"), dir.join("large"));
    backlog::done(&database(&small), FEW, "list", "front");
    let begun = Instant::now();
    backlog::done(&database(&large), payments, "list", "front");
    let bytes = fs::metadata(database(&large)).unwrap().len();
    report.notes.push(format!(
        "The database of {payments} payments, each delivered and printed, has {} MB ({} bytes a payment); it took {} s to make.",
        bytes / 1024 / 1024,
        bytes / payments as u64,
        begun.elapsed().as_secs()
    ));
    let (mut few, mut many) = (
        Side::start(&small, FEW, ROUNDS),
        Side::start(&large, payments, ROUNDS),
    );
    for (operation, name) in OPERATIONS {
        let mut times = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            times.0.push(few.time(operation));
            times.1.push(many.time(operation));
        }
        report.add(
            Line::new(
                format!("{name}, with {payments} payments in the database"),
                figure(micros(median(&mut times.1)), "µs"),
            )
            .beside(
                format!("with {FEW}"),
                figure(micros(median(&mut times.0)), "µs"),
            )
            .target(Target::RatioAtMost(MOST)),
        );
    }
    if payments <= COPIED {
        let (alone, meanwhile) = many.pay_during_a_copy(ROUNDS);
        report.add(
            Line::new(
                format!("a cash payment while {payments} payments are copied by a backup"),
                figure(micros(meanwhile), "µs"),
            )
            .beside("without", figure(micros(alone), "µs")),
        );
    }
    drop((few, many));
    idle::start(
        &large,
        &format!("{payments} payments in the database"),
        60.0,
        report,
    );
}
