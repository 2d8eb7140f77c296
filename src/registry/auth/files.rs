//! Where files with credentials are, in the order in which podman and docker look.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::Login;
use super::config_file::ConfigFile;
use crate::registry::error::RegistryError;

/// How long a credential helper may take; some ask the person first.
const HELPER_TIME: Duration = Duration::from_secs(30);

/// Files with credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthFiles {
    /// In the order in which they are asked.
    pub paths: Vec<PathBuf>,
    /// Whether the files must exist, since the user named them.
    pub required: bool,
    /// How long a credential helper may take.
    pub helper_time: Duration,
}

impl AuthFiles {
    /// The files that the environment says: `$REGISTRY_AUTH_FILE` alone when
    /// it is set; otherwise `$XDG_RUNTIME_DIR/containers/auth.json`,
    /// `$XDG_CONFIG_HOME/containers/auth.json` (`~/.config` by default) and
    /// `$DOCKER_CONFIG/config.json` (`~/.docker` by default).
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var_os(name))
    }

    /// The same with a substitute for the environment.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let folder = |name: &str| {
            let value = variable(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from)
        };
        if let Some(file) = folder("REGISTRY_AUTH_FILE") {
            return AuthFiles {
                paths: vec![file],
                required: true,
                helper_time: HELPER_TIME,
            };
        }
        let home = folder("HOME");
        let podman = |folder: PathBuf| folder.join("containers/auth.json");
        let under_home = |name: &str| home.as_ref().map(|home| home.join(name));
        let paths = [
            folder("XDG_RUNTIME_DIR").map(podman),
            folder("XDG_CONFIG_HOME")
                .or_else(|| under_home(".config"))
                .map(podman),
            folder("DOCKER_CONFIG")
                .or_else(|| under_home(".docker"))
                .map(|folder| folder.join("config.json")),
        ];
        AuthFiles {
            paths: paths.into_iter().flatten().collect(),
            required: false,
            helper_time: HELPER_TIME,
        }
    }

    /// The login for a repository: the first file that has one.
    ///
    /// # Errors
    /// [`RegistryError::Credentials`] when a file or a helper does not work.
    pub(super) fn login(
        &self,
        registry: &str,
        repository: &str,
    ) -> Result<Option<Login>, RegistryError> {
        for path in &self.paths {
            let Some(file) = ConfigFile::read(path)? else {
                if self.required {
                    return Err(RegistryError::Credentials(format!(
                        "REGISTRY_AUTH_FILE names {}, which does not exist",
                        path.display()
                    )));
                }
                continue;
            };
            if let Some(login) = file.login(registry, repository, self.helper_time)? {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }
}
