//! `kind = "http"`: an API that the configuration describes.

mod answer;
mod call;
mod signing;

use std::{collections::BTreeMap, time::Duration};

pub use answer::{AnswerClass, Condition, Rule, Statuses, Success};
pub use call::{Body, Call, InvoiceLookUp, LookUp, PaymentList};
pub use signing::SigningKey;

use super::{
    super::{Names, section::Section},
    Options,
};
use crate::{Place, Secret, Template, VARIABLES};

const HOUR: Duration = Duration::from_hours(1);
const YEAR: Duration = Duration::from_hours(24 * 365);

/// The options of `kind = "http"`.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Headers of every request, beside `Content-Type`.
    pub headers: Vec<(String, Template)>,
    /// How `Idempotency-Key` is sent, if it is.
    pub idempotency_key: Option<KeyStyle>,
    /// For how long the server takes the same payment only once, by its key or its receipt number.
    pub idempotent_for: Option<Duration>,
    /// Signs every request by Standard Webhooks.
    pub signing: Option<SigningKey>,
    /// The secrets that templates name, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Books a payment.
    pub create: Call,
    /// Takes a payment back before it was settled; without it, a person does.
    pub cancel: Option<Call>,
    /// Gives money back; without it, a person does.
    pub refund: Option<Call>,
    /// Reads back what is booked.
    pub look_up: Option<LookUp>,
    /// Lists the payments of some days.
    pub list: Option<PaymentList>,
    /// Shows what is open on an invoice.
    pub invoice: Option<InvoiceLookUp>,
    /// What says that it was booked.
    pub success: Success,
    /// What other answers mean; the first that fits.
    pub answers: Vec<Rule>,
    /// A JSON pointer to the server's own words for a refusal.
    pub message: Option<String>,
}

/// How the value of `Idempotency-Key` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStyle {
    /// In quotes, as the draft of the IETF says.
    Quoted,
    /// Bare, as most servers take it.
    Bare,
}

impl Options for HttpOptions {
    const KEYS: &'static [&'static str] = &[
        "headers",
        "idempotency_key",
        "idempotent",
        "idempotent_for",
        "signing",
        "secrets",
        "create",
        "cancel",
        "refund",
        "look_up",
        "list",
        "invoice",
        "success",
        "answer",
        "message",
    ];

    fn read(section: &mut Section<'_, '_, '_>, names: &Names<'_>) -> Option<Self> {
        let secrets = secrets(section, names);
        let known: Vec<&str> = section.keys("secrets");
        let headers = headers(section, &known);
        let idempotency_key = idempotency_key(section);
        let idempotent_for = idempotent_for(section);
        let signing = section.secret("signing", names.secrets);
        let signing = signing.and_then(|secret| {
            let key = SigningKey::parse(secret);
            section.checked("signing", key)
        });
        if !section.has("create") {
            section.note(
                "create",
                "is missing; write a table [upstream.create] with path and body",
            );
        }
        let create = call::read(section, "create", &known);
        let cancel = call::read(section, "cancel", &known);
        let refund = call::read(section, "refund", &known);
        let look_up = call::look_up(section, &known);
        let list = call::list(section, &known);
        let invoice = call::invoice(section, &known);
        let success = answer::success(section);
        let answers = answer::rules(section);
        let message = answer::pointer(section, "message");
        Some(Self {
            headers,
            idempotency_key,
            idempotent_for,
            signing,
            secrets,
            create: create?,
            cancel,
            refund,
            look_up,
            list,
            invoice,
            success: success?,
            answers,
            message,
        })
    }

    fn secrets(&self) -> Vec<&Secret> {
        let signing = self.signing.iter().map(SigningKey::secret);
        self.secrets.values().chain(signing).collect()
    }
}

fn secrets(section: &mut Section<'_, '_, '_>, names: &Names<'_>) -> BTreeMap<String, Secret> {
    let keys = section.keys("secrets");
    let Some(mut table) = section.inner("secrets", &keys) else {
        return BTreeMap::new();
    };
    let mut secrets = BTreeMap::new();
    for key in keys {
        if let Some(secret) = table.secret(key, names.secrets) {
            if !secret.expose().bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
                let text = "holds a character that no header can hold; copy it again";
                table.note(key, text);
            }
            secrets.insert(key.to_owned(), secret);
        }
    }
    secrets
}

/// Names that the daemon writes itself, or that would change what a request is.
const OWN: [&str; 8] = [
    "content-type",
    "content-length",
    "host",
    "transfer-encoding",
    "connection",
    "idempotency-key",
    "expect",
    "upgrade",
];

fn headers(section: &mut Section<'_, '_, '_>, secrets: &[&str]) -> Vec<(String, Template)> {
    let keys = section.keys("headers");
    let Some(mut table) = section.inner("headers", &keys) else {
        return Vec::new();
    };
    let mut headers = Vec::new();
    for key in keys {
        let token = key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if !token || key.is_empty() {
            table.note(key, "is not the name of a header; write letters, digits and “-”");
        } else if OWN.contains(&key.to_ascii_lowercase().as_str()) {
            table.note(key, "is written by tilld itself; leave it out");
        } else if let Some(template) = template(&mut table, key, Place::Header, (VARIABLES, secrets)) {
            headers.push((key.to_owned(), template));
        }
    }
    headers
}

fn idempotency_key(section: &mut Section<'_, '_, '_>) -> Option<KeyStyle> {
    match section.text("idempotency_key")? {
        "quoted" => Some(KeyStyle::Quoted),
        "bare" => Some(KeyStyle::Bare),
        other => {
            let text = format!(
                "“{other}” is not a way to write it; write quoted (the IETF's draft) or bare \
                 (most servers)"
            );
            section.note("idempotency_key", text);
            None
        }
    }
}

fn idempotent_for(section: &mut Section<'_, '_, '_>) -> Option<Duration> {
    let declared = section.flag("idempotent").unwrap_or(false);
    let lasts = section.duration("idempotent_for", YEAR, HOUR..=YEAR);
    if section.has("idempotent_for") && !declared {
        let text = "says nothing without idempotent = true; write that too, or leave this out";
        section.note("idempotent_for", text);
    }
    lasts.filter(|_| declared)
}

/// A template, if the key is there and it is one.
fn template(
    section: &mut Section<'_, '_, '_>,
    key: &str,
    place: Place,
    (names, secrets): (&[(&str, &str)], &[&str]),
) -> Option<Template> {
    let text = section.text(key)?;
    match Template::check_with(text, place, names, secrets) {
        Ok(template) => Some(template),
        Err(error) => {
            section.note_line(key, error.line(), error);
            None
        }
    }
}
