//! What a receipt costs beside the encoders of others, as `drivers/benches/run` measures it.

use std::{path::Path, process::Command};

use crate::report::{Line, Report, Target, figure};

/// Receipts in a second of one core that are wanted.
const LEAST: f64 = 200_000.0;

/// An encoder, the bytes of the receipt, and how many it makes in a second.
struct Row {
    name: String,
    bytes: f64,
    rate: f64,
}

pub(crate) fn measure(report: &mut Report) {
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("../drivers/benches/run");
    let output = Command::new(run).env_remove("LD_PRELOAD").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut rows = text.lines().filter_map(row);
    let Some(ours) = rows.next() else {
        panic!("{}", String::from_utf8_lossy(&output.stderr));
    };
    let others: Vec<Row> = rows.collect();
    for other in &others {
        report.add(
            Line::new(
                "a receipt of 30 lines with a QR code",
                figure(ours.bytes, "bytes"),
            )
            .beside(&other.name, figure(other.bytes, "bytes"))
            .target(Target::RatioAtMost(1.0)),
        );
    }
    for other in &others {
        report.add(
            Line::new(
                "such receipts, rendered on one core",
                figure(ours.rate, "/s"),
            )
            .beside(&other.name, figure(other.rate, "/s"))
            .target(Target::AtLeast(LEAST)),
        );
    }
}

/// A row of its table ends in the bytes and the rate.
fn row(line: &str) -> Option<Row> {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let rate = words.pop()?.parse().ok()?;
    let bytes = words.pop()?.parse().ok()?;
    Some(Row {
        name: words.join(" "),
        bytes,
        rate,
    })
}
