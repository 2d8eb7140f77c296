//! Findings of lint, as the gate looks at them.

use super::verdict::Waived;
use crate::ruleset::Severity;

/// A finding in the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, from the top of the repository.
    pub path: String,
    /// Its rule's code.
    pub code: String,
    /// Other codes of the rule.
    pub aliases: Vec<String>,
    /// How bad it is.
    pub severity: Severity,
    /// Stays the same while the lines around it move.
    pub fingerprint: String,
}

/// What the gate makes of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Below all thresholds.
    Below,
    /// The baseline has it.
    Known,
    /// Allowed by a waiver.
    Waived(Waived),
    /// Worth a warning.
    Warns,
    /// One of those that may not be.
    Fails,
}

impl Standing {
    /// The word for it in data.
    pub fn name(&self) -> &'static str {
        match self {
            Standing::Below => "below",
            Standing::Known => "known",
            Standing::Waived(_) => "waived",
            Standing::Warns => "warn",
            Standing::Fails => "fail",
        }
    }
}
