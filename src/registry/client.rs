//! The client: options, registries, repositories.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ureq::http::{Method, StatusCode};

use oci_spec::image::Digest;

use super::auth::{Action, Credentials, Scope};
use super::error::{Context, RegistryError};
use super::reference::Reference;
use super::retry::RetryPolicy;
use super::session::{Purpose, Session, refusal};
use super::tls;
use super::web::{Ask, Payload, Web};

/// What a client may do and how long it waits.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where credentials come from.
    pub credentials: Credentials,
    /// Files in PEM form with certificates of CAs to trust besides the system's.
    pub ca_files: Vec<PathBuf>,
    /// Trust every certificate. Whoever is on the way can then read the
    /// password and change what has no digest.
    pub skip_verify: bool,
    /// Speak http without TLS to every registry. Without it only registries
    /// on this machine are spoken to so, when they do not speak TLS.
    pub plain_http: bool,
    /// The largest manifest or index that is read, in bytes.
    pub document_limit: u64,
    /// How much [`BlobUpload`](super::BlobUpload) keeps in memory and sends at
    /// once, in bytes; a registry may ask for more, up to 16 MiB. Blobs up to
    /// this size are pushed in one request.
    pub chunk_size: usize,
    /// The largest part of a blob that is sent in one request, in bytes;
    /// `None` for as much as there is.
    pub part_limit: Option<u64>,
    /// When to try again.
    pub retry: RetryPolicy,
    /// How long to wait for a connection, and for a name's address.
    pub connect_timeout: Duration,
    /// How long to wait for the next byte.
    pub read_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            credentials: Credentials::default(),
            ca_files: Vec::new(),
            skip_verify: false,
            plain_http: false,
            document_limit: 4 * 1024 * 1024,
            chunk_size: 4 * 1024 * 1024,
            part_limit: None,
            retry: RetryPolicy::default(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
        }
    }
}

/// Talks to registries; connections and tokens are kept for all its
/// repositories. May be shared by threads.
pub struct Client {
    web: Arc<Web>,
    options: Options,
    /// By the registry's name.
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// [`RegistryError::Options`] for a file of certificates that cannot be used.
    pub fn new(options: Options) -> Result<Self, RegistryError> {
        let tls = tls::config(&options.ca_files, options.skip_verify)?;
        let web = Web::new(
            &tls,
            concat!("rslim/", env!("CARGO_PKG_VERSION")),
            options.connect_timeout,
            options.read_timeout,
            options.retry.clone(),
        );
        Ok(Client {
            web: Arc::new(web),
            options,
            sessions: Mutex::default(),
        })
    }

    /// The repository that `reference` names; nothing is sent yet.
    pub fn repository(&self, reference: &Reference) -> Repository {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions
            .entry(reference.registry().to_owned())
            .or_insert_with(|| {
                Arc::new(Session::new(
                    self.web.clone(),
                    reference.registry(),
                    reference.api_host(),
                    self.options.plain_http,
                    self.options.credentials.clone(),
                ))
            });
        Repository {
            session: session.clone(),
            name: reference.repository().to_owned(),
            document_limit: self.options.document_limit,
            chunk_size: self.options.chunk_size.max(1),
            part_limit: self.options.part_limit,
        }
    }
}

/// One repository of a registry. Cheap to clone; may be used by several
/// threads at once.
#[derive(Clone)]
pub struct Repository {
    pub(super) session: Arc<Session>,
    pub(super) name: String,
    pub(super) document_limit: u64,
    pub(super) chunk_size: usize,
    pub(super) part_limit: Option<u64>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Repository({}/{})", self.session.name(), self.name)
    }
}

impl Repository {
    /// The repository's name in its registry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The registry's name.
    pub fn registry(&self) -> &str {
        self.session.name()
    }

    /// Whether the repository has a blob (distribution specification, "Checking
    /// if content exists in the registry").
    ///
    /// # Errors
    /// [`RegistryError`]; not that the blob is missing.
    pub fn blob_exists(&self, digest: &Digest) -> Result<bool, RegistryError> {
        self.has_blob(digest, &self.scope(Action::Pull))
    }

    /// The same with the rights of the caller: one token serves a whole push.
    pub(super) fn has_blob(&self, digest: &Digest, scope: &Scope) -> Result<bool, RegistryError> {
        let context = self.context(format!("look for the blob {digest}"));
        let uri = self.session.address(&self.blob_path(digest), &context)?;
        let purpose = Purpose {
            context: &context,
            scope,
        };
        let ask = Ask::new(Method::HEAD, uri);
        let answer = self.session.call(&ask, Payload::None, &purpose)?;
        match answer.status {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(refusal(answer, &context)),
        }
    }

    pub(super) fn context(&self, doing: String) -> Context {
        Context {
            registry: self.session.name().to_owned(),
            repository: self.name.clone(),
            doing,
        }
    }

    pub(super) fn scope(&self, action: Action) -> Scope {
        Scope::new(&self.name, action)
    }

    pub(super) fn blob_path(&self, digest: &Digest) -> String {
        format!("/v2/{}/blobs/{digest}", self.name)
    }
}
