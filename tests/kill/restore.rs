//! `till restore` is killed, or fails, at each of its calls that change a file.
//!
//! Each time the old or the new database stands whole, or the daemon refuses to start until the same
//! command was run again. In the end the daemon runs on the copy, which is older than the books: nothing
//! is charged or booked again.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use payment::{Money, parse_currency};
use simulator::{invoicing::System, terminal::zvt::Options};
use sync::queue::{Examined, Reader, VerifyError};
use tests::{Desk, Wire, binary, text, until};

use super::{INVOICE, SALE, charged, wish};

/// What changes a file or a folder, but for what it says. A question mark: not every machine has it.
const CALLS: &str = "?pwrite64,?copy_file_range,?sendfile,?ftruncate,?fsync,?fdatasync,?rename,\
                     ?renameat,?renameat2,?link,?linkat,?unlink,?unlinkat,?mkdir,?mkdirat";
const FAULTS: [&str; 3] = ["signal=KILL", "error=EIO", "error=ENOSPC"];
/// No restore has so many.
const MOST: u64 = 1000;
/// Payments in the copy, and beside them after it.
const IN_COPY: u64 = 2;
const ALL: u64 = 4;

/// What a restore is tried on.
struct Story {
    desk: Desk,
    copy: PathBuf,
    /// The state directory before the restore.
    before: PathBuf,
    /// The database in it.
    old: Examined,
    in_copy: i64,
}

/// One line for each fault, with a run for each call, or for each `stride`-th.
pub(super) async fn days(stride: u64) -> Vec<String> {
    let story = Story::begin().await;
    let mut lines = Vec::new();
    for fault in FAULTS {
        let (mut runs, mut halves) = (0, 0);
        for nth in (1..MOST).step_by(usize::try_from(stride).unwrap()) {
            let Some(half) = story.run(fault, nth) else {
                break;
            };
            runs += 1;
            halves += u64::from(half);
        }
        assert!(runs > 0, "{fault}: no call was met");
        lines.push(format!(
            "till restore, each call with {fault}: {runs} runs; the old or the new database stood whole, but \
             for {halves} that refused to start until the command was run again"
        ));
    }
    story.end().await;
    lines
}

impl Story {
    async fn begin() -> Self {
        let options = Options {
            delay: SALE,
            ..Options::default()
        };
        let mut desk = Desk::set(Wire::Tcp, options).await;
        let total = Money::parse("1000000.00", parse_currency("EUR").unwrap()).unwrap();
        desk.sandbox.lock().add_invoice(INVOICE, total);
        let client = desk.start().await;
        desk.ready(&client).await;
        let copy = desk.path("copy.db");
        for number in 1..=ALL {
            let (key, body) = wish(number);
            let payment = client.pay(&key, &body).await.unwrap();
            assert_eq!(text(&payment, "state"), "approved");
            if number == IN_COPY {
                client
                    .download("/v1/backup", &fs::File::create(&copy).unwrap())
                    .await
                    .unwrap();
            }
        }
        settled(&desk).await;
        assert!(desk.stop().await);
        let before = desk.path("before");
        put(&desk.path("state"), &before);
        let old = examine(&desk.path("state/tilld.db")).unwrap();
        let in_copy = examine(&copy).unwrap().entries;
        Self {
            desk,
            copy,
            before,
            old,
            in_copy,
        }
    }

    fn database(&self) -> PathBuf {
        self.desk.path("state/tilld.db")
    }

