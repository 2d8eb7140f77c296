//! Why there is no answer, sorted by what to do about it.

use ureq::http::Uri;

use super::error::{Context, RegistryError, escape};

/// No answer, or one that must not be followed.
#[derive(Debug)]
pub(super) enum Failure {
    /// No connection, cut, too slow: may pass.
    Passing(String),
    /// Will be the same next time.
    Lasting(String),
    /// Something else than TLS, or no TLS that both sides know.
    Handshake(String),
    /// A redirect or answer that breaks the rules.
    Rules(String),
}

impl Failure {
    /// Sorts ureq's errors by what to do about them.
    pub(super) fn of(error: &ureq::Error, uri: &Uri) -> Self {
        let host = uri.authority().map_or("", |a| a.as_str());
        let tls = match error {
            ureq::Error::Rustls(e) => Some(e),
            ureq::Error::Io(e) => e.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>()),
            _ => None,
        };
        match (tls, error) {
            (Some(rustls::Error::InvalidCertificate(e)), _) => Failure::Lasting(format!(
                "the certificate of {host} is not trusted ({}); give the file with its CA's \
                 certificate, or a CA bundle in SSL_CERT_FILE",
                escape(&e.to_string())
            )),
            (Some(e), _) => Failure::Handshake(format!(
                "no TLS connection to {host} ({}); where it speaks plain http, that must be allowed",
                escape(&e.to_string())
            )),
            (None, ureq::Error::Timeout(which)) => {
                Failure::Passing(format!("{host} did not answer in time ({which})"))
            }
            (None, e) if is_unknown_host(e) => {
                Failure::Lasting(format!("the host {host} is not known; check its name"))
            }
            (None, ureq::Error::Io(e)) => Failure::Passing(format!(
                "the connection to {host} failed: {}",
                escape(&e.to_string())
            )),
            (None, ureq::Error::ConnectionFailed) => {
                Failure::Passing(format!("no connection to {host}"))
            }
            (None, other) => Failure::Lasting(format!("{host}: {}", escape(&other.to_string()))),
        }
    }

    /// The error for it.
    pub(super) fn into_error(self, context: Box<Context>) -> RegistryError {
        match self {
            Failure::Passing(problem) | Failure::Lasting(problem) | Failure::Handshake(problem) => {
                RegistryError::Transport { context, problem }
            }
            Failure::Rules(problem) => RegistryError::Protocol { context, problem },
        }
    }
}

/// Whether the name has no address. The standard library has no kind of error
/// for that, only words, and those of the resolver after them.
fn is_unknown_host(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound => true,
        ureq::Error::Io(e) => {
            let text = e.to_string();
            text.contains("failed to lookup address") && !text.contains("emporary")
        }
        _ => false,
    }
}
