//! `till reconcile`: the journal beside the terminals' ends of day and the invoicing systems.

use serde_json::Value;

use super::{
    Exit,
    request::only,
    show::{list, text},
};
use crate::cli::client::{CallError, Client};

/// What `till reconcile` needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct ReconcileArgs {
    /// The first day, for example 2026-11-20. Days are those of the desk's time zone. Without it, what
    /// tilld found by itself last night is shown.
    #[arg(long)]
    from: Option<String>,
    /// The last day; the first, unless given.
    #[arg(long, requires = "from")]
    to: Option<String>,
    /// Only with this invoicing system.
    #[arg(long, requires = "from")]
    upstream: Option<String>,
    /// As a file for spreadsheets.
    #[arg(long, requires = "from")]
    pub(super) csv: bool,
}

/// The report.
pub(super) async fn ask(client: &Client, args: &ReconcileArgs) -> Result<Value, CallError> {
    client.get(&path(args, "json")).await
}

/// The report as a file for spreadsheets.
pub(super) async fn csv(client: &Client, args: &ReconcileArgs) -> Result<String, CallError> {
    client.get_text(&path(args, "csv")).await
}

fn path(args: &ReconcileArgs, format: &str) -> String {
    if args.from.is_none() {
        return "/v1/reconciliation".to_owned();
    }
    let path = format!("/v1/reconciliation?format={format}");
    let fields = [
        ("from", &args.from),
        ("to", &args.to),
        ("upstream", &args.upstream),
    ];
    only(&path, &fields)
}

/// Done where nothing differs; what waits is no difference.
pub(super) fn exit_of(report: &Value) -> Exit {
    let count = |kind: &str| {
        let count = report.get("counts").and_then(|counts| counts.get(kind));
        count.and_then(Value::as_u64).unwrap_or_default()
    };
    let differ = ["missing", "extra", "differing", "settlement"];
    if differ.into_iter().map(count).sum::<u64>() == 0 {
        Exit::Done
    } else {
        Exit::NotTaken
    }
}

/// The report as tables and sentences.
pub(super) fn shown(report: &Value) -> String {
    if text(report, "at").is_empty() {
        return text(report, "next_step");
    }
    let zone = text(report, "time_zone");
    let zone = if zone.is_empty() {
        zone
    } else {
        format!(" ({zone})")
    };
    let (from, to) = (text(report, "from"), text(report, "to"));
    let mut blocks = vec![format!("{from} to {to}{zone}")];
    blocks.push(devices(report));
    blocks.extend(list(report, "upstreams").iter().map(system));
    let findings: Vec<String> = list(report, "findings").iter().map(finding).collect();
    blocks.extend((!findings.is_empty()).then(|| findings.join("\n")));
    blocks.push(text(report, "next_step"));
    blocks.join("\n\n")
}

fn devices(report: &Value) -> String {
    let head = [
        "device",
        "currency",
        "taken",
        "given back",
        "cards",
        "not settled",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut ends = Vec::new();
    for desk in list(report, "devices") {
        let mut row = vec![text(desk, "device"), text(desk, "currency")];
        row.extend(["taken", "given_back", "cards", "unsettled"].map(|name| total(desk, name)));
        rows.push(row);
        for end in list(desk, "settlements") {
            ends.push(format!(
                "{}: end of day {} {}: terminal {}, journal {}",
                text(desk, "device"),
                text(end, "at"),
                text(end, "state"),
                or_dash(text(end, "terminal")),
                or_dash(text(end, "journal")),
            ));
        }
    }
    let table = table(&rows);
    std::iter::once(table)
        .chain(ends)
        .collect::<Vec<_>>()
        .join("\n")
}

fn system(one: &Value) -> String {
    let name = text(one, "upstream");
    let head = match text(one, "compared_by").as_str() {
        "list" => format!("{name}, by its list of payments"),
        "ticks" => format!("{name}, by what was ticked off"),
        _ => return text(one, "reason"),
    };
    let mut rows = vec![
        ["device", "currency", "journal", name.as_str(), "difference"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for sums in list(one, "sums") {
        rows.push(vec![
            or_dash(text(sums, "device")),
            text(sums, "currency"),
            total(sums, "journal"),
            total(sums, "there"),
            text(sums, "difference"),
        ]);
    }
    let others = one
        .get("of_other_desks")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    let others = match others {
        0 => String::new(),
        n => format!("\nIt also shows {n} of other desks, which are compared there."),
    };
    format!("{head}\n{}{others}", table(&rows))
}

fn finding(one: &Value) -> String {
    let of = |name: &str| one.get(name).and_then(Value::as_str);
    let amounts = match (of("journal"), of("there")) {
        (Some(here), Some(there)) => format!("journal {here}, there {there}"),
        (Some(here), None) => format!("journal {here}"),
        (None, Some(there)) => format!("there {there}"),
        (None, None) => String::new(),
    };
    let place = of("upstream").or(of("device")).unwrap_or_default();
    let parts = [
        text(one, "kind"),
        place.to_owned(),
        text(one, "receipt"),
        amounts,
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!(
        "{}\n    {}\n    {}",
        parts.join("  "),
        text(one, "text"),
        text(one, "next_step")
    )
}

/// `3 of 240.30`
fn total(value: &Value, name: &str) -> String {
    let Some(total) = value.get(name).filter(|total| !total.is_null()) else {
        return "-".to_owned();
    };
    let count = total
        .get("payments")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    format!("{count} of {}", text(total, "amount"))
}

fn or_dash(text: String) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        text
    }
}

/// Columns as wide as their widest cell; the first to the left, all others to the right.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let wide = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(wide).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells: Vec<String> = cells
            .map(|(column, (cell, width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
