//! Paths of files, as readers other than people want them.

use std::borrow::Cow;

/// The path from the top of the repository, for services that look the file
/// up by it: no `./` in front, and forward slashes.
pub(in crate::report) fn in_repository(path: &str) -> Cow<'_, str> {
    // Elsewhere a backslash is a character of the name.
    let path = if cfg!(windows) && path.contains('\\') {
        Cow::Owned(path.replace('\\', "/"))
    } else {
        Cow::Borrowed(path)
    };
    let mut rest: &str = &path;
    while let Some(after) = rest.strip_prefix("./") {
        rest = after.trim_start_matches('/');
    }
    if rest.is_empty() || rest.len() == path.len() {
        return path;
    }
    Cow::Owned(rest.to_owned())
}

/// The path as a URI reference: relative as it was, absolute as `file:` URI.
pub(in crate::report) fn uri(path: &str) -> String {
    use std::fmt::Write as _;
    let path = in_repository(path);
    let mut uri = String::with_capacity(path.len() + 8);
    if path.starts_with("//") {
        uri.push_str("file:");
    } else if path.starts_with('/') {
        uri.push_str("file://");
    } else if cfg!(windows) && path.get(1..3) == Some(":/") {
        uri.push_str("file:///");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => uri.push(byte.into()),
            b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(byte.into()),
            // A colon, too: before the first slash it would end a scheme.
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_the_top_of_the_repository() {
        assert_eq!(in_repository("./a/../b"), "a/../b");
        assert_eq!(in_repository(".//./a"), "a");
        assert_eq!(in_repository("./"), "./");
        assert_eq!(in_repository("../a"), "../a");
        assert_eq!(in_repository("-"), "-");
    }

    #[test]
    fn uris() {
        assert_eq!(uri("./a b/Dockerfile"), "a%20b/Dockerfile");
        assert_eq!(uri("/srv/ü.Dockerfile"), "file:///srv/%C3%BC.Dockerfile");
        assert_eq!(uri("c:d%\n\u{1b}"), "c%3Ad%25%0A%1B");
    }

    #[cfg(unix)]
    #[test]
    fn a_backslash_is_a_character() {
        assert_eq!(uri("a\\b"), "a%5Cb");
    }
}
