//! The Docker Engine API, which podman speaks too: does an image exist, and
//! its archive as a stream.

mod hosts;
mod unix;

use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use ureq::Agent;
use ureq::http::StatusCode;
use ureq::unversioned::resolver::DefaultResolver;

use super::ArchiveStream;
use super::error::SourceError;
use super::select::Choice;
use crate::oci::Platform;

pub(super) use hosts::{docker_sockets, podman_sockets};
use unix::UnixConnector;

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Address {
    Unix(PathBuf),
    Tcp(String),
    /// Given, but of a kind that we do not speak.
    Unsupported(String, &'static str),
}

/// An engine that may be running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Engine {
    /// How the transport is called.
    source: &'static str,
    /// What named the address, for messages.
    named_by: String,
    address: Address,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = match &self.address {
            Address::Unix(path) => format!("unix://{}", path.display()),
            Address::Tcp(host) => format!("tcp://{host}"),
            Address::Unsupported(text, _) => text.clone(),
        };
        write!(f, "{} at {address} ({})", self.source, self.named_by)
    }
}

impl Engine {
    /// Whether the engine has the image.
    ///
    /// # Errors
    /// In words: why the engine could not be asked.
    pub(super) fn has(&self, name: &str, _platform: Option<&Platform>) -> Result<bool, String> {
        let (agent, base) = self.agent()?;
        let response = agent
            .get(format!("{base}/images/{}/json", encode(name)))
            .call()
            .map_err(|e| plain(&e))?;
        match response.status() {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            status => Err(format!("it answered {status}{}", message_of(response))),
        }
    }

    /// The image's archive, as `docker save` writes it.
    ///
    /// # Errors
    /// [`SourceError::Engine`].
    pub(super) fn save(
        &self,
        name: &str,
        platform: Option<&Platform>,
    ) -> Result<ArchiveStream, SourceError> {
        let failed = |problem: String| SourceError::Engine {
            place: self.to_string(),
            problem,
        };
        let (agent, base) = self.agent().map_err(failed)?;
        let response = agent
            .get(format!("{base}/images/{}/get", encode(name)))
            .config()
            // An engine may pack the whole image before its first word.
            .timeout_recv_response(None)
            .build()
            .call()
            .map_err(|e| failed(plain(&e)))?;
        if response.status() != StatusCode::OK {
            let status = response.status();
            return Err(failed(format!(
                "it answered {status}{}",
                message_of(response)
            )));
        }
        let reader = response.into_body().into_reader();
        Ok(ArchiveStream {
            reader: Box::new(std::io::BufReader::with_capacity(256 * 1024, reader)),
            place: self.to_string(),
            source: Some(self.source),
            kind: None,
            choice: Choice {
                reference: None,
                platform: platform.cloned(),
            },
            reference: Some(name.to_owned()),
        })
    }

    fn agent(&self) -> Result<(Agent, String), String> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Engines are local or near; a proxy is for registries.
            .proxy(None)
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .build();
        match &self.address {
            Address::Unix(path) => {
                if !path.exists() {
                    return Err("no such socket".to_owned());
                }
                let connector = UnixConnector { path: path.clone() };
                let agent = Agent::with_parts(config, connector, DefaultResolver::default());
                // The host part goes nowhere; an address needs no resolving.
                Ok((agent, "http://127.0.0.1".to_owned()))
            }
            Address::Tcp(host) => Ok((Agent::new_with_config(config), format!("http://{host}"))),
            Address::Unsupported(_, why) => Err((*why).to_owned()),
        }
    }
}

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// Docker, by DOCKER_HOST, its contexts or its usual sockets.
    Docker,
    /// podman, by CONTAINER_HOST or its usual sockets.
    Podman,
}

/// Loads the docker archive in `file` into the first engine that answers.
///
/// # Errors
/// [`SourceError`] with what each place answered, or why the engine refused.
pub fn load(kind: EngineKind, file: std::fs::File) -> Result<(), SourceError> {
    let engines = match kind {
        EngineKind::Docker => docker_sockets(),
        EngineKind::Podman => podman_sockets(),
    };
    let mut tried = Vec::new();
    for engine in engines {
        match engine.answers() {
            Ok(()) => return engine.load(file),
            Err(problem) => tried.push(format!("{engine}: {problem}")),
        }
    }
    Err(SourceError::Engine {
        place: tried.join("; "),
        problem: "no engine to load the image into".to_owned(),
    })
}

impl Engine {
    /// Whether anybody listens.
    fn answers(&self) -> Result<(), String> {
        let (agent, base) = self.agent()?;
        let response = agent
            .get(format!("{base}/_ping"))
            .call()
            .map_err(|e| plain(&e))?;
        match response.status() {
            StatusCode::OK => Ok(()),
            status => Err(format!("it answered {status}{}", message_of(response))),
        }
    }

    fn load(&self, file: std::fs::File) -> Result<(), SourceError> {
        let failed = |problem: String| SourceError::Engine {
            place: self.to_string(),
            problem,
        };
        let (agent, base) = self.agent().map_err(failed)?;
        let response = agent
            .post(format!("{base}/images/load?quiet=1"))
            .content_type("application/x-tar")
            .config()
            // Unpacking takes its time.
            .timeout_recv_response(None)
            .build()
            .send(file)
            .map_err(|e| failed(plain(&e)))?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(failed(format!(
                "it answered {status}{}",
                message_of(response)
            )));
        }
        // Refusals may come after the status, one JSON object a line.
        let mut said = String::new();
        let body = response.into_body().into_reader();
        body.take(1 << 20)
            .read_to_string(&mut said)
            .map_err(|e| failed(e.to_string()))?;
        match said.lines().find_map(refusal) {
            Some(problem) => Err(failed(problem)),
            None => Ok(()),
        }
    }
}

/// The error in a line of progress.
fn refusal(line: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    Some(line.get("error")?.as_str()?.trim().to_owned())
}

/// A reference as part of a URL path; slashes and colons are themselves there.
fn encode(name: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The engine's own words, `{"message": "…"}`.
fn message_of(response: ureq::http::Response<ureq::Body>) -> String {
    #[derive(serde::Deserialize)]
    struct Answer {
        message: String,
    }
    let mut text = String::new();
    let read = response
        .into_body()
        .into_reader()
        .take(4096)
        .read_to_string(&mut text);
    match (read, serde_json::from_str::<Answer>(&text)) {
        (Ok(_), Ok(answer)) => format!(": {}", answer.message.trim()),
        _ => String::new(),
    }
}

/// An error without ureq's own prefix for I/O errors.
fn plain(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(e) => e.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn names_in_urls() {
        assert_eq!(encode("a/b:1.0"), "a/b:1.0");
        assert_eq!(encode("a@sha256:0"), "a%40sha256:0");
    }
}
