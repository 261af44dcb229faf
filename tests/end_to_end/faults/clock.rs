//! The clock of the machine is set back and forward while the daemon runs, and between two runs.
//!
//! By libfaketime, which moves the time of day of one process. The steady clock stays as it is, as on a
//! machine whose clock is set.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use simulator::{
    invoicing::{Fault, System},
    printer,
};
use tests::{Desk, card, text, until};

use super::{desk, is_whole};

/// The library, if Debian's package `libfaketime` is installed.
fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten();
    let mut found = folders.map(|dir| dir.path().join("faketime/libfaketimeMT.so.1"));
    found.find(|path| path.exists())
}

/// Sets the clock of the desk's daemon.
fn set(desk: &Desk, off: &str) {
    let new = desk.path("clock.new");
    fs::write(&new, off).unwrap();
    fs::rename(new, desk.path("clock")).unwrap();
}

/// Starts a daemon whose clock can be set.
async fn start(desk: &mut Desk, library: &std::path::Path) -> daemon::cli::client::Client {
    let starts = desk.starts();
    let name = |name: &str, path: PathBuf| format!("{name}={}", path.display());
    desk.spawn(&[
        "env",
        &name("LD_PRELOAD", library.to_owned()),
        &name("FAKETIME_TIMESTAMP_FILE", desk.path("clock")),
        "FAKETIME_NO_CACHE=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
        "DONT_FAKE_MONOTONIC=1",
        "NO_FAKE_STAT=1",
    ]);
    until("it is ready", || async { desk.starts() > starts }).await;
    let client = desk.client();
    desk.ready(&client).await;
    client
}

/// How far the payment's time of day is from ours, in days.
#[expect(
    clippy::disallowed_methods,
    reason = "the daemon's clock is compared with the machine's"
)]
fn days_off(payment: &Value) -> i64 {
    let at: Timestamp = text(payment, "created_at").parse().unwrap();
    let off = at.duration_since(Timestamp::now());
    (off + SignedDuration::from_hours(12))
        .as_hours()
        .div_euclid(24)
}

/// The invoicing system has each of these payments once.
async fn booked(desk: &Desk, count: usize) {
    until("everything is booked", || async {
        desk.sandbox.lock().booked().len() >= count
    })
    .await;
    assert_eq!(desk.sandbox.lock().booked().len(), count);
}

/// So many payments have their receipts on paper, the patient's and the clinic's.
async fn printed(desk: &Desk, count: usize) {
    until("the receipts come out", async || {
        desk.printer.pages().len() >= 2 * count
    })
    .await;
    assert_eq!(desk.printer.pages().len(), 2 * count);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_loses_nothing_and_repeats_nothing() {
    let Some(library) = library() else {
        println!("skipped: libfaketime is not installed");
        return;
    };
    let mut desk = desk().await;
    let mut days = BTreeMap::new();
    let pay = async |client: &daemon::cli::client::Client, key: &str| {
        let payment = client.pay(key, &card("10.10", "156")).await.unwrap();
        assert_eq!(text(&payment, "state"), "approved", "{payment}");
        (text(&payment, "receipt"), days_off(&payment))
    };
    set(&desk, "+0");
    let client = start(&mut desk, &library).await;
    days.extend([pay(&client, "k1").await]);
    booked(&desk, 1).await;

    // Back by a day. A receipt that waits for paper, and a payment that waits for its turn.
    desk.printer.arm(printer::Fault::PaperOut);
    set(&desk, "-1d");
    days.extend([pay(&client, "k2").await]);
    booked(&desk, 2).await;
    // Forward by three: the receipt is not older for it.
    set(&desk, "+2d");
    days.extend([pay(&client, "k3").await]);
    booked(&desk, 3).await;
    desk.printer.clear();
    printed(&desk, 3).await;

    // An answer is lost, and the clock set back while the fence stands: it is read back.
    desk.sandbox.lock().arm(Fault::AnswerLostAfterBooking, 1);
    days.extend([pay(&client, "k4").await]);
    booked(&desk, 4).await;
    // By so little that iVvy still takes it: the fence of one second must not last for two minutes.
    set(&desk, "+172680");
    until("it is read back", || async {
        let open = client.get("/v1/sync").await.unwrap_or_default();
        !open.to_string().contains("ambiguous") && !open.to_string().contains("sending")
    })
    .await;
    printed(&desk, 4).await;
    booked(&desk, 4).await;

    // Between two runs, with a booking under way.
    desk.sandbox.lock().arm(Fault::Down, u32::MAX);
    set(&desk, "+2d");
    days.extend([pay(&client, "k5").await]);
    printed(&desk, 5).await;
    desk.kill();
    set(&desk, "-3d");
    desk.sandbox.lock().disarm();
    let client = start(&mut desk, &library).await;
    days.extend([pay(&client, "k6").await]);
    booked(&desk, 6).await;
    printed(&desk, 6).await;

    let expected = [0, -1, 2, 2, 2, -3].into_iter().zip(1..);
    let expected = expected.map(|(days, n)| (format!("desk1-{n:06}"), days));
    assert_eq!(
        days,
        expected.collect(),
        "numbers without gaps, by the wall clock"
    );
    let pages = desk.printer.pages();
    for receipt in days.keys() {
        let printed = pages.iter().filter(|page| page.contains(receipt));
        assert_eq!(printed.count(), 2, "{receipt}: {pages:?}");
    }
    assert_eq!(desk.terminal.charged().len(), 6);
    // Nothing comes after it either.
    tokio::time::sleep(Duration::from_secs(2)).await;
    booked(&desk, 6).await;
    is_whole(&client).await;
    assert!(desk.stop().await);
}
