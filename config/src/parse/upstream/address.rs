//! The address of an upstream.

use std::net::IpAddr;

use super::super::section::Section;

/// An address without a trailing slash, that nobody on the way can read or change.
pub(super) fn read(section: &mut Section<'_, '_, '_>) -> Option<String> {
    let text = section.required_text("url", "https://api.example.org")?;
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
