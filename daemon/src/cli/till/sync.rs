//! `till sync`: what waits for the invoicing systems, and what a person decides about it.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    request::{only, percent, with},
    show::{list, text},
};
use crate::cli::client::{CallError, Client};

/// What `till sync` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct SyncArgs {
    /// Only to this invoicing system.
    #[arg(long, global = true)]
    upstream: Option<String>,
    /// Only in this state, for example needs_operator.
    #[arg(long)]
    state: Option<String>,
    #[command(subcommand)]
    command: Option<SyncCommand>,
}

#[derive(Debug, Subcommand)]
enum SyncCommand {
    /// Try again now. What may have been booked is read back first.
    Retry(Decider),
    /// Send it to another invoice. It is not booked yet, say you.
    SendTo {
        #[command(flatten)]
        who: Decider,
        /// To which invoice.
        #[arg(long)]
        invoice: String,
    },
    /// Send it without an invoice. It is not booked yet, say you.
    Unallocate(Decider),
    /// Keep it at the desk as unallocated; the invoicing system is not told.
    Keep(Decider),
    /// Say that you entered it by hand.
    Entered(Decider),
}

/// Which delivery, and who decides.
#[derive(Debug, clap::Args)]
struct Decider {
    /// The payment's receipt number, such as desk1-000123, or its id.
    payment: String,
    /// Who decides.
    #[arg(long)]
    name: String,
    /// Why.
    #[arg(long)]
    reason: String,
}

/// The list, or the delivery that was decided about.
pub(super) async fn ask(client: &Client, args: &SyncArgs) -> Result<Value, CallError> {
    let Some(command) = &args.command else {
        let fields = [("upstream", &args.upstream), ("state", &args.state)];
        return client.get(&only("/v1/sync?limit=200", &fields)).await;
    };
    let (word, who, invoice) = match command {
        SyncCommand::Retry(who) => ("retry", who, None),
        SyncCommand::SendTo { who, invoice } => ("send_to", who, Some(invoice.clone())),
        SyncCommand::Unallocate(who) => ("unallocate", who, None),
        SyncCommand::Keep(who) => ("keep", who, None),
        SyncCommand::Entered(who) => ("entered", who, None),
    };
    let mut body = with(&[("upstream", &args.upstream), ("invoice", &invoice)]);
    if let Some(fields) = body.as_object_mut() {
        fields.insert("name".to_owned(), json!(who.name));
        fields.insert("reason".to_owned(), json!(who.reason));
    }
    let path = format!("/v1/sync/{}/{word}", percent(&who.payment));
    client.post(&path, &body).await
}

/// What waits, by upstream and state.
pub(super) fn shown(answer: &Value) -> String {
    if answer.get("upstreams").is_none() {
        return format!("{}\n{}", line(answer), text(answer, "next_step"));
    }
    let mut lines = Vec::new();
    for upstream in list(answer, "upstreams") {
        let open = upstream.get("open").and_then(Value::as_object);
        let open = open.into_iter().flatten();
        let open: Vec<String> = open.map(|(state, n)| format!("{n} {state}")).collect();
        let open = if open.is_empty() {
            "nothing waits".to_owned()
        } else {
            open.join(", ")
        };
        lines.push(format!("{}: {open}", text(upstream, "id")));
        let pause = upstream.get("pause").filter(|pause| !pause.is_null());
        if let Some(pause) = pause {
            let (why, until) = (text(pause, "why"), text(pause, "until"));
            lines.push(format!("  {why}: {}", text(pause, "reason")));
            lines.push(format!("  tried again by itself at {until}"));
        }
        let findings = list(upstream, "findings").iter().filter_map(Value::as_str);
        lines.extend(findings.map(|found| format!("  {found}")));
        lines.push(format!("  {}", text(upstream, "next_step")));
    }
    if lines.is_empty() {
        return "The configuration has no upstream.".to_owned();
    }
    for delivery in list(answer, "deliveries") {
        lines.push(String::new());
        lines.push(line(delivery));
        let reason = text(delivery, "reason");
        if !reason.is_empty() {
            lines.push(format!("  {reason}"));
        }
        lines.push(format!("  {}", text(delivery, "next_step")));
    }
    lines.join("\n")
}

fn line(delivery: &Value) -> String {
    let invoice = text(delivery, "invoice");
    let at = if invoice.is_empty() {
        "no invoice".to_owned()
    } else {
        format!("invoice {invoice}")
    };
    let next = text(delivery, "next_at");
    let next = if next.is_empty() {
        next
    } else {
        format!("  next at {next}")
    };
    format!(
        "{}  {}  {at}  {} {}  {}{next}",
        text(delivery, "upstream"),
        text(delivery, "receipt"),
        text(delivery, "currency"),
        text(delivery, "amount"),
        text(delivery, "state"),
    )
}
