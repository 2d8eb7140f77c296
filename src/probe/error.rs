//! What can be wrong with probes, and with answers.

/// A probe that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// A text that is no probe.
    #[error("{text:?} is no {kind} probe: {why}")]
    Text {
        /// `http`, `exec`, `tcp` or `host`.
        kind: &'static str,
        /// What was given.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// A file of probes that cannot be read.
    #[error("cannot read the probes in {file}: {why}")]
    File {
        /// The file.
        file: String,
        /// What is wrong.
        why: String,
    },
}

/// A probe that was not answered as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("probe {probe:?} failed: {why}")]
pub struct Failed {
    /// The probe.
    pub probe: String,
    /// What happened instead.
    pub why: String,
}
