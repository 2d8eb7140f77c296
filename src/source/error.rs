//! Why an image could not be opened.

use std::path::PathBuf;

use crate::oci::OciError;

/// Why an image could not be opened. Places are archives, folders or sockets.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No place has an image of this name.
    #[error("no image {reference:?} found; tried:{}", list(.tried))]
    NotFound {
        /// What was looked for.
        reference: String,
        /// Each place with what it answered.
        tried: Vec<String>,
    },
    /// The file or folder is something else.
    #[error("{} is not a container image: {why}", .path.display())]
    NotAnImage {
        /// The file or folder.
        path: PathBuf,
        /// What it looks like instead.
        why: String,
    },
    /// A registry refused, or could not be reached.
    #[error("{place}: {source}")]
    Registry {
        /// The image.
        place: String,
        /// What went wrong.
        source: Box<crate::registry::RegistryError>,
    },
    /// An artifact of another kind, such as a chart.
    #[error("{place}: not a container image: its configuration is of type {kind:?}")]
    NoImage {
        /// The archive or folder.
        place: String,
        /// The configuration's media type.
        kind: String,
    },
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// `open`, `read`, …
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A document is not what its format says.
    #[error("{place}: {source}")]
    Document {
        /// Where the document is.
        place: String,
        /// What is wrong.
        source: OciError,
    },
    /// Something that is named is not there.
    #[error("{place}: {what} {name:?} is not in the {kind}")]
    Missing {
        /// Where it was looked for.
        place: String,
        /// `layer 3`, `configuration`, …
        what: String,
        /// Its name.
        name: String,
        /// `archive` or `layout`.
        kind: &'static str,
    },
    /// A document is not the one that was promised.
    #[error("{place}: {what} mismatch of {name}: {expected} was promised, found {found}")]
    Mismatch {
        /// Where it is.
        place: String,
        /// `digest` or `size`.
        what: &'static str,
        /// The document.
        name: String,
        /// What was promised.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Several images, and no word on which.
    #[error("{place} holds several images; choose one of:{}", list(.choices))]
    Ambiguous {
        /// The archive or folder.
        place: String,
        /// How each can be named.
        choices: Vec<String>,
    },
    /// No image of the wanted name.
    #[error("{place} has no image {wanted:?}; it holds:{}", list(.choices))]
    NoSuchTag {
        /// The archive or folder.
        place: String,
        /// What was asked for.
        wanted: String,
        /// What is there.
        choices: Vec<String>,
    },
    /// No image for the wanted platform.
    #[error("{place} has no image for {wanted}; choose with --platform one of:{}", list(.choices))]
    NoPlatform {
        /// The archive or folder.
        place: String,
        /// What was asked for.
        wanted: String,
        /// What is there.
        choices: Vec<String>,
    },
    /// An archive is broken.
    #[error("{place}: the archive is broken: {problem}")]
    Archive {
        /// The archive.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// Something that is not supported.
    #[error("{place}: {what}")]
    Unsupported {
        /// The archive, folder or reference.
        place: String,
        /// What, and what to do instead.
        what: String,
    },
    /// An engine's answer makes no sense, or there is none.
    #[error("{place}: {problem}")]
    Engine {
        /// The socket or host.
        place: String,
        /// What went wrong.
        problem: String,
    },
}

fn list(items: &[String]) -> String {
    let shown = 40;
    let mut text = String::new();
    for item in items.iter().take(shown) {
        text.push_str("\n  ");
        text.extend(
            item.chars()
                .map(|c| if c.is_control() { '\u{FFFD}' } else { c }),
        );
    }
    if items.len() > shown {
        text.push_str(&format!("\n  and {} more", items.len() - shown));
    }
    text
}
