//! One card payment at an idle desk: what it costs beyond the terminal's own time.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    caller::body,
    disk::{Disk, Probe, median, micros, percentile},
    process::{Daemon, configure},
    report::{Line, Report, Target, figure},
    terminal::Quick,
};

/// Commits that a payment waits for.
const COMMITS: u32 = 2;

/// All times of the run, in the order in which they were taken.
pub(crate) struct Times {
    pub(crate) floors: Vec<Duration>,
    pub(crate) overheads: Vec<Duration>,
    pub(crate) ratio: f64,
}

/// Each round measures the floor, the bare conversation and a payment one after the other, so that
/// whatever else the machine does hits all three.
pub(crate) fn measure(dir: &Path, rounds: usize, disk: Disk, report: &mut Report) -> Times {
    let dir = &disk.below(dir);
    let terminal = Quick::serve(Duration::ZERO);
    configure(dir, &[terminal.address], "");
    let daemon = Daemon::start(dir);
    daemon.terminals_ready(1);
    let mut caller = daemon.caller();
    let wish = body("desk1", "card");
    let mut pay = |key: &str| {
        let begun = Instant::now();
        let (status, answer) = caller.pay(key, &wish);
        let whole = begun.elapsed();
        assert_eq!(status, 201, "{answer}");
        (whole, terminal.asked().duration_since(begun))
    };
    let mut probe = Probe::on(dir);
    pay("first");
    let mut bare_till = terminal.bare_till();
    let mut floors = Vec::new();
    let mut singles = Vec::new();
    let mut bare = Vec::new();
    let mut wholes = Vec::new();
    let mut intents = Vec::new();
    for round in 0..rounds {
        floors.push(probe.commits(COMMITS));
        singles.push(probe.commits(1));
        bare.push(bare_till.pay());
        let (whole, asked) = pay(&format!("payment-{round}"));
        wholes.push(whole);
        intents.push(asked);
    }
    let own = median(&mut bare.clone());
    let overheads: Vec<Duration> = wholes.iter().map(|w| w.saturating_sub(own)).collect();
    let mut sorted = (floors.clone(), overheads.clone());
    let (floor, overhead) = (median(&mut sorted.0), median(&mut sorted.1));
    report.add(
        Line::new(
            disk.line("a request until its intent is durable and the terminal is asked, median"),
            figure(micros(median(&mut intents)), "µs"),
        )
        .beside("one fdatasync", figure(micros(median(&mut singles)), "µs")),
    );
    report.add(
        Line::new(
            disk.line("a card payment beyond the terminal's own time, median"),
            figure(micros(overhead), "µs"),
        )
        .beside(format!("{COMMITS} fdatasyncs"), figure(micros(floor), "µs"))
        .target(Target::RatioAtMost(1.3)),
    );
    report.add(
        Line::new(
            disk.line("a card payment beyond the terminal's own time, 99 of 100"),
            figure(micros(percentile(&mut sorted.1, 99)), "µs"),
        )
        .beside(
            format!("{COMMITS} fdatasyncs"),
            figure(micros(percentile(&mut sorted.0, 99)), "µs"),
        ),
    );
    report.add(
        Line::new(
            disk.line("a whole card payment, the terminal answering at once, median"),
            figure(micros(median(&mut wholes)), "µs"),
        )
        .beside(
            "the terminal and a till that stores nothing",
            figure(micros(own), "µs"),
        ),
    );
    Times {
        floors,
        overheads,
        ratio: micros(overhead) / micros(floor),
    }
}
