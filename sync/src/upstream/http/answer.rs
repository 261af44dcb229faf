//! What answers mean, by the configuration's rules and then by HTTP's own.

use config::{AnswerClass, Condition, HttpOptions, LookUp};
use jiff::Timestamp;
use payment::{Payment, Purpose, Text};
use rust_decimal::Decimal;

use crate::upstream::{Class, Found, HttpAnswer, json::Json};

/// What an answer means.
pub(super) fn classify(options: &HttpOptions, now: Timestamp, answer: &HttpAnswer) -> Class {
    let (status, body) = match answer.whole() {
        Ok(whole) => whole,
        Err(class) => return class,
    };
    let json = Json::read(body);
    let said = said(options, status, json);
    let remote_id = options.success.remote_id.as_ref();
    let remote_id = remote_id.and_then(|pointer| name(json?.at(pointer)?));
    for rule in &options.answers {
        if rule.status.0.contains(&status) && holds(rule.condition.as_ref(), json) {
            return by_rule(rule.class, now, answer, said, remote_id);
        }
    }
    let success = &options.success;
    if success.status.0.contains(&status) {
        let shown = success.remote_id.is_none() || remote_id.is_some();
        let read = success.any_body || json.is_some();
        if read && shown && holds(success.condition.as_ref(), json) {
            return Class::Confirmed { remote_id };
        }
    }
    by_status(status, answer, said)
}

fn by_rule(
    class: AnswerClass,
    now: Timestamp,
    answer: &HttpAnswer,
    reason: Text,
    remote_id: Option<Text>,
) -> Class {
    match class {
        AnswerClass::Booked => Class::Confirmed { remote_id },
        AnswerClass::Refused => Class::Refused { reason },
        AnswerClass::Parked => Class::Parked { reason },
        AnswerClass::Misconfigured => Class::Misconfigured { reason },
        AnswerClass::Later => not_executed(answer, reason),
        AnswerClass::Clock => {
            let skew = match answer {
                HttpAnswer::Response { date, .. } => date.map(|date| date.duration_since(now)),
                HttpAnswer::NotSent { .. }
                | HttpAnswer::Unable { .. }
                | HttpAnswer::Lost { .. } => None,
            };
            Class::ClockSkew { skew }
        }
        AnswerClass::Ambiguous => Class::Ambiguous { reason },
    }
}

/// What a status means by itself (RFC 9110, RFC 6585). What a gateway may say after the request
/// was carried out is no answer.
fn by_status(status: u16, answer: &HttpAnswer, reason: Text) -> Class {
    match status {
        401 | 403 | 407 => Class::Parked { reason },
        404..=406 | 410 | 415 | 501 => Class::Misconfigured { reason },
        429 => not_executed(answer, reason),
        // A conflict may be with the first of two.
        408 | 409 | 425 => Class::Ambiguous { reason },
        400..=499 => Class::Refused { reason },
        _ => Class::Ambiguous { reason },
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

fn holds(condition: Option<&Condition>, json: Option<Json<'_>>) -> bool {
    let Some(condition) = condition else {
        return true;
    };
    let value = json.and_then(|json| json.at(&condition.pointer)?.text());
    value.as_ref() == Some(&condition.equals)
}

fn name(json: Json<'_>) -> Option<Text> {
    Some(Text::new(&json.name()?)).filter(|text| !text.is_empty())
}

/// The server's words where they are known, and what to do.
fn said(options: &HttpOptions, status: u16, json: Option<Json<'_>>) -> Text {
    let words = options.message.as_ref();
    let words = words.and_then(|pointer| json?.at(pointer)?.name());
    if let Some(words) = words {
        // A page is no sentence.
        let words = words.replace(['<', '>'], " ");
        return Text::new(&format!(
            "The invoicing system says: {words} (status {status})."
        ));
    }
    let cure = match status {
        200..=299 => "It does not say whether it was booked.",
        300..=399 => "It sends elsewhere. Check the url of this upstream, and the network.",
        401 | 403 | 407 => "Check the key and the rights of this upstream.",
        404..=406 | 410 | 415 | 501 => "Check the url and the paths of this upstream.",
        429 => "It takes no more requests for now.",
        400..=499 => "It does not take this as it is. Look there what is wrong with it.",
        _ => "It is in trouble, or something stands before it.",
    };
    Text::new(&format!(
        "The invoicing system answered with status {status}. {cure}"
    ))
}

/// Looks for the payment in the answer to a look-up: by receipt number as text, and amount.
pub(super) fn find(id: &str, look_up: &LookUp, payment: &Payment, answer: &HttpAnswer) -> Found {
    let (status, body) = match answer {
        HttpAnswer::NotSent { reason }
        | HttpAnswer::Unable { reason }
        | HttpAnswer::Lost { reason } => {
            let reason = reason.clone();
            return Found::Unreadable { reason };
        }
        HttpAnswer::Response { status, body, .. } => (*status, body),
    };
    if !(200..=299).contains(&status) {
        return unreadable(&format!(
            "{id} could not be asked what is booked (status {status})."
        ));
    }
    let json = Json::read(body);
    let list = json.and_then(|json| json.at(&look_up.list)?.list());
    let (Some(json), Some(list)) = (json, list) else {
        return unreadable(&format!("The answer of {id} holds no list of payments."));
    };
    if let Some(total) = &look_up.total {
        let total = json.at(total).and_then(Json::decimal);
        if total != Some(Decimal::from(list.len())) {
            return unreadable(&format!("{id} shows a part of its payments only."));
        }
    }
    let receipt = payment.receipt.to_string();
    let mut ours = Vec::new();
    for item in list {
        // A payment without a receipt number is not ours; anything but a payment is no list.
        let Some(booked) = item.at(&look_up.receipt) else {
            if item.at(&look_up.amount).is_none() {
                return unreadable(&format!(
                    "The list of {id} holds something else than payments."
                ));
            }
            continue;
        };
        if booked.name().as_deref().map(str::trim) == Some(receipt.as_str()) {
            ours.push(item);
        }
    }
    judge(id, look_up, payment, &ours)
}

fn judge(id: &str, look_up: &LookUp, payment: &Payment, ours: &[Json<'_>]) -> Found {
    let (receipt, money) = (&payment.receipt, payment.intent.money);
    match ours {
        [] => Found::Absent { obstacle: None },
        [one] if !same(look_up, payment, *one) => conflict(&format!(
            "{id} holds receipt {receipt} with another amount than {money}. Correct it there."
        )),
        [one] => {
            let remote_id = look_up.remote_id.as_ref();
            let remote_id = remote_id.and_then(|pointer| name(one.at(pointer)?));
            Found::Present { remote_id }
        }
        several => conflict(&format!(
            "{id} holds receipt {receipt} {} times. Remove the surplus there.",
            several.len()
        )),
    }
}

/// Whether the amount is ours, to the last unit. What was given back may stand there as less than
/// nothing.
fn same(look_up: &LookUp, payment: &Payment, booked: Json<'_>) -> bool {
    let Some(amount) = booked.at(&look_up.amount).and_then(Json::decimal) else {
        return false;
    };
    let money = payment.intent.money;
    let wanted = if look_up.minor {
        Decimal::from(money.minor())
    } else {
        money.amount()
    };
    let amount = match payment.intent.purpose {
        Purpose::Sale => amount,
        Purpose::Cancel { .. } | Purpose::Refund { .. } => amount.abs(),
    };
    amount == wanted
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
