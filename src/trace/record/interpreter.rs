//! Which file the kernel loads along with one that is executed.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

const PROGRAM_INTERPRETER: u32 = 3;

/// The path in the file's `#!` line or its ELF interpreter header, as it is
/// written there.
pub(super) fn of(path: &[u8]) -> Option<Vec<u8>> {
    let file = File::open(Path::new(OsStr::from_bytes(path))).ok()?;
    let mut head = [0; 256];
    let count = file.read_at(&mut head, 0).ok()?;
    let head = &head[..count];
    match head {
        [b'#', b'!', line @ ..] => script(line),
        [0x7f, b'E', b'L', b'F', ..] => elf(&file, head),
        _ => None,
    }
}

fn script(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.split(|byte| *byte == b'\n').next()?;
    let name = line
        .split(|byte| matches!(byte, b' ' | b'\t' | 0))
        .find(|part| !part.is_empty())?;
    Some(name.to_vec())
}

/// Reads a number of an ELF file; only files of this machine's byte order can
/// be executed on it.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let part = bytes.get(at..at.checked_add(size)?)?;
    Some(
        part.iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    )
}

fn elf(file: &File, head: &[u8]) -> Option<Vec<u8>> {
    let wide = match head.get(4)? {
        2 => true,
        1 => false,
        _ => return None,
    };
    let (table, entry, count) = if wide {
        (
            number(head, 32, 8)?,
            number(head, 54, 2)?,
            number(head, 56, 2)?,
        )
    } else {
        (
            number(head, 28, 4)?,
            number(head, 42, 2)?,
            number(head, 44, 2)?,
        )
    };
    for index in 0..count {
        let mut header = [0; 56];
        let size = if wide { 56 } else { 32 };
        let at = table.checked_add(index * entry)?;
        file.read_exact_at(&mut header[..size], at).ok()?;
        if number(&header, 0, 4)? as u32 != PROGRAM_INTERPRETER {
            continue;
        }
        let (at, length) = if wide {
            (number(&header, 8, 8)?, number(&header, 32, 8)?)
        } else {
            (number(&header, 4, 4)?, number(&header, 16, 4)?)
        };
        let mut name = vec![
            0;
            usize::try_from(length)
                .ok()
                .filter(|length| *length <= 4096)?
        ];
        file.read_exact_at(&mut name, at).ok()?;
        let end = name.iter().position(|byte| *byte == 0)?;
        name.truncate(end);
        return Some(name);
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    #[test]
    fn reads_lines_and_headers() {
        let dir = tempfile::tempdir().unwrap();
        let of = |bytes: &[u8]| {
            let file = dir.path().join("file");
            std::fs::write(&file, bytes).unwrap();
            super::of(std::os::unix::ffi::OsStrExt::as_bytes(file.as_os_str()))
        };
        assert_eq!(of(b"#! /bin/sh -e\n"), Some(b"/bin/sh".to_vec()));
        assert_eq!(
            of(b"#!/usr/bin/env python3"),
            Some(b"/usr/bin/env".to_vec())
        );
        assert_eq!(of(b"#!\n"), None);
        assert_eq!(of(b""), None);
        let shell = std::fs::read("/bin/sh").unwrap();
        let found = of(&shell).unwrap();
        assert!(found.starts_with(b"/lib"), "{found:?}");
        for cut in 0..300 {
            of(&shell[..cut]);
        }
    }
}
