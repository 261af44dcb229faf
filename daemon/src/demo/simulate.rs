//! One simulator alone, for integrators: `tilld simulate …`.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Subcommand;
use simulator::{
    invoicing,
    printer::{self, Printer},
    terminal::zvt::{FAULTS, Faults, Framing, Options, Replay, Terminal},
};
use tokio::{signal, time::sleep};

use super::{DemoError, say, stage};

/// How often a simulator is asked for what is new.
const LOOK: Duration = Duration::from_millis(200);

/// Which simulator.
#[derive(Debug, Subcommand)]
pub enum Simulate {
    /// A card terminal.
    #[command(after_help = faults(FAULTS, "\nNAME=N arms it for the next N operations."))]
    Terminal {
        /// Speak ZVT.
        #[arg(long, required = true)]
        zvt: bool,
        /// Listen on this TCP address; without it, a pseudo-terminal with serial framing is made.
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
    #[command(after_help = faults(printer::FAULTS, ""))]
    Printer {
        /// Listen on this TCP address; without it, a pseudo-terminal is made.
        #[arg(long)]
        listen: Option<SocketAddr>,
        /// Make the pseudo-terminal reachable under this name.
        #[arg(long, conflicts_with = "listen")]
        link: Option<PathBuf>,
        /// Characters on a line.
        #[arg(long, default_value_t = 48)]
        columns: usize,
        /// What goes wrong, by name; see the list below. May be given several times.
        #[arg(long, value_name = "NAME")]
        fault: Vec<String>,
    },
    /// An invoicing system that speaks iVvy's addPayment and getInvoice.
    #[command(after_help = invoicing_faults())]
    Invoicing {
        /// Listen on this TCP address.
        #[arg(long, default_value = "127.0.0.1:8456")]
        listen: SocketAddr,
        /// What goes wrong with the next request, by name; see the list below.
        #[arg(long, value_name = "NAME")]
        fault: Option<invoicing::Fault>,
        /// With how many requests it goes wrong.
        #[arg(long, default_value_t = 1, requires = "fault")]
        requests: u32,
    },
    /// An invoicing system with a plain HTTP API, for kind = "http".
    #[command(after_help = invoicing_faults())]
    Http {
        /// Listen on this TCP address.
        #[arg(long, default_value = "127.0.0.1:8457")]
        listen: SocketAddr,
        /// What goes wrong with the next request, by name; see the list below.
        #[arg(long, value_name = "NAME")]
        fault: Option<invoicing::Fault>,
        /// With how many requests it goes wrong.
        #[arg(long, default_value_t = 1, requires = "fault")]
        requests: u32,
    },
}

/// The table of faults as the end of a help text.
fn faults(table: &[(&str, &str)], more: &str) -> String {
    let width = table.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let line = |(name, what): &(&str, &str)| format!("\n  {name:width$}  {what}");
    let lines: String = table.iter().map(line).collect();
    format!("Faults:{lines}\n{more}")
}

fn invoicing_faults() -> String {
    let names = invoicing::Fault::ALL.map(invoicing::Fault::as_str);
    format!("Faults:\n  {}", names.join("\n  "))
}

/// Runs one simulator until it is interrupted.
///
/// # Errors
/// When it cannot be served, or a fault is not known.
pub async fn simulate(what: Simulate) -> Result<(), DemoError> {
    match what {
        Simulate::Terminal {
            zvt: _,
            listen,
            link,
            fault,
            replay: None,
        } => serve_terminal(listen, link.as_deref(), fault.join(",").parse()?).await,
        Simulate::Terminal {
            replay: Some(trace),
            listen,
            link,
            ..
        } => play_trace(listen, link.as_deref(), &trace).await,
        Simulate::Printer {
            listen,
            link,
            columns,
            fault,
        } => {
            let printer = Printer::new(columns);
            let (at, handle) = if let Some(address) = listen {
                let (address, handle) = printer.serve_tcp(address).await?;
                (format!("tcp:{address}"), handle)
            } else {
                let (path, handle) = printer.serve_pty(link.as_deref())?;
                (format!("serial:{}", path.display()), handle)
            };
            for name in &fault {
                handle.arm(name.parse()?);
            }
            say(&format!(
                "A simulated ESC/POS printer is at link = \"{at}\"."
            ));
            Ok(show_pages(&handle).await?)
        }
        Simulate::Invoicing {
            listen,
            fault,
            requests,
        } => {
            let (address, sandbox) = stage::serve_sandbox(listen).await?;
            if let Some(fault) = fault {
                sandbox.lock().arm(fault, requests);
            }
            say(&format!(
                "A simulated invoicing system is at url = \"http://{address}\".\n\
                 api_key = \"demo-key\"; the secret is: demo secret\n\
                 Invoice 156 has 80.00 EUR outstanding."
            ));
            Ok(signal::ctrl_c().await?)
        }
        Simulate::Http {
            listen,
            fault,
            requests,
        } => serve_http(listen, fault, requests).await,
    }
}

async fn serve_http(
    listen: SocketAddr,
    fault: Option<invoicing::Fault>,
    requests: u32,
) -> Result<(), DemoError> {
    let (address, sandbox) = stage::serve_http(listen).await?;
    if let Some(fault) = fault {
        sandbox.lock().arm(fault, requests);
    }
    say(&format!(
        "A simulated invoicing system is at url = \"http://{address}\".\n\
         The token is: {}\n\
         Invoice 156 has 80.00 EUR outstanding; docs/http.md has the configuration.",
        stage::HTTP_TOKEN
    ));
    Ok(signal::ctrl_c().await?)
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

async fn show_pages(printer: &simulator::Handle<Printer>) -> io::Result<()> {
    let mut seen = 0;
    let mut end = std::pin::pin!(signal::ctrl_c());
    loop {
        tokio::select! {
            ended = &mut end => return ended,
            () = sleep(LOOK) => {}
        }
        let pages = printer.pages();
        for page in pages.iter().skip(seen) {
            say(&super::framed(page));
        }
        seen = pages.len();
    }
}
