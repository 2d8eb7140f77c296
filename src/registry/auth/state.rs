//! What is known about a registry's wishes, and the tokens that it gave.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ureq::http::HeaderMap;
use ureq::http::Uri;
use ureq::http::header::WWW_AUTHENTICATE;

use super::challenge::{self, Challenge};
use super::token::{Token, TokenRequest};
use super::{Action, Credentials, Login, Scope, basic};
use crate::registry::error::{Context, RegistryError, escape};
use crate::registry::location::is_loopback;
use crate::registry::web::Web;

/// Most headers with challenges that are read.
const MAX_HEADERS: usize = 8;
/// Longest scope that a registry may add, in bytes.
const MAX_SCOPE: usize = 1024;
/// Most tokens that are kept.
const MAX_TOKENS: usize = 256;

/// Where a token server may be that is asked without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::registry) enum HttpRealm {
    Nowhere,
    /// On this machine, as the registry is.
    Loopback,
    /// The user allowed plain http.
    Anywhere,
}

/// Authorises requests to one registry.
pub(in crate::registry) struct Auth {
    /// As the user names it.
    registry: String,
    credentials: Credentials,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    way: Option<Way>,
    /// A scope that the registry asked for beyond ours.
    extra: Option<String>,
    /// By repository.
    logins: HashMap<String, Option<Login>>,
    /// By what they are for.
    tokens: HashMap<String, Token>,
}

/// How to authenticate.
#[derive(Clone)]
enum Way {
    Basic,
    Bearer { realm: Uri, service: Option<String> },
}

/// What to do after a 401.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::registry) enum Learned {
    /// There is something new to try.
    TryAgain,
    /// There is not; whose credentials were refused, if any.
    Refused(Option<String>),
}

impl Auth {
    pub(in crate::registry) fn new(registry: &str, credentials: Credentials) -> Self {
        Auth {
            registry: registry.to_owned(),
            credentials,
            state: Mutex::default(),
        }
    }

    /// The `Authorization` header for a request, as far as it is known that one is wanted.
    ///
    /// # Errors
    /// Those of the credentials' files and of the token server.
    pub(in crate::registry) fn header(
        &self,
        web: &Web,
        scope: &Scope,
        context: &Context,
    ) -> Result<Option<String>, RegistryError> {
        // Held while a token is fetched: several threads need only one.
        let mut state = self.lock();
        let Some(way) = state.way.clone() else {
            return Ok(None);
        };
        let login = self.login(&mut state, scope.repository())?;
        match (way, login) {
            (_, Some(Login::RegistryToken(token))) => Ok(Some(format!("Bearer {token}"))),
            (Way::Basic, Some(Login::Basic { user, password })) => {
                Ok(Some(basic(&user, &password)))
            }
            (Way::Basic, _) => Ok(None),
            (Way::Bearer { realm, service }, login) => {
                if let Some(token) = state.token(scope) {
                    return Ok(Some(format!("Bearer {token}")));
                }
                let mut scopes = scope.texts();
                scopes.extend(state.extra.clone());
                let token = TokenRequest {
                    realm: &realm,
                    service: service.as_deref(),
                    scopes: &scopes,
                    login: login.as_ref(),
                    context,
                }
                .fetch(web)?;
                if state.tokens.len() >= MAX_TOKENS {
                    state.tokens.clear();
                }
                let header = format!("Bearer {}", token.value);
                state.tokens.insert(key(scope), token);
                Ok(Some(header))
            }
        }
    }

