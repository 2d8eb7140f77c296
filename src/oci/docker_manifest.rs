//! `manifest.json` of a docker archive: which configuration and layers make
//! up each image, by member name (moby `image/spec/v1.2`).

use serde::Deserialize;

use super::error::OciError;
use super::parse_json;

/// One image of a docker archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerManifestEntry {
    /// Member that holds the configuration.
    pub config: String,
    /// `name:tag` of the image.
    pub repo_tags: Vec<String>,
    /// Members that hold the layers, lowest first.
    pub layers: Vec<String>,
}

/// What tools write; Jib uses lower-case keys.
#[derive(Deserialize)]
struct RawEntry {
    #[serde(rename = "Config", alias = "config")]
    config: Option<String>,
    #[serde(rename = "RepoTags", alias = "repoTags", alias = "repotags")]
    repo_tags: Option<Vec<String>>,
    #[serde(rename = "Layers", alias = "layers")]
    layers: Option<Vec<String>>,
}

/// Parses `manifest.json`.
///
/// # Errors
/// [`OciError`] when it is not a list of images, or lists none.
pub fn parse_docker_manifest(bytes: &[u8]) -> Result<Vec<DockerManifestEntry>, OciError> {
    const NAME: &str = "manifest.json";
    // Some writers start with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let raw: Vec<RawEntry> = parse_json(NAME, bytes)?;
    if raw.is_empty() {
        return Err(OciError::meaning(NAME, "it lists no image"));
    }
    raw.into_iter()
        .enumerate()
        .map(|(i, entry)| {
            let missing = |field| OciError::meaning(NAME, format!("image {i} has no `{field}`"));
            Ok(DockerManifestEntry {
                config: entry.config.ok_or_else(|| missing("Config"))?,
                repo_tags: entry.repo_tags.unwrap_or_default(),
                layers: entry.layers.ok_or_else(|| missing("Layers"))?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_tags_and_lower_case_keys_load() {
        let entries =
            parse_docker_manifest(br#"[{"config":"c.json","repoTags":null,"layers":["a.tar"]}]"#)
                .unwrap();
        assert_eq!(entries[0].config, "c.json");
        assert!(entries[0].repo_tags.is_empty());
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            "null",
            "[]",
            "{}",
            "\"x\"",
            "",
            "[null]",
            "[{}]",
            "[{\"Config\":1}]",
            "[{",
        ] {
            assert!(parse_docker_manifest(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
