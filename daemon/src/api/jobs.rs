//! `/v1/jobs`

use axum::{
    Json,
    extract::{Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use payment::Text;
use serde::Deserialize;
use sync::queue::{JobId, JobOutcome};

use super::{
    Api,
    payments::{json_body, plain},
    view::JobView,
};
use crate::problem::Problem;

fn job_id(text: &str) -> Result<JobId, Problem> {
    text.parse().map_err(|_| Problem::UnknownJob(plain(text)))
}

/// Who says it: not nobody.
fn who(name: &str) -> Result<Text, Problem> {
    let name = Text::new(name.trim());
    if name.is_empty() {
        let text = "name must say who decided";
        return Err(Problem::InvalidField(text.to_owned()));
    }
    Ok(name)
}

pub(super) async fn show(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<JobView>, Problem> {
    Ok(Json(api.shell.job(job_id(&id)?).await?.into()))
}

#[derive(Debug, Deserialize)]
struct CancelBody {
    name: String,
}

/// Takes a job back, as far as its printer can.
pub(super) async fn cancel(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = job_id(&id)?;
    let (parts, body) = request.into_parts();
    let body: CancelBody = json_body(&parts.headers, body, &["name"]).await?;
    let job = api.shell.cancel_job(id, who(&body.name)?).await?;
    Ok((StatusCode::ACCEPTED, Json(JobView::from(job))).into_response())
}

#[derive(Debug, Deserialize)]
struct ResolveBody {
    outcome: String,
    name: String,
}

/// Keeps a person's word on what became of a job.
pub(super) async fn resolve(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<JobView>, Problem> {
    let id = job_id(&id)?;
    let (parts, body) = request.into_parts();
    let body: ResolveBody = json_body(&parts.headers, body, &["outcome", "name"]).await?;
    let name = who(&body.name)?;
    let outcome = match body.outcome.as_str() {
        "came_out" => JobOutcome::CameOut,
        "copy" => JobOutcome::Copy,
        "not_needed" => JobOutcome::NotNeeded,
        _ => {
            let text = "outcome is came_out, copy or not_needed";
            return Err(Problem::InvalidField(text.to_owned()));
        }
    };
    Ok(Json(api.shell.resolve_job(id, outcome, name).await?.into()))
}
