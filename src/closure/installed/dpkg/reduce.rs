//! What else of dpkg's, and of apt's, names packages that are gone.
//!
//! `status`, `status.d` and `info/` are not dealt with here. What a diversion, an override or an
//! alternative says about files of packages that stay is kept.

use std::io;

use super::super::package::Manager;
use super::super::places::read_whole;
use super::super::text::{lines_that, without, words};
use super::super::{Gone, Reduced};
use super::diversions::Diversions;
use super::stanza::{Field, stanzas};
use super::{ALTERNATIVES, DIVERSIONS, TRIGGERS};
use crate::closure::files::{Files, Kind, NodeId, join};

/// Stanzas of packages, by name and architecture.
const STANZAS: [&[u8]; 2] = [b"/var/lib/dpkg/available", b"/var/lib/apt/extended_states"];
const OVERRIDES: &[u8] = b"/var/lib/dpkg/statoverride";

/// The new text of a file, `None` if it stays as it is.
type Change<'c> = dyn Fn(&[u8]) -> io::Result<Option<Vec<u8>>> + 'c;

pub(in super::super) fn reduce(
    files: &dyn Files,
    gone: &Gone<'_>,
    reduced: &mut Reduced,
) -> io::Result<()> {
    if !gone.any(Manager::Dpkg) {
        return Ok(());
    }
    let mut replace = |path: &[u8], change: &Change<'_>| {
        if let Some((node, text)) = read(files, path)?
            && let Some(text) = change(&text)?
        {
            reduced.replaced.push((node, text));
        }
        io::Result::Ok(())
    };
    for path in STANZAS {
        replace(path, &|text| without_stanzas(text, gone))?;
    }
    replace(DIVERSIONS, &|text| {
        Ok(without_diversions(files, text, gone))
    })?;
    replace(OVERRIDES, &|text| Ok(without_overrides(files, text, gone)))?;
    replace(&join(TRIGGERS, b"File"), &|text| {
        // The path of a directory, and the package that wants to know of changes in it.
        Ok(lines_that(text, |line| {
            words(line).last().is_none_or(|name| !is_gone(gone, name))
        }))
    })?;
    replace(&join(TRIGGERS, b"Unincorp"), &|text| {
        Ok(without_pending(text, gone))
    })?;
    for (node, text) in inside(files, TRIGGERS, &[b"File", b"Unincorp", b"Lock"])? {
        // The packages that listen to the trigger of this name, one in a line.
        if let Some(text) = lines_that(&text, |line| !is_gone(gone, line)) {
            put_or_remove(reduced, node, text);
        }
    }
    for (node, text) in inside(files, ALTERNATIVES, &[])? {
        if let Some(text) = without_choices(files, &text, gone) {
            put_or_remove(reduced, node, text);
        }
    }
    Ok(())
}

fn read(files: &dyn Files, path: &[u8]) -> io::Result<Option<(NodeId, Vec<u8>)>> {
    match files.resolve(path) {
        Some(found) if files.kind(found.node) == Kind::File => {
            Ok(Some((found.node, read_whole(files, found.node)?)))
        }
        _ => Ok(None),
    }
}

/// The files of a directory but those of some names.
fn inside(files: &dyn Files, dir: &[u8], but: &[&[u8]]) -> io::Result<Vec<(NodeId, Vec<u8>)>> {
    let mut found = Vec::new();
    let Some(dir) = files.resolve(dir) else {
        return Ok(found);
    };
    for (name, node) in files.children(dir.node) {
        if files.kind(node) == Kind::File && !but.contains(&name.as_slice()) {
            found.push((node, read_whole(files, node)?));
        }
    }
    Ok(found)
}

fn put_or_remove(reduced: &mut Reduced, node: NodeId, text: Vec<u8>) {
    if text.is_empty() {
        reduced.removed.push(node);
    } else {
        reduced.replaced.push((node, text));
    }
}

/// Whether a package that triggers name is gone: `name`, `name:arch` or `name/noawait`.
fn is_gone(gone: &Gone<'_>, text: &[u8]) -> bool {
    let name = text.split(|b| *b == b'/').next().unwrap_or_default();
    let mut parts = name.splitn(2, |b| *b == b':');
    let name = parts.next().unwrap_or_default();
    gone.named(Manager::Dpkg, name, parts.next())
}

