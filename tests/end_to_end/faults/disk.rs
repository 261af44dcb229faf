//! The disk is full, becomes read-only, or fails to sync.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use daemon::cli::client::Client;
use simulator::terminal::zvt::Options;
use tests::{Desk, Wire, card, text, until};

use super::{cash, desk, inject, is_whole, keys, refusal, till};

/// A file system of its own; `None` where mounting is not allowed.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: PathBuf, megabytes: u32) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        let size = format!("size={megabytes}m");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(at))
    }

    fn remount(&self, how: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{how}")]).arg(&self.0);
        let done = mount.output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    /// Somebody else's file takes all that is free.
    fn fill(&self) {
        let full = fs::write(self.0.join("filler"), vec![1; 64 << 20]);
        assert!(full.is_err(), "the disk was not full");
    }

    fn free(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}

/// A desk whose state is on a disk of its own.
async fn with_disk(delay: u64, megabytes: u32) -> Option<(Desk, Disk)> {
    let options = Options {
        delay: Duration::from_millis(delay),
        ..Options::default()
    };
    let desk = Desk::set(Wire::Tcp, options).await;
    let disk = Disk::mount(desk.path("disk"), megabytes)?;
    let state = desk.path("state").display().to_string();
    desk.amend(&state, &disk.0.join("state").display().to_string());
    Some((desk, disk))
}

#[tokio::test]
async fn on_a_disk_that_became_read_only_nothing_begins_and_nothing_is_lost() {
    let Some((mut desk, disk)) = with_disk(100, 64).await else {
        println!("skipped: mounting a disk needs root");
        return;
    };
    let client = desk.start().await;
    client.pay("k1", &cash()).await.unwrap();
    assert!(desk.stop().await);
    disk.remount("ro");
    let starts = desk.starts();
    desk.spawn(&[]);
    until("it ends, and says why", || async { !desk.lives() }).await;
    assert_eq!(desk.starts(), starts);
    let log = desk.log();
    assert!(log.contains("ead-only"), "{log}");
    assert!(desk.has_ended());
    disk.remount("rw");
    let client = desk.start().await;
    assert_eq!(keys(&client).await, ["k1"]);
    client.pay("k2", &cash()).await.unwrap();
    assert!(desk.stop().await);
}

/// The disk fills up while a card is at the terminal: that payment is kept, and no other begins before
/// there is room.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_keeps_the_payment_that_runs_and_refuses_new_ones() {
    let Some((mut desk, disk)) = with_disk(500, 24).await else {
        println!("skipped: mounting a disk needs root");
        return;
    };
    let client = desk.start().await;
    desk.ready(&client).await;
    use_up_the_log(&client).await;
    let paying = tokio::spawn({
        let client = client.clone();
        async move { client.pay_once("k1", &card("10.10", "156")).await }
    });
    until("the terminal works on it", || async {
        desk.terminal.authorisations_seen() == 1
    })
    .await;
    disk.fill();
    let payment = paying.await.unwrap().unwrap();
    assert_eq!(text(&payment, "state"), "approved", "{payment}");
    assert_eq!(desk.terminal.charged().len(), 1);

    let refused = client.pay_once("k2", &card("20.20", "156")).await;
    let (kind, detail) = refusal(refused);
    assert_eq!(kind, "storage-full", "{detail}");
    assert!(detail.contains("Free some space"), "{detail}");
    assert_eq!(desk.terminal.authorisations_seen(), 1);
    let again = client.pay_once("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&again, "id"), text(&payment, "id"));
    let copy = desk.path("copy.db");
    let (code, said) = till(&desk, &["backup", copy.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no room for a copy"), "{said}");
    assert!(!copy.exists());

    disk.free();
    let payment = client.pay("k2", &card("20.20", "156")).await.unwrap();
    assert_eq!(text(&payment, "state"), "approved", "{payment}");
    assert_eq!(desk.terminal.charged().len(), 2);
    is_whole(&client).await;
    assert!(desk.stop().await);
}

/// The database's log begins anew after a life's first write, and what it was long before would be room on a full
/// disk.
async fn use_up_the_log(client: &Client) {
    for i in 0..5 {
        client.pay(&format!("more {i}"), &cash()).await.unwrap();
    }
}

/// The machine dies in the middle of a receipt, and its disk is full when it starts: a person hears of that
/// receipt as soon as there is room.
#[tokio::test]
async fn a_receipt_that_was_interrupted_is_not_lost_by_a_full_disk() {
    let Some((mut desk, disk)) = with_disk(100, 24).await else {
        println!("skipped: mounting a disk needs root");
        return;
    };
    let client = desk.start().await;
    let body = serde_json::json!({
        "device": "desk1", "amount": "1.00", "currency": "EUR", "method": "cash",
    });
    let payment = client.pay("k1", &body).await.unwrap();
    let path = format!("/v1/payments/{}", text(&payment, "id"));
    let receipt = async || {
        let payment = client.get(&path).await.unwrap_or_default();
        let job = payment.pointer("/printing/0");
        job.map(|job| text(job, "state")).unwrap_or_default()
    };
    until("its receipt comes out", async || {
        receipt().await == "confirmed"
    })
    .await;
    let database = rusqlite::Connection::open(disk.0.join("state/tilld.db")).unwrap();
    let sending = r#"UPDATE print_jobs SET state = 'sending', body = '{"state":"sending"}'"#;
    assert_eq!(database.execute(sending, []).unwrap(), 1);
    drop(database);
    use_up_the_log(&client).await;
    desk.kill();
    fs::remove_file(disk.0.join("state/ballast")).unwrap();
    disk.fill();

    desk.start().await;
    let log = desk.log();
    assert!(
        log.contains("what became of a print job could not be kept"),
        "{log}"
    );
    assert_eq!(receipt().await, "sending");
    disk.free();
    until("a person hears of it", async || {
        receipt().await == "unknown"
    })
    .await;
    assert!(desk.stop().await);
}

/// Where mounting is not allowed: no file may grow as long as the room that is kept for
/// outcomes.
#[tokio::test]
async fn without_the_room_for_outcomes_no_payment_begins() {
    let mut desk = desk().await;
    let starts = desk.starts();
    let limit = "trap '' XFSZ; ulimit -f 4096; exec \"$@\"";
    desk.spawn(&["bash", "-c", limit, "short files"]);
    until("it is ready", || async { desk.starts() > starts }).await;
    let client = desk.client();
    desk.ready(&client).await;
    let (kind, detail) = refusal(client.pay_once("k1", &card("10.10", "156")).await);
    assert_eq!(kind, "storage-full", "{detail}");
    assert_eq!(desk.terminal.authorisations_seen(), 0);
    assert!(desk.stop().await);
    let client = desk.start().await;
    desk.ready(&client).await;
    let payment = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&payment, "state"), "approved");
}

/// The terminal approves, and the disk cannot keep it: so it is not acknowledged, the daemon ends, and
/// after the next start terminal and journal agree.
#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_cannot_be_synced_is_not_acknowledged() {
    let options = Options {
        delay: Duration::from_millis(1500),
        ..Options::default()
    };
    let mut desk = Desk::set(Wire::Tcp, options).await;
    let client = desk.start().await;
    desk.ready(&client).await;
    client.pay("before", &card("5.00", "156")).await.unwrap();
    let paying = tokio::spawn({
        let client = client.clone();
        async move { client.pay_once("k1", &card("10.10", "156")).await }
    });
    until("the terminal works on it", || async {
        desk.terminal.authorisations_seen() == 2
    })
    .await;
    let Some(mut strace) = inject(&desk, "fsync,fdatasync", "error=EIO") else {
        println!("skipped: strace is not installed, or may not attach");
        return;
    };
    until("it ends", || async { !desk.lives() }).await;
    strace.kill().unwrap();
    strace.wait().unwrap();
    assert!(desk.has_ended());
    let log = desk.log();
    assert!(log.contains("look at the disk"), "{log}");
    let heard = paying.await.unwrap();
    let approved = |payment: &serde_json::Value| text(payment, "state") == "approved";
    assert!(!heard.is_ok_and(|p| approved(&p)), "it was not durable");

    let client = desk.start().await;
    let payment = client.pay("k1", &card("10.10", "156")).await.unwrap();
    let path = format!("/v1/payments/{}", text(&payment, "id"));
    until("the terminal has told", || async {
        let payment = client.get(&path).await.unwrap();
        ["approved", "declined"].contains(&text(&payment, "state").as_str())
    })
    .await;
    let payment = client.get(&path).await.unwrap();
    assert_eq!(
        desk.terminal.charged().len(),
        1 + usize::from(approved(&payment)),
        "{payment}"
    );
    assert_eq!(desk.terminal.authorisations_seen(), 2);
    is_whole(&client).await;
    assert!(desk.stop().await);
}
