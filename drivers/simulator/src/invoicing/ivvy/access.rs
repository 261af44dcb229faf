//! Who may ask: content hash, date and signature, as iVvy's "Signing the request" says.

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use md5::{Digest, Md5};
use sha1::Sha1;

use super::{super::Request, Refusal};

/// How old, or how far ahead, a request's date may be.
pub(super) const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

const UNAUTHORIZED: Refusal = Refusal {
    code: 401,
    specific: None,
    message: "Unauthorized",
};
const STALE: Refusal = Refusal {
    code: 401,
    specific: Some(23005),
    message: "Request is stale",
};

/// Refuses a request that is not signed with the key, or whose date is not now.
pub(super) fn check(
    api_key: &str,
    secret: &str,
    tolerance: SignedDuration,
    clock: Timestamp,
    request: &Request,
) -> Result<(), Refusal> {
    let header = |name| header(request, name).ok_or(UNAUTHORIZED);
    let md5 = hex::encode(Md5::digest(&request.body));
    if header("content-md5")? != md5 {
        return Err(UNAUTHORIZED);
    }
    let text = format!(
        "POST{md5}{}{}{}{}",
        header("content-type")?,
        request.path_and_query,
        header("x-api-version").unwrap_or_default(),
        ivvy_headers(request)
    );
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).map_err(|_| UNAUTHORIZED)?;
    mac.update(text.to_lowercase().as_bytes());
    let given = header("x-api-authorization")?
        .strip_prefix("IWS ")
        .and_then(|rest| rest.split_once(':'))
        .filter(|(key, _)| *key == api_key)
        .and_then(|(_, signature)| hex::decode(signature).ok())
        .ok_or(UNAUTHORIZED)?;
    mac.verify_slice(&given).map_err(|_| UNAUTHORIZED)?;
    let date = date(header("ivvy-date")?).ok_or(STALE)?;
    if clock.duration_since(date).abs() > tolerance {
        return Err(STALE);
    }
    Ok(())
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let headers = request.headers.iter();
    let mut hits = headers.filter(|(n, _)| n.eq_ignore_ascii_case(name));
    hits.next().map(|(_, value)| value.as_str())
}

/// All headers whose names begin with IVVY, without dashes, sorted and joined.
fn ivvy_headers(request: &Request) -> String {
    let mut found: Vec<String> = request
        .headers
        .iter()
        .filter(|(name, _)| name.to_ascii_lowercase().starts_with("ivvy"))
        .map(|(name, value)| format!("{}={value}", name.replace(['-', '_'], "")))
        .collect();
    found.sort();
    found.join("&")
}

/// `2026-11-21 00:10:00`, with or without ` UTC`.
fn date(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let civil = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
