//! The invoices and what is booked on them.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use payment::{Money, parse_currency};
use rust_decimal::Decimal;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{super::Booked, Refusal, show, venue};

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
pub(super) const METHODS: [u8; 13] = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13];

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its number.
    pub id: u64,
    /// What it is about.
    pub total: Money,
    /// What is booked on it, in order.
    pub payments: Vec<Payment>,
    /// What went back of it, in order.
    pub refunds: Vec<Refund>,
    /// The venue and the booking that it belongs to.
    pub booking: Option<(u64, u64)>,
    /// When something was last booked on it.
    pub modified: Timestamp,
}

/// A booked payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its number, counted up in the order of booking.
    pub id: u64,
    /// The receipt number, as it was sent.
    pub receipt: String,
    /// How much.
    pub amount: Decimal,
    /// How much of it is a fee, which the invoice costs more.
    pub fee: Decimal,
    /// The number of the payment method.
    pub method: u8,
    /// Which of the account's own methods, for 13.
    pub custom: Option<u32>,
    /// The note.
    pub notes: String,
    /// When it was paid, in the client's words.
    pub paid_date: String,
}

/// A booked refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Its number.
    pub id: u64,
    /// How much.
    pub amount: Decimal,
    /// The note.
    pub notes: String,
    /// When, in the client's words.
    pub date: String,
}

impl Invoice {
    /// What is paid on it.
    pub fn paid(&self) -> Decimal {
        self.payments.iter().map(|p| p.amount).sum()
    }

    /// What it costs with the fees.
    pub(super) fn cost(&self) -> Decimal {
        let fees: Decimal = self.payments.iter().map(|p| p.fee).sum();
        self.total.amount() + fees
    }

    pub(super) fn open(&self) -> Decimal {
        self.cost() - self.paid()
    }

