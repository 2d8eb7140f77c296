//! One file with credentials, as docker, podman and their helpers write it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Login, helper};
use crate::registry::error::RegistryError;

/// Most bytes of a file with credentials.
const MAX_FILE: u64 = 4 * 1024 * 1024;
/// The names that Docker Hub has in files; the first is how helpers know it.
const HUB: [&str; 3] = [
    "https://index.docker.io/v1/",
    "index.docker.io",
    "docker.io",
];

/// `config.json` of docker or `auth.json` of podman; the keys that matter here.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct ConfigFile {
    #[serde(default)]
    auths: Option<BTreeMap<String, Entry>>,
    #[serde(default, rename = "credHelpers")]
    cred_helpers: Option<BTreeMap<String, String>>,
    #[serde(default, rename = "credsStore")]
    creds_store: Option<String>,
}

#[derive(Default, serde::Deserialize)]
struct Entry {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    identitytoken: Option<String>,
    #[serde(default)]
    registrytoken: Option<String>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entry(secret)")
    }
}

impl ConfigFile {
    /// Reads a file; `None` when it is not there.
    ///
    /// # Errors
    /// [`RegistryError::Credentials`] when it cannot be read or is not JSON of this kind.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, RegistryError> {
        let failed = |why: String| {
            RegistryError::Credentials(format!("{} cannot be used: {why}", path.display()))
        };
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(file) => file
                .take(MAX_FILE)
                .read_to_end(&mut bytes)
                .map_err(|e| failed(e.to_string()))?,
            Err(e)
                if matches!(
                    e.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(e) => return Err(failed(e.to_string())),
        };
        // An empty file is what some tools leave behind.
        if bytes.trim_ascii().is_empty() {
            return Ok(Some(ConfigFile::default()));
        }
        // Line and column only: the parser's own words may quote a secret.
        serde_json::from_slice(&bytes).map(Some).map_err(|e| {
            failed(format!(
                "it is not JSON of the expected form (line {}, column {})",
                e.line(),
                e.column()
            ))
        })
    }

    /// The login for a repository of `registry`: a helper for the registry,
    /// then an entry, then the general helper.
    ///
    /// # Errors
    /// [`RegistryError::Credentials`] when an entry is broken or a helper fails.
    pub(super) fn login(
        &self,
        registry: &str,
        repository: &str,
        limit: Duration,
    ) -> Result<Option<Login>, RegistryError> {
        let hub = is_hub(registry);
        let server = if hub { HUB[0] } else { registry };
        let helpers = self.cred_helpers.iter().flatten();
        for (key, helper) in helpers {
            if same_host(key, registry) && !helper.is_empty() {
                return helper::get(helper, server, limit);
            }
        }
        if let Some(login) = self.entry(registry, repository)? {
            return Ok(Some(login));
        }
        match self.creds_store.as_deref() {
            Some(helper) if !helper.is_empty() => helper::get(helper, server, limit),
            _ => Ok(None),
        }
    }

    /// The longest key that is a prefix of `registry/repository` counts, as
    /// podman has it; then keys in docker's older forms.
    fn entry(&self, registry: &str, repository: &str) -> Result<Option<Login>, RegistryError> {
        let Some(auths) = &self.auths else {
            return Ok(None);
        };
        let registry = if is_hub(registry) {
            "docker.io"
        } else {
            registry
        };
        let full = format!("{registry}/{repository}");
        let mut name = full.as_str();
        loop {
            if let Some(entry) = auths.get(name)
                && let Some(login) = entry.login(name)?
            {
                return Ok(Some(login));
            }
            match name.rsplit_once('/') {
                Some((shorter, _)) => name = shorter,
                None => break,
            }
        }
        for (key, entry) in auths {
            if same_host(key, registry)
                && let Some(login) = entry.login(key)?
            {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }
}

impl Entry {
    fn login(&self, key: &str) -> Result<Option<Login>, RegistryError> {
        let set = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = set(&self.identitytoken) {
            return Ok(Some(Login::IdentityToken(token)));
        }
        if let Some(token) = set(&self.registrytoken) {
            return Ok(Some(Login::RegistryToken(token)));
        }
        if let Some(auth) = set(&self.auth) {
            let broken = || {
                RegistryError::Credentials(format!(
                    "the entry {key:?} is not user and password in base64; log in again"
                ))
            };
            let bytes = STANDARD.decode(auth.trim()).map_err(|_| broken())?;
            let text = String::from_utf8(bytes).map_err(|_| broken())?;
            let (user, password) = text.split_once(':').ok_or_else(broken)?;
            return Ok(Some(Login::Basic {
                user: user.to_owned(),
                // Docker once padded them.
                password: password.trim_end_matches('\0').to_owned(),
            }));
        }
        match (set(&self.username), set(&self.password)) {
            (Some(user), Some(password)) => Ok(Some(Login::Basic { user, password })),
            _ => Ok(None),
        }
    }
}

fn is_hub(registry: &str) -> bool {
    registry == "registry-1.docker.io" || HUB.contains(&registry)
}

/// Whether `key` names the whole registry: its host, with or without scheme
/// and version path.
fn same_host(key: &str, registry: &str) -> bool {
    if is_hub(registry) && HUB.contains(&key) {
        return true;
    }
    let host = match key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
    {
        Some(rest) => rest.split('/').next().unwrap_or(rest),
        None => key.trim_end_matches('/'),
    };
    host.eq_ignore_ascii_case(registry) || (is_hub(registry) && is_hub(host))
}
