//! The list of payments and an invoice, as an API shows them by the configuration's pointers.

use config::{InvoiceLookUp, PaymentList};
use jiff::{Timestamp, civil::Date};
use payment::{Currency, Text, parse_currency};
use rust_decimal::Decimal;

use crate::upstream::{Booked, HttpAnswer, InvoiceSeen, ListPage, Seal, When, json::Json};

/// A page of the list.
pub(super) fn read(id: &str, list: &PaymentList, answer: &HttpAnswer) -> Result<ListPage, Text> {
    let body = match answer {
        HttpAnswer::NotSent { reason }
        | HttpAnswer::Unable { reason }
        | HttpAnswer::Lost { reason } => return Err(reason.clone()),
        HttpAnswer::Response {
            status: 200..=299,
            body,
            ..
        } => body,
        HttpAnswer::Response { status, .. } => {
            let text = format!("{id} does not show its payments (status {status}).");
            return Err(Text::new(&text));
        }
    };
    let json = Json::read(body);
    let items = json.and_then(|json| json.at(&list.list)?.list());
    let (Some(json), Some(items)) = (json, items) else {
        return Err(Text::new(&format!(
            "The answer of {id} holds no list of payments."
        )));
    };
    if let Some(total) = list.total.as_ref().filter(|_| !list.pages) {
        let total = json.at(total).and_then(Json::decimal);
        if total != Some(Decimal::from(items.len())) {
            return Err(Text::new(&format!(
                "{id} shows a part of its payments only."
            )));
        }
    }
    let more = list.pages && !items.is_empty();
    let payments: Option<Vec<Booked>> = items.into_iter().map(|item| booked(list, item)).collect();
    let payments = payments.ok_or_else(|| {
        Text::new(&format!(
            "The list of {id} holds something else than payments."
        ))
    })?;
    Ok(ListPage { payments, more })
}

fn booked(list: &PaymentList, item: Json<'_>) -> Option<Booked> {
    let name = |pointer: &Option<String>| item.at(pointer.as_ref()?)?.name();
    let text = |pointer: &Option<String>| Some(Text::new(name(pointer)?.trim()));
    let currency = name(&list.currency).and_then(|code| parse_currency(code.trim()).ok());
    let amount = major(item.at(&list.amount)?.decimal()?, list.minor, currency)?;
    let receipt = item.at(&list.receipt).and_then(Json::name);
    Some(Booked {
        receipt: receipt.map(|receipt| Text::new(receipt.trim())),
        amount: amount.abs(),
        currency,
        back: amount.is_sign_negative(),
        invoice: text(&list.invoice),
        remote_id: text(&list.remote_id),
        at: name(&list.paid_at).and_then(|at| when(at.trim())),
        seal: name(&list.seal).and_then(|words| Seal::find(&words)),
    })
}

/// A moment of RFC 3339, or a day.
fn when(text: &str) -> Option<When> {
    let at: Option<Timestamp> = text.parse().ok();
    at.map(When::At).or_else(|| {
        let day: Option<Date> = text.get(..10)?.parse().ok();
        day.map(When::On)
    })
}

/// From the smallest unit, where it stands in that.
fn major(amount: Decimal, minor: bool, currency: Option<Currency>) -> Option<Decimal> {
    if !minor {
        return Some(amount);
    }
    let decimals = currency.and_then(Currency::exponent).map_or(2, u32::from);
    amount.checked_div(Decimal::from(10_i64.checked_pow(decimals)?))
}

/// What is open on an invoice.
pub(super) fn invoice_seen(id: &str, look_up: &InvoiceLookUp, answer: &HttpAnswer) -> InvoiceSeen {
    let unreadable = |text: String| InvoiceSeen::Unreadable {
        reason: Text::new(&text),
    };
    let body = match answer {
        HttpAnswer::NotSent { reason }
        | HttpAnswer::Unable { reason }
        | HttpAnswer::Lost { reason } => {
            return InvoiceSeen::Unreadable {
                reason: reason.clone(),
            };
        }
        HttpAnswer::Response {
            status: 200..=299,
            body,
            ..
        } => body,
        HttpAnswer::Response { status: 404, .. } => {
            return InvoiceSeen::NotFound {
                reason: Text::new(&format!("{id} has no such invoice. Check the number.")),
            };
        }
        HttpAnswer::Response { status, .. } => {
            return unreadable(format!("{id} does not show the invoice (status {status})."));
        }
    };
    let json = Json::read(body);
    let code = json.and_then(|json| json.at(look_up.currency.as_ref()?)?.name());
    let currency = code.and_then(|code| parse_currency(code.trim()).ok());
    let open = json.and_then(|json| json.at(&look_up.outstanding)?.decimal());
    match open.and_then(|open| major(open, look_up.minor, currency)) {
        Some(outstanding) => InvoiceSeen::Open {
            outstanding,
            currency,
        },
        None => unreadable(format!("The answer of {id} does not show what is open.")),
    }
}
