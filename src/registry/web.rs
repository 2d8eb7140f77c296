//! One HTTP request and its answer, with limits; redirects are followed here
//! so that credentials never go to another host.

use std::io::Read;
use std::time::Duration;

use ureq::http::header::{AUTHORIZATION, CONTENT_LENGTH, EXPECT, LOCATION};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use ureq::tls::TlsConfig;
use ureq::{Agent, SendBody};

use super::failure::Failure;
use super::location::{is_loopback, origin, resolve};
use super::retry::RetryPolicy;

/// Most redirects that are followed for one request.
const MAX_REDIRECTS: u32 = 5;
/// Most bytes of all headers of an answer.
const MAX_HEADERS: usize = 64 * 1024;
/// Most bytes that are read of an answer that is an error.
const MAX_ERROR_BODY: u64 = 16 * 1024;
/// How long a whole document may take; it is small.
const DOCUMENT_TIME: Duration = Duration::from_secs(300);
/// How long a registry may take to check a blob that it has received.
const COMMIT_TIME: Duration = Duration::from_secs(900);
/// How long clean-up may take: nobody waits for it.
const BRIEF_TIME: Duration = Duration::from_secs(5);

/// Sends requests. Connections are kept and used again.
#[derive(Debug)]
pub(super) struct Web {
    /// For this machine: no proxy.
    direct: Agent,
    /// For all others: through the proxy that the environment names, if any.
    proxied: Agent,
    retry: RetryPolicy,
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// A document, or no body at all.
    Document,
    /// A body that may take for ever as long as bytes come.
    Blob,
    /// The answer to the end of an upload.
    Commit,
    /// Clean-up.
    Brief,
}

/// What is sent after the headers.
pub(super) enum Payload<'a> {
    None,
    Bytes(&'a [u8]),
    /// A reader, and how many bytes it gives.
    Stream(&'a mut dyn Read, u64),
}

impl Payload<'_> {
    /// The same once more, when it can be sent again.
    pub(super) fn again(&mut self) -> Payload<'_> {
        match self {
            Payload::None => Payload::None,
            Payload::Bytes(bytes) => Payload::Bytes(bytes),
            Payload::Stream(reader, len) => Payload::Stream(&mut **reader, *len),
        }
    }
}

/// A request, without what the registry's authorisation adds.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) patience: Patience,
    /// Whether redirects are followed; never where the payload is a secret.
    pub(super) follow: bool,
    /// Whether it may be sent again when nobody knows what became of it.
    pub(super) repeat: bool,
}

impl Ask {
    /// A request of a document without further headers.
    pub(super) fn new(method: Method, uri: Uri) -> Self {
        Ask {
            method,
            uri,
            headers: Vec::new(),
            patience: Patience::Document,
            follow: true,
            repeat: true,
        }
    }

    /// The same with one more header.
    pub(super) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with another patience.
    pub(super) fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }
}

/// An answer, whatever its status is.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: ureq::Body,
    /// Who answered, after redirects.
    pub(super) uri: Uri,
}

impl Web {
    /// `connect` and `read` are how long to wait for a connection and for a byte.
    pub(super) fn new(
        tls: &TlsConfig,
        user_agent: &str,
        connect: Duration,
        read: Duration,
        retry: RetryPolicy,
    ) -> Self {
        let agent = |direct: bool| {
            let mut config = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .user_agent(user_agent)
                // What a registry packs on the way is not what was asked for.
                .accept_encoding("identity")
                .max_response_header_size(MAX_HEADERS)
                .timeout_resolve(Some(connect))
                .timeout_connect(Some(connect))
                .timeout_per_read(Some(read))
                .timeout_per_write(Some(read))
                .timeout_send_request(Some(read))
                .timeout_recv_response(Some(DOCUMENT_TIME))
                .tls_config(tls.clone());
            if direct {
                config = config.proxy(None);
            }
            Agent::new_with_config(config.build())
        };
        Web {
            direct: agent(true),
            proxied: agent(false),
            retry,
        }
    }

    /// When to try again.
    pub(super) fn retry(&self) -> &RetryPolicy {
        &self.retry
    }

    /// As [`Web::send`], again and again while the trouble may pass. A stream
    /// can be sent only once.
    ///
    /// # Errors
    /// [`Failure`] of the last attempt.
    pub(super) fn send_patiently(
        &self,
        ask: &Ask,
        mut payload: Payload<'_>,
        authorization: Option<&str>,
    ) -> Result<Answer, Failure> {
        let once = !ask.repeat || matches!(payload, Payload::Stream(..));
        let mut failures = 0;
        loop {
            let result = self.send(ask, payload.again(), authorization);
            failures += 1;
            let wait = match &result {
                Ok(answer) => self
                    .retry
                    .wait_after(failures, answer.status, &answer.headers),
                Err(Failure::Passing(_)) => self.retry.wait(failures),
                Err(_) => None,
            };
            match wait {
                Some(wait) if !once => std::thread::sleep(wait),
                _ => return result,
            }
        }
    }

