//! Requests: `[upstream.create]`, `cancel`, `refund` and `look_up`.

use super::{super::super::section::Section, answer::pointer, template};
use crate::{Place, Template};

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

/// Reads a request that changes something, if its table is there.
pub(super) fn read(section: &mut Section<'_, '_, '_>, key: &str, secrets: &[&str]) -> Option<Call> {
    if !section.has(key) {
        return None;
    }
    let mut table = section.inner(key, &CALL)?;
    call(&mut table, "POST", secrets)
}

/// Reads `[upstream.look_up]`, if it is there.
pub(super) fn look_up(section: &mut Section<'_, '_, '_>, secrets: &[&str]) -> Option<LookUp> {
    if !section.has("look_up") {
        return None;
    }
    let mut table = section.inner("look_up", &LOOK_UP)?;
    let call = call(&mut table, "GET", secrets);
    for key in ["receipt", "amount"] {
        if !table.has(key) {
            table.note(key, format!("is missing; write {key} = \"/{key}\", where it stands in each payment"));
        }
    }
    let list = pointer(&mut table, "list");
    let receipt = pointer(&mut table, "receipt");
    let amount = pointer(&mut table, "amount");
    let minor = match table.text("amount_in").unwrap_or("major") {
        "major" => false,
        "minor" => true,
        other => {
            let text = format!("“{other}” is not a unit; write major (80.10) or minor (8010)");
            table.note("amount_in", text);
            false
        }
    };
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

fn call(table: &mut Section<'_, '_, '_>, usual: &'static str, secrets: &[&str]) -> Option<Call> {
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
    let path = template(table, "path", Place::Path, secrets);
    let body = match (table.has("body"), table.has("form")) {
        (true, false) => Some(Body::Json(template(table, "body", Place::Json, secrets)?)),
        (false, true) => Some(Body::Form(template(table, "form", Place::Form, secrets)?)),
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
