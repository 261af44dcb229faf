//! The sandbox on a socket.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
};
use futures_util::stream;
use jiff::Timestamp;
use tokio::net::TcpListener;

use super::{Answer, Reply, Request, Sandbox, System};

/// A sandbox that its server and its observer share.
pub struct Shared<S>(Arc<Mutex<Sandbox<S>>>);

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Shared<S> {
    /// Shares a sandbox.
    pub fn new(sandbox: Sandbox<S>) -> Self {
        Self(Arc::new(Mutex::new(sandbox)))
    }

    /// The sandbox, to look at and to arm faults. Not to be held while requests should be answered.
    pub fn lock(&self) -> MutexGuard<'_, Sandbox<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers until the listener fails.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve<S: System + Send + 'static>(
    listener: TcpListener,
    sandbox: Shared<S>,
) -> io::Result<()> {
    let router = Router::new().fallback(handle::<S>).with_state(sandbox);
    axum::serve(listener, router).await
}

async fn handle<S: System>(
    State(sandbox): State<Shared<S>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let headers = headers.iter().filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        Some((name.to_string(), value.to_owned()))
    });
    let request = Request {
        method: method.to_string(),
        path_and_query: uri.to_string(),
        headers: headers.collect(),
        body: body.to_vec(),
    };
    let reply = sandbox.lock().handle(now(), &request);
    match reply {
        Reply::Answer(answer) => response(answer),
        Reply::Late(after, answer) => {
            tokio::time::sleep(after).await;
            response(answer)
        }
        // A listening socket cannot be away: what it can do is to break the connection.
        Reply::Dropped | Reply::Away => broken(),
    }
}

fn response(answer: Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response
        .body(Body::from(answer.body))
        .unwrap_or_else(|_| broken())
}

/// A body that fails at once: hyper then drops the connection.
fn broken() -> Response {
    let failure = Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset));
    let mut response = Response::new(Body::from_stream(stream::iter([failure])));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the shell of the sandbox: it reads the clock for it"
)]
fn now() -> Timestamp {
    Timestamp::now()
}
