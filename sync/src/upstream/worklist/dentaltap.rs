//! Dentaltap: Add Payment on an invoice, or a transaction on the patient's Balance page.

use payment::Purpose;

use super::{Copied, Row};

/// The fields of Add Payment; Group is for telling devices apart.
pub(super) const FIELDS: [&str; 5] = ["Type", "Amount", "Date/Time", "Group", "Notes"];

pub(super) fn row(copied: &Copied<'_>) -> Row {
    let (task, steps) = task(copied);
    let values = vec![
        copied.method.to_owned(),
        copied.amount(),
        copied.at.clone(),
        copied.payment.intent.device.to_string(),
        copied.receipt(),
    ];
    Row {
        task,
        values,
        steps,
    }
}

/// What it is to Dentaltap, and what to do.
fn task(copied: &Copied<'_>) -> (&'static str, Vec<String>) {
    let (amount, of, receipt) = (copied.amount(), &copied.of, copied.receipt());
    match (copied.payment.intent.purpose, copied.invoice()) {
        (Purpose::Sale, Some(invoice)) => (
            "Add Payment",
            vec![
                format!("Open invoice {invoice} and press Add Payment."),
                "Fill in the fields as they stand here.".to_owned(),
                "Press Create Payment.".to_owned(),
            ],
        ),
        (Purpose::Sale, None) => (
            "Replenish",
            vec![
                "Open the Balance page of the patient and add a transaction: replenish.".to_owned(),
                "Fill in the fields as they stand here.".to_owned(),
            ],
        ),
        (Purpose::Refund { .. }, Some(invoice)) => (
            "Refund",
            vec![
                format!("Open invoice {invoice} and select the payment with {of} in its notes."),
                format!(
                    "Press Refund in the bar at the top, for {amount}. Do not delete the payment: a \
                     refund leaves the invoice's balance as it is."
                ),
                format!("Write {receipt} in the notes."),
            ],
        ),
        (Purpose::Refund { .. }, None) => (
            "Withdrawal",
            vec![
                "Open the Balance page of the patient and add a transaction: withdrawal."
                    .to_owned(),
                format!("Fill in the fields as they stand here; it gives back of {of}."),
            ],
        ),
        (Purpose::Cancel { .. }, Some(invoice)) => (
            "Delete/Cancel",
            vec![
                format!("Open invoice {invoice} and select the payment with {of} in its notes."),
                format!(
                    "Press Delete/Cancel in the bar at the top. Do not refund it: a cancel raises \
                     the invoice's balance by {amount} again."
                ),
            ],
        ),
        (Purpose::Cancel { .. }, None) => (
            "Delete/Cancel",
            vec![format!(
                "Open the Balance page of the patient and delete the transaction with {of} in its \
                 notes. The patient's balance falls by {amount}."
            )],
        ),
    }
}
