//! `/v1/sync`: what waits for the invoicing systems, and what a person decides about it.

use axum::{
    Json,
    extract::{Path, Query, Request, State, rejection::QueryRejection},
};
use jiff::Timestamp;
use payment::{DeliveryAction, DeliveryDecision, PaymentId, ReceiptNumber, UpstreamId, limits};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sync::{
    delivery::{DeliveryState, Trouble, actions, next_step},
    queue::{OPEN_STATES, Open, OpenFilter},
    upstream::Abilities,
};

use super::{
    Api,
    payments::{json_body, plain, who_and_why},
};
use crate::problem::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SyncQuery {
    upstream: Option<UpstreamId>,
    state: Option<String>,
    after: Option<i64>,
    limit: Option<u16>,
}

/// A delivery that is not over.
#[derive(Debug, Serialize)]
struct OpenView {
    number: i64,
    payment: PaymentId,
    receipt: ReceiptNumber,
    group: String,
    device: String,
    purpose: &'static str,
    amount: String,
    currency: &'static str,
    invoice: Option<String>,
    created_at: Timestamp,
    upstream: UpstreamId,
    attempts: u32,
    behind: bool,
    changed_at: Timestamp,
    #[serde(flatten)]
    state: DeliveryState,
    actions: Vec<&'static str>,
    next_step: &'static str,
}

impl OpenView {
    fn new(open: Open, can: Abilities, on_hold: bool) -> Self {
        let Open {
            n,
            delivery,
            behind,
        } = open;
        let intent = delivery.payment.intent;
        let next_step = match &delivery.state {
            DeliveryState::Queued | DeliveryState::Waiting { .. } if on_hold => {
                "It goes on as soon as its invoicing system does. Look at what that one needs."
            }
            state => next_step(state, behind),
        };
        Self {
            number: n,
            payment: intent.id,
            receipt: delivery.payment.receipt,
            group: intent.device.to_string(),
            device: intent.device.to_string(),
            purpose: intent.purpose.as_str(),
            amount: intent.money.amount().to_string(),
            currency: intent.money.currency().code(),
            invoice: intent.invoice.map(String::from),
            created_at: intent.at,
            upstream: delivery.upstream,
            attempts: delivery.attempts,
            behind,
            changed_at: delivery.changed_at,
            actions: actions(&delivery.state, delivery.attempts, can),
            next_step,
            state: delivery.state,
        }
    }
}

pub(super) async fn list(
    State(api): State<Api>,
    query: Result<Query<SyncQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query.map_err(|e| Problem::InvalidQuery(plain(&e.body_text())))?;
    if let Some(state) = &query.state
        && !OPEN_STATES.contains(&state.as_str())
    {
        let words = OPEN_STATES.join(", ");
        return Err(Problem::InvalidQuery(format!("state is one of {words}")));
    }
    if query.after.is_some() && query.state.is_none() {
        let text = "after goes on in one state; name it as state".to_owned();
        return Err(Problem::InvalidQuery(text));
    }
    let filter = OpenFilter {
        upstream: query.upstream,
        state: query.state,
        after: query.after,
        limit: query.limit.unwrap_or(50).clamp(1, limits::PAGE),
    };
    let wanted = usize::from(filter.limit);
    let one_state = filter.state.is_some();
    let (counts, open) = api
        .shell
        .read(move |reader| Ok((reader.open_counts()?, reader.open_deliveries(&filter)?)))
        .await?;
    let next = open
        .last()
        .filter(|_| one_state && open.len() == wanted)
        .map(|open| open.n);
    let upstreams: Vec<Value> = api
        .shell
        .upstreams()
        .iter()
        .map(|upstream| {
            let open = counts.get(&upstream.id).cloned().unwrap_or_default();
            let standing = upstream.contact.standing();
            let for_people = ["needs_operator", "parked"];
            let for_people = for_people.iter().any(|state| open.contains_key(*state));
            json!({
                "id": upstream.id,
                "can": upstream.can,
                "open": open,
                "pause": standing.pause,
                "findings": standing.findings,
                "next_step": standing.next_step(for_people),
            })
        })
        .collect();
    let views: Vec<OpenView> = open.into_iter().map(|open| view(&api, open)).collect();
    Ok(Json(
        json!({ "upstreams": upstreams, "deliveries": views, "next": next }),
    ))
}

