//! The terminal as an HTTPS server. The little of HTTP/1.1 that it needs is written here, so that it
//! can break off wherever a real one might.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use drivers::Mono;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinSet,
    time::{sleep_until, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::machine::{MAX_BODY, Said, Terminal};
use crate::serve::{Handle, Shared};

/// Longest head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the terminal is looked at when it waits for nothing.
const LOOK: Duration = Duration::from_secs(1);

/// Who a terminal is: a certificate, and the root that it chains to.
pub struct Identity {
    root: String,
    config: Arc<ServerConfig>,
}

impl Identity {
    /// Makes a root, and a certificate for this common name.
    ///
    /// # Errors
    /// When the name cannot stand in a certificate.
    pub fn new(common_name: &str) -> io::Result<Self> {
        let named = |name: &str| -> Result<CertificateParams, rcgen::Error> {
            let mut params = CertificateParams::new(Vec::new())?;
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, name);
            Ok(params)
        };
        let make = || -> Result<_, rcgen::Error> {
            let mut params = named("Simulated Terminal Fleet")?;
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let root = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
            let mut params = named(common_name)?;
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            let key = KeyPair::generate()?;
            let certificate = params.signed_by(&key, &root)?;
            Ok((root.pem(), certificate.der().clone(), key.serialize_der()))
        };
        let (root, certificate, key) = make().map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .map_err(io::Error::other)?;
        Ok(Self {
            root,
            config: Arc::new(config),
        })
    }

    /// The root that a client must trust, as PEM.
    pub fn root(&self) -> &str {
        &self.root
    }
}

impl Terminal {
    /// Serves it over HTTPS, and gives the address taken.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn serve_https(
        self,
        address: SocketAddr,
        identity: &Identity,
    ) -> io::Result<(SocketAddr, Handle<Self>)> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Shared::new(self);
        let hub = Arc::new(Hub {
            shared: Arc::clone(&shared),
            acceptor: TlsAcceptor::from(Arc::clone(&identity.config)),
            waiting: Mutex::default(),
            count: AtomicU64::new(0),
        });
        let task = tokio::spawn(async move {
            // The conversations end with this task.
            let mut conversations = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        if let Ok((stream, _)) = accepted {
                            conversations.spawn(converse(Arc::clone(&hub), stream));
                        }
                    }
                    () = hub.speak() => {}
                    Some(_) = conversations.join_next() => {}
                }
            }
        });
        Ok((address, Handle::of(shared, task)))
    }
}

/// The terminal, and who waits for its answers.
struct Hub {
    shared: Arc<Shared<Terminal>>,
    acceptor: TlsAcceptor,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Said>>>,
    count: AtomicU64,
}

impl Hub {
    /// Hands over what the terminal has to say, then waits until there may be more.
    async fn speak(&self) {
        while let Some(said) = self
            .shared
            .with(|terminal| terminal.next(self.shared.now()))
        {
            let exchange = match &said {
                Said::Answer(exchange, _)
                | Said::InPieces(exchange, _)
                | Said::Half(exchange, _)
                | Said::HangUp(exchange) => *exchange,
                // HTTP has no place for it.
                Said::Stray(_) => continue,
            };
            if let Some(waits) = self.waiting().remove(&exchange)
                && waits.send(said).is_err()
            {
                tracing::debug!("a client did not wait for its answer");
            }
        }
        let later = self.shared.now() + LOOK;
        let due: Mono = self.shared.with(|terminal| terminal.due()).unwrap_or(later);
        tokio::select! {
            () = sleep_until(self.shared.moment(due.min(later))) => {}
            () = self.shared.wake.notified() => {}
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<Said>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn converse(hub: Arc<Hub>, stream: TcpStream) {
    if let Err(error) = exchange(&hub, stream).await {
        tracing::debug!(kind = ?error.kind(), "a client's connection broke");
    }
}

/// One request and its answer.
async fn exchange(hub: &Hub, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = timeout(PATIENCE, hub.acceptor.accept(stream)).await??;
    let body = match timeout(PATIENCE, read_request(&mut stream)).await?? {
        Ok(body) => body,
        Err(status) => {
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            return stream.shutdown().await;
        }
    };
    let number = hub.count.fetch_add(1, Ordering::Relaxed);
    let (tell, told) = oneshot::channel();
    hub.waiting().insert(number, tell);
    let shared = &hub.shared;
    shared.with(|terminal| terminal.ask(shared.now(), number, &body));
    shared.wake.notify_one();
    let mut more = [0; 1];
    let said = tokio::select! {
        said = told => said.map_err(io::Error::other)?,
        // A client that has asked says nothing more: it has gone.
        _ = stream.read(&mut more) => {
            hub.waiting().remove(&number);
            shared.with(|terminal| terminal.forget(number));
            return Ok(());
        }
    };
    answer(&mut stream, said).await
}

async fn answer(stream: &mut (impl AsyncWrite + Unpin), said: Said) -> io::Result<()> {
    let head = |body: &[u8]| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            body.len()
        )
    };
    match said {
        Said::Answer(_, body) => {
            stream.write_all(head(&body).as_bytes()).await?;
            stream.write_all(&body).await?;
            stream.shutdown().await
        }
        Said::InPieces(_, body) => {
            for byte in head(&body).bytes().chain(body) {
                stream.write_all(&[byte]).await?;
                stream.flush().await?;
            }
            stream.shutdown().await
        }
        Said::Half(_, body) => {
            stream.write_all(head(&body).as_bytes()).await?;
            let half = body.get(..body.len() / 2).unwrap_or_default();
            stream.write_all(half).await?;
            stream.flush().await
        }
        Said::Stray(_) | Said::HangUp(_) => Ok(()),
    }
}

/// The body of a request, or the status that it is refused with.
async fn read_request(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<Result<Vec<u8>, &'static str>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
            let length = match wanted(&head) {
                Ok(length) => length,
                Err(status) => return Ok(Err(status)),
            };
            let mut body = bytes.split_off(end + 4);
            while body.len() < length {
                let count = stream.read(&mut buffer).await?;
                if count == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                body.extend(buffer.get(..count).unwrap_or_default());
            }
            body.truncate(length);
            return Ok(Ok(body));
        }
        if bytes.len() > MAX_HEAD {
            return Ok(Err("431 Request Header Fields Too Large"));
        }
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend(buffer.get(..count).unwrap_or_default());
    }
}

/// The length of the body that a head announces.
fn wanted(head: &str) -> Result<usize, &'static str> {
    let mut lines = head.split("\r\n");
    if lines.next() != Some("POST /nexo HTTP/1.1") {
        return Err("404 Not Found");
    }
    let headers: HashMap<String, &str> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .collect();
    if headers.get("content-type") != Some(&"application/json") {
        return Err("415 Unsupported Media Type");
    }
    let length = headers.get("content-length").and_then(|l| l.parse().ok());
    match length {
        None => Err("411 Length Required"),
        Some(length) if length > MAX_BODY => Err("413 Content Too Large"),
        Some(length) => Ok(length),
    }
}
