//! `till terminal`

use serde_json::{Value, json};

use super::{TerminalArgs, TerminalCommand, pay::choose, percent};
use crate::cli::client::{CallError, Client};

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