/// A delivery, by what its upstream can do and how it stands; none of both, once that has left the
/// configuration.
fn view(api: &Api, open: Open) -> OpenView {
    let upstreams = api.shell.upstreams();
    let known = upstreams
        .iter()
        .find(|known| known.id == open.delivery.upstream);
    let can = known.map(|known| known.can).unwrap_or_default();
    let pause = known.and_then(|known| known.contact.standing().pause);
    let on_hold = pause.is_some_and(|p| matches!(p.why, Trouble::Parked | Trouble::Clock));
    OpenView::new(open, can, on_hold)
}

#[derive(Debug, Deserialize)]
struct DecideBody {
    name: String,
    reason: String,
    /// Needed where the payment is due to several.
    #[serde(default)]
    upstream: Option<String>,
    /// Only for `send_to`.
    #[serde(default)]
    invoice: Option<String>,
}

pub(super) async fn decide(
    State(api): State<Api>,
    Path((payment, word)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let (parts, body) = request.into_parts();
    let known = ["name", "reason", "upstream", "invoice"];
    let body: DecideBody = json_body(&parts.headers, body, &known).await?;
    let (name, reason) = who_and_why(&body.name, &body.reason)?;
    let action = action(&word, body.invoice)?;
    let payment = named(&api, &payment).await?;
    let upstream = upstream(&api, payment, body.upstream).await?;
    let decision = DeliveryDecision {
        upstream: upstream.clone(),
        action,
        name,
        reason,
    };
    api.shell.decide(payment, decision).await?;
    let rows = api
        .shell
        .read(move |reader| reader.deliveries_of(payment))
        .await?;
    let row = rows.into_iter().find(|row| row.upstream == upstream);
    let row = row.ok_or(Problem::NothingToHandle(payment))?;
    let open = Open {
        n: 0,
        delivery: row,
        behind: false,
    };
    let mut view = json!(view(&api, open));
    if let Some(fields) = view.as_object_mut() {
        // They are of the list.
        fields.remove("number");
        fields.remove("behind");
    }
    Ok(Json(view))
}

fn action(word: &str, invoice: Option<String>) -> Result<DeliveryAction, Problem> {
    let invalid = |text: &str| Problem::InvalidField(text.to_owned());
    let action = match (word, invoice) {
        ("send_to", Some(invoice)) => DeliveryAction::SendTo {
            invoice: invoice
                .parse()
                .map_err(|e: payment::InvalidId| Problem::InvalidField(e.to_string()))?,
        },
        ("send_to", None) => return Err(invalid("send_to needs an invoice")),
        (_, Some(_)) => return Err(invalid("only send_to takes an invoice")),
        ("retry", None) => DeliveryAction::Retry,
        ("unallocate", None) => DeliveryAction::Unallocate,
        ("keep", None) => DeliveryAction::Keep,
        ("entered", None) => DeliveryAction::Entered,
        _ => return Err(Problem::NotFound),
    };
    Ok(action)
}

/// The payment of an id, or of a receipt number.
async fn named(api: &Api, text: &str) -> Result<PaymentId, Problem> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let unknown = || Problem::UnknownPayment(plain(text));
    let receipt: ReceiptNumber = text.parse().map_err(|_| unknown())?;
    let found = api
        .shell
        .read(move |reader| reader.payment_by_receipt(&receipt))
        .await?;
    Ok(found.ok_or_else(unknown)?.intent.id)
}

/// The upstream that was named, or the only one to which the payment is due.
async fn upstream(
    api: &Api,
    payment: PaymentId,
    named: Option<String>,
) -> Result<UpstreamId, Problem> {
    if let Some(named) = named {
        return named
            .parse()
            .map_err(|e: payment::InvalidId| Problem::InvalidField(e.to_string()));
    }
    let rows = api
        .shell
        .read(move |reader| reader.deliveries_of(payment))
        .await?;
    let ids: Vec<String> = rows.iter().map(|row| row.upstream.to_string()).collect();
    match rows.into_iter().map(|row| row.upstream).collect::<Vec<_>>() {
        several if several.len() > 1 => Err(Problem::InvalidField(format!(
            "the payment is due to several; name one as upstream: {}",
            ids.join(", ")
        ))),
        mut one => one.pop().ok_or(Problem::NothingToHandle(payment)),
    }
}
