//! Where a written image goes, as it is typed.

use std::path::PathBuf;

use super::failure::Failure;
use crate::oci;
use crate::registry::Reference;
use crate::sink::Destination;
use crate::source::{EngineKind, Locator};

/// The forms of DEST.
pub(super) const FORMS: &str = "\
DEST is one of:
  FILE.tar, docker-archive:FILE[:REF]   an archive that `docker load` and `podman load` take
  oci-archive:FILE[:TAG]                an OCI layout in a tar archive
  FOLDER/, oci:DIR[:TAG]                an OCI layout in a folder; other images in it stay
  docker://REF, registry:REF            a registry; logins are those of docker and podman
  docker-daemon:[REF]                   loaded into Docker
  podman:[REF]                          loaded into podman, by its socket";

/// The place, and the name that it gives the image.
pub(super) fn destination(text: &str) -> Result<(Destination, Option<String>), Failure> {
    let bad = |why: &str| {
        Failure::new(format!("--output {text}: {why}")).help(
            "write docker-archive:FILE, oci-archive:FILE, oci:DIR, docker://REF, \
             docker-daemon:REF or podman:REF; FILE.tar and FOLDER/ do as well",
        )
    };
    let with_name = |rest: &str| -> (PathBuf, Option<String>) {
        match rest.split_once(':') {
            Some((path, name)) if !name.is_empty() => (path.into(), Some(name.to_owned())),
            _ => (rest.trim_end_matches(':').into(), None),
        }
    };
    let (destination, name) = if let Some(rest) = text.strip_prefix("docker-archive:") {
        let (path, name) = with_name(rest);
        (
            Destination::DockerArchive(path),
            name.and_then(|name| engine_name(&name)),
        )
    } else if let Some(rest) = text.strip_prefix("oci-archive:") {
        let (path, name) = with_name(rest);
        (Destination::OciArchive(path), name)
    } else if let Some(rest) = text.strip_prefix("oci:") {
        let (path, name) = with_name(rest);
        (Destination::OciLayout(path), name)
    } else if let Some(name) = text
        .strip_prefix("docker://")
        .or_else(|| text.strip_prefix("registry:"))
    {
        let reference: Reference = name
            .parse()
            .map_err(|error| Failure::of(&format!("--output {text}"), &error))?;
        let name = reference.to_string();
        return Ok((Destination::Registry(reference), Some(name)));
    } else if let Some(name) = text.strip_prefix("docker-daemon:") {
        return Ok((Destination::Engine(EngineKind::Docker), engine_name(name)));
    } else if let Some(name) = text.strip_prefix("podman:") {
        return Ok((Destination::Engine(EngineKind::Podman), engine_name(name)));
    } else if text.ends_with(".tar") {
        (Destination::DockerArchive(text.into()), None)
    } else if text.ends_with('/') || std::path::Path::new(text).is_dir() {
        (Destination::OciLayout(text.into()), None)
    } else {
        return Err(bad("it does not say what to write"));
    };
    match destination.path() {
        Some(path) if path.as_os_str().is_empty() => Err(bad("no file or folder")),
        _ => Ok((destination, name)),
    }
}

/// A name as engines know it: without a tag it has the usual one.
pub(super) fn engine_name(name: &str) -> Option<String> {
    match (name.is_empty(), oci::tag(name)) {
        (true, _) => None,
        (_, Some(_)) => Some(name.to_owned()),
        (_, None) => Some(format!("{name}:latest")),
    }
}

/// Refuses to write over what is being read.
pub(super) fn spare(destination: &Destination, input: &Locator) -> Result<(), Failure> {
    let to = destination.path().and_then(|to| to.canonicalize().ok());
    let (Some(input), Some(to)) = (input.path(), to) else {
        return Ok(());
    };
    let is_layout = matches!(destination, Destination::OciLayout(_));
    match input.canonicalize() {
        // Another image in the same layout is added, and takes nothing away.
        Ok(input) if input == to && !(is_layout && input.is_dir()) => Err(Failure::new(format!(
            "--output {} would change what is being read",
            to.display()
        ))
        .help("choose another file")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations() {
        let of = |text| destination(text).unwrap();
        assert_eq!(
            of("a.tar"),
            (Destination::DockerArchive("a.tar".into()), None)
        );
        assert_eq!(
            of("docker-archive:x:app"),
            (
                Destination::DockerArchive("x".into()),
                Some("app:latest".into())
            )
        );
        assert_eq!(
            of("oci:dir:1.0"),
            (Destination::OciLayout("dir".into()), Some("1.0".into()))
        );
        assert!(destination("app").is_err() && destination("oci:").is_err());
    }
}
