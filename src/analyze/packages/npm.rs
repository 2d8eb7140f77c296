//! Node packages: each directory of a `node_modules` with a `package.json`.

use std::io;

use serde::Deserialize;
use serde_json::Value;

use super::listing::{Listing, Owned};
use super::paths;

const LARGEST: u64 = 16 << 20;

/// Whether this is the `package.json` of a package, not of a part of one.
pub(super) fn wanted(dir: &[u8], name: &[u8]) -> bool {
    name == b"package.json" && package_name(dir).is_some()
}

/// The name of the package in `dir`, if `dir` is directly in a `node_modules`
/// or in a scope there. Names with a dot in front are tools' folders.
fn package_name(dir: &[u8]) -> Option<&[u8]> {
    let (parent, name) = paths::split(dir);
    if name.starts_with(b".") || name.starts_with(b"@") {
        return None;
    }
    let (above, parent_name) = paths::split(parent);
    if parent_name == b"node_modules" {
        return Some(name);
    }
    let scoped = parent_name.starts_with(b"@") && paths::split(above).1 == b"node_modules";
    scoped.then(|| &dir[dir.len() - parent_name.len() - 1 - name.len()..])
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    name: Value,
    #[serde(default)]
    version: Value,
}

pub(super) fn list(listing: &mut Listing) -> io::Result<()> {
    listing.begin("npm");
    for path in listing.databases_in(b"") {
        let (dir, name) = paths::split(path);
        if name != b"package.json" {
            continue;
        }
        let Some(dir_name) = package_name(dir) else {
            continue;
        };
        if listing.claimed(listing.tree().size(path).map(|found| found.1)) {
            continue;
        }
        let manifest = match listing.read(path, LARGEST)? {
            Some(text) => parse(listing, path, &text),
            None => None,
        };
        let (name, version) = match &manifest {
            Some(Manifest { name, version }) => (name.as_str(), version.as_str()),
            None => (None, None),
        };
        let mut owned = Owned::default();
        listing.own_below(&mut owned, dir, &|name| name == b"node_modules");
        listing.add(
            name.map_or(dir_name, str::as_bytes),
            version.unwrap_or_default().as_bytes(),
            &owned,
        );
    }
    Ok(())
}

fn parse(listing: &mut Listing, path: &[u8], text: &[u8]) -> Option<Manifest> {
    // Node accepts a byte order mark, JSON does not.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    match serde_json::from_slice(text) {
        Ok(manifest) => Some(manifest),
        Err(error) => {
            listing.warn(path, error);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::MemoryTree;

    #[test]
    fn packages_are_listed() {
        let a = r#"{"name": "a", "version": "1.0.0", "dependencies": {"b": "*"}}"#;
        let tree = MemoryTree::new()
            .file("app/package.json", r#"{"name": "app"}"#)
            .file("app/node_modules/a/package.json", a)
            .file("app/node_modules/a/lib/package.json", "{}")
            .file("app/node_modules/a/node_modules/b/package.json", "{}")
            .file(
                "app/node_modules/@s/c/package.json",
                "\u{feff}{\"version\": 1}",
            )
            .file("app/node_modules/.bin/package.json", "{}");
        let (packages, warnings) = tree.listed();
        let len = a.len() + 2;
        assert_eq!(
            packages,
            [
                format!("npm a 1.0.0 {len} 2"),
                "npm @s/c  17 1".to_owned(),
                "npm b  2 1".to_owned()
            ]
        );
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn broken_manifests_are_named() {
        let deep = "[".repeat(100_000);
        let tree = MemoryTree::new()
            .file("node_modules/a/package.json", "{\"name\":\n oops")
            .file("node_modules/b/package.json", deep)
            .file("node_modules/c/package.json", [0xff, 0xfe, 0])
            .file("node_modules/d/package.json", "null");
        let (packages, warnings) = tree.listed();
        assert_eq!(packages.len(), 4);
        assert_eq!(packages[0], "npm b  100000 1");
        assert_eq!(warnings.len(), 4, "{warnings:?}");
        assert!(warnings[0].starts_with("/node_modules/a/package.json: "));
        assert!(warnings[0].contains("line 2"), "{}", warnings[0]);
    }
}