    /// Runs it with a fault at the n-th call; `None` when it has none any more, else whether it left half
    /// of its work.
    fn run(&self, fault: &str, nth: u64) -> Option<bool> {
        put(&self.before, &self.desk.path("state"));
        let trace = self.desk.path("restore.trace");
        let output = self.restore(&[
            "strace",
            "-f",
            "-qq",
            "-o",
            trace.to_str().unwrap(),
            "-e",
            &format!("trace={CALLS}"),
            "-e",
            &format!("inject={CALLS}:{fault}:when={nth}"),
        ]);
        let trace = fs::read_to_string(&trace).unwrap();
        if !trace.contains("INJECTED") && !trace.contains("SIGKILL") {
            assert!(output.status.success(), "{output:?}");
            self.is_new();
            return None;
        }
        let what = format!("{fault} at call {nth}: {output:?}");
        if fault.starts_with("error") && !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                said.contains("till:") || said.contains("panicked"),
                "{what}"
            );
            assert!(!said.contains("panicked"), "{what}");
        }
        let half = self.desk.path("state/tilld.db.restoring").exists();
        let new = if half {
            let daemon = Command::new(binary("tilld"))
                .args(["run", "--config"])
                .arg(self.desk.config())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&daemon.stderr);
            assert!(said.contains("run till restore again"), "{what}: {said}");
            false
        } else {
            let found = examine(&self.database());
            let found = found.unwrap_or_else(|error| panic!("{what}: {error}"));
            let new = found.entries > self.in_copy && !found.restorations.is_empty();
            assert!(found == self.old || new, "{what}: {found:?}");
            new
        };
        assert!(
            !output.status.success() || new,
            "{what}: it says that it is done, and is not"
        );
        // Whatever was left, the same command brings it to its end.
        let again = self.restore(&[]);
        assert!(again.status.success(), "{what}, then {again:?}");
        self.is_new();
        Some(half)
    }

    /// Runs `till restore`, by another program if there is one.
    fn restore(&self, by: &[&str]) -> Output {
        let till = binary("till");
        let mut words: Vec<&str> = by.to_vec();
        words.extend([
            till.to_str().unwrap(),
            "restore",
            self.copy.to_str().unwrap(),
            "--even-if-older",
        ]);
        let (program, words) = words.split_first().unwrap();
        Command::new(program)
            .args(words)
            .env("TILLD_CONFIG", self.desk.config())
            .output()
            .unwrap()
    }

    /// The copy stands whole in its place, what was there is kept, and nothing else is left over.
    fn is_new(&self) {
        let new = examine(&self.database()).unwrap();
        assert!(!new.restorations.is_empty(), "{new:?}");
        let mut kept = false;
        for entry in fs::read_dir(self.desk.path("state")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(
                !name.contains(".copy") && !name.contains(".restoring"),
                "{name} is left"
            );
            if name.starts_with("replaced-") {
                let file = self.desk.path("state").join(name).join("tilld.db");
                kept |= file.exists() && examine(&file).is_ok_and(|kept| kept == self.old);
            }
        }
        assert!(kept, "what was there is not kept");
    }

    /// The daemon on the older copy, with the payments of the copy asked for again.
    async fn end(mut self) {
        let (authorised, booked) = {
            let sandbox = self.desk.sandbox.lock();
            (
                self.desk.terminal.authorisations_seen(),
                sandbox.booked().len(),
            )
        };
        let client = self.desk.start().await;
        self.desk.ready(&client).await;
        for number in 1..=IN_COPY {
            let (key, body) = wish(number);
            let payment = client.pay(&key, &body).await.unwrap();
            // A copy that was made before the last word was written leaves it to a person.
            assert_ne!(text(&payment, "state"), "declined");
        }
        settled(&self.desk).await;
        assert_eq!(self.desk.terminal.authorisations_seen(), authorised);
        assert_eq!(self.desk.sandbox.lock().booked().len(), booked);
        let once: BTreeSet<usize> = charged(&self.desk).into_values().collect();
        assert_eq!(once, [1].into());
        assert!(self.desk.stop().await);
    }
}

/// Everything is booked, and nothing comes after it.
async fn settled(desk: &Desk) {
    until("everything is booked", || async {
        desk.sandbox.lock().booked().len() >= usize::try_from(ALL).unwrap()
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
}

/// A folder's files instead of another's.
fn put(from: &Path, to: &Path) {
    drop(fs::remove_dir_all(to));
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn examine(file: &Path) -> Result<Examined, VerifyError> {
    Reader::of_file(file)?.examine()
}
