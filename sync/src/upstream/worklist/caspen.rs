//! Caspen: payments are allocated to an invoice or stay unallocated; only what is unallocated can
//! be refunded or voided. The device is the payment method: “EFTPOS desk-1”.

use payment::Purpose;

use super::{Copied, Row};

/// The fields of a payment; Client and Location are those of a standalone one.
pub(super) const FIELDS: [&str; 6] = [
    "Client",
    "Location",
    "Payment date",
    "Payment method",
    "Amount",
    "Description",
];

pub(super) fn row(copied: &Copied<'_>, location: Option<&str>) -> Row {
    let (task, steps) = task(copied);
    let values = vec![
        String::new(),
        location.unwrap_or_default().to_owned(),
        copied.at.chars().take(10).collect(),
        copied.method.to_owned(),
        copied.amount(),
        copied.receipt(),
    ];
    Row {
        task,
        values,
        steps,
    }
}

/// What it is to Caspen, and what to do.
fn task(copied: &Copied<'_>) -> (&'static str, Vec<String>) {
    let (amount, of, receipt) = (copied.amount(), &copied.of, copied.receipt());
    let invoice = copied.invoice();
    match (copied.payment.intent.purpose, invoice) {
        (Purpose::Sale, Some(invoice)) => (
            "New payment",
            vec![
                format!(
                    "Open invoice {invoice}. It must be Open: if it is a Draft, finalize it first."
                ),
                "Choose Pay invoice, New payment, and fill in the fields as they stand here."
                    .to_owned(),
                "What is more than the invoice's balance stays as an unallocated payment."
                    .to_owned(),
            ],
        ),
        (Purpose::Sale, None) => (
            "Standalone payment",
            vec![
                "Add a standalone payment: choose the client, and fill in the fields as they stand \
                 here. It is Unallocated."
                    .to_owned(),
                "Once there is an invoice for it: open that, choose Pay invoice, Existing payment, \
                 and apply it."
                    .to_owned(),
            ],
        ),
        (Purpose::Refund { .. }, Some(invoice)) => (
            "Refund",
            vec![
                format!("Open the payment with {of} in its description."),
                format!(
                    "If less than {amount} of it is Unallocated, delete its allocation to invoice \
                     {invoice}."
                ),
                format!("Choose Refund: {amount}, with {receipt} in the description."),
                format!(
                    "If you deleted the allocation: apply what is left to invoice {invoice} again, \
                     and issue a credit note for what was given back of it. So the invoice's balance \
                     stays as it was."
                ),
            ],
        ),
        (Purpose::Refund { .. }, None) => (
            "Refund",
            vec![
                format!("Open the payment with {of} in its description."),
                format!(
                    "Choose Refund: {amount}, with {receipt} in the description. If it was applied \
                     to an invoice meanwhile, delete that allocation first."
                ),
            ],
        ),
        (Purpose::Cancel { .. }, invoice) => {
            let mut steps = vec![format!("Open the payment with {of} in its description.")];
            steps.extend(invoice.map(|invoice| {
                format!(
                    "Delete its allocation to invoice {invoice}: the invoice's balance rises by \
                     {amount} again, and the payment is Unallocated."
                )
            }));
            steps.push(format!(
                "Choose Void, and write {receipt} as the reason if it asks for one. A void cannot \
                 be undone, and gives no money back by itself."
            ));
            ("Void", steps)
        }
    }
}
