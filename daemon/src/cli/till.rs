//! `till`: the command-line client.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

mod copies;
mod pay;
mod printer;
mod reconcile;
mod show;
mod sync;
mod terminal;
mod worklist;

use copies::{RestoreArgs, examined_text, restored_text};
use pay::{PayArgs, key_or_new, pay};
use printer::{DrawerArgs, PrinterArgs};
use reconcile::ReconcileArgs;
use show::{closing_text, invoice_text, payment_text, payments_text, status_text, text};
use sync::SyncArgs;
use terminal::TerminalArgs;
use worklist::WorklistArgs;

use super::client::{Address, CallError, Client, NOT_RECORDED};

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
    Pay(PayArgs),
    /// Take a payment back whole, before the terminal's end of day.
    Cancel {
        /// The payment's id.
        payment: String,
        /// Why.
        #[arg(long)]
        note: Option<String>,
        /// The Idempotency-Key, by default a new one.
        #[arg(long)]
        key: Option<String>,
    },
    /// Give money of a payment back.
    Refund {
        /// The payment's id.
        payment: String,
        /// How much; all that is left, unless given.
        #[arg(long)]
        amount: Option<String>,
        /// Why.
        #[arg(long)]
        note: Option<String>,
        /// The Idempotency-Key, by default a new one.
        #[arg(long)]
        key: Option<String>,
    },
    /// Print a copy of a payment's receipt.
    Copy {
        /// The payment's id.
        payment: String,
    },
    /// Ask a terminal for its last transaction again, to settle a payment in doubt.
    Recover {
        /// Which device.
        device: String,
    },
    /// Say that a payment which the invoicing system refused was booked there by hand.
    Handled {
        /// The payment's id.
        payment: String,
        /// Which invoicing system.
        #[arg(long)]
        upstream: String,
        /// Who did it.
        #[arg(long)]
        name: String,
        /// What they did.
        #[arg(long)]
        reason: String,
    },
    /// Close a terminal's day and compare its totals with the journal.
    Close {
        /// Which device.
        device: String,
        /// The Idempotency-Key, by default a new one.
        #[arg(long)]
        key: Option<String>,
    },
    /// Copy the whole database into a new file while tilld runs, and prove that the copy is whole.
    Backup {
        /// The new file, best on another disk.
        file: PathBuf,
    },
    /// Examine the database of the running tilld, or a copy: the file, the journal's chain of hashes,
    /// and whether what is shown is what the journal says.
    Verify {
        /// A copy.
        file: Option<PathBuf>,
    },
    /// Put a copy in the place of the database, once it is proved to be whole; tilld must not run.
    Restore(RestoreArgs),
    /// Have a terminal do something that moves no money.
    Terminal(TerminalArgs),
    /// Show what a person copies into a system that takes nothing from programs, and tick it off.
    Worklist(WorklistArgs),
    /// Look after receipt printers and their jobs.
    Printer(PrinterArgs),
    /// Open a cash drawer.
    Drawer(DrawerArgs),
    /// Show how the invoicing systems stand and what waits for them, or decide about one delivery.
    Sync(SyncArgs),
    /// Compare the payments of some days with the terminals' ends of day and the invoicing systems.
    Reconcile(ReconcileArgs),
    /// Show what is still to be paid of an invoice, as the invoicing system says.
    Invoice {
        /// Which.
        invoice: String,
    },
    /// Show the devices and printers, and what to do next.
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
                CallError::Refused { kind, .. } if kind == NOT_RECORDED => Exit::InDoubt,
                CallError::Refused { .. } => Exit::NotTaken,
                CallError::Token(_)
                | CallError::NeverRan(_)
                | CallError::Unreachable { .. }
                | CallError::Broken(_)
                | CallError::File(_)
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
    if let Some(file) = spreadsheet(args).await? {
        tell(out, file.trim_end());
        return Ok(Exit::Done);
    }
    let mut show = |value: &Value, plain: fn(&Value) -> String| {
        let text = if args.json {
            format!("{value:#}")
        } else {
            plain(value)
        };
        tell(out, &text);
    };
    if let Some((done, text, exit)) = without_daemon(args)? {
        show(&done, text);
        return Ok(exit);
    }
    let client = Client::new(&address(args))?;
    if let Some((report, plain, exit)) = report(&client, &args.command).await? {
        show(&report, plain);
        return Ok(exit);
    }
    match &args.command {
        Command::Backup { file } => show(&copies::backup(&client, file).await?, examined_text),
        Command::Status => show(&printer::whole_desk(&client).await?, status_text),
        Command::Printer(args) => {
            let (answer, plain) = printer::run(&client, args).await?;
            show(&answer, plain);
        }
        Command::Drawer(args) => {
            let opened = printer::open_drawer(&client, args).await?;
            show(&opened, printer::opened_text);
        }
        Command::Sync(args) => show(&sync::ask(&client, args).await?, sync::shown),
        Command::Invoice { invoice } => {
            let path = format!("/v1/invoices/{}", percent(invoice));
            show(&client.get(&path).await?, invoice_text);
        }
        Command::Payments {
            state,
            device,
            invoice,
            limit,
        } => {
            let fields = [("state", state), ("device", device), ("invoice", invoice)];
            let path = payments_path(*limit, fields);
            show(&client.get(&path).await?, payments_text);
        }
        Command::Recover { device } => {
            let asked = client.post(&recover(device), &json!({})).await?;
            show(&asked, |_| "The terminal is asked again.".to_owned());
        }
        Command::Terminal(args) => {
            let served = terminal::serve(&client, args).await?;
            show(&served, |served| text(served, "text"));
        }
        Command::Worklist(args) => show(&worklist::ask(&client, args).await?, worklist::shown),
        Command::Abort { payment } => {
            let payment = client.post(&of(payment, "/abort"), &json!({})).await?;
            show(&payment, stopping_text);
        }
        Command::Copy { payment } => {
            let job = client.post(&of(payment, "/copies"), &json!({})).await?;
            show(&job, copied_text);
        }
        one => {
            let payment = one_payment(&client, one).await?;
            show(&payment, payment_text);
            return Ok(exit_of(&payment));
        }
    }
    Ok(Exit::Done)
}

