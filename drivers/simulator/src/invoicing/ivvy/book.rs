//! The invoices and what is booked on them.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use payment::{Money, parse_currency};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{super::Booked, Refusal};

const EMPTY: Refusal = Refusal {
    code: 400,
    specific: Some(24235),
    message: "The request is empty",
};
const NO_ACTION: Refusal = Refusal {
    code: 404,
    specific: None,
    message: "Not found",
};
/// The numbers of `paymentMethod` that `addPayment` takes; 7 is a gateway's.
const METHODS: [u8; 13] = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13];

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its number.
    pub id: u64,
    /// What it is about.
    pub total: Money,
    /// What is booked on it, in order.
    pub payments: Vec<Payment>,
}

/// A booked payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its number, counted up in the order of booking.
    pub id: u64,
    /// The receipt number; a bare number has lost its zeros.
    pub receipt: String,
    /// How much.
    pub amount: Decimal,
    /// The number of the payment method.
    pub method: u8,
    /// The note.
    pub notes: String,
    /// When it was paid, in the client's words.
    pub paid_date: String,
}

impl Invoice {
    /// What is paid on it.
    pub fn paid(&self) -> Decimal {
        self.payments.iter().map(|p| p.amount).sum()
    }

    fn open(&self) -> Decimal {
        self.total.amount() - self.paid()
    }

    fn to_json(&self, with_payments: bool) -> String {
        let status = if self.open().is_zero() { 2 } else { 0 };
        let payments: Vec<String> = self.payments.iter().map(Payment::to_json).collect();
        let payments = if with_payments {
            format!("[{}]", payments.join(","))
        } else {
            "null".to_owned()
        };
        format!(
            r#"{{"id":{},"reference":{},"title":"Consultation","currency":"{}","totalCost":{},"amountPaid":{},"currentStatus":{status},"payments":{payments}}}"#,
            self.id,
            self.id,
            self.total.currency().code(),
            self.total.amount().normalize(),
            self.paid().normalize(),
        )
    }
}

