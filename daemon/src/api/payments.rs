//! `/v1/payments`

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use payment::{
    DeviceId, IdempotencyKey, Intent, Method, Money, Payment, PaymentId, Purpose, Services,
    Settlement, State as PaymentState, Text, Verdict, limits, parse_currency,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use sync::queue::Filter;

use super::{
    Api,
    view::{JobView, PaymentView},
};
use crate::{engine::Taken, problem::Problem};

/// What can be sent. Unknown fields are refused, so that a slip of the pen is never ignored.
#[derive(Debug, Deserialize)]
struct PayBody {
    device: String,
    amount: String,
    currency: String,
    method: String,
    #[serde(default)]
    invoice: Option<String>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    service_date: Option<String>,
    #[serde(default)]
    items: Vec<ItemBody>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemBody {
    text: String,
    amount: String,
}

const PAY_FIELDS: &[&str] = &[
    "device",
    "amount",
    "currency",
    "method",
    "invoice",
    "note",
    "service_date",
    "items",
];

pub(super) async fn create(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let key = key(&parts.headers)?;
    let wait = !prefers_async(&parts.headers);
    let body: PayBody = json_body(&parts.headers, body, PAY_FIELDS).await?;
    let intent = intent(&api, key, body)?;
    api.shell.may_pay(&intent).await?;
    begin(&api, intent, None, wait).await
}

/// Begins a payment and answers with where it stands.
pub(super) async fn begin(
    api: &Api,
    intent: Intent,
    original: Option<Payment>,
    wait: bool,
) -> Result<Response, Problem> {
    let (status, payment) = match api.shell.pay(intent, original, wait).await? {
        Taken::Accepted(payment) => (StatusCode::ACCEPTED, payment),
        Taken::Ended(payment) => (StatusCode::CREATED, payment),
        Taken::Repeat(payment) => (StatusCode::OK, payment),
        Taken::Closing(_) | Taken::Served(_) => return Err(Problem::StorageFailed),
    };
    let headers = [(
        header::LOCATION,
        format!("/v1/payments/{}", payment.intent.id),
    )];
    Ok((status, headers, Json(PaymentView::from(payment))).into_response())
}

/// RFC 7240: `Prefer: respond-async`.
pub(super) fn prefers_async(headers: &HeaderMap) -> bool {
    let values = headers
        .get_all("prefer")
        .iter()
        .filter_map(|v| v.to_str().ok());
    values
        .flat_map(|v| v.split(','))
        .any(|p| p.trim().eq_ignore_ascii_case("respond-async"))
}

pub(super) fn key(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
    let value = headers.get("idempotency-key").ok_or(Problem::KeyMissing)?;
    let text = value.to_str().map_err(|_| {
        Problem::KeyInvalid("an idempotency key has printable ASCII characters only".to_owned())
    })?;
    // The IETF draft writes the key as a quoted string, most clients write it bare.
    let bare = text.trim();
    let bare = bare
        .strip_prefix('"')
        .and_then(|k| k.strip_suffix('"'))
        .unwrap_or(bare);
    bare.parse()
        .map_err(|e: payment::InvalidId| Problem::KeyInvalid(e.to_string()))
}

fn intent(api: &Api, key: IdempotencyKey, body: PayBody) -> Result<Intent, Problem> {
    let device: DeviceId = match body.device.parse() {
        Ok(device) => device,
        Err(_) => return Err(api.shell.unknown_device(&body.device)),
    };
    let money = Money::parse(&body.amount, parse_currency(&body.currency)?)?;
    let method: Method = body.method.parse()?;
    let invalid = |e: payment::InvalidId| Problem::InvalidField(e.to_string());
    let invoice = body
        .invoice
        .map(|i| i.parse())
        .transpose()
        .map_err(invalid)?;
    if body
        .note
        .as_ref()
        .is_some_and(|note| note.chars().count() > limits::NOTE_CHARS)
    {
        return Err(Problem::InvalidField(format!(
            "a note has at most {} characters",
            limits::NOTE_CHARS
        )));
    }
    let note = body
        .note
        .map(|note| Text::new(&note))
        .filter(|note| !note.is_empty());
    let items = body
        .items
        .iter()
        .map(|i| (i.text.as_str(), i.amount.as_str()));
    let services = Services::new(body.service_date.as_deref(), items, money.currency());
    let services = services.map_err(|e| Problem::InvalidField(e.to_string()))?;
    let at = api.shell.now();
    let id = PaymentId::new(at, api.shell.random().ok_or(Problem::StorageFailed)?);
    Ok(Intent {
        id,
        key,
        device,
        purpose: Purpose::Sale,
        money,
        method,
        invoice,
        note,
        at,
        services,
        before: None,
    })
}

/// Reads a JSON object with these fields only.
pub(super) async fn json_body<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    known: &[&str],
) -> Result<T, Problem> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::NotJson);
    }
    let bytes = to_bytes(body, limits::BODY_BYTES)
        .await
        .map_err(|_| Problem::BodyTooLarge)?;
    let invalid = |e: serde_json::Error| Problem::InvalidBody(plain(&e.to_string()));
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&bytes).map_err(invalid)?;
    if let Some(unknown) = fields.keys().find(|k| !known.contains(&k.as_str())) {
        return Err(Problem::UnknownField {
            field: plain(unknown),
            known: known.join(", "),
        });
    }
    // From the bytes again, not from the map: a field that is given twice must not pass.
    serde_json::from_slice(&bytes).map_err(invalid)
}

pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    state: Option<String>,
    device: Option<DeviceId>,
    invoice: Option<payment::InvoiceRef>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    after: Option<PaymentId>,
    limit: Option<u16>,
    /// Whether to say how each stands with the invoicing systems.
    #[serde(default)]
    delivery: bool,
}

pub(super) async fn list(
    State(api): State<Api>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|e| Problem::InvalidQuery(plain(&e.body_text())))?;
    let wanted = query.state.as_deref();
    let filter = Filter {
        states: wanted.map(states_shown_as).transpose()?.unwrap_or_default(),
        device: query.device,
        invoice: query.invoice,
        from: query.from,
        to: query.to,
        after: query.after,
        limit: query.limit.unwrap_or(50).clamp(1, limits::PAGE),
    };
    // Before the rows: what the snapshot knows to be over may not be durable yet.
    let desk = api.shell.desk();
    let page = api
        .shell
        .read(move |reader| {
            let page = reader.payments(&filter)?;
            let deliveries = page.payments.iter().map(|payment| {
                let of = query
                    .delivery
                    .then(|| reader.deliveries_of(payment.intent.id));
                of.transpose()
            });
            let deliveries = deliveries.collect::<Result<Vec<_>, _>>()?;
            Ok((page, deliveries))
        })
        .await?;
    let (page, deliveries) = page;
    let payments = page.payments.into_iter().zip(deliveries);
    let payments: Vec<PaymentView> = payments
        .map(|(payment, deliveries)| (desk.overlay(payment), deliveries))
        .filter(|(payment, _)| wanted.is_none_or(|wanted| payment.state.shown() == wanted))
        .map(|(payment, deliveries)| match deliveries {
            Some(deliveries) => PaymentView::from(payment).with_deliveries(deliveries),
            None => PaymentView::from(payment),
        })
        .collect();
    Ok(Json(json!({ "payments": payments, "next": page.next })).into_response())
}

/// The stored states behind a state of the API. A running payment is stored as `intended`.
fn states_shown_as(shown: &str) -> Result<Vec<PaymentState>, Problem> {
    if shown == PaymentState::AtTerminal.shown() {
        return Ok(vec![PaymentState::Intended, PaymentState::Approving]);
    }
    let known = PaymentState::ALL.into_iter().find(|s| s.shown() == shown);
    known.map(|state| vec![state]).ok_or_else(|| {
        let words = "intended, at_terminal, approved, declined, cancelled or in_doubt";
        Problem::InvalidQuery(format!("state is one of {words}"))
    })
}

