//! `tilld drivers`: what each driver can do, as a table that README.md shows too.

use drivers::terminal::{FAMILIES, Family, Recovery, Refunds, Reversals};

const HEAD: [&str; 9] = [
    "protocol",
    "where",
    "links",
    "stop",
    "cancel",
    "refund",
    "end of day",
    "doubt is settled by",
    "state, and tested by",
];

/// All card terminals, as aligned Markdown.
pub fn table() -> String {
    let rows: Vec<[String; 9]> = FAMILIES.iter().map(row).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let head = HEAD.get(column).map_or(0, |head| head.len());
        cells
            .map(|cell| cell.chars().count())
            .fold(head, usize::max)
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("| {} |", cells.join(" | "))
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut lines = vec![line(&HEAD.map(str::to_owned)), line(&rule)];
    lines.extend(rows.iter().map(|row| line(row)));
    lines.join("\n")
}

fn row(family: &Family) -> [String; 9] {
    let able = family.abilities;
    let links: Vec<&str> = family.links.iter().map(|link| link.as_str()).collect();
    let evidence: Vec<String> = family.evidence.iter().map(ToString::to_string).collect();
    [
        format!("{} (`{}`)", family.title, family.name),
        family.region.to_owned(),
        links.join(", "),
        yes(able.abort),
        reversals(able.reversals).to_owned(),
        refunds(able.refunds).to_owned(),
        yes(able.end_of_day),
        recovery(able.recovery).to_owned(),
        format!("{}: {}", family.maturity.as_str(), evidence.join(", ")),
    ]
}

fn yes(can: bool) -> String {
    if can { "yes" } else { "no" }.to_owned()
}

fn reversals(reversals: Reversals) -> &'static str {
    match reversals {
        Reversals::None => "no",
        Reversals::Last(_) => "the last one",
        Reversals::Any(_) => "any of the day",
    }
}

fn refunds(refunds: Refunds) -> &'static str {
    match refunds {
        Refunds::None => "no",
        Refunds::Any => "any amount",
        Refunds::OfPayment => "to the card that paid",
    }
}

fn recovery(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::ByReference => "our reference",
        Recovery::LastTransaction(_) => "its last transaction",
        Recovery::Person => "a person",
    }
}
