//! Requests to one registry: the scheme it speaks, authorisation, and errors
//! out of answers.

use std::sync::{Arc, Mutex, PoisonError};

use ureq::http::{Method, StatusCode, Uri};

use super::auth::{Auth, Credentials, HttpRealm, Learned, Scope};
use super::error::{Context, RegistryError, said};
use super::failure::Failure;
use super::location::{is_loopback, origin};
use super::web::{Answer, Ask, Payload, Web};

/// Most times that a request is sent because of a 401.
const MAX_TRIES: u32 = 3;

/// One registry.
pub(super) struct Session {
    pub(super) web: Arc<Web>,
    /// As the user names it.
    name: String,
    /// Who answers for it, with port.
    host: String,
    /// The user allowed http without TLS.
    plain_http: bool,
    /// Found out at the first request.
    scheme: Mutex<Option<&'static str>>,
    auth: Auth,
}

/// A request's purpose.
pub(super) struct Purpose<'a> {
    pub(super) context: &'a Context,
    pub(super) scope: &'a Scope,
}

impl Session {
    pub(super) fn new(
        web: Arc<Web>,
        name: &str,
        host: &str,
        plain_http: bool,
        credentials: Credentials,
    ) -> Self {
        let scheme = match (plain_http, is_loopback(host)) {
            (true, _) => Some("http"),
            (false, false) => Some("https"),
            (false, true) => None,
        };
        Session {
            web,
            name: name.to_owned(),
            host: host.to_owned(),
            plain_http,
            scheme: Mutex::new(scheme),
            auth: Auth::new(name, credentials),
        }
    }

    /// As the user names it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The address of a path that starts with `/v2/`.
    ///
    /// # Errors
    /// When the registry cannot be reached at all.
    pub(super) fn address(&self, path: &str, context: &Context) -> Result<Uri, RegistryError> {
        let scheme = self.scheme(context)?;
        format!("{scheme}://{}{path}", self.host)
            .parse()
            .map_err(|_| RegistryError::Protocol {
                context: Box::new(context.clone()),
                problem: format!("{path} is no address"),
            })
    }

