//! The released daemon as a process, and what the kernel says of a process.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    fs,
    net::SocketAddr,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{caller::Caller, disk::Disk};

/// Longest wait for a daemon.
const PATIENCE: Duration = Duration::from_secs(20);

/// A desk's configuration and its daemon.
pub(crate) struct Daemon {
    pub(crate) dir: PathBuf,
    child: Child,
    /// From its start to its word that it is ready.
    pub(crate) ready: Duration,
}

/// The configuration of a desk: so many terminals at these addresses, a till `cashbox`, and these
/// further sections.
pub(crate) fn configure(dir: &Path, terminals: &[SocketAddr], more: &str) {
    fs::create_dir_all(dir).unwrap();
    let at = dir.display();
    let mut text = format!(
        "[daemon]\nstate_dir = \"{at}/state\"\nlisten = \"127.0.0.1:0\"\n\
         socket = \"{at}/tilld.sock\"\n\
         [[till]]\nid = \"cashbox\"\ncurrency = \"EUR\"\n"
    );
    for (n, terminal) in (1..).zip(terminals) {
        writeln!(
            text,
            "[[terminal]]\nid = \"desk{n}\"\nprotocol = \"zvt\"\nlink = \"tcp:{terminal}\"\n\
             currency = \"EUR\""
        )
        .unwrap();
    }
    text.push_str(more);
    fs::write(dir.join("tilld.toml"), text).unwrap();
}

/// Where a desk's database lies.
pub(crate) fn database(dir: &Path) -> PathBuf {
    dir.join("state/tilld.db")
}

impl Daemon {
    /// Starts it, and waits until it tells the service manager that it is ready.
    pub(crate) fn start(dir: &Path) -> Self {
        let notify = dir.join("notify");
        fs::remove_file(&notify).unwrap_or_default();
        let manager = UnixDatagram::bind(&notify).unwrap();
        manager.set_read_timeout(Some(PATIENCE)).unwrap();
        let log = fs::File::create(dir.join("log")).unwrap();
        let mut command = if Disk::is_delayed(dir) {
            Command::new(tests::binary("tilld"))
        } else {
            alone(tests::binary("tilld"))
        };
        command
            .args(["run", "--config"])
            .arg(dir.join("tilld.toml"))
            .env("NOTIFY_SOCKET", &notify)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let begun = Instant::now();
        let child = command.spawn().unwrap();
        let mut word = [0; 256];
        let Ok(count) = manager.recv(&mut word) else {
            let log = fs::read_to_string(dir.join("log")).unwrap_or_default();
            panic!("the daemon does not get ready: {log}");
        };
        let ready = begun.elapsed();
        let word = String::from_utf8_lossy(word.get(..count).unwrap());
        assert!(word.contains("READY=1"), "the daemon said {word}");
        Self {
            dir: dir.to_owned(),
            child,
            ready,
        }
    }

    pub(crate) fn caller(&self) -> Caller {
        Caller::new(&self.dir.join("tilld.sock"))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until these many terminals would take a payment.
    pub(crate) fn terminals_ready(&self, terminals: usize) {
        let mut caller = self.caller();
        let begun = Instant::now();
        loop {
            let (_, devices) = caller.get("/v1/devices");
            let ready = devices["devices"].as_array().map_or(0, |all| {
                all.iter()
                    .filter(|d| d["terminal"]["ready"] == true)
                    .count()
            });
            if ready == terminals {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{devices}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().ok();
    }
}

/// A program without what `tests/bench` has preloaded into this one.
pub(crate) fn alone(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_remove("LD_PRELOAD");
    command
}

/// The Python that has the queues of others, if `tests/bench` has installed them.
pub(crate) fn python() -> Option<PathBuf> {
    std::env::var_os("BENCH_PYTHON").map(PathBuf::from)
}

/// What the kernel counts of a process, over all its threads.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    /// Time on a processor.
    pub(crate) cpu: Duration,
    /// How often a thread slept and was woken.
    pub(crate) wakeups: u64,
}

pub(crate) fn counted(pid: u32) -> Counted {
    let mut sum = Counted::default();
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return sum;
    };
    for thread in threads.flatten() {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        sum.wakeups += field(&status, "voluntary_ctxt_switches:");
        let times = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        let on_cpu = times.split(' ').next().and_then(|n| n.parse().ok());
        sum.cpu += Duration::from_nanos(on_cpu.unwrap_or(0));
    }
    sum
}

/// Memory that is resident, in megabytes of 1024 squared bytes: all of it, and without the pages of files.
pub(crate) fn memory(pid: u32) -> (f64, f64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let megabytes = |name| float(field(&status, name)) / 1024.0;
    (megabytes("VmRSS:"), megabytes("RssAnon:"))
}

/// A count to calculate with. None here comes near the numbers that an `f64` cannot hold.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|n| n.parse().ok()).unwrap_or(0)
}
