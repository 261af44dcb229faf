//! What Tryton's answers mean.
//!
//! A refusal is a 400 with a sentence; a warning has the same form, and is told by its words. All else
//! that is no success comes as a page.

use payment::{InvoiceRef, Payment, Text, parse_currency};
use rust_decimal::Decimal;

use super::line::{id, records};
use crate::upstream::{Class, Finding, HttpAnswer, InvoiceSeen, json::Json};

/// `account_statement.msg_statement_paid_invoice_draft`: another draft names the same invoice.
const OTHER_DRAFT: &str = "will remove paid invoices from other draft statements";
/// `ir.msg_button_condition`: what a button does is done already.
const NOT_NOW: &str = "You can not call";
/// `ir.msg_access_button_error` and its siblings.
const NOT_ALLOWED: [&str; 2] = ["is not allowed", "You are not allowed"];

/// What an answer to a request that changes something means.
pub(super) fn classify(answer: &HttpAnswer) -> Class {
    let (status, body) = match answer.whole() {
        Ok(whole) => whole,
        Err(class) => return class,
    };
    let json = Json::read(body);
    match status {
        200 => json.and_then(statement).unwrap_or_else(|| {
            ambiguous("Tryton's answer does not say whether the payment was booked.")
        }),
        400 => refusal(json),
        401 => parked("Tryton does not know the key. Make a new one, and check key."),
        403 => parked("Tryton does not let this user do that. Check the user's groups."),
        404..=406 | 410 | 415 | 501 => Class::Misconfigured {
            reason: Text::new(&format!(
                "The address of Tryton is wrong, or something stands before it (status {status}). \
                 It is the server's, and ends with the name of the database. Check the url of \
                 this upstream."
            )),
        },
        429 => {
            let HttpAnswer::Response { retry_after, .. } = answer else {
                return ambiguous("Tryton takes no more requests for now.");
            };
            Class::NotExecuted {
                reason: Text::from(
                    "Tryton takes no more requests for now; it is tried again later.",
                ),
                retry_after: *retry_after,
            }
        }
        408 | 409 | 425 => ambiguous(&format!("Tryton did not finish it (status {status}).")),
        402..=499 => Class::Refused {
            reason: Text::new(&format!(
                "Tryton does not take this as it is (status {status}). Enter it there by hand, and \
                 mark this delivery as handled."
            )),
        },
        _ => ambiguous(&format!(
            "The answer (status {status}) does not say whether the payment was booked."
        )),
    }
}

/// A statement, with its state.
fn statement(json: Json<'_>) -> Option<Class> {
    let name = json.at("/__name__")?.name()?;
    let (statement, step) = (id(json.at("/id")?)?, json.at("/state")?.name()?);
    (name == "account.statement").then(|| Class::Begun {
        remote_id: Text::new(&statement.to_string()),
        step: Text::new(&step),
    })
}

fn refusal(json: Option<Json<'_>>) -> Class {
    let words = json.and_then(|json| json.at("/message")?.name());
    let Some(words) = words else {
        return Class::Refused {
            reason: Text::from(
                "Tryton cannot read what it is sent, or something stands before it (status 400). Enter \
                 the payment there by hand, and check that it is Tryton 8.",
            ),
        };
    };
    let shown = words.replace(['<', '>'], " ");
    let reason = Text::new(&format!("Tryton says: {shown} (status 400)."));
    if words.contains(OTHER_DRAFT) {
        Class::Blocked { reason }
    } else if words.starts_with(NOT_NOW) {
        Class::Ambiguous { reason }
    } else if NOT_ALLOWED.iter().any(|not| words.contains(not)) {
        Class::Parked { reason }
    } else {
        Class::Refused { reason }
    }
}

/// Why a question could not be answered. Nothing was sent that changes anything.
pub(super) fn unread(answer: &HttpAnswer) -> Class {
    match classify(answer) {
        Class::Refused { reason } | Class::Blocked { reason } | Class::NeedsOperator { reason } => {
            Class::Misconfigured { reason }
        }
        Class::Confirmed { .. } | Class::Begun { .. } => {
            ambiguous("Tryton's answer is not what was asked for.")
        }
        other => other,
    }
}

/// A statement journal.
pub(super) struct Journal {
    pub(super) id: u64,
    pub(super) company: u64,
}

