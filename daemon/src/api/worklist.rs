//! `/v1/worklist`: what a person copies into a system that takes nothing from programs.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use jiff::{Timestamp, tz::TimeZone};
use payment::{DeviceId, PaymentId, ReceiptNumber, Text, limits};
use serde::{Deserialize, Serialize};
use sync::{
    delivery::{Delivery, DeliveryState},
    queue::Listing,
    upstream::Worklist,
};

use super::{
    Api, csv,
    payments::{json_body, payment_id, plain},
};
use crate::problem::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    upstream: Option<String>,
    device: Option<DeviceId>,
    #[serde(default)]
    entered: bool,
    after: Option<PaymentId>,
    limit: Option<u16>,
    format: Option<String>,
}

/// A list and its form.
#[derive(Debug, Serialize)]
struct ListView {
    upstream: String,
    form: &'static str,
    system: &'static str,
    fields: &'static [&'static str],
}

/// A payment to copy.
#[derive(Debug, Serialize)]
struct RowView {
    payment: PaymentId,
    upstream: String,
    receipt: ReceiptNumber,
    purpose: &'static str,
    original: Option<ReceiptNumber>,
    device: String,
    invoice: Option<String>,
    amount: String,
    currency: &'static str,
    method: payment::Method,
    note: Option<Text>,
    created_at: Timestamp,
    task: &'static str,
    /// What stands in the form's fields, in their order.
    values: Vec<String>,
    steps: Vec<String>,
    state: &'static str,
    next_step: String,
    entered: Option<Entered>,
}

/// Who ticked it off.
#[derive(Debug, Serialize)]
struct Entered {
    name: Text,
    reason: Text,
    at: Timestamp,
}

pub(super) async fn list(
    State(api): State<Api>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|e| Problem::InvalidQuery(plain(&e.body_text())))?;
    let csv = csv::wanted(query.format.as_deref())?;
    let lists = api.shell.worklists();
    let wanted = query.upstream.as_deref();
    let chosen = match wanted {
        None => lists.first(),
        Some(id) => Some(find(&lists, id)?),
    };
    let Some(chosen) = chosen.cloned() else {
        return Ok(
            Json(serde_json::json!({ "lists": [], "rows": [], "next": null })).into_response(),
        );
    };
    let listing = Listing {
        upstream: chosen.id().clone(),
        ended: query.entered,
        device: query.device,
        after: query.after,
        limit: query.limit.unwrap_or(limits::PAGE).clamp(1, limits::PAGE),
    };
    if csv {
        return Ok(download(api, chosen, listing));
    }
    let views: Vec<ListView> = lists.iter().map(ListView::from).collect();
    let page = page(&api, &listing).await?;
    let next = (page.len() == usize::from(listing.limit))
        .then(|| page.last().map(|row| row.payment.intent.id))
        .flatten();
    let zone = TimeZone::system();
    let rows: Vec<RowView> = page
        .into_iter()
        .map(|row| RowView::new(&chosen, row, &zone))
        .collect();
    let body = serde_json::json!({
        "upstream": chosen.id().as_str(),
        "lists": views,
        "rows": rows,
        "next": next,
    });
    Ok(Json(body).into_response())
}

async fn page(api: &Api, listing: &Listing) -> Result<Vec<Delivery>, Problem> {
    let listing = listing.clone();
    let read = api
        .shell
        .read(move |reader| reader.deliveries_listed(&listing));
    read.await
}

/// All rows, a page at a time.
fn download(api: Api, list: Worklist, listing: Listing) -> Response {
    let mut head = vec!["Payment", "Task", "Invoice"];
    head.extend(list.fields());
    head.extend(["Steps", "State", "Entered by", "Entered at"]);
    let head = csv::line(head);
    let zone = TimeZone::system();
    let state = Some((head, listing));
    let pages = stream::try_unfold(state, move |state| {
        let (api, list, zone) = (api.clone(), list.clone(), zone.clone());
        async move {
            let Some((mut text, mut listing)) = state else {
                return Ok(None);
            };
            let rows = page(&api, &listing).await?;
            listing.after = rows.last().map(|row| row.payment.intent.id);
            let more = rows.len() == usize::from(listing.limit);
            for row in rows {
                text.push_str(&RowView::new(&list, row, &zone).csv(&zone));
            }
            let then = more.then(|| (String::new(), listing));
            Ok::<_, Problem>(Some((text, then)))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"worklist.csv\"",
        ),
    ];
    (headers, Body::from_stream(pages)).into_response()
}

#[derive(Debug, Deserialize)]
struct EnteredBody {
    name: String,
    #[serde(default)]
    upstream: Option<String>,
    #[serde(default)]
    note: Option<String>,
}

pub(super) async fn entered(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = payment_id(&id)?;
    let (parts, body) = request.into_parts();
    let known = ["name", "upstream", "note"];
    let body: EnteredBody = json_body(&parts.headers, body, &known).await?;
    let name = Text::new(body.name.trim());
    if name.is_empty() {
        let text = "name must say who entered it";
        return Err(Problem::InvalidField(text.to_owned()));
    }
    let lists = api.shell.worklists();
    let list = match &body.upstream {
        Some(id) => find(&lists, id)?.clone(),
        None => listed_in(&api, &lists, id).await?,
    };
    let row = row_of(&api, &list, id).await?;
    match &row.state {
        DeliveryState::NeedsOperator { .. } => {}
        DeliveryState::Handled { name, .. } => {
            return Err(Problem::EnteredAlready {
                payment: id,
                name: name.clone(),
            });
        }
        _ => return Err(Problem::NotItsTurn(id)),
    }
    let note = body.note.map(|note| Text::new(note.trim()));
    let note = note.filter(|note| !note.is_empty());
    let reason =
        note.unwrap_or_else(|| Text::new(&format!("It was entered in {}.", list.system())));
    api.shell
        .handled(id, list.id().clone(), name, reason)
        .await?;
    let row = row_of(&api, &list, id).await?;
    Ok(Json(RowView::new(&list, row, &TimeZone::system())).into_response())
}

fn find<'a>(lists: &'a [Worklist], id: &str) -> Result<&'a Worklist, Problem> {
    let found = lists.iter().find(|list| list.id().as_str() == id);
    found.ok_or_else(|| {
        let known: Vec<&str> = lists.iter().map(|list| list.id().as_str()).collect();
        Problem::InvalidQuery(match known.as_slice() {
            [] => "the configuration has no worklist".to_owned(),
            known => format!("upstream is one of the worklists: {}", known.join(", ")),
        })
    })
}

