//! The name of an image in a registry, `HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]`,
//! after the grammar of the distribution project.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use oci_spec::image::Digest;

/// The registry of names without a host.
const DEFAULT_REGISTRY: &str = "docker.io";
/// What a name without tag and digest means.
const DEFAULT_TAG: &str = "latest";
/// Longest name of host and repository, in bytes.
const MAX_NAME: usize = 255;
/// Longest tag, in bytes.
const MAX_TAG: usize = 128;

/// The name of an image in a registry; defaults are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Which manifest of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// Whatever the tag points to.
    Tag(String),
    /// Exactly this one.
    Digest(Digest),
}

/// Not the name of an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not an image name: {problem}")]
pub struct ReferenceError {
    /// What was given.
    pub name: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Reference {
    /// The registry's host with its port if it has one; `docker.io` for Docker Hub.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The host that answers for [`Reference::registry`]: Docker Hub's API has a name of its own.
    pub fn api_host(&self) -> &str {
        match self.registry.as_str() {
            DEFAULT_REGISTRY => "registry-1.docker.io",
            host => host,
        }
    }

    /// The repository in the registry, such as `library/alpine`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, if one was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if one was given.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Which manifest is meant: the digest wins over the tag, and the tag is
    /// `latest` when there is neither.
    pub fn version(&self) -> Version {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => Version::Digest(digest.clone()),
            (None, Some(tag)) => Version::Tag(tag.clone()),
            (None, None) => Version::Tag(DEFAULT_TAG.to_owned()),
        }
    }

    /// The same repository with another version.
    #[must_use]
    pub fn with_version(&self, version: Version) -> Self {
        let (tag, digest) = match version {
            Version::Tag(tag) => (Some(tag), None),
            Version::Digest(digest) => (None, Some(digest)),
        };
        Reference {
            registry: self.registry.clone(),
            repository: self.repository.clone(),
            tag,
            digest,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl Version {
    /// Reads a tag or a digest; only digests have a colon.
    ///
    /// # Errors
    /// [`ReferenceError`].
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if text.contains(':') {
            digest(text).map(Version::Digest)
        } else if is_tag(text) {
            Ok(Version::Tag(text.to_owned()))
        } else {
            Err(bad_tag(text))
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Version::Tag(tag) => f.write_str(tag),
            Version::Digest(digest) => write!(f, "{digest}"),
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let bad = |problem| ReferenceError {
            name: text.to_owned(),
            problem,
        };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, end)) => (rest, Some(digest(end)?)),
            None => (text, None),
        };
        // A colon before the last slash belongs to the host's port.
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[last..].find(':') {
            Some(colon) => {
                let tag = &rest[last + colon + 1..];
                if !is_tag(tag) {
                    return Err(bad_tag(text));
                }
                (&rest[..last + colon], Some(tag.to_owned()))
            }
            None => (rest, None),
        };
        let (registry, repository) = match name.split_once('/') {
            Some((first, path)) if is_host_like(first) => (first, path.to_owned()),
            _ => (DEFAULT_REGISTRY, name.to_owned()),
        };
        let lower = registry.to_ascii_lowercase();
        let registry = match lower.as_str() {
            "index.docker.io" => DEFAULT_REGISTRY.to_owned(),
            // Hosts have no case; but where upper case is all that tells the
            // name from a repository it has to stay.
            _ if is_host_like(&lower) => lower,
            _ => registry.to_owned(),
        };
        let repository = if registry == DEFAULT_REGISTRY && !repository.contains('/') {
            format!("library/{repository}")
        } else {
            repository
        };
        if !is_host(&registry) {
            return Err(bad("the part before the first slash is not a host name"));
        }
        if name.len() > MAX_NAME {
            return Err(bad("it is longer than 255 characters"));
        }
        if !is_repository(&repository) {
            return Err(bad(
                "a repository has lower-case letters, digits and single `.`, `_`, `-` or `/` \
                 between them",
            ));
        }
        // An image ID: what a registry cannot look up.
        if name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad("64 hexadecimal digits are an image ID, not a name"));
        }
        Ok(Reference {
            registry,
            repository,
            tag,
            digest,
        })
    }
}

fn digest(text: &str) -> Result<Digest, ReferenceError> {
    Digest::try_from(text).map_err(|_| ReferenceError {
        name: text.to_owned(),
        problem: "it has no digest such as sha256: and 64 hexadecimal digits",
    })
}

fn bad_tag(name: &str) -> ReferenceError {
    ReferenceError {
        name: name.to_owned(),
        problem: "a tag has up to 128 letters, digits, `_`, `.` and `-`, and does not start with \
                  `.` or `-`",
    }
}

