//! The HTTP API, on loopback and on a Unix socket.
//!
//! Handlers turn requests into words of the engine and answers into JSON. They decide nothing. The
//! same routes are served on both listeners; only the question who is calling differs (`guard`).

mod closings;
mod csv;
mod database;
mod devices;
mod events;
mod guard;
mod invoices;
mod jobs;
mod page;
mod payments;
mod printers;
mod reconciliation;
mod reply;
mod returns;
mod service;
mod slips;
mod sync;
mod view;
mod whole;
mod worklist;

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{get, post},
};
use tokio::net::{TcpListener, UnixListener};

pub(crate) use database::examined_json;
pub use guard::{SocketUsers, Token, TokenError, check_names};
pub(crate) use reconciliation::view as reconciliation_view;

use crate::{problem::Problem, shell::Handle};

/// What handlers share, on both listeners.
#[derive(Clone)]
pub struct Api {
    shell: Handle,
    feed: events::Feed,
}

impl Api {
    /// An API to what the handle leads to.
    pub fn new(shell: Handle) -> Self {
        let feed = events::Feed::new(shell.clone());
        Self { shell, feed }
    }
}

fn routes(api: Api) -> Router {
    Router::new()
        .route("/v1/payments", post(payments::create).get(payments::list))
        .route("/v1/payments/{id}", get(payments::show))
        .route("/v1/payments/{id}/abort", post(payments::abort))
        .route("/v1/payments/{id}/resolve", post(payments::resolve))
        .route("/v1/payments/{id}/handled", post(payments::handled))
        .route("/v1/payments/{id}/copies", post(payments::copy))
        .route("/v1/payments/{id}/cancel", post(returns::cancel))
        .route("/v1/payments/{id}/refund", post(returns::refund))
        .route("/v1/devices", get(devices::list))
        .route("/v1/devices/{id}", get(devices::show))
        .route("/v1/devices/{id}/recover", post(devices::recover))
        .route("/v1/devices/{id}/close", post(closings::close))
        .route("/v1/devices/{id}/closings", get(closings::list))
        .route("/v1/devices/{id}/service", post(service::serve))
        .route("/v1/devices/{id}/slips", get(slips::list))
        .route("/v1/devices/{id}/drawer", post(printers::drawer))
        .route("/v1/printers", get(printers::list))
        .route("/v1/printers/{id}", get(printers::show))
        .route("/v1/printers/{id}/test", post(printers::test))
        .route("/v1/jobs/{id}", get(jobs::show))
        .route("/v1/jobs/{id}/cancel", post(jobs::cancel))
        .route("/v1/jobs/{id}/resolve", post(jobs::resolve))
        .route("/v1/events", get(events::stream))
        .route("/v1/invoices/{invoice}", get(invoices::show))
        .route("/v1/sync", get(sync::list))
        .route("/v1/sync/{payment}/{action}", post(sync::decide))
        .route("/v1/worklist", get(worklist::list))
        .route("/v1/worklist/{payment}/entered", post(worklist::entered))
        .route("/v1/reconciliation", get(reconciliation::show))
        .route("/v1/verify", get(database::verify))
        .route("/v1/backup", get(database::backup))
        .layer(middleware::from_fn(whole::answer))
        .with_state(api)
}

fn open_routes(api: Api) -> Router {
    Router::new()
        .route("/healthz", get(devices::health))
        .with_state(api)
        .merge(page::routes())
}

async fn nothing_here() -> Problem {
    Problem::NotFound
}

async fn wrong_method() -> Problem {
    Problem::MethodNotAllowed
}

/// Serves on loopback: Host and Origin are checked on every request, and all but the page and the
/// health check needs the token (law 12).
///
/// # Errors
/// When the listener fails.
pub async fn serve_tcp(
    listener: TcpListener,
    api: Api,
    token: Token,
) -> Result<(), std::io::Error> {
    let port = listener.local_addr()?.port();
    let token = Arc::new(token);
    let app = routes(api.clone())
        .layer(middleware::from_fn_with_state(token, guard::token))
        .merge(open_routes(api))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(
            guard::Port(port),
            guard::same_machine,
        ));
    axum::serve(listener, app).await
}

/// Serves on the Unix socket: the kernel says who is calling.
///
/// # Errors
/// When the listener fails.
pub async fn serve_unix(
    listener: UnixListener,
    api: Api,
    users: SocketUsers,
) -> Result<(), std::io::Error> {
    let app = routes(api.clone())
        .merge(open_routes(api))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(
            Arc::new(users),
            guard::socket_user,
        ))
        .into_make_service_with_connect_info::<guard::Peer>();
    axum::serve(listener, app).await
}
