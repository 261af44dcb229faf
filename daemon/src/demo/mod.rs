//! The demo: everything on one machine, with simulated devices behind real wires.
//!
//! A ZVT terminal and an ESC/POS printer on pseudo-terminals, an invoicing sandbox on loopback, and
//! the daemon between them, started from a configuration like any other.

mod once;
mod simulate;
mod stage;

pub use simulate::{Simulate, simulate};

use std::io::Write;

use tokio::signal;

use crate::shell::{RunError, StartError};

/// Why the demo failed.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A simulator or a file.
    #[error("the demo cannot be set up: {0}")]
    Io(#[from] std::io::Error),
    /// The configuration the demo wrote.
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    /// The daemon did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The daemon stopped.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A fault that is not known.
    #[error(transparent)]
    Fault(#[from] simulator::UnknownFault),
    /// A trace that cannot be played, or that the till does not follow.
    #[error("{0}")]
    Trace(String),
    /// A call of the API failed.
    #[error(transparent)]
    Call(#[from] crate::cli::client::CallError),
    /// A step of the sale did not happen.
    #[error("{0}")]
    Missing(String),
}

/// Starts everything; takes one payment and ends if `once`, else runs until it is interrupted.
///
/// # Errors
/// When anything cannot be started, or any step of the one payment is missing.
pub async fn run(once: bool) -> Result<(), DemoError> {
    let stage = stage::Stage::set().await?;
    let result = if once {
        once::sale(&stage).await
    } else {
        play(&stage).await
    };
    stage.strike(async {}).await?;
    result
}

async fn play(stage: &stage::Stage) -> Result<(), DemoError> {
    say(&format!(
        "tilld runs with a simulated terminal, printer and invoicing system.\n\n\
         The local page:\n  {page}\n\n\
         Three commands to try in another terminal:\n\
         \x20 {till} status\n\
         \x20 {till} pay 10.10 --invoice 156\n\
         \x20 {till} payments\n\n\
         Receipts are shown here as they are printed. Ctrl-C ends the demo and removes {dir}.\n",
        page = stage.page(),
        till = stage.till(),
        dir = stage.dir().display(),
    ));
    let mut seen = 0;
    let mut interrupted = std::pin::pin!(signal::ctrl_c());
    loop {
        tokio::select! {
            _ = &mut interrupted => return Ok(()),
            () = tokio::time::sleep(std::time::Duration::from_millis(300)) => {}
        }
        let pages: Vec<String> = stage.printer.with(|printer| {
            let new = printer.pages_after(seen);
            let pages = new.map(|(text, _)| text.to_owned()).collect();
            seen = printer.pages_cut();
            pages
        });
        for page in &pages {
            say(&framed(page));
        }
    }
}

/// A receipt with its edges, to be told from the text around it.
fn framed(page: &str) -> String {
    let width = page
        .lines()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0);
    let edge = format!("  +{}+", "-".repeat(width + 2));
    let lines: Vec<String> = page
        .trim_end()
        .lines()
        .map(|line| {
            format!(
                "  | {line}{} |",
                " ".repeat(width - line.chars().count().min(width))
            )
        })
        .collect();
    format!("{edge}\n{}\n{edge}", lines.join("\n"))
}

/// A closed pipe does not stop the demo.
fn say(text: &str) {
    if writeln!(std::io::stdout(), "{text}").is_err() {
        tracing::debug!("nobody reads the output");
    }
}
