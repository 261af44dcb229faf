//! `tilld drivers`: what each driver can do, as tables that README.md shows too.

use drivers::{
    printer::{WAYS, Way},
    terminal::{Evidence, FAMILIES, Family, Maturity, Recovery, Refunds, Reversals},
};

const TERMINALS: [&str; 9] = [
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

const PRINTERS: [&str; 4] = [
    "link",
    "to a printer by",
    "kept from flooding it",
    "state, and tested by",
];

/// All card terminals, and after an empty line the ways to receipt printers, as aligned Markdown.
pub fn tables() -> String {
    let terminals: Vec<_> = FAMILIES.iter().map(terminal).collect();
    let printers: Vec<_> = WAYS.iter().map(printer).collect();
    let terminals = table(&TERMINALS, &terminals);
    format!("{terminals}\n\n{}", table(&PRINTERS, &printers))
}

fn table<const COLUMNS: usize>(head: &[&str; COLUMNS], rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let head = head.get(column).map_or(0, |head| head.len());
        cells
            .map(|cell| cell.chars().count())
            .fold(head, usize::max)
    };
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("| {} |", cells.join(" | "))
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut lines = vec![line(&head.map(str::to_owned)), line(&rule)];
    lines.extend(rows.iter().map(|row| line(row)));
    lines.join("\n")
}

fn terminal(family: &Family) -> [String; 9] {
    let able = family.abilities;
    let links: Vec<&str> = family.links.iter().map(|link| link.as_str()).collect();
    [
        format!("{} (`{}`)", family.title, family.name),
        family.region.to_owned(),
        links.join(", "),
        yes(able.abort),
        reversals(able.reversals).to_owned(),
        refunds(able.refunds).to_owned(),
        yes(able.end_of_day),
        recovery(able.recovery).to_owned(),
        tested(family.maturity, family.evidence),
    ]
}

fn printer(way: &Way) -> [String; 4] {
    [
        format!("`{}`", way.link),
        way.title.to_owned(),
        way.flow.to_owned(),
        tested(way.maturity, way.evidence),
    ]
}

fn tested(maturity: Maturity, evidence: &[Evidence]) -> String {
    let evidence: Vec<String> = evidence.iter().map(ToString::to_string).collect();
    format!("{}: {}", maturity.as_str(), evidence.join(", "))
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
