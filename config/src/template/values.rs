//! What a template may name.

use std::{collections::BTreeMap, fmt, sync::Arc};

use jiff::{Timestamp, tz::TimeZone};
use minijinja::{
    Value,
    value::{Object, ObjectRepr},
};
use payment::{InvoiceRef, Payment, Purpose, ReceiptNumber};
use rust_decimal::Decimal;

use super::place::{BEGIN, END};
use crate::Secret;

/// The names of a payment's values, and what they are.
pub const VARIABLES: &[(&str, &str)] = &[
    (
        "receipt",
        "our receipt number, such as `desk1-000123`: once for each payment, cancel and refund",
    ),
    (
        "payment",
        "the payment's ID, a UUID: the same whenever it is sent",
    ),
    ("purpose", "`sale`, `cancel` or `refund`"),
    (
        "original",
        "the receipt number of the payment that a cancel or refund names",
    ),
    ("device", "the device ID: the group"),
    ("sequence", "the device's own count, a number without gaps"),
    ("amount", "the amount, such as `80.10`; a number, exact"),
    (
        "amount_minor",
        "the amount in the smallest unit, such as `8010`",
    ),
    ("currency", "`EUR`"),
    (
        "method",
        "`card`, `cash`, `cheque`, `bank_transfer` or `other`",
    ),
    ("invoice", "the invoice, in the invoicing system's words"),
    ("note", "the payment's note"),
    (
        "paid_at",
        "when it was begun, such as `2026-11-21T00:10:00Z`",
    ),
    ("paid_date", "the same day in UTC, such as `2026-11-21`"),
    ("card_brand", "the card's brand, in the terminal's words"),
    ("card_last4", "the card's last four digits"),
    ("authorisation", "the authorisation code"),
    ("terminal_id", "the terminal's ID"),
    (
        "journal_seq",
        "the number of its entry among all of the journal; not in a look-up",
    ),
    (
        "device_seq",
        "the number of its entry among those of its device; not in a look-up",
    ),
    (
        "journal_hash",
        "the hash of its entry, which covers all before it; not in a look-up",
    ),
    (
        "seal",
        "the three in one text, such as `journal 123, 45 of the device, 9f86…`; not in a look-up",
    ),
];

/// The names in a request for a list of payments, and what they are.
pub const LIST_VARIABLES: &[(&str, &str)] = &[
    ("from", "the first moment, such as `2026-11-19T23:00:00Z`"),
    ("to", "the first moment after them"),
    (
        "from_date",
        "the day of `from` in UTC, such as `2026-11-19`",
    ),
    ("to_date", "the day of `to` in UTC"),
    ("page", "which page, counted from 0"),
    ("page_number", "which page, counted from 1"),
];

/// The names in a request for an invoice, and what they are.
pub const INVOICE_VARIABLES: &[(&str, &str)] =
    &[("invoice", "the invoice, in the invoicing system's words")];

/// The names of a seal.
const SEAL: [&str; 4] = ["journal_seq", "device_seq", "journal_hash", "seal"];

/// The values of one request.
pub struct Values(BTreeMap<String, Value>);

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Values(…)")
    }
}

/// An exact number. Nothing can be reckoned with it.
#[derive(Debug)]
pub(super) struct Amount(pub(super) Decimal);

impl Object for Amount {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Values {
    /// The values of a payment. `original` is the number of the payment that it takes back.
    pub fn new(
        payment: &Payment,
        original: Option<&ReceiptNumber>,
        secrets: &BTreeMap<String, Secret>,
    ) -> Self {
        let mut values: BTreeMap<String, Value> = of_intent(payment, original)
            .into_iter()
            .chain(of_approval(payment))
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let secrets = secrets
            .iter()
            .map(|(name, secret)| (name.clone(), said(secret.expose())));
        let secrets: BTreeMap<String, Value> = secrets.collect();
        values.insert("secret".to_owned(), Value::from(secrets));
        for name in SEAL {
            values.insert(name.to_owned(), Value::from(()));
        }
        Self(values)
    }

    /// With the journal's seal of the payment: two numbers, the hash, and all three as a text.
    #[must_use]
    pub fn with_seal(mut self, seq: i64, device_seq: i64, hash: &str, text: &str) -> Self {
        let [journal, device, hashed, seal] = SEAL;
        let texts = [(hashed, said(hash)), (seal, said(text))];
        let numbers = [
            (journal, Value::from(seq)),
            (device, Value::from(device_seq)),
        ];
        let all = texts.into_iter().chain(numbers);
        self.0
            .extend(all.map(|(name, value)| (name.to_owned(), value)));
        self
    }

