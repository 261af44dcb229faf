//! Requests: `[upstream.create]`, `cancel`, `refund` and `look_up`.

use super::{super::super::section::Section, answer::pointer, template};
use crate::{INVOICE_VARIABLES, LIST_VARIABLES, Place, Template, VARIABLES};

/// A request of the API.
#[derive(Debug, Clone)]
pub struct Call {
    /// Such as `POST`.
    pub method: &'static str,
    /// The path and query, after the upstream's `url`.
    pub path: Template,
    /// What is sent.
    pub body: Option<Body>,
}

/// What is sent, by its format.
#[derive(Debug, Clone)]
pub enum Body {
    /// `application/json`
    Json(Template),
    /// `application/x-www-form-urlencoded`
    Form(Template),
}

/// How a booked payment is found again.
#[derive(Debug, Clone)]
pub struct LookUp {
    /// The request.
    pub call: Call,
    /// A JSON pointer to the list of payments; empty if the answer is the list.
    pub list: String,
    /// In each of the list: a JSON pointer to the receipt number.
    pub receipt: String,
    /// In each of the list: a JSON pointer to the amount.
    pub amount: String,
    /// Whether that amount is in the smallest unit.
    pub minor: bool,
    /// In each of the list: a JSON pointer to the server's own name for it.
    pub remote_id: Option<String>,
    /// A JSON pointer to how many there are: a list that is only a part proves nothing.
    pub total: Option<String>,
}

/// How the payments of some days are listed.
#[derive(Debug, Clone)]
pub struct PaymentList {
    /// The request.
    pub call: Call,
    /// Whether it asks for one page after the other, until one is empty.
    pub pages: bool,
    /// A JSON pointer to the list of payments; empty if the answer is the list.
    pub list: String,
    /// In each of the list: a JSON pointer to the amount, less than nothing for what went back.
    pub amount: String,
    /// Whether that amount is in the smallest unit.
    pub minor: bool,
    /// In each of the list: a JSON pointer to the receipt number.
    pub receipt: String,
    /// In each of the list: a JSON pointer to the server's own name for it.
    pub remote_id: Option<String>,
    /// In each of the list: a JSON pointer to the currency.
    pub currency: Option<String>,
    /// In each of the list: a JSON pointer to the invoice.
    pub invoice: Option<String>,
    /// In each of the list: a JSON pointer to when it was paid: a moment of RFC 3339, or a day.
    pub paid_at: Option<String>,
    /// In each of the list: a JSON pointer to where the seal is written.
    pub seal: Option<String>,
    /// A JSON pointer to how many there are: a list that is only a part proves nothing.
    pub total: Option<String>,
}

/// How it is found out what is open on an invoice.
#[derive(Debug, Clone)]
pub struct InvoiceLookUp {
    /// The request.
    pub call: Call,
    /// A JSON pointer to what is still to be paid.
    pub outstanding: String,
    /// Whether that is in the smallest unit.
    pub minor: bool,
    /// A JSON pointer to the currency.
    pub currency: Option<String>,
}

const CALL: [&str; 4] = ["method", "path", "body", "form"];
const LOOK_UP: [&str; 10] = [
    "method",
    "path",
    "body",
    "form",
    "list",
    "receipt",
    "amount",
    "amount_in",
    "remote_id",
    "total",
];

const LIST: [&str; 14] = [
    "method",
    "path",
    "body",
    "form",
    "list",
    "receipt",
    "amount",
    "amount_in",
    "remote_id",
    "currency",
    "invoice",
    "paid_at",
    "seal",
    "total",
];
const INVOICE: [&str; 7] = [
    "method",
    "path",
    "body",
    "form",
    "outstanding",
    "amount_in",
    "currency",
];

/// Reads `[upstream.list]`, if it is there.
pub(super) fn list(section: &mut Section<'_, '_, '_>, secrets: &[&str]) -> Option<PaymentList> {
    if !section.has("list") {
        return None;
    }
    let mut table = section.inner("list", &LIST)?;
    let call = call(&mut table, "GET", (LIST_VARIABLES, secrets));
    needed(&mut table, &["receipt", "amount"]);
    let minor = in_minor(&mut table);
    let mut at = |key| pointer(&mut table, key);
    let (list, receipt, amount) = (at("list"), at("receipt"), at("amount"));
    let (remote_id, currency, invoice) = (at("remote_id"), at("currency"), at("invoice"));
    let (paid_at, seal, total) = (at("paid_at"), at("seal"), at("total"));
    let call = call?;
    let pages = ["page", "page_number"].iter().any(|name| call.names(name));
    Some(PaymentList {
        call,
        pages,
        list: list.unwrap_or_default(),
        amount: amount?,
        minor,
        receipt: receipt?,
        remote_id,
        currency,
        invoice,
        paid_at,
        seal,
        total,
    })
}

