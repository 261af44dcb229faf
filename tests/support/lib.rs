//! What the end-to-end tests share: a desk with simulated devices behind real wires, and the real
//! daemon as a process of its own.
#![expect(clippy::missing_panics_doc, reason = "test support fails by panicking")]
#![expect(clippy::unwrap_used, reason = "test support fails by panicking")]
#![expect(clippy::expect_used, reason = "test support fails by panicking")]

use std::{
    fs,
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

use daemon::cli::client::{Address, Client};
use serde_json::{Value, json};
use simulator::{
    Handle,
    invoicing::{self, Ivvy, Sandbox, Shared},
    printer::Printer,
    terminal::zvt::{Framing, Options, Terminal},
};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Longest wait for anything. Only a failing test waits so long.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Runs a program without the files that this process has open: a daemon that inherited the
/// simulated terminal's end of a line would never see it hang up.
const ALONE: &str = r#"
for file in /proc/self/fd/*; do
    number=${file##*/}
    [ "$number" -gt 2 ] && eval "exec $number>&-"
done
exec "$@""#;

/// The wire between the daemon and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// A pseudo-terminal with serial framing.
    Serial,
    /// TCP.
    Tcp,
}

/// A desk: simulators, a configuration, and at most one daemon at a time.
pub struct Desk {
    dir: TempDir,
    /// The card terminal.
    pub terminal: Handle<Terminal>,
    /// The receipt printer.
    pub printer: Handle<Printer>,
    /// The invoicing system.
    pub sandbox: Shared<Ivvy>,
    daemon: Option<Child>,
}

impl Desk {
    /// Sets a desk up; the daemon does not run yet.
    pub async fn set(wire: Wire, options: Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let any = (Ipv4Addr::LOCALHOST, 0).into();
        let (terminal_link, terminal) = match wire {
            Wire::Serial => {
                // Behind a link of its own, so that hanging up and coming back under another
                // name are real.
                let link = dir.path().join("terminal");
                let terminal = Terminal::new(options, Framing::Serial);
                let (path, handle) = terminal.serve_pty(Some(&link)).unwrap();
                (format!("serial:{}", path.display()), handle)
            }
            Wire::Tcp => {
                let terminal = Terminal::new(options, Framing::Tcp);
                let (address, handle) = terminal.serve_tcp(any).await.unwrap();
                (format!("tcp:{address}"), handle)
            }
        };
        let (printer_path, printer) = Printer::new(48).serve_pty(None).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let invoicing = listener.local_addr().unwrap();
        let sandbox = Shared::new(Sandbox::new(Ivvy::new("key", "secret")));
        tokio::spawn(invoicing::serve(listener, sandbox.clone()));
        let desk = Self {
            dir,
            terminal,
            printer,
            sandbox,
            daemon: None,
        };
        let secret = desk.path("secret");
        fs::write(&secret, "secret").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let text = format!(
            "[daemon]\nstate_dir = \"{state}\"\nlisten = \"127.0.0.1:0\"\nsocket = \"{socket}\"\n\
             reconcile_at = \"off\"\n\
             [[terminal]]\nid = \"desk1\"\nprotocol = \"zvt\"\nlink = \"{terminal_link}\"\n\
             currency = \"EUR\"\nprinter = \"front\"\n\
             [[till]]\nid = \"cashbox\"\ncurrency = \"EUR\"\n\
             [[printer]]\nid = \"front\"\nlink = \"serial:{printer}\"\nprofile = \"epson-tm-t20iii\"\n\
             [[upstream]]\nid = \"ivvy\"\nkind = \"ivvy\"\nurl = \"http://{invoicing}\"\n\
             api_key = \"key\"\nsecret = {{ file = \"{secret}\" }}\nfence = \"1s\"\npace = \"0s\"\n",
            state = desk.path("state").display(),
            socket = desk.path("tilld.sock").display(),
            printer = printer_path.display(),
            secret = secret.display(),
        );
        fs::write(desk.config(), text).unwrap();
        desk
    }

