//! `[[upstream]]`

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use payment::Method;

use super::{
    Names,
    report::Report,
    section::{Place, Section},
    unique_id,
};
use crate::{Upstream, UpstreamKind};

/// Longer than a server goes on with a request whose connection is gone.
const FENCE: Duration = Duration::from_mins(11);
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

/// iVvy's numbers: 3 Direct Deposit, 5 Cheque, 6 Cash, 11 Point of Sale.
const METHODS: [(Method, u8); 5] = [
    (Method::Card, 11),
    (Method::Cash, 6),
    (Method::Cheque, 5),
    (Method::BankTransfer, 3),
    (Method::Other, 11),
];

pub(super) fn read<'t>(
    place: Place<'_, 't>,
    names: &mut Names<'_>,
    report: &mut Report<'t>,
) -> Option<Upstream> {
    let known = ["id", "kind", "url", "fence", "api_key", "secret", "methods"];
    let mut section = Section::open("upstream", place, &known, report);
    let id = unique_id(&mut section, &mut names.upstreams, "ivvy");
    let url = url(&mut section);
    let fence = section.duration("fence", FENCE, SECOND..=DAY);
    let kind = match section.required_text("kind", "ivvy") {
        Some("ivvy") => ivvy(&mut section, names),
        Some(other) => {
            let text = format!("“{other}” is not a kind of upstream; write kind = \"ivvy\"");
            section.note("kind", text);
            None
        }
        None => None,
    };
    Some(Upstream {
        id: id?,
        url: url?,
        fence: fence?,
        kind: kind?,
    })
}

fn ivvy(section: &mut Section<'_, '_, '_>, names: &Names<'_>) -> Option<UpstreamKind> {
    let api_key = section.required_text("api_key", "…");
    if api_key.is_some_and(|key| !key.bytes().all(|b| b.is_ascii_graphic())) {
        // It becomes a part of an HTTP header.
        section.note(
            "api_key",
            "holds a space or another character that no key has; copy it again",
        );
    }
    if !section.has("secret") {
        let text = "is missing; write secret = { credential = \"name\" } or { file = \"/path\" }";
        section.note("secret", text);
    }
    let secret = section.secret("secret", names.secrets);
    let methods = methods(section);
    Some(UpstreamKind::Ivvy {
        api_key: api_key?.to_owned(),
        secret: secret?,
        methods,
    })
}

/// The defaults, and over them what the file says.
fn methods(section: &mut Section<'_, '_, '_>) -> BTreeMap<Method, u8> {
    let mut methods = BTreeMap::from(METHODS);
    let words = Method::ALL.map(Method::as_str);
    let Some(mut section) = section.inner("methods", &words) else {
        return methods;
    };
    for method in Method::ALL {
        match section.byte(method.as_str()) {
            Some(7) => section.note(
                method.as_str(),
                "7 is for card gateways of iVvy's own, which refuse payments from outside; \
                 write 11 for a terminal",
            ),
            Some(13) => section.note(
                method.as_str(),
                "13 needs the number of a custom method, which cannot be given yet; write another",
            ),
            Some(number) => {
                methods.insert(method, number);
            }
            None => {}
        }
    }
    methods
}

/// An address without a trailing slash, that nobody on the way can read or change.
fn url(section: &mut Section<'_, '_, '_>) -> Option<String> {
    let text = section.required_text("url", "https://api.ap-southeast-2.ivvy.com")?;
    match check_url(text) {
        Ok(()) => Some(text.trim_end_matches('/').to_owned()),
        Err(problem) => {
            section.note("url", problem);
            None
        }
    }
}

fn check_url(text: &str) -> Result<(), String> {
    // Not shown: it may hold a password.
    let wrong = || "is not an address; write https://, the host, and at most a path".to_owned();
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    let (authority, _path) = rest.split_once('/').unwrap_or((rest, ""));
    // A name and password, a query or a fragment has no business in the base of all addresses.
    let clean = rest.bytes().all(|b| b.is_ascii_graphic()) && !rest.contains(['@', '?', '#', '\\']);
    let host = host_of(authority).ok_or_else(wrong)?;
    match scheme {
        _ if !clean => Err(wrong()),
        "https" => Ok(()),
        "http" if is_loopback(host) => Ok(()),
        "http" => Err(format!(
            "“{text}” would send payments in the open; write https:// instead of http://"
        )),
        _ => Err(wrong()),
    }
}

/// The host of `host`, `host:port` or `[address]:port`.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => authority
            .find(':')
            .map_or((authority, ""), |i| authority.split_at(i)),
    };
    let port_ok = port.is_empty() || port.strip_prefix(':')?.parse().is_ok_and(|p: u16| p > 0);
    (port_ok && !host.is_empty()).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_https_unless_they_stay_here() {
        for (text, ok) in [
            ("https://api.ap-southeast-2.ivvy.com", true),
            ("https://api.example.org:8443/clinic/", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost", true),
            ("http://localhost.example.org", false),
            ("http://127.0.0.1.example.org", false),
            ("http://192.0.2.1", false),
            ("http://127.0.0.1@example.org", false),
            ("https://name:word@example.org", false),
            ("https://example.org/?a=b", false),
            ("https://example.org/#a", false),
            ("https://exa mple.org", false),
            ("https://", false),
            ("https:///path", false),
            ("https://:443", false),
            ("https://host:port", false),
            ("https://[::1", false),
            ("ftp://example.org", false),
            ("example.org", false),
            ("", false),
        ] {
            assert_eq!(check_url(text).is_ok(), ok, "{text}");
        }
    }
}
