//! Python packages: `*.dist-info` directories and the older `*.egg-info`.
//!
//! `RECORD` lists a package's files. Where a distribution left it out, and for
//! most eggs, only the metadata's own directory can be told to be the package's.

use std::collections::BTreeMap;
use std::io;

use super::listing::{Listing, Owned};
use super::paths;

/// A record of tens of thousands of files has some MiB.
const LARGEST_RECORD: u64 = 64 << 20;
/// Metadata holds the package's whole description.
const LARGEST_METADATA: u64 = 16 << 20;

pub(super) fn wanted(dir: &[u8], name: &[u8]) -> bool {
    match name {
        b"RECORD" => dir.ends_with(b".dist-info"),
        b"installed-files.txt" => dir.ends_with(b".egg-info"),
        _ => is_metadata(dir, name),
    }
}

/// Whether the file gives a package's name.
pub(super) fn is_metadata(dir: &[u8], name: &[u8]) -> bool {
    match name {
        b"METADATA" => dir.ends_with(b".dist-info"),
        b"PKG-INFO" => dir.ends_with(b".egg-info"),
        _ => name.ends_with(b".egg-info"),
    }
}

/// What describes one package.
#[derive(Default)]
struct Described<'t> {
    /// `METADATA`, `PKG-INFO` or the egg-info that is one file.
    metadata: Option<&'t [u8]>,
    /// `RECORD` or `installed-files.txt`.
    files: Option<&'t [u8]>,
}

pub(super) fn list(listing: &mut Listing) -> io::Result<()> {
    listing.begin("pip");
    let mut found: BTreeMap<&[u8], Described> = BTreeMap::new();
    for path in listing.databases_in(b"") {
        let (dir, name) = paths::split(path);
        if is_metadata(dir, name) {
            let alone = name.ends_with(b".egg-info");
            let info = if alone { path.as_slice() } else { dir };
            found.entry(info).or_default().metadata = Some(path);
        } else if wanted(dir, name) {
            found.entry(dir).or_default().files = Some(path);
        }
    }
    // All are counted before one is listed: whether a package is another's
    // vendored copy shows in the record of the other.
    let mut counted = Vec::new();
    for (info, described) in found {
        let identity = described
            .metadata
            .and_then(|path| Some(listing.tree().size(path)?.1));
        if !listing.claimed(identity) {
            let owned = count(listing, info, &described, identity)?.summed();
            counted.push((info, described.metadata, identity, owned));
        }
    }
    for (info, metadata, identity, owned) in counted {
        if listing.claimed(identity) {
            continue;
        }
        let text = match metadata {
            Some(path) => listing.read(path, LARGEST_METADATA)?,
            None => None,
        };
        let text = text.unwrap_or_default();
        let (dir_name, dir_version) = of_directory(paths::split(info).1);
        let name = header(&text, b"name").unwrap_or(dir_name);
        let version = header(&text, b"version").unwrap_or(dir_version);
        listing.add(name, version, &owned);
    }
    Ok(())
}

fn count(
    listing: &mut Listing,
    info: &[u8],
    described: &Described,
    identity: Option<u64>,
) -> io::Result<Owned> {
    let mut owned = Owned::described_by(identity);
    // A single file has nothing below it, a directory is no file.
    listing.own(&mut owned, b"", info);
    listing.own_below(&mut owned, info, &|_| false);
    let Some(path) = described.files else {
        return Ok(owned);
    };
    let Some(text) = listing.read_list(path, LARGEST_RECORD)? else {
        return Ok(owned);
    };
    if path.ends_with(b"/RECORD") {
        let site = paths::split(info).0;
        let bad = record_files(&text, |file| listing.own(&mut owned, site, file));
        if let Err(line) = bad {
            listing.warn(path, format_args!("line {line}: a quote is not closed"));
        }
    } else {
        for file in text.split(|&b| b == b'\n') {
            listing.own(&mut owned, info, file.trim_ascii());
        }
    }
    Ok(owned)
}

/// Calls `each` with the first field of all rows of a CSV table.
///
/// Fails with the number of the line where a quoted field begins that has no end.
fn record_files(text: &[u8], mut each: impl FnMut(&[u8])) -> Result<(), usize> {
    let mut rest = text;
    let mut line = 1;
    let mut unquoted = Vec::new();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix(b"\"") {
            unquoted.clear();
            let len = unquote(quoted, &mut unquoted).ok_or(line)?;
            each(&unquoted);
            line += count_lines(&quoted[..len]);
            rest = &quoted[len..];
        } else {
            let len = rest
                .iter()
                .position(|b| matches!(b, b',' | b'\r' | b'\n'))
                .unwrap_or(rest.len());
            if len > 0 {
                each(&rest[..len]);
            }
            rest = &rest[len..];
        }
        // The other fields, hash and size, hold no line ends.
        let end = rest.iter().position(|&b| b == b'\n');
        rest = end.map_or(b"", |end| &rest[end + 1..]);
        line += 1;
    }
    Ok(())
}

/// Appends the text up to the closing quote; gives the length with that quote.
fn unquote(text: &[u8], into: &mut Vec<u8>) -> Option<usize> {
    let mut at = 0;
    loop {
        let quote = at + text[at..].iter().position(|&b| b == b'"')?;
        into.extend_from_slice(&text[at..quote]);
        if text.get(quote + 1) != Some(&b'"') {
            return Some(quote + 1);
        }
        into.push(b'"');
        at = quote + 2;
    }
}

