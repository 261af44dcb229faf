//! `/v1/invoices/{invoice}`: what is still to be paid, as the invoicing systems say.

use axum::{
    Json,
    extract::{Path, State},
};
use payment::{InvoiceRef, with_decimals};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sync::upstream::InvoiceSeen;

use super::Api;
use crate::{problem::Problem, shell::Asked};

pub(super) async fn show(
    State(api): State<Api>,
    Path(invoice): Path<String>,
) -> Result<Json<Value>, Problem> {
    let invoice: InvoiceRef = invoice
        .parse()
        .map_err(|e: payment::InvalidId| Problem::InvalidField(e.to_string()))?;
    let asked = api.shell.ask_for_invoice(&invoice).await?;
    let seen: Vec<Value> = asked.iter().map(view).collect();
    Ok(Json(json!({ "invoice": invoice, "seen": seen })))
}

fn view(asked: &Asked) -> Value {
    let upstream = &asked.upstream;
    match &asked.seen {
        InvoiceSeen::Open {
            outstanding,
            currency,
        } => {
            let open = (*outstanding - asked.waiting).max(Decimal::ZERO);
            let written = |amount: Decimal| match currency {
                Some(currency) => with_decimals(amount, *currency).to_string(),
                None => amount.to_string(),
            };
            json!({
                "upstream": upstream,
                "state": "open",
                "outstanding": written(open),
                "waiting": written(asked.waiting),
                "currency": currency.map(|currency| currency.code()),
                "next_step": "Take at most this for the invoice.",
            })
        }
        InvoiceSeen::Closed { reason } => json!({
            "upstream": upstream, "state": "closed", "next_step": reason,
        }),
        InvoiceSeen::NotFound { reason } => json!({
            "upstream": upstream, "state": "not_found", "next_step": reason,
        }),
        InvoiceSeen::Unreadable { reason } => json!({
            "upstream": upstream,
            "state": "unknown",
            "next_step": format!("{reason} Payments can be taken all the same."),
        }),
    }
}
