//! `/v1/devices` and `/healthz`

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::Api;

pub(super) async fn list(State(api): State<Api>) -> Json<Value> {
    Json(json!({ "devices": api.shell.desk().devices }))
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
