//! iVvy's signature ("Signing the request"; checked against the official SDK's).

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;

/// The value of `Content-Type`, which is part of what is signed.
pub(super) const CONTENT_TYPE: &str = "application/json";
/// The value of `X-Api-Version`, which is part of what is signed.
pub(super) const API_VERSION: &str = "1.0";

/// `Content-MD5`: lower-case hex, not the base64 of RFC 1864.
pub(super) fn content_md5(body: &[u8]) -> String {
    hex::encode(Md5::digest(body))
}

/// The text that is signed, lower-cased as a whole. `date` is the value of `IVVY-Date`; the
/// place of `Date` stays empty.
pub(super) fn string_to_sign(md5: &str, uri: &str, date: &str) -> String {
    format!("POST{md5}{CONTENT_TYPE}{uri}{API_VERSION}IVVYDate={date}").to_lowercase()
}

/// Lower-case hex HMAC-SHA1. `None` for a key that HMAC cannot take, which does not exist.
pub(super) fn signature(secret: &str, text: &str) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(text.as_bytes());
    Some(hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "posta09f600c77a6dbd947db24c61e8935caapplication/json\
                      /api/1.0/test?action=ping1.0ivvydate=2012-04-03 22:23:24";

    #[test]
    fn the_official_string_is_built() {
        let md5 = content_md5(br#"{"example":"body"}"#);
        assert_eq!(md5, "a09f600c77a6dbd947db24c61e8935ca");
        assert_eq!(content_md5(b""), "d41d8cd98f00b204e9800998ecf8427e");
        let text = string_to_sign(&md5, "/api/1.0/test?action=ping", "2012-04-03 22:23:24");
        assert_eq!(text, V1);
    }

    #[test]
    fn signatures_are_the_known_ones() {
        for (secret, text, expected) in [
            (
                "my secret key",
                "string to sign",
                "a993876ea1218921a1c8551923473da7b310dfae",
            ),
            (
                "my secret key",
                V1,
                "74af7ec6fec55dc88543e05096c69cebaf391eb9",
            ),
            ("foo", V1, "8c7a8f2bcd32aa06d9c4097653bee4106b64fe81"),
        ] {
            assert_eq!(signature(secret, text).unwrap(), expected);
        }
    }
}
