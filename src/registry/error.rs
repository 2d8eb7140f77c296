//! Why a registry could not be used, in words for the person at the terminal.

use std::fmt;

use super::reference::ReferenceError;

/// What was being done, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The registry as the user names it, such as `docker.io`.
    pub registry: String,
    /// The repository; empty where the registry as a whole is meant.
    pub repository: String,
    /// `fetch the manifest 1.0`, `push the blob sha256:…`, …
    pub doing: String,
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.registry)?;
        if !self.repository.is_empty() {
            write!(f, "/{}", self.repository)?;
        }
        write!(f, ": cannot {}", self.doing)
    }
}

/// Why a registry could not be used. What came from the network is escaped and cut.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Not the name of an image.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// 401, or a token was refused.
    #[error("{context}: not authorized{said}; {}", login(.context, .user))]
    Unauthorized {
        /// What was being done.
        context: Box<Context>,
        /// `: ` and the registry's own words, or nothing.
        said: String,
        /// Whose credentials were refused; `None` when there were none.
        user: Option<String>,
    },
    /// 403.
    #[error("{context}: 403 forbidden{said}; {}", rights(.context, .user))]
    Forbidden {
        /// What was being done.
        context: Box<Context>,
        /// `: ` and the registry's own words, or nothing.
        said: String,
        /// Who was logged in; `None` when nobody was.
        user: Option<String>,
    },
    /// 404: no such repository, manifest, blob or upload.
    #[error("{context}: 404 not found{said}; check the name and the tag")]
    NotFound {
        /// What was being done.
        context: Box<Context>,
        /// `: ` and the registry's own words, or nothing.
        said: String,
    },
    /// 429, and the retries are used up.
    #[error(
        "{context}: 429 too many requests{said}{limits}; wait, or log in with \
         `docker login {}` or `podman login {}` where that gives a higher limit",
        .context.registry, .context.registry
    )]
    RateLimited {
        /// What was being done.
        context: Box<Context>,
        /// `: ` and the registry's own words, or nothing.
        said: String,
        /// `; RateLimit-Limit: 100;w=21600` and the like, or nothing.
        limits: String,
    },
    /// Any other answer that is not the expected one.
    #[error("{context}: the registry answered {status}{said}{}", advice(*.status))]
    Status {
        /// What was being done.
        context: Box<Context>,
        /// The HTTP status.
        status: u16,
        /// `: ` and the registry's own words, or nothing.
        said: String,
    },
    /// No answer: no connection, no handshake, cut, too slow.
    #[error("{context}: {problem}")]
    Transport {
        /// What was being done.
        context: Box<Context>,
        /// What went wrong, and what to do.
        problem: String,
    },
    /// An answer that the specification does not allow, or that is not safe to follow.
    #[error("{context}: the registry's answer makes no sense: {problem}")]
    Protocol {
        /// What was being done.
        context: Box<Context>,
        /// What is wrong.
        problem: String,
    },
    /// The bytes are not those that were asked for.
    #[error("{context}: digest mismatch: {expected} was promised, found {found}")]
    DigestMismatch {
        /// What was being done.
        context: Box<Context>,
        /// What was asked for or promised.
        expected: String,
        /// What the bytes are.
        found: String,
    },
    /// A blob is shorter or longer than its descriptor says.
    #[error("{context}: size mismatch: {expected} bytes were promised, found {found}")]
    SizeMismatch {
        /// What was being done.
        context: Box<Context>,
        /// In bytes.
        expected: u64,
        /// In bytes; the least it can be when reading stopped early.
        found: u64,
    },
    /// A document that is over the limit.
    #[error("{context}: the answer is over the limit of {limit} bytes")]
    TooLarge {
        /// What was being done.
        context: Box<Context>,
        /// In bytes.
        limit: u64,
    },
    /// The data to be pushed cannot be read.
    #[error("{context}: cannot read the data: {source}")]
    Source {
        /// What was being done.
        context: Box<Context>,
        /// What the reader said.
        source: std::io::Error,
    },
    /// An upload was cut and the registry cannot go on where it stopped.
    #[error("{context}: the upload was cut and cannot be resumed: {problem}")]
    UploadLost {
        /// What was being done.
        context: Box<Context>,
        /// What happened.
        problem: String,
    },
    /// A file with credentials or a credential helper does not work.
    #[error("credentials: {0}")]
    Credentials(String),
    /// An option that cannot be used, such as a file of certificates.
    #[error("{0}")]
    Options(String),
}

impl RegistryError {
    /// Whether the thing that was asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, RegistryError::NotFound { .. })
    }

    /// Whether the end of an upload that failed with this may succeed later,
    /// or has succeeded while the answer was lost.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            RegistryError::Transport { .. }
            | RegistryError::NotFound { .. }
            | RegistryError::RateLimited { .. } => true,
            RegistryError::Status { status, .. } => *status == 408 || *status >= 500,
            _ => false,
        }
    }

    /// Whether logging in could help.
    pub fn is_access(&self) -> bool {
        matches!(
            self,
            RegistryError::Unauthorized { .. } | RegistryError::Forbidden { .. }
        )
    }
}

