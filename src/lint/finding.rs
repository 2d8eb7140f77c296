//! What a rule says about a place in a Dockerfile.

use crate::dockerfile::{Position, Span};
use crate::ruleset::Severity;

/// Whether a fix can be applied without a person looking at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// The image stays the same but for what the finding is about.
    Safe,
    /// What the image does may change.
    Unsafe,
}

impl Applicability {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Applicability::Safe => "safe",
            Applicability::Unsafe => "unsafe",
        }
    }
}

/// Bytes of the file to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What goes; empty to insert.
    pub span: Span,
    /// What comes.
    pub text: String,
}

/// Edits that together remove the cause of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// Who may apply it.
    pub applicability: Applicability,
    /// The edits, none of which overlap.
    pub edits: Vec<Edit>,
}

/// What a finding is about, for measuring it in the built image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// Ids of cache rules; those of the lint rule where there are none.
    pub caches: Vec<String>,
    /// A path of the image, from the root.
    pub path: Option<String>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's code, or a ShellCheck code.
    pub code: String,
    /// Other codes of the rule.
    pub aliases: Vec<String>,
    /// How bad it is, as configured.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub message: String,
    /// The bytes that it is about.
    pub span: Span,
    /// Where they begin.
    pub start: Position,
    /// Where they end; the column is one past the last character.
    pub end: Position,
    /// The index of the instruction, where it is about one.
    pub instruction: Option<usize>,
    /// Bytes that it costs, where they were measured.
    pub bytes: Option<u64>,
    /// The layer that holds them, or most of them; 0 is the lowest.
    pub layer: Option<u32>,
    /// What is to be measured.
    pub subject: Subject,
    /// How to mend it.
    pub fix: Option<Fix>,
}
