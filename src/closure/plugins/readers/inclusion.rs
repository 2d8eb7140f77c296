//! Settings files that include others: each is read once, and what they name
//! is bounded whatever they say.

use std::collections::VecDeque;

use hashbrown::HashSet;

use super::Reading;
use crate::closure::files::split;
use crate::closure::plugins::expand::Expansion;
use crate::closure::{Found, Kind, Need, NeedKind, NodeId};

/// Files within files; real ones have two or three.
const DEEPEST: u32 = 64;
/// Files in all.
const MOST_FILES: usize = 4096;
/// Bytes of these files.
const MOST_BYTES: u64 = 64 << 20;
/// Paths that the files ask for.
const MOST_ASKED: usize = 64 * 1024;

/// Directories of everybody: naming one does not mean all that is in it.
const GENERAL: [&[u8]; 15] = [
    b"/", b"/bin", b"/boot", b"/dev", b"/etc", b"/home", b"/lib", b"/opt", b"/proc", b"/run",
    b"/sbin", b"/sys", b"/tmp", b"/usr", b"/var",
];

/// A settings file.
pub(super) struct Settings {
    pub path: Vec<u8>,
    pub text: String,
    depth: u32,
}

/// Where in the settings something is said.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub settings: &'a Settings,
    pub line: u32,
    /// The word that says it.
    pub directive: &'a str,
}

/// Reads settings files, and collects what they name.
pub(super) struct Inclusion<'a, 'n> {
    reading: &'a Reading<'a>,
    needs: &'n mut Vec<Need>,
    todo: VecDeque<(NodeId, u32)>,
    files: HashSet<NodeId>,
    found: HashSet<NodeId>,
    expansion: Expansion<'a>,
    bytes: u64,
    asked: usize,
}

impl<'a, 'n> Inclusion<'a, 'n> {
    pub(super) fn new(
        reading: &'a Reading<'a>,
        settings: &[Found],
        needs: &'n mut Vec<Need>,
    ) -> Self {
        let mut inclusion = Inclusion {
            reading,
            needs,
            todo: VecDeque::new(),
            files: HashSet::new(),
            found: HashSet::new(),
            expansion: Expansion::new(reading.files, b"/"),
            bytes: 0,
            asked: 0,
        };
        for found in settings {
            inclusion.enter(found.node, 0);
        }
        inclusion
    }

    /// The next file to read.
    pub(super) fn read_next(&mut self) -> Option<Settings> {
        while let Some((node, depth)) = self.todo.pop_front() {
            self.bytes = self.bytes.saturating_add(self.reading.files.size(node));
            if self.bytes > MOST_BYTES {
                return None;
            }
            let crossed = Vec::new();
            if let Some(text) = self.reading.text(&Found { node, crossed }) {
                let path = self.reading.files.path(node);
                return Some(Settings { path, text, depth });
            }
        }
        None
    }

    fn enter(&mut self, node: NodeId, depth: u32) {
        let files = self.reading.files;
        // A link leads to a file that may have been read by its own name.
        let node = match files.kind(node) {
            Kind::Symlink => match files.resolve(&files.path(node)) {
                Some(found) => found.node,
                None => return,
            },
            _ => node,
        };
        let wanted = files.kind(node) == Kind::File && depth <= DEEPEST;
        if wanted && self.files.len() < MOST_FILES && self.files.insert(node) {
            self.todo.push_back((node, depth));
        }
    }

    /// Files that are a part of the settings; `pattern` is absolute.
    pub(super) fn include(&mut self, at: At<'_>, pattern: &str) -> bool {
        let mut included = Vec::new();
        if self.may_ask() {
            let each = &mut |found| included.push(found);
            self.expansion.expand(pattern, each);
        }
        let any = !included.is_empty();
        for found in included {
            self.enter(found.node, at.settings.depth.saturating_add(1));
            self.need(NeedKind::Includes, at, found);
        }
        any
    }

    /// A path that the settings name. Gives whether it is there.
    pub(super) fn path(&mut self, kind: NeedKind, at: At<'_>, path: &[u8]) -> bool {
        let found = match self.may_ask() {
            true => self.reading.files.resolve(path),
            false => None,
        };
        let any = found.is_some();
        if let Some(found) = found {
            self.need(kind, at, found);
        }
        any
    }

    /// A path with everything that is in it.
    pub(super) fn whole(&mut self, at: At<'_>, path: &[u8]) -> bool {
        let files = self.reading.files;
        let Some(found) = files.resolve(path).filter(|_| self.may_ask()) else {
            return false;
        };
        let own = files.path(found.node);
        if GENERAL.contains(&own.as_slice()) || own.is_empty() {
            self.need(NeedKind::Plugin, at, found);
            return true;
        }
        let mut all = Vec::new();
        let each = &mut |found| all.push(found);
        self.expansion.whole(found, each);
        for found in all {
            self.need(NeedKind::Plugin, at, found);
        }
        true
    }

    /// The directory of a file that the program writes.
    pub(super) fn parent(&mut self, at: At<'_>, path: &[u8]) {
        self.path(NeedKind::Plugin, at, split(path).0);
    }

    fn may_ask(&mut self) -> bool {
        self.asked = self.asked.saturating_add(1);
        self.asked <= MOST_ASKED
    }

    fn need(&mut self, kind: NeedKind, at: At<'_>, found: Found) {
        // Links on the way count even if what they lead to is known.
        if !self.found.insert(found.node) && found.crossed.is_empty() {
            return;
        }
        let file = String::from_utf8_lossy(&at.settings.path);
        self.needs.push(Need {
            kind,
            name: format!("{} ({} in {file})", self.reading.rule, at.directive),
            line: Some(at.line),
            found,
        });
    }
}
