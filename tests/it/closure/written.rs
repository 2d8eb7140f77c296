//! A tree of a few small files, written out for a test.

use std::fs;
use std::os::unix::fs::symlink;

use rslim::closure::{Files, NodeId};
use tempfile::TempDir;

use super::disk::Disk;

pub struct Written {
    pub disk: Disk,
    _dir: TempDir,
}

impl Written {
    /// Paths and what they hold; `-> TARGET` makes a link.
    pub fn new<P: AsRef<str>, T: AsRef<str>>(files: &[(P, T)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let (path, text) = (dir.path().join(path.as_ref()), text.as_ref());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match text.strip_prefix("-> ") {
                Some(target) => symlink(target, path).unwrap(),
                None => fs::write(path, text).unwrap(),
            }
        }
        Written {
            disk: Disk::new(dir.path()),
            _dir: dir,
        }
    }

    /// The nodes whose last name is accepted.
    pub fn named(&self, accept: impl Fn(&[u8]) -> bool) -> Vec<NodeId> {
        let mut nodes = self.disk.below(0);
        nodes.retain(|node| {
            let path = self.disk.path(*node);
            accept(path.rsplit(|b| *b == b'/').next().unwrap())
        });
        nodes
    }
}
