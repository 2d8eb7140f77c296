//! Requests through a connection that the target made.

use std::fmt;
use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ureq::tls::{TlsConfig, TlsProvider};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectionDetails, Connector, RustlsConnector};

use super::answer::Answer;
use super::plan::Http;
use super::target::Target;
use crate::registry::OneRequest;

/// Bytes of an answer that are looked at.
const LARGEST: u64 = 8 << 20;

/// Sends a request to a port of the target.
///
/// # Errors
/// No connection, or no answer that can be understood.
pub(super) fn request(
    target: &dyn Target,
    http: &Http,
    port: u16,
    limit: Duration,
) -> Result<Answer, String> {
    let stream = target
        .connect(port)
        .map_err(|error| no_connection(port, &error))?;
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .disable_verification(true)
        .build();
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(limit))
        .allow_non_standard_methods(true)
        .user_agent("rslim")
        .tls_config(tls)
        .proxy(None)
        .build();
    let given = Given(Mutex::new(Some(stream)));
    let connector = given.chain(RustlsConnector::default());
    let agent = ureq::Agent::with_parts(config, connector, DefaultResolver::default());
    let scheme = if http.https { "https" } else { "http" };
    // The address is written out: nothing is looked up.
    let uri = format!("{scheme}://127.0.0.1:{port}{}", http.path);
    let mut builder = ureq::http::Request::builder()
        .method(http.method.as_str())
        .uri(uri);
    let named = |wanted: &str| {
        let mut names = http.headers.iter().map(|(name, _)| name);
        names.any(|name| name.eq_ignore_ascii_case(wanted))
    };
    if !named("host") {
        builder = builder.header("host", format!("localhost:{port}"));
    }
    for (name, value) in &http.headers {
        builder = builder.header(name.as_str(), value.as_str());
    }
    let answered = match &http.body {
        Some(body) => {
            let request = builder
                .body(body.as_bytes())
                .map_err(|error| error.to_string())?;
            agent.run(request)
        }
        None => agent.run(builder.body(()).map_err(|error| error.to_string())?),
    };
    let response = answered.map_err(|error| error.to_string())?;
    let (head, body) = response.into_parts();
    let mut headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        })
        .collect();
    headers.sort();
    let mut bytes = Vec::new();
    let reader = body.into_with_config().limit(u64::MAX).reader();
    reader
        .take(LARGEST)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("the answer breaks off: {error}"))?;
    Ok(Answer::Http {
        status: head.status.as_u16(),
        headers,
        body: bytes,
    })
}

/// What a refused connection means.
pub(super) fn no_connection(port: u16, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("nothing listens at port {port}"),
        _ => format!("cannot connect to port {port}: {error}"),
    }
}

/// The connection that is there already.
struct Given(Mutex<Option<TcpStream>>);

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given")
    }
}

impl Connector for Given {
    type Out = OneRequest<TcpStream>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _chained: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let taken = self.0.lock().ok().and_then(|mut stream| stream.take());
        let stream = taken.ok_or(ureq::Error::ConnectionFailed)?;
        Ok(Some(OneRequest::over(stream, details)))
    }
}
