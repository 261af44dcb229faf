//! What the daemon costs while nobody pays: its start, its memory, its wake-ups, its file.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    disk::{median, millis},
    process::{Counted, Daemon, alone, configure, counted, float, memory, python},
    report::{Figure, Line, Report, Target, figure},
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
        alone("/bin/true").status().unwrap();
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
    let peer = Peer::start(&dir.join("peer"));
    let peers = peer.as_ref().map(Peer::pid);
    // Until both are at rest.
    thread::sleep(Duration::from_secs(2));
    let ours = Rest::seen(daemon.pid());
    let theirs = peers.map(Rest::seen);
    let begun = Instant::now();
    thread::sleep(over);
    let seconds = begun.elapsed().as_secs_f64();
    let ours = ours.over(seconds);
    let theirs = theirs.map(|seen| seen.over(seconds));
    drop(peer);
    let mut add = |what: &str, of: fn(&Rest) -> Figure, target: Option<f64>| {
        let mut line = Line::new(what, of(&ours));
        if let Some(theirs) = &theirs {
            line = line.beside("persist-queue, waiting for work", of(theirs));
        }
        line.target = target.map(Target::AtMost);
        report.add(line);
    };
    add(
        "resident memory, idle",
        |rest| figure(rest.memory, "MB"),
        Some(10.0),
    );
    add(
        "of that not pages of files",
        |rest| figure(rest.own, "MB"),
        None,
    );
    add(
        "wake-ups, idle",
        |rest| figure(rest.wakeups, "/s"),
        Some(1.0),
    );
    add(
        "time on a processor, idle",
        |rest| figure(rest.cpu, "ms/s"),
        None,
    );
    throughput::by_api(&daemon, 64, over, "load");
    let (loaded, _) = memory(daemon.pid());
    report.add(
        Line::new("resident memory, after 64 callers", figure(loaded, "MB"))
            .beside("idle", figure(ours.memory, "MB")),
    );
}

/// The size of the released program.
pub(crate) fn sizes(report: &mut Report) {
    let length = fs::metadata(tests::binary("tilld")).unwrap().len();
    report.add(Line::new(
        "size of the program tilld",
        figure(float(length) / 1024.0 / 1024.0, "MB"),
    ));
}

/// What a process at rest holds and does.
struct Rest {
    pid: u32,
    at_first: Counted,
    memory: f64,
    own: f64,
    /// In a second.
    wakeups: f64,
    /// Milliseconds in a second.
    cpu: f64,
}

impl Rest {
    fn seen(pid: u32) -> Self {
        Self {
            pid,
            at_first: counted(pid),
            memory: 0.0,
            own: 0.0,
            wakeups: 0.0,
            cpu: 0.0,
        }
    }

    /// What it came to in that time.
    fn over(mut self, seconds: f64) -> Self {
        let now = counted(self.pid);
        (self.memory, self.own) = memory(self.pid);
        self.wakeups = float(now.wakeups - self.at_first.wakeups) / seconds;
        self.cpu = millis(now.cpu.saturating_sub(self.at_first.cpu)) / seconds;
        self
    }
}

/// A queue of others, in a process of its own, that waits for something to do.
struct Peer(Child);

impl Peer {
    fn start(dir: &Path) -> Option<Self> {
        let wait = "import persistqueue, sys\n\
             persistqueue.SQLiteQueue(sys.argv[1], multithreading=True, auto_commit=True).get()";
        let mut command = alone(python()?);
        command.args(["-c", wait]).arg(dir).stdin(Stdio::null());
        Some(Self(command.spawn().unwrap()))
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        self.0.wait().ok();
    }
}
