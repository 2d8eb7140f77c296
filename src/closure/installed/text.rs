//! Databases of stanzas, cut without touching the rest.

use std::io;
use std::ops::Range;

/// A range of bytes that is no longer there.
#[derive(Debug, thiserror::Error)]
#[error("the database is not what it was when it was read")]
struct Changed;

/// The text without these ranges, which are in order and apart.
pub(super) fn without(text: &[u8], ranges: &[Range<usize>]) -> io::Result<Vec<u8>> {
    let changed = || io::Error::new(io::ErrorKind::InvalidData, Changed);
    let mut rest = Vec::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        let kept = text.get(from..range.start).ok_or_else(changed)?;
        rest.extend_from_slice(kept);
        from = range.end;
    }
    rest.extend_from_slice(text.get(from..).ok_or_else(changed)?);
    Ok(rest)
}

/// The lines for which `keep` holds, `None` if those are all. It gets them without their ends.
pub(super) fn lines_that(text: &[u8], mut keep: impl FnMut(&[u8]) -> bool) -> Option<Vec<u8>> {
    let mut rest = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|b| *b == b'\n') {
        if keep(line.trim_ascii_end()) {
            rest.extend_from_slice(line);
        }
    }
    (rest.len() != text.len()).then_some(rest)
}

/// The words of a line.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
}

/// The text on one line, for the names of things.
pub(super) fn one_line(text: &[u8]) -> String {
    let words: Vec<&[u8]> = words(text).collect();
    let line = words.join(&b' ');
    String::from_utf8_lossy(line.get(..256).unwrap_or(&line)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_out() {
        assert_eq!(without(b"abcdef", &[1..2, 4..6]).unwrap(), b"acd");
        assert_eq!(without(b"abc", &[]).unwrap(), b"abc");
    }

    #[test]
    fn a_text_that_has_shrunk_is_an_error() {
        for range in [5..6, 1..5] {
            assert!(without(b"abc", std::slice::from_ref(&range)).is_err());
        }
    }

    #[test]
    fn lines_that_all_stay_are_no_change() {
        assert_eq!(lines_that(b"a\nb", |_| true), None);
        assert_eq!(lines_that(b"a\nb", |line| line == b"b").unwrap(), b"b");
    }
}
