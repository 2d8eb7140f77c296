//! What is asked.

use std::path::PathBuf;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// `GET` and so on.
    pub method: String,
    /// From the slash on, with the query.
    pub path: String,
    /// Whether through TLS; certificates are not checked.
    pub https: bool,
    /// The port; the one that the image exposes without.
    pub port: Option<u16>,
    /// Headers besides the usual ones.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<String>,
    /// The status that the answer must have; any below 400 without.
    pub status: Option<u16>,
    /// Follow links of the same host, to so many pages at most.
    pub pages: Option<usize>,
}

impl Http {
    /// A plain GET.
    pub fn get(path: &str) -> Self {
        Http {
            method: "GET".to_owned(),
            path: path.to_owned(),
            https: false,
            port: None,
            headers: Vec::new(),
            body: None,
            status: None,
            pages: None,
        }
    }

    /// Whether asking twice is like asking once.
    pub(super) fn is_safe(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

/// A connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tcp {
    /// The port.
    pub port: u16,
    /// What is sent.
    pub send: Option<String>,
    /// What the answer must begin with.
    pub expect: Option<String>,
}

/// A program that is run in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// Program and arguments.
    pub words: Vec<String>,
    /// The exit status that it must have.
    pub status: i32,
    /// Whether to run it again until it is as it must be, while there is time.
    pub retry: bool,
}

/// A program that is run outside of the container, by the shell. The variables `RSLIM_HOST`,
/// `RSLIM_PORT`, `RSLIM_ADDRESS` and `RSLIM_URL` tell it where the container is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The line.
    pub command: String,
    /// The port in the container; the one that the image exposes without.
    pub port: Option<u16>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// A request.
    Http(Http),
    /// A connection.
    Tcp(Tcp),
    /// A program in the container.
    Exec(Exec),
    /// A program outside of it.
    Host(Host),
    /// The requests that an OpenAPI document describes.
    OpenApi {
        /// The document.
        source: OpenApiSource,
        /// As for requests.
        port: Option<u16>,
    },
}

/// Where an OpenAPI document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenApiSource {
    /// In a file.
    File(PathBuf),
    /// The container serves it at this path.
    Served(String),
}

/// All questions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In this order.
    pub probes: Vec<Probe>,
}

impl Probe {
    /// What it is called in messages and evidence.
    pub fn name(&self) -> String {
        match self {
            Probe::Http(http) => {
                let port = http.port.map(|port| format!(":{port}")).unwrap_or_default();
                let scheme = if http.https { "https" } else { "http" };
                match (http.https, http.port) {
                    (false, None) => format!("{} {}", http.method, http.path),
                    _ => format!("{} {scheme}://localhost{port}{}", http.method, http.path),
                }
            }
            Probe::Tcp(tcp) => format!("tcp {}", tcp.port),
            Probe::Exec(exec) => format!("exec {}", exec.words.join(" ")),
            Probe::Host(host) => format!("host {}", host.command),
            Probe::OpenApi { source, .. } => match source {
                OpenApiSource::File(file) => format!("openapi {}", file.display()),
                OpenApiSource::Served(path) => format!("openapi {path}"),
            },
        }
    }
}
