//! HTTPS exchanges as a stream of bytes: a body with its length before it goes out as one request, and
//! its answer comes back in the same form. Four bytes of length, the highest first.
//!
//! Nothing is ever sent twice: no retry, no redirect, no proxy, and every request has a connection of
//! its own. Any exchange that fails ends the link.

use std::{
    collections::VecDeque,
    error::Error,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use reqwest::{Client, StatusCode, header, redirect, retry};
use rustls::pki_types::ServerName;
use tokio::{io::ReadBuf, time::timeout};
use tokio_rustls::TlsConnector;

use super::{error::Fault, tcp, tls, tls::Tls};

/// Longest body of a request or an answer, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;
/// A payment, and its abort beside it.
const AT_ONCE: usize = 2;

type Pending = Pin<Box<dyn Future<Output = Result<Vec<u8>, Fault>> + Send>>;

/// Exchanges with one device.
pub struct Exchange {
    client: Client,
    url: String,
    limit: Duration,
    /// Bytes of requests that are not whole yet.
    outgoing: Vec<u8>,
    /// Bytes of answers that are not read yet.
    incoming: VecDeque<u8>,
    pending: Vec<Pending>,
    reader: Option<Waker>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("url", &self.url)
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}

/// Shakes hands with the device once, so that a wrong port or certificate is found before anything is
/// asked.
pub(super) async fn open(host: &str, port: u16, tls: Option<&Tls>) -> Result<Exchange, Fault> {
    let tls = tls.ok_or(Fault::NobodyTrusted)?;
    let config = tls.client()?;
    shake_hands(host, port, config.clone()).await?;
    let client = Client::builder()
        .tls_backend_preconfigured(config)
        .http1_only()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .pool_max_idle_per_host(0)
        .connect_timeout(tcp::CONNECT_TIMEOUT)
        .timeout(tls.limit)
        .build()
        .map_err(|error| Fault::Other(io::Error::other(error)))?;
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    Ok(Exchange {
        client,
        url: format!("https://{host}:{port}{}", tls.path),
        limit: tls.limit,
        outgoing: Vec::new(),
        incoming: VecDeque::new(),
        pending: Vec::new(),
        reader: None,
    })
}

async fn shake_hands(host: &str, port: u16, config: rustls::ClientConfig) -> Result<(), Fault> {
    let stream = tcp::open(host, port).await?;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| Fault::UnknownHost(io::Error::other(error)))?;
    let connector = TlsConnector::from(Arc::new(config));
    match timeout(tcp::CONNECT_TIMEOUT, connector.connect(name, stream)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(explain(&error)),
        Err(_) => Err(Fault::NoAnswer),
    }
}

impl Exchange {
    /// Takes bytes of requests; every whole one leaves.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend(bytes);
        while let Some(body) = self.next_request().map_err(io::Error::other)? {
            if self.pending.len() >= AT_ONCE {
                return Err(io::Error::other(Fault::TooMany));
            }
            let request = self
                .client
                .post(&self.url)
                .header(header::CONTENT_TYPE, "application/json")
                .body(body);
            self.pending.push(Box::pin(exchange(request, self.limit)));
            if let Some(reader) = self.reader.take() {
                reader.wake();
            }
        }
        Ok(bytes.len())
    }

    fn next_request(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let Some((head, rest)) = self.outgoing.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
        if length > MAX_BODY {
            return Err(Fault::TooLong);
        }
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        let body = body.to_vec();
        self.outgoing.drain(..4 + length);
        Ok(Some(body))
    }

    /// Gives bytes of answers, in the order of their coming.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut failed = None;
        let incoming = &mut self.incoming;
        self.pending.retain_mut(|pending| {
            let Poll::Ready(answer) = pending.as_mut().poll(cx) else {
                return true;
            };
            match answer {
                Ok(body) => {
                    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
                    incoming.extend(length.to_be_bytes());
                    incoming.extend(body);
                }
                Err(fault) => failed = Some(fault),
            }
            false
        });
        if !self.incoming.is_empty() {
            // A failure is told after what came well; its exchange is then missed in time.
            let count = buf.remaining().min(self.incoming.len());
            buf.put_slice(&self.incoming.drain(..count).collect::<Vec<u8>>());
            if let Some(fault) = failed {
                self.pending.push(Box::pin(async { Err(fault) }));
            }
            return Poll::Ready(Ok(()));
        }
        if let Some(fault) = failed {
            return Poll::Ready(Err(io::Error::other(fault)));
        }
        self.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// One request and its answer.
async fn exchange(request: reqwest::RequestBuilder, limit: Duration) -> Result<Vec<u8>, Fault> {
    let failed = |error: reqwest::Error| {
        if error.is_timeout() && !error.is_connect() {
            Fault::Unanswered(limit.as_secs())
        } else {
            explain(&io::Error::other(error.without_url()))
        }
    };
    let mut response = request.send().await.map_err(failed)?;
    let status = response.status();
    if status != StatusCode::OK {
        return Err(Fault::Status(status.as_u16()));
    }
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(failed)? {
        if body.len() + part.len() > MAX_BODY {
            return Err(Fault::TooLong);
        }
        body.extend(part);
    }
    Ok(body)
}

/// What an error means, which may lie deep in others.
fn explain(error: &io::Error) -> Fault {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    let mut kind = error.kind();
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<rustls::Error>() {
            return tls::fault(found);
        }
        if let Some(found) = cause.downcast_ref::<io::Error>() {
            // Its inner error is not among its sources.
            if let Some(found) = found
                .get_ref()
                .and_then(|i| i.downcast_ref::<rustls::Error>())
            {
                return tls::fault(found);
            }
            if found.kind() != io::ErrorKind::Other {
                kind = found.kind();
            }
        }
        next = match cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    match kind {
        io::ErrorKind::Other => Fault::Other(io::Error::other("the device hung up")),
        kind => io::Error::from(kind).into(),
    }
}
