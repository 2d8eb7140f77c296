//! Folders on disk: what is in them, in the words that matter to a container.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::seen::sha256;

/// Everything about the paths below `root`: type, contents, mode, owner, time
/// to the nanosecond, attributes, and which names are of one file.
///
/// The times of the directories that no layer has an entry for are those of
/// the unpacking; `untimed` names them.
pub fn everything(root: &Path, untimed: &[Vec<u8>]) -> BTreeMap<Vec<u8>, String> {
    let mut paths = Vec::new();
    let mut stack = vec![root.to_owned()];
    while let Some(path) = stack.pop() {
        // Overlayfs lists whiteouts of directories that only one layer has.
        let Ok(meta) = path.symlink_metadata() else {
            continue;
        };
        if meta.is_dir() {
            stack.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        }
        paths.push(path);
    }
    paths.sort();
    let mut groups: BTreeMap<(u64, u64), Vec<Vec<u8>>> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for path in paths.into_iter().filter(|path| path != root) {
        let meta = path.symlink_metadata().unwrap();
        let name = path.strip_prefix(root).unwrap();
        let name = name.as_os_str().as_bytes().to_vec();
        let mut words = kind(&path, &meta);
        words += &format!(
            " {:04o} {}:{}",
            meta.mode() & 0o7777,
            meta.uid(),
            meta.gid()
        );
        if !untimed.contains(&name) {
            words += &format!(" @{}.{:09}", meta.mtime(), meta.mtime_nsec());
        }
        for (key, value) in attributes(&path) {
            words += &format!(" {}={}", key.escape_ascii(), value.escape_ascii());
        }
        if !meta.is_dir() && meta.nlink() > 1 {
            // The count itself may include names that an overlay hides.
            let group = groups.entry((meta.dev(), meta.ino()));
            group.or_default().push(name.clone());
        }
        found.insert(name, words);
    }
    for group in groups.values().filter(|group| group.len() > 1) {
        for name in group {
            let first = group[0].escape_ascii();
            let words = found.get_mut(name).unwrap();
            *words += &format!(" one of {} of {first}", group.len());
        }
    }
    found
}

fn kind(path: &Path, meta: &Metadata) -> String {
    let kind = meta.file_type();
    let device = || {
        let number = meta.rdev();
        format!(
            "{}:{}",
            rustix::fs::major(number),
            rustix::fs::minor(number)
        )
    };
    if kind.is_dir() {
        "directory".to_owned()
    } else if kind.is_symlink() {
        let target = fs::read_link(path).unwrap().into_os_string().into_vec();
        format!("symlink {}", target.escape_ascii())
    } else if kind.is_file() {
        format!("file {} {}", meta.len(), sha256(&fs::read(path).unwrap()))
    } else if kind.is_fifo() {
        "fifo".to_owned()
    } else if kind.is_char_device() {
        format!("char {}", device())
    } else {
        format!("block {}", device())
    }
}

fn attributes(path: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut list = vec![0; 64 * 1024];
    let size = rustix::fs::llistxattr(path, &mut list[..]).unwrap_or(0);
    let names = list[..size]
        .split(|&b| b == 0)
        .filter(|name| !name.is_empty());
    names
        .map(|name| {
            let mut value = vec![0; 64 * 1024];
            let size = rustix::fs::lgetxattr(path, name, &mut value[..]).unwrap();
            (name.to_vec(), value[..size].to_vec())
        })
        .collect()
}

/// A folder's path of a path in an image.
pub fn inside(root: &Path, path: &[u8]) -> PathBuf {
    root.join(std::ffi::OsStr::from_bytes(path))
}
