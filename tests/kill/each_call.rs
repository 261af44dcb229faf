//! The n-th write or sync of each thread kills the daemon, or fails, for every n until a run meets none
//! any more. By strace.

use std::{fs, process::Command, time::Duration};

use payment::{Money, parse_currency};
use simulator::{invoicing::System, terminal::zvt::Options};
use tests::{Desk, Wire};

use super::{INVOICE, SALE, Tally, again, compare, settle, wish};

/// SQLite syncs by one of them; directories and new files are synced by the other.
const SYNC: &str = "fsync,fdatasync";
/// The calls, and what becomes of them.
const FAULTS: [(&str, &str); 5] = [
    ("pwrite64", "signal=KILL"),
    (SYNC, "signal=KILL"),
    ("pwrite64", "error=EIO"),
    (SYNC, "error=EIO"),
    ("pwrite64", "error=ENOSPC"),
];
/// No day has so many calls, however many days came before.
const MOST: u64 = 500;

/// Whether strace may trace here.
pub(super) fn can_trace() -> bool {
    let tried = Command::new("strace")
        .args(["-D", "-qq", "-e", "trace=none", "true"])
        .output();
    tried.is_ok_and(|output| output.status.success())
}

/// One day for each fault, with a run for each n, or for each `stride`-th.
pub(super) async fn days(stride: u64) -> Vec<(String, Tally)> {
    let mut days = Vec::new();
    for (call, fault) in FAULTS {
        days.push((
            format!("each {call} with {fault}"),
            day(call, fault, stride).await,
        ));
    }
    days
}

async fn day(call: &str, fault: &str, stride: u64) -> Tally {
    let options = Options {
        delay: SALE,
        ..Options::default()
    };
    let mut desk = Desk::set(Wire::Tcp, options).await;
    let total = Money::parse("1000000.00", parse_currency("EUR").unwrap()).unwrap();
    desk.sandbox.lock().add_invoice(INVOICE, total);
    desk.start().await;
    assert!(desk.stop().await);
    let mut tally = Tally::default();
    let trace = desk.path("trace");
    let mut number = 0;
    let mut each_was_met = false;
    for nth in (1..MOST).step_by(usize::try_from(stride).unwrap()) {
        number += 1;
        let (key, body) = wish(number);
        let starts = desk.starts();
        desk.spawn(&[
            "strace",
            "-D",
            "-f",
            "-qq",
            "-o",
            trace.to_str().unwrap(),
            "-e",
            &format!("trace={call}"),
            "-e",
            &format!("inject={call}:{fault}:when={nth}"),
        ]);
        let client = desk.client();
        // A daemon that cannot start ends.
        while desk.starts() == starts && desk.is_running() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Who cannot be served now asks again later: a full disk has room again soon.
        while desk.is_running() && client.pay_once(&key, &body).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Receipt, delivery, and the end of a day's work.
        tokio::time::sleep(Duration::from_millis(150)).await;
        if !desk.has_ended() {
            desk.stop().await;
        }
        let met = fs::read_to_string(&trace).unwrap_or_default();
        let met = met.contains("INJECTED") || met.contains("SIGKILL");
        let client = desk.start().await;
        desk.ready(&client).await;
        let payment = again(&desk, &client, &key, &body).await;
        settle(&desk, &client, payment, number, &mut tally).await;
        assert!(desk.stop().await);
        if !met {
            each_was_met = true;
            break;
        }
        tally.kills += 1;
    }
    assert!(tally.kills > 0, "{fault}: no {call} was met");
    assert!(each_was_met, "a day has more than {MOST} of {call}");
    let client = desk.start().await;
    compare(&desk, &client, number, &mut tally).await;
    tally
}
