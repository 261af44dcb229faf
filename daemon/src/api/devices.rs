//! `/v1/devices` and `/healthz`

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use drivers::printer::Status;
use serde::Serialize;
use serde_json::{Value, json};

use super::Api;
use crate::{engine::DeviceView, problem::Problem};

/// A device with what is known of the printer that its receipts come out of.
#[derive(Debug, Serialize)]
struct WithPrinter {
    #[serde(flatten)]
    device: DeviceView,
    printer_status: Option<PrinterStatus>,
}

#[derive(Debug, Serialize)]
struct PrinterStatus {
    #[serde(flatten)]
    status: Status,
    reachable: Option<bool>,
    next_step: String,
}

fn with_printer(api: &Api, device: &DeviceView) -> WithPrinter {
    let view = device.printer.as_ref();
    let view = view.and_then(|id| api.shell.printers().view(id));
    WithPrinter {
        device: device.clone(),
        printer_status: view.map(|view| PrinterStatus {
            status: view.status,
            reachable: view.reachable,
            next_step: view.next_step,
        }),
    }
}

pub(super) async fn list(State(api): State<Api>) -> Json<Value> {
    let desk = api.shell.desk();
    let devices: Vec<_> = desk.devices.iter().map(|d| with_printer(&api, d)).collect();
    Json(json!({ "devices": devices }))
}

pub(super) async fn show(
    State(api): State<Api>,
    Path(device): Path<String>,
) -> Result<Json<Value>, Problem> {
    let desk = api.shell.desk();
    let known = desk.devices.iter().find(|d| d.id.as_str() == device);
    let known = known.ok_or_else(|| api.shell.unknown_device(&device))?;
    Ok(Json(json!(with_printer(&api, known))))
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
