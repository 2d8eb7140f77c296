//! Names of findings that stay the same while the lines around them move.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::FileReport;
use super::path::in_repository;
use crate::dockerfile::Lines;

/// Bytes of a line that count. Only machines write longer ones, and hashing
/// them again for each finding takes time.
const LINE_BYTES: usize = 4096;

/// Makes fingerprints, no two the same.
#[derive(Debug, Default)]
pub(super) struct Fingerprints {
    seen: HashMap<[u8; 32], u32>,
}

impl Fingerprints {
    /// The fingerprint of what a code says about a line.
    pub(super) fn next(
        &mut self,
        file: &FileReport<'_>,
        lines: &Lines,
        code: &str,
        line: u32,
    ) -> String {
        // Indentation is no part of it: it changes when blocks move.
        let text = lines.span(file.text, line).of(file.text).trim();
        let text = text.as_bytes();
        let text = text.get(..LINE_BYTES).unwrap_or(text);
        let path = in_repository(file.path);
        let digest = digest(&[path.as_bytes(), code.as_bytes(), text]);
        let again = self.seen.entry(digest).or_insert(0);
        let number = *again;
        *again += 1;
        match number {
            0 => hex(&digest),
            n => hex(&self::digest(&[&digest, &n.to_be_bytes()])),
        }
    }
}

/// The fingerprints of all findings in a file.
pub fn fingerprints(file: &FileReport<'_>) -> Vec<String> {
    let lines = Lines::of(file.text);
    let mut prints = Fingerprints::default();
    let mut next = |code: &str, line| prints.next(file, &lines, code, line);
    let all = file.findings.iter();
    all.map(|finding| next(&finding.code, finding.start.line))
        .collect()
}

/// The fingerprint of what these parts say.
pub(in crate::report) fn digest_of(parts: &[&[u8]]) -> String {
    hex(&digest(parts))
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps neighbours apart.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stable_and_unique() {
        let file = |path, text| FileReport {
            path,
            text,
            findings: &[],
            failure: None,
        };
        let print = |file: &FileReport<'_>, line| {
            let lines = Lines::of(file.text);
            Fingerprints::default().next(file, &lines, "A", line)
        };
        let before = file("./a", "FROM x\nRUN y\n");
        let after = file("a", "FROM x\n\n  RUN y\r\n");
        assert_eq!(print(&before, 2), print(&after, 3));
        assert_ne!(print(&before, 1), print(&before, 2));
        let lines = Lines::of(before.text);
        let mut prints = Fingerprints::default();
        let all: Vec<String> = (0..3)
            .map(|_| prints.next(&before, &lines, "A", 2))
            .collect();
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
        assert!(all.iter().all(|print| print.len() == 64));
    }
}
