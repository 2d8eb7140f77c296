//! The paths of one layer, or of the layers up to it, with what changed.

use super::files::{Files, Version, VersionKind};
use super::filter::Filter;

/// What became of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It is not there, and was not.
    Absent,
    /// It is as it was.
    Unmodified,
    /// It is new.
    Added,
    /// It, or something in it, is another one.
    Modified,
    /// It was there.
    Removed,
}

impl Status {
    /// Those that can be hidden, in the order of [`Shown`].
    pub const ALL: [Status; 4] = [
        Status::Added,
        Status::Modified,
        Status::Removed,
        Status::Unmodified,
    ];

    /// How it is marked, colours or not.
    pub fn sign(self) -> char {
        match self {
            Status::Added => '+',
            Status::Modified => '~',
            Status::Removed => '-',
            Status::Absent | Status::Unmodified => ' ',
        }
    }
}

/// Which kinds of change are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown([bool; 4]);

impl Default for Shown {
    fn default() -> Self {
        Shown([true; 4])
    }
}

impl Shown {
    /// Whether paths of this status are shown.
    pub fn has(self, status: Status) -> bool {
        let at = Status::ALL.iter().position(|&known| known == status);
        at.and_then(|at| self.0.get(at).copied()).unwrap_or(false)
    }

    /// Shows what was hidden and hides what was shown.
    pub fn toggle(&mut self, status: Status) {
        let at = Status::ALL.iter().position(|&known| known == status);
        if let Some(shown) = at.and_then(|at| self.0.get_mut(at)) {
            *shown = !*shown;
        }
    }
}

/// In which order siblings come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By the bytes of their names.
    #[default]
    Name,
    /// The largest first.
    Size,
}

/// One line of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The path.
    pub path: u32,
    /// How many directories it is in.
    pub depth: u16,
}

/// What a layer, or several, made of all paths.
#[derive(Debug, Default)]
pub struct View {
    status: Vec<Status>,
    /// The version that is shown, counted from 1 in the path's own ones; 0 for
    /// directories that no layer has an entry for.
    version: Vec<u16>,
    bytes: Vec<u64>,
    /// Whether the path or something in it is wanted.
    kept: Vec<bool>,
}

impl View {
    /// The paths after `layer`, compared with those after the layer below it, or
    /// with those after the lowest layer where changes are added up.
    pub fn new(files: &Files, layer: usize, aggregate: bool) -> View {
        let before = match aggregate {
            true => (layer > 0).then_some(0),
            false => layer.checked_sub(1),
        };
        let count = files.len();
        let mut view = View {
            status: vec![Status::Absent; count],
            version: vec![0; count],
            bytes: vec![0; count],
            kept: vec![true; count],
        };
        let mut was = vec![false; count];
        let mut is = vec![false; count];
        let mut changed = vec![false; count];
        for path in (0..count).rev() {
            let versions = files.versions(path as u32);
            let until = |layer: usize| versions.partition_point(|v| usize::from(v.layer) <= layer);
            let (old, new) = (before.map_or(0, until), until(layer));
            let shows = |at: usize| {
                let version = at.checked_sub(1).and_then(|at| versions.get(at));
                version.is_some_and(|version| version.kind != VersionKind::Gone)
            };
            // The root is there in any image, and what has something in it.
            was[path] |= shows(old) || (path == 0 && before.is_some());
            is[path] |= shows(new) || path == 0;
            view.status[path] = match (was[path], is[path]) {
                (false, false) => Status::Absent,
                (false, true) if path == 0 => Status::Unmodified,
                (false, true) => Status::Added,
                (true, false) => Status::Removed,
                (true, true) if changed[path] || differs(files, path as u32, old, new) => {
                    Status::Modified
                }
                (true, true) => Status::Unmodified,
            };
            let at = match is[path] {
                true => new,
                false => old,
            };
            view.version[path] = at.min(usize::from(u16::MAX)) as u16;
            if let Some(version) = view.version(files, path as u32)
                && version.kind == VersionKind::File
            {
                view.bytes[path] += version.bytes();
            }
            if path == 0 {
                continue;
            }
            let parent = files.parent(path as u32) as usize;
            was[parent] |= was[path];
            is[parent] |= is[path];
            changed[parent] |= !matches!(view.status[path], Status::Absent | Status::Unmodified);
            if is[path] {
                view.bytes[parent] += view.bytes[path];
            }
        }
        // A directory that is gone is as large as what was in it.
        for path in (1..count).rev() {
            let parent = files.parent(path as u32) as usize;
            if view.status[path] == Status::Removed && view.status[parent] == Status::Removed {
                view.bytes[parent] += view.bytes[path];
            }
        }
        view
    }

