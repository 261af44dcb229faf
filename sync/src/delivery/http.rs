//! The real way to an upstream: HTTP by reqwest.

use std::{sync::Arc, time::Duration};

use payment::Text;
use reqwest::{ClientBuilder, Method, Response, header, redirect, retry};
use tokio::sync::OnceCell;

use super::Http;
use crate::upstream::{HttpAnswer, HttpRequest};

/// For the name, the connection and TLS together.
const CONNECT: Duration = Duration::from_secs(5);
/// For all of a request: after that its answer is lost.
pub const LONGEST_REQUEST: Duration = Duration::from_secs(30);
/// A connection that a server has dropped meanwhile makes a payment ambiguous: so none is kept
/// for longer than a backlog needs.
const KEEP_IDLE: Duration = Duration::from_secs(3);

/// An HTTP client, for all upstreams: clones share its connections. The process must have installed a
/// rustls provider.
///
/// It is built for its first request. That takes milliseconds (root certificates) and memory that a desk
/// with nothing to deliver never needs.
#[derive(Debug, Clone, Default)]
pub struct Client(Arc<Built>);

#[derive(Debug, Default)]
struct Built {
    whole: OnceCell<reqwest::Client>,
    /// Stands in for `http:` where the machine's root certificates cannot be read.
    plain: OnceCell<reqwest::Client>,
}

impl Client {
    async fn built_for(&self, url: &str) -> Option<&reqwest::Client> {
        let needs_tls = !url.starts_with("http://");
        // It is not tried again for what needs no certificates.
        if let Some(plain) = self.0.plain.get().filter(|_| !needs_tls) {
            return Some(plain);
        }
        let whole = || build(reqwest::Client::builder());
        let plain = || build(reqwest::Client::builder().tls_certs_only([]));
        match self.0.whole.get_or_try_init(whole).await {
            Ok(client) => Some(client),
            Err(()) if needs_tls => None,
            Err(()) => self.0.plain.get_or_try_init(plain).await.ok(),
        }
    }
}

async fn build(builder: ClientBuilder) -> Result<reqwest::Client, ()> {
    let built = tokio::task::spawn_blocking(|| configured(builder)).await;
    built.ok().flatten().ok_or(())
}

fn configured(builder: ClientBuilder) -> Option<reqwest::Client> {
    let client = builder
        .connect_timeout(CONNECT)
        .timeout(LONGEST_REQUEST)
        .pool_idle_timeout(KEEP_IDLE)
        .redirect(redirect::Policy::none())
        // Whether something is sent again is the rules' decision only.
        .retry(retry::never())
        .referer(false)
        .user_agent(concat!("tilld/", env!("CARGO_PKG_VERSION")))
        .build();
    client
        .inspect_err(|error| tracing::error!(%error, "TLS cannot be set up"))
        .ok()
}

impl Http for Client {
    async fn send(&self, request: HttpRequest) -> HttpAnswer {
        let Ok(method) = Method::from_bytes(request.method.as_bytes()) else {
            return not_sent("The request's method is not one of HTTP's.");
        };
        let Some(client) = self.built_for(&request.url).await else {
            return HttpAnswer::Unable {
                reason: Text::from("TLS cannot be set up. Check the machine's root certificates."),
            };
        };
        let mut builder = client.request(method, &request.url).body(request.body);
        for (name, value) in &request.headers {
            builder = builder.header(name.as_ref(), value);
        }
        match builder.send().await {
            Ok(response) => read(response).await,
            Err(error) if error.is_builder() => {
                not_sent("The upstream's url is not one. Check the configuration.")
            }
            Err(error) if error.is_dns() => {
                not_sent("The invoicing system's name cannot be looked up. Check the network.")
            }
            Err(error) if error.is_connect() => {
                not_sent("The invoicing system cannot be reached. Check the network.")
            }
            Err(error) if error.is_timeout() => {
                lost("The invoicing system did not answer in time.")
            }
            Err(_) => lost("The connection broke before the invoicing system answered."),
        }
    }
}

/// Reads the whole answer, within its bound.
async fn read(mut response: Response) -> HttpAnswer {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= HttpAnswer::MAX_BODY => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => return lost("The answer is too long to be the invoicing system's."),
            Ok(None) => break,
            Err(_) => return lost("The connection broke in the middle of the answer."),
        }
    }
    let value = |name| response.headers().get(name).and_then(|v| v.to_str().ok());
    HttpAnswer::response(
        response.status().as_u16(),
        value(header::DATE),
        value(header::RETRY_AFTER),
        body,
    )
}

fn not_sent(reason: &str) -> HttpAnswer {
    HttpAnswer::NotSent {
        reason: Text::new(reason),
    }
}

fn lost(reason: &str) -> HttpAnswer {
    HttpAnswer::Lost {
        reason: Text::new(reason),
    }
}
