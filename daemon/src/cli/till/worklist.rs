//! `till worklist`: what a person copies into another system.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    request::{only, percent, with},
    show::{list, text},
};
use crate::cli::client::{CallError, Client};

/// What `till worklist` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct WorklistArgs {
    /// Which list; the first of the configuration, unless given.
    #[arg(long, global = true)]
    upstream: Option<String>,
    /// Only what was taken here.
    #[arg(long)]
    device: Option<String>,
    /// What was ticked off, instead of what there is to do.
    #[arg(long)]
    entered: bool,
    /// As a file for spreadsheets.
    #[arg(long)]
    pub(super) csv: bool,
    #[command(subcommand)]
    pub(super) command: Option<WorklistCommand>,
}

#[derive(Debug, Subcommand)]
pub(super) enum WorklistCommand {
    /// Say that a payment was entered.
    Entered {
        /// The payment's id.
        payment: String,
        /// Who did it.
        #[arg(long)]
        name: String,
        /// What there is to say about it.
        #[arg(long)]
        note: Option<String>,
    },
}

/// The list as a file for spreadsheets.
pub(super) async fn csv(client: &Client, args: &WorklistArgs) -> Result<String, CallError> {
    client.get_text(&path(args, "csv")).await
}

/// The list, or the row that was ticked off.
pub(super) async fn ask(client: &Client, args: &WorklistArgs) -> Result<Value, CallError> {
    match &args.command {
        None => client.get(&path(args, "json")).await,
        Some(WorklistCommand::Entered {
            payment,
            name,
            note,
        }) => {
            let mut body = with(&[("upstream", &args.upstream), ("note", note)]);
            if let Some(fields) = body.as_object_mut() {
                fields.insert("name".to_owned(), json!(name));
            }
            let path = format!("/v1/worklist/{}/entered", percent(payment));
            client.post(&path, &body).await
        }
    }
}

fn path(args: &WorklistArgs, format: &str) -> String {
    let path = format!("/v1/worklist?format={format}&entered={}", args.entered);
    let fields = [("upstream", &args.upstream), ("device", &args.device)];
    only(&path, &fields)
}

/// What there is to enter, or what was ticked off.
pub(super) fn shown(answer: &Value) -> String {
    let Some(rows) = answer.get("rows").and_then(Value::as_array) else {
        return format!(
            "{} was ticked off. {}",
            text(answer, "receipt"),
            text(answer, "next_step")
        );
    };
    let upstream = text(answer, "upstream");
    let mut forms = list(answer, "lists").iter();
    let Some(form) = forms.find(|form| text(form, "upstream") == upstream) else {
        return "The configuration has no worklist.".to_owned();
    };
    if rows.is_empty() {
        return format!("{upstream}: nothing.");
    }
    let blocks: Vec<String> = rows.iter().map(|row| block(form, row)).collect();
    blocks.join("\n\n")
}

fn block(form: &Value, row: &Value) -> String {
    let invoice = text(row, "invoice");
    let at = if invoice.is_empty() {
        "no invoice".to_owned()
    } else {
        format!("invoice {invoice}")
    };
    let mut lines = vec![format!(
        "{}  {}  {at}  {} {}",
        text(row, "receipt"),
        text(row, "task"),
        text(row, "currency"),
        text(row, "amount")
    )];
    let (fields, values) = (list(form, "fields"), list(row, "values"));
    for (field, value) in fields.iter().zip(values) {
        let (field, value) = (plain(field), plain(value));
        if !value.is_empty() {
            lines.push(format!("    {field}: {value}"));
        }
    }
    for (n, step) in (1..).zip(list(row, "steps")) {
        lines.push(format!("  {n}. {}", plain(step)));
    }
    match row.get("entered").filter(|entered| !entered.is_null()) {
        Some(entered) => lines.push(format!(
            "  Ticked off by {} at {}.",
            text(entered, "name"),
            text(entered, "at")
        )),
        None => lines.push(format!("  {}", text(row, "next_step"))),
    }
    lines.push(format!("  id: {}", text(row, "payment")));
    lines.join("\n")
}

fn plain(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
