//! From texts to files of the image, and into the result.

use std::rc::Rc;

use super::value::{self, ANY, DEEP, STAR};
use super::{Analysis, MAX_NEEDS, Unknown};
use crate::closure::files::{Found, Kind, join};
use crate::closure::script::environment::{clean, regular};
use crate::closure::{Need, NeedKind};

/// The files that a pattern fits; nothing where it would be whatever programs have in common.
pub(super) type Expanded = Option<Rc<Vec<(String, Found)>>>;

/// Files that one pattern may fit.
const MAX_MATCHES: usize = 4096;
/// Names and texts in the result are cut here.
const MAX_WHAT: usize = 255;

/// Directories that all packages share: an entry of unknown name there can be anything.
const SHARED: &[&str] = &[
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib32",
    "/lib64",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/include",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/etc",
    "/usr/local/lib",
    "/usr/local/sbin",
    "/usr/local/share",
    "/usr/sbin",
    "/usr/share",
    "/usr/src",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/log",
    "/var/run",
    "/var/spool",
    "/var/tmp",
];

/// Whether already the first component of a path is unknown.
fn in_root(path: &str) -> bool {
    let mut components = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    components.next().is_none_or(says_nothing)
}

/// Whether a component says nothing of the name.
fn says_nothing(component: &str) -> bool {
    !component.is_empty() && component.chars().all(value::is_mark)
}