    /// Reads the challenges of a 401, the `tries`th of this request, that
    /// came although `sent` was sent.
    ///
    /// # Errors
    /// [`RegistryError::Protocol`] when there is no challenge that can be met;
    /// those of the credentials' files.
    pub(in crate::registry) fn learn(
        &self,
        headers: &HeaderMap,
        sent: Option<&str>,
        tries: u32,
        realms: HttpRealm,
        scope: &Scope,
        context: &Context,
    ) -> Result<Learned, RegistryError> {
        let senseless = |problem: String| RegistryError::Protocol {
            context: Box::new(context.clone()),
            problem,
        };
        let found: Vec<Challenge> = headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .take(MAX_HEADERS)
            .filter_map(|value| value.to_str().ok())
            .flat_map(challenge::parse)
            .collect();
        let of = |scheme: &str| found.iter().find(|c| c.scheme == scheme);
        let bearer = of("bearer").filter(|c| c.param("realm").is_some());
        let mut state = self.lock();
        let login = self.login(&mut state, scope.repository())?;
        let refused = Learned::Refused(login.as_ref().map(Login::user));
        if let Some(challenge) = bearer {
            let realm = realm(challenge, realms).map_err(senseless)?;
            let service = challenge.param("service").map(str::to_owned);
            state.way = Some(Way::Bearer { realm, service });
            state.tokens.remove(&key(scope));
            if matches!(login, Some(Login::RegistryToken(_))) && sent.is_some() {
                return Ok(refused);
            }
            let wanted = challenge
                .param("scope")
                .filter(|wanted| wanted.len() <= MAX_SCOPE && !wanted.is_empty());
            return Ok(match (tries, wanted) {
                (1, _) => Learned::TryAgain,
                // Our scope was not it; ask for the registry's as well, once.
                (2, Some(wanted)) if !scope.texts().iter().any(|own| own == wanted) => {
                    state.extra = Some(wanted.to_owned());
                    Learned::TryAgain
                }
                _ => refused,
            });
        }
        if of("basic").is_some() {
            state.way = Some(Way::Basic);
            let already = sent.is_some_and(|sent| sent.starts_with("Basic "));
            let possible = matches!(login, Some(Login::Basic { .. } | Login::RegistryToken(_)));
            return Ok(if already || !possible || tries > 1 {
                refused
            } else {
                Learned::TryAgain
            });
        }
        match found.first() {
            Some(challenge) => Err(senseless(format!(
                "it wants to be authenticated to by {:?}, which is not supported",
                escape(&challenge.scheme)
            ))),
            None => Ok(refused),
        }
    }

    /// Who is logged in, for messages about what is forbidden.
    pub(in crate::registry) fn user(&self, scope: &Scope) -> Option<String> {
        let state = self.lock();
        let login = state.logins.get(scope.repository())?.as_ref()?;
        Some(login.user())
    }

    fn login(&self, state: &mut State, repository: &str) -> Result<Option<Login>, RegistryError> {
        if let Some(login) = state.logins.get(repository) {
            return Ok(login.clone());
        }
        let login = self.credentials.login(&self.registry, repository)?;
        state.logins.insert(repository.to_owned(), login.clone());
        Ok(login)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What it holds is good after each step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A token that is still good; one for pushing is one for pulling too.
    fn token(&self, scope: &Scope) -> Option<&str> {
        let now = Instant::now();
        let good = |scope: &Scope| {
            let token = self.tokens.get(&key(scope))?;
            (token.until > now).then_some(token.value.as_str())
        };
        good(scope).or_else(|| match scope.0.as_slice() {
            [(repository, Action::Pull)] => good(&Scope::new(repository, Action::Push)),
            _ => None,
        })
    }
}

fn key(scope: &Scope) -> String {
    scope.texts().join(" ")
}

/// The token server's address, when credentials may be sent there.
fn realm(challenge: &Challenge, realms: HttpRealm) -> Result<Uri, String> {
    let text = challenge.param("realm").unwrap_or_default();
    let uri: Uri = text
        .parse()
        .map_err(|_| "the token server's address is not one".to_owned())?;
    let host = uri.host().unwrap_or_default();
    let user = uri.authority().is_none_or(|a| a.as_str().contains('@'));
    let safe = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => match realms {
            HttpRealm::Nowhere => false,
            HttpRealm::Loopback => is_loopback(host),
            HttpRealm::Anywhere => true,
        },
        _ => false,
    };
    if user || host.is_empty() || !safe {
        return Err(format!(
            "it names the token server {:?}, which must be https as the registry is",
            escape(text)
        ));
    }
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realm_of(text: &str, realms: HttpRealm) -> bool {
        let challenge = challenge::parse(&format!("Bearer realm=\"{text}\"")).remove(0);
        realm(&challenge, realms).is_ok()
    }

    #[test]
    fn token_servers_use_tls() {
        for realms in [HttpRealm::Nowhere, HttpRealm::Loopback, HttpRealm::Anywhere] {
            assert!(realm_of("https://auth.example/token?x=1", realms));
            for bad in [
                "",
                "/token",
                "ftp://a.example/",
                "https://u:p@a.example/",
                "a b",
            ] {
                assert!(!realm_of(bad, realms), "{bad}");
            }
        }
        assert!(!realm_of("http://127.0.0.1:1/t", HttpRealm::Nowhere));
        assert!(realm_of("http://127.0.0.1:1/t", HttpRealm::Loopback));
        assert!(!realm_of("http://auth.example/t", HttpRealm::Loopback));
        assert!(realm_of("http://auth.example/t", HttpRealm::Anywhere));
    }
}
