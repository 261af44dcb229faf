//! iVvy's requests: what is booked, read and listed.

use config::{IvvyFeeKind, IvvyMethod, IvvyOptions};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use payment::{InvoiceRef, Payment, Purpose, ReceiptNumber, Text};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{invoice::VenueBooking, list, sign};
use crate::upstream::{Booking, HttpRequest, Unsendable};

/// The `paymentMethod`s that ask for more fields, or must not be used.
mod method {
    pub(super) const CREDIT_CARD: u8 = 1;
    pub(super) const DIRECT_DEPOSIT: u8 = 3;
    pub(super) const CHEQUE: u8 = 5;
    /// Refused with 24237.
    pub(super) const GATEWAY: u8 = 7;
    /// Needs a `customPaymentMethodId`.
    pub(super) const CUSTOM: u8 = 13;
}

/// The exact amount (law 11).
fn exact(payment: &Payment) -> Decimal {
    let amount = payment.intent.money.amount();
    if payment::planted(11) {
        return amount.trunc();
    }
    amount
}

/// What is asked of iVvy.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    AddPayment,
    AddRefundToBooking,
    GetInvoice,
    GetInvoiceList,
    GetOptions,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::AddPayment => "invoice?action=addPayment",
            Self::AddRefundToBooking => "venue?action=addRefundToBooking",
            Self::GetInvoice => "invoice?action=getInvoice",
            Self::GetInvoiceList => "invoice?action=getInvoiceList",
            Self::GetOptions => "invoice?action=getOptions",
        }
    }
}

