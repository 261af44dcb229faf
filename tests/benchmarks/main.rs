//! What tilld costs, beside what it must cost: each figure with its peer or its physical floor,
//! measured in the same run on the same disk.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot be made fails loudly"
)]
#![expect(clippy::print_stdout, reason = "its output is its purpose")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]
#![expect(clippy::float_arithmetic, reason = "a ratio of times is no money")]

mod backlog;
mod caller;
mod disk;
mod drain;
mod idle;
mod load;
mod many;
mod multiply;
mod operations;
mod options;
mod payment;
mod plot;
mod process;
mod receipt;
mod report;
mod rows;
mod terminal;
mod throughput;

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::Duration,
};

use disk::Disk;
use options::Options;
use report::Report;

fn main() {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(usage) => {
            println!("{usage}");
            std::process::exit(2);
        }
    };
    fs::create_dir_all(&options.out).unwrap();
    // Beside the results, so that the disk is the one that was named and not a memory of files.
    let work = tempfile::tempdir_in(&options.out).unwrap();
    let mut failed = false;
    let mut report = Report {
        machine: machine(),
        ..Report::default()
    };
    let mut plots = Vec::new();
    let quick = options.quick;
    for name in options::NAMES {
        if !options.wants(name) {
            continue;
        }
        let dir = work.path().join(name);
        fs::create_dir_all(&dir).unwrap();
        // What was measured before is not lost with what cannot be measured.
        let measured = catch_unwind(AssertUnwindSafe(|| match name {
            "payment" => {
                let rounds = if quick { 300 } else { 2000 };
                let times = payment::measure(&dir, rounds, Disk::AsItIs, &mut report);
                plots.push(("payment.svg", plot::distribution(&times, Disk::AsItIs)));
            }
            "throughput" => {
                let rounds = if quick { 2 } else { 5 };
                let each = Duration::from_millis(if quick { 500 } else { 1000 });
                throughput::measure(&dir, rounds, each, Disk::AsItIs, &mut report);
            }
            "slow" => {
                let Some(disk) = Disk::delayed() else {
                    report
                        .notes
                        .push("Nothing delays the syncs: call tests/bench.".to_owned());
                    return;
                };
                let rounds = if quick { 200 } else { 1000 };
                let times = payment::measure(&dir.join("payment"), rounds, disk, &mut report);
                plots.push(("payment-slow.svg", plot::distribution(&times, disk)));
                let rounds = if quick { 2 } else { 5 };
                let each = Duration::from_millis(if quick { 500 } else { 1000 });
                throughput::measure(&dir.join("throughput"), rounds, each, disk, &mut report);
            }
            "idle" => {
                let over = Duration::from_secs(if quick { 5 } else { 20 });
                idle::measure(&dir, over, &mut report);
                idle::sizes(&mut report);
            }
            "drain" => {
                let payments = if quick { 5000 } else { 100_000 };
                let looks = drain::measure(&dir, payments, &mut report);
                plots.push(("drain.svg", plot::drain(&looks)));
            }
            "many" => {
                let usual = if quick { 50_000 } else { 1_000_000 };
                let payments = options.payments.unwrap_or(usual);
                many::measure(&dir, payments, &mut report);
            }
            "receipt" => receipt::measure(&mut report),
            _ => {
                let over = Duration::from_secs(if quick { 10 } else { 60 });
                load::measure(&dir, over, &mut report);
            }
        }));
        if measured.is_err() {
            report
                .notes
                .push(format!("FAILED: {name}. Nothing is said of it here."));
            failed = true;
        }
    }
    finish(&options, &report, &plots);
    if failed {
        drop(work);
        std::process::exit(1);
    }
}

fn finish(options: &Options, report: &Report, plots: &[(&str, String)]) {
    print!("{}", report.table());
    let write = |name: &str, text: &str| fs::write(options.out.join(name), text).unwrap();
    write("figures.md", &report.markdown());
    write(
        "figures.json",
        &serde_json::to_string_pretty(&report.json()).unwrap(),
    );
    for (name, plot) in plots {
        write(name, plot);
    }
    if let Some(readme) = &options.readme {
        report.fill(readme).unwrap();
    }
    println!("\nin {}", options.out.display());
}

/// What it ran on.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(Path::new(path)).unwrap_or_default();
    let line = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map(|(_, value)| value.trim().to_owned())
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let model = line(&read("/proc/cpuinfo"), "model name").unwrap_or_default();
    let memory = line(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let memory: u64 = memory
        .split(' ')
        .next()
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!(
        "{processors} processors ({model}), {} GB of memory, Linux {}",
        memory / 1024 / 1024,
        kernel.trim()
    )
}
