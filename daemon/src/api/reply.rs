//! Problems as RFC 9457 documents.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::problem::Problem;

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (kind, status) = self.kind();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = json!({
            "type": format!("urn:tilld:problem:{kind}"),
            "title": kind.replace('-', " "),
            "status": status.as_u16(),
            "detail": self.to_string(),
        });
        if let (Some(payment), Some(fields)) = (self.payment(), body.as_object_mut()) {
            fields.insert("payment".to_owned(), json!(payment));
        }
        tracing::info!(problem = kind, "refused");
        let json = HeaderValue::from_static("application/problem+json");
        (status, [(header::CONTENT_TYPE, json)], body.to_string()).into_response()
    }
}
