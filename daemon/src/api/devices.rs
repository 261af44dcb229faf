//! `/v1/devices` and `/healthz`

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};

use super::Api;
use crate::problem::Problem;

pub(super) async fn list(State(api): State<Api>) -> Json<Value> {
    Json(json!({ "devices": api.shell.desk().devices }))
}

pub(super) async fn show(
    State(api): State<Api>,
    Path(device): Path<String>,
) -> Result<Json<Value>, Problem> {
    let desk = api.shell.desk();
    let known = desk.devices.iter().find(|d| d.id.as_str() == device);
    let known = known.ok_or_else(|| api.shell.unknown_device(&device))?;
    Ok(Json(json!(known)))
}

/// Asks a terminal for its last transaction again, to settle a doubt: recovery on demand.
pub(super) async fn recover(
    State(api): State<Api>,
    Path(device): Path<String>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let desk = api.shell.desk();
    let known = desk.devices.iter().find(|d| d.id.as_str() == device);
    let known = known.ok_or_else(|| api.shell.unknown_device(&device))?;
    api.shell.recover(known.id.clone()).await;
    Ok((StatusCode::ACCEPTED, Json(json!(known))))
}

/// Says that the daemon answers, and nothing about payments: it needs no token.
pub(super) async fn health(State(api): State<Api>) -> Json<Value> {
    let desk = api.shell.desk();
    let ready = desk
        .devices
        .iter()
        .all(|d| d.terminal.as_ref().is_none_or(|t| t.ready));
    Json(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "terminals_ready": ready,
    }))
}
