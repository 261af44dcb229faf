//! The key of Standard Webhooks.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::Secret;

/// A key of 24 to 64 bytes, which the secret holds in base64, mostly behind `whsec_`.
#[derive(Clone)]
pub struct SigningKey {
    secret: Secret,
    bytes: Vec<u8>,
}

/// Why it is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "is not a key of Standard Webhooks; it is whsec_ and then 24 to 64 bytes in base64, as the \
     receiver shows it"
)]
pub struct InvalidSigningKey;

impl SigningKey {
    /// Reads a key.
    ///
    /// # Errors
    /// When the secret is none.
    pub fn parse(secret: Secret) -> Result<Self, InvalidSigningKey> {
        let text = secret.expose();
        let text = text.strip_prefix("whsec_").unwrap_or(text);
        let bytes = STANDARD.decode(text).map_err(|_| InvalidSigningKey)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(InvalidSigningKey);
        }
        Ok(Self { secret, bytes })
    }

    /// The key itself. Not for logs.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// The key as it was written.
    pub(super) fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}
