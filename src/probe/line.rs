//! Probes as they are typed on the command line.

use super::error::ProbeError;
use super::plan::{Exec, Host, Http, Probe, Tcp};
use super::words::split;

fn wrong(kind: &'static str, text: &str, why: impl Into<String>) -> ProbeError {
    ProbeError::Text {
        kind,
        text: text.to_owned(),
        why: why.into(),
    }
}

/// `[METHOD ]PATH-OR-URL[ status=N][ port=N][ header='Name: value'][ body=TEXT][ crawl=N]`.
/// Of a URL the host means nothing: the container is asked.
///
/// # Errors
/// [`ProbeError::Text`].
pub fn http(text: &str) -> Result<Probe, ProbeError> {
    let words = split(text).map_err(|why| wrong("http", text, why))?;
    let (method, rest) = match words.split_first() {
        Some((word, rest)) if !rest.is_empty() && is_method(word) => (word.as_str(), rest),
        _ => ("GET", words.as_slice()),
    };
    let Some((target, settings)) = rest.split_first() else {
        return Err(wrong("http", text, "a path such as /health is missing"));
    };
    let mut http = Http::get("/");
    http.method = method.to_owned();
    place(&mut http, target).map_err(|why| wrong("http", text, why))?;
    for setting in settings {
        set(&mut http, setting).map_err(|why| wrong("http", text, why))?;
    }
    Ok(Probe::Http(http))
}

fn is_method(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'-')
}

/// Reads a path or a URL.
pub(super) fn place(http: &mut Http, target: &str) -> Result<(), String> {
    let (https, rest) = match target.split_once("://") {
        Some(("http", rest)) => (false, rest),
        Some(("https", rest)) => (true, rest),
        Some((scheme, _)) => return Err(format!("{scheme} is not spoken; http and https are")),
        None if target.starts_with('/') => {
            http.path = target.to_owned();
            return Ok(());
        }
        None => {
            return Err(format!(
                "{target:?} is neither a path with a / in front nor a URL"
            ));
        }
    };
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(at);
    http.https = https;
    http.path = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("/{path}"),
    };
    // An IPv6 address has colons of its own, in brackets.
    let port = host
        .rsplit_once(':')
        .filter(|(_, port)| !port.ends_with(']'));
    if let Some((_, port)) = port {
        http.port = Some(self::port(port)?);
    }
    Ok(())
}

fn port(text: &str) -> Result<u16, String> {
    let port = text.parse().ok().filter(|&port| port != 0);
    port.ok_or_else(|| format!("{text:?} is no port"))
}

fn set(http: &mut Http, setting: &str) -> Result<(), String> {
    let known = "known are status=, port=, header=, body= and crawl=";
    let Some((name, value)) = setting.split_once('=') else {
        return Err(format!("{setting:?} is no setting; {known}"));
    };
    match name {
        "status" => {
            let status = value
                .parse()
                .ok()
                .filter(|status| (100..600).contains(status));
            http.status = Some(status.ok_or_else(|| format!("{value:?} is no status"))?);
        }
        "port" => http.port = Some(port(value)?),
        "header" => http.headers.push(header(value)?),
        "body" => http.body = Some(value.to_owned()),
        "crawl" => {
            let pages = value.parse().ok().filter(|&pages| pages > 0);
            http.pages = Some(pages.ok_or_else(|| format!("{value:?} is no number of pages"))?);
        }
        other => return Err(format!("{other:?} is no setting; {known}")),
    }
    Ok(())
}

/// `Name: value`.
pub(super) fn header(text: &str) -> Result<(String, String), String> {
    let parts = text
        .split_once(':')
        .map(|(name, value)| (name.trim(), value.trim()));
    match parts {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is no header; write 'Name: value'")),
    }
}

/// A program and its arguments, with the quotes of a shell; no shell is run.
///
/// # Errors
/// [`ProbeError::Text`].
pub fn exec(text: &str) -> Result<Probe, ProbeError> {
    let words = split(text).map_err(|why| wrong("exec", text, why))?;
    match words.is_empty() {
        true => Err(wrong("exec", text, "it is empty")),
        false => Ok(Probe::Exec(Exec {
            words,
            status: 0,
            retry: true,
        })),
    }
}

/// A port.
///
/// # Errors
/// [`ProbeError::Text`].
pub fn tcp(text: &str) -> Result<Probe, ProbeError> {
    Ok(Probe::Tcp(Tcp {
        port: port(text).map_err(|why| wrong("tcp", text, why))?,
        send: None,
        expect: None,
    }))
}

/// A line for the host's shell.
///
/// # Errors
/// [`ProbeError::Text`].
pub fn host(text: &str) -> Result<Probe, ProbeError> {
    match text.trim().is_empty() {
        true => Err(wrong("host", text, "it is empty")),
        false => Ok(Probe::Host(Host {
            command: text.to_owned(),
            port: None,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Http {
        match http(text) {
            Ok(Probe::Http(http)) => http,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn requests() {
        assert_eq!(parsed("/a?b=c"), Http::get("/a?b=c"));
        let full =
            parsed("POST https://[::1]:8443/x status=302 header='A: b:c' body='x y' crawl=3");
        assert_eq!((full.method.as_str(), full.path.as_str()), ("POST", "/x"));
        assert_eq!(
            (full.https, full.port, full.status),
            (true, Some(8443), Some(302))
        );
        assert_eq!(full.headers, [("A".to_owned(), "b:c".to_owned())]);
        assert_eq!((full.body.as_deref(), full.pages), (Some("x y"), Some(3)));
        assert_eq!(parsed("http://host?q").path, "/?q");
        assert_eq!(parsed("GET http://host:80").port, Some(80));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            ("", "a path such as"),
            ("GET", "neither a path"),
            ("ftp://x", "ftp is not spoken"),
            ("/x statsu=200", "\"statsu\" is no setting"),
            ("/x status=99", "no status"),
            ("/x port=0", "no port"),
            ("/x header=A", "Name: value"),
            ("/x 'a", "a quote is not closed"),
        ] {
            let said = http(text).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
        assert!(exec(" ").is_err() && tcp("x").is_err() && host(" ").is_err());
    }
}
