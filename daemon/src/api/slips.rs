//! `/v1/devices/{id}/slips`

use axum::{
    Json,
    extract::{Path, State},
};
use drivers::terminal::Slip;
use serde_json::{Value, json};
use sync::queue::{Job, Report};

use super::{Api, closings::device_id, view::JobView};
use crate::problem::Problem;

/// Most slips that are listed.
const LIST: u16 = 50;

/// What a terminal composed besides receipts of payments, and what became of it on paper.
pub(super) async fn list(
    State(api): State<Api>,
    Path(device): Path<String>,
) -> Result<Json<Value>, Problem> {
    let device = device_id(&api, &device)?;
    let read = api.shell.read(move |reader| {
        let reports = reader.reports(&device, LIST)?.into_iter();
        reports
            .map(|report| {
                let jobs = reader.jobs_of_slip(report.id)?;
                Ok((report, jobs))
            })
            .collect::<Result<Vec<_>, _>>()
    });
    let slips: Vec<Value> = read.await?.into_iter().filter_map(view).collect();
    Ok(Json(json!({ "slips": slips })))
}

fn view((report, jobs): (Report, Vec<Job>)) -> Option<Value> {
    let slip: Slip = serde_json::from_str(&report.body).ok()?;
    let lines: Vec<_> = slip.lines.into_iter().map(|line| line.text).collect();
    let printing: Vec<JobView> = jobs.into_iter().map(JobView::from).collect();
    Some(json!({
        "slip": report.id,
        "group": report.device,
        "device": report.device,
        "at": report.at,
        "copy": slip.copy,
        "lines": lines,
        "printing": printing,
    }))
}
