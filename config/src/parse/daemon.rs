//! `[daemon]`

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use jiff::civil::Time;
use payment::Text;

use super::{receipt::lines, section::Section};
use crate::Daemon;

pub(super) const KEYS: [&str; 5] = ["state_dir", "listen", "socket", "merchant", "reconcile_at"];

/// When desks are closed, and no clock is set.
const RECONCILE_AT: Time = Time::constant(4, 30, 0, 0);

/// Longest path of a Unix socket: `sun_path` of unix(7), less its end.
const SOCKET_BYTES: usize = 107;

/// What holds without `[daemon]`.
pub(super) fn default() -> Daemon {
    Daemon {
        state_dir: "/var/lib/tilld".into(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8455)),
        socket: "/run/tilld/tilld.sock".into(),
        reconcile_at: Some(RECONCILE_AT),
    }
}

/// The daemon, and the lines at the head of its receipts.
pub(super) fn read(mut section: Section<'_, '_, '_>) -> Option<(Daemon, Vec<Text>)> {
    let default = default();
    let state_dir = path(&mut section, "state_dir", default.state_dir);
    let socket = path(&mut section, "socket", default.socket);
    let listen = listen(&mut section, default.listen);
    let merchant = lines(&mut section, "merchant");
    let reconcile_at = time_of_day(&mut section, default.reconcile_at);
    let daemon = Daemon {
        state_dir: state_dir?,
        listen: listen?,
        socket: socket?,
        reconcile_at,
    };
    if daemon.socket.as_os_str().len() > SOCKET_BYTES {
        section.note(
            "socket",
            format!("is longer than {SOCKET_BYTES} bytes, the most for a socket; shorten the path"),
        );
    }
    Some((daemon, merchant?))
}

/// `04:30`, or `off`.
fn time_of_day(section: &mut Section<'_, '_, '_>, default: Option<Time>) -> Option<Time> {
    if !section.has("reconcile_at") {
        return default;
    }
    let text = section.text("reconcile_at")?;
    if text == "off" {
        return None;
    }
    let time = Time::strptime("%H:%M", text).ok();
    if time.is_none() {
        section.note(
            "reconcile_at",
            format!("“{text}” is not a time of day; write for example “04:30”, or “off”"),
        );
    }
    time
}

fn path(section: &mut Section<'_, '_, '_>, key: &str, default: PathBuf) -> Option<PathBuf> {
    if !section.has(key) {
        return Some(default);
    }
    let text = section.text(key)?;
    if !text.starts_with('/') {
        section.note(
            key,
            format!("“{text}” is not a whole path; begin it with “/”"),
        );
        return None;
    }
    Some(text.into())
}

fn listen(section: &mut Section<'_, '_, '_>, default: SocketAddr) -> Option<SocketAddr> {
    if !section.has("listen") {
        return Some(default);
    }
    let text = section.text("listen")?;
    let Ok(address) = text.parse::<SocketAddr>() else {
        section.note(
            "listen",
            format!("“{text}” is not an address and a port; write for example “127.0.0.1:8455”"),
        );
        return None;
    };
    if !address.ip().is_loopback() {
        section.note(
            "listen",
            format!(
                "“{text}” can be reached from other machines; write a loopback address such as \
                 “127.0.0.1:8455” or “[::1]:8455”"
            ),
        );
        return None;
    }
    Some(address)
}
