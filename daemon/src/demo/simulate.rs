//! One simulator alone, for integrators: `tilld simulate …`.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{ArgGroup, Subcommand};
use simulator::terminal::{
    SimulatedTerminal as _, adyen, caisse_ap, concert, ecr17,
    zvt::{FAULTS, Faults, Framing, Options, Replay, Terminal},
};
use tokio::{signal, time::sleep};

use super::{DemoError, say};

mod invoicing;
mod network;
mod printer;

/// How often a simulator is asked for what is new.
const LOOK: Duration = Duration::from_millis(200);

/// Which simulator.
#[derive(Debug, Subcommand)]
pub enum Simulate {
    /// A card terminal.
    #[command(after_help = terminal_faults())]
    #[command(group = ArgGroup::new("protocol").required(true))]
    Terminal {
        /// Speak ZVT.
        #[arg(long, group = "protocol")]
        zvt: bool,
        /// Speak Concert V2, on a pseudo-terminal.
        #[arg(long, group = "protocol", conflicts_with_all = ["listen", "replay"])]
        concert: bool,
        /// Speak Caisse-AP over IP (Concert V3).
        #[arg(
            long,
            group = "protocol",
            requires = "listen",
            conflicts_with = "replay"
        )]
        caisse_ap: bool,
        /// Speak ECR17. Over TCP only.
        #[arg(
            long,
            group = "protocol",
            requires = "listen",
            conflicts_with = "replay"
        )]
        ecr17: bool,
        /// Speak Adyen's Terminal API over HTTPS.
        #[arg(long, group = "protocol", requires_all = ["listen", "root"], conflicts_with = "replay")]
        adyen: bool,
        /// Write the root certificate here, for terminal.adyen.root.
        #[arg(long, value_name = "FILE", requires = "adyen")]
        root: Option<PathBuf>,
        /// Listen on this TCP address; without it, a pseudo-terminal is made.
        #[arg(long)]
        listen: Option<SocketAddr>,
        /// Make the pseudo-terminal reachable under this name.
        #[arg(long, conflicts_with = "listen")]
        link: Option<PathBuf>,
        /// What goes wrong, by name; see the list below. May be given several times, in order.
        #[arg(long, value_name = "NAME")]
        fault: Vec<String>,
        /// Say only what this trace says, as long as the till does too; else end with an error.
        #[arg(long, value_name = "FILE", conflicts_with = "fault")]
        replay: Option<PathBuf>,
    },
    /// An ESC/POS receipt printer. Shows what is printed as text.
    #[command(after_help = faults(simulator::printer::FAULTS, ""))]
    Printer(printer::Args),
    /// An invoicing system that speaks iVvy's addPayment and getInvoice.
    #[command(after_help = invoicing::faults())]
    Invoicing {
        /// Listen on this TCP address.
        #[arg(long, default_value = "127.0.0.1:8456")]
        listen: SocketAddr,
        /// What goes wrong.
        #[command(flatten)]
        trouble: invoicing::Trouble,
    },
    /// An invoicing system with a plain HTTP API, for kind = "http".
    #[command(after_help = invoicing::faults())]
    Http {
        /// Listen on this TCP address.
        #[arg(long, default_value = "127.0.0.1:8457")]
        listen: SocketAddr,
        /// What goes wrong.
        #[command(flatten)]
        trouble: invoicing::Trouble,
    },
    /// An invoicing system that speaks as much of Tryton 8 as kind = "tryton" needs.
    #[command(after_help = invoicing::faults())]
    Tryton {
        /// Listen on this TCP address.
        #[arg(long, default_value = "127.0.0.1:8458")]
        listen: SocketAddr,
        /// What goes wrong.
        #[command(flatten)]
        trouble: invoicing::Trouble,
    },
    /// A bad network before an HTTP server on this machine: it loses, delays, cuts and repeats requests.
    Proxy(network::Args),
}

/// The table of faults as the end of a help text.
fn faults(table: &[(&str, &str)], more: &str) -> String {
    let width = table.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let line = |(name, what): &(&str, &str)| format!("\n  {name:width$}  {what}");
    let lines: String = table.iter().map(line).collect();
    format!("Faults:{lines}\n{more}")
}

fn terminal_faults() -> String {
    let more = "\nNAME=N arms it for the next N operations.";
    format!(
        "ZVT. {}\nConcert. {}\nCaisse-AP. {}\nECR17. {}\nAdyen. {}",
        faults(FAULTS, ""),
        faults(concert::FAULTS, ""),
        faults(caisse_ap::FAULTS, ""),
        faults(ecr17::FAULTS, ""),
        faults(adyen::FAULTS, more),
    )
}

