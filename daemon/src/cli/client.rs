//! A small client of the API, for `till` and the demo.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::api::{Token, TokenError};

/// Where the daemon is.
#[derive(Debug, Clone)]
pub enum Address {
    /// Its Unix socket.
    Socket(PathBuf),
    /// Its loopback port and the file with the token.
    Loopback {
        /// Such as `http://127.0.0.1:8455`.
        url: String,
        /// The token's file.
        token: PathBuf,
    },
}

/// A client of one daemon.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<Token>,
}

/// Why a call did not come to an answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// No daemon has ever made a token there.
    #[error(
        "there is no {0}, so tilld never ran with this configuration. Start it, or name its \
         configuration with --config"
    )]
    NeverRan(PathBuf),
    /// The daemon is not there.
    #[error(
        "the daemon does not answer at {at}: {source}. Is it running? Try: systemctl status tilld"
    )]
    Unreachable {
        /// Where it was looked for.
        at: String,
        /// What happened.
        source: reqwest::Error,
    },
    /// The connection broke in the middle.
    #[error("the connection to the daemon broke: {0}")]
    Broken(reqwest::Error),
    /// What was answered cannot be kept.
    #[error("cannot write the file: {0}. Look at its disk")]
    File(io::Error),
    /// A problem document: its detail, and what it is about.
    #[error("{detail}")]
    Refused {
        /// The problem's stable type, without the common part.
        kind: String,
        /// The sentence.
        detail: String,
    },
    /// Not an answer of the daemon.
    #[error("the daemon's answer ({0}) cannot be understood")]
    Strange(StatusCode),
}

