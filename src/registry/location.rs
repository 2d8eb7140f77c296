//! Web addresses that a registry gives: `Location` headers, relative or not.

use std::net::{Ipv4Addr, Ipv6Addr};

use ureq::http::Uri;
use ureq::http::uri::Scheme;

/// Longest address that is followed, in bytes; storage hosts sign theirs at length.
const MAX_ADDRESS: usize = 16 * 1024;

/// The address that `location` means in an answer to a request of `base`.
///
/// # Errors
/// In words: why it cannot or must not be followed.
pub(super) fn resolve(base: &Uri, location: &str) -> Result<Uri, String> {
    if location.is_empty() || location.len() > MAX_ADDRESS {
        return Err(format!(
            "an address of {} bytes in the Location header",
            location.len()
        ));
    }
    let location = location.split('#').next().unwrap_or(location);
    let scheme = base.scheme_str().unwrap_or("https");
    let authority = base.authority().map_or("", |a| a.as_str());
    let lower = location.to_ascii_lowercase();
    let text = if lower.starts_with("https://") || lower.starts_with("http://") {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else if location.starts_with('?') {
        format!("{scheme}://{authority}{}{location}", base.path())
    } else if before_path(location).contains(':') {
        return Err("the Location header has an address of another kind than http".to_owned());
    } else {
        let folder = base.path().rfind('/').map_or("/", |i| &base.path()[..=i]);
        format!("{scheme}://{authority}{folder}{location}")
    };
    let uri: Uri = text
        .parse()
        .map_err(|_| "the Location header has no valid address".to_owned())?;
    let good = uri
        .authority()
        .is_some_and(|a| !a.host().is_empty() && !a.as_str().contains('@'));
    if !good {
        return Err("the Location header has an address without host, or with a user".to_owned());
    }
    if base.scheme() == Some(&Scheme::HTTPS) && uri.scheme() != Some(&Scheme::HTTPS) {
        return Err(format!(
            "it leads from https to http://{}, which is refused; a registry behind a proxy needs \
             the X-Forwarded-Proto header",
            uri.authority().map_or("", |a| a.as_str())
        ));
    }
    Ok(uri)
}

fn before_path(location: &str) -> &str {
    location.split(['/', '?']).next().unwrap_or(location)
}

/// Scheme, host and port with the default filled in: where credentials may go
/// is decided by all three.
pub(super) fn origin(uri: &Uri) -> (String, String, u16) {
    let scheme = uri.scheme_str().unwrap_or_default().to_ascii_lowercase();
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let default = if scheme == "https" { 443 } else { 80 };
    (scheme, host, uri.port_u16().unwrap_or(default))
}

/// Whether `host`, with or without port, is this machine: `localhost`, 127/8 or `[::1]`.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || name.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// `text` as the value of a query: everything else than letters, digits and
/// `-._~` is written as `%` and two digits.
pub(super) fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `uri` with one more `key=value` in its query.
///
/// # Errors
/// In words, when the result is no address.
pub(super) fn with_query(uri: &Uri, key: &str, value: &str) -> Result<Uri, String> {
    let sign = if uri.query().is_some() { '&' } else { '?' };
    format!("{uri}{sign}{key}={}", encode(value))
        .parse()
        .map_err(|_| "an address that cannot be completed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(base: &str, location: &str) -> Result<String, String> {
        resolve(&base.parse().unwrap(), location).map(|uri| uri.to_string())
    }

    #[test]
    fn relative_and_absolute() {
        let base = "https://r.example:5000/v2/a/blobs/uploads/?x=1";
        for (location, want) in [
            ("/u/1?s=2", "https://r.example:5000/u/1?s=2"),
            ("1?s=2", "https://r.example:5000/v2/a/blobs/uploads/1?s=2"),
            ("?s=2", "https://r.example:5000/v2/a/blobs/uploads/?s=2"),
            ("//b.example/u", "https://b.example/u"),
            ("HTTPS://b.example/u#f", "https://b.example/u"),
            ("a:b/c", ""),
        ] {
            assert_eq!(from(base, location).unwrap_or_default(), want, "{location}");
        }
        for bad in [
            "",
            "http://r.example:5000/u",
            "ftp://r.example/u",
            "file:///etc/passwd",
            "https://user@r.example/u",
            "https:///u",
            "https://",
            "/a b",
            "/a\nb",
        ] {
            assert!(from(base, bad).is_err(), "{bad}");
        }
        assert!(from(base, &"a".repeat(20_000)).is_err());
        assert!(from("http://localhost/", "http://b.example/u").is_ok());
    }

    #[test]
    fn loopback() {
        for host in [
            "localhost",
            "LOCALHOST:5000",
            "127.1.2.3:1",
            "[::1]",
            "[::1]:5000",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "localhost.example",
            "10.0.0.1",
            "127.0.0.1.example",
            "[::2]",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn origins_and_queries() {
        let origin = |text: &str| super::origin(&text.parse().unwrap());
        assert_eq!(
            origin("https://A.example/x"),
            origin("https://a.example:443/y")
        );
        assert_ne!(origin("http://a.example/x"), origin("https://a.example/x"));
        assert_ne!(origin("https://a.example/x"), origin("https://b.example/x"));
        let uri: Uri = "https://a.example/u?s=1".parse().unwrap();
        let done = with_query(&uri, "digest", "sha256:a+b").unwrap();
        assert_eq!(
            done.to_string(),
            "https://a.example/u?s=1&digest=sha256%3Aa%2Bb"
        );
    }
}
