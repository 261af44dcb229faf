//! `till`: the command-line client.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

use super::client::{Address, CallError, Client};

/// Take payments and look after a checkout desk.
#[derive(Debug, Parser)]
#[command(
    name = "till",
    version,
    after_help = "Exit codes: 0 done, 1 not taken or refused, 2 wrong usage, 3 in doubt, \
                  4 no answer from the daemon. After 4, repeat the same command with its --key: \
                  a payment is never charged twice under one key."
)]
pub struct Args {
    /// The daemon's configuration, to find its socket, or its port and token.
    #[arg(
        long,
        global = true,
        env = "TILLD_CONFIG",
        default_value = "/etc/tilld/tilld.toml"
    )]
    config: PathBuf,
    /// The daemon's Unix socket, instead of what the configuration says.
    #[arg(long, global = true, env = "TILLD_SOCKET")]
    socket: Option<PathBuf>,
    /// Print the daemon's answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take a payment and wait for its outcome.
    Pay {
        /// How much, for example 10.10.
        amount: String,
        /// For which invoice.
        #[arg(long)]
        invoice: Option<String>,
        /// Where; not needed when only one device takes this method.
        #[arg(long)]
        device: Option<String>,
        #[arg(
            long,
            default_value = "card",
            help = "How: card, cash, cheque, bank_transfer or other"
        )]
        method: String,
        /// A word for the clinic's own eyes.
        #[arg(long)]
        note: Option<String>,
        /// The Idempotency-Key, by default a new one; a repeat with the same one cannot charge twice.
        #[arg(long)]
        key: Option<String>,
    },
    /// Show the devices and what to do next.
    Status,
    /// List the last payments.
    Payments {
        /// Only those in this state, for example declined.
        #[arg(long)]
        state: Option<String>,
        /// Only those taken here.
        #[arg(long)]
        device: Option<String>,
        /// Only those for this invoice.
        #[arg(long)]
        invoice: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u16,
    },
    /// Show one payment with its receipts and deliveries.
    Show {
        /// The payment's id.
        payment: String,
    },
    /// Ask the terminal to end the running payment.
    Abort {
        /// The payment's id.
        payment: String,
    },
    /// Settle a payment in doubt, after looking at the terminal's own records.
    Resolve {
        /// The payment's id.
        payment: String,
        /// What really happened.
        #[arg(value_parser = ["approved", "declined"])]
        outcome: String,
        /// Who decides.
        #[arg(long)]
        name: String,
        /// How they know.
        #[arg(long)]
        reason: String,
    },
}

/// How `till` ends, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Done = 0,
    NotTaken = 1,
    InDoubt = 3,
    NoAnswer = 4,
}

/// Runs the command.
pub async fn run(args: Args) -> ExitCode {
    let mut out = std::io::stdout();
    let exit = match command(&args, &mut out).await {
        Ok(exit) => exit,
        Err(error) => {
            tell(&mut std::io::stderr(), &format!("till: {error}"));
            match error {
                CallError::Refused { .. } => Exit::NotTaken,
                CallError::Token(_)
                | CallError::Unreachable { .. }
                | CallError::Broken(_)
                | CallError::Strange(_) => Exit::NoAnswer,
            }
        }
    };
    ExitCode::from(exit as u8)
}

fn address(args: &Args) -> Address {
    if let Some(socket) = &args.socket {
        return Address::Socket(socket.clone());
    }
    // Only the place is needed, so a configuration with errors elsewhere is good enough.
    Client::find(&config::daemon_section(&args.config))
}

async fn command(args: &Args, out: &mut impl Write) -> Result<Exit, CallError> {
    let client = Client::new(&address(args))?;
    let show = |value: &Value, plain: String| {
        if args.json {
            format!("{value:#}")
        } else {
            plain
        }
    };
    match &args.command {
        Command::Pay { .. } => pay(args, &client, out).await,
        Command::Status => {
            let devices = client.get("/v1/devices").await?;
            tell(out, &show(&devices, status_text(&devices)));
            Ok(Exit::Done)
        }
        Command::Payments {
            state,
            device,
            invoice,
            limit,
        } => {
            let mut path = format!("/v1/payments?limit={limit}");
            for (name, value) in [("state", state), ("device", device), ("invoice", invoice)] {
                if let Some(value) = value {
                    path.push_str(&format!("&{name}={}", percent(value)));
                }
            }
            let list = client.get(&path).await?;
            tell(out, &show(&list, payments_text(&list)));
            Ok(Exit::Done)
        }
        Command::Show { payment } => {
            let payment = client
                .get(&format!("/v1/payments/{}", percent(payment)))
                .await?;
            tell(out, &show(&payment, payment_text(&payment)));
            Ok(exit_of(&payment))
        }
        Command::Abort { payment } => {
            let path = format!("/v1/payments/{}/abort", percent(payment));
            let payment = client.post(&path, &json!({})).await?;
            tell(
                out,
                &show(
                    &payment,
                    "The terminal was asked to end the payment.".to_owned(),
                ),
            );
            Ok(Exit::Done)
        }
        Command::Resolve {
            payment,
            outcome,
            name,
            reason,
        } => {
            let path = format!("/v1/payments/{}/resolve", percent(payment));
            let body = json!({ "outcome": outcome, "name": name, "reason": reason });
            let payment = client.post(&path, &body).await?;
            tell(out, &show(&payment, payment_text(&payment)));
            Ok(exit_of(&payment))
        }
    }
}

