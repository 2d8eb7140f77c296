//! Where engines are looked for, as their own command lines do it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Address, Engine};

const DOCKER: &str = "docker-daemon";
const PODMAN: &str = "podman";

/// Docker: DOCKER_HOST, else the current context, else the usual sockets.
pub(in crate::source) fn docker_sockets() -> Vec<Engine> {
    if let Some(host) = variable("DOCKER_HOST") {
        return vec![engine(DOCKER, &host, "DOCKER_HOST")];
    }
    if let Some((context, host)) = docker_context() {
        return vec![engine(DOCKER, &host, &format!("context {context}"))];
    }
    let mut paths = vec![PathBuf::from("/var/run/docker.sock")];
    if let Some(dir) = variable("XDG_RUNTIME_DIR") {
        paths.push(Path::new(&dir).join("docker.sock"));
    }
    if let Some(home) = variable("HOME") {
        paths.push(Path::new(&home).join(".docker/run/docker.sock"));
    }
    usual(DOCKER, paths)
}

/// Podman: CONTAINER_HOST, else the usual sockets of its service.
pub(in crate::source) fn podman_sockets() -> Vec<Engine> {
    if let Some(host) = variable("CONTAINER_HOST") {
        return vec![engine(PODMAN, &host, "CONTAINER_HOST")];
    }
    let mut paths = Vec::new();
    if let Some(dir) = variable("XDG_RUNTIME_DIR") {
        paths.push(Path::new(&dir).join("podman/podman.sock"));
    }
    paths.push(PathBuf::from("/run/podman/podman.sock"));
    usual(PODMAN, paths)
}

/// The sockets that exist; the first one stands for all when none does.
fn usual(source: &'static str, paths: Vec<PathBuf>) -> Vec<Engine> {
    let mut engines: Vec<_> = paths
        .into_iter()
        .map(|path| Engine {
            source,
            named_by: "default socket".to_owned(),
            address: Address::Unix(path),
        })
        .collect();
    let exists = |engine: &Engine| match &engine.address {
        Address::Unix(path) => path.exists(),
        _ => true,
    };
    if engines.iter().any(exists) {
        engines.retain(exists);
    } else {
        engines.truncate(1);
    }
    engines
}

fn engine(source: &'static str, host: &str, named_by: &str) -> Engine {
    Engine {
        source,
        named_by: named_by.to_owned(),
        address: address(host),
    }
}

fn address(host: &str) -> Address {
    let unsupported = |why| Address::Unsupported(host.to_owned(), why);
    if let Some(path) = host.strip_prefix("unix://") {
        return Address::Unix(path.into());
    }
    if host.starts_with('/') {
        return Address::Unix(host.into());
    }
    if let Some(rest) = host
        .strip_prefix("tcp://")
        .or_else(|| host.strip_prefix("http://"))
    {
        if variable("DOCKER_TLS_VERIFY").is_some() {
            return unsupported("engines behind TLS cannot be read yet; use a Unix socket");
        }
        return Address::Tcp(rest.trim_end_matches('/').to_owned());
    }
    if host.starts_with("ssh://") {
        return unsupported(
            "engines behind ssh cannot be read yet; forward the socket and point DOCKER_HOST to it",
        );
    }
    unsupported("the address is of an unknown kind")
}

/// The host of Docker's current context, when it is not the default one.
fn docker_context() -> Option<(String, String)> {
    let config = variable("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".docker")))?;
    let name = variable("DOCKER_CONTEXT").or_else(|| {
        let text = fs::read(config.join("config.json")).ok()?;
        let json: serde_json::Value = serde_json::from_slice(&text).ok()?;
        Some(json.get("currentContext")?.as_str()?.to_owned())
    })?;
    if name.is_empty() || name == "default" {
        return None;
    }
    // A context's folder is named by the SHA-256 of its name.
    let digest = crate::oci::digest_of(name.as_bytes());
    let meta = config
        .join("contexts/meta")
        .join(digest.digest())
        .join("meta.json");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(meta).ok()?).ok()?;
    let host = json.pointer("/Endpoints/docker/Host")?.as_str()?.to_owned();
    Some((name, host))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(
            address("unix:///run/x.sock"),
            Address::Unix("/run/x.sock".into())
        );
        assert!(matches!(
            address("ssh://me@there"),
            Address::Unsupported(..)
        ));
        assert!(matches!(address("npipe://x"), Address::Unsupported(..)));
    }
}
