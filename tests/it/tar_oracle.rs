//! The header walk against the `tar` crate, on archives that both must read alike.

use std::io::Read;

use proptest::prelude::*;
use rslim::layer::{ContentHash, EntryKind};

use crate::fixtures::tar::{Dialect, Entry, LayerBuilder};
use crate::fixtures::{Compression, ImageBuilder, Layout};
use crate::program::scan;

fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(vec![Dialect::Ustar, Dialect::Pax, Dialect::Gnu])
}

/// Names up to and over the lengths at which dialects change their ways.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "[a-z]{95,105}",
        "[a-z]{1,40}/[a-z]{90,160}",
        "[a-zé ]{1,60}"
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let content = prop::collection::vec(any::<u8>(), 0..1500);
    (
        name(),
        content,
        0u32..0o7777,
        0u64..1 << 21,
        0i64..1 << 33,
        dialect(),
        0..4,
    )
        .prop_map(|(name, content, mode, owner, time, dialect, kind)| {
            let name = name.trim().replace(' ', "_") + "n";
            let dialect = match dialect {
                // Nothing longer fits.
                Dialect::Ustar if name.len() > 100 => Dialect::Pax,
                dialect => dialect,
            };
            let entry = match kind {
                0 => Entry::dir(&name),
                1 => Entry::symlink(&name, "target"),
                _ => Entry::file(&name, content),
            };
            entry
                .mode(mode)
                .owner(owner, owner / 2)
                .mtime(time, 0)
                .dialect(dialect)
        })
}

/// `(name, kind, mode, uid, gid, mtime, contents or target)`
type Seen = (Vec<u8>, char, u32, u64, u64, i64, Vec<u8>);

fn by_the_crate(bytes: &[u8]) -> Vec<Seen> {
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| {
            let mut entry = entry.unwrap();
            let name = entry.path_bytes().into_owned();
            let name = name.strip_suffix(b"/").unwrap_or(&name).to_vec();
            let header = entry.header().clone();
            let mode = header.mode().unwrap();
            let mut mtime = header.mtime().unwrap() as i64;
            let (uid, gid) = (header.uid().unwrap(), header.gid().unwrap());
            let kind = match header.entry_type() {
                tar::EntryType::Directory => 'd',
                tar::EntryType::Symlink => 'l',
                _ => 'f',
            };
            // The crate leaves it to us to apply PAX times.
            for record in entry.pax_extensions().unwrap().into_iter().flatten() {
                let record = record.unwrap();
                if record.key() == Ok("mtime") {
                    let whole = record.value().unwrap().split('.').next().unwrap();
                    mtime = whole.parse().unwrap();
                }
            }
            let mut body = Vec::new();
            match kind {
                'l' => body = entry.link_name_bytes().unwrap().into_owned(),
                _ => drop(entry.read_to_end(&mut body).unwrap()),
            }
            (name, kind, mode & 0o7777, uid, gid, mtime, body)
        })
        .collect()
}

fn by_us(bytes: &[u8], compression: Compression) -> Vec<(Seen, u64)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image.tar");
    let image = ImageBuilder::of_layers([bytes.to_vec()]).compression(compression);
    image.write(Layout::OciArchive, &path).unwrap();
    let scanned = scan(&path, ContentHash::Blake3);
    let changeset = &scanned.layers[0].set.changeset;
    changeset
        .entries()
        .map(|entry| {
            let mut name = Vec::new();
            let mut dir = entry.parent();
            let mut parts = vec![entry.name()];
            while dir != 0 {
                let (parent, part) = changeset.dir(dir);
                parts.push(part);
                dir = parent;
            }
            parts.reverse();
            name.extend(parts.join(&b'/'));
            let kind = match entry.kind() {
                EntryKind::Directory => 'd',
                EntryKind::Symlink => 'l',
                _ => 'f',
            };
            let owner = entry.owner();
            let body = entry.link().map(<[u8]>::to_vec).unwrap_or_default();
            let seen = (
                name,
                kind,
                u32::from(owner.mode),
                owner.uid,
                owner.gid,
                entry.mtime(),
                body,
            );
            (seen, entry.size())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn entries_are_those_that_the_tar_crate_reads(
        entries in prop::collection::vec(entry(), 0..12)
    ) {
        let mut layer = LayerBuilder::new();
        for entry in entries {
            layer = layer.entry(entry);
        }
        let bytes = layer.finish();
        let want: Vec<_> = by_the_crate(&bytes)
            .into_iter()
            .map(|(name, kind, mode, uid, gid, mtime, body)| {
                let size = if kind == 'f' { body.len() as u64 } else { 0 };
                let body = if kind == 'l' { body } else { Vec::new() };
                ((name, kind, mode, uid, gid, mtime, body), size)
            })
            .collect();
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            prop_assert_eq!(&by_us(&bytes, compression), &want);
        }
    }

    /// Any damage to a layer is an error or another layer, never a panic.
    #[test]
    fn damage_never_panics(
        entries in prop::collection::vec(entry(), 1..5),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut layer = LayerBuilder::new();
        for entry in entries {
            layer = layer.entry(entry);
        }
        let mut bytes = layer.finish();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        let dir = tempfile::tempdir().unwrap();
        for compression in [Compression::None, Compression::Zstd] {
            let path = dir.path().join("image.tar");
            let image = ImageBuilder::of_layers([bytes.clone()]).compression(compression);
            image.write(Layout::OciArchive, &path).unwrap();
            let _ = crate::program::try_scan(&path, ContentHash::Blake3, Default::default());
        }
    }
}
