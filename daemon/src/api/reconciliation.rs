//! `/v1/reconciliation`: what the journal, the terminals and the invoicing systems say of the same
//! days.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use jiff::{civil::Date, tz::TimeZone};
use payment::{DeviceId, UpstreamId};
use serde::Deserialize;
use serde_json::{Value, json};
use sync::reconciliation::{
    AtDesk, Compared, Finding, Judged, Kind, Period, Settlement, Sums, Total, amount,
};

use super::{Api, csv, payments::plain};
use crate::{problem::Problem, shell::Reconciled};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DaysQuery {
    from: Option<Date>,
    to: Option<Date>,
    upstream: Option<UpstreamId>,
    format: Option<String>,
}

pub(super) async fn show(
    State(api): State<Api>,
    query: Result<Query<DaysQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|e| Problem::InvalidQuery(plain(&e.body_text())))?;
    let csv = csv::wanted(query.format.as_deref())?;
    let Some(from) = query.from else {
        return last(&api, &query);
    };
    let known = api.shell.upstreams();
    if let Some(id) = &query.upstream
        && !known.iter().any(|known| known.id == *id)
    {
        let ids: Vec<&str> = known.iter().map(|known| known.id.as_str()).collect();
        let text = format!("upstream is one of {}", ids.join(", "));
        return Err(Problem::InvalidQuery(text));
    }
    let last = query.to.unwrap_or(from);
    let period = Period::new(from, last, TimeZone::system());
    let period = period.map_err(|e| Problem::InvalidQuery(e.to_string()))?;
    let reconciled = api.shell.reconcile(period, query.upstream.as_ref()).await?;
    if !csv {
        return Ok(Json(view(&reconciled)).into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"reconciliation.csv\"",
        ),
    ];
    Ok((headers, lines(&reconciled)).into_response())
}

/// What the comparison of last night came to.
fn last(api: &Api, query: &DaysQuery) -> Result<Response, Problem> {
    if query.to.is_some() || query.upstream.is_some() || query.format.is_some() {
        let text = "from is missing: name the first day, such as from=2026-11-20";
        return Err(Problem::InvalidQuery(text.to_owned()));
    }
    let nothing = || {
        json!({
            "at": null,
            "devices": [],
            "upstreams": [],
            "counts": {},
            "findings": [],
            "next_step": "The books were not compared by themselves yet. Name the days to compare.",
        })
    };
    Ok(Json(api.shell.nightly().unwrap_or_else(nothing)).into_response())
}

/// All of it.
pub(crate) fn view(reconciled: &Reconciled) -> Value {
    let period = &reconciled.period;
    let findings: Vec<Value> = reconciled.findings().map(found).collect();
    let upstreams: Vec<Value> = reconciled.upstreams.iter().map(system).collect();
    let devices: Vec<Value> = reconciled.desks.iter().map(device).collect();
    let counts = Kind::ALL.map(|kind| (kind.as_str().to_owned(), json!(reconciled.count(kind))));
    let counts: serde_json::Map<String, Value> = counts.into_iter().collect();
    json!({
        "from": period.first(),
        "to": period.last(),
        "time_zone": period.zone().iana_name(),
        "begins": period.begins(),
        "ends": period.ends(),
        "at": reconciled.at,
        "devices": devices,
        "upstreams": upstreams,
        "counts": counts,
        "findings": findings,
        "next_step": next_step(reconciled),
    })
}

fn next_step(reconciled: &Reconciled) -> &'static str {
    let some = |kinds: &[Kind]| kinds.iter().any(|kind| reconciled.count(*kind) > 0);
    let cannot = |one: &Compared| matches!(one.judged, Judged::Nothing(_));
    if some(&[
        Kind::Missing,
        Kind::Extra,
        Kind::Differing,
        Kind::Settlement,
    ]) {
        "Go through the findings, each with its next step, and compare again afterwards."
    } else if some(&[Kind::NotDelivered, Kind::NotConfirmed, Kind::CannotTell]) {
        "Nothing differs. Look at what waits or cannot be told, and compare again later."
    } else if reconciled.upstreams.iter().any(cannot) {
        "What could be compared is the same. Look at what could not."
    } else {
        "Done: everything is the same."
    }
}

fn total(total: Total, currency: payment::Currency) -> Value {
    let amount = amount(total.minor, currency).to_string();
    json!({ "payments": total.count, "amount": amount })
}

