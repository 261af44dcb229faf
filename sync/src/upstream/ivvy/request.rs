//! iVvy's requests: `addPayment` and `getInvoice`.

use std::collections::BTreeMap;

use config::Secret;
use jiff::{Timestamp, tz::TimeZone};
use payment::{Method, Payment, Purpose, ReceiptNumber, Text};
use serde::Serialize;
use serde_json::value::RawValue;

use super::sign;
use crate::upstream::{HttpRequest, Unsendable};

/// The `paymentMethod`s that ask for more fields, or must not be used.
mod method {
    pub(super) const CREDIT_CARD: u8 = 1;
    pub(super) const DIRECT_DEPOSIT: u8 = 3;
    pub(super) const CHEQUE: u8 = 5;
    /// Refused with 24237.
    pub(super) const GATEWAY: u8 = 7;
    /// Needs a `customPaymentMethodId`, which the configuration cannot name.
    pub(super) const CUSTOM: u8 = 13;
}

/// The exact amount, as it is written (law 11).
fn amount(payment: &Payment) -> String {
    let amount = payment.intent.money.amount();
    if payment::planted(11) {
        return amount.trunc().to_string();
    }
    amount.to_string()
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
    receipt_num: String,
    notes: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cheque_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eft_transfer_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eft_payment_reference: Option<String>,
}

#[derive(Serialize)]
struct GetInvoice {
    id: u64,
}

