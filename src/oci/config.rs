//! The image configuration (OCI image-spec `config.md`; Docker's is a superset).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::error::OciError;
use super::parse_json;

/// What we use of an image configuration. Nulls stand for absent values, as in
/// Go; everything else keeps its type or is an error that names the field.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ImageConfig {
    /// RFC 3339 time, as written.
    #[serde(default, deserialize_with = "null_is_default")]
    pub created: String,
    /// GOARCH.
    #[serde(default, deserialize_with = "null_is_default")]
    pub architecture: String,
    /// GOOS.
    #[serde(default, deserialize_with = "null_is_default")]
    pub os: String,
    /// CPU variant.
    #[serde(default, deserialize_with = "null_is_default")]
    pub variant: String,
    /// How containers of the image are run.
    #[serde(default, deserialize_with = "null_is_default")]
    pub config: RunConfig,
    /// The layers' diff_ids.
    #[serde(default, deserialize_with = "null_is_default")]
    pub rootfs: RootFs,
    /// How the image was built, oldest first.
    #[serde(default, deserialize_with = "null_is_default")]
    pub history: Vec<HistoryEntry>,
}

/// The `config` object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RunConfig {
    /// Environment, `NAME=VALUE`.
    #[serde(default, deserialize_with = "null_is_default")]
    pub env: Vec<String>,
    /// Labels.
    #[serde(default, deserialize_with = "null_is_default")]
    pub labels: BTreeMap<String, String>,
    /// Program of a container.
    #[serde(default, deserialize_with = "null_is_default")]
    pub entrypoint: Vec<String>,
    /// Arguments, or the program where there is no entry point.
    #[serde(default, deserialize_with = "null_is_default")]
    pub cmd: Vec<String>,
    /// User and group, by name or number: `user[:group]`.
    #[serde(default, deserialize_with = "null_is_default")]
    pub user: String,
    /// Directory that the program starts in; `/` if empty.
    #[serde(default, deserialize_with = "null_is_default")]
    pub working_dir: String,
    /// Directories of volumes, as keys.
    #[serde(default, deserialize_with = "null_is_default")]
    pub volumes: BTreeMap<String, serde::de::IgnoredAny>,
    /// Ports that the program listens at, as keys: `80`, `80/tcp`, `53/udp`.
    #[serde(default, deserialize_with = "null_is_default")]
    pub exposed_ports: BTreeMap<String, serde::de::IgnoredAny>,
    /// Signal that asks the program to end: a name or a number.
    #[serde(default, deserialize_with = "null_is_default")]
    pub stop_signal: String,
    /// Shell of instructions in shell form (Docker only).
    #[serde(default, deserialize_with = "null_is_default")]
    pub shell: Vec<String>,
    /// How to tell whether a container works (Docker only).
    #[serde(default, deserialize_with = "null_is_default")]
    pub healthcheck: Healthcheck,
}

impl RunConfig {
    /// The command line of the health check, where there is one. Its shell is
    /// that of instructions.
    pub fn health_command(&self) -> Option<Vec<String>> {
        let (kind, words) = self.healthcheck.test.split_first()?;
        match kind.as_str() {
            "CMD" => Some(words.to_vec()),
            "CMD-SHELL" if self.shell.is_empty() => {
                let shell = ["/bin/sh".to_owned(), "-c".to_owned()];
                Some([&shell, words].concat())
            }
            "CMD-SHELL" => Some([&self.shell, words].concat()),
            _ => None,
        }
    }
}

/// The `config.Healthcheck` object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `CMD` and words, `CMD-SHELL` and a line, or `NONE`.
    #[serde(default, deserialize_with = "null_is_default")]
    pub test: Vec<String>,
}

/// The `rootfs` object.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RootFs {
    /// Digests of the layers' tar streams, lowest first, unparsed.
    #[serde(default, deserialize_with = "null_is_default")]
    pub diff_ids: Vec<String>,
}

/// One step of the build.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct HistoryEntry {
    /// RFC 3339 time, as written.
    #[serde(default, deserialize_with = "null_is_default")]
    pub created: String,
    /// The instruction, in a form that depends on the builder.
    #[serde(default, deserialize_with = "null_is_default")]
    pub created_by: String,
    /// Free text; buildah notes `FROM name` here.
    #[serde(default, deserialize_with = "null_is_default")]
    pub comment: String,
    /// Whether the step made no layer.
    #[serde(default, deserialize_with = "null_is_default")]
    pub empty_layer: bool,
}

impl ImageConfig {
    /// Parses a configuration document.
    ///
    /// # Errors
    /// [`OciError`] naming the field that has the wrong type.
    pub fn parse(bytes: &[u8]) -> Result<Self, OciError> {
        parse_json("the image configuration", bytes)
    }

    /// For each layer, the history entry that made it, as far as history goes.
    pub fn layer_history(&self) -> impl Iterator<Item = &HistoryEntry> {
        self.history.iter().filter(|entry| !entry.empty_layer)
    }
}

/// Go's JSON takes null for any type's zero value, and real images rely on it.
fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_absent() {
        let config = ImageConfig::parse(
            br#"{"created":null,"config":{"Env":null,"Labels":null,"Cmd":null},
                 "rootfs":null,"history":[{"created_by":null,"empty_layer":null}]}"#,
        )
        .unwrap();
        assert_eq!(config.history.len(), 1);
        assert!(config.rootfs.diff_ids.is_empty());
    }

    #[test]
    fn wrong_types_are_named() {
        let error = ImageConfig::parse(br#"{"config":{"Env":"A=B"}}"#).unwrap_err();
        assert!(error.to_string().contains("config.Env"), "{error}");
        let error = ImageConfig::parse(br#"{"config":{"Labels":["a"]}}"#).unwrap_err();
        assert!(error.to_string().contains("config.Labels"), "{error}");
    }
}
