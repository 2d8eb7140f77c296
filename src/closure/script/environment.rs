//! What a process of the image finds around itself when it starts.

use std::collections::BTreeMap;

use crate::closure::files::{Files, Found, Kind, join};

/// Where a container looks for programs that have no `PATH`: Docker sets this one.
const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The kernel takes no longer paths.
pub(super) const MAX_PATH: usize = 4096;

/// The surroundings of a process: `Env` and `WorkingDir` of the image's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// The directories of `PATH`.
    pub path: Vec<Vec<u8>>,
    /// The variables.
    pub variables: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The working directory.
    pub directory: Vec<u8>,
}

impl Environment {
    /// The surroundings that `NAME=value` strings and a working directory make.
    pub fn new<'a>(variables: impl IntoIterator<Item = &'a [u8]>, directory: &[u8]) -> Self {
        let variables: BTreeMap<Vec<u8>, Vec<u8>> = variables
            .into_iter()
            .filter_map(|text| {
                let at = text.iter().position(|b| *b == b'=')?;
                let value = text.get(at.saturating_add(1)..)?;
                Some((text.get(..at)?.to_vec(), value.to_vec()))
            })
            .collect();
        let path = variables
            .get(b"PATH".as_slice())
            .map_or(DEFAULT_PATH, Vec::as_slice);
        Self {
            path: path.split(|b| *b == b':').map(<[u8]>::to_vec).collect(),
            variables,
            directory: clean(&join(b"/", directory)),
        }
    }

    /// The value of a variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&[u8]> {
        self.variables.get(name.as_bytes()).map(Vec::as_slice)
    }

    /// A path as the process sees it: relative ones start at the working directory.
    #[must_use]
    pub fn absolute(&self, path: &[u8]) -> Vec<u8> {
        if path.starts_with(b"/") {
            clean(path)
        } else {
            clean(&join(&join(b"/", &self.directory), path))
        }
    }

    /// The regular file that runs when `word` is a command: a word with a slash is a path, any
    /// other is looked for in `PATH`.
    ///
    /// Whether the file may be executed is not looked at.
    #[must_use]
    pub fn command(&self, files: &dyn Files, word: &[u8]) -> Option<Found> {
        if word.is_empty() || word.len() > MAX_PATH {
            return None;
        }
        if word.contains(&b'/') {
            return regular(files, &self.absolute(word));
        }
        // An empty directory of `PATH` is the working directory.
        self.path
            .iter()
            .find_map(|dir| regular(files, &self.absolute(&join_relative(dir, word))))
    }
}

fn join_relative(dir: &[u8], name: &[u8]) -> Vec<u8> {
    if dir.is_empty() {
        name.to_vec()
    } else {
        join(dir, name)
    }
}

/// The regular file at an absolute path.
pub(in crate::closure) fn regular(files: &dyn Files, path: &[u8]) -> Option<Found> {
    let found = files.resolve(path)?;
    (files.kind(found.node) == Kind::File).then_some(found)
}

/// The path without `.`, empty components and a slash at its end; `..` stays, since what it means
/// depends on links.
pub(in crate::closure) fn clean(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for part in path.split(|b| *b == b'/') {
        if !part.is_empty() && part != b"." {
            out.push(b'/');
            out.extend_from_slice(part);
        }
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::memory::Memory;

    #[test]
    fn a_command_is_a_regular_file_on_the_path_or_at_a_path() {
        let mut files = Memory::new();
        files.file("/opt/a/dir/x", Vec::new());
        let dir = files.file("/usr/bin/dir", Vec::new());
        let tool = files.file("/srv/app/tool", Vec::new());
        let linked = files.link("/usr/bin/tool", "../../srv/app/tool");
        let env = Environment::new([b"PATH=/opt/a:/usr/bin".as_slice()], b"/srv");
        let table: [(&str, Option<_>); 8] = [
            ("dir", Some((dir, vec![]))),
            ("tool", Some((tool, vec![linked]))),
            ("app/tool", Some((tool, vec![]))),
            ("./app/tool", Some((tool, vec![]))),
            ("/srv/./app//tool", Some((tool, vec![]))),
            ("none", None),
            ("/opt/a/dir", None),
            ("", None),
        ];
        for (word, expected) in table {
            let found = env.command(&files, word.as_bytes());
            let found = found.map(|found| (found.node, found.crossed));
            assert_eq!(found, expected, "{word}");
        }
    }

    #[test]
    fn without_a_path_the_usual_directories_count() {
        let mut files = Memory::new();
        let ls = files.file("/bin/ls", Vec::new());
        let env = Environment::new([], b"");
        assert_eq!(env.directory, b"/");
        assert_eq!(env.command(&files, b"ls").map(|found| found.node), Some(ls));
    }
}