/// Whether the first part of a name is a host rather than part of a repository.
fn is_host_like(first: &str) -> bool {
    first.contains(['.', ':'])
        || first == "localhost"
        || first.bytes().any(|b| b.is_ascii_uppercase())
}

/// `host[:port]`, where the host is a name, an IPv4 address or an IPv6 address in brackets.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => {
                if address.parse::<Ipv6Addr>().is_err() {
                    return false;
                }
                ("v6", port)
            }
            None => return false,
        },
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let port_ok = match port.strip_prefix(':') {
        Some(digits) => {
            digits.bytes().all(|b| b.is_ascii_digit())
                && digits.parse::<u16>().is_ok_and(|port| port != 0)
        }
        None => port.is_empty(),
    };
    port_ok && host.split('.').all(label)
}

/// Whether `text` can name a repository.
pub(super) fn is_repository(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && text.split('/').all(is_component)
}

/// Letters and digits with `.`, `_`, `__` or any number of `-` between them.
fn is_component(text: &str) -> bool {
    let alphanumeric = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    if !bytes.first().is_some_and(alphanumeric) || !bytes.last().is_some_and(alphanumeric) {
        return false;
    }
    bytes
        .split(alphanumeric)
        .all(|separator| matches!(separator, b"" | b"." | b"_" | b"__") || dashes(separator))
}

fn dashes(separator: &[u8]) -> bool {
    separator.iter().all(|&b| b == b'-')
}

fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= MAX_TAG
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parts(text: &str) -> (String, String, Version) {
        let reference: Reference = text.parse().unwrap();
        let again: Reference = reference.to_string().parse().unwrap();
        assert_eq!(again, reference, "{text}");
        (
            reference.api_host().to_owned(),
            reference.repository().to_owned(),
            reference.version(),
        )
    }

    #[test]
    fn names() {
        for (text, host, repository, version) in [
            ("alpine", "registry-1.docker.io", "library/alpine", "latest"),
            (
                "index.docker.io/alpine:3",
                "registry-1.docker.io",
                "library/alpine",
                "3",
            ),
            ("a/b", "registry-1.docker.io", "a/b", "latest"),
            ("localhost/b", "localhost", "b", "latest"),
            ("localhost:5000/b:x", "localhost:5000", "b", "x"),
            (
                "GHCR.io/a/b__c/d--e:V_1.-",
                "ghcr.io",
                "a/b__c/d--e",
                "V_1.-",
            ),
            ("[::1]:5000/a", "[::1]:5000", "a", "latest"),
            ("127.0.0.1:80/a/b", "127.0.0.1:80", "a/b", "latest"),
            ("Upper/a", "Upper", "a", "latest"),
        ] {
            let (h, r, v) = parts(text);
            assert_eq!(
                (h.as_str(), r.as_str(), v.to_string().as_str()),
                (host, repository, version),
                "{text}"
            );
        }
        let (_, _, version) = parts(&format!("quay.io/a:1@{DIGEST}"));
        assert_eq!(version.to_string(), DIGEST);
        assert!(matches!(version, Version::Digest(_)));
    }

    #[test]
    fn what_is_no_name() {
        let id = "a".repeat(64);
        let long_tag = format!("a:{}", "t".repeat(129));
        let long_name = "a/".repeat(130) + "a";
        for bad in [
            "",
            "/",
            "a//b",
            "a/",
            "/a",
            "A",
            "a:",
            "a:-x",
            "a:.x",
            "a:b:c",
            "a@",
            "a@sha256:0",
            "a b",
            "a..b",
            "a___b",
            "a._b",
            "-a",
            "a-",
            "x.y:0/a",
            "x.y:99999/a",
            "x.y:+1/a",
            "[::1/a",
            "[zz]/a",
            "[::1]x/a",
            "-x.y/a",
            "x..y/a",
            "a?b",
            "a%2f",
            "../a",
            "a/../b",
            "ü",
            "docker.io/",
            &id,
            &long_tag,
            &long_name,
        ] {
            assert!(bad.parse::<Reference>().is_err(), "{bad}");
        }
    }

    #[test]
    fn versions() {
        assert_eq!(
            Version::parse("1.0").unwrap(),
            Version::Tag("1.0".to_owned())
        );
        assert!(matches!(Version::parse(DIGEST), Ok(Version::Digest(_))));
        for bad in ["", "a/b", "sha256:xyz", "../x"] {
            assert!(Version::parse(bad).is_err(), "{bad}");
        }
    }
}
