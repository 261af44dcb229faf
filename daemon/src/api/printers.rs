//! `/v1/printers`, and the cash drawer of a device

use axum::{
    Json,
    extract::{Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Api,
    closings::device_id,
    payments::{json_body, who_and_why},
    view::JobView,
};
use crate::{printing::PrinterView, problem::Problem};

/// Most jobs of a kind that are listed with a printer.
const LIST: u16 = 20;

/// A printer with its jobs.
#[derive(Debug, Serialize)]
struct WithJobs {
    #[serde(flatten)]
    view: PrinterView,
    /// What waits to be printed, oldest first.
    queued: Vec<JobView>,
    /// What waits for a person's word, newest first.
    for_people: Vec<JobView>,
}

pub(super) async fn list(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    let mut printers = Vec::new();
    for view in api.shell.printers().views() {
        printers.push(with_jobs(&api, view).await?);
    }
    Ok(Json(json!({ "printers": printers })))
}

pub(super) async fn show(
    State(api): State<Api>,
    Path(printer): Path<String>,
) -> Result<Json<Value>, Problem> {
    let view = api.shell.printer(&printer)?;
    Ok(Json(json!(with_jobs(&api, view).await?)))
}

async fn with_jobs(api: &Api, mut view: PrinterView) -> Result<WithJobs, Problem> {
    let id = view.id.clone();
    let read = api.shell.read(move |reader| {
        let mut queued = reader.jobs_due(&id)?;
        queued.truncate(LIST.into());
        Ok((queued, reader.jobs_for_people(&id, LIST)?))
    });
    let (queued, for_people) = read.await?;
    let views = |jobs: Vec<_>| jobs.into_iter().map(JobView::from).collect::<Vec<_>>();
    // What a printer is asked while it prints stands there already.
    if !for_people.is_empty() && view.can_print() {
        "A receipt waits for your word. Look at the paper, and say what became of it."
            .clone_into(&mut view.next_step);
    }
    Ok(WithJobs {
        view,
        queued: views(queued),
        for_people: views(for_people),
    })
}

pub(super) async fn test(
    State(api): State<Api>,
    Path(printer): Path<String>,
) -> Result<Response, Problem> {
    let printer = api.shell.printer(&printer)?.id;
    let job = api.shell.test_page(printer).await?;
    Ok((StatusCode::ACCEPTED, Json(JobView::from(job))).into_response())
}

#[derive(Debug, Deserialize)]
struct DrawerBody {
    name: String,
    reason: String,
}

/// Opens a device's cash drawer; why is kept for good.
pub(super) async fn drawer(
    State(api): State<Api>,
    Path(device): Path<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let device = device_id(&api, &device)?;
    let (parts, body) = request.into_parts();
    let body: DrawerBody = json_body(&parts.headers, body, &["name", "reason"]).await?;
    let (name, reason) = who_and_why(&body.name, &body.reason)?;
    let kick = api.shell.open_drawer(device.clone(), name, reason).await?;
    Ok(Json(json!({ "device": device, "drawer": kick })))
}
