//! Files that one package has moved out of the way of another's.
//!
//! Three lines each: the path, where the file of that path is now, and the package whose file has
//! the path, `:` if it is the administrator's.

use std::borrow::Cow;

use hashbrown::HashMap;

#[derive(Debug, thiserror::Error)]
#[error("ends within a diversion")]
pub(super) struct Incomplete;

#[derive(Debug, Clone)]
pub(super) struct Diversion {
    pub from: Vec<u8>,
    pub to: Vec<u8>,
    pub package: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Diversions {
    pub all: Vec<Diversion>,
    by_path: HashMap<Vec<u8>, usize>,
}

impl Diversions {
    pub fn parse(text: &[u8]) -> Result<Self, Incomplete> {
        let mut found = Self::default();
        let mut lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty());
        while let Some(from) = lines.next() {
            let (to, package) = lines.next().zip(lines.next()).ok_or(Incomplete)?;
            found.by_path.insert(from.to_vec(), found.all.len());
            found.all.push(Diversion {
                from: from.to_vec(),
                to: to.to_vec(),
                package: package.to_vec(),
            });
        }
        Ok(found)
    }

    /// Where the file that `package` calls `path` is.
    pub fn place_of<'p>(&'p self, path: &'p [u8], package: &[u8]) -> Cow<'p, [u8]> {
        let diversion = self.by_path.get(path).and_then(|at| self.all.get(*at));
        match diversion {
            Some(diversion) if diversion.package != package => diversion.to.as_slice().into(),
            _ => path.into(),
        }
    }
}
