//! What can go wrong, in the parent and inside the container.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// An error of running or unpacking an image.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The program could not start itself again.
    #[error(
        "could not start {program} as the container's helper: {source}; check that the file exists and may be executed"
    )]
    Start {
        /// The executable.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A system call of this process failed.
    #[error("could not {doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// What the system said.
        source: io::Error,
    },
    /// A step inside the container failed.
    #[error("{0}")]
    Inside(#[from] Failure),
    /// The container has ended, so the request cannot be carried out.
    #[error("the container has ended{}", because(.reason))]
    Ended {
        /// Why, when it is known.
        reason: Option<String>,
    },
    /// The helper did not answer in time.
    #[error(
        "the container did not answer within {seconds} s while it was asked to {doing}; it was killed"
    )]
    Silent {
        /// What was being done.
        doing: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The recorder ended before the container, so the record has gaps.
    #[error(
        "the recorder of the container's file accesses ended early ({detail}), so the record is not complete; run again"
    )]
    Recorder {
        /// How it ended.
        detail: String,
    },
}

fn because(reason: &Option<String>) -> String {
    reason
        .as_ref()
        .map(|why| format!(": {why}"))
        .unwrap_or_default()
}

impl TraceError {
    pub(super) fn io(doing: impl Into<String>, source: impl Into<io::Error>) -> TraceError {
        TraceError::Io {
            doing: doing.into(),
            source: source.into(),
        }
    }
}

/// A failed step inside the container, as it is sent to the parent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// What was being done.
    pub doing: String,
    /// On which path, where there is one.
    pub path: Option<String>,
    /// What went wrong.
    pub problem: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// The kind of failure.
    pub reason: Reason,
}

/// The kinds of [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// The namespaces, mounts or files could not be made.
    Setup,
    /// The program is not there: a shell would say status 127.
    NotFound,
    /// The program is there and cannot be executed: status 126.
    NotExecutable,
    /// The data that came in is not as it has to be.
    Input,
    /// The container's processes are gone or being killed.
    Ended,
}

impl Reason {
    /// The exit status that `docker run` and shells have for it.
    pub fn exit_status(self) -> Option<i32> {
        match self {
            Reason::NotFound => Some(127),
            Reason::NotExecutable => Some(126),
            Reason::Setup | Reason::Input | Reason::Ended => None,
        }
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "could not {}", self.doing)?;
        if let Some(path) = &self.path {
            write!(out, " {path}")?;
        }
        write!(out, ": {}", self.problem)?;
        if let Some(advice) = &self.advice {
            write!(out, "; {advice}")?;
        }
        Ok(())
    }
}

impl Failure {
    pub(super) fn new(
        reason: Reason,
        doing: impl Into<String>,
        problem: impl fmt::Display,
    ) -> Failure {
        Failure {
            doing: doing.into(),
            path: None,
            problem: problem.to_string(),
            advice: None,
            reason,
        }
    }

    pub(super) fn setup(doing: impl Into<String>, problem: impl fmt::Display) -> Failure {
        Failure::new(Reason::Setup, doing, problem)
    }

    pub(super) fn at(mut self, path: impl AsRef<Path>) -> Failure {
        self.path = Some(path.as_ref().display().to_string());
        self
    }

    pub(super) fn advise(mut self, advice: impl Into<String>) -> Failure {
        self.advice = Some(advice.into());
        self
    }
}

/// Says of a result what was being done.
pub(super) trait Doing<T> {
    /// Turns the error into a [`Failure`] of set-up.
    fn doing(self, doing: &str) -> Result<T, Failure>;
    /// The same, with the path that it was done on.
    fn doing_at(self, doing: &str, path: impl AsRef<Path>) -> Result<T, Failure>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, doing: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure::setup(doing, error.into()))
    }

    fn doing_at(self, doing: &str, path: impl AsRef<Path>) -> Result<T, Failure> {
        self.map_err(|error| Failure::setup(doing, error.into()).at(path))
    }
}
