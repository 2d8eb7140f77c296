//! Paths as bytes, without a leading slash.

/// Longer paths cannot exist on Linux; joining them would only cost memory.
const LONGEST: usize = 4096;

/// Directory and name of a path.
pub(super) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&b| b == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}

/// `relative` as seen from `dir`, without `.` and `..`; an absolute one stands
/// for itself. `None` if it is too long to name a file.
pub(super) fn resolve(dir: &[u8], relative: &[u8]) -> Option<Vec<u8>> {
    if dir.len() + relative.len() >= LONGEST {
        return None;
    }
    let mut path = Vec::with_capacity(dir.len() + relative.len() + 1);
    if !relative.starts_with(b"/") {
        path.extend_from_slice(dir);
    }
    for component in relative.split(|&b| b == b'/') {
        match component {
            b"" | b"." => {}
            b".." => path.truncate(split(&path).0.len()),
            name => {
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(name);
            }
        }
    }
    Some(path)
}

/// A directory without the slash it ends in.
pub(super) fn without_slash(dir: &[u8]) -> &[u8] {
    dir.strip_suffix(b"/").unwrap_or(dir)
}

/// Lossy text of bytes, cut to a length no honest name has.
pub(crate) fn short_text(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(256)];
    String::from_utf8_lossy(cut).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_resolve() {
        #[track_caller]
        fn check(dir: &str, relative: &str, want: &str) {
            let found = resolve(dir.as_bytes(), relative.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(found).unwrap(), want);
        }
        check("a/b", "c", "a/b/c");
        check("a/b", "../../../bin/x", "bin/x");
        check("a/b", "/etc/./x", "etc/x");
        check("", "./x//y", "x/y");
        check("a", "b/../c", "a/c");
        assert_eq!(resolve(b"a", &[b'x'; 5000]), None);
    }
}
