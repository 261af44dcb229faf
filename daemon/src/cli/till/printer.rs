//! `till printer` and `till drawer`

use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    request::percent,
    show::{job_text, list, printer_text, printers_text, text},
};
use crate::cli::client::{CallError, Client};

/// What `till printer` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct PrinterArgs {
    #[command(subcommand)]
    command: PrinterCommand,
}

#[derive(Debug, Subcommand)]
enum PrinterCommand {
    /// Show printers, what they work on and what waits for a person.
    Status {
        /// Only this one.
        printer: Option<String>,
    },
    /// Print a test page: what this printer really does.
    Test {
        /// Which.
        printer: String,
        /// Open its cash drawer too. That stands in the journal, with the name.
        #[arg(long, requires = "name")]
        drawer: bool,
        /// Who opens the drawer.
        #[arg(long, requires = "drawer")]
        name: Option<String>,
    },
    /// Take a print job back.
    Cancel {
        /// The job's number.
        job: u64,
        /// Who does not want it any more.
        #[arg(long)]
        name: String,
    },
    /// Say what became of a print job that is unknown or failed, after looking at the printer.
    Resolve {
        /// The job's number.
        job: u64,
        /// It came out; print a copy; or nobody needs it.
        #[arg(value_parser = ["came-out", "copy", "not-needed"])]
        outcome: String,
        /// Who looked.
        #[arg(long)]
        name: String,
    },
}

/// What `till drawer` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct DrawerArgs {
    #[command(subcommand)]
    command: DrawerCommand,
}

#[derive(Debug, Subcommand)]
enum DrawerCommand {
    /// Open it. Name and reason stay in the journal for good.
    Open {
        /// At which device; not needed when only one has a drawer.
        #[arg(long)]
        device: Option<String>,
        /// Who opens it.
        #[arg(long)]
        name: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// Runs a command; gives the answer, and how it reads.
pub(super) async fn run(
    client: &Client,
    args: &PrinterArgs,
) -> Result<(Value, fn(&Value) -> String), CallError> {
    Ok(match &args.command {
        PrinterCommand::Status { printer: None } => {
            (client.get("/v1/printers").await?, printers_text)
        }
        PrinterCommand::Status {
            printer: Some(printer),
        } => {
            let path = format!("/v1/printers/{}", percent(printer));
            (client.get(&path).await?, printer_text)
        }
        PrinterCommand::Test {
            printer,
            drawer: _,
            name,
        } => {
            // First: while it prints, a printer may take no pulse.
            if let Some(name) = name {
                let device = the_drawer(client, Some(printer)).await?;
                open(client, &device, name, "a test of the printer").await?;
            }
            let path = format!("/v1/printers/{}/test", percent(printer));
            (client.post(&path, &json!({})).await?, job_text)
        }
        PrinterCommand::Cancel { job, name } => {
            let path = format!("/v1/jobs/{job}/cancel");
            (
                client.post(&path, &json!({ "name": name })).await?,
                job_text,
            )
        }
        PrinterCommand::Resolve { job, outcome, name } => {
            let path = format!("/v1/jobs/{job}/resolve");
            let body = json!({ "outcome": outcome.replace('-', "_"), "name": name });
            (client.post(&path, &body).await?, job_text)
        }
    })
}

/// The devices and the printers in one answer.
pub(super) async fn whole_desk(client: &Client) -> Result<Value, CallError> {
    let mut desk = client.get("/v1/devices").await?;
    let printers = client.get("/v1/printers").await?;
    let books = client.get("/v1/reconciliation").await?;
    if let (Value::Object(all), Value::Object(printers)) = (&mut desk, printers) {
        all.extend(printers);
        all.insert("books".to_owned(), books);
    }
    Ok(desk)
}

pub(super) async fn open_drawer(client: &Client, args: &DrawerArgs) -> Result<Value, CallError> {
    let DrawerCommand::Open {
        device,
        name,
        reason,
    } = &args.command;
    let device = match device {
        Some(device) => device.clone(),
        None => the_drawer(client, None).await?,
    };
    open(client, &device, name, reason).await
}

async fn open(client: &Client, device: &str, name: &str, reason: &str) -> Result<Value, CallError> {
    let path = format!("/v1/devices/{}/drawer", percent(device));
    let body = json!({ "name": name, "reason": reason });
    client.post(&path, &body).await
}

pub(super) fn opened_text(_: &Value) -> String {
    "The drawer was told to open. Name and reason are in the journal.".to_owned()
}

/// The only device whose printer has a drawer; or the first that prints at this one.
async fn the_drawer(client: &Client, at: Option<&str>) -> Result<String, CallError> {
    let (devices, printers) = (
        client.get("/v1/devices").await?,
        client.get("/v1/printers").await?,
    );
    let printers = list(&printers, "printers");
    let with_drawer = |device: &Value| {
        let its = text(device, "printer");
        if at.is_some_and(|at| at != its) {
            return false;
        }
        let printer = printers.iter().find(|p| text(p, "id") == its);
        printer.is_some_and(|p| p.get("drawer").is_some_and(|d| !d.is_null()))
    };
    let devices = list(&devices, "devices");
    let names: Vec<String> = devices
        .iter()
        .filter(|device| with_drawer(device))
        .map(|device| text(device, "id"))
        .collect();
    let detail = match names.as_slice() {
        [one] => return Ok(one.clone()),
        [first, ..] if at.is_some() => return Ok(first.clone()),
        [] => "There is no device with a cash drawer there. Name it in the configuration, as printer.drawer."
            .to_owned(),
        several => format!("Say which device with --device: {}.", several.join(", ")),
    };
    Err(CallError::Refused {
        kind: "device".to_owned(),
        detail,
    })
}
