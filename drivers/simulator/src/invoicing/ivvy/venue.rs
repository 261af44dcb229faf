//! What is booked on a booking of a venue: money back, and payments that make their own invoice.

use jiff::Timestamp;
use payment::Money;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Refusal,
    book::{Book, Invoice, Payment, Refund, amount, number, read},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddRefund {
    venue_id: Box<RawValue>,
    booking_id: Box<RawValue>,
    refund: Back,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Back {
    refund_date: String,
    amount: Box<RawValue>,
    #[serde(default)]
    notes: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddPayment {
    venue_id: Box<RawValue>,
    booking_id: Box<RawValue>,
    payment: Received,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    paid_date: String,
    amount_paid: Box<RawValue>,
    payment_method: u8,
    #[serde(default)]
    receipt_num: String,
    #[serde(default)]
    notes: String,
}

/// The refund is spread over the invoices of the booking, in their order.
pub(super) fn add_refund(
    book: &mut Book,
    clock: Timestamp,
    body: &[u8],
) -> Result<String, Refusal> {
    let asked: AddRefund = read(body)?;
    let of = number(&asked.venue_id).zip(number(&asked.booking_id));
    let mut left = amount(&asked.refund.amount).unwrap_or_default();
    if left <= Decimal::ZERO {
        return Err(Refusal::bad(
            24147,
            "The refund amount must be greater than zero",
        ));
    }
    let all = || {
        book.invoices
            .values()
            .filter(|i| i.booking == of && of.is_some())
    };
    let refundable: Decimal = all().map(Invoice::refundable).sum();
    if refundable.is_zero() {
        return Err(Refusal::bad(24145, "Nothing can be refunded"));
    }
    if left > refundable {
        return Err(Refusal::bad(24146, "More than the total amount payable"));
    }
    let mut details = Vec::new();
    let mine = book.invoices.values_mut().filter(|i| i.booking == of);
    for invoice in mine {
        let part = left.min(invoice.refundable());
        if part.is_zero() {
            continue;
        }
        left -= part;
        book.booked += 1;
        invoice.modified = clock;
        invoice.refunds.push(Refund {
            id: book.booked,
            amount: part,
            notes: asked.refund.notes.clone(),
            date: asked.refund.refund_date.clone(),
        });
        let (invoice, refund) = (invoice.id, book.booked);
        details.push(format!(r#"{{"invoiceId":{invoice},"refundId":{refund}}}"#));
    }
    let details = details.join(",");
    Ok(format!(r#"{{"Success":true,"refundDetails":[{details}]}}"#))
}

/// Makes an invoice of its own for the payment.
pub(super) fn add_payment(
    book: &mut Book,
    clock: Timestamp,
    body: &[u8],
) -> Result<String, Refusal> {
    let asked: AddPayment = read(body)?;
    let wrong = Refusal::bad(24136, "The payment details are invalid");
    let of = number(&asked.venue_id).zip(number(&asked.booking_id));
    let first = book.invoices.values().find(|i| i.booking == of);
    let currency = first.ok_or(wrong)?.total.currency();
    let paid = amount(&asked.payment.amount_paid).ok_or(wrong)?;
    let total = Money::parse(&paid.to_string(), currency).map_err(|_| wrong)?;
    let id = book.invoices.keys().max().copied().unwrap_or_default() + 1;
    book.add(id, total);
    book.booked += 1;
    let payment = book.booked;
    let invoice = book.invoices.get_mut(&id).ok_or(wrong)?;
    invoice.booking = of;
    invoice.modified = clock;
    invoice.payments.push(Payment {
        id: payment,
        receipt: asked.payment.receipt_num,
        amount: paid,
        fee: Decimal::ZERO,
        method: asked.payment.payment_method,
        custom: None,
        notes: asked.payment.notes,
        paid_date: asked.payment.paid_date,
    });
    Ok(format!(
        r#"{{"Success":true,"invoiceId":{id},"paymentId":{payment}}}"#
    ))
}
