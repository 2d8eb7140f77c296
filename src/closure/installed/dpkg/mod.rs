//! Debian's packages.
//!
//! `/var/lib/dpkg/status` has a stanza for each package and `info/` its list of files and its
//! scripts; distroless images have a file for each package in `status.d/` instead.

mod diversions;
mod reduce;
mod relation;
mod stanza;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use hashbrown::HashMap;

use super::finder::{Draft, Finder};
use super::package::Manager;
use super::{At, Format};
use crate::closure::files::{Kind, NodeId, join};
use diversions::Diversions;
pub(super) use reduce::reduce;
use stanza::{Field, Stanza, stanzas};

const STATUS: &[u8] = b"/var/lib/dpkg/status";
const STATUS_DIR: &[u8] = b"/var/lib/dpkg/status.d";
const INFO: &[u8] = b"/var/lib/dpkg/info";
const DIVERSIONS: &[u8] = b"/var/lib/dpkg/diversions";
const ALTERNATIVES: &[u8] = b"/var/lib/dpkg/alternatives";
const TRIGGERS: &[u8] = b"/var/lib/dpkg/triggers";

const LARGEST_LIST: u64 = 64 << 20;

/// What may lie beside a file of `status.d` and is about the same package.
const BESIDE: [&[u8]; 9] = [
    b"conffiles",
    b"list",
    b"md5sums",
    b"postinst",
    b"postrm",
    b"preinst",
    b"prerm",
    b"shlibs",
    b"triggers",
];

pub(super) fn find(finder: &mut Finder<'_>) {
    finder.begin(Manager::Dpkg);
    let diversions = match finder.places.files.resolve(DIVERSIONS) {
        Some(found) => match finder.places.read(found.node, LARGEST_LIST) {
            Ok(text) => Diversions::parse(&text),
            Err(error) => return finder.fail(DIVERSIONS, error),
        },
        None => Ok(Diversions::default()),
    };
    let diversions = match diversions {
        Ok(diversions) => diversions,
        Err(error) => return finder.fail(DIVERSIONS, error),
    };
    let mut info = Info::list(finder);
    if let Some(found) = finder.places.files.resolve(STATUS)
        && finder.source(found.node, Format::Stanzas)
        && let Some(text) = finder.read_source(STATUS, found.node)
    {
        find_in_status(finder, &text, &diversions, &mut info);
    }
    finder.keep(info.rest());
    find_in_status_dir(finder);
    for dir in [b"/var/lib/dpkg".as_slice(), ALTERNATIVES, TRIGGERS] {
        finder.keep_all_in(dir);
    }
}

/// The files of `info/` by the part of their names before the last dot: the name of a package,
/// perhaps with `:` and an architecture.
#[derive(Default)]
struct Info {
    stems: HashMap<Vec<u8>, Vec<(Vec<u8>, NodeId)>>,
    others: Vec<NodeId>,
}

impl Info {
    fn list(finder: &Finder<'_>) -> Self {
        let mut info = Self::default();
        for (name, node) in finder.list(INFO) {
            if finder.places.files.kind(node) == Kind::Directory {
                continue;
            }
            // Names of packages have dots, extensions have not.
            match name.iter().rposition(|b| *b == b'.') {
                Some(dot) => {
                    let (stem, extension) = name.split_at(dot);
                    let extension = extension.get(1..).unwrap_or_default().to_vec();
                    let files = info.stems.entry_ref(stem).or_default();
                    files.push((extension, node));
                }
                None => info.others.push(node),
            }
        }
        info
    }

    fn file_list(&self, stem: &[u8]) -> Option<NodeId> {
        let files = self.stems.get(stem)?;
        let list = files.iter().find(|(extension, _)| extension == b"list");
        list.map(|(_, node)| *node)
    }

    fn take(&mut self, stem: &[u8]) -> Vec<NodeId> {
        let files = self.stems.remove(stem).unwrap_or_default();
        files.into_iter().map(|(_, node)| node).collect()
    }

    /// What belongs to no package: the format, and what removed packages left.
    fn rest(self) -> Vec<NodeId> {
        let files = self.stems.into_values().flatten().map(|(_, node)| node);
        files.chain(self.others).collect()
    }
}

/// The names that a package's files in `info/` have, the likelier one first. Several
/// architectures of a package can only be installed together if these have names of their own.
fn stems(stanza: &Stanza<'_>, name: &[u8]) -> [Vec<u8>; 2] {
    let architecture = stanza.field(Field::Architecture);
    let mut stems = [name.to_vec(), [name, b":", architecture].concat()];
    if stanza.field(Field::MultiArch) == b"same" {
        stems.reverse();
    }
    stems
}

