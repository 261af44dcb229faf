//! What the daemon costs while nobody pays: its start, its memory, its wake-ups, its file.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    disk::{median, millis},
    process::{Daemon, configure, counted, kilobytes, memory},
    report::{Line, Report, Target, figure},
    terminal::Quick,
    throughput,
};

/// How often a start is measured.
const STARTS: u32 = 15;

/// How long a start takes, with what the disk holds at `dir`, beside a process that does nothing.
pub(crate) fn start(dir: &Path, what: &str, most: f64, report: &mut Report) {
    let mut ours = Vec::new();
    let mut floor = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        Command::new("/bin/true").status().unwrap();
        floor.push(begun.elapsed());
        ours.push(Daemon::start(dir).ready);
    }
    report.add(
        Line::new(
            format!("from the start to READY=1, {what}, median"),
            figure(millis(median(&mut ours)), "ms"),
        )
        .beside(
            "a process that does nothing",
            figure(millis(median(&mut floor)), "ms"),
        )
        .target(Target::AtMost(most)),
    );
}

/// Memory, time and wake-ups of a desk with a terminal at which nothing happens, and memory after a load.
pub(crate) fn measure(dir: &Path, over: Duration, report: &mut Report) {
    configure(&dir.join("none"), &[], "");
    drop(Daemon::start(&dir.join("none")));
    start(&dir.join("none"), "nothing in the database", 20.0, report);

    let terminal = Quick::serve(Duration::ZERO);
    let secret = dir.join("secret");
    fs::write(&secret, "secret").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let upstream = format!(
        "[[upstream]]\nid = \"ivvy\"\nkind = \"ivvy\"\nurl = \"http://127.0.0.1:9\"\n\
         api_key = \"key\"\nsecret = {{ file = \"{}\" }}\n",
        secret.display()
    );
    configure(&dir.join("idle"), &[terminal.address], &upstream);
    let daemon = Daemon::start(&dir.join("idle"));
    daemon.terminals_ready(1);
    let mut peer = Python::start();
    thread::sleep(Duration::from_secs(2));
    let before = counted(daemon.pid());
    let begun = Instant::now();
    thread::sleep(over);
    let after = counted(daemon.pid());
    let seconds = begun.elapsed().as_secs_f64();
    let (idle, own) = memory(daemon.pid());
    let (peers, _) = memory(peer.0.id());
    peer.stop();
    report.add(
        Line::new("resident memory, idle", figure(idle, "MB"))
            .beside("a Python that has imported sqlite3", figure(peers, "MB"))
            .target(Target::AtMost(10.0)),
    );
    report.add(Line::new("of that not pages of files", figure(own, "MB")));
    let wakeups = kilobytes(after.wakeups - before.wakeups) / seconds;
    report.add(Line::new("wake-ups, idle", figure(wakeups, "/s")).target(Target::AtMost(1.0)));
    let cpu = after.cpu.saturating_sub(before.cpu);
    report.add(Line::new(
        "time on a processor, idle",
        figure(millis(cpu) / seconds, "ms/s"),
    ));
    throughput::by_api(&daemon, 64, over, "load");
    let (loaded, _) = memory(daemon.pid());
    report.add(
        Line::new("resident memory, after 64 callers", figure(loaded, "MB"))
            .beside("idle", figure(idle, "MB")),
    );
}

/// The size of the released programs.
pub(crate) fn sizes(report: &mut Report) {
    let megabytes = |name: &str| {
        let length = fs::metadata(tests::binary(name)).unwrap().len();
        kilobytes(length) / 1024.0 / 1024.0
    };
    report.add(Line::new(
        "size of the program tilld",
        figure(megabytes("tilld"), "MB"),
    ));
}

/// A Python at rest.
struct Python(Child);

impl Python {
    fn start() -> Self {
        let sleep = "import sqlite3, time; time.sleep(600)";
        let mut command = Command::new("python3");
        command.args(["-c", sleep]).stdin(Stdio::null());
        Self(command.spawn().unwrap())
    }

    fn stop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