pub(super) fn payment_id(text: &str) -> Result<PaymentId, Problem> {
    text.parse()
        .map_err(|_| Problem::UnknownPayment(plain(text)))
}

pub(super) async fn show(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<PaymentView>, Problem> {
    let id = payment_id(&id)?;
    // Before the row: what the snapshot knows to be over may not be durable yet.
    let desk = api.shell.desk();
    let found = api
        .shell
        .read(move |reader| {
            let Some(payment) = reader.payment(id)? else {
                return Ok(None);
            };
            Ok(Some((
                payment,
                reader.jobs_of(id)?,
                reader.deliveries_of(id)?,
            )))
        })
        .await?;
    let (payment, jobs, deliveries) =
        found.ok_or_else(|| Problem::UnknownPayment(id.to_string()))?;
    let payment = desk.overlay(payment);
    Ok(Json(PaymentView::from(payment).with_work(jobs, deliveries)))
}

pub(super) async fn abort(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let taken = api.shell.abort(payment_id(&id)?).await?;
    Ok((StatusCode::ACCEPTED, Json(view(taken)?)).into_response())
}

#[derive(Debug, Deserialize)]
struct ResolveBody {
    outcome: String,
    name: String,
    reason: String,
}

pub(super) async fn resolve(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<PaymentView>, Problem> {
    let id = payment_id(&id)?;
    let (parts, body) = request.into_parts();
    let body: ResolveBody = json_body(&parts.headers, body, &["outcome", "name", "reason"]).await?;
    let (name, reason) = who_and_why(&body.name, &body.reason)?;
    let by = Verdict::Person { name, reason };
    let settlement = match body.outcome.as_str() {
        "approved" => Settlement::Approved { by, approval: None },
        "declined" => Settlement::Declined { by },
        _ => {
            let text = "outcome is approved or declined";
            return Err(Problem::InvalidField(text.to_owned()));
        }
    };
    Ok(Json(view(api.shell.resolve(id, settlement).await?)?))
}

#[derive(Debug, Deserialize)]
struct HandledBody {
    upstream: String,
    name: String,
    reason: String,
}

pub(super) async fn handled(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<PaymentView>, Problem> {
    let id = payment_id(&id)?;
    let (parts, body) = request.into_parts();
    let known = ["upstream", "name", "reason"];
    let body: HandledBody = json_body(&parts.headers, body, &known).await?;
    let invalid = |e: payment::InvalidId| Problem::InvalidField(e.to_string());
    let upstream = body.upstream.parse().map_err(invalid)?;
    let (name, reason) = who_and_why(&body.name, &body.reason)?;
    api.shell.handled(id, upstream, name, reason).await?;
    show(State(api), Path(id.to_string())).await
}

/// A copy of the receipt, which says so (law 8).
pub(super) async fn copy(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let job = api.shell.copy(payment_id(&id)?).await?;
    Ok((StatusCode::ACCEPTED, Json(JobView::from(job))).into_response())
}

/// Who decided, and why: neither may be empty.
pub(super) fn who_and_why(name: &str, reason: &str) -> Result<(Text, Text), Problem> {
    let (name, reason) = (Text::new(name.trim()), Text::new(reason.trim()));
    if name.is_empty() || reason.is_empty() {
        let text = "name and reason must say who decided, and why";
        return Err(Problem::InvalidField(text.to_owned()));
    }
    Ok((name, reason))
}

fn view(taken: Taken) -> Result<PaymentView, Problem> {
    match taken {
        Taken::Accepted(payment) | Taken::Ended(payment) | Taken::Repeat(payment) => {
            Ok(payment.into())
        }
        Taken::Closing(_) | Taken::Served(_) => Err(Problem::StorageFailed),
    }
}
