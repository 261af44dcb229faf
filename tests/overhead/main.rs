//! What a card payment costs beyond the terminal's own time, beside its floor: as many bare
//! `fdatasync`s on the same disk, in the same run, as the payment must wait for.
//!
//! The simulated terminal answers at once, over a pseudo-terminal, so what is left is ours: the
//! request, two durable commits (intent and approval), the wire's messages, and the answer.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot be made fails loudly"
)]
#![expect(clippy::print_stdout, reason = "its output is its purpose")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    time::{Duration, Instant},
};

use simulator::terminal::zvt::Options;
use tests::{Desk, Wire, card};

const ROUNDS: usize = 300;
/// Commits that a payment waits for.
const COMMITS: u32 = 2;
/// What a commit of one payment writes to the log, about: two pages with their headers.
const COMMIT_BYTES: usize = 8240;

#[tokio::main]
async fn main() {
    let options = Options {
        delay: Duration::ZERO,
        ..Options::default()
    };
    let mut desk = Desk::set(Wire::Serial, options).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    let mut probe = fs::File::create(desk.path("probe")).unwrap();
    probe.write_all(&vec![0; COMMIT_BYTES]).unwrap();
    probe.sync_all().unwrap();

    let mut floors = Vec::new();
    let mut payments = Vec::new();
    for round in 0..ROUNDS {
        floors.push(floor(&mut probe));
        let mut body = card("10.10", "156");
        // Without an invoice, so that no delivery shares the disk with the next round.
        body.as_object_mut().unwrap().remove("invoice");
        let begun = Instant::now();
        client
            .pay(&format!("overhead-{round}"), &body)
            .await
            .unwrap();
        payments.push(begun.elapsed());
    }
    floors.sort();
    payments.sort();
    println!("{ROUNDS} card payments over a pseudo-terminal, the terminal answering at once");
    println!("                          median        p99");
    row(&format!("floor: {COMMITS} x fdatasync"), &floors);
    row("payment, request to answer", &payments);
    let ratio = at(&payments, 50).as_micros() * 100 / at(&floors, 50).as_micros().max(1);
    println!("ratio of the medians: {}.{:02}", ratio / 100, ratio % 100);
}

fn floor(probe: &mut fs::File) -> Duration {
    let begun = Instant::now();
    for _ in 0..COMMITS {
        probe.seek(SeekFrom::Start(0)).unwrap();
        probe.write_all(&vec![1; COMMIT_BYTES]).unwrap();
        probe.sync_data().unwrap();
    }
    begun.elapsed()
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len() - 1))
        .copied()
        .unwrap()
}

fn row(name: &str, sorted: &[Duration]) {
    let (median, p99) = (at(sorted, 50).as_micros(), at(sorted, 99).as_micros());
    println!("{name:<26}{median:>7} us {p99:>7} us");
}
