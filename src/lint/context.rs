//! The build context: what COPY and ADD can see.

use crate::dockerfile::ignore_file::IgnoreFile;

/// A file of the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextEntry {
    /// Path relative to the context, with `/` between its parts.
    pub path: String,
    /// Its size.
    pub bytes: u64,
}

/// What is known of a build context; reading it is the caller's job.
#[derive(Debug, Clone, Default)]
pub struct BuildContext {
    /// The patterns of `.dockerignore`, where there is one.
    pub dockerignore: Option<IgnoreFile>,
    /// Names in the context's folder.
    pub top: Vec<String>,
    /// All files, where they were asked for.
    pub entries: Option<Vec<ContextEntry>>,
}

impl BuildContext {
    /// Whether a name is in the context's folder and sent to the builder.
    pub fn sends(&self, name: &str) -> bool {
        self.top.iter().any(|top| top == name)
            && !self
                .dockerignore
                .as_ref()
                .is_some_and(|file| file.ignores(name))
    }

    /// Bytes and number of the files that are sent below `path`; `.` for all.
    pub fn sent_below(&self, path: &str) -> Option<(u64, u64)> {
        let entries = self.entries.as_ref()?;
        let path = path.trim_start_matches("./").trim_matches('/');
        let below = |entry: &&ContextEntry| {
            path.is_empty()
                || path == "."
                || entry
                    .path
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let sent = |entry: &&ContextEntry| {
            !self
                .dockerignore
                .as_ref()
                .is_some_and(|file| file.ignores(&entry.path))
        };
        let chosen = entries.iter().filter(below).filter(sent);
        Some(chosen.fold((0, 0), |(bytes, files), entry| {
            (bytes + entry.bytes, files + 1)
        }))
    }
}
