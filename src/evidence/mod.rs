//! What programs of an image were seen to use: a file that can be kept, looked at, merged with
//! others, and used on another machine. It has paths and how they were used, and no times, process
//! numbers or contents.

mod file;

use std::collections::{BTreeMap, BTreeSet};

pub use file::EvidenceError;

/// How a path was used.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// It was run.
    Exec,
    /// It was opened for reading.
    Read,
    /// A file of the image was opened for writing.
    Written,
    /// Something was made, or removed, in this directory.
    Holds,
    /// The entries of this directory were listed.
    Listed,
    /// A symbolic link that was followed.
    Followed,
    /// Somebody looked whether it is there, or what it is.
    Looked,
    /// It was missing from a smaller image, and looked for there.
    Missed,
}

impl Use {
    /// The word for people, after "it was".
    pub fn name(self) -> &'static str {
        match self {
            Use::Exec => "run",
            Use::Read => "read",
            Use::Written => "written to",
            Use::Holds => "changed",
            Use::Listed => "listed",
            Use::Followed => "followed",
            Use::Looked => "looked at",
            Use::Missed => "missed",
        }
    }
}

/// What is known of one path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Used {
    /// In which ways it was used.
    pub how: BTreeSet<Use>,
    /// The programs that did.
    pub by: BTreeSet<Vec<u8>>,
}

/// What runs of an image used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Digests of the configurations of the images that ran.
    pub images: BTreeSet<String>,
    /// What was asked of them.
    pub probes: Vec<String>,
    /// By absolute path, without links in its directories.
    pub paths: BTreeMap<Vec<u8>, Used>,
}

impl Evidence {
    /// Adds that a program used a path.
    pub fn add(&mut self, path: &[u8], how: Use, by: &[u8]) {
        let used = self.paths.entry(path.to_vec()).or_default();
        used.how.insert(how);
        if !by.is_empty() {
            used.by.insert(by.to_vec());
        }
    }

    /// Adds what other runs used.
    pub fn merge(&mut self, other: &Evidence) {
        self.images.extend(other.images.iter().cloned());
        for probe in &other.probes {
            if !self.probes.contains(probe) {
                self.probes.push(probe.clone());
            }
        }
        for (path, used) in &other.paths {
            let known = self.paths.entry(path.clone()).or_default();
            known.how.extend(&used.how);
            known.by.extend(used.by.iter().cloned());
        }
    }

    /// Whether it says anything.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}
