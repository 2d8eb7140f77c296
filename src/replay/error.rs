//! Why an image could not be run, or its smaller form not be shown to be alike.

use crate::probe::Failed;
use crate::slim::SlimError;
use crate::trace::{Logs, TraceError};

use super::trees::TreesError;

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The image's user is not in the image.
    #[error("cannot run the image: {0}")]
    User(String),
    /// Nothing says what to run.
    #[error("cannot run the image: it has neither an entry point nor a command")]
    NoProgram,
    /// The image is for another processor or system.
    #[error("cannot run the image: it is for {image}, and this machine is {machine}")]
    Platform {
        /// What the image is for.
        image: String,
        /// What this machine is.
        machine: String,
    },
    /// The container could not be made, or broke.
    #[error("cannot run the image: {0}")]
    Trace(#[from] TraceError),
    /// A probe that fails on the image as it is tells nothing.
    #[error("{failed}{}", said(.logs))]
    Probe {
        /// Which one, and why.
        failed: Failed,
        /// What the program wrote.
        logs: Box<Logs>,
    },
    /// The program used too much.
    #[error("the image was stopped: {reason}{}", said(.logs))]
    OverLimit {
        /// What was too much.
        reason: String,
        /// What the program wrote.
        logs: Box<Logs>,
    },
    /// The unpacked image could not be kept.
    #[error(transparent)]
    Trees(#[from] TreesError),
    /// Deciding, or writing the result.
    #[error(transparent)]
    Slim(#[from] SlimError),
}

/// The last lines that a program wrote, for a message.
fn said(logs: &Logs) -> String {
    const LINES: usize = 20;
    let mut text = String::new();
    for (name, bytes) in [("output", &logs.stdout), ("error output", &logs.stderr)] {
        let written = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = written.trim_end().lines().collect();
        let last = lines
            .get(lines.len().saturating_sub(LINES)..)
            .unwrap_or_default();
        if !last.is_empty() {
            text += &format!("\n  the end of its {name}:");
            for line in last {
                text += &format!("\n    {line}");
            }
        }
    }
    text
}
