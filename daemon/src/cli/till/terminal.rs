//! `till terminal`

use clap::Subcommand;
use serde_json::{Value, json};

use super::{pay::choose, percent};
use crate::cli::client::{CallError, Client};

/// What `till terminal` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct TerminalArgs {
    /// Whose terminal; not needed when only one device has one.
    #[arg(long, global = true)]
    device: Option<String>,
    #[command(subcommand)]
    command: TerminalCommand,
}

#[derive(Debug, Subcommand)]
enum TerminalCommand {
    /// Call the terminal's host and fetch what is new.
    Diagnosis,
    /// Set the terminal up anew.
    Initialise,
    /// Show a text on the terminal, such as “Back in five minutes”. Never a patient's name.
    Show {
        /// At most 160 characters; the display shows what fits.
        text: String,
    },
    /// Set the terminal's clock to the time of this machine.
    SetClock,
    /// Print the terminal's last receipt again.
    RepeatReceipt,
    /// Log off from the terminal; tilld registers again by itself.
    LogOff,
}

/// Has the terminal do it, and waits for its word.
pub(super) async fn serve(client: &Client, args: &TerminalArgs) -> Result<Value, CallError> {
    let devices = client.get("/v1/devices").await?;
    let (device, _) = choose(&devices, args.device.as_deref(), "card")?;
    let body = match &args.command {
        TerminalCommand::Diagnosis => json!({ "service": "diagnosis" }),
        TerminalCommand::Initialise => json!({ "service": "initialisation" }),
        TerminalCommand::Show { text } => json!({ "service": "display_text", "text": text }),
        TerminalCommand::SetClock => json!({ "service": "set_clock" }),
        TerminalCommand::RepeatReceipt => json!({ "service": "repeat_receipt" }),
        TerminalCommand::LogOff => json!({ "service": "log_off" }),
    };
    let path = format!("/v1/devices/{}/service", percent(&device));
    client.post(&path, &body).await
}
