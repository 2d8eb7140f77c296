//! Alpine's installed packages: `lib/apk/db/installed`.
//!
//! Stanzas of one-letter fields, with an empty line after each package: `P:`
//! name, `V:` version, `F:` a directory and `R:` a file in the last directory.

use std::io;

use super::listing::{Listing, Owned};

/// Merged-`/usr` Alpine has the second one.
const DATABASES: [&[u8]; 2] = [b"lib/apk/db/installed", b"usr/lib/apk/db/installed"];

/// A database of thousands of packages has some ten MiB.
const LARGEST: u64 = 256 << 20;

pub(super) fn wanted(path: &[u8]) -> bool {
    DATABASES.contains(&path)
}

pub(super) fn list(listing: &mut Listing) -> io::Result<()> {
    listing.begin("apk");
    for path in DATABASES {
        if listing.has(path)
            && let Some(text) = listing.read(path, LARGEST)?
        {
            read(listing, path, &text);
        }
    }
    Ok(())
}

#[derive(Default)]
struct Stanza<'t> {
    name: Option<&'t [u8]>,
    version: &'t [u8],
    dir: &'t [u8],
    owned: Owned,
    /// It has fields.
    begun: bool,
}

fn read(listing: &mut Listing, path: &[u8], text: &[u8]) {
    let mut stanza = Stanza::default();
    // An empty line at the end closes the last package of a cut-off file.
    let lines = text.split(|&b| b == b'\n').chain([b"".as_slice()]);
    for (i, line) in lines.enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line {
            [] => {
                let done = std::mem::take(&mut stanza);
                match done.name {
                    Some(name) => listing.add(name, done.version, &done.owned),
                    None if done.begun => {
                        listing.warn(
                            path,
                            format_args!("line {}: a package without a name", i + 1),
                        );
                    }
                    None => {}
                }
            }
            [field, b':', value @ ..] => {
                stanza.begun = true;
                match field {
                    b'P' => stanza.name = Some(value),
                    b'V' => stanza.version = value,
                    b'F' => stanza.dir = value,
                    b'R' => listing.own(&mut stanza.owned, stanza.dir, value),
                    _ => {}
                }
            }
            _ => listing.warn(path, format_args!("line {}: not a field", i + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::MemoryTree;

    #[test]
    fn packages_are_listed() {
        let db = "C:Q1abc=\nP:musl\nV:1.2.5-r0\nA:x86_64\nF:lib\nR:libc.so\na:0:0:755\n\
                  R:gone.so\nF:\nR:top\n\nP:busybox\nV:1.36\nF:bin\nR:busybox\n\n";
        let tree = MemoryTree::new()
            .file("lib/apk/db/installed", db)
            .file("lib/libc.so", "12345")
            .file("top", "1")
            .file("bin/busybox", "1234567");
        let (packages, warnings) = tree.listed();
        assert_eq!(packages, ["apk busybox 1.36 7 1", "apk musl 1.2.5-r0 6 2"]);
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn broken_stanzas_are_named() {
        let db = "P:a\nV:1\n\nV:2\n\ngarbage\nP:b\nV:3";
        let tree = MemoryTree::new().file("usr/lib/apk/db/installed", db);
        let (packages, warnings) = tree.listed();
        assert_eq!(packages, ["apk a 1 0 0", "apk b 3 0 0"]);
        assert_eq!(
            warnings,
            [
                "/usr/lib/apk/db/installed: line 5: a package without a name",
                "/usr/lib/apk/db/installed: line 6: not a field"
            ]
        );
    }
}