/// The body of `addPayment`.
pub(super) fn add_payment(
    payment: &Payment,
    methods: &BTreeMap<Method, u8>,
) -> Result<Vec<u8>, Unsendable> {
    let number = payment_method(payment.intent.method, methods)?;
    let receipt = payment.receipt.to_string();
    let paid_date = utc(payment.intent.at);
    let is = |wanted: u8| number == wanted;
    let body = AddPayment {
        invoice_id: invoice_id(payment)?,
        amount_paid: RawValue::from_string(amount(payment))
            .map_err(|_| unsendable("The amount cannot be written as a number."))?,
        payment_method: number,
        notes: notes(payment),
        card_type: is(method::CREDIT_CARD).then(|| card_type(payment)),
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

/// Cancels and refunds of plain invoices have no call: a person enters them.
pub(super) fn only_sales(
    payment: &Payment,
    original: Option<&ReceiptNumber>,
) -> Result<(), Unsendable> {
    let (receipt, money) = (&payment.receipt, payment.intent.money);
    let of = original.map_or_else(
        || "the first payment".to_owned(),
        |original| format!("the payment {original}"),
    );
    let at = match &payment.intent.invoice {
        Some(invoice) => format!("invoice {invoice}"),
        None => "the right invoice".to_owned(),
    };
    match payment.intent.purpose {
        Purpose::Sale => Ok(()),
        Purpose::Cancel { .. } => Err(unsendable(&format!(
            "iVvy cannot be told of a cancel. Open {at} in iVvy, cancel {of} of {money} \
             there, note {receipt} as the reason, and mark this delivery as handled."
        ))),
        Purpose::Refund { .. } => Err(unsendable(&format!(
            "iVvy cannot be told of a refund. Open {at} in iVvy, refund {money} of {of} \
             there, note {receipt} as its number, and mark this delivery as handled."
        ))),
    }
}

/// The body of `getInvoice`.
pub(super) fn get_invoice(payment: &Payment) -> Result<Vec<u8>, Unsendable> {
    to_json(&GetInvoice {
        id: invoice_id(payment)?,
    })
}

/// Signs a body for one action of the `invoice` namespace.
pub(super) fn signed(
    base: &str,
    action: &str,
    (api_key, secret): (&str, &Secret),
    now: Timestamp,
    body: Vec<u8>,
) -> Result<HttpRequest, Unsendable> {
    let uri = format!("/api/1.0/invoice?action={action}");
    let date = utc(now);
    let md5 = sign::content_md5(&body);
    let text = sign::string_to_sign(&md5, &uri, &date);
    let signature = sign::signature(secret.expose(), &text)
        .ok_or_else(|| unsendable("The secret of iVvy's key cannot be used to sign."))?;
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
    let digits = invoice.as_str();
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain).ok_or_else(|| {
        unsendable(&format!(
            "“{invoice}” is not the number of an iVvy invoice. \
             Enter the payment in iVvy by hand at the right invoice."
        ))
    })
}

/// `yyyy-mm-dd HH:mm:ss`, in UTC.
fn utc(at: Timestamp) -> String {
    let civil = at.to_zoned(TimeZone::UTC).datetime();
    civil.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn payment_method(method: Method, methods: &BTreeMap<Method, u8>) -> Result<u8, Unsendable> {
    let number = methods.get(&method).copied().ok_or_else(|| {
        unsendable(&format!(
            "The configuration names no payment method of iVvy's for {method}. Add it under \
             [upstream.methods], restart, and try again."
        ))
    })?;
    if matches!(number, method::GATEWAY | method::CUSTOM) {
        return Err(unsendable(&format!(
            "The configuration maps {method} to iVvy's payment method {number}, which cannot be \
             used. Choose another number, restart, and try again."
        )));
    }
    Ok(number)
}

fn card_type(payment: &Payment) -> &'static str {
    let brand = payment.approval.as_ref().and_then(|a| a.card.brand.clone());
    let brand = brand.unwrap_or_default().as_str().to_ascii_lowercase();
    let known = [
        ("visa", "1"),
        ("master", "2"),
        ("amex", "3"),
        ("american express", "3"),
        ("diners", "4"),
    ];
    let hit = known.iter().find(|(name, _)| brand.contains(name));
    hit.map_or("0", |(_, number)| number)
}

/// The device is the group (law 9), and iVvy has no field for it.
fn notes(payment: &Payment) -> String {
    let device = format!("Device {}", payment.intent.device);
    match &payment.intent.note {
        Some(note) => format!("{device}. {note}"),
        None => device,
    }
}

fn to_json(body: &impl Serialize) -> Result<Vec<u8>, Unsendable> {
    serde_json::to_vec(body).map_err(|_| unsendable("The payment cannot be written as JSON."))
}

fn unsendable(reason: &str) -> Unsendable {
    Unsendable(Text::new(reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::ivvy::tests::{self, payment};

    fn body(method: Method, invoice: Option<&str>, changed: &[(Method, u8)]) -> String {
        let mut payment = payment(1, invoice, "80.10");
        payment.intent.method = method;
        let mut methods = tests::methods();
        methods.extend(changed.iter().copied());
        add_payment(&payment, &methods)
            .map_or_else(|e| e.to_string(), |bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn bodies_by_method() {
        let common = |number: u8, more: &str| {
            format!(
                r#"{{"invoiceId":156,"paidDate":"2026-11-21 00:10:00","amountPaid":80.10,"paymentMethod":{number},"receiptNum":"desk1-000001","notes":"Device desk1"{more}}}"#
            )
        };
        for (method, number, more) in [
            (Method::Card, 11, ""),
            (Method::Cash, 6, ""),
            (Method::Cheque, 5, r#","chequeNumber":"desk1-000001""#),
            (
                Method::BankTransfer,
                3,
                r#","eftTransferDate":"2026-11-21 00:10:00","eftPaymentReference":"desk1-000001""#,
            ),
            (Method::Other, 11, ""),
        ] {
            assert_eq!(body(method, Some("156"), &[]), common(number, more));
        }
        assert_eq!(
            body(Method::Card, Some("156"), &[(Method::Card, 1)]),
            common(1, r#","cardType":"0""#)
        );
    }

    #[test]
    fn what_ivvy_cannot_take_is_said_in_a_sentence() {
        let cash = |invoice, methods: &[_]| body(Method::Cash, invoice, methods);
        assert!(cash(None, &[]).starts_with("The payment names no invoice"));
        for wrong in ["INV-1", "0156", "-1", "1.5", "99999999999999999999999"] {
            assert!(
                cash(Some(wrong), &[]).contains("not the number of"),
                "{wrong}"
            );
        }
        let nothing = add_payment(&payment(1, Some("156"), "80.10"), &BTreeMap::new());
        let said = nothing.unwrap_err().to_string();
        assert!(said.contains("Add it under"), "{said}");
        for number in [7, 13] {
            let said = cash(Some("156"), &[(Method::Cash, number)]);
            assert!(said.contains("cannot be used"), "{said}");
        }
    }
}