/// The body of `addPayment`. A field that its method does not ask for is left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddPayment {
    invoice_id: u64,
    paid_date: String,
    /// The exact amount: written from the decimal, never a float.
    amount_paid: Box<RawValue>,
    payment_method: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_payment_method_id: Option<u32>,
    receipt_num: String,
    notes: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee_percentage: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee_amount: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fee_excluded_tax_ids: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cheque_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eft_transfer_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eft_payment_reference: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddRefundToBooking {
    venue_id: u64,
    booking_id: u64,
    refund: Refund,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Refund {
    #[serde(rename = "refundDate")]
    date: String,
    amount: Box<RawValue>,
    notes: String,
}

#[derive(Serialize)]
struct GetInvoice {
    id: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GetInvoiceList {
    per_page: u32,
    start: u32,
    filter: Filter,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    from_modified_date: String,
    include_payment_details: bool,
}

/// The body of `addPayment`.
pub(super) fn add_payment(
    booking: &Booking<'_>,
    options: &IvvyOptions,
) -> Result<Vec<u8>, Unsendable> {
    let payment = booking.payment;
    let (number, custom) = payment_method(payment, options)?;
    let receipt = payment.receipt.to_string();
    let paid_date = utc(payment.intent.at);
    let is = |wanted: u8| number == wanted;
    let fee = options.fees.get(&payment.intent.method);
    let (percentage, amount) = match fee.map(|fee| fee.kind) {
        Some(IvvyFeeKind::Percentage(part)) => (Some(part), None),
        Some(IvvyFeeKind::Amount(flat)) => (None, Some(flat)),
        None => (None, None),
    };
    let body = AddPayment {
        invoice_id: invoice_id(payment)?,
        amount_paid: number_of(exact(payment))?,
        payment_method: number,
        custom_payment_method_id: custom,
        notes: notes(booking),
        card_type: is(method::CREDIT_CARD).then(|| card_type(payment)),
        fee_percentage: percentage.map(number_of).transpose()?,
        fee_amount: amount.map(number_of).transpose()?,
        fee_excluded_tax_ids: fee.map_or_else(Vec::new, |fee| fee.excluded_taxes.clone()),
        // No field of a payment holds a cheque's number: the desk writes it in the note.
        cheque_number: is(method::CHEQUE).then(|| {
            let note = payment.intent.note.as_ref();
            note.map_or_else(|| receipt.clone(), ToString::to_string)
        }),
        eft_transfer_date: is(method::DIRECT_DEPOSIT).then(|| paid_date.clone()),
        eft_payment_reference: is(method::DIRECT_DEPOSIT).then(|| receipt.clone()),
        paid_date,
        receipt_num: receipt,
    };
    to_json(&body)
}

/// What of a payment's amount iVvy adds to the invoice as a fee; never less than it really is.
pub(super) fn fee(payment: &Payment, options: &IvvyOptions) -> Decimal {
    let amount = payment.intent.money.amount();
    let Some(fee) = options.fees.get(&payment.intent.method) else {
        return Decimal::ZERO;
    };
    match fee.kind {
        IvvyFeeKind::Amount(flat) => flat,
        IvvyFeeKind::Percentage(part) => {
            let fee = amount
                .checked_mul(part)
                .and_then(|fee| fee.checked_div(Decimal::ONE_HUNDRED.checked_add(part)?));
            let up = RoundingStrategy::ToPositiveInfinity;
            fee.map_or(Decimal::ZERO, |fee| {
                fee.round_dp_with_strategy(amount.scale(), up)
            })
        }
    }
}

/// The body of `addRefundToBooking`. The notes begin with the receipt number: a refund has no field
/// for it.
pub(super) fn add_refund(booking: &Booking<'_>, of: VenueBooking) -> Result<Vec<u8>, Unsendable> {
    let payment = booking.payment;
    let original = booking
        .original
        .map_or_else(String::new, |original| format!(" refund of {original}."));
    to_json(&AddRefundToBooking {
        venue_id: of.venue,
        booking_id: of.booking,
        refund: Refund {
            date: utc(payment.intent.at),
            amount: number_of(payment.intent.money.amount())?,
            notes: format!("{},{original} {}", payment.receipt, notes(booking)),
        },
    })
}

/// The body of `getInvoiceList`, for a page counted from 0. What was changed later is not left out:
/// an invoice is dated by its last change.
pub(super) fn get_invoice_list(from: Timestamp, page: u32) -> Result<Vec<u8>, Unsendable> {
    // Clocks differ, and some filters of iVvy's count in days.
    let from = from.saturating_sub(SignedDuration::from_hours(24));
    to_json(&GetInvoiceList {
        per_page: list::PER_PAGE,
        start: page.saturating_mul(list::PER_PAGE),
        filter: Filter {
            from_modified_date: utc(from.unwrap_or(Timestamp::MIN)),
            include_payment_details: true,
        },
    })
}

/// Cancels, and refunds of plain invoices, have no call: a person enters them.
pub(super) fn by_hand(booking: &Booking<'_>) -> Unsendable {
    let payment = booking.payment;
    let (receipt, money) = (&payment.receipt, payment.intent.money);
    let of = booking.original.map_or_else(
        || "the first payment".to_owned(),
        |original: &ReceiptNumber| format!("the payment {original}"),
    );
    let at = match &payment.intent.invoice {
        Some(invoice) => format!("invoice {invoice}"),
        None => "the right invoice".to_owned(),
    };
    let (what, steps) = match payment.intent.purpose {
        Purpose::Sale => return unsendable("iVvy cannot be told of this payment."),
        Purpose::Cancel { .. } => (
            "cancel",
            format!("cancel {of} of {money} there, note {receipt} as the reason"),
        ),
        Purpose::Refund { .. } => (
            "refund",
            format!("refund {money} of {of} there, note {receipt} as its number"),
        ),
    };
    unsendable(&format!(
        "iVvy cannot be told of a {what}. Open {at} in iVvy, {steps}, and mark this delivery as \
         handled."
    ))
}

/// The body of `getInvoice`.
pub(super) fn get_invoice(id: u64) -> Result<Vec<u8>, Unsendable> {
    to_json(&GetInvoice { id })
}

/// Signs a body for an action.
pub(super) fn signed(
    base: &str,
    action: Action,
    options: &IvvyOptions,
    now: Timestamp,
    body: Vec<u8>,
) -> Result<HttpRequest, Unsendable> {
    let uri = format!("/api/1.0/{}", action.as_str());
    let date = utc(now);
    let md5 = sign::content_md5(&body);
    let text = sign::string_to_sign(&md5, &uri, &date);
    let signature = sign::signature(options.secret.expose(), &text)
        .ok_or_else(|| unsendable("The secret of iVvy's key cannot be used to sign."))?;
    let api_key = &options.api_key;
    Ok(HttpRequest {
        method: "POST",
        url: format!("{base}{uri}"),
        headers: vec![
            ("Content-Type".into(), sign::CONTENT_TYPE.into()),
            ("Content-MD5".into(), md5),
            ("IVVY-Date".into(), date),
            ("X-Api-Version".into(), sign::API_VERSION.into()),
            (
                "X-Api-Authorization".into(),
                format!("IWS {api_key}:{signature}"),
            ),
        ],
        body,
    })
}

/// The invoice's number; iVvy's invoices have no other name.
pub(super) fn invoice_id(payment: &Payment) -> Result<u64, Unsendable> {
    let Some(invoice) = &payment.intent.invoice else {
        return Err(unsendable(
            "The payment names no invoice, and iVvy takes payments for invoices only. \
             Enter it in iVvy by hand at the right invoice.",
        ));
    };
    number_of_invoice(invoice).ok_or_else(|| {
        unsendable(&format!(
            "“{invoice}” is not the number of an iVvy invoice. \
             Enter the payment in iVvy by hand at the right invoice."
        ))
    })
}

/// The number that an invoice's name is, if it is one.
pub(super) fn number_of_invoice(invoice: &InvoiceRef) -> Option<u64> {
    let digits = invoice.as_str();
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain)
}

/// `yyyy-mm-dd HH:mm:ss`, in UTC.
fn utc(at: Timestamp) -> String {
    let civil = at.to_zoned(TimeZone::UTC).datetime();
    civil.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn payment_method(
    payment: &Payment,
    options: &IvvyOptions,
) -> Result<(u8, Option<u32>), Unsendable> {
    let method = payment.intent.method;
    match options.methods.at(&payment.intent.device, method) {
        Some(IvvyMethod::Custom(id)) => Ok((method::CUSTOM, Some(*id))),
        Some(IvvyMethod::Number(number @ (method::GATEWAY | method::CUSTOM))) => {
            Err(unsendable(&format!(
                "The configuration maps {method} to iVvy's payment method {number}, which cannot be \
                 used. Choose another number, restart, and try again."
            )))
        }
        Some(IvvyMethod::Number(number)) => Ok((*number, None)),
        None => Err(unsendable(&format!(
            "The configuration names no payment method of iVvy's for {method}. Add it under \
             [upstream.methods], restart, and try again."
        ))),
    }
}

/// By the terminal's word for the brand. Debit brands count as their scheme's.
fn card_type(payment: &Payment) -> &'static str {
    let brand = payment.approval.as_ref().and_then(|a| a.card.brand.clone());
    let brand = brand.unwrap_or_default().as_str().to_ascii_lowercase();
    let known = [
        ("visa", "1"),
        ("v pay", "1"),
        ("vpay", "1"),
        ("master", "2"),
        ("maestro", "2"),
        ("amex", "3"),
        ("american express", "3"),
        ("diners", "4"),
    ];
    let hit = known.iter().find(|(name, _)| brand.contains(name));
    hit.map_or("0", |(_, number)| number)
}

/// The device is the group (law 9), and iVvy has no field for it. The seal proves that no entry of
/// the journal is missing.
fn notes(booking: &Booking<'_>) -> String {
    let intent = &booking.payment.intent;
    let device = format!("Device {}", intent.device);
    let sealed = match booking.seal {
        Some(seal) => format!("{device}, {seal}"),
        None => device,
    };
    match &intent.note {
        Some(note) => format!("{sealed}. {note}"),
        None => sealed,
    }
}

/// A number of JSON, exact.
fn number_of(number: Decimal) -> Result<Box<RawValue>, Unsendable> {
    RawValue::from_string(number.to_string())
        .map_err(|_| unsendable("The amount cannot be written as a number."))
}

fn to_json(body: &impl Serialize) -> Result<Vec<u8>, Unsendable> {
    serde_json::to_vec(body).map_err(|_| unsendable("The payment cannot be written as JSON."))
}

fn unsendable(reason: &str) -> Unsendable {
    Unsendable(Text::new(reason))
}

#[cfg(test)]
mod tests;
