//! `/v1/payments/{id}/cancel` and `/refund`: new payments that name the first (law 6).

use axum::{
    extract::{Path, Request, State},
    response::Response,
};
use payment::{Intent, Money, Payment, PaymentId, Purpose, Text};
use serde::Deserialize;

use super::{
    Api,
    payments::{begin, json_body, key, payment_id, prefers_async},
};
use crate::problem::Problem;

#[derive(Debug, Deserialize)]
struct CancelBody {
    #[serde(default)]
    note: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RefundBody {
    /// All that is left, unless given.
    #[serde(default)]
    amount: Option<String>,
    #[serde(default)]
    note: Option<String>,
}

pub(super) async fn cancel(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (key, wait) = (key(&parts.headers)?, !prefers_async(&parts.headers));
    let body: CancelBody = json_body(&parts.headers, body, &["note"]).await?;
    let (original, _) = original(&api, payment_id(&id)?).await?;
    let money = original.intent.money;
    let purpose = Purpose::Cancel {
        of: original.intent.id,
    };
    let intent = intent(&api, key, &original, purpose, money, body.note.as_deref())?;
    begin(&api, intent, Some(original), wait).await
}

pub(super) async fn refund(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (key, wait) = (key(&parts.headers)?, !prefers_async(&parts.headers));
    let body: RefundBody = json_body(&parts.headers, body, &["amount", "note"]).await?;
    let (original, linked) = original(&api, payment_id(&id)?).await?;
    let money = match &body.amount {
        Some(amount) => Money::parse(amount, original.intent.money.currency())?,
        // A repeat of a refund of all that was left means that refund, and not what is left now.
        None => match linked.iter().find(|p| p.intent.key == key) {
            Some(repeated) => repeated.intent.money,
            None => payment::left(&original, &linked)?.unwrap_or(original.intent.money),
        },
    };
    let purpose = Purpose::Refund {
        of: original.intent.id,
    };
    let intent = intent(&api, key, &original, purpose, money, body.note.as_deref())?;
    begin(&api, intent, Some(original), wait).await
}

async fn original(api: &Api, id: PaymentId) -> Result<(Payment, Vec<Payment>), Problem> {
    // Somebody who has heard that it was approved may be faster than the journal. Before the rows:
    // what the snapshot knows to be over may not be durable yet.
    let desk = api.shell.desk();
    let found = api.shell.read(move |reader| {
        let Some(payment) = reader.payment(id)? else {
            return Ok(None);
        };
        Ok(Some((payment, reader.linked(id)?)))
    });
    let found = found.await?;
    let (payment, linked) = found.ok_or_else(|| Problem::UnknownPayment(id.to_string()))?;
    let linked = linked.into_iter().map(|linked| desk.overlay(linked));
    Ok((desk.overlay(payment), linked.collect()))
}

/// The same device, method and invoice as the original.
fn intent(
    api: &Api,
    key: payment::IdempotencyKey,
    original: &Payment,
    purpose: Purpose,
    money: Money,
    note: Option<&str>,
) -> Result<Intent, Problem> {
    let at = api.shell.now();
    Ok(Intent {
        id: PaymentId::new(at, api.shell.random().ok_or(Problem::StorageFailed)?),
        key,
        device: original.intent.device.clone(),
        purpose,
        money,
        method: original.intent.method,
        invoice: original.intent.invoice.clone(),
        note: note.map(Text::new).filter(|note| !note.is_empty()),
        at,
        services: payment::Services::default(),
        before: None,
    })
}