    pub(super) fn refundable(&self) -> Decimal {
        let back: Decimal = self.refunds.iter().map(|r| r.amount).sum();
        self.paid() - back
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddPayment {
    invoice_id: Box<RawValue>,
    paid_date: String,
    amount_paid: Box<RawValue>,
    payment_method: u8,
    custom_payment_method_id: Option<u32>,
    #[serde(default)]
    receipt_num: String,
    #[serde(default)]
    notes: String,
    card_type: Option<IgnoredAny>,
    cheque_number: Option<String>,
    fee_percentage: Option<Box<RawValue>>,
    fee_amount: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct GetInvoice {
    id: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetInvoiceList {
    per_page: usize,
    start: usize,
    #[serde(default)]
    filter: Filter,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    from_modified_date: Option<String>,
    include_payment_details: bool,
}

/// All that is booked.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) invoices: BTreeMap<u64, Invoice>,
    /// The account's own payment methods.
    pub(super) custom: Vec<(u32, String)>,
    pub(super) booked: u64,
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
        let invoice = Invoice {
            id,
            total,
            payments: Vec::new(),
            refunds: Vec::new(),
            booking: None,
            modified: Timestamp::UNIX_EPOCH,
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
        let mut all = Vec::new();
        for invoice in self.invoices.values() {
            let paid = invoice.payments.iter();
            all.extend(paid.map(|paid| (paid.id, invoice.id, paid.receipt.clone(), paid.amount)));
            let back = invoice.refunds.iter();
            all.extend(back.map(|back| {
                let receipt = back.notes.split(',').next().unwrap_or_default();
                (back.id, invoice.id, receipt.to_owned(), -back.amount)
            }));
        }
        all.sort_by_key(|(id, ..)| *id);
        let booked = all.into_iter().map(|(_, invoice, receipt, amount)| Booked {
            invoice,
            receipt,
            amount,
        });
        booked.collect()
    }

    /// Carries out an action; the answer's body.
    pub(super) fn act(
        &mut self,
        path_and_query: &str,
        clock: Timestamp,
        body: &[u8],
    ) -> Result<String, Refusal> {
        match path_and_query {
            "/api/1.0/test?action=ping" => Ok(format!(r#"{{"ack":"{} UTC"}}"#, show::utc(clock))),
            "/api/1.0/invoice?action=addPayment" => self.add_payment(clock, body),
            "/api/1.0/invoice?action=getInvoice" => {
                let asked: GetInvoice = read(body)?;
                let invoice = number(&asked.id).and_then(|id| self.invoice(id));
                let unknown = Refusal::bad(24137, "Unable to find invoice");
                invoice.map(|i| i.to_json(true)).ok_or(unknown)
            }
            "/api/1.0/invoice?action=getInvoiceList" => self.list(body),
            "/api/1.0/invoice?action=getOptions" => Ok(show::options(&self.custom)),
            "/api/1.0/venue?action=addPaymentToBooking" => venue::add_payment(self, clock, body),
            "/api/1.0/venue?action=addRefundToBooking" => venue::add_refund(self, clock, body),
            _ => Err(NO_ACTION),
        }
    }

    fn add_payment(&mut self, clock: Timestamp, body: &[u8]) -> Result<String, Refusal> {
        if body.is_empty() || body == b"{}" {
            return Err(EMPTY);
        }
        let asked: AddPayment = read(body)?;
        self.check_method(&asked)?;
        let invoice = number(&asked.invoice_id).and_then(|id| self.invoices.get_mut(&id));
        let invoice = invoice.ok_or(Refusal::bad(24238, "Unable to find invoice"))?;
        let invalid = Refusal::bad(24239, "The payment details are invalid");
        let paid = amount(&asked.amount_paid).ok_or(invalid)?;
        let fee = fee(&asked, paid).ok_or(invalid)?;
        if paid <= Decimal::ZERO || paid - fee > invoice.open() {
            return Err(invalid);
        }
        self.booked += 1;
        let id = self.booked;
        invoice.modified = clock;
        invoice.payments.push(Payment {
            id,
            receipt: asked.receipt_num,
            amount: paid,
            fee,
            method: asked.payment_method,
            custom: asked.custom_payment_method_id,
            notes: asked.notes,
            paid_date: asked.paid_date,
        });
        Ok(format!(r#"{{"Success":true,"Id":{id}}}"#))
    }

    fn check_method(&self, asked: &AddPayment) -> Result<(), Refusal> {
        let missing = Refusal::bad(23017, "A required parameter is missing");
        let known = |id| self.custom.iter().any(|(known, _)| *known == id);
        match asked.payment_method {
            7 => Err(Refusal::bad(24237, "Cannot use gateway")),
            1 if asked.card_type.is_none() => Err(missing),
            5 if asked.cheque_number.is_none() => Err(missing),
            13 if !asked.custom_payment_method_id.is_some_and(known) => {
                Err(Refusal::bad(24236, "Invalid payment method"))
            }
            number if METHODS.contains(&number) => Ok(()),
            _ => Err(Refusal::bad(24236, "Invalid payment method")),
        }
    }

    fn list(&self, body: &[u8]) -> Result<String, Refusal> {
        let asked: GetInvoiceList = read(body)?;
        let (start, per_page) = (asked.start, asked.per_page.min(100));
        let from = asked.filter.from_modified_date.as_deref().map(moment);
        let invalid = Refusal::bad(23016, "'fromModifiedDate' does not validate");
        let from = from.map(|from| from.ok_or(invalid)).transpose()?;
        let all: Vec<&Invoice> = self
            .invoices
            .values()
            .filter(|i| from.is_none_or(|from| i.modified >= from))
            .collect();
        let page: Vec<String> = all
            .iter()
            .skip(start)
            .take(per_page)
            .map(|invoice| invoice.to_json(asked.filter.include_payment_details))
            .collect();
        Ok(format!(
            r#"{{"meta":{{"totalResults":{},"start":{start},"perPage":{per_page},"count":{}}},"results":[{}]}}"#,
            all.len(),
            page.len(),
            page.join(",")
        ))
    }
}

/// A fee is a part of what is paid, and makes the invoice cost more.
fn fee(asked: &AddPayment, paid: Decimal) -> Option<Decimal> {
    if let Some(flat) = &asked.fee_amount {
        return amount(flat);
    }
    let Some(part) = &asked.fee_percentage else {
        return Some(Decimal::ZERO);
    };
    let part = amount(part)?;
    let fee = (paid * part).checked_div(Decimal::ONE_HUNDRED + part)?;
    Some(fee.round_dp(2))
}

pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::bad(23016, "A parameter does not validate"))
}

/// A whole number, or one in quotes, as the official example has it.
pub(super) fn number(raw: &RawValue) -> Option<u64> {
    raw.get().trim_matches('"').parse().ok()
}

pub(super) fn amount(raw: &RawValue) -> Option<Decimal> {
    raw.get().parse().ok()
}

fn moment(text: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
