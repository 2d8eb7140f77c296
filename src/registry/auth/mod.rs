//! Who we are to a registry: credentials out of files and helpers, and tokens for them.

mod challenge;
mod config_file;
mod files;
mod helper;
mod state;
mod token;

#[cfg(test)]
mod test_files;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use files::AuthFiles;
pub(super) use state::{Auth, HttpRealm, Learned};

use super::error::RegistryError;

/// Where credentials come from.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// The files of docker and podman that the environment names.
    #[default]
    Environment,
    /// These files.
    Files(AuthFiles),
    /// This login for this registry, the environment's files for all others:
    /// a password must not go to the wrong one of two registries.
    Fixed {
        /// The registry as [`Reference::registry`](super::Reference::registry) names it.
        registry: String,
        /// The login.
        login: Login,
    },
    /// None at all.
    Anonymous,
}

/// What proves who we are. Its debug form shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// User and password.
    Basic {
        /// The user's name.
        user: String,
        /// The password, or an access token used as one.
        password: String,
    },
    /// A refresh token of OAuth 2, changed for an access token at the token server.
    IdentityToken(String),
    /// An access token that is given to the registry as it is.
    RegistryToken(String),
}

impl Login {
    /// Who it is, for messages.
    fn user(&self) -> String {
        match self {
            Login::Basic { user, .. } => format!("user {user:?}"),
            Login::IdentityToken(_) => "the identity token".to_owned(),
            Login::RegistryToken(_) => "the registry token".to_owned(),
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({})", self.user())
    }
}

impl Credentials {
    fn login(&self, registry: &str, repository: &str) -> Result<Option<Login>, RegistryError> {
        match self {
            Credentials::Fixed {
                registry: only,
                login,
            } if only == registry => Ok(Some(login.clone())),
            Credentials::Environment | Credentials::Fixed { .. } => {
                AuthFiles::from_environment().login(registry, repository)
            }
            Credentials::Files(files) => files.login(registry, repository),
            Credentials::Anonymous => Ok(None),
        }
    }
}

/// Rights on a repository, for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Pull,
    Push,
}

/// What a request needs rights for; the first is the repository that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope(Vec<(String, Action)>);

impl Scope {
    pub(super) fn new(repository: &str, action: Action) -> Self {
        Scope(vec![(repository.to_owned(), action)])
    }

    /// With the right to read another repository, to mount its blobs.
    pub(super) fn and_pull(mut self, repository: &str) -> Self {
        self.0.push((repository.to_owned(), Action::Pull));
        self
    }

    fn repository(&self) -> &str {
        self.0.first().map_or("", |(name, _)| name)
    }

    /// As token servers want them: `repository:NAME:pull,push`.
    fn texts(&self) -> Vec<String> {
        let text = |(name, action): &(String, Action)| {
            let actions = match action {
                Action::Pull => "pull",
                Action::Push => "pull,push",
            };
            format!("repository:{name}:{actions}")
        };
        self.0.iter().map(text).collect()
    }
}

/// The value of an `Authorization` header for user and password (RFC 7617).
fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
