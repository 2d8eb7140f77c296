//! How an image is named on the command line, after containers-transports(5).

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A transport and a place, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locator {
    /// `docker-archive:FILE[:REF]`
    DockerArchive(PathBuf, Option<String>),
    /// `oci:DIR[:TAG]`
    OciLayout(PathBuf, Option<String>),
    /// `oci-archive:FILE[:TAG]`
    OciArchive(PathBuf, Option<String>),
    /// `docker-daemon:REF`
    DockerDaemon(String),
    /// `podman:REF`
    Podman(String),
    /// `containerd:REF`
    Containerd(String),
    /// `docker://REF` or `registry:REF`
    Registry(String),
    /// An existing file or folder, recognised by its content.
    Path(PathBuf, Option<String>),
    /// A name to be looked for in all places.
    Name(String),
}

/// Not a locator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocatorError {
    /// Nothing at all.
    #[error("the image name is empty")]
    Empty,
    /// A transport without a place.
    #[error("{0} needs something after the colon, as in {1}")]
    Incomplete(&'static str, &'static str),
    /// A word that cannot name an image.
    #[error("{0:?} is neither a file nor an image name")]
    BadName(String),
}

impl FromStr for Locator {
    type Err = LocatorError;

    fn from_str(text: &str) -> Result<Self, LocatorError> {
        if text.is_empty() {
            return Err(LocatorError::Empty);
        }
        let transports: [(&str, &str); 9] = [
            ("docker-archive:", "docker-archive:app.tar"),
            ("oci-archive:", "oci-archive:app.tar"),
            ("oci:", "oci:folder:tag"),
            ("docker-daemon:", "docker-daemon:app:1.0"),
            ("podman:", "podman:app:1.0"),
            ("containers-storage:", "podman:app:1.0"),
            ("containerd:", "containerd:app:1.0"),
            ("docker://", "docker://registry.example/app:1.0"),
            ("registry:", "registry:registry.example/app:1.0"),
        ];
        for (prefix, example) in transports {
            let Some(rest) = text.strip_prefix(prefix) else {
                continue;
            };
            if rest.is_empty() {
                return Err(LocatorError::Incomplete(prefix, example));
            }
            let file = || split_path(rest);
            return Ok(match prefix {
                "docker-archive:" => {
                    let (path, reference) = file();
                    Locator::DockerArchive(path, reference)
                }
                "oci-archive:" => {
                    let (path, reference) = file();
                    Locator::OciArchive(path, reference)
                }
                "oci:" => {
                    let (path, reference) = file();
                    Locator::OciLayout(path, reference)
                }
                "docker-daemon:" => Locator::DockerDaemon(name(rest)?),
                "podman:" | "containers-storage:" => Locator::Podman(name(rest)?),
                "containerd:" => Locator::Containerd(name(rest)?),
                _ => Locator::Registry(name(rest.trim_start_matches("//"))?),
            });
        }
        let (path, reference) = split_path(text);
        if path.symlink_metadata().is_ok() {
            return Ok(Locator::Path(path, reference));
        }
        name(text).map(Locator::Name)
    }
}

impl Locator {
    /// The file or folder that it names, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Locator::DockerArchive(path, _)
            | Locator::OciLayout(path, _)
            | Locator::OciArchive(path, _)
            | Locator::Path(path, _) => Some(path),
            _ => None,
        }
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (transport, place, reference) = match self {
            Locator::DockerArchive(path, reference) => ("docker-archive:", path, reference),
            Locator::OciLayout(path, reference) => ("oci:", path, reference),
            Locator::OciArchive(path, reference) => ("oci-archive:", path, reference),
            Locator::Path(path, reference) => ("", path, reference),
            Locator::DockerDaemon(name) => return write!(f, "docker-daemon:{name}"),
            Locator::Podman(name) => return write!(f, "podman:{name}"),
            Locator::Containerd(name) => return write!(f, "containerd:{name}"),
            Locator::Registry(name) => return write!(f, "docker://{name}"),
            Locator::Name(name) => return f.write_str(name),
        };
        write!(f, "{transport}{}", place.display())?;
        match reference {
            Some(reference) => write!(f, ":{reference}"),
            None => Ok(()),
        }
    }
}

/// Splits `PATH[:REF]`. A path that exists as a whole is one; otherwise the
/// shortest existing part before a colon is; otherwise the first colon decides.
fn split_path(text: &str) -> (PathBuf, Option<String>) {
    if Path::new(text).symlink_metadata().is_ok() {
        return (text.into(), None);
    }
    let mut colons = text.match_indices(':').map(|(i, _)| i);
    let first = text.find(':');
    let split = colons
        .find(|&i| i > 0 && Path::new(&text[..i]).symlink_metadata().is_ok())
        .or(first);
    match split {
        Some(i) => {
            let reference = &text[i + 1..];
            let reference = (!reference.is_empty()).then(|| reference.to_owned());
            (text[..i].into(), reference)
        }
        None => (text.into(), None),
    }
}

/// A reference or an image ID; what registries allow, and nothing that could
/// change the meaning of a URL.
fn name(text: &str) -> Result<String, LocatorError> {
    let ok = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"._-/:@+".contains(&b));
    let dots = text.split('/').any(|part| part == ".." || part == ".");
    if text.is_empty() || !ok || dots || text.starts_with(['/', '-', ':', '@']) {
        return Err(LocatorError::BadName(text.to_owned()));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transports() {
        let parse = |text: &str| text.parse::<Locator>().unwrap();
        assert_eq!(
            parse("docker-archive:/no/such.tar:app:1.0"),
            Locator::DockerArchive("/no/such.tar".into(), Some("app:1.0".into()))
        );
        assert_eq!(
            parse("oci:/no/dir"),
            Locator::OciLayout("/no/dir".into(), None)
        );
        assert_eq!(
            parse("docker://localhost:5000/a/b:1"),
            Locator::Registry("localhost:5000/a/b:1".into())
        );
        assert_eq!(parse("app:1.0"), Locator::Name("app:1.0".into()));
        assert_eq!(
            parse("Cargo.toml"),
            Locator::Path("Cargo.toml".into(), None)
        );
        assert_eq!(
            parse("Cargo.toml:app:1.0"),
            Locator::Path("Cargo.toml".into(), Some("app:1.0".into()))
        );
        for bad in [
            "",
            "oci:",
            "a b",
            "../../no/such",
            "-x",
            "docker-daemon:a?b",
        ] {
            assert!(bad.parse::<Locator>().is_err(), "{bad}");
        }
    }
}
