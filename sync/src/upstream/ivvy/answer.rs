//! iVvy's answers. The body speaks first, then the status: the official client reads no status.

use jiff::{SignedDuration, Timestamp};
use payment::{Payment, Text};
use rust_decimal::{Decimal, RoundingStrategy};

use super::json::Object;
use crate::upstream::{Class, Found, HttpAnswer};

/// What an answer means.
pub(super) fn classify(now: Timestamp, answer: &HttpAnswer) -> Class {
    let (status, body) = match answer {
        HttpAnswer::NotSent { reason } => {
            let reason = reason.clone();
            return Class::NotSent { reason };
        }
        HttpAnswer::Lost { reason } => {
            let reason = reason.clone();
            return Class::Ambiguous { reason };
        }
        HttpAnswer::Response { status, body, .. } => (*status, body),
    };
    match Object::read(body) {
        Some(object) if object.text("errorcode").is_some() => refusal(now, answer, status, &object),
        Some(object) if status == 200 => success(&object),
        _ => without_envelope(answer, status),
    }
}

/// Success is all of: status 200, no error code, `success` true, and an `id`.
fn success(object: &Object<'_>) -> Class {
    match object.shown("id") {
        Some(id) if object.is_true("success") => Class::Confirmed {
            remote_id: Some(id),
        },
        None if !object.is_true("success") && object.shown("message").is_some() => Class::Refused {
            reason: said(object),
        },
        _ => ambiguous("iVvy's answer does not say whether the payment was booked."),
    }
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
        HttpAnswer::NotSent { .. } | HttpAnswer::Lost { .. } => None,
    };
    Class::NotExecuted {
        reason,
        retry_after,
    }
}

fn skew(now: Timestamp, answer: &HttpAnswer) -> Option<SignedDuration> {
    match answer {
        HttpAnswer::Response { date, .. } => date.map(|date| date.duration_since(now)),
        HttpAnswer::NotSent { .. } | HttpAnswer::Lost { .. } => None,
    }
}

fn ambiguous(reason: &str) -> Class {
    Class::Ambiguous {
        reason: Text::new(reason),
    }
}

/// iVvy's own words, with its codes.
fn said(object: &Object<'_>) -> Text {
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

/// Looks for the payment on its invoice: by receipt number as text, and amount.
pub(super) fn find(payment: &Payment, invoice_id: u64, answer: &HttpAnswer) -> Found {
    let body = match answer {
        HttpAnswer::NotSent { reason } | HttpAnswer::Lost { reason } => {
            let reason = reason.clone();
            return Found::Unreadable { reason };
        }
        HttpAnswer::Response { body, .. } => body,
    };
    let Some(invoice) = Object::read(body) else {
        return unreadable("The answer does not come from iVvy.");
    };
    match invoice.whole("specificcode") {
        Some(24137 | 24238) => {
            return Found::Conflict {
                reason: Text::new(&format!(
                    "iVvy has no invoice {invoice_id}, or this key may not see it. Look in iVvy \
                     whether receipt {} is booked, and book it at the right invoice if not.",
                    payment.receipt
                )),
            };
        }
        Some(_) => {
            return Found::Unreadable {
                reason: said(&invoice),
            };
        }
        None if invoice.text("errorcode").is_some() => {
            return Found::Unreadable {
                reason: said(&invoice),
            };
        }
        None => {}
    }
    if invoice.whole("id") != Some(invoice_id) {
        return unreadable("iVvy's answer shows another invoice than was asked for.");
    }
    match payments(&invoice) {
        Some(booked) => judge(payment, &invoice, &booked),
        None => unreadable("iVvy's answer does not show the invoice's payments."),
    }
}

/// A payment as the invoice lists it.
struct Booked {
    id: Option<Text>,
    receipt: Option<String>,
    amount: Option<Decimal>,
}

/// The invoice's payments; `None` unless all of them can be read. A missing list counts as empty
/// only when nothing was paid.
fn payments(invoice: &Object<'_>) -> Option<Vec<Booked>> {
    let Some(list) = invoice.list("payments") else {
        let nothing_paid = invoice.decimal("amountpaid") == Some(Decimal::ZERO);
        return nothing_paid.then(Vec::new);
    };
    let booked = list.into_iter().map(|raw| {
        let object = Object::read(raw.get().as_bytes())?;
        Some(Booked {
            id: object.shown("id"),
            receipt: object.text("receiptnum"),
            amount: object.decimal("amountpaid"),
        })
    });
    booked.collect()
}

fn judge(payment: &Payment, invoice: &Object<'_>, booked: &[Booked]) -> Found {
    let receipt = payment.receipt.to_string();
    let ours: Vec<&Booked> = booked
        .iter()
        .filter(|b| b.receipt.as_deref().map(str::trim) == Some(receipt.as_str()))
        .collect();
    let currency = invoice.text("currency");
    let wanted = payment.intent.money.currency().code();
    let other_currency = currency.filter(|code| !code.trim().eq_ignore_ascii_case(wanted));
    let amount = payment.intent.money.amount();
    match ours.as_slice() {
        [] => Found::Absent {
            obstacle: other_currency.map_or_else(
                || obstacle(payment, invoice),
                |code| {
                    Some(Text::new(&format!(
                        "The invoice is in {code}, but the payment is in {wanted}. \
                         Book it in iVvy by hand."
                    )))
                },
            ),
        },
        [one] if one.amount.map(|a| rounded(a, payment)) != Some(amount) => conflict(&format!(
            "iVvy holds receipt {receipt} with another amount than {amount}. Correct it in iVvy."
        )),
        [_] if other_currency.is_some() => conflict(&format!(
            "iVvy holds receipt {receipt} on an invoice in another currency than {wanted}. \
             Correct it in iVvy."
        )),
        [one] => Found::Present {
            remote_id: one.id.clone(),
        },
        several => conflict(&format!(
            "iVvy holds receipt {receipt} {} times. Remove the surplus in iVvy.",
            several.len()
        )),
    }
}

/// Why the payment could not be booked on this invoice now.
fn obstacle(payment: &Payment, invoice: &Object<'_>) -> Option<Text> {
    let state = match invoice.whole("currentstatus") {
        Some(2) => Some("paid already"),
        Some(3) => Some("written off"),
        Some(4) => Some("cancelled"),
        Some(5) => Some("refunded"),
        _ => None,
    };
    if let Some(state) = state {
        return Some(Text::new(&format!(
            "The invoice is {state}. Choose another invoice for the payment, or pay it back."
        )));
    }
    let total = invoice.decimal("totalcost")?;
    let open = rounded(total.checked_sub(invoice.decimal("amountpaid")?)?, payment);
    (open < payment.intent.money.amount()).then(|| {
        Text::new(&format!(
            "Only {open} is open on the invoice, and iVvy takes no more than that. Book the rest \
             on another invoice, or pay it back."
        ))
    })
}

/// iVvy computes with floats: an amount counts to the currency's smallest unit.
fn rounded(amount: Decimal, payment: &Payment) -> Decimal {
    let decimals = payment.intent.money.amount().scale();
    let mut amount =
        amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    amount.rescale(decimals);
    amount
}

fn conflict(reason: &str) -> Found {
    Found::Conflict {
        reason: Text::new(reason),
    }
}

fn unreadable(reason: &str) -> Found {
    Found::Unreadable {
        reason: Text::new(reason),
    }
}