impl Analysis<'_> {
    /// Writes that something is needed, once.
    pub(super) fn need(&mut self, kind: NeedKind, name: &str, line: u32, found: Found) {
        let owner = self.unit.owner;
        let Some(part) = self.parts.get_mut(owner).filter(|_| self.emit) else {
            return;
        };
        let key = (kind, found.node, found.crossed.clone());
        if part.needs.len() < MAX_NEEDS && part.known.insert(key) {
            part.needs.push(Need {
                kind,
                name: shown(name),
                line: Some(line),
                found,
            });
        }
    }

    /// Writes that something is computed.
    pub(super) fn unknown(&mut self, line: u32, what: &str) {
        let owner = self.unit.owner;
        let Some(part) = self.parts.get_mut(owner).filter(|_| self.emit) else {
            return;
        };
        let unknown = Unknown {
            line,
            what: shown(what),
        };
        if part.unknown.len() < MAX_NEEDS && part.unknown.last() != Some(&unknown) {
            part.unknown.push(unknown);
        }
    }

    /// The absolute paths that a path can be: relative ones start at any directory the script may
    /// be in.
    pub(super) fn absolute(&self, path: &str) -> Vec<String> {
        if path.starts_with('/') {
            return vec![path.to_owned()];
        }
        let places = self.places.iter().filter(|place| value::known(place));
        places.map(|place| format!("{place}/{path}")).collect()
    }

    /// The program that a known word runs.
    pub(super) fn program(&mut self, word: &str) -> Option<Found> {
        if let Some(known) = self.programs.get(word) {
            return known.clone();
        }
        if !self.spend(1024) {
            return None;
        }
        let files = self.files;
        let places: Vec<String> = if word.contains('/') {
            self.absolute(word)
        } else {
            self.search
                .iter()
                .map(|dir| format!("{dir}/{word}"))
                .collect()
        };
        let found = self.env.command(files, word.as_bytes()).or_else(|| {
            let mut places = places.iter();
            places.find_map(|path| regular(files, &clean(path.as_bytes())))
        });
        // The directories are only complete when the result is written.
        if self.emit {
            self.programs.insert(word.to_owned(), found.clone());
        }
        found
    }

    /// The programs whose names fit a word with unknown parts.
    pub(super) fn programs_like(&mut self, word: &str) -> Expanded {
        if word.contains('/') {
            return self.expand(word);
        }
        // One letter is no knowledge.
        let prefix = word.find(value::is_mark).unwrap_or(word.len());
        if prefix < 2 {
            return None;
        }
        let mut all = Vec::new();
        for dir in self.env.path.clone() {
            let dir = String::from_utf8_lossy(&dir).into_owned();
            if let Some(found) = self.expand(&format!("{dir}/{word}")) {
                all.extend(found.iter().cloned());
            }
        }
        Some(Rc::new(all))
    }

    /// The existing files that an absolute path with or without unknown parts can mean.
    pub(super) fn expand(&mut self, path: &str) -> Expanded {
        if !path.starts_with('/') || path.len() > value::MAX_VALUE {
            return None;
        }
        if let Some(known) = self.globs.get(path) {
            return known.clone();
        }
        if !self.spend(path.len()) {
            return None;
        }
        let expanded = self.walk(path).map(|paths| {
            let found = |path: String| {
                let found = self.existing(&path)?;
                Some((path, found))
            };
            Rc::new(paths.into_iter().filter_map(found).collect::<Vec<_>>())
        });
        self.globs.insert(path.to_owned(), expanded.clone());
        expanded
    }

    fn walk(&mut self, path: &str) -> Option<Vec<String>> {
        let mut paths = vec![String::new()];
        let components: Vec<&str> = path
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".")
            .collect();
        for (at, component) in components.iter().copied().enumerate() {
            if value::known(component) {
                for path in &mut paths {
                    path.push('/');
                    path.push_str(component);
                }
                continue;
            }
            // Known names further on tell which entries are meant, except in the root.
            let rest = components.get(at..).unwrap_or_default();
            let vague = at == 0 || rest.iter().all(|part| says_nothing(part));
            let mut next = Vec::new();
            for path in &paths {
                let shared = SHARED.contains(&if path.is_empty() { "/" } else { path });
                // A glob that stands in the script is meant, except for the whole root.
                let meant = component.chars().eq([STAR]) && !path.is_empty();
                if shared && says_nothing(component) && vague && !meant {
                    return None;
                }
                if component.chars().eq([DEEP]) {
                    self.below(path, &mut next);
                } else {
                    self.fitting(path, component, &mut next);
                }
            }
            paths = next;
        }
        Some(paths)
    }

    fn fitting(&mut self, dir: &str, component: &str, out: &mut Vec<String>) {
        for (name, _) in self.entries(dir) {
            let name = String::from_utf8_lossy(&name);
            if out.len() < MAX_MATCHES && value::matches(component, &name) {
                out.push(format!("{dir}/{name}"));
            }
        }
    }

    /// A directory and all directories in it.
    fn below(&mut self, dir: &str, out: &mut Vec<String>) {
        let mut at = out.len();
        out.push(dir.to_owned());
        while let Some(dir) = out.get(at).cloned() {
            at = at.saturating_add(1);
            for (name, node) in self.entries(&dir) {
                if out.len() < MAX_MATCHES && self.files.kind(node) == Kind::Directory {
                    let name = String::from_utf8_lossy(&name);
                    out.push(format!("{dir}/{name}"));
                }
            }
        }
    }

    fn entries(&mut self, dir: &str) -> Vec<(Vec<u8>, u32)> {
        let Some(found) = self.files.resolve(dir.as_bytes()) else {
            return Vec::new();
        };
        if self.entries_left == 0 || self.files.kind(found.node) != Kind::Directory {
            return Vec::new();
        }
        let entries = self.files.children(found.node);
        self.entries_left = self
            .entries_left
            .saturating_sub(entries.len().saturating_add(8));
        entries
    }

    /// What is at a path; a link that leads nowhere stands for itself.
    fn existing(&self, path: &str) -> Option<Found> {
        let path = clean(path.as_bytes());
        self.files.resolve(&path).or_else(|| {
            let node = self.files.locate(&path)?;
            Some(Found {
                node,
                crossed: Vec::new(),
            })
        })
    }

    /// Looks for the paths in a text.
    pub(super) fn names(&mut self, text: &str, line: u32) {
        let owner = self.unit.owner;
        if !self.emit || text.is_empty() || !self.spend(text.len().saturating_mul(4)) {
            return;
        }
        let part = self.parts.get_mut(owner);
        if !part.is_some_and(|part| part.named.insert(text.to_owned())) {
            return;
        }
        for path in value::paths(text) {
            match self.expand(path) {
                Some(found) => {
                    for (path, found) in found.iter() {
                        self.need(NeedKind::Names, path, line, found.clone());
                    }
                }
                // Expressions of `sed` look like files of the root.
                None if in_root(path) => {}
                None => self.unknown(line, path),
            }
        }
        self.relative_name(text, line);
    }

    /// A word that is a file of the working directory is taken for its name.
    fn relative_name(&mut self, text: &str, line: u32) {
        let plausible = text.len() <= 255 && !text.starts_with(['/', '-', '.', '~']);
        let path = text.strip_prefix("./");
        let path = path.or_else(|| plausible.then_some(text));
        let Some(path) = path.filter(|path| value::known(path)) else {
            return;
        };
        for place in self.absolute(path) {
            let Some(found) = self.files.resolve(&clean(place.as_bytes())) else {
                continue;
            };
            // A directory may bear the name of any plain word.
            if self.files.kind(found.node) == Kind::File || path.contains('/') {
                self.need(NeedKind::Names, path, line, found);
            }
        }
    }

    /// A file that is written needs its directory, even if that is empty.
    pub(super) fn written(&mut self, text: &str, line: u32) {
        let dir = value::dirname(text);
        let shared = SHARED.contains(&dir.as_str());
        if !self.emit || shared || !text.starts_with('/') || !value::known(text) {
            return;
        }
        if let Some(found) = self.files.resolve(&clean(dir.as_bytes()))
            && self.files.resolve(&clean(text.as_bytes())).is_none()
        {
            self.need(NeedKind::Names, &dir, line, found);
        }
    }

    /// The files of a directory, as a pattern.
    pub(super) fn inside(dir: &str) -> String {
        let path = join(dir.as_bytes(), b"");
        format!("{}{ANY}", String::from_utf8_lossy(&path))
    }
}

/// A text for people: marks of unknown parts as they are written in scripts, and no long ones.
fn shown(text: &str) -> String {
    let text = text.chars().take(MAX_WHAT);
    text.map(|c| match c {
        value::STAR => '*',
        value::ONE => '?',
        ANY => '…',
        DEEP => '*',
        c if c.is_control() => ' ',
        c => c,
    })
    .collect()
}
