//! Why an image could not be made smaller.

use crate::rewrite::OverlayError;
use crate::squash::SquashError;

/// Why an image could not be made smaller. Nothing was written under the
/// destination's name.
#[derive(Debug, thiserror::Error)]
pub enum SlimError {
    /// Reading or writing the image.
    #[error(transparent)]
    Squash(#[from] SquashError),
    /// The changes could not be described.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    /// No pattern.
    #[error("{place}: {pattern:?} is no pattern")]
    Pattern {
        /// Where it was given.
        place: String,
        /// What was given.
        pattern: String,
    },
    /// A pattern that matches nothing, where that is an error.
    #[error("{place}: {pattern:?} matches nothing in the image")]
    Unmatched {
        /// Where it was given.
        place: String,
        /// The pattern.
        pattern: String,
    },
    /// Nothing says what the image runs.
    #[error("the image has neither an entry point nor a command, so nothing says what it needs")]
    NoEntry,
    /// What was used is to stay, and nothing tells what was.
    #[error("tier used keeps what runs of the image used, and nothing tells what that was")]
    NoEvidence,
    /// What the image runs is not there.
    #[error("the {what} {name:?} is not in the image: {why}")]
    NoProgram {
        /// `entry point` or `command`.
        what: &'static str,
        /// The word.
        name: String,
        /// Where it was looked for.
        why: String,
    },
    /// What the image runs is for another processor.
    #[error("the {what} {name} is for {found}, but the image is for {wanted}")]
    Architecture {
        /// `entry point` or `command`.
        what: &'static str,
        /// The file.
        name: String,
        /// What it is for.
        found: String,
        /// What the image is for.
        wanted: String,
    },
    /// What the image runs cannot be read as a program.
    #[error("the {what} {name} is broken: {why}")]
    Broken {
        /// `entry point` or `command`.
        what: &'static str,
        /// The file.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A rule file that is shipped with the program.
    #[error(transparent)]
    Rules(#[from] crate::ruleset::RuleFileError),
    /// A package database could not be written anew.
    #[error("cannot take packages out of their databases: {0}")]
    Databases(#[source] std::io::Error),
    /// Contents could not be read.
    #[error("cannot read the contents of {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
}
