//! `/v1/devices/{id}/service`

use axum::{
    Json,
    extract::{Path, Request, State},
};
use payment::{Text, limits};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Api, closings::device_id, payments::json_body};
use crate::{
    engine::{ServiceWish, Taken},
    problem::Problem,
};

#[derive(Debug, Deserialize)]
struct ServiceBody {
    service: String,
    /// Only for `display_text`.
    #[serde(default)]
    text: Option<String>,
}

pub(super) async fn serve(
    State(api): State<Api>,
    Path(device): Path<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let device = device_id(&api, &device)?;
    let (parts, body) = request.into_parts();
    let body: ServiceBody = json_body(&parts.headers, body, &["service", "text"]).await?;
    let wish = wish(&body)?;
    match api.shell.serve(device.clone(), wish).await? {
        Taken::Served(text) => Ok(Json(json!({
            "device": device,
            "service": body.service,
            "text": text,
        }))),
        Taken::Accepted(_) | Taken::Ended(_) | Taken::Repeat(_) | Taken::Closing(_) => {
            Err(Problem::StorageFailed)
        }
    }
}

fn wish(body: &ServiceBody) -> Result<ServiceWish, Problem> {
    let invalid = |text: &str| Problem::InvalidField(text.to_owned());
    let wish = match (body.service.as_str(), &body.text) {
        ("display_text", Some(text)) => return Ok(ServiceWish::DisplayText(shown(text)?)),
        ("display_text", None) => return Err(invalid("display_text needs a text")),
        ("diagnosis", _) => ServiceWish::Diagnosis,
        ("initialisation", _) => ServiceWish::Initialisation,
        ("set_clock", _) => ServiceWish::SetClock,
        ("repeat_receipt", _) => ServiceWish::RepeatReceipt,
        ("log_off", _) => ServiceWish::LogOff,
        _ => {
            return Err(invalid(
                "service is diagnosis, initialisation, display_text, set_clock, repeat_receipt or \
                 log_off",
            ));
        }
    };
    match body.text {
        Some(_) => Err(invalid("only display_text takes a text")),
        None => Ok(wish),
    }
}

/// A text for the terminal's display.
fn shown(text: &str) -> Result<Text, Problem> {
    let most = limits::DISPLAY_CHARS;
    if text.chars().any(char::is_control) || text.chars().count() > most {
        return Err(Problem::InvalidField(format!(
            "a text has at most {most} characters, and no line ends or other control characters"
        )));
    }
    let text = Text::new(text.trim());
    if text.is_empty() {
        return Err(Problem::InvalidField("the text is empty".to_owned()));
    }
    Ok(text)
}