    /// `https`, except on this machine when nobody there speaks it.
    fn scheme(&self, context: &Context) -> Result<&'static str, RegistryError> {
        let mut scheme = self.scheme.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scheme) = *scheme {
            return Ok(scheme);
        }
        let probe = |scheme: &str| {
            let uri = format!("{scheme}://{}/v2/", self.host).parse();
            let uri = uri.map_err(|_| Failure::Rules("the host is no address".to_owned()))?;
            let mut ask = Ask::new(Method::GET, uri);
            ask.follow = false;
            let answer = self.web.send(&ask, Payload::None, None)?;
            Ok(answer.status)
        };
        let found = match probe("https") {
            Ok(_) => "https",
            // A certificate that is not trusted is no reason to do without.
            Err(Failure::Lasting(problem)) => {
                return Err(Failure::Lasting(problem).into_error(Box::new(context.clone())));
            }
            Err(https) => match (probe("http"), https) {
                // 400 is how a TLS server answers plain http.
                (Ok(status), _) if status != StatusCode::BAD_REQUEST => "http",
                (Ok(_), https) => return Err(https.into_error(Box::new(context.clone()))),
                (Err(_), https @ Failure::Handshake(_)) => {
                    return Err(https.into_error(Box::new(context.clone())));
                }
                (Err(http), _) => return Err(http.into_error(Box::new(context.clone()))),
            },
        };
        *scheme = Some(found);
        Ok(found)
    }

    /// Sends a request with what authorises it, again where that may help.
    /// The answer has any status but 401 and 403; a stream is sent once only,
    /// and its answer may be a 401.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub(super) fn call(
        &self,
        ask: &Ask,
        mut payload: Payload<'_>,
        purpose: &Purpose<'_>,
    ) -> Result<Answer, RegistryError> {
        let context = || Box::new(purpose.context.clone());
        // Uploads may be at another host, which learns nothing about us.
        let ours = self.is_ours(&ask.uri);
        let mut tries = 0;
        loop {
            let authorization = match ours {
                true => self
                    .auth
                    .header(&self.web, purpose.scope, purpose.context)?,
                false => None,
            };
            let answer = self
                .web
                .send_patiently(ask, payload.again(), authorization.as_deref())
                .map_err(|failure| failure.into_error(context()))?;
            let from_us = self.is_ours(&answer.uri);
            match answer.status {
                // Only the registry may say what it wants, not a storage host.
                StatusCode::UNAUTHORIZED if from_us => {
                    tries += 1;
                    let learned = self.auth.learn(
                        &answer.headers,
                        authorization.as_deref(),
                        tries,
                        self.http_realm(),
                        purpose.scope,
                        purpose.context,
                    )?;
                    match learned {
                        Learned::TryAgain if matches!(payload, Payload::Stream(..)) => {
                            return Ok(answer);
                        }
                        Learned::TryAgain if tries < MAX_TRIES => answer.drain(),
                        Learned::TryAgain => {
                            return Err(self.unauthorized(answer, None, purpose));
                        }
                        Learned::Refused(user) => {
                            return Err(self.unauthorized(answer, user, purpose));
                        }
                    }
                }
                StatusCode::FORBIDDEN if from_us => {
                    return Err(RegistryError::Forbidden {
                        context: context(),
                        said: said(&answer.error_body()),
                        user: self.auth.user(purpose.scope),
                    });
                }
                _ => return Ok(answer),
            }
        }
    }

    /// Sends a request once, and does not care what becomes of it.
    pub(super) fn call_quietly(&self, ask: &Ask, purpose: &Purpose<'_>) {
        let ours = self.is_ours(&ask.uri);
        let header = match ours {
            true => self.auth.header(&self.web, purpose.scope, purpose.context),
            false => Ok(None),
        };
        if let Ok(authorization) = header {
            let _ = self.web.send(ask, Payload::None, authorization.as_deref());
        }
    }

    /// Whether an address is at the registry itself.
    pub(super) fn is_ours(&self, uri: &Uri) -> bool {
        let scheme = *self.scheme.lock().unwrap_or_else(PoisonError::into_inner);
        let home = format!("{}://{}/", scheme.unwrap_or("https"), self.host);
        home.parse::<Uri>()
            .is_ok_and(|home| origin(&home) == origin(uri))
    }

    fn http_realm(&self) -> HttpRealm {
        let scheme = *self.scheme.lock().unwrap_or_else(PoisonError::into_inner);
        match (self.plain_http, scheme) {
            (true, _) => HttpRealm::Anywhere,
            (false, Some("http")) => HttpRealm::Loopback,
            _ => HttpRealm::Nowhere,
        }
    }

    fn unauthorized(
        &self,
        answer: Answer,
        user: Option<String>,
        purpose: &Purpose<'_>,
    ) -> RegistryError {
        RegistryError::Unauthorized {
            context: Box::new(purpose.context.clone()),
            said: said(&answer.error_body()),
            user,
        }
    }
}

/// The error for an answer whose status is not the expected one.
pub(super) fn refusal(answer: Answer, context: &Context) -> RegistryError {
    let context = Box::new(context.clone());
    let status = answer.status.as_u16();
    let limits = rate_limits(&answer);
    let said = said(&answer.error_body());
    match status {
        404 => RegistryError::NotFound { context, said },
        429 => RegistryError::RateLimited {
            context,
            said,
            limits,
        },
        _ => RegistryError::Status {
            context,
            status,
            said,
        },
    }
}

/// The headers that say how much is allowed, and when again.
fn rate_limits(answer: &Answer) -> String {
    let mut out = String::new();
    for name in [
        "RateLimit-Limit",
        "RateLimit-Remaining",
        "RateLimit-Reset",
        "Retry-After",
    ] {
        if let Some(value) = answer.header(name) {
            out.push_str(&format!("; {name}: {}", super::error::escape(value)));
        }
    }
    out
}
