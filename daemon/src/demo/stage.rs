//! The demo's stage: simulators, a configuration that points at them, and the daemon.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use drivers::printer::escpos::Profiles;
use payment::{Money, parse_currency};
use simulator::{
    Handle,
    invoicing::{self, HttpApi, Ivvy, Sandbox, Shared, System, Tryton},
    printer::Printer,
    terminal::zvt::{Options, Terminal},
};
use tokio::net::TcpListener;

use super::DemoError;
use crate::shell::{self, Running};

/// What the daemon's API listens on by default; any free port when it is taken.
const PORT: u16 = 8455;
/// The key of the invoicing sandbox. It opens nothing else.
const SANDBOX_KEY: &str = "demo-key";
const SANDBOX_SECRET: &str = "demo secret";

/// The token of the simulated HTTP API. It opens nothing else.
pub(super) const HTTP_TOKEN: &str = "demo-token";

/// The key of the simulated Tryton. It opens nothing else.
pub(super) const TRYTON_KEY: &str = "demo-key";

/// Everything that plays.
pub(super) struct Stage {
    dir: PathBuf,
    pub(super) terminal: Handle<Terminal>,
    pub(super) printer: Handle<Printer>,
    pub(super) sandbox: Shared<Ivvy>,
    pub(super) running: Running,
}

impl Stage {
    /// Sets everything up in a directory of its own.
    pub(super) async fn set() -> Result<Self, DemoError> {
        let dir = new_dir()?;
        let options = Options {
            delay: Duration::from_millis(1500),
            ..Options::default()
        };
        let (terminal_path, terminal) =
            Terminal::new(options, simulator::terminal::zvt::Framing::Serial).serve_pty(None)?;
        let (printer_path, printer) = Printer::new(48).serve_pty(None)?;
        let (invoicing_at, sandbox) = serve_sandbox((Ipv4Addr::LOCALHOST, 0).into()).await?;
        let file = dir.join("tilld.toml");
        let secret = dir.join("ivvy-secret");
        write_private(&secret, SANDBOX_SECRET)?;
        let listen = free_address().await;
        let text = format!(
            "[daemon]\n\
             state_dir = \"{dir}\"\n\
             listen    = \"{listen}\"\n\
             socket    = \"{dir}/tilld.sock\"\n\
             merchant  = [\"Practice by the Park\", \"1 Park Lane, 10115 Berlin\"]\n\n\
             [[terminal]]\n\
             id       = \"desk1\"\n\
             protocol = \"zvt\"\n\
             link     = \"serial:{terminal}\"\n\
             currency = \"EUR\"\n\
             printer  = \"front\"\n\n\
             [[printer]]\n\
             id      = \"front\"\n\
             link    = \"serial:{printer}\"\n\
             profile = \"epson-tm-t20iii\"\n\n\
             [[upstream]]\n\
             id      = \"ivvy\"\n\
             kind    = \"ivvy\"\n\
             url     = \"http://{invoicing_at}\"\n\
             api_key = \"{SANDBOX_KEY}\"\n\
             secret  = {{ file = \"{secret}\" }}\n",
            dir = dir.display(),
            terminal = terminal_path.display(),
            printer = printer_path.display(),
            secret = secret.display(),
        );
        fs::write(&file, text)?;
        let profiles = Profiles::built_in().known();
        let config = config::load(&file, &config::SecretSource::default(), &profiles)?;
        let running = shell::start(config, Profiles::built_in()).await?;
        fix_port(&file, listen, &running.url)?;
        Ok(Self {
            dir,
            terminal,
            printer,
            sandbox,
            running,
        })
    }

    /// Stops the daemon and removes what the demo wrote.
    pub(super) async fn strike(self, stop: impl Future<Output = ()>) -> Result<(), DemoError> {
        let ended = self.running.until(stop).await;
        fs::remove_dir_all(&self.dir)?;
        Ok(ended?)
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The page's address; what stands behind `#` never leaves the browser.
    pub(super) fn page(&self) -> String {
        format!(
            "{}/#token={}",
            self.running.url,
            self.running.token.expose()
        )
    }

    /// How `till` is called for this daemon.
    pub(super) fn till(&self) -> String {
        let config = self.dir.join("tilld.toml");
        let beside = std::env::current_exe()
            .ok()
            .map(|exe| exe.with_file_name("till"));
        let till = match beside {
            Some(path) if path.exists() => path.display().to_string(),
            Some(_) | None => "cargo run --release --bin till --".to_owned(),
        };
        format!("{till} --config {}", config.display())
    }
}

/// Serves the invoicing sandbox, with invoice 156 over 80.00.
pub(super) async fn serve_sandbox(address: SocketAddr) -> io::Result<(SocketAddr, Shared<Ivvy>)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let sandbox = Shared::new(Sandbox::new(Ivvy::new(SANDBOX_KEY, SANDBOX_SECRET)));
    tokio::spawn(invoicing::serve(listener, sandbox.clone()));
    Ok((address, sandbox))
}

/// Serves the simulated HTTP API, with invoice 156 over 80.00.
pub(super) async fn serve_http(address: SocketAddr) -> io::Result<(SocketAddr, Shared<HttpApi>)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let mut system = HttpApi::new(HTTP_TOKEN);
    if let Ok(total) = parse_currency("EUR").and_then(|eur| Money::parse("80.00", eur)) {
        system.add_invoice(156, total);
    }
    let sandbox = Shared::new(Sandbox::new(system));
    tokio::spawn(invoicing::serve(listener, sandbox.clone()));
    Ok((address, sandbox))
}

/// Serves the simulated Tryton, with invoice 156 over 80.00.
pub(super) async fn serve_tryton(address: SocketAddr) -> io::Result<(SocketAddr, Shared<Tryton>)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let mut system = Tryton::new(TRYTON_KEY, &["desk1", "desk2", "cashbox", "try"]);
    if let Ok(total) = parse_currency("EUR").and_then(|eur| Money::parse("80.00", eur)) {
        system.add_invoice(156, total);
    }
    let sandbox = Shared::new(Sandbox::new(system));
    tokio::spawn(invoicing::serve(listener, sandbox.clone()));
    Ok((address, sandbox))
}

fn new_dir() -> io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let dir = std::env::temp_dir().join(format!("tilld-demo-{}", std::process::id()));
    fs::DirBuilder::new().mode(0o700).create(&dir)?;
    Ok(dir)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

async fn free_address() -> SocketAddr {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    match TcpListener::bind(usual).await {
        Ok(_) => usual,
        Err(_) => (Ipv4Addr::LOCALHOST, 0).into(),
    }
}

/// `till` reads the port from the file, so it must be the one that was taken.
fn fix_port(file: &Path, asked: SocketAddr, url: &str) -> io::Result<()> {
    let taken = url.trim_start_matches("http://");
    let text = fs::read_to_string(file)?;
    fs::write(
        file,
        text.replace(&format!("\"{asked}\""), &format!("\"{taken}\"")),
    )
}