    /// What became of a path.
    pub fn status(&self, path: u32) -> Status {
        let status = self.status.get(path as usize);
        status.copied().unwrap_or(Status::Absent)
    }

    /// Bytes of a file, or of all files in a directory.
    pub fn bytes(&self, path: u32) -> u64 {
        self.bytes.get(path as usize).copied().unwrap_or(0)
    }

    /// The version that is shown; none for directories without an entry.
    pub fn version<'a>(&self, files: &'a Files, path: u32) -> Option<&'a Version> {
        let at = usize::from(*self.version.get(path as usize)?).checked_sub(1)?;
        let version = files.versions(path).get(at)?;
        (version.kind != VersionKind::Gone).then_some(version)
    }

    /// Whether a path is shown as a directory.
    pub fn is_directory(&self, files: &Files, path: u32) -> bool {
        let version = self.version(files, path);
        version.is_none_or(|version| version.kind == VersionKind::Directory)
    }

    /// Leaves out what is not wanted; directories stay for what is in them.
    pub fn keep(&mut self, files: &Files, shown: Shown, filter: &Filter) {
        let mut wanted = vec![false; files.len()];
        let mut text = Vec::from(*b"/");
        let mut stack: Vec<(u32, usize)> = vec![(0, 0)];
        while let Some((path, len)) = stack.pop() {
            if path != 0 {
                text.truncate(len.max(1));
                if len > 0 {
                    text.push(b'/');
                }
                text.extend_from_slice(files.name(path));
            }
            let status = self.status(path);
            let children = files.children(path);
            // A directory that only holds changes is no change to look for.
            let holds = !filter.is_active()
                && matches!(status, Status::Modified | Status::Unmodified)
                && children
                    .iter()
                    .any(|&child| self.status(child) != Status::Absent);
            if let Some(wanted) = wanted.get_mut(path as usize) {
                *wanted = !holds && shown.has(status) && filter.allows(&text);
            }
            let len = if path == 0 { 0 } else { text.len() };
            stack.extend(children.iter().map(|&child| (child, len)));
        }
        for path in (1..files.len()).rev() {
            let is_there = self.status(path as u32) != Status::Absent;
            wanted[path] &= is_there;
            if wanted[path] {
                wanted[files.parent(path as u32) as usize] = true;
            }
        }
        self.kept = wanted;
    }

    /// Whether a path is there and not left out.
    pub fn is_kept(&self, path: u32) -> bool {
        self.status(path) != Status::Absent
            && self.kept.get(path as usize).copied().unwrap_or(false)
    }

    /// The lines of the tree, the root's own left out.
    pub fn rows(&self, files: &Files, expanded: &[bool], sort: Sort) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut stack = Vec::new();
        self.push_children(files, Row { path: 0, depth: 0 }, sort, &mut stack);
        while let Some(row) = stack.pop() {
            rows.push(row);
            if expanded.get(row.path as usize).copied().unwrap_or(false) {
                let inside = Row {
                    path: row.path,
                    depth: row.depth.saturating_add(1),
                };
                self.push_children(files, inside, sort, &mut stack);
            }
        }
        rows
    }

    /// The next one is popped off the end.
    fn push_children(&self, files: &Files, inside: Row, sort: Sort, stack: &mut Vec<Row>) {
        let from = stack.len();
        let children = files.children(inside.path).iter().rev();
        let kept = children.filter(|&&child| self.is_kept(child));
        stack.extend(kept.map(|&path| Row { path, ..inside }));
        if let (Sort::Size, Some(new)) = (sort, stack.get_mut(from..)) {
            new.sort_by_key(|row| self.bytes(row.path));
        }
    }
}

/// Whether a path that was there and still is became another one. Layers repeat
/// the entries of directories that they put something in.
fn differs(files: &Files, path: u32, old: usize, new: usize) -> bool {
    let version = |at: usize| {
        let version = files.versions(path).get(at.checked_sub(1)?)?;
        (version.kind != VersionKind::Gone).then_some(version)
    };
    match (version(old), version(new)) {
        (Some(a), Some(b)) if a.kind == VersionKind::Directory && b.kind == a.kind => {
            (a.mode, files.owner(a)) != (b.mode, files.owner(b))
        }
        (Some(a), None) | (None, Some(a)) => a.kind != VersionKind::Directory,
        _ => old != new,
    }
}
