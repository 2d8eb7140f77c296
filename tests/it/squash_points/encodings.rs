//! Layers in the dialects of tar and with odd ends.

use rslim::codec::Limits;
use rslim::layer::tar::{Form, entry_headers};
use rslim::layer::{ContentHash, EntryKind, NoProgress};
use rslim::rewrite::RangeChoice;
use rslim::sink::{self, Destination};
use rslim::squash::{Request, Shape};

use super::case::{Layers, case, case_of, new, said};
use super::seen::file;
use crate::fixtures::image::compress::digest;
use crate::fixtures::tar::{Header, SparseFile, SparseFormat, field};
use crate::fixtures::{Compression, ImageBuilder, Layout};
use crate::folding::{fold, fold_as, written};
use crate::program::{listing, scan};

/// More than eleven octal digits can say.
const HUGE: u64 = 9 << 30;

/// Files of 9 GiB that are almost only holes, in base-256 and in records.
fn huge() -> crate::fixtures::tar::LayerBuilder {
    let mut header = Header::gnu(b"base-256", b'S');
    header.octal(field::MODE, 0o644);
    header.octal(field::SIZE, 5);
    header.text(field::SPARSE_MAP, b"00000000000\x0000000000005\0");
    header.base256(field::SPARSE_REAL_SIZE, i128::from(HUGE));
    let mut body = b"start".to_vec();
    body.resize(512, 0);
    let file = SparseFile {
        size: HUGE,
        segments: vec![(0, b"start".to_vec()), (HUGE - 3, b"end".to_vec())],
    };
    new()
        .raw_header(header)
        .raw(&body)
        .sparse("records", SparseFormat::Pax10, &file)
}

#[test]
fn sizes_of_more_than_8_gib_in_base_256_and_in_records() {
    let dir = tempfile::tempdir().unwrap();
    let from = written(vec![huge(), new().file("small", "1")], dir.path());
    let to = dir.path().join("out.tar");
    let destination = Destination::DockerArchive(to.clone());
    // In a kept layer the holes stay holes.
    fold(&from, &destination, RangeChoice::Above(1), None, 1).unwrap();
    let sizes: Vec<_> = listing(&to)[1..]
        .iter()
        .map(|line| (line["path"].clone(), line["size"].as_u64().unwrap()))
        .collect();
    let want = [("base-256", HUGE), ("records", HUGE), ("small", 1)];
    assert_eq!(sizes, want.map(|(path, size)| (path.into(), size)));
    // In a new one they would be written out, which can be forbidden.
    let request = Request {
        range: RangeChoice::All,
        shape: Shape::Fold,
        destination: &destination,
        writing: sink::OpenOptions::default(),
        encoding: None,
        names: Vec::new(),
        created: None,
        created_by: String::new(),
        limits: Limits {
            layer_bytes: HUGE,
            ..Limits::default()
        },
        jobs: 1,
        progress: &NoProgress,
    };
    let error = fold_as(&from, "linux/amd64", &request).unwrap_err();
    assert!(error.to_string().contains("--max-layer-size"), "{error}");
}

#[test]
fn headers_of_files_over_8_gib_say_their_size_in_a_record() {
    let dir = tempfile::tempdir().unwrap();
    let from = written(vec![huge()], dir.path());
    let scanned = scan(&from, ContentHash::Blake3);
    let set = &scanned.layers[0].set.changeset;
    for entry in set.entries() {
        assert_eq!(entry.kind(), EntryKind::File);
        let mut headers = Vec::new();
        entry_headers(&mut headers, entry, b"path", Form::Itself);
        let mut archive = tar::Archive::new(&headers[..]);
        let read = archive.entries().unwrap().next().unwrap().unwrap();
        assert_eq!((read.size(), &*read.path_bytes()), (HUGE, &b"path"[..]));
    }
}

#[test]
fn sparse_files_of_every_format_have_the_same_contents() {
    let sparse = SparseFile {
        size: 60_000,
        segments: (0..6u8)
            .map(|i| (u64::from(i) * 8192, vec![b'a' + i; 512 + usize::from(i)]))
            .collect(),
    };
    let hole = SparseFile {
        size: 5000,
        segments: Vec::new(),
    };
    let formats = [
        ("0.0", SparseFormat::Pax00),
        ("0.1", SparseFormat::Pax01),
        ("1.0", SparseFormat::Pax10),
        ("old", SparseFormat::OldGnu),
    ];
    let layer = formats.iter().fold(new(), |layer, (name, format)| {
        layer
            .sparse(name, *format, &sparse)
            .sparse(&format!("{name}-hole"), *format, &hole)
    });
    let tree = formats.iter().flat_map(|(name, _)| {
        [
            file(name, sparse.expanded()),
            file(format!("{name}-hole"), [0; 5000]),
        ]
    });
    case([layer, new().file("x", "x")])
        .tree(tree.chain([file("x", "x")]))
        .check();
}

