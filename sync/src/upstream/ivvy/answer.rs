//! iVvy's answers. The body speaks first, then the status: the official client reads no status.

use jiff::{SignedDuration, Timestamp};
use payment::{Payment, Text};

use super::{invoice::Invoice, json::Object};
use crate::upstream::{Class, HttpAnswer};

/// What an answer means.
pub(super) fn classify(now: Timestamp, answer: &HttpAnswer) -> Class {
    let (status, body) = match answer.whole() {
        Ok(whole) => whole,
        Err(class) => return class,
    };
    match Object::read(body) {
        Some(object) if object.text("errorcode").is_some() => refusal(now, answer, status, &object),
        Some(object) if status == 200 => success(&object),
        _ => without_envelope(answer, status),
    }
}

/// Success is all of: status 200, no error code, `success` true, and the number of what was booked:
/// `id` of a payment, `refundDetails` of a refund.
fn success(object: &Object<'_>) -> Class {
    match object.shown("id").or_else(|| refund_id(object)) {
        Some(id) if object.is_true("success") => Class::Confirmed {
            remote_id: Some(id),
        },
        None if !object.is_true("success") && object.shown("message").is_some() => Class::Refused {
            reason: said(object),
        },
        _ => ambiguous("iVvy's answer does not say whether the payment was booked."),
    }
}

fn refund_id(object: &Object<'_>) -> Option<Text> {
    let details = object.list("refunddetails")?;
    Object::read(details.first()?.get().as_bytes())?.shown("refundid")
}

/// The error envelope: `errorCode`, `specificCode`, `message`, `additionalMessages`.
fn refusal(now: Timestamp, answer: &HttpAnswer, status: u16, object: &Object<'_>) -> Class {
    let reason = said(object);
    match object.whole("specificcode") {
        Some(23005) => {
            return Class::ClockSkew {
                skew: skew(now, answer),
            };
        }
        Some(23016 | 23017 | 24235 | 24237 | 24238) => return Class::NeedsOperator { reason },
        // addPaymentToBooking and addRefundToBooking: the booking has no such amount.
        Some(24136 | 24145..=24149) => return Class::Refused { reason },
        Some(24236) => return Class::Misconfigured { reason },
        Some(24239) => return Class::Refused { reason },
        Some(24240) => return Class::Ambiguous { reason },
        Some(24299) => return not_executed(answer, reason),
        _ => {}
    }
    match object.whole("errorcode").unwrap_or(u64::from(status)) {
        401 | 403..=406 | 462 | 463 | 501 => Class::Parked { reason },
        429 => not_executed(answer, reason),
        408 | 460 | 461 => Class::Ambiguous { reason },
        400..=499 => Class::Refused { reason },
        _ => Class::Ambiguous { reason },
    }
}

/// Not iVvy's envelope: a gateway, a proxy or a captive portal spoke. Only statuses that no
/// gateway gives after the request was carried out are trusted.
fn without_envelope(answer: &HttpAnswer, status: u16) -> Class {
    match status {
        429 => not_executed(
            answer,
            Text::from("iVvy takes no more requests for now; it is tried again later."),
        ),
        404..=406 | 501 => Class::Parked {
            reason: Text::new(&format!(
                "The address of iVvy is wrong, or something stands before it (status {status}). \
                 Check the url of this upstream."
            )),
        },
        _ => ambiguous(&format!(
            "The answer (status {status}) does not come from iVvy."
        )),
    }
}

fn not_executed(answer: &HttpAnswer, reason: Text) -> Class {
    let retry_after = match answer {
        HttpAnswer::Response { retry_after, .. } => *retry_after,
        HttpAnswer::NotSent { .. } | HttpAnswer::Unable { .. } | HttpAnswer::Lost { .. } => None,
    };
    Class::NotExecuted {
        reason,
        retry_after,
    }
}

fn skew(now: Timestamp, answer: &HttpAnswer) -> Option<SignedDuration> {
    match answer {
        HttpAnswer::Response { date, .. } => date.map(|date| date.duration_since(now)),
        HttpAnswer::NotSent { .. } | HttpAnswer::Unable { .. } | HttpAnswer::Lost { .. } => None,
    }
}

fn ambiguous(reason: &str) -> Class {
    Class::Ambiguous {
        reason: Text::new(reason),
    }
}

/// iVvy's own words, with its codes.
pub(super) fn said(object: &Object<'_>) -> Text {
    let mut said = String::from("iVvy says: ");
    said.push_str(&object.text("message").unwrap_or_else(|| "nothing".into()));
    for raw in object.list("additionalmessages").unwrap_or_default() {
        if let Ok(more) = serde_json::from_str::<String>(raw.get()) {
            said.push_str("; ");
            said.push_str(&more);
        }
    }
    let codes = [object.text("errorcode"), object.text("specificcode")];
    let codes: Vec<String> = codes.into_iter().flatten().collect();
    if !codes.is_empty() {
        said.push_str(" (");
        said.push_str(&codes.join("/"));
        said.push(')');
    }
    Text::new(&said)
}

/// The invoice that an answer to `getInvoice` shows.
pub(super) enum Shown<'a> {
    /// This one.
    Invoice(Invoice<'a>),
    /// There is no such invoice.
    NotFound,
    /// The answer does not tell.
    Unreadable(Text),
}

/// The invoice that was asked for.
pub(super) fn shown(invoice_id: u64, answer: &HttpAnswer) -> Shown<'_> {
    let body = match answer {
        HttpAnswer::NotSent { reason }
        | HttpAnswer::Unable { reason }
        | HttpAnswer::Lost { reason } => {
            return Shown::Unreadable(reason.clone());
        }
        HttpAnswer::Response { body, .. } => body,
    };
    let unreadable = |reason: &str| Shown::Unreadable(Text::new(reason));
    let Some(object) = Object::read(body) else {
        return unreadable("The answer does not come from iVvy.");
    };
    match object.whole("specificcode") {
        Some(24137 | 24238) => return Shown::NotFound,
        Some(_) => return Shown::Unreadable(said(&object)),
        None if object.text("errorcode").is_some() => return Shown::Unreadable(said(&object)),
        None => {}
    }
    let Some(invoice) = Invoice::read(object) else {
        return unreadable("iVvy's answer does not show the invoice's payments.");
    };
    if invoice.id() == Some(invoice_id) {
        Shown::Invoice(invoice)
    } else {
        unreadable("iVvy's answer shows another invoice than was asked for.")
    }
}

/// What a person does about an invoice that is not there.
pub(super) fn no_invoice(invoice_id: u64, payment: &Payment) -> Text {
    Text::new(&format!(
        "iVvy has no invoice {invoice_id}, or this key may not see it. Look in iVvy whether receipt \
         {} is booked, and book it at the right invoice if not.",
        payment.receipt
    ))
}
