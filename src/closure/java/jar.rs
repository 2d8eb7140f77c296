//! The manifest of a Java archive.

use std::io;

use super::{Needs, zip};
use crate::closure::files::{Files, NodeId, join, split};
use crate::closure::script::clean;
use crate::closure::{Need, NeedKind};

/// No manifest is larger; those with a digest of each class come near it.
const MAX_MANIFEST: u64 = 16 << 20;

/// The archives and directories that the `Class-Path` of the manifest leads to and
/// that exist, looked for from the directory of the archive.
///
/// # Errors
///
/// If the file is no zip file, is broken, or has parts beyond the bounds.
pub fn jar(files: &dyn Files, node: NodeId) -> io::Result<Vec<Need>> {
    let manifest = zip::entry(files, node, b"META-INF/MANIFEST.MF", MAX_MANIFEST)?;
    let manifest = manifest.unwrap_or_default();
    let path = files.path(node);
    let dir = split(&path).0;
    let mut needs = Needs::default();
    for (line, name, value) in main_section(&manifest) {
        if !name.eq_ignore_ascii_case(b"Class-Path") {
            continue;
        }
        for url in value.split(|b| *b == b' ').filter(|url| !url.is_empty()) {
            let Some(target) = file_of(url, dir) else {
                continue;
            };
            if let Some(found) = files.resolve(&target) {
                needs.add(NeedKind::Loads, url, Some(line), found);
            }
        }
    }
    Ok(needs.list)
}

/// The attributes before the first empty line, with the lines they start in. A line that starts
/// with a blank goes on with the one before.
fn main_section(manifest: &[u8]) -> Vec<(u32, Vec<u8>, Vec<u8>)> {
    let mut out: Vec<(u32, Vec<u8>, Vec<u8>)> = Vec::new();
    // Lines end in CR LF, LF or CR; without CR the first two are one.
    let mut lines = Vec::new();
    let mut rest = manifest;
    while !rest.is_empty() {
        let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        lines.push(line);
        rest = after
            .strip_prefix(b"\r\n")
            .or_else(|| after.get(1..))
            .unwrap_or_default();
    }
    for (line, number) in lines.into_iter().zip(1u32..) {
        if line.is_empty() {
            break;
        }
        if let Some(more) = line.strip_prefix(b" ") {
            if let Some((_, _, value)) = out.last_mut() {
                value.extend_from_slice(more);
            }
        } else if let Some(at) = line.iter().position(|b| *b == b':') {
            let name = line.get(..at).unwrap_or_default().to_vec();
            let value = line.get(at.saturating_add(1)..).unwrap_or_default();
            out.push((number, name, value.trim_ascii_start().to_vec()));
        }
    }
    out
}

/// The path that a URL of a class path means: mostly a relative one.
fn file_of(url: &[u8], dir: &[u8]) -> Option<Vec<u8>> {
    let path = match url.strip_prefix(b"file:") {
        Some(path) => path.strip_prefix(b"//").unwrap_or(path),
        // A colon before the first slash is another scheme.
        None if url.split(|b| *b == b'/').next()?.contains(&b':') => return None,
        None => url,
    };
    let path = path.split(|b| matches!(b, b'?' | b'#')).next()?;
    let path = decoded(path);
    Some(if path.starts_with(b"/") {
        clean(&path)
    } else {
        clean(&join(dir, &path))
    })
}

/// The bytes of a URL with `%20` and its like replaced.
fn decoded(url: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(url.len());
    let mut rest = url;
    while let Some((byte, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .filter(|hex| *byte == b'%' && hex.iter().all(u8::is_ascii_hexdigit))
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(hex.unwrap_or(*byte));
        rest = match hex {
            Some(_) => after.get(2..).unwrap_or_default(),
            None => after,
        };
    }
    out
}