/// The journal of this name.
pub(super) fn journal(
    name: &str,
    payment: &Payment,
    answer: &HttpAnswer,
) -> Result<Journal, Class> {
    let Some(found) = records(answer) else {
        return Err(unread(answer));
    };
    let cure = format!(
        "Mend it in Tryton, or name another journal for {} under [upstream.journals].",
        payment.intent.device
    );
    let wrong = |what: &str| Class::Misconfigured {
        reason: Text::new(&format!("{what} {cure}")),
    };
    let [one] = found.as_slice() else {
        let text = match found.len() {
            0 => format!("Tryton has no statement journal “{name}”."),
            _ => format!("Tryton has several statement journals “{name}”."),
        };
        return Err(wrong(&text));
    };
    let text = |pointer| one.at(pointer).and_then(Json::name);
    if text("/validation").as_deref() == Some("balance") {
        let text = format!("The journal “{name}” checks balances; it must check numbers of lines.");
        return Err(wrong(&text));
    }
    let wanted = payment.intent.money.currency().code();
    match text("/currency/code") {
        Some(code) if code != wanted => {
            let text = format!("The journal “{name}” is in {code}, and not in {wanted}.");
            return Err(wrong(&text));
        }
        _ => {}
    }
    let ids = one
        .at("/id")
        .and_then(id)
        .zip(one.at("/company").and_then(id));
    match ids {
        Some((id, company)) => Ok(Journal { id, company }),
        None => Err(unread(answer)),
    }
}

/// An invoice.
pub(super) struct Invoice {
    pub(super) id: u64,
    pub(super) company: u64,
    pub(super) party: u64,
    pub(super) account: u64,
    pub(super) state: String,
    pub(super) open: Decimal,
    pub(super) currency: String,
}

/// The invoice of this number: none, one, or why it cannot be known.
pub(super) fn invoice(answer: &HttpAnswer) -> Result<Option<Invoice>, Class> {
    let Some(found) = records(answer) else {
        return Err(unread(answer));
    };
    match found.as_slice() {
        [] => Ok(None),
        [one] => read_invoice(*one).map(Some).ok_or_else(|| unread(answer)),
        _ => Err(Class::NeedsOperator {
            reason: Text::from(
                "Tryton has several invoices of this number. Enter the payment there by hand, and mark \
                 this delivery as handled.",
            ),
        }),
    }
}

fn read_invoice(json: Json<'_>) -> Option<Invoice> {
    Some(Invoice {
        id: id(json.at("/id")?)?,
        company: id(json.at("/company")?)?,
        party: id(json.at("/party")?)?,
        account: id(json.at("/account")?)?,
        state: json.at("/state")?.name()?,
        open: json.at("/amount_to_pay/decimal")?.decimal()?,
        currency: json.at("/currency/code")?.name()?,
    })
}

/// What the desk is told before a payment.
pub(super) fn invoice_seen(number: &InvoiceRef, answer: &HttpAnswer) -> InvoiceSeen {
    match invoice(answer) {
        Ok(None) => InvoiceSeen::NotFound {
            reason: Text::new(&not_found(number)),
        },
        Ok(Some(found)) => match closed(number, &found) {
            Some(reason) => InvoiceSeen::Closed {
                reason: Text::new(&reason),
            },
            None => InvoiceSeen::Open {
                outstanding: found.open,
                currency: parse_currency(&found.currency).ok(),
            },
        },
        Err(_) => InvoiceSeen::Unreadable {
            reason: Text::from("Tryton's answer does not show the invoice."),
        },
    }
}

/// The sentence for an invoice that is not there.
pub(super) fn not_found(number: &InvoiceRef) -> String {
    format!("Tryton has no invoice {number}. Choose another invoice for the payment.")
}

/// Why an invoice takes no payment, if so.
pub(super) fn closed(number: &InvoiceRef, invoice: &Invoice) -> Option<String> {
    let state = match invoice.state.as_str() {
        "posted" => return None,
        "paid" => "paid already",
        "cancelled" => "cancelled",
        _ => "not posted yet",
    };
    Some(format!(
        "The invoice {number} is {state}. Choose another invoice for the payment, or pay it back."
    ))
}

/// The journals of the configuration that Tryton lacks.
pub(super) fn missing_journals<'a>(
    wanted: impl Iterator<Item = &'a String>,
    answer: &HttpAnswer,
) -> Vec<Finding> {
    let Some(records) = records(answer) else {
        return Vec::new();
    };
    let names: Option<Vec<String>> = records.iter().map(|one| one.at("/name")?.name()).collect();
    let Some(names) = names else {
        return Vec::new();
    };
    let missing = wanted.filter(|name| !names.contains(name));
    let finding = |name: &String| Finding {
        text: Text::new(&format!(
            "Tryton has no statement journal “{name}”. Make it there, or name another under \
             [upstream.journals]."
        )),
        parks: false,
    };
    missing.map(finding).collect()
}

fn parked(reason: &str) -> Class {
    Class::Parked {
        reason: Text::new(reason),
    }
}

pub(super) fn ambiguous(reason: &str) -> Class {
    Class::Ambiguous {
        reason: Text::new(reason),
    }
}
