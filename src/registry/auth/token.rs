//! Access tokens from a token server, after the distribution project's token
//! and OAuth 2 documents.

use std::time::{Duration, Instant};

use ureq::http::{Method, Uri};

use super::{Login, basic};
use crate::registry::error::{Context, RegistryError, said};
use crate::registry::failure::Failure;
use crate::registry::location::{encode, with_query};
use crate::registry::web::{Answer, Ask, Payload, Web};

/// Most bytes of a token server's answer.
const MAX_ANSWER: u64 = 256 * 1024;
/// Longest token, in bytes: it has to fit in a header.
const MAX_TOKEN: usize = 48 * 1024;
/// How long a token is good when its server does not say.
const DEFAULT_LIFE: u64 = 60;
/// No token is kept longer.
const MAX_LIFE: u64 = 24 * 3600;
/// Our name at token servers.
const CLIENT_ID: &str = "rslim";

/// An access token.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) value: String,
    /// When it is no longer used.
    pub(super) until: Instant,
}

/// What is asked of a token server.
pub(super) struct TokenRequest<'a> {
    pub(super) realm: &'a Uri,
    pub(super) service: Option<&'a str>,
    pub(super) scopes: &'a [String],
    pub(super) login: Option<&'a Login>,
    /// The request that needs the token, for messages.
    pub(super) context: &'a Context,
}

#[derive(serde::Deserialize)]
struct Document {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl TokenRequest<'_> {
    /// Gets the token.
    ///
    /// # Errors
    /// [`RegistryError`]; what it was needed for is part of the message.
    pub(super) fn fetch(&self, web: &Web) -> Result<Token, RegistryError> {
        let started = Instant::now();
        let result = match self.login {
            Some(Login::IdentityToken(refresh)) => self.post(web, refresh),
            Some(Login::Basic { user, password }) => self.get(web, Some((user, password))),
            _ => self.get(web, None),
        };
        let answer = result?;
        let status = answer.status.as_u16();
        if status != 200 {
            return Err(self.refused(answer));
        }
        let bytes = answer
            .read(MAX_ANSWER)
            .map_err(|e| self.failed(Failure::Passing(e.to_string())))?
            .ok_or_else(|| RegistryError::TooLarge {
                context: self.context(),
                limit: MAX_ANSWER,
            })?;
        // Its words are not shown: they may quote a token.
        let document: Document = serde_json::from_slice(&bytes)
            .map_err(|_| self.senseless("the token server's answer is not JSON with a token"))?;
        let value = document
            .token
            .filter(|token| !token.is_empty())
            .or(document.access_token)
            .unwrap_or_default();
        let plain = value.bytes().all(|b| b.is_ascii_graphic());
        if value.is_empty() || value.len() > MAX_TOKEN || !plain {
            return Err(self.senseless("the token server gave no usable token"));
        }
        let life = document.expires_in.unwrap_or(DEFAULT_LIFE).min(MAX_LIFE);
        // Given up a little early, so that it does not end on the way.
        let life = Duration::from_secs(life.saturating_sub((life / 10).max(5)));
        Ok(Token {
            value,
            until: started + life,
        })
    }

    fn get(&self, web: &Web, login: Option<(&String, &String)>) -> Result<Answer, RegistryError> {
        let mut uri = self.realm.clone();
        let mut add = |key: &str, value: &str| -> Result<(), RegistryError> {
            uri =
                with_query(&uri, key, value).map_err(|_| self.senseless("the realm is broken"))?;
            Ok(())
        };
        if let Some(service) = self.service {
            add("service", service)?;
        }
        for scope in self.scopes {
            add("scope", scope)?;
        }
        if let Some((user, _)) = login {
            add("account", user)?;
        }
        let authorization = login.map(|(user, password)| basic(user, password));
        let ask = Ask::new(Method::GET, uri);
        web.send_patiently(&ask, Payload::None, authorization.as_deref())
            .map_err(|e| self.failed(e))
    }

    fn post(&self, web: &Web, refresh: &str) -> Result<Answer, RegistryError> {
        let form = format!(
            "grant_type=refresh_token&service={}&client_id={CLIENT_ID}&scope={}&refresh_token={}",
            encode(self.service.unwrap_or_default()),
            encode(&self.scopes.join(" ")),
            encode(refresh)
        );
        let mut ask = Ask::new(Method::POST, self.realm.clone()).with(
            ureq::http::header::CONTENT_TYPE,
            "application/x-www-form-urlencoded",
        );
        ask.follow = false;
        web.send_patiently(&ask, Payload::Bytes(form.as_bytes()), None)
            .map_err(|e| self.failed(e))
    }

    fn refused(&self, answer: Answer) -> RegistryError {
        let status = answer.status.as_u16();
        let words = said(&answer.error_body());
        match status {
            // OAuth 2 says 400 for a refresh token that is no longer good.
            401 | 403 => self.unauthorized(words),
            400 if matches!(self.login, Some(Login::IdentityToken(_))) => self.unauthorized(words),
            _ => RegistryError::Status {
                context: self.context(),
                status,
                said: words,
            },
        }
    }

    fn unauthorized(&self, said: String) -> RegistryError {
        RegistryError::Unauthorized {
            context: Box::new(self.context.clone()),
            said,
            user: self.login.map(Login::user),
        }
    }

    fn context(&self) -> Box<Context> {
        let host = self.realm.authority().map_or("", |a| a.as_str());
        Box::new(Context {
            doing: format!("get a token from {host} to {}", self.context.doing),
            ..self.context.clone()
        })
    }

    fn failed(&self, failure: Failure) -> RegistryError {
        failure.into_error(self.context())
    }

    fn senseless(&self, problem: &str) -> RegistryError {
        RegistryError::Protocol {
            context: self.context(),
            problem: problem.to_owned(),
        }
    }
}
