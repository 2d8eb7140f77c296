//! What is built into an image's own loader: which directories it searches last, what `$LIB`
//! means to it and whether it is old enough to know directories that newer ones ignore.

use super::arch::Target;
use super::object::{Class, Object};
use super::paths::base_name;
use super::{Files, Found, Kind, NodeId};

/// Bytes of a loader that are looked at; real ones have less than one MiB.
const MAX_SCAN: u64 = 2 << 20;

/// The family of a loader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// `ld-linux` of glibc; others that are not musl's are taken for it too.
    Glibc,
    /// `ld-musl`.
    Musl,
}

/// One loader of the image.
#[derive(Debug, Clone)]
pub struct LoaderFacts {
    /// Its family.
    pub flavour: Flavour,
    /// Its path, as executables name it.
    pub path: Vec<u8>,
    /// Where that path leads; `None` when the image does not have it.
    pub found: Option<Found>,
    /// The directories it searches last, without a slash at their ends.
    pub dirs: Vec<Vec<u8>>,
    /// Whether the list was read out of the loader; otherwise it is the usual one.
    pub dirs_read: bool,
    /// What `$LIB` stands for.
    pub lib: Vec<u8>,
    /// The version of glibc: major and minor.
    pub version: Option<(u32, u32)>,
}

impl LoaderFacts {
    /// Whether it searches `glibc-hwcaps` (since glibc 2.33).
    #[must_use]
    pub fn named_hwcaps(&self) -> bool {
        self.flavour == Flavour::Glibc && self.version.is_none_or(|version| version >= (2, 33))
    }

    /// Whether it searches subdirectories such as `tls` and `haswell` (until glibc 2.36).
    #[must_use]
    pub fn legacy_hwcaps(&self) -> bool {
        self.flavour == Flavour::Glibc && self.version.is_none_or(|version| version < (2, 37))
    }

    /// Looks at the loader that `path` leads to, for objects of `target`.
    pub(super) fn read<F: Files + ?Sized>(files: &F, path: &[u8], target: &Target) -> Self {
        let found = files
            .resolve(path)
            .filter(|found| files.kind(found.node) == Kind::File);
        let musl = base_name(path).starts_with(b"ld-musl-");
        let arch = target.arch();
        let mut facts = Self {
            flavour: if musl { Flavour::Musl } else { Flavour::Glibc },
            path: path.to_vec(),
            found,
            dirs: Vec::new(),
            dirs_read: false,
            lib: arch.lib.as_bytes().to_vec(),
            version: None,
        };
        if musl {
            facts.dirs = ["/lib", "/usr/local/lib", "/usr/lib"]
                .map(|d| d.as_bytes().to_vec())
                .into();
            return facts;
        }
        if let Some(node) = facts.found.as_ref().map(|found| found.node) {
            let text = constants(files, node);
            facts.version = version(&text);
            facts.dirs = directories(&text);
            facts.dirs_read = !facts.dirs.is_empty();
            // `$LIB` is the name of the first of them, below the prefix.
            if let Some(first) = facts.dirs.first() {
                let below = first.strip_prefix(b"/usr/").or(first.strip_prefix(b"/"));
                match below.filter(|below| below.starts_with(b"lib")) {
                    Some(lib) => facts.lib = lib.to_vec(),
                    None => facts.lib = base_name(first).to_vec(),
                }
            }
        }
        if facts.dirs.is_empty() {
            facts.dirs = usual(target);
        }
        facts
    }
}

/// The directories of the distributions, most special first, for a loader that does not tell.
fn usual(target: &Target) -> Vec<Vec<u8>> {
    let arch = target.arch();
    let mut dirs = Vec::new();
    if !arch.triplet.is_empty() {
        dirs.push(format!("/lib/{}", arch.triplet));
        dirs.push(format!("/usr/lib/{}", arch.triplet));
    }
    if target.class == Class::Bits64 {
        dirs.push(format!("/{}", arch.lib));
        dirs.push(format!("/usr/{}", arch.lib));
    }
    dirs.extend(["/lib".into(), "/usr/lib".into()]);
    let mut seen = std::collections::HashSet::new();
    dirs.retain(|dir| seen.insert(dir.clone()));
    dirs.into_iter().map(String::into_bytes).collect()
}

/// The bytes of a loader that it cannot change. Empty when it cannot be read.
fn constants<F: Files + ?Sized>(files: &F, node: NodeId) -> Vec<u8> {
    let Ok(Some(object)) = Object::parse(files, node) else {
        return Vec::new();
    };
    let mut text = Vec::new();
    let mut left = MAX_SCAN;
    for load in object.loads.iter().filter(|load| !load.writable) {
        let size = load.size.min(left);
        left = left.saturating_sub(size);
        if let Ok(size) = usize::try_from(size)
            && let Ok(bytes) = files.read(node, load.offset, size)
        {
            text.extend_from_slice(&bytes);
            text.push(0);
        }
    }
    text
}

/// The longest row of strings that all are directories of libraries: a loader keeps its list as
/// `/lib64/`, NUL, `/usr/lib64/`, NUL.
fn directories(text: &[u8]) -> Vec<Vec<u8>> {
    let mut best: Vec<&[u8]> = Vec::new();
    let mut row: Vec<&[u8]> = Vec::new();
    for string in text.split(|byte| *byte == 0) {
        // The first string of the row may follow bytes that are no text.
        let start = string.iter().rposition(|byte| !is_path(*byte));
        let tail = start
            .and_then(|start| string.get(start.saturating_add(1)..))
            .unwrap_or(string);
        let clean = start.is_none();
        if is_dir(tail) && (clean || row.is_empty()) {
            if row.len() < 16 {
                row.push(tail);
            }
            continue;
        }
        if row.len() > best.len() {
            best = std::mem::take(&mut row);
        }
        row.clear();
        if is_dir(tail) {
            row.push(tail);
        }
    }
    if row.len() > best.len() {
        best = row;
    }
    best.into_iter()
        .map(|dir| dir.strip_suffix(b"/").unwrap_or(dir).to_vec())
        .collect()
}

fn is_dir(string: &[u8]) -> bool {
    (5..256).contains(&string.len())
        && string.starts_with(b"/")
        && string.ends_with(b"/")
        && string
            .split(|byte| *byte == b'/')
            .any(|part| part.starts_with(b"lib"))
}

fn is_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/_-+.".contains(&byte)
}

/// The numbers of `... release version 2.36.`
fn version(text: &[u8]) -> Option<(u32, u32)> {
    const WORDS: &[u8] = b"release version ";
    let at = text
        .windows(WORDS.len())
        .position(|window| window == WORDS)?;
    let rest = text.get(at.checked_add(WORDS.len())?..)?;
    let mut numbers = rest.split(|byte| !byte.is_ascii_digit());
    let mut number = || std::str::from_utf8(numbers.next()?).ok()?.parse().ok();
    Some((number()?, number()?))
}