fn without_stanzas(text: &[u8], gone: &Gone<'_>) -> io::Result<Option<Vec<u8>>> {
    let mut ranges = Vec::new();
    for stanza in stanzas(text) {
        let architecture = stanza.field(Field::Architecture);
        let architecture = Some(architecture).filter(|a| !a.is_empty() && *a != b"all");
        if gone.named(Manager::Dpkg, stanza.field(Field::Package), architecture) {
            ranges.push(stanza.range);
        }
    }
    if ranges.is_empty() {
        return Ok(None);
    }
    without(text, &ranges).map(Some)
}

/// A diversion by a package that is gone stays if it says where the file of one that stays is.
fn without_diversions(files: &dyn Files, text: &[u8], gone: &Gone<'_>) -> Option<Vec<u8>> {
    let all = Diversions::parse(text).ok()?.all;
    let mut rest = Vec::new();
    let mut changed = false;
    for diversion in all {
        let moved = files.locate(&diversion.to);
        let needed =
            moved.is_some_and(|node| !gone.installed.owners(node).is_empty() && !gone.owned(node));
        if is_gone(gone, &diversion.package) && !needed {
            changed = true;
            continue;
        }
        for line in [diversion.from, diversion.to, diversion.package] {
            rest.extend_from_slice(&line);
            rest.push(b'\n');
        }
    }
    changed.then_some(rest)
}

/// `user group mode path`. Overrides of files that no package has are not ours to judge.
fn without_overrides(files: &dyn Files, text: &[u8], gone: &Gone<'_>) -> Option<Vec<u8>> {
    lines_that(text, |line| {
        let path = line.splitn(4, |b| *b == b' ').nth(3).unwrap_or_default();
        files.locate(path).is_none_or(|node| !gone.owned(node))
    })
}

/// `trigger package...`: the packages that wait for it to be dealt with, or `-`.
fn without_pending(text: &[u8], gone: &Gone<'_>) -> Option<Vec<u8>> {
    let mut rest = Vec::new();
    let mut changed = false;
    for line in text.split_inclusive(|b| *b == b'\n') {
        let all: Vec<&[u8]> = words(line).collect();
        let stays = |word: &&[u8]| !is_gone(gone, word);
        let Some((trigger, waiting)) = all.split_first() else {
            continue;
        };
        let left: Vec<&[u8]> = waiting.iter().copied().filter(stays).collect();
        if left.len() == waiting.len() {
            rest.extend_from_slice(line);
            continue;
        }
        changed = true;
        if !left.is_empty() {
            rest.extend_from_slice(&[&[*trigger], left.as_slice()].concat().join(&b' '));
            rest.push(b'\n');
        }
    }
    changed.then_some(rest)
}

/// A file of `alternatives/` without the choices whose files are gone; empty if none is left.
///
/// The mode, the link and pairs of lines for further links up to an empty line; then for each
/// choice its path, its priority and a line for each further link, and an empty line at the end.
fn without_choices(files: &dyn Files, text: &[u8], gone: &Gone<'_>) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = text.split_inclusive(|b| *b == b'\n').collect();
    let head = lines.iter().position(|line| line.trim_ascii().is_empty())?;
    let further = head.checked_sub(2).filter(|n| n % 2 == 0)? / 2;
    let (head, choices) = lines.split_at_checked(head.checked_add(1)?)?;
    // A further link that a choice does not have is an empty line too, so count.
    let size = further.checked_add(2)?;
    let mut end: usize = 0;
    while choices.get(end).is_some_and(|path| *path != b"\n") {
        end = end.checked_add(size)?;
    }
    let (choices, tail) = choices.split_at_checked(end)?;
    let stays = |choice: &&[&[u8]]| {
        let path = choice.first().map(|line| line.trim_ascii_end());
        let node = path.and_then(|path| files.locate(path));
        node.is_none_or(|node| !gone.owned(node))
    };
    let left: Vec<&[&[u8]]> = choices.chunks(size).filter(stays).collect();
    if left.len().checked_mul(size)? == choices.len() {
        return None;
    }
    if left.is_empty() {
        return Some(Vec::new());
    }
    Some([head.concat(), left.concat().concat(), tail.concat()].concat())
}
