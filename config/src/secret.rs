//! Secrets stand in files of their own, and never in the configuration.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::Secret;

/// Largest secret, in bytes.
const SECRET_BYTES: u64 = 64 * 1024;

/// Where secrets are read from.
#[derive(Debug, Clone, Default)]
pub struct SecretSource {
    credentials: Option<PathBuf>,
}

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    #[error(
        "is not the name of a credential; write the name that LoadCredential= gives it, of \
         letters, digits, “.”, “-” and “_”"
    )]
    BadName,
    #[error(
        "there are no credentials, since systemd gave no directory of them; start tilld by its \
         unit with LoadCredential={0}:/path, or write {{ file = \"/path\" }}"
    )]
    NoCredentials(String),
    #[error("“{0}” is not a whole path; begin it with “/”")]
    NotAbsolute(String),
    #[error("cannot read {} ({source}); create it, or let the user that runs tilld read it", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is not a file; write the secret into a plain file", path.display())]
    NotAFile { path: PathBuf },
    #[error("{} may be read by others; run: chmod 600 {}", path.display(), path.display())]
    OpenToOthers { path: PathBuf },
    #[error("{} is larger than {SECRET_BYTES} bytes; this is not a secret", path.display())]
    TooLarge { path: PathBuf },
    #[error("{} is not text; a secret is one line of UTF-8", path.display())]
    NotText { path: PathBuf },
    #[error("{} is empty; write the secret into it", path.display())]
    Empty { path: PathBuf },
}

impl SecretSource {
    /// `credentials` is the directory that systemd names in `CREDENTIALS_DIRECTORY`.
    pub fn new(credentials: Option<PathBuf>) -> Self {
        Self { credentials }
    }

    /// The credential of this name. systemd guards its directory, so its mode is not looked at.
    pub(crate) fn credential(&self, name: &str) -> Result<Secret, SecretError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(allowed) {
            return Err(SecretError::BadName);
        }
        let Some(directory) = &self.credentials else {
            return Err(SecretError::NoCredentials(name.to_owned()));
        };
        read(&directory.join(name), Guard::Systemd)
    }

    /// The secret in this file, which only its owner may read.
    #[expect(clippy::unused_self, reason = "every secret comes from the source")]
    pub(crate) fn file(&self, path: &str) -> Result<Secret, SecretError> {
        if !path.starts_with('/') {
            return Err(SecretError::NotAbsolute(path.to_owned()));
        }
        read(Path::new(path), Guard::Mode)
    }
}

/// Who keeps others from reading a secret.
#[derive(Clone, Copy, PartialEq)]
enum Guard {
    Systemd,
    Mode,
}

fn read(path: &Path, guard: Guard) -> Result<Secret, SecretError> {
    let unreadable = |source| SecretError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let path_buf = || path.to_owned();
    let meta = fs::metadata(path).map_err(unreadable)?;
    // A device or a pipe could have no end.
    if !meta.is_file() {
        return Err(SecretError::NotAFile { path: path_buf() });
    }
    if guard == Guard::Mode && meta.permissions().mode() & 0o077 != 0 {
        return Err(SecretError::OpenToOthers { path: path_buf() });
    }
    if meta.len() > SECRET_BYTES {
        return Err(SecretError::TooLarge { path: path_buf() });
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| SecretError::NotText { path: path_buf() })?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(SecretError::Empty { path: path_buf() });
    }
    Ok(Secret::new(secret.to_owned()))
}
