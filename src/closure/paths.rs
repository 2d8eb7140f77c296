//! Absolute paths that stand in a file, whatever kind of file it is.

use std::io;

use hashbrown::HashSet;

use super::{Files, NodeId};

/// Bytes that are looked at together.
const CHUNK: usize = 256 * 1024;

/// Longer paths cannot exist.
const LONGEST: usize = 4096;

/// Different paths of one file; one with more is a list of paths.
const MOST: usize = 16 * 1024;

/// Calls `visit` once for each different absolute path that stands in the first
/// `limit` bytes of a file, and with what can be a path: that it leads anywhere
/// is for the caller to see.
///
/// # Errors
/// When the file cannot be read.
pub fn absolute_paths(
    files: &dyn Files,
    node: NodeId,
    limit: u64,
    visit: &mut dyn FnMut(&[u8]),
) -> io::Result<()> {
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    let mut kept: Vec<u8> = Vec::new();
    chunks(files, node, limit, &mut |bytes, last| {
        kept.extend_from_slice(bytes);
        let from = scan(&kept, last, &mut |path| {
            if seen.len() < MOST && !seen.contains(path) {
                seen.insert(path.to_vec());
                visit(path);
            }
        });
        // What may go on in the next chunk, with the byte before it.
        kept.drain(..from);
    })
}

/// Reads a file piece by piece; tells `each` which piece is the last.
fn chunks(
    files: &dyn Files,
    node: NodeId,
    limit: u64,
    each: &mut dyn FnMut(&[u8], bool),
) -> io::Result<()> {
    let size = files.size(node).min(limit);
    let mut at = 0;
    while at < size {
        let want = usize::try_from(size.saturating_sub(at)).map_or(CHUNK, |left| left.min(CHUNK));
        let bytes = files.read(node, at, want)?;
        if bytes.is_empty() {
            break;
        }
        at = at.saturating_add(bytes.len() as u64);
        each(&bytes, at >= size);
    }
    Ok(())
}

/// Calls `visit` with the short texts between zero bytes in the first `limit`
/// bytes of a file, the constants of a program, and with where each begins.
///
/// # Errors
/// When the file cannot be read.
pub fn constants(
    files: &dyn Files,
    node: NodeId,
    limit: u64,
    visit: &mut dyn FnMut(u64, &[u8]),
) -> io::Result<()> {
    /// Names of programs are not longer.
    const LONG: usize = 64;
    let mut open: Vec<u8> = Vec::new();
    // Where the open text begins, and where the part looked at does.
    let (mut start, mut place) = (0_u64, 0_u64);
    chunks(files, node, limit, &mut |bytes, _| {
        let mut parts = bytes.split(|&b| b == 0).peekable();
        while let Some(part) = parts.next() {
            if open.len() <= LONG {
                open.extend_from_slice(part.get(..LONG.saturating_add(1)).unwrap_or(part));
            }
            place = place.saturating_add(part.len() as u64);
            if parts.peek().is_none() {
                break;
            }
            if open.len() > 1 && open.len() <= LONG {
                visit(start, &open);
            }
            open.clear();
            place = place.saturating_add(1);
            start = place;
        }
    })
}

/// Finds the paths of `bytes`. Gives where to look again when more bytes come.
fn scan(bytes: &[u8], last: bool, visit: &mut dyn FnMut(&[u8])) -> usize {
    let mut from = 0;
    while let Some(found) = bytes
        .get(from..)
        .and_then(|rest| memchr::memchr(b'/', rest))
    {
        let start = from.saturating_add(found);
        let begins = start == 0
            || start
                .checked_sub(1)
                .and_then(|at| bytes.get(at))
                .is_some_and(|&b| !is_part(b));
        let rest = bytes.get(start..).unwrap_or_default();
        let len = rest.iter().take(LONGEST).position(|&b| !is_part(b));
        let Some(len) = len else {
            if rest.len() >= LONGEST {
                from = start.saturating_add(LONGEST);
                continue;
            }
            if last && begins {
                offer(rest, visit);
            }
            return start.saturating_sub(1);
        };
        if begins {
            offer(rest.get(..len).unwrap_or_default(), visit);
        }
        from = start.saturating_add(len);
    }
    bytes.len().saturating_sub(1)
}

/// What may be in a path here. Colons separate paths, braces and the like are
/// of the language that the text is in.
fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"/._-+@~%,".contains(&byte)
}

fn offer(path: &[u8], visit: &mut dyn FnMut(&[u8])) {
    let end = path.iter().rposition(|b| !b"/.,".contains(b));
    let path = path.get(..end.map_or(0, |end| end.saturating_add(1)));
    let path = path.unwrap_or_default();
    let component = path.get(1).is_some_and(|b| *b != b'/');
    if path.len() > 2 && component {
        visit(path);
    }
}

#[cfg(test)]
mod tests {
    use super::super::memory::Memory;
    use super::*;

    fn found(text: &[u8]) -> Vec<String> {
        let mut files = Memory::new();
        let node = files.file("/x", text.to_vec());
        let mut paths = Vec::new();
        absolute_paths(&files, node, u64::MAX, &mut |path| {
            paths.push(String::from_utf8_lossy(path).into_owned());
        })
        .unwrap();
        paths
    }

    #[test]
    fn paths_stand_between_other_things() {
        let text = b"a=/etc/x.conf; PATH=/usr/bin:/bin \"/opt/a b\" (/srv/y), see /etc/z. http://h/p\0/lib/l.so\0";
        assert_eq!(
            found(text),
            [
                "/etc/x.conf",
                "/usr/bin",
                "/bin",
                "/opt/a",
                "/srv/y",
                "/etc/z",
                "/lib/l.so"
            ]
        );
        assert!(found(b"a/b //c /").is_empty());
    }

    #[test]
    fn constants_stand_between_zeros() {
        let mut files = Memory::new();
        let mut text = vec![b'x'; CHUNK - 3];
        text.extend_from_slice(b"\0gzip\0\0xz\0open");
        let node = files.file("/x", text);
        let mut found = Vec::new();
        constants(&files, node, u64::MAX, &mut |at, text| {
            found.push((at, text.to_vec()));
        })
        .unwrap();
        let at = CHUNK as u64 - 2;
        assert_eq!(found, [(at, b"gzip".to_vec()), (at + 6, b"xz".to_vec())]);
    }

    #[test]
    fn a_path_over_two_chunks_is_found_whole_and_once() {
        for shift in 0..12 {
            let mut text = vec![b' '; CHUNK - shift];
            text.extend_from_slice(b"/etc/passwd /etc/passwd");
            assert_eq!(found(&text), ["/etc/passwd"]);
        }
        assert!(found(&vec![b'/'; 3 * CHUNK]).is_empty());
    }
}
