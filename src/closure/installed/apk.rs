//! Alpine's packages: `lib/apk/db/installed`.
//!
//! Stanzas of one-letter fields, with an empty line after each package: `P:` name, `V:` version,
//! `F:` a directory, `R:` a file in the last directory, `D:` and `p:` what it needs and provides,
//! `C:` a checksum that names the package elsewhere.
//!
//! `scripts.tar` is left as it is: apk looks its entries up by checksum and passes over those of
//! packages that are not installed.

use std::io;
use std::ops::Range;

use super::finder::{Draft, Finder};
use super::package::{DependencyKind, Manager};
use super::places::read_whole;
use super::relations::{Alternative, Architecture, Wish};
use super::text::{lines_that, one_line, words};
use super::{At, Format, Gone, Reduced};
use crate::closure::files::{Files, Kind, join};

/// Merged-`/usr` Alpine has the second one.
const DIRS: [&[u8]; 2] = [b"/lib/apk/db", b"/usr/lib/apk/db"];
const WORLD: &[u8] = b"/etc/apk/world";

pub(super) fn find(finder: &mut Finder<'_>) {
    finder.begin(Manager::Apk);
    for dir in DIRS {
        let path = join(dir, b"installed");
        if let Some(found) = finder.places.files.resolve(&path)
            && finder.source(found.node, Format::Stanzas)
            && let Some(text) = finder.read_source(&path, found.node)
        {
            for stanza in stanzas(&text) {
                read(finder, &path, &text, stanza);
                if finder.failed() {
                    return;
                }
            }
            finder.keep_all_in(dir);
            finder.keep_all_in(b"/etc/apk");
        }
    }
}

/// The ranges of the stanzas, each with the empty lines after it.
fn stanzas(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at: usize = 0;
    let mut lines = text.split_inclusive(|b| *b == b'\n').peekable();
    std::iter::from_fn(move || {
        let blank = |line: &&[u8]| line.trim_ascii().is_empty();
        while let Some(line) = lines.next_if(blank) {
            at = at.saturating_add(line.len());
        }
        let start = at;
        while let Some(line) = lines.next_if(|line| !blank(line)) {
            at = at.saturating_add(line.len());
        }
        let empty = at == start;
        while let Some(line) = lines.next_if(blank) {
            at = at.saturating_add(line.len());
        }
        (!empty).then_some(start..at)
    })
}

/// The fields of a stanza in order.
fn fields(stanza: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    stanza.split(|b| *b == b'\n').filter_map(|line| {
        match line.strip_suffix(b"\r").unwrap_or(line) {
            [field, b':', value @ ..] => Some((*field, value)),
            _ => None,
        }
    })
}

fn field(stanza: &[u8], wanted: u8) -> &[u8] {
    let value = fields(stanza).find(|(field, _)| *field == wanted);
    value.map(|(_, value)| value).unwrap_or_default()
}

fn read(finder: &mut Finder<'_>, path: &[u8], text: &[u8], range: Range<usize>) {
    let Some(stanza) = text.get(range.clone()) else {
        return;
    };
    let name = field(stanza, b'P');
    if name.is_empty() {
        let offset = range.start;
        return finder.fail(
            path,
            format_args!("offset {offset}: a package without a name"),
        );
    }
    let [version, architecture] = [b'V', b'A'].map(|name| field(stanza, name));
    let at = At::Bytes(range);
    let mut draft = Draft::new(Manager::Apk, name, version, architecture, at);
    let source = Some(field(stanza, b'o')).filter(|source| !source.is_empty());
    draft.package.source = source.map(|source| String::from_utf8_lossy(source).into_owned());
    let mut dir = b"/".to_vec();
    let listed = fields(stanza).filter_map(|(field, value)| match field {
        b'F' => {
            dir = join(b"/", value);
            Some(dir.clone())
        }
        b'R' => Some(join(&dir, value)),
        _ => None,
    });
    if !draft.own(&mut finder.places, listed) {
        return finder.fail(path, "too many files");
    }
    for (field, value) in fields(stanza) {
        match field {
            b'D' => draft.needs.extend(words(value).filter_map(wish)),
            b'p' => {
                let provided = words(value).map(name_of);
                draft.offer.provides.extend(provided);
            }
            _ => {}
        }
    }
    finder.add(path, draft);
}

/// The name in `name>=1.2`, `so:libx.so.1=1.2` or `name@repository`.
fn name_of(word: &[u8]) -> String {
    let ends = |b: &u8| matches!(b, b'<' | b'>' | b'=' | b'~' | b'@');
    let end = word.iter().position(ends).unwrap_or(word.len());
    String::from_utf8_lossy(word.get(..end).unwrap_or_default()).into_owned()
}

fn wish(word: &[u8]) -> Option<Wish> {
    // `!name` is what must not be installed.
    let name = Some(name_of(word)).filter(|name| !name.is_empty() && !name.starts_with('!'))?;
    Some(Wish {
        name: one_line(word),
        kind: DependencyKind::Runs,
        alternatives: vec![Alternative {
            name,
            architecture: Architecture::Any,
        }],
    })
}

/// What else names packages that are gone: those that somebody asked for, and the directories
/// that scripts of packages watch.
pub(super) fn reduce(files: &dyn Files, gone: &Gone<'_>, reduced: &mut Reduced) -> io::Result<()> {
    if !gone.any(Manager::Apk) {
        return Ok(());
    }
    let mut replace = |path: &[u8], keep: &dyn Fn(&[u8]) -> bool| {
        if let Some(found) = files.resolve(path)
            && files.kind(found.node) == Kind::File
            && let Some(text) = lines_that(&read_whole(files, found.node)?, keep)
        {
            reduced.replaced.push((found.node, text));
        }
        io::Result::Ok(())
    };
    replace(WORLD, &|line| {
        !gone.named(Manager::Apk, name_of(line.trim_ascii()).as_bytes(), None)
    })?;
    let sums = checksums(files, gone)?;
    for dir in DIRS {
        // The package's checksum, then directories.
        replace(&join(dir, b"triggers"), &|line| {
            words(line).next().is_none_or(|sum| {
                sums.binary_search_by(|known| known.as_slice().cmp(sum))
                    .is_err()
            })
        })?;
    }
    Ok(())
}

/// The checksums of the packages that are gone.
fn checksums(files: &dyn Files, gone: &Gone<'_>) -> io::Result<Vec<Vec<u8>>> {
    let mut sums = Vec::new();
    for dir in DIRS {
        let Some(found) = files.resolve(&join(dir, b"installed")) else {
            continue;
        };
        let text = read_whole(files, found.node)?;
        for stanza in stanzas(&text).filter_map(|range| text.get(range)) {
            let sum = field(stanza, b'C');
            if !sum.is_empty() && gone.named(Manager::Apk, field(stanza, b'P'), None) {
                sums.push(sum.to_vec());
            }
        }
    }
    sums.sort_unstable();
    Ok(sums)
}

#[cfg(test)]
mod tests;
