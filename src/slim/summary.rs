//! What decisions come to: bytes that stay and bytes that go, by what they were.

use std::collections::BTreeMap;

use hashbrown::HashSet;

use super::decide::{Decisions, Rules, Subject, Verdict};
use super::reason::Gone;
use crate::closure::{Files, Kind};
use crate::tree::EntryId;

/// A number of files, and the bytes of their contents; hard links count once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Files and links.
    pub files: u64,
    /// Bytes of contents.
    pub bytes: u64,
}

/// Paths that go for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `package`, `inert`, `bytecode`, `unreached`, `unused`, `link`, `script`, `record` or `excluded`.
    pub kind: &'static str,
    /// The package or the rule.
    pub name: String,
    /// Version of the package.
    pub version: String,
    /// How much it is.
    pub amount: Amount,
}

/// The sums.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// What the image shows.
    pub image: Amount,
    /// What stays of it.
    pub kept: Amount,
    /// What goes, largest first.
    pub removed: Vec<Group>,
    /// Packages that stay, and that there are.
    pub packages: (usize, usize),
}

impl Summary {
    /// Adds up.
    pub fn of(subject: &Subject<'_>, rules: &Rules, decisions: &Decisions) -> Self {
        let view = subject.view;
        let mut summary = Summary {
            packages: (
                decisions.units.iter().flatten().count(),
                decisions.units.len(),
            ),
            ..Summary::default()
        };
        let mut groups: BTreeMap<(&'static str, String, String), Amount> = BTreeMap::new();
        let mut kept: HashSet<EntryId> = HashSet::new();
        let mut seen: HashSet<EntryId> = HashSet::new();
        let mut gone = Vec::new();
        for node in view.tree.paths() {
            if view.kind(node) == Kind::Directory {
                continue;
            }
            let inode = view.tree.inode(node);
            let linked = inode.filter(|&id| view.tree.has_links(id));
            let size = view.size(node);
            let first = linked.is_none_or(|id| seen.insert(id));
            summary.image.add(if first { size } else { 0 });
            match decisions.verdicts.get(node as usize) {
                Some(Some(Verdict::Gone(why))) => gone.push((*why, linked, size)),
                _ => {
                    let changed = decisions.changed.iter().find(|(known, _)| *known == node);
                    let size = changed.map_or(size, |(_, contents)| contents.len() as u64);
                    let first = linked.is_none_or(|id| kept.insert(id));
                    summary.kept.add(if first { size } else { 0 });
                }
            }
        }
        for (why, linked, size) in gone {
            // Of a file that stays under another name nothing is won.
            let first = linked.is_none_or(|id| kept.insert(id));
            let (kind, name, version) = describe(why, subject, rules);
            let amount = groups.entry((kind, name, version)).or_default();
            amount.add(if first { size } else { 0 });
        }
        summary.removed = groups
            .into_iter()
            .map(|((kind, name, version), amount)| Group {
                kind,
                name,
                version,
                amount,
            })
            .collect();
        let order = |group: &Group| std::cmp::Reverse(group.amount.bytes);
        summary.removed.sort_by_key(order);
        summary
    }
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

fn describe(why: Gone, subject: &Subject<'_>, rules: &Rules) -> (&'static str, String, String) {
    let plain = |kind, name: &str| (kind, name.to_owned(), String::new());
    match why {
        Gone::Excluded => plain("excluded", "excluded by pattern"),
        Gone::Inert(number) => {
            let rule = rules.caches.rule(usize::from(number));
            plain("inert", &rule.name)
        }
        Gone::Bytecode => plain("bytecode", "compiled Python"),
        Gone::Package(unit) => match subject.units.unit(unit) {
            Some(unit) => ("package", unit.label(), unit.version.clone()),
            None => plain("package", "unknown"),
        },
        Gone::Unreached => plain("unreached", "files that nothing reaches"),
        Gone::Unused => plain("unused", "files that no run used"),
        Gone::DanglingLink => plain("link", "links to what is gone"),
        Gone::NoInterpreter => plain("script", "scripts without their interpreter"),
        Gone::Record(_) => plain("record", "records of packages that are gone"),
        Gone::EmptyDirectory => plain("directory", "directories with nothing in them"),
    }
}