impl Client {
    /// Makes ready to call.
    ///
    /// # Errors
    /// When the token cannot be read or the client cannot be made.
    pub fn new(address: &Address) -> Result<Self, CallError> {
        crate::install_tls();
        let builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(3));
        let (builder, base, token) = match address {
            Address::Socket(path) => (
                builder.unix_socket(path.as_path()),
                "http://localhost".to_owned(),
                None,
            ),
            Address::Loopback { url, token } => (
                builder,
                url.trim_end_matches('/').to_owned(),
                Some(Token::read(token).map_err(never_ran)?),
            ),
        };
        let http = builder.build().map_err(CallError::Broken)?;
        Ok(Self { http, base, token })
    }

    /// The address of whatever is there: the socket if it exists, else the loopback port.
    pub fn find(config: &config::Daemon) -> Address {
        if config.socket.exists() {
            return Address::Socket(config.socket.clone());
        }
        Address::Loopback {
            url: format!("http://{}", config.listen),
            token: token_file(&config.state_dir),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    /// Gets a JSON document.
    ///
    /// # Errors
    /// When there is no answer, or the answer is a problem.
    pub async fn get(&self, path: &str) -> Result<Value, CallError> {
        read(self.send(self.request(Method::GET, path)).await?).await
    }

    /// Gets a text, such as CSV.
    ///
    /// # Errors
    /// When there is no answer, or the answer is a problem.
    pub async fn get_text(&self, path: &str) -> Result<String, CallError> {
        let response = self.send(self.request(Method::GET, path)).await?;
        if response.status().is_success() {
            return response.text().await.map_err(CallError::Broken);
        }
        let status = response.status();
        let problem = read(response).await.err();
        Err(problem.unwrap_or(CallError::Strange(status)))
    }

    /// Posts a JSON document.
    ///
    /// # Errors
    /// When there is no answer, or the answer is a problem.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, CallError> {
        read(self.send(self.json(path, body)).await?).await
    }

    /// Takes a payment.
    ///
    /// # Errors
    /// As [`post_with_key`](Self::post_with_key).
    pub async fn pay(&self, key: &str, body: &Value) -> Result<Value, CallError> {
        self.post_with_key("/v1/payments", key, body).await
    }

    /// Takes a payment by one request.
    ///
    /// # Errors
    /// When there is no answer, or the answer is a problem.
    pub async fn pay_once(&self, key: &str, body: &Value) -> Result<Value, CallError> {
        self.post_once("/v1/payments", key, body).await
    }

    /// Posts a JSON document with an idempotency key. A broken connection, and an outcome that is not
    /// recorded yet, are answered by the same request with the same key, which is never done twice.
    ///
    /// # Errors
    /// When there is no answer after all tries, or the answer is a problem.
    pub async fn post_with_key(
        &self,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Result<Value, CallError> {
        for _ in 1..TRIES {
            match self.post_once(path, key, body).await {
                Err(CallError::Broken(_) | CallError::Unreachable { .. }) => {}
                Err(CallError::Refused { kind, .. }) if kind == NOT_RECORDED => {}
                answer => return answer,
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        self.post_once(path, key, body).await
    }

    async fn post_once(&self, path: &str, key: &str, body: &Value) -> Result<Value, CallError> {
        let request = self.json(path, body).header("Idempotency-Key", key);
        read(self.send(request).await?).await
    }

    /// Opens the stream of events.
    ///
    /// # Errors
    /// When there is no answer, or the answer is a problem.
    pub async fn events(&self) -> Result<Events, CallError> {
        self.stream("/v1/events").await
    }

    /// Opens the stream of events after a journal number.
    ///
    /// # Errors
    /// When there is no answer, or the answer is a problem.
    pub async fn events_after(&self, seq: i64) -> Result<Events, CallError> {
        self.stream(&format!("/v1/events?after={seq}")).await
    }

    /// Gets a file.
    ///
    /// # Errors
    /// When there is no whole answer, the answer is a problem, or the file cannot be written.
    pub async fn download(&self, path: &str, mut to: &std::fs::File) -> Result<(), CallError> {
        let mut response = self.send(self.request(Method::GET, path)).await?;
        if !response.status().is_success() {
            let strange = CallError::Strange(response.status());
            return Err(read(response).await.err().unwrap_or(strange));
        }
        while let Some(piece) = response.chunk().await.map_err(CallError::Broken)? {
            to.write_all(&piece).map_err(CallError::File)?;
        }
        Ok(())
    }

    async fn stream(&self, path: &str) -> Result<Events, CallError> {
        let response = self.send(self.request(Method::GET, path)).await?;
        if response.status().is_success() {
            return Ok(Events {
                response,
                buffer: Vec::new(),
            });
        }
        Err(read(response)
            .await
            .err()
            .unwrap_or(CallError::Strange(StatusCode::OK)))
    }

    fn json(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path)
            .header("Content-Type", "application/json")
            .body(body.to_string())
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, CallError> {
        request.send().await.map_err(|source| {
            if source.is_connect() {
                CallError::Unreachable {
                    at: self.base.clone(),
                    source,
                }
            } else {
                CallError::Broken(source)
            }
        })
    }
}

fn never_ran(error: TokenError) -> CallError {
    match error {
        TokenError::Io { path, source } if source.kind() == io::ErrorKind::NotFound => {
            CallError::NeverRan(path)
        }
        error => CallError::Token(error),
    }
}

/// The problem of an outcome that is not recorded yet: nobody may take it for a refusal.
pub(super) const NOT_RECORDED: &str = "outcome-not-recorded";

/// A daemon that was killed is back within this many tries.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// Where the token lies.
pub fn token_file(state_dir: &Path) -> PathBuf {
    state_dir.join("token")
}

async fn read(response: Response) -> Result<Value, CallError> {
    let status = response.status();
    let bytes = response.bytes().await.map_err(CallError::Broken)?;
    let body: Value = serde_json::from_slice(&bytes).map_err(|_| CallError::Strange(status))?;
    if status.is_success() {
        return Ok(body);
    }
    let text = |field: &str| body.get(field).and_then(Value::as_str).map(str::to_owned);
    match (text("type"), text("detail")) {
        (Some(kind), Some(detail)) => {
            let kind = kind.trim_start_matches("urn:tilld:problem:").to_owned();
            Err(CallError::Refused { kind, detail })
        }
        _ => Err(CallError::Strange(status)),
    }
}

/// Server-sent events, one after the other.
pub struct Events {
    response: Response,
    buffer: Vec<u8>,
}

/// Longest event that is waited for, in bytes.
const EVENT_BYTES: usize = 1024 * 1024;

impl Events {
    /// The next event's name and data; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|w| w == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                if let Some(event) = parse(&String::from_utf8_lossy(&block)) {
                    return Some(event);
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.buffer.extend_from_slice(&chunk);
            if self.buffer.len() > EVENT_BYTES {
                return None;
            }
        }
    }
}

fn parse(block: &str) -> Option<(String, Value)> {
    let field = |name: &str| {
        let mut lines = block.lines();
        lines
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim_start)
    };
    let data = serde_json::from_str(field("data")?).ok()?;
    Some((field("event").unwrap_or("message").to_owned(), data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_never_ran_is_called_that() {
        let dir = tempfile::tempdir().unwrap();
        let token = token_file(dir.path());
        let address = |token: &Path| Address::Loopback {
            url: "http://127.0.0.1:8455".to_owned(),
            token: token.to_owned(),
        };
        let error = Client::new(&address(&token)).err().unwrap();
        assert!(matches!(error, CallError::NeverRan(_)), "{error}");
        std::fs::write(&token, "no token").unwrap();
        let error = Client::new(&address(&token)).err().unwrap();
        assert!(matches!(error, CallError::Token(_)), "{error}");
    }
}