/// The reference for containers is Go's reader, which hands global records out
/// as an entry of their own, and no runtime applies them.
#[test]
fn a_global_header_is_no_file_and_is_not_applied_as_in_runtimes() {
    let layers = || {
        let records = [("comment", "5f0c8a8d2d9e"), ("uid", "77"), ("mtime", "1")];
        vec![
            new().global_pax(&records).file("a", "1").file("b", "2"),
            new().file("c", "3"),
        ]
    };
    case(layers())
        .tree([file("a", "1"), file("b", "2"), file("c", "3")])
        .check();
    let dir = tempfile::tempdir().unwrap();
    let from = written(layers(), dir.path());
    let destination = Destination::DockerArchive(dir.path().join("out.tar"));
    let done = fold(&from, &destination, RangeChoice::All, None, 1).unwrap();
    let warned = done
        .warnings
        .iter()
        .any(|w| w.contains("global PAX records"));
    assert!(warned, "{:?}", done.warnings);
}

#[test]
fn layers_without_bytes_and_without_entries() {
    let nothing = ImageBuilder::of_layers([
        new().file("a", "1").finish(),
        Vec::new(),
        new().finish(),
        new().file("b", "2").finish(),
    ]);
    case_of(nothing)
        .tree([file("a", "1"), file("b", "2")])
        .check();
    case([new(), new()]).check();
}

#[test]
fn bytes_after_the_end_of_an_archive_are_no_entries_but_count_for_its_digest() {
    let layer = || {
        let mut tar = new().file("a", "1").finish();
        tar.extend(new().file("ghost", "2").finish());
        tar.extend(b"garbage");
        tar
    };
    case_of(ImageBuilder::of_layers([
        layer(),
        new().file("b", "2").finish(),
    ]))
    .tree([file("a", "1"), file("b", "2")])
    .check();
    // Promised is the digest of the archive without what follows its end.
    let clean = digest(&new().file("a", "1").finish());
    let image = ImageBuilder::new().layer_blob(layer(), &clean, None);
    let message = refused(&image);
    assert!(message.contains("diff_id mismatch"), "{message}");
}

#[test]
fn joined_gzip_members_are_one_layer() {
    let layer = new().file("a", [b'a'; 3000]).file("b", "2").finish();
    case_of(ImageBuilder::of_layers([layer]).compression(Compression::GzipMembers))
        .tree([file("a", [b'a'; 3000]), file("b", "2")])
        .check();
}

#[test]
fn a_layer_that_is_cut_off_is_refused() {
    let tar = new().file("a", [b'a'; 3000]).file("b", "2").finish();
    let diff_id = digest(&tar);
    for how in Compression::ALL {
        let mut blob = how.compress(&tar);
        let left = match how {
            Compression::None => 2000,
            _ => blob.len() * 2 / 3,
        };
        blob.truncate(left);
        let message = refused(&ImageBuilder::new().layer_blob(blob, &diff_id, None));
        let says = ["truncated", "ends inside", "mismatch", "incomplete"];
        assert!(
            says.iter().any(|w| message.contains(w)),
            "{how:?} {message}"
        );
    }
}

/// How squashing it is refused, whatever is folded.
fn refused(image: &ImageBuilder) -> String {
    let dir = tempfile::tempdir().unwrap();
    let from = dir.path().join("image.tar");
    image.write(Layout::OciArchive, &from).unwrap();
    let to = dir.path().join("out.tar");
    let destination = Destination::DockerArchive(to.clone());
    let mut messages = [RangeChoice::All, RangeChoice::Above(1)].map(|range| {
        let error = fold(&from, &destination, range, None, 1).unwrap_err();
        assert!(!to.exists());
        said(&error)
    });
    messages.sort();
    assert_eq!(messages[0], messages[1]);
    messages[0].clone()
}

pub fn plain_sparse() -> Layers {
    let sparse = SparseFile {
        size: 60_000,
        segments: vec![(4096, vec![b'x'; 700]), (50_000, b"end".to_vec())],
    };
    vec![
        new().sparse("a", SparseFormat::Pax10, &sparse),
        new().hardlink("b", "a").file("c", "3"),
    ]
}