/// Runs one simulator until it is interrupted.
///
/// # Errors
/// When it cannot be served, or a fault is not known.
pub async fn simulate(what: Simulate) -> Result<(), DemoError> {
    match what {
        Simulate::Terminal {
            concert: true,
            link,
            fault,
            ..
        } => serve_concert(link.as_deref(), &fault.join(",")).await,
        Simulate::Terminal {
            caisse_ap: true,
            listen: Some(address),
            fault,
            ..
        } => serve_caisse_ap(address, &fault.join(",")).await,
        Simulate::Terminal {
            ecr17: true,
            listen: Some(address),
            fault,
            ..
        } => serve_ecr17(address, &fault.join(",")).await,
        Simulate::Terminal {
            adyen: true,
            listen: Some(address),
            root: Some(root),
            fault,
            ..
        } => serve_adyen(address, &root, &fault.join(",")).await,
        Simulate::Terminal {
            listen,
            link,
            fault,
            replay: None,
            ..
        } => serve_terminal(listen, link.as_deref(), fault.join(",").parse()?).await,
        Simulate::Terminal {
            replay: Some(trace),
            listen,
            link,
            ..
        } => play_trace(listen, link.as_deref(), &trace).await,
        Simulate::Printer(args) => printer::serve(args).await,
        Simulate::Invoicing { listen, trouble } => invoicing::serve_ivvy(listen, &trouble).await,
        Simulate::Http { listen, trouble } => invoicing::serve_http(listen, &trouble).await,
        Simulate::Tryton { listen, trouble } => invoicing::serve_tryton(listen, &trouble).await,
        Simulate::Proxy(args) => network::serve(args).await,
    }
}

async fn serve_terminal(
    listen: Option<SocketAddr>,
    link: Option<&Path>,
    faults: Faults,
) -> Result<(), DemoError> {
    let (at, handle) = if let Some(address) = listen {
        let terminal = Terminal::new(Options::default(), Framing::Tcp);
        let (address, handle) = terminal.serve_tcp(address).await?;
        (format!("tcp:{address}"), handle)
    } else {
        let terminal = Terminal::new(Options::default(), Framing::Serial);
        let (path, handle) = terminal.serve_pty(link)?;
        (format!("serial:{}", path.display()), handle)
    };
    handle.arm(faults);
    say(&format!("A simulated ZVT terminal is at link = \"{at}\"."));
    Ok(signal::ctrl_c().await?)
}

async fn serve_concert(link: Option<&Path>, faults: &str) -> Result<(), DemoError> {
    let mut terminal = concert::Terminal::new(concert::Options::default());
    terminal.arm_by_name(faults)?;
    let (path, _served) = terminal.serve_pty(link)?;
    let at = path.display();
    say(&format!(
        "A simulated Concert V2 terminal is at link = \"serial:{at}\"."
    ));
    Ok(signal::ctrl_c().await?)
}

async fn serve_caisse_ap(address: SocketAddr, faults: &str) -> Result<(), DemoError> {
    let mut terminal = caisse_ap::Terminal::new(caisse_ap::Options::default());
    terminal.arm_by_name(faults)?;
    let (address, _served) = terminal.serve_tcp(address).await?;
    say(&format!(
        "A simulated Caisse-AP terminal is at link = \"tcp:{address}\"."
    ));
    Ok(signal::ctrl_c().await?)
}

async fn serve_ecr17(address: SocketAddr, faults: &str) -> Result<(), DemoError> {
    let terminal = ecr17::Terminal::new(ecr17::Options::default());
    let (address, handle) = terminal.serve_tcp(address).await?;
    handle.arm(faults.parse()?);
    say(&format!(
        "A simulated ECR17 terminal is at link = \"tcp:{address}\"."
    ));
    Ok(signal::ctrl_c().await?)
}

async fn serve_adyen(address: SocketAddr, root: &Path, faults: &str) -> Result<(), DemoError> {
    let options = adyen::Options::default();
    let identity = adyen::Identity::new(&format!("{}.test.terminal.adyen.com", options.poi_id))?;
    fs::write(root, identity.root())?;
    let told = format!(
        "poi_id = \"{}\", key_identifier = \"{}\", key_version = {}, environment = \"test\", \
         root = \"{}\"; the passphrase is: {}",
        options.poi_id,
        options.key_identifier,
        options.key_version,
        root.display(),
        options.passphrase,
    );
    let terminal = adyen::Terminal::new(options);
    let (address, handle) = terminal.serve_https(address, &identity).await?;
    handle.arm(faults.parse()?);
    say(&format!(
        "A simulated Adyen terminal is at link = \"https:{address}\".\n{told}"
    ));
    Ok(signal::ctrl_c().await?)
}

/// Serves a trace until it is interrupted, or the till says something else than the trace.
async fn play_trace(
    listen: Option<SocketAddr>,
    link: Option<&Path>,
    trace: &Path,
) -> Result<(), DemoError> {
    let unusable = |why: String| DemoError::Trace(format!("{}: {why}", trace.display()));
    let text = fs::read_to_string(trace).map_err(|e| unusable(e.to_string()))?;
    let replay = Replay::parse(&text).map_err(|e| unusable(e.to_string()))?;
    let name = replay.name().to_owned();
    let (at, handle) = if let Some(address) = listen {
        let (address, handle) = replay.serve_tcp(address).await?;
        (format!("tcp:{address}"), handle)
    } else {
        let (path, handle) = replay.serve_pty(link)?;
        (format!("serial:{}", path.display()), handle)
    };
    say(&format!(
        "A recorded ZVT terminal ({name}) is at link = \"{at}\"."
    ));
    let mut told = false;
    let mut end = std::pin::pin!(signal::ctrl_c());
    loop {
        tokio::select! {
            ended = &mut end => return Ok(ended?),
            () = sleep(LOOK) => {}
        }
        if let Some(mismatch) = handle.mismatch() {
            return Err(unusable(mismatch.to_string()));
        }
        if handle.is_over() && !told {
            told = true;
            say("The trace is over: everything was said and heard.");
        }
    }
}