/// The one list on which a payment stands.
async fn listed_in(api: &Api, lists: &Arc<[Worklist]>, id: PaymentId) -> Result<Worklist, Problem> {
    let rows = api
        .shell
        .read(move |reader| reader.deliveries_of(id))
        .await?;
    let on = |list: &&Worklist| rows.iter().any(|row| row.upstream == *list.id());
    let mut on = lists.iter().filter(on);
    match (on.next(), on.next()) {
        (Some(list), None) => Ok(list.clone()),
        (Some(_), Some(_)) => {
            let text = "the payment is on several worklists; name one as upstream";
            Err(Problem::InvalidField(text.to_owned()))
        }
        (None, _) => Err(Problem::NothingToHandle(id)),
    }
}

async fn row_of(api: &Api, list: &Worklist, id: PaymentId) -> Result<Delivery, Problem> {
    let rows = api
        .shell
        .read(move |reader| reader.deliveries_of(id))
        .await?;
    let row = rows.into_iter().find(|row| row.upstream == *list.id());
    row.ok_or(Problem::NothingToHandle(id))
}

impl From<&Worklist> for ListView {
    fn from(list: &Worklist) -> Self {
        Self {
            upstream: list.id().to_string(),
            form: list.form().as_str(),
            system: list.system(),
            fields: list.fields(),
        }
    }
}

impl RowView {
    fn new(list: &Worklist, delivery: Delivery, zone: &TimeZone) -> Self {
        let row = list.row(&delivery.payment, delivery.original.as_ref(), zone);
        let system = list.system();
        let next_step = match &delivery.state {
            DeliveryState::NeedsOperator { .. } => {
                format!("Enter it in {system} as the steps say, then tick it off with your name.")
            }
            DeliveryState::Handled { .. } => format!("Nothing: it is in {system}."),
            _ => "An earlier payment of this invoice comes first. Enter that one.".to_owned(),
        };
        let (state, changed_at) = (delivery.state.as_str(), delivery.changed_at);
        let entered = match delivery.state {
            DeliveryState::Handled { name, reason } => Some(Entered {
                name,
                reason,
                at: changed_at,
            }),
            _ => None,
        };
        let payment = delivery.payment;
        Self {
            payment: payment.intent.id,
            upstream: list.id().to_string(),
            receipt: payment.receipt,
            purpose: payment.intent.purpose.as_str(),
            original: delivery.original,
            device: payment.intent.device.to_string(),
            invoice: payment.intent.invoice.map(String::from),
            amount: payment.intent.money.amount().to_string(),
            currency: payment.intent.money.currency().code(),
            method: payment.intent.method,
            note: payment.intent.note,
            created_at: payment.intent.at,
            task: row.task,
            values: row.values,
            steps: row.steps,
            state,
            next_step,
            entered,
        }
    }

    fn csv(&self, zone: &TimeZone) -> String {
        let (id, steps) = (self.payment.to_string(), self.steps.join(" "));
        let mut cells = vec![&*id, self.task, self.invoice.as_deref().unwrap_or_default()];
        cells.extend(self.values.iter().map(String::as_str));
        let at = self.entered.as_ref().map(|entered| {
            let at = entered.at.to_zoned(zone.clone());
            at.strftime("%Y-%m-%d %H:%M").to_string()
        });
        let name = self.entered.as_ref().map(|entered| entered.name.as_str());
        cells.extend([
            &steps,
            self.state,
            name.unwrap_or_default(),
            at.as_deref().unwrap_or_default(),
        ]);
        csv::line(cells)
    }
}