/// Reads `[upstream.invoice]`, if it is there.
pub(super) fn invoice(
    section: &mut Section<'_, '_, '_>,
    secrets: &[&str],
) -> Option<InvoiceLookUp> {
    if !section.has("invoice") {
        return None;
    }
    let mut table = section.inner("invoice", &INVOICE)?;
    let call = call(&mut table, "GET", (INVOICE_VARIABLES, secrets));
    needed(&mut table, &["outstanding"]);
    let minor = in_minor(&mut table);
    let (outstanding, currency) = (pointer(&mut table, "outstanding"), pointer(&mut table, "currency"));
    Some(InvoiceLookUp {
        call: call?,
        outstanding: outstanding?,
        minor,
        currency,
    })
}

impl Call {
    /// Whether it names this value anywhere.
    fn names(&self, name: &str) -> bool {
        let body = match &self.body {
            Some(Body::Json(template) | Body::Form(template)) => template.names(name),
            None => false,
        };
        body || self.path.names(name)
    }
}

fn needed(table: &mut Section<'_, '_, '_>, keys: &[&str]) {
    for key in keys {
        if !table.has(key) {
            table.note(key, format!("is missing; write {key} = \"/{key}\", where it stands in the answer"));
        }
    }
}

fn in_minor(table: &mut Section<'_, '_, '_>) -> bool {
    match table.text("amount_in").unwrap_or("major") {
        "major" => false,
        "minor" => true,
        other => {
            let text = format!("“{other}” is not a unit; write major (80.10) or minor (8010)");
            table.note("amount_in", text);
            false
        }
    }
}

/// Reads a request that changes something, if its table is there.
pub(super) fn read(section: &mut Section<'_, '_, '_>, key: &str, secrets: &[&str]) -> Option<Call> {
    if !section.has(key) {
        return None;
    }
    let mut table = section.inner(key, &CALL)?;
    call(&mut table, "POST", (VARIABLES, secrets))
}

/// Reads `[upstream.look_up]`, if it is there.
pub(super) fn look_up(section: &mut Section<'_, '_, '_>, secrets: &[&str]) -> Option<LookUp> {
    if !section.has("look_up") {
        return None;
    }
    let mut table = section.inner("look_up", &LOOK_UP)?;
    let call = call(&mut table, "GET", (VARIABLES, secrets));
    for key in ["receipt", "amount"] {
        if !table.has(key) {
            table.note(key, format!("is missing; write {key} = \"/{key}\", where it stands in each payment"));
        }
    }
    let list = pointer(&mut table, "list");
    let receipt = pointer(&mut table, "receipt");
    let amount = pointer(&mut table, "amount");
    let minor = in_minor(&mut table);
    let remote_id = pointer(&mut table, "remote_id");
    let total = pointer(&mut table, "total");
    Some(LookUp {
        call: call?,
        list: list.unwrap_or_default(),
        receipt: receipt?,
        amount: amount?,
        minor,
        remote_id,
        total,
    })
}

fn call(
    table: &mut Section<'_, '_, '_>,
    usual: &'static str,
    names: (&[(&str, &str)], &[&str]),
) -> Option<Call> {
    let method = match table.text("method").unwrap_or(usual) {
        "GET" if usual == "GET" => "GET",
        "POST" => "POST",
        "PUT" if usual == "POST" => "PUT",
        "PATCH" if usual == "POST" => "PATCH",
        "DELETE" if usual == "POST" => "DELETE",
        other => {
            let known = if usual == "GET" { "GET or POST" } else { "POST, PUT, PATCH or DELETE" };
            let text = format!("“{other}” cannot be used here; write {known}");
            table.note("method", text);
            usual
        }
    };
    table.required_text("path", "/payments")?;
    let path = template(table, "path", Place::Path, names);
    let body = match (table.has("body"), table.has("form")) {
        (true, false) => Some(Body::Json(template(table, "body", Place::Json, names)?)),
        (false, true) => Some(Body::Form(template(table, "form", Place::Form, names)?)),
        (false, false) => None,
        (true, true) => {
            table.note("form", "stands beside a body; write one of them");
            None
        }
    };
    Some(Call {
        method,
        path: path?,
        body,
    })
}
