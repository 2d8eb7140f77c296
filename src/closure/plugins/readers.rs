//! Settings files that name what a program loads.

mod apache;
mod inclusion;
mod logical_line;
mod nginx;
mod nsswitch;
mod pam;

use crate::closure::script::Environment;
use crate::closure::{Files, Found, Kind, Need, NeedKind};

/// What a reader looks at.
pub(super) struct Reading<'a> {
    pub files: &'a dyn Files,
    pub environment: &'a Environment,
    /// The rule's id.
    pub rule: &'a str,
    /// The directory of the program or library.
    pub directory: &'a [u8],
}

/// Reads settings files and adds what they name.
pub(super) type Reader = fn(&Reading<'_>, &[Found], &mut Vec<Need>);

/// The reader of this name.
pub(super) fn named(name: &str) -> Option<Reader> {
    Some(match name {
        "apache" => apache::read,
        "nginx" => nginx::read,
        "nsswitch" => nsswitch::read,
        "pam" => pam::read,
        _ => return None,
    })
}

/// Larger settings are none.
const LARGEST: u64 = 4 << 20;

impl Reading<'_> {
    /// The text of a settings file.
    fn text(&self, found: &Found) -> Option<String> {
        let size = self.files.size(found.node);
        if self.files.kind(found.node) != Kind::File || size > LARGEST {
            return None;
        }
        let bytes = self.files.read(found.node, 0, LARGEST as usize).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Adds a path, if it exists.
    fn add(&self, path: &[u8], line: Option<u32>, needs: &mut Vec<Need>) {
        if let Some(found) = self.files.resolve(path) {
            needs.push(Need {
                kind: NeedKind::Plugin,
                name: self.rule.to_owned(),
                line,
                found,
            });
        }
    }
}
