//! The real way to an upstream: HTTP by reqwest.

use std::time::Duration;

use payment::Text;
use reqwest::{Method, Response, header, redirect, retry};

use super::Http;
use crate::upstream::{HttpAnswer, HttpRequest};

/// For the name, the connection and TLS together.
const CONNECT: Duration = Duration::from_secs(5);
/// For all of a request.
const TOTAL: Duration = Duration::from_secs(30);
/// A connection that a server has dropped meanwhile makes a payment ambiguous: so none is kept
/// for longer than a backlog needs.
const KEEP_IDLE: Duration = Duration::from_secs(3);

/// An HTTP client, for all upstreams. The process must have installed a rustls provider.
#[derive(Debug, Clone)]
pub struct Client(reqwest::Client);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot start; check the machine's root certificates")]
pub struct ClientError(#[from] reqwest::Error);

impl Client {
    /// Builds the client. Takes milliseconds (root certificates): once, after the start.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self, ClientError> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .pool_idle_timeout(KEEP_IDLE)
            .redirect(redirect::Policy::none())
            // Whether something is sent again is the rules' decision only.
            .retry(retry::never())
            .referer(false)
            .user_agent(concat!("tilld/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(client))
    }
}

impl Http for Client {
    async fn send(&self, request: HttpRequest) -> HttpAnswer {
        let Ok(method) = Method::from_bytes(request.method.as_bytes()) else {
            return not_sent("The request's method is not one of HTTP's.");
        };
        let mut builder = self.0.request(method, &request.url).body(request.body);
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
