//! Names in an archive → normalised paths inside the root.

/// How the last component of a path reads as an OCI whiteout (image-spec
/// `layer.md`, "Whiteouts").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// `.wh.NAME`: the lower layers' NAME is gone.
    Whiteout,
    /// `.wh..wh..opq`: the lower layers' entries of this directory are gone.
    Opaque,
    /// `.wh..wh.*`: AUFS's own bookkeeping, no part of the file system.
    Ignored,
    /// `.wh.`, `.wh..`, `.wh...`: would remove the directory itself or its
    /// parent; no runtime writes it.
    Invalid,
}

/// What the name of a whiteout begins with.
pub const WHITEOUT_PREFIX: &[u8] = b".wh.";

/// The name of an opaque marker.
pub const WHITEOUT_OPAQUE: &[u8] = b".wh..wh..opq";

/// Splits a whiteout's last component into what it means and the name it hides.
/// `None` for an ordinary name.
pub fn marker(name: &[u8]) -> Option<(Marker, &[u8])> {
    let hidden = name.strip_prefix(WHITEOUT_PREFIX)?;
    Some(match hidden {
        b".wh..opq" => (Marker::Opaque, &[]),
        b"" | b"." | b".." => (Marker::Invalid, hidden),
        other if other.starts_with(WHITEOUT_PREFIX) => (Marker::Ignored, other),
        other => (Marker::Whiteout, other),
    })
}

/// Whether a normalised path belongs to AUFS's own bookkeeping (`.wh..wh.plnk`,
/// `.wh..wh.aufs`), which lies in the root and is no part of the file system.
pub fn is_aufs(path: &[u8]) -> bool {
    let first = path.split(|&b| b == b'/').next().unwrap_or_default();
    marker(first).is_some_and(|(marker, _)| marker == Marker::Ignored)
}

/// Normalises `name` into `out`: no leading, doubled or trailing slash, no `.`
/// component; `..` goes up lexically and stops at the root, as in every OCI
/// runtime. An empty result is the root itself.
pub fn normalize(name: &[u8], out: &mut Vec<u8>) {
    out.clear();
    for component in name.split(|&b| b == b'/') {
        match component {
            b"" | b"." => {}
            b".." => {
                let parent = out.iter().rposition(|&b| b == b'/').unwrap_or(0);
                out.truncate(parent);
            }
            component => {
                if !out.is_empty() {
                    out.push(b'/');
                }
                out.extend_from_slice(component);
            }
        }
    }
}

/// Normalises `name` into a new path: no leading, doubled or trailing slash, no
/// `.` component; `..` goes up lexically and stops at the root.
pub fn normalized(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    normalize(name, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_clamped_to_the_root() {
        #[track_caller]
        fn check(name: &str, want: &str) {
            let mut out = Vec::new();
            normalize(name.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), want, "{name}");
        }
        check("./usr/bin/", "usr/bin");
        check("/etc//passwd", "etc/passwd");
        check("../../x", "x");
        check("a/../../b", "b");
        check("a/b/../c", "a/c");
        check("./", "");
        check(".", "");
        check("a/./b", "a/b");
        check("...", "...");
    }

    #[test]
    fn markers() {
        assert_eq!(marker(b"a"), None);
        assert_eq!(marker(b"a.wh.b"), None);
        assert_eq!(marker(b".wh.a"), Some((Marker::Whiteout, &b"a"[..])));
        assert_eq!(marker(b".wh..wh..opq"), Some((Marker::Opaque, &b""[..])));
        assert_eq!(marker(b".wh..wh.plnk").unwrap().0, Marker::Ignored);
        assert_eq!(marker(b".wh.").unwrap().0, Marker::Invalid);
        assert_eq!(marker(b".wh..").unwrap().0, Marker::Invalid);
        assert_eq!(marker(b".wh...").unwrap().0, Marker::Invalid);
        assert_eq!(marker(b".wh...."), Some((Marker::Whiteout, &b"..."[..])));
    }
}
