//! TCP connections that we open.

use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::error::Fault;

/// How long a device in the same building may take to accept.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A silent peer is found dead after 10 + 3 × 5 seconds.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_PROBES: u32 = 3;

pub(super) async fn open(host: &str, port: u16) -> Result<TcpStream, Fault> {
    timeout(CONNECT_TIMEOUT, connect(host, port))
        .await
        .unwrap_or(Err(Fault::NoAnswer))
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, Fault> {
    let addresses: Vec<_> = lookup_host((host, port))
        .await
        .map_err(Fault::UnknownHost)?
        .collect();
    let stream = TcpStream::connect(addresses.as_slice()).await?;
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_IDLE)
        .with_interval(KEEPALIVE_INTERVAL)
        .with_retries(KEEPALIVE_PROBES);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}