    /// Changes the configuration of a daemon that does not run.
    pub fn amend(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.config()).unwrap();
        assert!(text.contains(from), "the configuration has no {from}");
        fs::write(self.config(), text.replace(from, to)).unwrap();
    }

    /// Another desk with a state directory and a printer of its own, on the same terminal and the
    /// same invoicing system. Its card terminal is called `desk2`.
    #[must_use]
    pub fn beside(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (printer_path, printer) = Printer::new(48).serve_pty(None).unwrap();
        let text = fs::read_to_string(self.config()).unwrap();
        let printer_line = |line: &str| line.starts_with("link = \"serial:/dev/");
        let old_printer = text.lines().find(|line| printer_line(line)).unwrap();
        let text = text
            .replace(
                old_printer,
                &format!("link = \"serial:{}\"", printer_path.display()),
            )
            .replace(
                &self.dir.path().display().to_string(),
                &dir.path().display().to_string(),
            )
            .replace("desk1", "desk2")
            .replace("cashbox", "cashbox2");
        let desk = Self {
            dir,
            terminal: self.terminal.clone(),
            printer,
            sandbox: self.sandbox.clone(),
            daemon: None,
        };
        fs::write(desk.config(), text).unwrap();
        let secret = desk.path("secret");
        fs::write(&secret, "secret").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        desk
    }

    /// A file of this desk.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.path("tilld.toml")
    }

    /// What is still to be paid of the sandbox's invoice 156.
    pub fn outstanding(&self) -> String {
        let sandbox = self.sandbox.lock();
        let invoice = sandbox.invoice(156).unwrap();
        (invoice.total.amount() - invoice.paid()).to_string()
    }

    /// Starts the daemon and waits until its API answers.
    pub async fn start(&mut self) -> Client {
        let starts = self.starts();
        self.spawn(&[]);
        let client = self.client();
        until("the daemon answers, and its log says where", || async {
            // The API answers a moment before the log says where.
            self.starts() > starts && client.get("/healthz").await.is_ok()
        })
        .await;
        client
    }

    /// How often a daemon of this desk has become ready.
    pub fn starts(&self) -> usize {
        self.log().matches("ready url=").count()
    }

    /// Starts the daemon, by a program of that name and words if there are any, and waits for nothing.
    pub fn spawn(&mut self, by: &[&str]) {
        assert!(self.daemon.is_none(), "the daemon runs already");
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        let child = Command::new("bash")
            .args(["-c", ALONE, "tilld"])
            .args(by)
            .arg(binary("tilld"))
            .args(["run", "--config"])
            .arg(self.config())
            .env("RUST_LOG", "debug")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.daemon = Some(child);
    }

    /// The address of the API, from the daemon's log: its port is any free one.
    pub fn url(&self) -> String {
        let log = self.log();
        let line = log
            .lines()
            .rev()
            .find(|line| line.contains("ready url="))
            .expect("it is ready");
        let url = line
            .split("url=")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        url.to_owned()
    }

    /// A client of the daemon's socket.
    pub fn client(&self) -> Client {
        Client::new(&Address::Socket(self.path("tilld.sock"))).unwrap()
    }

    /// `kill -9`, at whatever the daemon is doing.
    pub fn kill(&mut self) {
        let mut child = self.daemon.take().expect("the daemon runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Whether the daemon's process is there and not a zombie.
    pub fn lives(&self) -> bool {
        let pid = self.daemon.as_ref().expect("it was started").id();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat.rsplit_once(") ").map(|(_, rest)| rest.chars().next());
        !matches!(state.flatten(), None | Some('Z'))
    }

    /// Forgets a daemon that has ended by itself, and says whether it has.
    pub fn has_ended(&mut self) -> bool {
        let ended = !self.is_running();
        if ended {
            self.daemon = None;
        }
        ended
    }

    /// The daemon's process.
    pub fn pid(&self) -> u32 {
        self.daemon.as_ref().expect("the daemon runs").id()
    }

    /// Sends the daemon a signal, such as `STOP`.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let mut kill = Command::new("bash");
        kill.args(["-c", r#"kill -s "$0" "$1""#, name, &pid]);
        assert!(kill.status().unwrap().success());
    }

    /// Asks the daemon to stop, and says whether it ended well. The invoicing system answers it meanwhile.
    pub async fn stop(&mut self) -> bool {
        self.signal("TERM");
        let mut child = self.daemon.take().expect("the daemon runs");
        let ended = tokio::task::spawn_blocking(move || child.wait());
        ended.await.unwrap().unwrap().success()
    }

    /// Whether the daemon is still there.
    pub fn is_running(&mut self) -> bool {
        self.daemon
            .as_mut()
            .is_some_and(|d| d.try_wait().unwrap().is_none())
    }

    /// What the daemon has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Waits until the terminal would take a payment.
    pub async fn ready(&self, client: &Client) {
        until("the terminal is ready", || async {
            let devices = client.get("/v1/devices").await.unwrap_or_default();
            devices.pointer("/devices/1/terminal/ready") == Some(&Value::Bool(true))
        })
        .await;
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(mut child) = self.daemon.take() {
            drop(child.kill());
            drop(child.wait());
        }
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            let text = tail.join("\n");
            #[expect(clippy::print_stderr, reason = "a failing test shows the daemon's log")]
            {
                eprintln!("--- the daemon's log ---\n{text}");
            }
        }
    }
}

/// The body of a card payment at the desk.
pub fn card(amount: &str, invoice: &str) -> Value {
    json!({
        "device": "desk1", "amount": amount, "currency": "EUR", "method": "card", "invoice": invoice,
    })
}

/// A field of an answer as text.
pub fn text(value: &Value, field: &str) -> String {
    value
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// Waits until something holds.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let reached = tokio::time::timeout(PATIENCE, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(reached.await.is_ok(), "not within {PATIENCE:?}: {what}");
}

/// One of the product's programs, built once for this test run; or one that was built before, of the
/// folder that `TILLD_PROGRAMS` names.
pub fn binary(name: &str) -> PathBuf {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    let dir = DIR.get_or_init(|| {
        if let Some(programs) = std::env::var_os("TILLD_PROGRAMS") {
            return programs.into();
        }
        let exe = std::env::current_exe().unwrap();
        let profile_dir = exe
            .ancestors()
            .find(|d| d.join(".fingerprint").is_dir())
            .unwrap();
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--quiet", "--package", "daemon", "--bins"]);
        build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap());
        if profile_dir.ends_with("release") {
            build.arg("--release");
        }
        assert!(
            build.status().unwrap().success(),
            "the programs cannot be built"
        );
        profile_dir.to_owned()
    });
    dir.join(name)
}
