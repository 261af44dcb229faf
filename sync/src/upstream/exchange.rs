//! Requests and answers as data. Their `Debug` shows neither secrets nor bodies.

use std::{borrow::Cow, fmt, time::Duration};

use jiff::{Timestamp, fmt::rfc2822};
use payment::Text;

use super::Class;

/// A request, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Such as `POST`.
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_ref()).collect();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("headers", &headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// What became of a request.
#[derive(Clone, PartialEq, Eq)]
pub enum HttpAnswer {
    /// An answer came.
    Response {
        /// The status.
        status: u16,
        /// The server's clock (`Date`).
        date: Option<Timestamp>,
        /// How long the server wants to be left alone (`Retry-After`: seconds, or a moment).
        retry_after: Option<Duration>,
        /// The body, at most [`HttpAnswer::MAX_BODY`] bytes.
        body: Vec<u8>,
    },
    /// No byte of the request left: no name, no connection, no TLS.
    NotSent {
        /// What happened.
        reason: Text,
    },
    /// No byte of it left, and none of another would: this machine cannot send until a person mends it.
    Unable {
        /// What happened, and what to do.
        reason: Text,
    },
    /// The request may have arrived, but no whole answer came.
    Lost {
        /// What happened.
        reason: Text,
    },
}

impl HttpAnswer {
    /// Longest body that is read, in bytes.
    pub const MAX_BODY: usize = 1024 * 1024;

    /// An answer from its raw parts; headers that cannot be read are left out.
    pub fn response(
        status: u16,
        date: Option<&str>,
        retry_after: Option<&str>,
        body: Vec<u8>,
    ) -> Self {
        let date = date.and_then(http_date);
        let retry_after = retry_after.map(str::trim).and_then(|text| {
            let seconds = text.parse().ok().map(Duration::from_secs);
            // A moment is counted from the server's own time.
            let until = || http_date(text)?.duration_since(date?).try_into().ok();
            seconds.or_else(until)
        });
        Self::Response {
            status,
            date,
            retry_after,
            body,
        }
    }

    /// Status and body; where no whole answer came, what that means, whatever the upstream.
    pub(super) fn whole(&self) -> Result<(u16, &[u8]), Class> {
        match self {
            Self::Response { status, body, .. } => Ok((*status, body)),
            Self::NotSent { reason } => Err(Class::NotSent {
                reason: reason.clone(),
            }),
            Self::Unable { reason } => Err(Class::Parked {
                reason: reason.clone(),
            }),
            Self::Lost { reason } => Err(Class::Ambiguous {
                reason: reason.clone(),
            }),
        }
    }

    /// How long the server wants to be left alone.
    pub fn wish(&self) -> Option<Duration> {
        match self {
            Self::Response { retry_after, .. } => *retry_after,
            Self::NotSent { .. } | Self::Unable { .. } | Self::Lost { .. } => None,
        }
    }
}

/// RFC 9110, 5.6.7: `Sat, 21 Nov 2026 00:10:00 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    let zoned = rfc2822::DateTimeParser::new().parse_zoned(text).ok()?;
    Some(zoned.timestamp())
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response { status, body, .. } => f
                .debug_struct("Response")
                .field("status", status)
                .field("body_bytes", &body.len())
                .finish_non_exhaustive(),
            Self::NotSent { reason } => f.debug_tuple("NotSent").field(reason).finish(),
            Self::Unable { reason } => f.debug_tuple("Unable").field(reason).finish(),
            Self::Lost { reason } => f.debug_tuple("Lost").field(reason).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let request = HttpRequest {
            method: "POST",
            url: "https://upstream.example/x".into(),
            headers: vec![("Authorization".into(), "secret".into())],
            body: b"secret".to_vec(),
        };
        let answer = HttpAnswer::response(200, None, None, b"secret".to_vec());
        assert!(!format!("{request:?} {answer:?}").contains("secret"));
    }

    #[test]
    fn headers_are_read_or_left_out() {
        let check = |date, retry, expected: &str| {
            let HttpAnswer::Response {
                date, retry_after, ..
            } = HttpAnswer::response(200, date, retry, vec![])
            else {
                panic!("a response");
            };
            assert_eq!(format!("{date:?} {retry_after:?}"), expected);
        };
        check(
            Some("Sat, 21 Nov 2026 00:10:00 GMT"),
            Some("120"),
            "Some(2026-11-21T00:10:00Z) Some(120s)",
        );
        check(
            Some("Sat, 21 Nov 2026 00:10:00 GMT"),
            Some("Sat, 21 Nov 2026 00:12:30 GMT"),
            "Some(2026-11-21T00:10:00Z) Some(150s)",
        );
        check(None, Some("Sat, 21 Nov 2026 00:12:30 GMT"), "None None");
        check(Some("yesterday"), Some("soon"), "None None");
        check(None, Some("-1"), "None None");
    }
}
