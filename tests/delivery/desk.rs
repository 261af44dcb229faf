//! A desk without a terminal: a daemon as a process of its own, and a person who takes cash.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use daemon::cli::client::{Address, Client};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Wish;

/// How many tills a desk has.
pub(crate) const TILLS: u64 = 2;
/// What a daemon that is not there is given to come back.
const AGAIN: Duration = Duration::from_millis(50);

pub(crate) struct Desk {
    dir: TempDir,
    daemon: Option<Child>,
}

impl Desk {
    /// Writes the configuration; the daemon does not run yet.
    pub(crate) fn set(n: usize, section: impl Fn(&Path) -> String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().display();
        let tills: Vec<String> = (0..TILLS)
            .map(|till| {
                format!(
                    "[[till]]\nid = \"{}\"\ncurrency = \"EUR\"\n",
                    device(n, till)
                )
            })
            .collect();
        let tills = tills.concat();
        let section = section(dir.path());
        let text = format!(
            "[daemon]\nstate_dir = \"{at}/state\"\nlisten = \"127.0.0.1:0\"\n\
             socket = \"{at}/tilld.sock\"\n{tills}{section}"
        );
        fs::write(dir.path().join("tilld.toml"), text).unwrap();
        Self { dir, daemon: None }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&Address::Socket(self.dir.path().join("tilld.sock"))).unwrap()
    }

    pub(crate) fn start(&mut self) {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.dir.path().join("log"))
            .unwrap();
        let built = std::env::var_os("TILLD_BIN").map(PathBuf::from);
        let child = Command::new(built.unwrap_or_else(|| tests::binary("tilld")))
            .args(["run", "--config"])
            .arg(self.dir.path().join("tilld.toml"))
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.daemon = Some(child);
    }

    /// `kill -9`, at whatever the daemon is doing.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.daemon.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The name of a till.
pub(crate) fn device(desk: usize, till: u64) -> String {
    format!("desk{desk}-{till}")
}

/// Writes a secret that only its owner may read.
pub(crate) fn secret(dir: &Path, secret: &str) -> String {
    let path = dir.join("secret");
    fs::write(&path, secret).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

/// Takes payments one after the other. An answer that was lost is asked for again with its key.
pub(crate) async fn take(client: Client, wishes: Vec<Wish>) -> Vec<(Wish, Value)> {
    let mut taken = Vec::new();
    for wish in wishes {
        let body = json!({
            "device": wish.device, "amount": wish.amount.to_string(), "currency": "EUR",
            "method": "cash", "invoice": wish.invoice.to_string(),
        });
        let payment = loop {
            match client.pay(&wish.key, &body).await {
                Ok(answer) if answer["state"] == "approved" => break answer,
                Ok(_) | Err(_) => tokio::time::sleep(AGAIN).await,
            }
        };
        taken.push((wish, payment));
    }
    taken
}

/// Waits until a payment's delivery is confirmed.
pub(crate) async fn confirmed(client: &Client, id: &str, until: Instant) {
    loop {
        let payment = client
            .get(&format!("/v1/payments/{id}"))
            .await
            .unwrap_or_default();
        let delivery = &payment["delivery"][0];
        match delivery["state"].as_str() {
            Some("confirmed") => return,
            Some("needs_operator") => panic!("{}: {}", payment["receipt"], delivery["reason"]),
            _ => assert!(Instant::now() < until, "not confirmed: {payment}"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}
