//! The local pages: static files. They hold no data; their scripts ask the API with the token.

use axum::{
    Router,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
    routing::get,
};

/// Nothing but our own files; no frames, no forms elsewhere, no inline script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

pub(super) fn routes() -> Router {
    let page = include_str!("../console/index.html");
    let worklist = include_str!("../console/worklist.html");
    let common = include_str!("../console/common.js");
    let console = include_str!("../console/console.js");
    let printers = include_str!("../console/printers.js");
    let invoicing = include_str!("../console/invoicing.js");
    let list = include_str!("../console/worklist.js");
    let style = include_str!("../console/console.css");
    Router::new()
        .route("/", get(async || file(HTML, page)))
        .route("/worklist", get(async || file(HTML, worklist)))
        .route("/common.js", get(async || file(SCRIPT, common)))
        .route("/console.js", get(async || file(SCRIPT, console)))
        .route("/printers.js", get(async || file(SCRIPT, printers)))
        .route("/invoicing.js", get(async || file(SCRIPT, invoicing)))
        .route("/worklist.js", get(async || file(SCRIPT, list)))
        .route(
            "/console.css",
            get(async || file("text/css; charset=utf-8", style)),
        )
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}
