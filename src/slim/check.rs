//! Looks at a smaller file system as a stranger would: does everything in it
//! still find what it found before?

use rayon::prelude::*;

use super::accounts::{group_entry, passwd_entry};
use super::decide::Subject;
use super::view::View;
use crate::closure::elf::{LoaderConfig, Objects, closure};
use crate::closure::script::shebang;
use crate::closure::{Files, Kind, NodeId};
use crate::oci::escape_bytes;

/// Something that worked before and does not any more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The path that lost something.
    pub path: String,
    /// What it lost.
    pub what: String,
}

/// Compares `after`, the same tree with paths taken out, with the image. Paths
/// have the same numbers in both. `used` tells what runs used, and so proved that it
/// needs nothing more for that: scripts that are read and not run, as modules of
/// Python may be.
pub fn check(
    before: &Subject<'_>,
    after: View<'_>,
    used: &(dyn Fn(NodeId) -> bool + Sync),
) -> Vec<Fault> {
    let checker = Checker {
        before,
        after,
        used,
        old: Objects::new(&before.view),
        new: Objects::new(&after),
        loader: before.loader(),
    };
    let nodes: Vec<NodeId> = after.tree.paths().collect();
    let mut faults: Vec<Fault> = nodes
        .par_iter()
        .flat_map_iter(|&node| checker.path(node))
        .collect();
    faults.extend(checker.entry());
    faults.extend(checker.user());
    faults.sort();
    faults.dedup();
    faults
}

struct Checker<'a> {
    before: &'a Subject<'a>,
    after: View<'a>,
    used: &'a (dyn Fn(NodeId) -> bool + Sync),
    old: Objects<'a, View<'a>>,
    new: Objects<'a, View<'a>>,
    loader: LoaderConfig,
}

impl Checker<'_> {
    fn fault(&self, node: NodeId, what: String) -> Fault {
        Fault {
            path: escape_bytes(&self.after.path(node)),
            what,
        }
    }

    fn path(&self, node: NodeId) -> Vec<Fault> {
        match self.after.kind(node) {
            Kind::Symlink => self.link(node),
            Kind::File => {
                let head = self.after.read(node, 0, 4).unwrap_or_default();
                if head.starts_with(b"\x7fELF") {
                    self.object(node)
                } else if head.starts_with(b"#!") && !(self.used)(node) {
                    self.script(node)
                } else {
                    Vec::new()
                }
            }
            _ => Vec::new(),
        }
    }

    fn link(&self, node: NodeId) -> Vec<Fault> {
        let path = self.after.path(node);
        let before = self.before.view.resolve(&path);
        let after = self.after.resolve(&path);
        match (before, after) {
            (Some(before), after)
                if after.as_ref().map(|found| found.node) != Some(before.node) =>
            {
                let target = escape_bytes(&self.before.view.path(before.node));
                vec![self.fault(node, format!("leads to {target}, which is gone"))]
            }
            _ => Vec::new(),
        }
    }

    fn object(&self, node: NodeId) -> Vec<Fault> {
        let (Ok(after), Ok(before)) = (
            closure(&self.new, &self.loader, node),
            closure(&self.old, &self.loader, node),
        ) else {
            // Broken before, then.
            return Vec::new();
        };
        let lost = after.missing.iter().filter(|missing| {
            let known = before
                .missing
                .iter()
                .any(|old| old.by == missing.by && old.soname == missing.soname);
            !missing.weak && !known
        });
        lost.map(|missing| {
            let by = escape_bytes(&self.after.path(missing.by));
            let soname = escape_bytes(&missing.soname);
            self.fault(
                node,
                format!("cannot be loaded: {by} needs {soname}, which is gone"),
            )
        })
        .collect()
    }

    fn script(&self, node: NodeId) -> Vec<Fault> {
        let environment = self.before.environment();
        let Some(before) = shebang(&self.before.view, node, environment) else {
            return Vec::new();
        };
        let after = shebang(&self.after, node, environment);
        let left = after.map_or(0, |after| after.needs.len());
        match before.needs.len() > left {
            true => {
                let name = escape_bytes(&before.interpreter);
                vec![self.fault(node, format!("cannot be run: {name} is gone"))]
            }
            false => Vec::new(),
        }
    }

    /// The programs that the configuration names.
    fn entry(&self) -> Vec<Fault> {
        let environment = self.before.environment();
        let mut faults = Vec::new();
        for command in &self.before.launch.commands {
            let Some(word) = command.words.first() else {
                continue;
            };
            let before = environment.command(&self.before.view, word.as_bytes());
            let Some(before) = before else { continue };
            let after = environment.command(&self.after, word.as_bytes());
            if after.map(|found| found.node) != Some(before.node) {
                let path = escape_bytes(&self.before.view.path(before.node));
                faults.push(Fault {
                    path,
                    what: format!("is the {} and is gone", command.what),
                });
            } else if command.required && !executable(self.after, before.node) {
                let what = format!(
                    "is the {} and may not be executed, in the image neither",
                    command.what
                );
                faults.push(self.fault(before.node, what));
            }
        }
        faults
    }

    fn user(&self) -> Vec<Fault> {
        let (user, group) = match self.before.launch.user.split_once(':') {
            Some((user, group)) => (user, group),
            None => (self.before.launch.user.as_str(), ""),
        };
        let mut faults = Vec::new();
        let mut lost = |file: &str, what: String, was: bool, is: bool| {
            if was && !is {
                let path = file.to_owned();
                faults.push(Fault { path, what });
            }
        };
        if !user.is_empty() {
            let entry = |view| passwd_entry(view, user.as_bytes()).is_some();
            let what = format!("does not have the user {user} any more");
            lost(
                "/etc/passwd",
                what,
                entry(self.before.view),
                entry(self.after),
            );
        }
        if !group.is_empty() {
            let entry = |view| group_entry(view, group.as_bytes()).is_some();
            let what = format!("does not have the group {group} any more");
            lost(
                "/etc/group",
                what,
                entry(self.before.view),
                entry(self.after),
            );
        }
        faults
    }
}

fn executable(view: View<'_>, node: NodeId) -> bool {
    let inode = view.tree.inode(node);
    inode.is_some_and(|id| view.tree.entry(id).owner().mode & 0o111 != 0)
}