async fn pay(args: &Args, client: &Client, out: &mut impl Write) -> Result<Exit, CallError> {
    let Command::Pay {
        amount,
        invoice,
        device,
        method,
        note,
        key,
    } = &args.command
    else {
        return Ok(Exit::Done);
    };
    let devices = client.get("/v1/devices").await?;
    let (device, currency) = choose(&devices, device.as_deref(), method)?;
    let mut body = json!({
        "device": device, "amount": amount, "currency": currency, "method": method,
    });
    if let Some(fields) = body.as_object_mut() {
        fields.extend(invoice.iter().map(|i| ("invoice".to_owned(), json!(i))));
        fields.extend(note.iter().map(|n| ("note".to_owned(), json!(n))));
    }
    let key = key.clone().unwrap_or_else(new_key);
    // What the terminal shows, while waiting; without it the payment goes on all the same.
    let progress = client.events().await.ok().map(|mut events| {
        tokio::spawn(async move {
            while let Some((name, data)) = events.next().await {
                if name == "progress"
                    && let Some(text) = data.get("text").and_then(Value::as_str)
                {
                    tell(&mut std::io::stderr(), &format!("  terminal: {text}"));
                }
            }
        })
    });
    let payment = client.pay(&key, &body).await;
    if let Some(progress) = progress {
        progress.abort();
    }
    let payment = payment?;
    tell(
        out,
        &if args.json {
            format!("{payment:#}")
        } else {
            payment_text(&payment)
        },
    );
    Ok(exit_of(&payment))
}

/// The device that was named, or the only one that can.
fn choose(
    devices: &Value,
    named: Option<&str>,
    method: &str,
) -> Result<(String, String), CallError> {
    let all = devices
        .get("devices")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let takes = |d: &Value| {
        let methods = d.get("methods").and_then(Value::as_array);
        methods.is_some_and(|m| m.iter().any(|m| m.as_str() == Some(method)))
    };
    let fits: Vec<&Value> = match named {
        Some(name) => all.iter().filter(|d| text(d, "id") == name).collect(),
        None => all.iter().filter(|d| takes(d)).collect(),
    };
    match (fits.as_slice(), named) {
        ([device], _) => Ok((text(device, "id"), text(device, "currency"))),
        // The daemon's own answer says it best.
        ([], Some(name)) => Ok((name.to_owned(), "EUR".to_owned())),
        (several, _) => {
            let names: Vec<String> = several.iter().map(|d| text(d, "id")).collect();
            let detail = if names.is_empty() {
                format!("No device takes “{method}”.")
            } else {
                format!("Say which device with --device: {}.", names.join(", "))
            };
            Err(CallError::Refused {
                kind: "device".to_owned(),
                detail,
            })
        }
    }
}

fn new_key() -> String {
    let mut random = [0; 16];
    // Without randomness the moment must do; the daemon refuses a key that was used before.
    if getrandom::fill(&mut random).is_err() {
        random = std::process::id()
            .to_be_bytes()
            .repeat(4)
            .try_into()
            .unwrap_or_default();
    }
    hex::encode(random)
}

fn percent(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes()
        .map(|b| {
            if plain(b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

fn text(value: &Value, field: &str) -> String {
    match value.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn exit_of(payment: &Value) -> Exit {
    match text(payment, "state").as_str() {
        "declined" | "cancelled" => Exit::NotTaken,
        "in_doubt" => Exit::InDoubt,
        _ => Exit::Done,
    }
}

fn status_text(devices: &Value) -> String {
    let all = devices
        .get("devices")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let line = |d: &Value| {
        let running = d.get("running").filter(|r| !r.is_null());
        let running = running.map(|r| format!("\n  payment {}", text(r, "payment")));
        format!(
            "{} ({}): {}{}",
            text(d, "id"),
            text(d, "currency"),
            text(d, "next_step"),
            running.unwrap_or_default()
        )
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn payments_text(list: &Value) -> String {
    let all = list
        .get("payments")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if all.is_empty() {
        return "No payments.".to_owned();
    }
    let line = |p: &Value| {
        let invoice = text(p, "invoice");
        let invoice = if invoice.is_empty() {
            String::new()
        } else {
            format!("  invoice {invoice}")
        };
        format!(
            "{}  {}  {} {:>10}  {:<13} {}{invoice}",
            text(p, "id"),
            text(p, "receipt"),
            text(p, "currency"),
            text(p, "amount"),
            text(p, "method"),
            text(p, "state"),
        )
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn payment_text(payment: &Value) -> String {
    let mut lines = vec![format!(
        "{}  {}  {} {}  {}",
        text(payment, "receipt"),
        text(payment, "state"),
        text(payment, "currency"),
        text(payment, "amount"),
        text(payment, "method"),
    )];
    if let Some(card) = payment.get("card").filter(|c| !c.is_null()) {
        lines.push(format!(
            "card: {} …{}",
            text(card, "brand"),
            text(card, "last4")
        ));
    }
    for field in ["refusal", "cancellation", "doubt"] {
        if let Some(why) = payment.get(field).filter(|w| !w.is_null()) {
            lines.push(text(why, "text"));
        }
    }
    for field in ["printing", "delivery"] {
        for row in payment
            .get(field)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let whom = format!("{}{}", text(row, "printer"), text(row, "upstream"));
            let reason = text(row, "reason");
            lines.push(format!("{field} {whom}: {} {reason}", text(row, "state")));
        }
    }
    lines.push(text(payment, "next_step"));
    lines.push(format!("id: {}", text(payment, "id")));
    lines.join("\n")
}

/// A closed pipe is no reason to fail: `till payments | head` is fine.
fn tell(out: &mut impl Write, text: &str) {
    if writeln!(out, "{text}").is_err() {
        tracing::debug!("nobody reads the output");
    }
}
