//! The disk becomes read-only while the daemon runs, as Linux makes it when a file system finds an error
//! in itself: what is open for writing is refused too.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use daemon::cli::client::CallError;
use simulator::terminal::zvt::Options;
use tests::{Desk, Wire, card, text, until};

use super::{cash, is_whole, keys};

/// An ext4 in a file, mounted; it becomes read-only at its first error.
struct Disk {
    image: PathBuf,
    at: PathBuf,
}

fn run(program: &str, words: &[&str], path: &Path, more: Option<&Path>) -> Option<Output> {
    let mut command = Command::new(program);
    command.args(words).arg(path).args(more);
    let output = command.output().ok()?;
    // e2fsck says 1 when it has mended something.
    let fine = output.status.success() || (program == "e2fsck" && output.status.code() == Some(1));
    fine.then_some(output)
}

impl Disk {
    /// `None` where mounting is not allowed, or the kernel cannot be told to find an error.
    fn make(desk: &Desk) -> Option<Self> {
        let disk = Self {
            image: desk.path("disk.ext4"),
            at: desk.path("disk"),
        };
        fs::create_dir(&disk.at).unwrap();
        let image = fs::File::create(&disk.image).unwrap();
        image.set_len(64 << 20).unwrap();
        run("mkfs.ext4", &["-q"], &disk.image, None)?;
        disk.mount()?;
        disk.error().exists().then_some(disk)
    }

    fn mount(&self) -> Option<()> {
        let how = ["-o", "loop,errors=remount-ro"];
        run("mount", &how, &self.image, Some(&self.at)).map(drop)
    }

    /// Where the kernel is told to find an error.
    fn error(&self) -> PathBuf {
        let found = run("findmnt", &["-no", "SOURCE"], &self.at, None).unwrap();
        let device = String::from_utf8(found.stdout).unwrap();
        let name = device.trim().trim_start_matches("/dev/");
        Path::new("/sys/fs/ext4")
            .join(name)
            .join("trigger_fs_error")
    }

    fn becomes_read_only(&self) {
        fs::write(self.error(), "a test").unwrap();
        let refused = fs::write(self.at.join("probe"), "x").unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    }

    /// A person looks at it, and mounts it again.
    fn is_repaired(&self) {
        run("umount", &[], &self.at, None).unwrap();
        run("e2fsck", &["-fy"], &self.image, None).unwrap();
        self.mount().unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.at).output());
    }
}

/// A desk whose state is on such a disk.
async fn with_disk(delay: u64) -> Option<(Desk, Disk)> {
    let options = Options {
        delay: Duration::from_millis(delay),
        ..Options::default()
    };
    let desk = Desk::set(Wire::Tcp, options).await;
    let disk = Disk::make(&desk)?;
    let state = desk.path("state").display().to_string();
    desk.amend(&state, &disk.at.join("state").display().to_string());
    Some((desk, disk))
}

/// The daemon has ended and says what to look at; and does not begin while the disk is as it is.
async fn stays_down(desk: &mut Desk) {
    until("it ends", || async { !desk.lives() }).await;
    assert!(desk.has_ended());
    let log = desk.log();
    assert!(log.contains("look at the disk"), "{log}");
    let (starts, logged) = (desk.starts(), log.len());
    desk.spawn(&[]);
    until("it ends, and says why", || async { !desk.lives() }).await;
    assert!(desk.has_ended());
    assert_eq!(desk.starts(), starts);
    let log = desk.log();
    assert!(log[logged..].contains("ead-only"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_on_a_disk_that_becomes_read_only_is_as_the_terminal_says() {
    let Some((mut desk, disk)) = with_disk(1500).await else {
        println!("skipped: a file system of its own needs root, loop devices and ext4");
        return;
    };
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
    disk.becomes_read_only();
    stays_down(&mut desk).await;
    let heard = paying.await.unwrap();
    let approved = |payment: &serde_json::Value| text(payment, "state") == "approved";
    assert!(!heard.is_ok_and(|p| approved(&p)), "it was not durable");

    disk.is_repaired();
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
    assert_eq!(keys(&client).await, ["before", "k1"]);
    is_whole(&client).await;
    assert!(desk.stop().await);
}

#[tokio::test]
async fn on_a_disk_that_becomes_read_only_no_payment_begins() {
    let Some((mut desk, disk)) = with_disk(100).await else {
        println!("skipped: a file system of its own needs root, loop devices and ext4");
        return;
    };
    let client = desk.start().await;
    desk.ready(&client).await;
    client.pay("before", &cash()).await.unwrap();
    disk.becomes_read_only();
    match client.pay_once("k1", &card("10.10", "156")).await {
        Err(CallError::Refused { kind, detail }) => {
            // Which of them is told first is the daemon's affair.
            let known =
                ["storage-failed", "storage-unreadable", "stopping"].contains(&kind.as_str());
            assert!(known, "{kind}: {detail}");
            assert!(detail.contains("end the same request again"), "{detail}");
        }
        // It may have ended before, by something else that it wrote.
        Err(_) => {}
        Ok(payment) => panic!("nothing was durable: {payment}"),
    }
    stays_down(&mut desk).await;
    assert_eq!(desk.terminal.authorisations_seen(), 0);

    disk.is_repaired();
    let client = desk.start().await;
    desk.ready(&client).await;
    assert_eq!(keys(&client).await, ["before"]);
    let payment = client.pay("k1", &card("10.10", "156")).await.unwrap();
    assert_eq!(text(&payment, "state"), "approved");
    assert_eq!(desk.terminal.charged().len(), 1);
    is_whole(&client).await;
    assert!(desk.stop().await);
}
