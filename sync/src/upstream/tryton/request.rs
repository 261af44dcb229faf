//! Requests of Tryton's REST interface (`trytond/protocols/rest.py`).

use base64::{Engine, engine::general_purpose::URL_SAFE};
use jiff::Timestamp;
use payment::{InvoiceRef, Payment, Purpose, ReceiptNumber};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Tryton, line::PAGE};
use crate::upstream::{Booking, HttpRequest};

const STATEMENT: &str = "account.statement";

impl Tryton {
    /// All lines of statements with this number.
    pub(super) fn ask_lines(&self, receipt: &ReceiptNumber) -> HttpRequest {
        let fields = [
            "number",
            "amount",
            "account",
            "related_to",
            "move",
            "statement.state",
        ];
        let domain = json!([["number", "=", receipt.to_string()]]);
        self.search("account.statement.line", &domain, &fields, "&s=50")
    }

    /// The statement journals of this name.
    pub(super) fn ask_journal(&self, name: &str) -> HttpRequest {
        let fields = ["name", "company", "validation", "currency.code"];
        let domain = json!([["name", "=", name]]);
        self.search("account.statement.journal", &domain, &fields, "&s=2")
    }

    /// All statement journals.
    pub(super) fn ask_journals(&self) -> HttpRequest {
        self.search("account.statement.journal", &json!([]), &["name"], "")
    }

    /// The invoice of this number.
    pub(super) fn ask_invoice(&self, invoice: &InvoiceRef) -> HttpRequest {
        let fields = [
            "number",
            "state",
            "company",
            "party",
            "account",
            "amount_to_pay",
            "currency.code",
        ];
        let domain = json!([["type", "=", "out"], ["number", "=", invoice.as_str()]]);
        self.search("account.invoice", &domain, &fields, "&s=2")
    }

    /// The lines that a booked line made on the party's account.
    pub(super) fn ask_move_lines(&self, movement: u64, account: u64) -> HttpRequest {
        let fields = ["reconciliation", "invoice_payments"];
        let domain = json!([["move", "=", movement], ["account", "=", account]]);
        self.search("account.move.line", &domain, &fields, "&s=5")
    }

    /// A page of what is booked between two days.
    pub(super) fn ask_list(&self, from: Timestamp, to: Timestamp, page: u32) -> HttpRequest {
        let day = |at: Timestamp| at.to_zoned(self.zone.clone()).date().to_string();
        let domain = json!([
            ["date", ">=", date(&day(from))],
            ["date", "<=", date(&day(to))],
            ["statement.state", "in", ["validated", "posted"]],
        ]);
        let fields = [
            "number",
            "amount",
            "date",
            "description",
            "statement.state",
            "statement.journal.currency.code",
        ];
        let order = URL_SAFE.encode(r#"[["id","ASC"]]"#);
        let first = u64::from(page).saturating_mul(PAGE);
        let page = format!("&s={PAGE}&p={first}&o={order}");
        self.search("account.statement.line", &domain, &fields, &page)
    }

    /// Creates the draft.
    pub(super) fn draft(&self, booking: &Booking<'_>, draft: &Draft) -> HttpRequest {
        let payment = booking.payment;
        let number = payment.receipt.to_string();
        let day = payment.intent.at.to_zoned(self.zone.clone()).date();
        let amount = draft.amount.to_string();
        let related_to = draft.related_to.map(|id| format!("account.invoice,{id}"));
        let body = json!({
            "name": number,
            "company": draft.company,
            "journal": draft.journal,
            "date": day.to_string(),
            "number_of_lines": 1,
            "total_amount": amount,
            "lines": [["create", [{
                "number": number,
                "date": day.to_string(),
                "amount": amount,
                "party": draft.party,
                "account": draft.account,
                "related_to": related_to,
                "description": description(booking),
            }]]],
        });
        self.request("POST", &format!("{STATEMENT}?f=state"), Some(&body))
    }

    /// Presses a button of a statement.
    pub(super) fn press(&self, statement: u64, button: &str) -> HttpRequest {
        let path = format!("{STATEMENT}/{statement}/{button}?f=state");
        self.request("POST", &path, Some(&json!({})))
    }

    /// Removes a draft.
    pub(super) fn delete_statement(&self, statement: u64) -> HttpRequest {
        self.request("DELETE", &format!("{STATEMENT}/{statement}"), None)
    }

    /// Takes apart what was matched: the invoice is open again.
    pub(super) fn delete_reconciliation(&self, id: u64) -> HttpRequest {
        self.request("DELETE", &format!("account.move.reconciliation/{id}"), None)
    }

    /// Takes a payment off an invoice.
    pub(super) fn unlink(&self, invoice: u64, move_line: u64) -> HttpRequest {
        let body = json!({ "payment_lines": [["remove", [move_line]]] });
        self.request(
            "PUT",
            &format!("account.invoice/{invoice}?f=state"),
            Some(&body),
        )
    }

    fn search(&self, model: &str, domain: &Value, fields: &[&str], more: &str) -> HttpRequest {
        let domain = URL_SAFE.encode(domain.to_string());
        let fields = fields.join("&f=");
        self.request("GET", &format!("{model}?d={domain}&f={fields}{more}"), None)
    }

    fn request(&self, method: &'static str, path: &str, body: Option<&Value>) -> HttpRequest {
        let mut headers = vec![
            (
                "Authorization".into(),
                format!("Bearer {}", self.key.expose()),
            ),
            ("Accept".into(), "application/json".to_owned()),
            // Its sentences are read: `answer.rs` knows them in English.
            ("Accept-Language".into(), "en".to_owned()),
        ];
        if body.is_some() {
            headers.push(("Content-Type".into(), "application/json".to_owned()));
        }
        HttpRequest {
            method,
            url: format!("{}/rest/model/{path}", self.url),
            headers,
            body: body
                .map(|body| body.to_string().into_bytes())
                .unwrap_or_default(),
        }
    }
}

/// What the line of a statement says beside the payment's own words.
pub(super) struct Draft {
    pub(super) company: u64,
    pub(super) journal: u64,
    pub(super) party: u64,
    pub(super) account: u64,
    /// Less than nothing for money that goes back.
    pub(super) amount: Decimal,
    pub(super) related_to: Option<u64>,
}

/// The device, what is given back, the note, and the journal's seal.
fn description(booking: &Booking<'_>) -> String {
    let Payment { intent, .. } = booking.payment;
    let mut words = vec![format!("Device {}", intent.device)];
    let what = match intent.purpose {
        Purpose::Sale => "Sale",
        Purpose::Cancel { .. } => "Cancel",
        Purpose::Refund { .. } => "Refund",
    };
    words.extend(booking.original.map(|of| format!("{what} of {of}")));
    words.extend(intent.note.as_ref().map(ToString::to_string));
    words.extend(booking.seal.map(ToString::to_string));
    words.join(". ")
}

/// A day as Tryton's domains take it: a text would not be compared as a day.
fn date(day: &str) -> Value {
    let mut parts = day
        .splitn(3, '-')
        .map(|part| part.parse::<u16>().unwrap_or_default());
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    json!({ "__class__": "date", "year": year, "month": month, "day": day })
}
