//! `/v1/devices/{id}/close` and `/v1/devices/{id}/closings`

use axum::{
    Json,
    extract::{Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use payment::{
    ClosingId, DeviceId,
    closing::{Closing, ClosingIntent},
};
use serde_json::{Value, json};

use super::{Api, payments::key};
use crate::{engine::Taken, problem::Problem};

/// Most closings that are listed.
const LIST: u16 = 50;

pub(super) async fn close(
    State(api): State<Api>,
    Path(device): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let device = device_id(&api, &device)?;
    let at = api.shell.now();
    let intent = ClosingIntent {
        id: ClosingId::new(at, api.shell.random().ok_or(Problem::StorageFailed)?),
        key: key(request.headers())?,
        device,
        at,
    };
    match api.shell.close(intent).await? {
        Taken::Closing(closing) => Ok((StatusCode::CREATED, Json(view(&closing))).into_response()),
        Taken::Accepted(_) | Taken::Ended(_) | Taken::Repeat(_) | Taken::Served(_) => {
            Err(Problem::StorageFailed)
        }
    }
}

pub(super) async fn list(
    State(api): State<Api>,
    Path(device): Path<String>,
) -> Result<Json<Value>, Problem> {
    let device = device_id(&api, &device)?;
    let closings = api
        .shell
        .read(move |reader| reader.closings(&device, LIST))
        .await?;
    let closings: Vec<Value> = closings.iter().map(view).collect();
    Ok(Json(json!({ "closings": closings })))
}

pub(super) fn device_id(api: &Api, text: &str) -> Result<DeviceId, Problem> {
    text.parse().map_err(|_| api.shell.unknown_device(text))
}

fn view(closing: &Closing) -> Value {
    let mut view = json!(closing);
    if let Some(fields) = view.as_object_mut() {
        fields.insert("next_step".to_owned(), json!(closing.next_step()));
        fields.insert("group".to_owned(), json!(closing.intent.device));
    }
    view
}
