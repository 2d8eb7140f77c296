//! Files that run with the rights of their owner or group.

use super::file_of;
use crate::tree::{Step, Tree};

/// setuid and setgid.
const SPECIAL: u16 = 0o6000;
/// May be executed by somebody: without it setgid means a lock.
const EXECUTABLE: u16 = 0o111;

/// A file of the final tree with the setuid or setgid bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivilegedFile {
    /// The file, relative to the root.
    pub path: Vec<u8>,
    /// Its permission bits.
    pub mode: u16,
    /// Its owner.
    pub uid: u64,
    /// The layer that stores it.
    pub layer: u32,
}

pub(super) fn find(tree: &Tree) -> Vec<PrivilegedFile> {
    let mut found = Vec::new();
    for step in tree.walk() {
        let Step::Enter(node) = step else {
            continue;
        };
        let Some(file) = file_of(tree, node) else {
            continue;
        };
        let owner = tree.entry(file).owner();
        if owner.mode & SPECIAL != 0 && owner.mode & EXECUTABLE != 0 {
            found.push(PrivilegedFile {
                path: tree.path(node),
                mode: owner.mode,
                uid: owner.uid,
                layer: file.layer,
            });
        }
    }
    found.sort_by(|a, b| (a.layer, &a.path).cmp(&(b.layer, &b.path)));
    found
}