    /// The values of a request for a page of the payments between two moments.
    pub fn of_list(
        from: Timestamp,
        to: Timestamp,
        page: u32,
        secrets: &BTreeMap<String, Secret>,
    ) -> Self {
        let written = |at: Timestamp, format: &str| {
            said(&at.to_zoned(TimeZone::UTC).strftime(format).to_string())
        };
        Self::of(
            [
                ("from", written(from, "%Y-%m-%dT%H:%M:%SZ")),
                ("to", written(to, "%Y-%m-%dT%H:%M:%SZ")),
                ("from_date", written(from, "%Y-%m-%d")),
                ("to_date", written(to, "%Y-%m-%d")),
                ("page", Value::from(page)),
                ("page_number", Value::from(page.saturating_add(1))),
            ],
            secrets,
        )
    }

    /// The values of a request for an invoice.
    pub fn of_invoice(invoice: &InvoiceRef, secrets: &BTreeMap<String, Secret>) -> Self {
        Self::of([("invoice", said(invoice.as_str()))], secrets)
    }

    fn of<const N: usize>(values: [(&str, Value); N], secrets: &BTreeMap<String, Secret>) -> Self {
        let values = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let mut values: BTreeMap<String, Value> = values.collect();
        let secrets = secrets
            .iter()
            .map(|(name, secret)| (name.clone(), said(secret.expose())));
        let secrets: BTreeMap<String, Value> = secrets.collect();
        values.insert("secret".to_owned(), Value::from(secrets));
        Self(values)
    }

    /// Values to try a template with: all there, and hostile ones; then only what is always there.
    pub(super) fn samples(names: &[(&str, &str)], secrets: &[&str]) -> [Self; 3] {
        let secret: BTreeMap<String, Value> = secrets
            .iter()
            .map(|name| ((*name).to_owned(), said("secret")))
            .collect();
        let fill = |text: &str, optional: Value| {
            let mut values: BTreeMap<String, Value> = names
                .iter()
                .map(|(name, _)| {
                    let value = match *name {
                        "amount" => Value::from_object(Amount(Decimal::new(8010, 2))),
                        "amount_minor" | "sequence" | "page" | "page_number" => Value::from(8010),
                        "journal_seq" | "device_seq" if optional.is_none() => optional.clone(),
                        "journal_seq" | "device_seq" => Value::from(8010),
                        "original" | "invoice" | "note" | "card_brand" | "card_last4"
                        | "authorisation" | "terminal_id" | "journal_hash" | "seal" => {
                            optional.clone()
                        }
                        "paid_at" | "from" | "to" => said("2026-11-21T00:10:00Z"),
                        "paid_date" | "from_date" | "to_date" => said("2026-11-21"),
                        _ => said(text),
                    };
                    ((*name).to_owned(), value)
                })
                .collect();
            values.insert("secret".to_owned(), Value::from(secret.clone()));
            Self(values)
        };
        [
            fill("plain", said("plain")),
            fill("plain", said("\"},{\\ [1]:'")),
            fill("plain", Value::from(())),
        ]
    }

    pub(super) fn context(&self) -> Value {
        Value::from(self.0.clone())
    }
}

fn of_intent(payment: &Payment, original: Option<&ReceiptNumber>) -> [(&'static str, Value); 14] {
    let intent = &payment.intent;
    let money = intent.money;
    let purpose = match intent.purpose {
        Purpose::Sale => "sale",
        Purpose::Cancel { .. } => "cancel",
        Purpose::Refund { .. } => "refund",
    };
    let at = intent.at.to_zoned(TimeZone::UTC);
    let written = |format: &str| said(&at.strftime(format).to_string());
    [
        ("receipt", said(&payment.receipt.to_string())),
        ("payment", said(&intent.id.to_string())),
        ("purpose", said(purpose)),
        ("original", maybe(original)),
        ("device", said(intent.device.as_str())),
        ("sequence", Value::from(payment.receipt.seq())),
        ("amount", Value::from_object(Amount(money.amount()))),
        ("amount_minor", Value::from(money.minor())),
        ("currency", said(money.currency().code())),
        ("method", said(intent.method.as_str())),
        ("invoice", maybe(intent.invoice.as_ref())),
        ("note", maybe(intent.note.as_ref())),
        ("paid_at", written("%Y-%m-%dT%H:%M:%SZ")),
        ("paid_date", written("%Y-%m-%d")),
    ]
}

fn of_approval(payment: &Payment) -> [(&'static str, Value); 4] {
    let approval = payment.approval.as_ref();
    let card = approval.map(|a| &a.card);
    [
        ("card_brand", maybe(card.and_then(|c| c.brand.as_ref()))),
        ("card_last4", maybe(card.and_then(|c| c.last4.as_ref()))),
        (
            "authorisation",
            maybe(approval.and_then(|a| a.authorisation.as_ref())),
        ),
        (
            "terminal_id",
            maybe(approval.and_then(|a| a.terminal_id.as_ref())),
        ),
    ]
}

fn maybe(value: Option<&impl ToString>) -> Value {
    value.map_or(Value::from(()), |value| said(&value.to_string()))
}

/// A text without the marks.
fn said(text: &str) -> Value {
    Value::from(text.replace([BEGIN, END], ""))
}
