//! The local page: three static files. It holds no data; its script asks the API with the token.

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

pub(super) fn routes() -> Router {
    Router::new()
        .route(
            "/",
            get(async || {
                file(
                    "text/html; charset=utf-8",
                    include_str!("../console/index.html"),
                )
            }),
        )
        .route(
            "/console.js",
            get(async || {
                file(
                    "text/javascript; charset=utf-8",
                    include_str!("../console/console.js"),
                )
            }),
        )
        .route(
            "/console.css",
            get(async || {
                file(
                    "text/css; charset=utf-8",
                    include_str!("../console/console.css"),
                )
            }),
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