fn find_in_status(finder: &mut Finder<'_>, text: &[u8], diversions: &Diversions, info: &mut Info) {
    let mut unlisted: usize = 0;
    for stanza in stanzas(text) {
        let Some(name) = checked(finder, STATUS, &stanza) else {
            continue;
        };
        // What a removed package left in /etc stays, and so does what says so.
        if !stanza.has_files() {
            continue;
        }
        let mut draft = draft(&stanza, name);
        let stems = stems(&stanza, name);
        if let Some(stem) = stems.iter().find(|stem| info.file_list(stem).is_some()) {
            let list = info
                .file_list(stem)
                .map(|list| finder.places.read(list, LARGEST_LIST));
            match list {
                Some(Ok(list)) => {
                    let paths = list.split(|b| *b == b'\n').filter(|path| !path.is_empty());
                    let paths = paths.map(|path| diversions.place_of(path, name));
                    if !draft.own(&mut finder.places, paths) {
                        return finder.fail(INFO, "too many files");
                    }
                }
                Some(Err(error)) => {
                    let path = [INFO, b"/", stem.as_slice(), b".list"].concat();
                    finder.problem(&path, error);
                }
                None => {}
            }
            draft.package.records = info.take(stem);
        } else {
            unlisted = unlisted.saturating_add(1);
            let found = stems.iter().map(|stem| info.take(stem));
            draft.package.records = found.flatten().collect();
        }
        finder.add(STATUS, draft);
        if finder.failed() {
            return;
        }
    }
    if unlisted > 0 {
        finder.problem(
            STATUS,
            format_args!("{unlisted} packages have no list of files: nobody knows what is theirs"),
        );
    }
}

/// The name of a stanza's package; says what is wrong with the stanza.
fn checked<'t>(finder: &mut Finder<'_>, path: &[u8], stanza: &Stanza<'t>) -> Option<&'t [u8]> {
    if let Some(line) = stanza.bad_line {
        finder.problem(path, format_args!("line {line}: not a field"));
    }
    let name = stanza.field(Field::Package);
    if name.is_empty() {
        let line = stanza.line;
        finder.problem(path, format_args!("line {line}: a package without a name"));
        return None;
    }
    Some(name)
}

fn draft(stanza: &Stanza<'_>, name: &[u8]) -> Draft {
    let mut draft = Draft::new(
        Manager::Dpkg,
        name,
        stanza.field(Field::Version),
        stanza.field(Field::Architecture),
        At::Bytes(stanza.range.clone()),
    );
    draft.package.essential = stanza.field(Field::Essential) == b"yes";
    // The version of the source follows where it is not that of the package.
    let source = super::text::words(stanza.field(Field::Source)).next();
    draft.package.source = source.map(|source| String::from_utf8_lossy(source).into_owned());
    relation::relations(stanza, &mut draft);
    draft
}

/// Files with one package each; beside one may be `NAME.md5sums` with the files.
fn find_in_status_dir(finder: &mut Finder<'_>) {
    let entries: HashMap<Vec<u8>, NodeId> = finder.list(STATUS_DIR).into_iter().collect();
    let mut names: Vec<&Vec<u8>> = entries.keys().collect();
    names.sort_unstable();
    let mut kept = Vec::new();
    for name in names {
        let Some(node) = entries.get(name).copied() else {
            continue;
        };
        if about(name).is_some_and(|stem| entries.contains_key(stem)) {
            // With its package.
            continue;
        }
        let path = join(STATUS_DIR, name);
        if finder.places.files.kind(node) != Kind::File || about(name).is_some() {
            kept.push(node);
            continue;
        }
        if !finder.source(node, Format::OwnStanzas) {
            continue;
        }
        let Some(text) = finder.read_source(&path, node) else {
            return;
        };
        let beside = |extension: &[u8]| {
            let name = [name.as_slice(), b".", extension].concat();
            entries.get(&name).copied()
        };
        if !find_distroless(finder, &path, &text, &beside) {
            return;
        }
    }
    finder.keep(kept);
}

/// The name without an extension of [`BESIDE`].
fn about(name: &[u8]) -> Option<&[u8]> {
    BESIDE.iter().find_map(|extension| {
        let stem = name.strip_suffix(*extension)?;
        stem.strip_suffix(b".")
    })
}

fn find_distroless(
    finder: &mut Finder<'_>,
    path: &[u8],
    text: &[u8],
    beside: &dyn Fn(&[u8]) -> Option<NodeId>,
) -> bool {
    // The files beside are of one package.
    let mut first = true;
    for stanza in stanzas(text) {
        let Some(name) = checked(finder, path, &stanza) else {
            continue;
        };
        let mut draft = draft(&stanza, name);
        if std::mem::take(&mut first) {
            let records = BESIDE.iter().filter_map(|extension| beside(extension));
            draft.package.records = records.collect();
            match beside(b"md5sums").map(|sums| finder.places.read(sums, LARGEST_LIST)) {
                Some(Ok(sums)) => {
                    let paths = sums.split(|b| *b == b'\n').filter_map(summed);
                    if !draft.own(&mut finder.places, paths) {
                        finder.fail(path, "too many files");
                        return false;
                    }
                }
                Some(Err(error)) => finder.problem(&[path, b".md5sums"].concat(), error),
                None => finder.problem(path, "no list of files: nobody knows what is its"),
            }
        }
        finder.add(path, draft);
        if finder.failed() {
            return false;
        }
    }
    true
}

/// The path in a line of `md5sums`: the sum, two spaces (the second a star for binary files), the
/// path.
fn summed(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let space = line.iter().position(|b| *b == b' ')?;
    match line.get(space..)? {
        [_, b' ' | b'*', path @ ..] => {
            let path = path.strip_prefix(b"./").unwrap_or(path);
            Some(join(b"/", path.strip_prefix(b"/").unwrap_or(path)).into())
        }
        _ => None,
    }
}
