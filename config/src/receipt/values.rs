//! What a template of a receipt may name.

use std::collections::BTreeMap;

use minijinja::Value;
use payment::{
    Purpose, Text,
    receipt::{Language, Reader, Receipt},
};

/// The names of a receipt's values, and what they are.
pub const VARIABLES: &[(&str, &str)] = &[
    ("merchant", "the lines of `merchant`, a list"),
    ("footer", "the lines of `footer`, a list"),
    ("logo", "whether there is a logo"),
    ("reader", "`customer` or `merchant`: for whom it is"),
    ("purpose", "`sale`, `cancel` or `refund`"),
    ("receipt", "the receipt number, such as `desk1-000123`"),
    ("device", "the device: the group"),
    (
        "original",
        "the receipt number that a cancel or refund names",
    ),
    ("invoice", "the invoice"),
    ("service_date", "the day of the treatment"),
    ("paid_at", "the day and time of the payment"),
    ("paid_date", "the day of the payment"),
    ("paid_time", "its time"),
    (
        "items",
        "what is paid for, a list; each has `text` and `amount`",
    ),
    ("items_total", "what the items make up together"),
    ("amount", "the amount with its currency"),
    ("currency", "`EUR`"),
    ("method", "how it was paid, as a word"),
    (
        "method_code",
        "`card`, `cash`, `cheque`, `bank_transfer` or `other`",
    ),
    ("card_brand", "the card's brand, in the terminal's words"),
    ("card_last4", "the card's last four digits"),
    ("entry", "how the card was read, as a word"),
    ("authorisation", "the authorisation code"),
    ("terminal_id", "the terminal's ID"),
    (
        "terminal_lines",
        "whether the terminal sent lines of its own",
    ),
    ("signature", "whether the cardholder signs"),
    ("qr", "what the code of `qr` says"),
];

/// All names, for messages.
pub(super) fn known() -> String {
    let names: Vec<&str> = VARIABLES.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

pub(super) fn of(receipt: &Receipt, language: Language) -> Value {
    let values = head(receipt)
        .into_iter()
        .chain(facts(receipt, language))
        .chain(how(receipt, language));
    let values: BTreeMap<String, Value> = values
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Value::from(values)
}

fn head(receipt: &Receipt) -> [(&'static str, Value); 5] {
    let purpose = match receipt.purpose {
        Purpose::Sale => "sale",
        Purpose::Cancel { .. } => "cancel",
        Purpose::Refund { .. } => "refund",
    };
    let reader = match receipt.reader {
        Reader::Customer => "customer",
        Reader::Merchant => "merchant",
    };
    [
        ("merchant", list(&receipt.letterhead.merchant)),
        ("footer", list(&receipt.letterhead.footer)),
        ("logo", Value::from(receipt.letterhead.logo.is_some())),
        ("reader", Value::from(reader)),
        ("purpose", Value::from(purpose)),
    ]
}

fn facts(receipt: &Receipt, language: Language) -> [(&'static str, Value); 12] {
    let services = &receipt.services;
    let items = services.items.iter().map(|item| {
        let amount = language.number(item.amount.amount());
        let parts = [("text", item.text.to_string()), ("amount", amount)];
        Value::from(BTreeMap::from(parts))
    });
    let total = (!services.items.is_empty()).then(|| language.number(services.sum()));
    let date = services.date.map(|date| language.date(date));
    let time = receipt.paid_at.strftime("%H:%M").to_string();
    [
        ("receipt", Value::from(receipt.number.to_string())),
        ("device", Value::from(receipt.device.as_str())),
        ("original", maybe(receipt.original.as_ref())),
        ("invoice", maybe(receipt.invoice.as_ref())),
        ("service_date", maybe(date.as_ref())),
        ("paid_at", Value::from(language.moment(receipt.paid_at))),
        (
            "paid_date",
            Value::from(language.date(receipt.paid_at.date())),
        ),
        ("paid_time", Value::from(time)),
        ("items", items.collect()),
        ("items_total", maybe(total.as_ref())),
        ("amount", Value::from(language.money(receipt.money))),
        ("currency", Value::from(receipt.money.currency().code())),
    ]
}

fn how(receipt: &Receipt, language: Language) -> [(&'static str, Value); 10] {
    [
        ("method", Value::from(language.method(receipt.method))),
        ("method_code", Value::from(receipt.method.as_str())),
        ("card_brand", maybe(receipt.card.brand.as_ref())),
        ("card_last4", maybe(receipt.card.last4.as_ref())),
        ("entry", maybe(language.entry(receipt.entry).as_ref())),
        ("authorisation", maybe(receipt.authorisation.as_ref())),
        ("terminal_id", maybe(receipt.terminal_id.as_ref())),
        (
            "terminal_lines",
            Value::from(!receipt.terminal_lines.is_empty()),
        ),
        ("signature", Value::from(receipt.signature)),
        ("qr", maybe(receipt.qr.as_ref())),
    ]
}

fn list(lines: &[Text]) -> Value {
    lines.iter().map(Text::to_string).collect()
}

fn maybe(value: Option<&impl ToString>) -> Value {
    value.map_or(Value::from(()), |value| Value::from(value.to_string()))
}
