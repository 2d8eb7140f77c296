//! Paths and packages that may not be there.

use hashbrown::HashSet;

use super::of_offences;
use super::waive::Waivers;
use crate::analyze::Package;
use crate::gate::check::Check;
use crate::gate::settings::{ForbiddenPackage, ForbiddenPath, Level};
use crate::gate::verdict::{Checked, Offence, Subject};
use crate::layer::EntryKind;
use crate::oci::escape_bytes;
use crate::ruleset::{PathMatcher, States};
use crate::tree::{EntryId, NodeId, ROOT, Step, Tree};

/// Offences that are told one by one.
const TOLD: usize = 1000;
/// Bytes of paths that are looked at: links to deep directories give short
/// entries endless paths.
const PATH_BYTES: usize = 64 << 20;

/// Looks for forbidden paths. A directory counts with all that is in it.
pub(super) fn paths(
    forbidden: &[ForbiddenPath],
    tree: &Tree,
    waivers: &mut Waivers<'_>,
) -> Checked {
    // Of several patterns the first one counts, so that those that fail come first.
    let mut sorted: Vec<&ForbiddenPath> = forbidden.iter().collect();
    sorted.sort_by_key(|path| std::cmp::Reverse(path.level));
    let mut matcher = PathMatcher::default();
    for (rule, path) in sorted.iter().enumerate() {
        // Settings were refused if it was no pattern.
        let _ = matcher.add(&path.pattern, rule);
    }
    let mut search = Search {
        tree,
        forbidden: &sorted,
        matcher: &matcher,
        waivers,
        stack: Vec::new(),
        spare: Vec::new(),
        seen: HashSet::new(),
        offences: Vec::new(),
        more: None,
        path_bytes: 0,
    };
    for step in tree.walk() {
        match step {
            Step::Enter(node) => search.enter(node),
            Step::Leave(_) => search.leave(),
        }
    }
    let (mut offences, more) = (search.offences, search.more);
    offences.sort_by(|a, b| {
        let open = a.waived.is_some().cmp(&b.waived.is_some());
        let level = b.level.cmp(&a.level);
        let bytes = b.bytes.cmp(&a.bytes);
        open.then(level)
            .then(bytes)
            .then_with(|| name(a).cmp(name(b)))
    });
    of_offences(Check::ForbiddenPaths, offences, more)
}

fn name(offence: &Offence) -> &str {
    match &offence.subject {
        Subject::Path(path) => path,
        Subject::Package { name, .. } => name,
        Subject::Layer => "",
    }
}

/// What holds inside of a directory.
#[derive(Clone, Copy, Default)]
struct Inside {
    /// The level that the directory broke, unless that was waived.
    level: Option<Level>,
    /// Its number among the offences, to which bytes are added.
    offence: Option<usize>,
}

struct Search<'a, 'w> {
    tree: &'a Tree,
    forbidden: &'a [&'a ForbiddenPath],
    matcher: &'a PathMatcher,
    waivers: &'a mut Waivers<'w>,
    stack: Vec<(States, Inside)>,
    spare: Vec<States>,
    /// Files with several names that were counted.
    seen: HashSet<EntryId>,
    offences: Vec<Offence>,
    more: Option<(u64, Level)>,
    path_bytes: usize,
}

impl Search<'_, '_> {
    fn enter(&mut self, node: NodeId) {
        let mut states = self.spare.pop().unwrap_or_default();
        let mut inside = Inside::default();
        if node == ROOT {
            states = self.matcher.root();
        } else if let Some((above, outer)) = self.stack.last() {
            inside = *outer;
            if let Some(found) = self.matcher.step(above, self.tree.name(node), &mut states)
                && let Some(&by) = self.forbidden.get(found.rule)
                // What is in a forbidden directory is told once, unless it is worse.
                && inside.level.is_none_or(|level| level < by.level)
            {
                inside = self.offend(node, by);
            }
        }
        if let Some(offence) = inside.offence.and_then(|at| self.offences.get_mut(at))
            && self.tree.kind(node) == EntryKind::File
            && let Some(file) = self.tree.inode(node)
            && (!self.tree.has_links(file) || self.seen.insert(file))
        {
            offence.bytes = offence.bytes.saturating_add(self.tree.entry(file).size());
        }
        self.stack.push((states, inside));
    }

    fn leave(&mut self) {
        if let Some((mut states, _)) = self.stack.pop() {
            states.clear();
            self.spare.push(states);
        }
    }

    fn offend(&mut self, node: NodeId, by: &ForbiddenPath) -> Inside {
        let level = Some(by.level);
        let wants_path = self.offences.len() < TOLD || self.waivers.look_at(Check::ForbiddenPaths);
        if !wants_path || self.path_bytes > PATH_BYTES {
            return self.one_more(by.level);
        }
        let path = escape_bytes(&self.tree.path(node));
        self.path_bytes = self.path_bytes.saturating_add(path.len());
        let waived = self.waivers.of(Check::ForbiddenPaths, &path);
        if self.offences.len() >= TOLD {
            return match waived {
                Some(_) => Inside::default(),
                None => self.one_more(by.level),
            };
        }
        let is_waived = waived.is_some();
        self.offences.push(Offence {
            subject: Subject::Path(format!("/{path}")),
            by: Some(by.pattern.clone()),
            bytes: 0,
            layer: self.tree.own_entry(node).map(|entry| entry.layer),
            level: by.level,
            waived,
            place: by.place.clone(),
        });
        Inside {
            level: level.filter(|_| !is_waived),
            offence: Some(self.offences.len() - 1),
        }
    }

    /// Counts what is not told by name.
    fn one_more(&mut self, level: Level) -> Inside {
        let (count, worst) = self.more.unwrap_or((0, level));
        self.more = Some((count + 1, worst.max(level)));
        Inside {
            level: Some(level),
            offence: None,
        }
    }
}

/// Looks for forbidden packages.
pub(super) fn packages(
    forbidden: &[ForbiddenPackage],
    installed: &[Package],
    waivers: &mut Waivers<'_>,
) -> Checked {
    let mut offences: Vec<Offence> = Vec::new();
    let mut more: Option<(u64, Level)> = None;
    for package in installed {
        let matching = forbidden.iter().filter(|rule| forbids(rule, package));
        // The first of the worst ones.
        let worst = matching.reduce(|a, b| if b.level > a.level { b } else { a });
        let Some(rule) = worst else { continue };
        let waived = waivers.of(Check::ForbiddenPackages, &package.name);
        if offences.len() >= TOLD {
            if waived.is_none() {
                let (count, level) = more.unwrap_or((0, rule.level));
                more = Some((count + 1, level.max(rule.level)));
            }
            continue;
        }
        offences.push(Offence {
            subject: Subject::Package {
                manager: package.manager,
                name: package.name.clone(),
                version: package.version.clone(),
            },
            by: Some(rule.words.clone()),
            bytes: package.bytes,
            layer: None,
            level: rule.level,
            waived,
            place: rule.place.clone(),
        });
    }
    // The order of packages, largest first, within each kind.
    offences.sort_by(|a, b| {
        let open = a.waived.is_some().cmp(&b.waived.is_some());
        open.then(b.level.cmp(&a.level))
    });
    of_offences(Check::ForbiddenPackages, offences, more)
}

fn forbids(rule: &ForbiddenPackage, package: &Package) -> bool {
    let manager = rule
        .manager
        .as_deref()
        .is_none_or(|manager| manager == package.manager);
    let version = |glob: &globset::GlobMatcher| glob.is_match(&package.version);
    manager && rule.name.is_match(&package.name) && rule.version.as_ref().is_none_or(version)
}
