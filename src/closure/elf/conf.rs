//! `/etc/ld.so.conf`: the directories that `ldconfig` looks through. The loader itself never reads
//! this file, only the cache that `ldconfig` makes; it is read here to tell people about.

use super::config::{lines, read_file};
use super::paths::{glob, join, parent};
use super::{Files, Found};

/// Files that may include others, and directories that are kept.
const MAX_DEPTH: usize = 8;
const MAX_FILES: usize = 1024;
const MAX_DIRS: usize = 4096;
const MAX_FILE: usize = 1 << 20;

/// The directories of the file at `path` and all that it includes, in order.
pub(super) fn directories<F: Files + ?Sized>(files: &F, path: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = Conf {
        files,
        read: 0,
        dirs: Vec::new(),
    };
    if let Some(found) = files.resolve(path) {
        reader.file(path, &found, 0);
    }
    reader.dirs
}

struct Conf<'a, F: ?Sized> {
    files: &'a F,
    read: usize,
    dirs: Vec<Vec<u8>>,
}

impl<F: Files + ?Sized> Conf<'_, F> {
    fn file(&mut self, path: &[u8], found: &Found, depth: usize) {
        self.read = self.read.saturating_add(1);
        if depth > MAX_DEPTH || self.read > MAX_FILES {
            return;
        }
        let Ok(text) = read_file(self.files, found.node, MAX_FILE) else {
            return;
        };
        for line in lines(&text) {
            let (word, rest) = line
                .iter()
                .position(u8::is_ascii_whitespace)
                .and_then(|space| line.split_at_checked(space))
                .unwrap_or((line, b""));
            match word {
                b"include" => {
                    for pattern in rest
                        .split(u8::is_ascii_whitespace)
                        .filter(|p| !p.is_empty())
                    {
                        let pattern = if pattern.starts_with(b"/") {
                            pattern.to_vec()
                        } else {
                            join(parent(path), pattern)
                        };
                        self.include(&pattern, depth);
                    }
                }
                // Names of processor features; ldconfig ignores the line by now.
                b"hwcap" => {}
                _ if self.dirs.len() < MAX_DIRS => {
                    // `DIR=TYPE` names a kind of library that no longer matters.
                    let end = line
                        .iter()
                        .position(|byte| *byte == b'=')
                        .unwrap_or(line.len());
                    let dir = line.get(..end).unwrap_or_default().trim_ascii_end();
                    let dir = if dir.len() > 1 {
                        dir.strip_suffix(b"/").unwrap_or(dir)
                    } else {
                        dir
                    };
                    if dir.starts_with(b"/") && !self.dirs.iter().any(|known| known == dir) {
                        self.dirs.push(dir.to_vec());
                    }
                }
                _ => {}
            }
        }
    }

    /// Reads the files of a pattern, in the order of their names.
    fn include(&mut self, pattern: &[u8], depth: usize) {
        let mut paths: Vec<Vec<u8>> = vec![b"/".to_vec()];
        for part in pattern
            .split(|byte| *byte == b'/')
            .filter(|part| !part.is_empty())
        {
            let mut next = Vec::new();
            for dir in &paths {
                if !part.iter().any(|byte| b"*?[".contains(byte)) {
                    next.push(join(dir, part));
                } else if let Some(found) = self.files.resolve(dir) {
                    let names = self
                        .files
                        .children(found.node)
                        .into_iter()
                        .map(|(name, _)| name);
                    next.extend(
                        names
                            .filter(|name| !name.starts_with(b".") || part.starts_with(b"."))
                            .filter(|name| glob(part, name))
                            .map(|name| join(dir, &name)),
                    );
                }
                next.truncate(MAX_FILES);
            }
            paths = next;
        }
        for path in paths {
            if let Some(found) = self.files.resolve(&path) {
                self.file(&path, &found, depth.saturating_add(1));
            }
        }
    }
}
