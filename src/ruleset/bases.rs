//! `rules/bases.toml`: smaller images of the same contents.

use regex::Regex;
use serde::Deserialize;

use super::caches::RuleFileError;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBase {
    images: Vec<String>,
    tags: String,
    twin: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BaseFile {
    base: Vec<RawBase>,
}

#[derive(Debug, Clone)]
struct Base {
    images: Vec<String>,
    tags: Regex,
    twin: String,
}

/// Images of Docker Hub and their smaller twins.
#[derive(Debug, Clone, Default)]
pub struct BaseTwins {
    bases: Vec<Base>,
}

impl BaseTwins {
    /// The list that rslim ships.
    ///
    /// # Errors
    /// [`RuleFileError`] if the shipped file is broken, which a test rules out.
    pub fn builtin() -> Result<Self, RuleFileError> {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/bases.toml"));
        Self::parse("rules/bases.toml", text)
    }

    /// Parses the file.
    ///
    /// # Errors
    /// [`RuleFileError`].
    pub fn parse(file: &str, text: &str) -> Result<Self, RuleFileError> {
        let parsed: BaseFile = toml::from_str(text).map_err(|source| RuleFileError::Toml {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        let bases = parsed.base.into_iter().map(|raw| {
            let tags = Regex::new(&raw.tags).map_err(|wrong| RuleFileError::Rule {
                file: file.to_owned(),
                what: wrong.to_string(),
            })?;
            Ok(Base {
                images: raw.images,
                tags,
                twin: raw.twin,
            })
        });
        Ok(BaseTwins {
            bases: bases.collect::<Result<_, RuleFileError>>()?,
        })
    }

    /// The smaller twin of an image, or what to do in words.
    pub fn find(&self, image: &str, tag: &str) -> Option<String> {
        let base = self
            .bases
            .iter()
            .find(|base| base.images.iter().any(|own| own == image))?;
        let found = base.tags.captures(tag)?;
        let version = found.get(1).map_or(tag, |version| version.as_str());
        let suffix = ["-bullseye", "-bookworm", "-trixie"]
            .iter()
            .find(|suffix| tag.ends_with(**suffix));
        let plain = if tag == "latest" { "" } else { version };
        let twin = base
            .twin
            .replace("{image}", image)
            .replace("{tag}", if tag == "latest" { "stable" } else { tag })
            .replace("{suffix}", suffix.copied().unwrap_or(""))
            .replace(
                "{version}-",
                &if plain.is_empty() {
                    String::new()
                } else {
                    format!("{plain}-")
                },
            )
            .replace("{version}", plain);
        Some(twin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_keep_the_version() {
        let twins = BaseTwins::builtin().unwrap();
        let find = |image, tag| twins.find(image, tag).unwrap_or_default();
        assert_eq!(find("python", "3.12"), "python:3.12-slim");
        assert_eq!(find("python", "3.12-bookworm"), "python:3.12-slim-bookworm");
        assert_eq!(find("python", "latest"), "python:slim");
        assert_eq!(find("node", "22-bookworm"), "node:22-bookworm-slim");
        assert_eq!(find("node", "latest"), "node:slim");
        assert_eq!(find("debian", "12"), "debian:12-slim");
        assert_eq!(find("debian", "latest"), "debian:stable-slim");
        assert_eq!(find("python", "3.12-slim"), "");
        assert_eq!(find("alpine", "3.20"), "");
    }
}