fn count_lines(text: &[u8]) -> usize {
    text.iter().filter(|&&b| b == b'\n').count()
}

/// A header of the metadata, which end at the first empty line.
fn header<'t>(text: &'t [u8], wanted: &[u8]) -> Option<&'t [u8]> {
    text.split(|&b| b == b'\n')
        .map(<[u8]>::trim_ascii_end)
        .take_while(|line| !line.is_empty())
        .find_map(|line| {
            let colon = line.iter().position(|&b| b == b':')?;
            let value = line[colon + 1..].trim_ascii();
            (line[..colon].eq_ignore_ascii_case(wanted) && !value.is_empty()).then_some(value)
        })
}

/// Name and version as the directory's name has them: `NAME-VERSION.dist-info`
/// or `NAME-VERSION-py3.11.egg-info`; both parts have no dash inside.
fn of_directory(name: &[u8]) -> (&[u8], &[u8]) {
    let stem = name
        .strip_suffix(b".dist-info")
        .or_else(|| name.strip_suffix(b".egg-info"))
        .unwrap_or(name);
    let mut parts = stem.splitn(3, |&b| b == b'-');
    let name = parts.next().unwrap_or_default();
    (name, parts.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::testing::MemoryTree;
    use super::*;

    #[test]
    fn records_are_read() {
        let record = "x/__init__.py,sha256=abc,10\r\n\"x/a,\"\"b\"\".py\",,\n\
                      ../../../bin/x,sha256=d,3\n/etc/x.conf,,\nx/gone.pyc,,\n\
                      x-1.0.dist-info/RECORD,,\n";
        let site = "usr/lib/python3/site-packages";
        let tree = MemoryTree::new()
            .file(&format!("{site}/x-1.0.dist-info/RECORD"), record)
            .file(&format!("{site}/x/__init__.py"), "1234567890")
            .file(&format!("{site}/x/a,\"b\".py"), "12345")
            .file(&format!("{site}/x/unlisted.pyc"), "1")
            .file("usr/bin/x", "123")
            .file("bin/x", "123456789")
            .file("etc/x.conf", "12");
        let (packages, warnings) = tree.listed();
        assert_eq!(packages, [format!("pip x 1.0 {} 5", 20 + record.len())]);
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn metadata_without_a_record_counts_its_directory() {
        let metadata = "Metadata-Version: 2.1\nName: Some.Thing\nVersion: 2\n\nName: no\n";
        let tree = MemoryTree::new()
            .file("opt/some_thing-2.dist-info/METADATA", metadata)
            .file("opt/some_thing-2.dist-info/top_level.txt", "12")
            .file("opt/egg-3-py3.9.egg-info", "Metadata-Version: 1\n")
            .file("opt/old.egg-info/PKG-INFO", "Name: old\r\nVersion: 1\r\n")
            .file(
                "opt/old.egg-info/installed-files.txt",
                "../old.py\nPKG-INFO\n",
            )
            .file("opt/old.py", "123");
        let (packages, warnings) = tree.listed();
        assert_eq!(
            packages,
            [
                format!("pip Some.Thing 2 {} 2", metadata.len() + 2),
                "pip old 1 45 3".to_owned(),
                "pip egg 3 20 1".to_owned(),
            ]
        );
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn vendored_packages_belong_to_the_vendor() {
        let record =
            "v/w-1.dist-info/METADATA,,\nv/w-1.dist-info/RECORD,,\nv-1.dist-info/METADATA,,\n";
        let tree = MemoryTree::new()
            .file("v-1.dist-info/METADATA", "Name: v\n")
            .file("v-1.dist-info/RECORD", record)
            .file("v/w-1.dist-info/METADATA", "Name: w\n")
            .file("v/w-1.dist-info/RECORD", "w-1.dist-info/METADATA,,\n");
        let (packages, _) = tree.listed();
        assert_eq!(packages.len(), 1, "{packages:?}");
        assert!(packages[0].starts_with("pip v 1 "), "{packages:?}");
    }

    #[test]
    fn broken_records_are_named() {
        let tree = MemoryTree::new()
            .file(
                "x-1.dist-info/RECORD",
                "a.py,,\n\"b\nc\",,\n\"d.py,,\ne.py,,\n",
            )
            .file("a.py", "12")
            .file("e.py", "1234")
            .file("y.dist-info/RECORD", [0xff, b'"', 0]);
        let (packages, warnings) = tree.listed();
        assert_eq!(packages, ["pip x 1 32 2", "pip y  3 1"]);
        assert_eq!(
            warnings,
            ["/x-1.dist-info/RECORD: line 4: a quote is not closed"]
        );
    }

    #[test]
    fn directory_names_split() {
        assert_eq!(
            of_directory(b"a_b-1.0.dist-info"),
            (&b"a_b"[..], &b"1.0"[..])
        );
        assert_eq!(of_directory(b"a-1-py3.egg-info"), (&b"a"[..], &b"1"[..]));
        assert_eq!(of_directory(b".dist-info"), (&b""[..], &b""[..]));
    }
}
