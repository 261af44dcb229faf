//! What a terminal does beside payments: `till terminal`, `till recover` and `till close`

use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    pay::choose,
    request::{key_or_new, percent},
};
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

/// What `till close` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct CloseArgs {
    /// Which device.
    device: String,
    /// The Idempotency-Key, by default a new one.
    #[arg(long)]
    key: Option<String>,
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

/// Asks the terminal for its last transaction again.
pub(super) async fn recover(client: &Client, device: &str) -> Result<Value, CallError> {
    let path = format!("/v1/devices/{}/recover", percent(device));
    client.post(&path, &json!({})).await
}

/// That it was asked; what comes of it, the payment says.
pub(super) fn recover_text(_: &Value) -> String {
    "The terminal is asked again.".to_owned()
}

/// Ends the terminal's day, and waits for the comparison.
pub(super) async fn close(client: &Client, args: &CloseArgs) -> Result<Value, CallError> {
    let path = format!("/v1/devices/{}/close", percent(&args.device));
    let key = key_or_new(args.key.as_ref())?;
    client.post_with_key(&path, &key, &json!({})).await
}
