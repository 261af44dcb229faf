//! What stands on a receipt. Pure: the same payment always gives the same lines.

use drivers::{
    printer::escpos::{Align, Line, Style},
    terminal::{Slip, SlipCopy},
};
use jiff::{Timestamp, tz::TimeZone};
use payment::{EntryMode, Method, Payment, Text};
use sync::queue::JobKind;

/// What a receipt says besides its payment.
#[derive(Debug)]
pub struct Head<'a> {
    /// The clinic's name and address, line by line.
    pub merchant: &'a [String],
    /// When it is printed.
    pub printed_at: Timestamp,
    /// The clinic's time zone.
    pub zone: TimeZone,
}

const PLAIN: Style = Style {
    align: Align::Left,
    bold: false,
    wide: false,
    high: false,
};
const CENTRED: Style = Style {
    align: Align::Centre,
    ..PLAIN
};
const BOLD: Style = Style {
    bold: true,
    ..PLAIN
};
const TITLE: Style = Style {
    bold: true,
    high: true,
    ..CENTRED
};

/// The lines of a receipt. The terminal's own lines follow ours, as they are: card schemes want
/// them verbatim.
pub fn compose(payment: &Payment, kind: JobKind, slips: &[Slip], head: &Head<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (i, line) in head.merchant.iter().enumerate() {
        lines.push(Line::Text(
            Text::new(line),
            if i == 0 { TITLE } else { CENTRED },
        ));
    }
    lines.push(Line::Feed(1));
    let copy = match kind {
        JobKind::Customer | JobKind::Merchant => None,
        JobKind::Copy(number) => Some(number),
    };
    if let Some(number) = copy {
        lines.push(Line::Text(Text::new(&format!("COPY {number}")), TITLE));
    }
    lines.push(Line::Text("Receipt".into(), CENTRED));
    lines.push(Line::Rule);
    lines.extend(details(payment, head));
    let wanted = match kind {
        JobKind::Customer | JobKind::Copy(_) => SlipCopy::Customer,
        JobKind::Merchant => SlipCopy::Merchant,
    };
    for slip in slips.iter().filter(|s| s.copy == wanted) {
        lines.push(Line::Rule);
        lines.extend(slip.lines.iter().cloned().map(Line::Verbatim));
    }
    if let Some(number) = copy {
        lines.push(Line::Rule);
        let printed = format!("Reprinted {}", moment(head.printed_at, head));
        lines.push(Line::Text(Text::new(&printed), CENTRED));
        lines.push(Line::Text(Text::new(&format!("COPY {number}")), TITLE));
    }
    lines.push(Line::Feed(1));
    lines.push(Line::Cut);
    lines
}

fn details(payment: &Payment, head: &Head<'_>) -> Vec<Line> {
    let intent = &payment.intent;
    let pair = |name: &str, value: &str| Line::Columns(name.into(), value.into(), PLAIN);
    let mut lines = vec![
        pair("Receipt no.", &payment.receipt.to_string()),
        pair("Date", &moment(intent.at, head)),
        pair("Device", intent.device.as_str()),
    ];
    if let Some(invoice) = &intent.invoice {
        lines.push(pair("Invoice", invoice.as_str()));
    }
    lines.push(Line::Rule);
    lines.push(Line::Columns(
        "Paid".into(),
        Text::new(&intent.money.to_string()),
        BOLD,
    ));
    lines.push(pair("Method", method(intent.method)));
    let Some(approval) = &payment.approval else {
        return lines;
    };
    let card: Vec<String> = [
        approval.card.brand.as_ref().map(ToString::to_string),
        approval.card.last4.map(|last4| format!("**** {last4}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !card.is_empty() {
        lines.push(pair("Card", &card.join(" ")));
    }
    let entry = match approval.entry {
        EntryMode::Stripe => Some("magnetic stripe"),
        EntryMode::Chip => Some("chip"),
        EntryMode::Contactless => Some("contactless"),
        EntryMode::Unknown => None,
    };
    lines.extend(entry.map(|entry| pair("Read by", entry)));
    lines.extend(
        approval
            .authorisation
            .as_ref()
            .map(|a| pair("Authorisation", a.as_str())),
    );
    lines.extend(
        approval
            .terminal_id
            .as_ref()
            .map(|t| pair("Terminal", t.as_str())),
    );
    lines
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Card => "card",
        Method::Cash => "cash",
        Method::Cheque => "cheque",
        Method::BankTransfer => "bank transfer",
        Method::Other => "other",
    }
}

fn moment(at: Timestamp, head: &Head<'_>) -> String {
    at.to_zoned(head.zone.clone())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}
