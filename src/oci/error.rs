//! What can be wrong with a document of an image.

/// Why a JSON document is not what its format says.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// Not JSON, or JSON of another shape.
    #[error("{document} is not valid: {}{problem}", at(.path))]
    Json {
        /// Which document.
        document: String,
        /// The field, as a path of keys and indexes; empty for the whole.
        path: String,
        /// What is wrong, with line and column.
        problem: serde_json::Error,
    },
    /// JSON of the right shape that means nothing.
    #[error("{document} is not valid: {problem}")]
    Meaning {
        /// Which document.
        document: String,
        /// What is wrong.
        problem: String,
    },
}

fn at(path: &str) -> String {
    match path {
        "" | "." => String::new(),
        path => format!("field `{path}`: "),
    }
}

impl OciError {
    pub(crate) fn meaning(document: &str, problem: impl Into<String>) -> Self {
        OciError::Meaning {
            document: document.to_owned(),
            problem: problem.into(),
        }
    }
}