impl Payment {
    fn to_json(&self) -> String {
        let bare = !self.receipt.is_empty() && self.receipt.bytes().all(|b| b.is_ascii_digit());
        let receipt = if bare {
            self.receipt.clone()
        } else {
            quoted(&self.receipt)
        };
        format!(
            r#"{{"id":{},"paymentId":0,"receiptNum":{receipt},"amountPaid":{},"notes":{},"paymentMethod":{},"paidDate":{}}}"#,
            self.id,
            self.amount.normalize(),
            quoted(&self.notes),
            self.method,
            quoted(&self.paid_date),
        )
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddPayment {
    invoice_id: Box<RawValue>,
    paid_date: String,
    amount_paid: Box<RawValue>,
    payment_method: u8,
    #[serde(default)]
    receipt_num: String,
    #[serde(default)]
    notes: String,
}

#[derive(Deserialize)]
struct GetInvoice {
    id: Box<RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GetInvoiceList {
    per_page: Option<usize>,
    start: Option<usize>,
    filter: Filter,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    include_payment_details: bool,
}

/// All that is booked.
#[derive(Debug, Default)]
pub(super) struct Book {
    invoices: BTreeMap<u64, Invoice>,
    booked: u64,
}

impl Book {
    /// With invoice 156, of EUR 80.00.
    pub(super) fn seeded() -> Self {
        let mut book = Self::default();
        let total = parse_currency("EUR").and_then(|eur| Money::parse("80.00", eur));
        if let Ok(total) = total {
            book.add(156, total);
        }
        book
    }

    pub(super) fn add(&mut self, id: u64, total: Money) {
        let payments = Vec::new();
        let invoice = Invoice {
            id,
            total,
            payments,
        };
        self.invoices.insert(id, invoice);
    }

    pub(super) fn invoice(&self, id: u64) -> Option<&Invoice> {
        self.invoices.get(&id)
    }

    pub(super) fn payments(&self) -> Vec<&Payment> {
        let mut all: Vec<&Payment> = self.invoices.values().flat_map(|i| &i.payments).collect();
        all.sort_by_key(|payment| payment.id);
        all
    }

    pub(super) fn booked(&self) -> Vec<Booked> {
        let invoices = self.invoices.values();
        let mut all: Vec<(u64, Booked)> = invoices
            .flat_map(|invoice| invoice.payments.iter().map(|paid| (invoice.id, paid)))
            .map(|(invoice, paid)| {
                let booked = Booked {
                    invoice,
                    receipt: paid.receipt.clone(),
                    amount: paid.amount,
                };
                (paid.id, booked)
            })
            .collect();
        all.sort_by_key(|(id, _)| *id);
        all.into_iter().map(|(_, booked)| booked).collect()
    }

    /// Carries out an action; the answer's body.
    pub(super) fn act(
        &mut self,
        path_and_query: &str,
        clock: Timestamp,
        body: &[u8],
    ) -> Result<String, Refusal> {
        match path_and_query {
            "/api/1.0/test?action=ping" => {
                let now = clock.to_zoned(TimeZone::UTC).datetime();
                let now = now.strftime("%Y-%m-%d %H:%M:%S UTC");
                Ok(format!(r#"{{"ack":"{now}"}}"#))
            }
            "/api/1.0/invoice?action=addPayment" => self.add_payment(body),
            "/api/1.0/invoice?action=getInvoice" => {
                let asked: GetInvoice = read(body)?;
                let invoice = number(&asked.id).and_then(|id| self.invoice(id));
                let unknown = Refusal::bad(24137, "Unable to find invoice");
                invoice.map(|i| i.to_json(true)).ok_or(unknown)
            }
            "/api/1.0/invoice?action=getInvoiceList" => Ok(self.list(&read(body)?)),
            "/api/1.0/invoice?action=getOptions" => Ok(options()),
            _ => Err(NO_ACTION),
        }
    }

    fn add_payment(&mut self, body: &[u8]) -> Result<String, Refusal> {
        if body.is_empty() || body == b"{}" {
            return Err(EMPTY);
        }
        let asked: AddPayment = read(body)?;
        if asked.payment_method == 7 {
            return Err(Refusal::bad(24237, "Cannot use gateway"));
        }
        if !METHODS.contains(&asked.payment_method) {
            return Err(Refusal::bad(24236, "Invalid payment method"));
        }
        let invoice = number(&asked.invoice_id).and_then(|id| self.invoices.get_mut(&id));
        let invoice = invoice.ok_or(Refusal::bad(24238, "Unable to find invoice"))?;
        let amount = asked.amount_paid.get().parse::<Decimal>().ok();
        let amount = amount.filter(|a| *a > Decimal::ZERO && *a <= invoice.open());
        let amount = amount.ok_or(Refusal::bad(24239, "The payment details are invalid"))?;
        self.booked += 1;
        let id = self.booked;
        invoice.payments.push(Payment {
            id,
            receipt: retyped(&asked.receipt_num),
            amount,
            method: asked.payment_method,
            notes: asked.notes,
            paid_date: asked.paid_date,
        });
        Ok(format!(r#"{{"Success":true,"Id":{id}}}"#))
    }

    fn list(&self, asked: &GetInvoiceList) -> String {
        let start = asked.start.unwrap_or(0);
        let per_page = asked.per_page.unwrap_or(100).min(100);
        let page: Vec<String> = self
            .invoices
            .values()
            .skip(start)
            .take(per_page)
            .map(|invoice| invoice.to_json(asked.filter.include_payment_details))
            .collect();
        format!(
            r#"{{"meta":{{"totalResults":{},"start":{start},"perPage":{per_page},"count":{}}},"results":[{}]}}"#,
            self.invoices.len(),
            page.len(),
            page.join(",")
        )
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::bad(23016, "A parameter does not validate"))
}

/// A whole number, or one in quotes, as the official example has it.
fn number(raw: &RawValue) -> Option<u64> {
    raw.get().trim_matches('"').parse().ok()
}

/// A bare number becomes a number, and so loses its zeros.
fn retyped(receipt: &str) -> String {
    let number: Option<u64> = receipt.parse().ok();
    number.map_or_else(|| receipt.to_owned(), |n| n.to_string())
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "null".to_owned())
}

fn options() -> String {
    let methods: Vec<String> = METHODS
        .iter()
        .map(|id| format!(r#"{{"id":{id},"name":"Method {id}"}}"#))
        .collect();
    format!(
        r#"{{"invoiceRefTypes":[],"invoiceLineRefTypes":[],"paymentMethods":[{}],"customPaymentMethods":[]}}"#,
        methods.join(",")
    )
}
