//! What a machine does to a daemon: it is stopped for a while, runs out of files, its disk becomes
//! read-only.

use std::{fs, io::Write, process::Command, time::Duration};

use serde_json::{Value, json};
use simulator::terminal::zvt::Options;
use tests::{Desk, Wire, card, text, until};

async fn desk() -> Desk {
    let options = Options {
        delay: Duration::from_millis(100),
        ..Options::default()
    };
    Desk::set(Wire::Tcp, options).await
}

fn cash() -> Value {
    json!({ "device": "cashbox", "amount": "1.00", "currency": "EUR", "method": "cash" })
}

#[tokio::test]
async fn a_daemon_that_is_stopped_for_a_while_takes_the_payment_once() {
    let mut desk = desk().await;
    let client = desk.start().await;
    desk.ready(&client).await;
    let paying = tokio::spawn({
        let client = client.clone();
        async move { client.pay("k1", &card("10.10", "156")).await }
    });
    until("the terminal works on it", || async {
        desk.terminal.authorisations_seen() == 1
    })
    .await;
    desk.signal("STOP");
    // The terminal approves meanwhile, and nobody acknowledges it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    desk.signal("CONT");
    let payment = paying.await.unwrap().unwrap();
    let charged = usize::from(text(&payment, "state") == "approved");
    assert_eq!(desk.terminal.charged().len(), charged, "{payment}");
    assert_eq!(desk.terminal.authorisations_seen(), 1);
    let again = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&again, "id"), text(&payment, "id"));
}

/// Callers who hold every file that the daemon may open keep it from serving, and from nothing else.
#[tokio::test]
async fn a_daemon_without_a_free_file_goes_on_when_there_is_one() {
    let mut desk = desk().await;
    let starts = desk.starts();
    desk.spawn(&["bash", "-c", "ulimit -n 48; exec \"$@\"", "few files"]);
    until("it is ready", || async { desk.starts() > starts }).await;
    let client = desk.client();
    desk.ready(&client).await;
    let url = desk.url();
    let address = url.strip_prefix("http://").unwrap();
    let held: Vec<_> = (0..80)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
            stream
        })
        .collect();
    let slow = tokio::time::timeout(Duration::from_secs(2), desk.client().get("/healthz")).await;
    assert!(
        !matches!(slow, Ok(Ok(_))),
        "there were files left: {slow:?}"
    );
    drop(held);
    let payment = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&payment, "state"), "approved");
    let seen = client.get("/v1/verify").await.unwrap();
    assert_eq!(seen.get("whole"), Some(&json!(true)), "{seen}");
    assert!(desk.stop());
}

/// A file system of its own; `None` where mounting is not allowed.
struct Disk(std::path::PathBuf);

impl Disk {
    fn mount(at: std::path::PathBuf) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"])
            .arg(&at);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(at))
    }

    fn remount(&self, how: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{how}")]).arg(&self.0);
        let done = mount.output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}

#[tokio::test]
async fn on_a_disk_that_became_read_only_nothing_begins_and_nothing_is_lost() {
    let mut desk = desk().await;
    let Some(disk) = Disk::mount(desk.path("disk")) else {
        println!("skipped: mounting a disk needs root");
        return;
    };
    let state = desk.path("state").display().to_string();
    desk.amend(&state, &disk.0.join("state").display().to_string());
    let client = desk.start().await;
    client.pay("k1", &cash()).await.unwrap();
    assert!(desk.stop());
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
    let list = client.get("/v1/payments").await.unwrap();
    assert_eq!(list.pointer("/payments/0/key"), Some(&json!("k1")));
    client.pay("k2", &cash()).await.unwrap();
    assert!(desk.stop());
    drop(disk);
}