    /// Sends a request and follows its redirects. `authorization` goes to the
    /// origin of the first address only.
    ///
    /// # Errors
    /// [`Failure`]; a status of 400 and above is an answer.
    pub(super) fn send(
        &self,
        ask: &Ask,
        mut payload: Payload<'_>,
        authorization: Option<&str>,
    ) -> Result<Answer, Failure> {
        let home = origin(&ask.uri);
        let mut uri = ask.uri.clone();
        for _ in 0..=MAX_REDIRECTS {
            let authorization = authorization.filter(|_| origin(&uri) == home);
            let answer = self.exchange(ask, &uri, payload.again(), authorization)?;
            let replayable = !matches!(payload, Payload::Stream(..));
            let reading = matches!(ask.method, Method::GET | Method::HEAD);
            let follow = match answer.status.as_u16() {
                301..=303 => reading,
                307 | 308 => replayable,
                _ => false,
            };
            if !follow || !ask.follow {
                return Ok(answer);
            }
            let Some(location) = header(&answer.headers, &LOCATION) else {
                return Err(Failure::Rules("a redirect to nowhere".to_owned()));
            };
            uri = resolve(&uri, location).map_err(Failure::Rules)?;
            answer.drain();
        }
        Err(Failure::Rules(format!(
            "more than {MAX_REDIRECTS} redirects"
        )))
    }

    fn exchange(
        &self,
        ask: &Ask,
        uri: &Uri,
        payload: Payload<'_>,
        authorization: Option<&str>,
    ) -> Result<Answer, Failure> {
        let bad = |what: &str| Failure::Rules(format!("{what} cannot be sent"));
        let mut request = Request::builder().method(&ask.method).uri(uri);
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        if let Some(value) = authorization {
            let mut value =
                HeaderValue::from_str(value).map_err(|_| bad("the authorization header"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let here = uri.host().is_some_and(is_loopback);
        let agent = if here { &self.direct } else { &self.proxied };
        let result = match payload {
            Payload::None => {
                let request = request.body(()).map_err(|_| bad("the request"))?;
                agent.run(patient(agent, request, ask.patience))
            }
            Payload::Bytes(bytes) => {
                let request = request.body(bytes).map_err(|_| bad("the request"))?;
                agent.run(patient(agent, request, ask.patience))
            }
            Payload::Stream(reader, len) => {
                let request = request
                    .header(CONTENT_LENGTH, len)
                    // A refusal should come before gigabytes are sent.
                    .header(EXPECT, "100-continue")
                    .body(SendBody::from_reader(reader))
                    .map_err(|_| bad("the request"))?;
                agent.run(patient(agent, request, ask.patience))
            }
        };
        let (parts, body) = result.map_err(|e| Failure::of(&e, uri))?.into_parts();
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body,
            uri: uri.clone(),
        })
    }
}

fn patient<S: ureq::AsSendBody>(
    agent: &Agent,
    request: Request<S>,
    patience: Patience,
) -> Request<S> {
    let config = agent.configure_request(request);
    match patience {
        Patience::Document => config.timeout_recv_body(Some(DOCUMENT_TIME)).build(),
        Patience::Blob => config.build(),
        Patience::Commit => config
            .timeout_per_read(Some(COMMIT_TIME))
            .timeout_recv_response(Some(COMMIT_TIME))
            .build(),
        Patience::Brief => config.timeout_global(Some(BRIEF_TIME)).build(),
    }
}

impl Answer {
    /// The value of a header; `None` also when it is not plain text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The declared length of the body, in bytes.
    pub(super) fn length(&self) -> Option<u64> {
        self.header("content-length")?.trim().parse().ok()
    }

    /// Reads the body; `None` when it has more than `limit` bytes.
    ///
    /// # Errors
    /// Whatever the connection says.
    pub(super) fn read(self, limit: u64) -> std::io::Result<Option<Vec<u8>>> {
        if self.length().is_some_and(|len| len > limit) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let mut reader = self.body.into_reader().take(limit.saturating_add(1));
        reader.read_to_end(&mut bytes)?;
        Ok((bytes.len() as u64 <= limit).then_some(bytes))
    }

    /// Reads what is left of a short answer, so that its connection can be
    /// used again.
    pub(super) fn drain(self) {
        if self.length().is_some_and(|len| len <= MAX_ERROR_BODY) {
            self.error_body();
        }
    }

    /// The first bytes of an answer that is an error, as far as they can be had.
    pub(super) fn error_body(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A part of it is better than nothing.
        let _ = self
            .body
            .into_reader()
            .take(MAX_ERROR_BODY)
            .read_to_end(&mut bytes);
        bytes
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
