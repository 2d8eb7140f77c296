//! What was recorded → evidence.

use std::collections::BTreeSet;

use crate::evidence::{Evidence, Use};
use crate::trace::{Event, Kind};
use crate::tree::{NodeId, ROOT, Tree};

/// Directories that containers mount things over, and files that engines make: what is used there
/// is not the image's.
const FOREIGN: [&[u8]; 6] = [
    b"/proc",
    b"/sys",
    b"/dev",
    b"/etc/hosts",
    b"/etc/hostname",
    b"/etc/resolv.conf",
];

fn is_foreign(path: &[u8]) -> bool {
    FOREIGN.iter().any(|foreign| {
        let rest = path.strip_prefix(*foreign);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    })
}

/// The node of an absolute path without links, if the image has it.
fn find(tree: &Tree, path: &[u8]) -> Option<NodeId> {
    let node = tree.find(path.strip_prefix(b"/").unwrap_or(path));
    node.filter(|&node| tree.is_present(node))
}

/// Adds what was recorded to the evidence. Only paths of the image count: what a run makes is not
/// a part of it, but the directory that it is made in is needed.
pub(super) fn add(evidence: &mut Evidence, events: &[Event], tree: &Tree) {
    for event in events {
        if is_foreign(&event.path) {
            continue;
        }
        let how = match event.kind {
            Kind::Exec => Use::Exec,
            Kind::Read => Use::Read,
            Kind::Exists => Use::Looked,
            Kind::Listed => Use::Listed,
            Kind::Link => Use::Followed,
            Kind::Written => Use::Written,
            Kind::Created | Kind::Removed => Use::Holds,
            Kind::Missing => continue,
        };
        let path: &[u8] = match how {
            Use::Holds => parent(&event.path),
            _ => &event.path,
        };
        if find(tree, path).is_some_and(|node| node != ROOT) {
            evidence.add(path, how, &event.by);
        }
        // What is removed or replaced was looked for first.
        if event.kind == Kind::Removed && find(tree, &event.path).is_some() {
            evidence.add(&event.path, Use::Written, &event.by);
        }
    }
}

/// Adds a path that somebody opened, nobody knows who.
pub(super) fn add_opened(evidence: &mut Evidence, path: &[u8], tree: &Tree) {
    if !is_foreign(path) && find(tree, path).is_some() {
        evidence.add(path, Use::Read, b"");
    }
}

fn parent(path: &[u8]) -> &[u8] {
    let at = path.iter().rposition(|&b| b == b'/').unwrap_or(0);
    path.get(..at.max(1)).unwrap_or_default()
}

/// Paths that a run looked for in vain although the image has them, with who did. Where something
/// is to be made, that is the directory; where a link on the way is gone, it is the link.
pub(super) fn missed<'a>(
    events: &'a [Event],
    tree: &Tree,
    gone: &dyn Fn(NodeId) -> bool,
) -> BTreeSet<(Vec<u8>, &'a [u8])> {
    let mut all = BTreeSet::new();
    for event in events {
        let path = match event.kind {
            Kind::Missing => event.path.as_slice(),
            Kind::Created => parent(&event.path),
            _ => continue,
        };
        if is_foreign(path) {
            continue;
        }
        let lacking = match tree.trace(path) {
            Some((node, crossed)) => crossed.into_iter().chain([node]).find(|&node| gone(node)),
            // A link that leads nowhere is looked at as well.
            None => find(tree, path).filter(|&node| gone(node)),
        };
        if let Some(node) = lacking {
            let path = [b"/", tree.path(node).as_slice()].concat();
            all.insert((path, event.by.as_slice()));
        }
    }
    all
}
