//! Who may call: loopback names and our own page only, with the token; or users that the kernel
//! vouches for (law 12).

use std::{
    fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, Request, State, connect_info::Connected},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
    serve::IncomingStream,
};
use nix::unistd::{Gid, Uid, User};
use subtle::ConstantTimeEq;
use tokio::net::UnixListener;

use crate::problem::Problem;

/// The bearer token of the loopback API: 32 random bytes in hex, made at the first start.
#[derive(Clone)]
pub struct Token(String);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read or made.
    #[error("cannot read or create the token {path}: {source}; check who owns the directory")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{0} holds no token; delete it, and the next start makes a new one")]
    NotAToken(PathBuf),
    /// No randomness.
    #[error("the system gives no random numbers: {0}")]
    NoRandom(getrandom::Error),
}

impl Token {
    /// Reads the token, or makes it with mode 0600 if there is none yet.
    ///
    /// # Errors
    /// When the file can neither be read nor made, or holds something else.
    pub fn read_or_create(path: &Path) -> Result<Self, TokenError> {
        match Self::read(path) {
            Err(TokenError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            known => return known,
        }
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(TokenError::NoRandom)?;
        let token = hex::encode(random);
        let io = |source| TokenError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(io)?;
        writeln!(file, "{token}")
            .and_then(|()| file.sync_all())
            .map_err(io)?;
        Ok(Self(token))
    }

    /// Reads the token.
    ///
    /// # Errors
    /// When the file cannot be read or holds something else.
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let text = fs::read_to_string(path).map_err(|source| TokenError::Io {
            path: path.to_owned(),
            source,
        })?;
        let token = text.trim();
        let ok = token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit());
        if ok {
            Ok(Self(token.to_owned()))
        } else {
            Err(TokenError::NotAToken(path.to_owned()))
        }
    }

    /// The token itself. Not for logs.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }
}

pub(super) async fn token(
    State(token): State<Arc<Token>>,
    request: Request,
    next: Next,
) -> Response {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    match given {
        Some(given) if token.is(given.trim()) => next.run(request).await,
        Some(_) | None => Problem::Unauthorized.into_response(),
    }
}

/// The port that a loopback name must go with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Port(pub(super) u16);

/// Refuses names that are not this machine's own (DNS rebinding) and pages from elsewhere.
pub(super) async fn same_machine(
    State(Port(port)): State<Port>,
    request: Request,
    next: Next,
) -> Response {
    match check_names(request.headers(), port) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Whether a request names this machine, and comes from no foreign page.
///
/// # Errors
/// When it does not, or it cannot be told.
pub fn check_names(headers: &HeaderMap, port: u16) -> Result<(), Problem> {
    let ours = ["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}"));
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts
        .next()
        .and_then(|h| h.to_str().ok())
        .unwrap_or_default();
    if !ours.iter().any(|name| name.eq_ignore_ascii_case(host)) || hosts.next().is_some() {
        return Err(Problem::ForbiddenHost);
    }
    let foreign = headers.get_all(header::ORIGIN).iter().any(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        !ours
            .iter()
            .any(|name| origin.eq_ignore_ascii_case(&format!("http://{name}")))
    });
    if foreign && !payment::planted(12) {
        Err(Problem::ForbiddenOrigin)
    } else {
        Ok(())
    }
}

/// Who is at the other end of the Unix socket, as the kernel knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    user: Option<u32>,
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self {
            user: stream.io().peer_cred().ok().map(|peer| peer.uid()),
        }
    }
}

/// Which users may use the socket: root, the daemon's own user, and the members of its group.
#[derive(Debug, Clone, Copy)]
pub struct SocketUsers {
    own: Uid,
    group: Gid,
}

impl SocketUsers {
    /// For the user and group that this process runs as.
    pub fn of_this_process() -> Self {
        Self {
            own: Uid::effective(),
            group: Gid::effective(),
        }
    }

    fn may(self, user: Uid) -> bool {
        user.is_root() || user == self.own || self.is_member(user)
    }

    fn is_member(self, user: Uid) -> bool {
        let Ok(Some(user)) = User::from_uid(user) else {
            return false;
        };
        let Ok(name) = std::ffi::CString::new(user.name) else {
            return false;
        };
        let groups = nix::unistd::getgrouplist(&name, user.gid).unwrap_or_default();
        // Group 0 is everybody's on some systems; being in it says nothing.
        self.group.as_raw() != 0 && groups.contains(&self.group)
    }
}

pub(super) async fn socket_user(
    State(users): State<Arc<SocketUsers>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    match peer.user {
        Some(user) if users.may(Uid::from_raw(user)) => next.run(request).await,
        Some(_) | None => Problem::ForbiddenUser.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, origin: Option<&str>) -> Result<(), Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        check_names(&headers, 8455)
    }

    #[test]
    fn only_loopback_names_with_our_port_are_ours() {
        for host in [
            "127.0.0.1:8455",
            "localhost:8455",
            "LOCALHOST:8455",
            "[::1]:8455",
        ] {
            assert_eq!(check(host, None), Ok(()), "{host}");
        }
        for host in [
            "",
            "127.0.0.1",
            "127.0.0.1:80",
            "evil.example:8455",
            "localhost.evil:8455",
        ] {
            assert_eq!(check(host, None), Err(Problem::ForbiddenHost), "{host}");
        }
    }

    #[test]
    fn only_our_own_page_may_call() {
        assert_eq!(
            check("127.0.0.1:8455", Some("http://127.0.0.1:8455")),
            Ok(())
        );
        for origin in [
            "null",
            "https://127.0.0.1:8455",
            "http://127.0.0.1:1",
            "http://evil.example",
        ] {
            let answer = check("127.0.0.1:8455", Some(origin));
            assert_eq!(answer, Err(Problem::ForbiddenOrigin), "{origin}");
        }
    }

    #[test]
    fn the_token_is_made_once_and_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let first = Token::read_or_create(&path).unwrap();
        let again = Token::read_or_create(&path).unwrap();
        assert_eq!(first.expose(), again.expose());
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(first.is(again.expose()) && !first.is("x") && !first.is(""));
        fs::write(&path, "short").unwrap();
        assert!(matches!(
            Token::read_or_create(&path),
            Err(TokenError::NotAToken(_))
        ));
    }
}
