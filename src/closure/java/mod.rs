//! What Java archives and the command lines of Java need.
//!
//! [`jar()`] reads the class path in the manifest of an archive, [`command()`] the options that name
//! files. Nothing else of an archive is looked at: its classes are kept with it.

mod command;
mod jar;
mod zip;

#[cfg(test)]
mod tests;

use hashbrown::HashSet;

pub use command::command;
pub use jar::jar;

use super::files::{Found, NodeId};
use super::{Need, NeedKind};

/// An archive or command line needs no more.
const MAX_NEEDS: usize = 65_536;

/// Needs without repetition.
#[derive(Default)]
struct Needs {
    list: Vec<Need>,
    known: HashSet<(NeedKind, NodeId, Vec<NodeId>)>,
}

impl Needs {
    fn add(&mut self, kind: NeedKind, name: &[u8], line: Option<u32>, found: Found) {
        let key = (kind, found.node, found.crossed.clone());
        if self.list.len() < MAX_NEEDS && self.known.insert(key) {
            self.list.push(Need {
                kind,
                name: String::from_utf8_lossy(name).into_owned(),
                line,
                found,
            });
        }
    }
}