impl From<RegistryError> for std::io::Error {
    fn from(error: RegistryError) -> Self {
        use std::io::ErrorKind;
        let kind = match &error {
            RegistryError::DigestMismatch { .. } | RegistryError::SizeMismatch { .. } => {
                ErrorKind::InvalidData
            }
            RegistryError::NotFound { .. } => ErrorKind::NotFound,
            RegistryError::Unauthorized { .. } | RegistryError::Forbidden { .. } => {
                ErrorKind::PermissionDenied
            }
            _ => ErrorKind::Other,
        };
        std::io::Error::new(kind, error)
    }
}

fn login(context: &Context, user: &Option<String>) -> String {
    let host = &context.registry;
    match user {
        Some(user) => format!(
            "the credentials of {} are refused or are not enough; log in again with \
             `docker login {host}` or `podman login {host}`",
            escape(user)
        ),
        None => format!(
            "it may not exist, or need a login: `docker login {host}` or `podman login {host}`"
        ),
    }
}

fn rights(context: &Context, user: &Option<String>) -> String {
    match user {
        Some(user) => format!("{} has no right to do this", escape(user)),
        None => login(context, user),
    }
}

fn advice(status: u16) -> &'static str {
    match status {
        405 => "; the registry does not allow this, it may be read-only",
        413 => "; the registry, or a proxy before it, does not take that much at once",
        500..=599 => "; the registry has a problem, try again later",
        _ => "",
    }
}

/// Most characters that are shown of what a registry says.
const SHOWN: usize = 300;

/// Text from the network on one line: control characters and those that turn
/// the writing direction are escaped, and the rest after 300 characters is cut.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::new();
    for (i, c) in text.trim().chars().enumerate() {
        if i >= SHOWN {
            out.push('…');
            break;
        }
        let turns = matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns || c == '\u{2028}' || c == '\u{2029}' {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// The registry's own words out of an error document (distribution
/// specification, "Error Codes"), a token server's, or plain text: `: ` and
/// the words, or nothing.
pub(super) fn said(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Errors {
        errors: Vec<Entry>,
    }
    #[derive(serde::Deserialize)]
    struct Entry {
        #[serde(default)]
        code: Option<String>,
        #[serde(default)]
        message: Option<String>,
    }
    let text = if let Ok(document) = serde_json::from_slice::<Errors>(body) {
        let words: Vec<String> = document
            .errors
            .iter()
            .take(3)
            .map(|entry| {
                let part = |part: &Option<String>| part.clone().unwrap_or_default();
                let (code, message) = (part(&entry.code), part(&entry.message));
                match (code.is_empty(), message.is_empty()) {
                    (false, false) => format!("{message} ({code})"),
                    (true, _) => message,
                    (_, true) => code,
                }
            })
            .collect();
        words.join("; ")
    } else if let Ok(serde_json::Value::Object(document)) = serde_json::from_slice(body) {
        // Token servers: each has a key of its own.
        ["details", "error_description", "message", "error"]
            .iter()
            .find_map(|key| document.get(*key)?.as_str())
            .unwrap_or_default()
            .to_owned()
    } else if body.starts_with(b"<") {
        // A proxy's page: nothing to read for anybody.
        String::new()
    } else {
        String::from_utf8_lossy(body).into_owned()
    };
    match escape(&text) {
        text if text.is_empty() => text,
        text => format!(": {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_registry() {
        for (body, want) in [
            (
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}"#,
                ": manifest unknown (MANIFEST_UNKNOWN)",
            ),
            (r#"{"errors":[{"code":"DENIED"}]}"#, ": DENIED"),
            (
                r#"{"details":"incorrect username or password"}"#,
                ": incorrect username or password",
            ),
            ("<html>", ""),
            ("", ""),
            (" nope\n", ": nope"),
            ("a\u{1b}[31mb\u{202e}c\nd", ": a\\u{1b}[31mb\\u{202e}c\\nd"),
        ] {
            assert_eq!(said(body.as_bytes()), want, "{body}");
        }
        let long = said("x".repeat(1000).as_bytes());
        assert_eq!(long.chars().count(), 2 + SHOWN + 1);
        assert!(said(&[0xff; 10]).starts_with(": \u{FFFD}"));
    }

    #[test]
    fn what_to_do_is_said() {
        let context = Box::new(Context {
            registry: "ghcr.io".to_owned(),
            repository: "a/b".to_owned(),
            doing: "fetch the manifest 1".to_owned(),
        });
        let text = RegistryError::Unauthorized {
            context,
            said: String::new(),
            user: None,
        }
        .to_string();
        assert!(text.starts_with("ghcr.io/a/b: cannot fetch the manifest 1: "));
        assert!(text.contains("`docker login ghcr.io`"), "{text}");
    }
}