/// The commands that ask for a file for spreadsheets.
async fn spreadsheet(args: &Args) -> Result<Option<String>, CallError> {
    let client = || Client::new(&address(args));
    Ok(match &args.command {
        Command::Worklist(wish) if wish.csv && wish.command.is_none() => {
            Some(worklist::csv(&client()?, wish).await?)
        }
        Command::Reconcile(wish) if wish.csv => Some(reconcile::csv(&client()?, wish).await?),
        _ => None,
    })
}

/// The commands whose exit says what was found.
async fn report(
    client: &Client,
    command: &Command,
) -> Result<Option<(Value, fn(&Value) -> String, Exit)>, CallError> {
    Ok(match command {
        Command::Verify { file: None } => {
            let found = client.get("/v1/verify").await?;
            let exit = whole(&found);
            Some((found, examined_text, exit))
        }
        Command::Close { device, key } => {
            let closing = close(client, device, key.as_ref()).await?;
            let closed = text(&closing, "state") == "closed";
            let exit = if closed { Exit::Done } else { Exit::NotTaken };
            Some((closing, closing_text, exit))
        }
        Command::Reconcile(wish) => {
            let report = reconcile::ask(client, wish).await?;
            let exit = reconcile::exit_of(&report);
            Some((report, reconcile::shown, exit))
        }
        _ => None,
    })
}

fn recover(device: &str) -> String {
    format!("/v1/devices/{}/recover", percent(device))
}

async fn close(client: &Client, device: &str, key: Option<&String>) -> Result<Value, CallError> {
    let path = format!("/v1/devices/{}/close", percent(device));
    let key = key_or_new(key)?;
    client.post_with_key(&path, &key, &json!({})).await
}