fn device(desk: &AtDesk) -> Value {
    let of = |one| total(one, desk.currency);
    let settlement = |one: &Settlement| {
        let written = |minor: Option<i64>| minor.map(|m| written(m, desk.currency));
        json!({
            "id": one.closing.intent.id,
            "at": one.closing.intent.at,
            "state": one.closing.state.as_str(),
            "terminal": written(one.terminal),
            "journal": written(one.journal),
            "next_step": one.closing.next_step(),
        })
    };
    let settlements: Vec<Value> = desk.settlements.iter().map(settlement).collect();
    json!({
        "device": desk.device,
        "currency": desk.currency.code(),
        "taken": of(desk.taken),
        "given_back": of(desk.given_back),
        "cards": of(desk.cards),
        "unsettled": of(desk.unsettled),
        "settlements": settlements,
    })
}

fn system(compared: &Compared) -> Value {
    let (by, reason) = match &compared.judged {
        Judged::List => ("list", None),
        Judged::Ticks => ("ticks", None),
        Judged::Nothing(reason) => ("nothing", Some(reason)),
    };
    let sums = |sums: &Sums| {
        let difference = sums.there.minor - sums.journal.minor;
        json!({
            "device": sums.device,
            "currency": sums.currency.code(),
            "journal": total(sums.journal, sums.currency),
            "there": reason.is_none().then(|| total(sums.there, sums.currency)),
            "difference":
                reason.is_none().then(|| amount(difference, sums.currency).to_string()),
        })
    };
    let sums: Vec<Value> = compared.sums.iter().map(sums).collect();
    json!({
        "upstream": compared.upstream,
        "compared_by": by,
        "reason": reason,
        "of_other_desks": compared.others,
        "sums": sums,
    })
}

fn found(finding: &Finding) -> Value {
    let written = |minor: Option<i64>| minor.map(|minor| written(minor, finding.currency));
    json!({
        "kind": finding.kind.as_str(),
        "upstream": finding.upstream,
        "device": finding.device,
        "receipt": finding.receipt,
        "payment": finding.payment,
        "invoice": finding.invoice,
        "currency": finding.currency.code(),
        "journal": written(finding.journal),
        "there": written(finding.there),
        "text": finding.text,
        "next_step": finding.next_step,
    })
}

fn written(minor: i64, currency: payment::Currency) -> String {
    amount(i128::from(minor), currency).to_string()
}

/// As a file for spreadsheets: the sums first, then what was found.
fn lines(reconciled: &Reconciled) -> String {
    let mut text = csv::line([
        "Kind",
        "System",
        "Device",
        "Receipt",
        "Invoice",
        "Currency",
        "Journal",
        "There",
        "Difference",
        "What",
        "What to do",
    ]);
    for compared in &reconciled.upstreams {
        text.push_str(&sums(compared));
    }
    for desk in &reconciled.desks {
        for one in &desk.settlements {
            let of =
                |minor: Option<i64>| minor.map_or_else(String::new, |m| written(m, desk.currency));
            let at = one
                .closing
                .intent
                .at
                .to_zoned(reconciled.period.zone().clone());
            let at = at.strftime("%Y-%m-%d %H:%M").to_string();
            text.push_str(&csv::line([
                "end_of_day",
                "",
                desk.device.as_str(),
                "",
                "",
                desk.currency.code(),
                &of(one.journal),
                &of(one.terminal),
                "",
                &format!("{} {at}", one.closing.state.as_str()),
                one.closing.next_step(),
            ]));
        }
    }
    for finding in reconciled.findings() {
        let of =
            |minor: Option<i64>| minor.map_or_else(String::new, |m| written(m, finding.currency));
        let device = finding.device.as_ref().map_or("", DeviceId::as_str);
        let text_of = |text: &Option<payment::Text>| {
            text.as_ref().map_or_else(String::new, ToString::to_string)
        };
        text.push_str(&csv::line([
            finding.kind.as_str(),
            finding.upstream.as_ref().map_or("", UpstreamId::as_str),
            device,
            &text_of(&finding.receipt),
            &text_of(&finding.invoice),
            finding.currency.code(),
            &of(finding.journal),
            &of(finding.there),
            "",
            finding.text.as_str(),
            finding.next_step.as_str(),
        ]));
    }
    text
}

fn sums(compared: &Compared) -> String {
    if let Judged::Nothing(reason) = &compared.judged {
        let cells = [
            "not_compared",
            compared.upstream.as_str(),
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ];
        return csv::line(cells.into_iter().chain([reason.as_str(), ""]));
    }
    let mut text = String::new();
    for sums in &compared.sums {
        let of = |minor| amount(minor, sums.currency).to_string();
        text.push_str(&csv::line([
            "sum",
            compared.upstream.as_str(),
            sums.device.as_ref().map_or("", DeviceId::as_str),
            "",
            "",
            sums.currency.code(),
            &of(sums.journal.minor),
            &of(sums.there.minor),
            &of(sums.there.minor - sums.journal.minor),
            &format!(
                "{} payments here, {} there",
                sums.journal.count, sums.there.count
            ),
            "",
        ]));
    }
    text
}
