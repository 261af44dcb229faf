//! `tilld`: the daemon, its checks, its demo and its simulators.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use drivers::printer::escpos::Profiles;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{demo, shell};

/// The daemon for clinic checkout desks: card terminal, receipt printer and invoicing system.
#[derive(Debug, Parser)]
#[command(
    name = "tilld",
    version,
    after_help = "Logs go to standard error; RUST_LOG=debug shows more of them."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon, until it is asked to stop.
    Run {
        /// The configuration.
        #[arg(long, env = "TILLD_CONFIG", default_value = "/etc/tilld/tilld.toml")]
        config: PathBuf,
    },
    /// Check the configuration and its secrets, and start nothing.
    Check {
        /// The configuration.
        #[arg(long, env = "TILLD_CONFIG", default_value = "/etc/tilld/tilld.toml")]
        config: PathBuf,
    },
    /// Show which card terminals and ways to printers there are, and what each can do.
    Drivers,
    /// Try an invoicing system without recording anything.
    Upstream {
        #[command(subcommand)]
        what: Upstream,
        /// The configuration.
        #[arg(
            long,
            global = true,
            env = "TILLD_CONFIG",
            default_value = "/etc/tilld/tilld.toml"
        )]
        config: PathBuf,
    },
    /// Start everything with simulated devices; no hardware, root or configuration needed.
    Demo {
        /// Take one payment, show each step, and exit.
        #[arg(long)]
        once: bool,
    },
    /// Start one simulator alone.
    Simulate {
        #[command(subcommand)]
        what: demo::Simulate,
    },
}

#[derive(Debug, Subcommand)]
enum Upstream {
    /// Show what a payment would be sent as, ask what is booked, and say what the answers mean.
    Try(super::upstream::Try),
}

/// Runs the command.
pub async fn run(args: Args) -> ExitCode {
    crate::install_tls();
    let result = match args.command {
        Command::Run { config } => serve(&config).await,
        Command::Check { config } => check(&config),
        Command::Drivers => {
            drivers();
            Ok(())
        }
        Command::Upstream { what, config } => try_upstream(&config, what).await,
        Command::Demo { once } => demo::run(once).await.map_err(|e| e.to_string()),
        Command::Simulate { what } => demo::simulate(what).await.map_err(|e| e.to_string()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            complain(&text);
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the way for a command to say why it failed"
)]
fn complain(text: &str) {
    eprintln!("tilld: {text}");
}

#[expect(clippy::print_stdout, reason = "the command's answer")]
fn drivers() {
    println!("{}", super::drivers::tables());
}

#[expect(clippy::print_stdout, reason = "the command's answer")]
fn check(path: &std::path::Path) -> Result<(), String> {
    let (config, _) = load(path)?;
    let devices = config.terminals.len() + config.tills.len();
    println!(
        "{} is fine: {devices} device(s), {} printer(s), {} upstream(s).",
        path.display(),
        config.printers.len(),
        config.upstreams.len()
    );
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the command's answer")]
async fn try_upstream(path: &std::path::Path, what: Upstream) -> Result<(), String> {
    let Upstream::Try(wish) = what;
    print!("{}", super::upstream::try_it(&load(path)?.0, wish).await?);
    Ok(())
}

/// The configuration, and the printer profiles: those in the folder `profiles` beside it too.
fn load(path: &std::path::Path) -> Result<(config::Config, Profiles), String> {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let secrets = config::SecretSource::new(credentials);
    let profiles = Profiles::with_folder(&path.with_file_name("profiles")).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        errors.join("\n")
    })?;
    let config = config::load(path, &secrets, &profiles.known()).map_err(|e| e.to_string())?;
    Ok((config, profiles))
}

async fn serve(path: &std::path::Path) -> Result<(), String> {
    let (config, profiles) = load(path)?;
    let running = shell::start(config, &profiles)
        .await
        .map_err(|e| e.to_string())?;
    notify(&[sd_notify::NotifyState::Ready]);
    let watchdog = tokio::spawn(watchdog(running.handle.clone()));
    let stop = async {
        let mut term = signal(SignalKind::terminate()).ok();
        let mut int = signal(SignalKind::interrupt()).ok();
        let wait = |s: &mut Option<tokio::signal::unix::Signal>| s.take();
        let (mut term, mut int) = (wait(&mut term), wait(&mut int));
        tokio::select! {
            () = next(&mut term) => {}
            () = next(&mut int) => {}
        }
        tracing::info!("stopping: the requests and payments that run are finished first");
        notify(&[sd_notify::NotifyState::Stopping]);
    };
    let result = running.until(stop).await;
    watchdog.abort();
    result.map_err(|e| e.to_string())
}

async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Tells the service manager that the engine still answers, three times per period.
async fn watchdog(handle: shell::Handle) {
    let Some(period) = sd_notify::watchdog_enabled() else {
        return;
    };
    let beat = period / 3;
    loop {
        if handle.is_alive(beat).await {
            notify(&[sd_notify::NotifyState::Watchdog]);
        }
        tokio::time::sleep(beat.max(Duration::from_millis(10))).await;
    }
}

fn notify(state: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}

/// Logs go to standard error, where the journal picks them up; `RUST_LOG` sets the level, also by
/// module (`info,sync=debug`).
pub fn log() {
    let levels = std::env::var("RUST_LOG").ok();
    let levels = levels.and_then(|levels| levels.parse().ok());
    let levels = levels.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log = tracing_subscriber::registry().with(levels);
    // The journal stamps the time itself.
    if std::env::var_os("JOURNAL_STREAM").is_some() {
        log.with(lines.without_time()).init();
    } else {
        log.with(lines).init();
    }
}