/// The commands that end with one payment.
async fn one_payment(client: &Client, command: &Command) -> Result<Value, CallError> {
    match command {
        Command::Pay(wish) => pay(client, wish).await,
        Command::Cancel { payment, note, key } => {
            let body = with(&[("note", note)]);
            let key = key_or_new(key.as_ref())?;
            client
                .post_with_key(&of(payment, "/cancel"), &key, &body)
                .await
        }
        Command::Refund {
            payment,
            amount,
            note,
            key,
        } => {
            let body = with(&[("amount", amount), ("note", note)]);
            let key = key_or_new(key.as_ref())?;
            client
                .post_with_key(&of(payment, "/refund"), &key, &body)
                .await
        }
        Command::Resolve {
            payment,
            outcome,
            name,
            reason,
        } => {
            let body = json!({ "outcome": outcome, "name": name, "reason": reason });
            client.post(&of(payment, "/resolve"), &body).await
        }
        Command::Handled {
            payment,
            upstream,
            name,
            reason,
        } => {
            let body = json!({ "upstream": upstream, "name": name, "reason": reason });
            client.post(&of(payment, "/handled"), &body).await
        }
        Command::Show { payment } | Command::Abort { payment } => {
            client.get(&of(payment, "")).await
        }
        Command::Status
        | Command::Sync(_)
        | Command::Invoice { .. }
        | Command::Worklist(_)
        | Command::Payments { .. }
        | Command::Copy { .. }
        | Command::Backup { .. }
        | Command::Verify { .. }
        | Command::Restore(_)
        | Command::Terminal(_)
        | Command::Printer(_)
        | Command::Drawer(_)
        | Command::Recover { .. }
        | Command::Close { .. }
        | Command::Reconcile(_) => Ok(Value::Null),
    }
}

fn copied_text(job: &Value) -> String {
    format!("A copy is printed at {}.", text(job, "printer"))
}

fn stopping_text(_: &Value) -> String {
    "The terminal was asked to end the payment.".to_owned()
}

/// The address of a list of payments.
fn payments_path(limit: u16, fields: [(&str, &Option<String>); 3]) -> String {
    let mut path = format!("/v1/payments?limit={limit}");
    for (name, value) in fields {
        if let Some(value) = value {
            path = format!("{path}&{name}={}", percent(value));
        }
    }
    path
}

/// The address of a payment, or of something below it.
fn of(payment: &str, below: &str) -> String {
    format!("/v1/payments/{}{below}", percent(payment))
}

/// A body with the fields that were given.
fn with(fields: &[(&str, &Option<String>)]) -> Value {
    let given = fields.iter().filter_map(|(name, value)| {
        value
            .as_ref()
            .map(|value| ((*name).to_owned(), json!(value)))
    });
    Value::Object(given.collect())
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

type Shown = (Value, fn(&Value) -> String, Exit);

/// The commands that need no daemon.
fn without_daemon(args: &Args) -> Result<Option<Shown>, CallError> {
    Ok(match &args.command {
        Command::Verify { file: Some(file) } => {
            let found = copies::verify(file);
            let exit = whole(&found);
            Some((found, examined_text, exit))
        }
        Command::Restore(wish) => {
            let done = copies::restore_copy(&args.config, wish)?;
            Some((done, restored_text, Exit::Done))
        }
        _ => None,
    })
}

fn whole(examined: &Value) -> Exit {
    if examined.get("whole") == Some(&Value::Bool(true)) {
        Exit::Done
    } else {
        Exit::NotTaken
    }
}

fn exit_of(payment: &Value) -> Exit {
    match text(payment, "state").as_str() {
        "declined" | "cancelled" => Exit::NotTaken,
        "in_doubt" => Exit::InDoubt,
        _ => Exit::Done,
    }
}

/// A closed pipe is no reason to fail: `till payments | head` is fine.
fn tell(out: &mut impl Write, text: &str) {
    if writeln!(out, "{text}").is_err() {
        tracing::debug!("nobody reads the output");
    }
}
