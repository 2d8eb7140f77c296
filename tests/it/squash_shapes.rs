//! Squashing into several layers, into other compressions, and for several
//! platforms at once.

use std::path::Path;

use proptest::prelude::*;
use rslim::codec::{Encoding, Limits};
use rslim::layer::{ContentHash, NoContents, NoProgress, ScanOptions, Verify};
use rslim::rewrite::RangeChoice;
use rslim::sink::{self, Destination};
use rslim::source::{self, Locator, OpenOptions};
use rslim::squash::{Request, Shape, SquashError, Squashed, squash};
use serde_json::Value;

use crate::fixtures::image::{IndexShape, oci_layout};
use crate::fixtures::tar::LayerBuilder;
use crate::fixtures::{ImageBuilder, Layout};
use crate::folding::{tree, written};
use crate::merge_model::{layer_of, layers};
use crate::program::rslim;

fn reshaped(
    from: &Path,
    to: &Destination,
    range: RangeChoice,
    shape: Shape,
    encoding: Encoding,
) -> Result<Squashed, SquashError> {
    let locator: Locator = from.to_str().unwrap().parse().unwrap();
    let request = Request {
        range,
        shape,
        destination: to,
        writing: sink::OpenOptions::default(),
        encoding: Some(encoding),
        names: Vec::new(),
        created: None,
        created_by: "a test".to_owned(),
        limits: Limits::default(),
        jobs: 2,
        progress: &NoProgress,
    };
    squash(source::open(&locator, &OpenOptions::default())?, &request)
}

/// The paths of each layer's entries, in order.
fn entries(path: &Path) -> Vec<Vec<String>> {
    let locator: Locator = path.to_str().unwrap().parse().unwrap();
    let options = ScanOptions {
        limits: Limits::default(),
        jobs: 1,
        hash: ContentHash::Blake3,
        verify: Verify::All,
        wanted: &NoContents,
        spool_from: None,
        progress: &NoProgress,
    };
    let opened = source::open(&locator, &OpenOptions::default()).unwrap();
    let scanned = rslim::layer::scan(opened, &options).unwrap();
    let names = |set: &rslim::layer::Changeset| -> Vec<String> {
        set.entries()
            .map(|entry| {
                let mut parts = vec![entry.name().to_vec()];
                let mut at = entry.parent();
                while at != 0 {
                    let (parent, name) = set.dir(at);
                    parts.push(name.to_vec());
                    at = parent;
                }
                parts.reverse();
                String::from_utf8(parts.join(&b'/')).unwrap()
            })
            .collect()
    };
    scanned
        .layers
        .iter()
        .map(|l| names(&l.set.changeset))
        .collect()
}

#[test]
fn repacked_layers_keep_alike_files_and_links_together_and_list_their_directories() {
    let dir = tempfile::tempdir().unwrap();
    let big = |byte: u8| vec![byte; 6000];
    let path = written(
        vec![
            LayerBuilder::new()
                .dir("a", 0o755)
                .file("a/one.txt", big(1))
                .file("a/small", b"x")
                .dir("b", 0o755)
                .file("b/lib.so.1", big(2)),
            LayerBuilder::new()
                .dir("c", 0o755)
                .file("c/equal.txt", big(1))
                .hardlink("c/link", "c/equal.txt")
                .symlink("c/to", "../a")
                .file("c/wasted", big(9)),
            LayerBuilder::new().whiteout("c/wasted"),
        ],
        dir.path(),
    );
    let to = dir.path().join("out.tar");
    let shape = Shape::Repack { layer_bytes: 8000 };
    let destination = Destination::DockerArchive(to.clone());
    let done = reshaped(&path, &destination, RangeChoice::All, shape, Encoding::None).unwrap();
    assert_eq!(done.output.layers, 3);
    assert_eq!(
        entries(&to),
        [
            vec!["a", "b", "c", "a/small", "c/to"],
            vec!["b", "b/lib.so.1"],
            vec!["a", "a/one.txt", "c", "c/equal.txt", "c/link"],
        ]
    );
    assert_eq!(tree(&to), tree(&path));
    let config = rslim(&["analyze", to.to_str().unwrap(), "-f", "json"]);
    let report: Value = serde_json::from_str(&config.out).unwrap();
    assert_eq!(report["layers"].as_array().unwrap().len(), 3);
    assert_eq!(report["totals"]["wasted_bytes"], 0);
}

#[test]
fn layers_apart_lose_what_is_not_shown_and_the_others_keep_their_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(
        vec![
            LayerBuilder::new()
                .dir("etc", 0o755)
                .file("etc/base", b"b")
                .hardlink("etc/name", "etc/base"),
            LayerBuilder::new()
                .dir("etc", 0o700)
                .file("etc/old", b"old")
                .file("etc/app", b"1"),
            LayerBuilder::new().dir("tmp", 0o755).file("tmp/x", b"x"),
            LayerBuilder::new()
                .whiteout("etc/old")
                .whiteout("tmp")
                .file("etc/new", b"n")
                .hardlink("etc/third", "etc/base"),
        ],
        dir.path(),
    );
    let to = dir.path().join("out.tar");
    let destination = Destination::DockerArchive(to.clone());
    let done = reshaped(
        &path,
        &destination,
        RangeChoice::All,
        Shape::Apart,
        Encoding::None,
    );
    let done = done.unwrap();
    assert_eq!(
        entries(&to),
        [
            vec!["etc", "etc/base", "etc/name"],
            vec!["etc", "etc/app"],
            // All that it adds is shown: it stays as it is, with its markers.
            vec!["etc/old", "tmp", "etc/new", "etc/third"],
        ]
    );
    assert_eq!((done.output.layers, done.kept), (3, 2));
    assert_eq!(tree(&to), tree(&path));
    // Nothing is left to take out.
    let again = dir.path().join("again.tar");
    let destination = Destination::DockerArchive(again);
    let twice = reshaped(
        &to,
        &destination,
        RangeChoice::All,
        Shape::Apart,
        Encoding::None,
    );
    let twice = twice.unwrap();
    assert_eq!(twice.kept, 3);
    assert_eq!(twice.output.config_digest, done.output.config_digest);
}

#[test]
fn what_fits_is_one_layer() {
    let dir = tempfile::tempdir().unwrap();
    let layers = vec![LayerBuilder::new().file("a", [1; 9000]).file("b", b"x")];
    let path = written(layers, dir.path());
    let to = dir.path().join("out.tar");
    let destination = Destination::DockerArchive(to.clone());
    let shape = Shape::Repack {
        layer_bytes: 10_000,
    };
    let done = reshaped(&path, &destination, RangeChoice::All, shape, Encoding::None).unwrap();
    assert_eq!(done.output.layers, 1);
}

#[test]
fn recompressing_keeps_the_configuration_and_every_diff_id() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(
        vec![
            LayerBuilder::new().file("a", [1; 9000]),
            LayerBuilder::new().whiteout("a").file("b", [2; 900]),
        ],
        dir.path(),
    );
    let mut seen = Vec::new();
    let mut from = path.clone();
    for (name, encoding) in [
        ("zstd", Encoding::Zstd { level: 3 }),
        ("gzip", Encoding::Gzip { level: 9 }),
        ("plain", Encoding::None),
    ] {
        let to = dir.path().join(name);
        let destination = Destination::OciArchive(to.clone());
        let done = reshaped(
            &from,
            &destination,
            RangeChoice::All,
            Shape::Recompress,
            encoding,
        );
        let done = done.unwrap();
        assert_eq!(
            done.input.config_digest, done.output.config_digest,
            "{name}"
        );
        assert_eq!(done.output.layers, 2);
        seen.push(done.output.compressed_bytes);
        let ran = rslim(&["analyze", to.to_str().unwrap(), "-f", "json"]);
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        let media_type = report["layers"][0]["media_type"].as_str().unwrap();
        let ending = if name == "plain" { "tar" } else { name };
        assert!(media_type.ends_with(ending), "{media_type}");
        from = to;
    }
    assert!(seen[0] < seen[2] && seen[1] < seen[2], "{seen:?}");
}

fn two_platforms(shape: IndexShape, path: &Path) {
    let one = |architecture: &str, variant| {
        ImageBuilder::new()
            .layer(
                LayerBuilder::new()
                    .file("arch", architecture.as_bytes())
                    .finish(),
                "ADD a",
            )
            .layer(
                LayerBuilder::new()
                    .whiteout("arch")
                    .file("b", b"x")
                    .finish(),
                "RUN b",
            )
            .platform("linux", architecture, variant)
            .tag("app:1.0")
    };
    let members = oci_layout(&[one("amd64", None), one("arm", Some("v7"))], shape);
    members.write_tar(path).unwrap();
}

#[test]
fn all_platforms_go_into_one_index_in_the_same_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("two.tar");
    two_platforms(IndexShape::NestedWithAttestations, &path);
    let layout = dir.path().join("layout");
    let to = format!("oci:{}:1.0", layout.display());
    let from = path.to_str().unwrap();
    let ran = rslim(&["squash", from, "-o", &to, "--all-platforms", "-f", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report[0]["platform"], "linux/amd64");
    assert_eq!(report[1]["platform"], "linux/arm/v7");
    assert_eq!(ran.err.matches("attestation").count(), 2, "{}", ran.err);
    let json = |path: std::path::PathBuf| -> Value {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let blob = |entry: &Value| {
        let digest = entry["digest"].as_str().unwrap().replace(':', "/");
        json(layout.join("blobs").join(digest))
    };
    let top = json(layout.join("index.json"));
    assert_eq!(top["manifests"].as_array().unwrap().len(), 1);
    let annotations = &top["manifests"][0]["annotations"];
    assert_eq!(annotations["org.opencontainers.image.ref.name"], "1.0");
    let index = blob(&top["manifests"][0]);
    let listed = index["manifests"].as_array().unwrap();
    assert_eq!(listed.len(), 2, "{index}");
    assert_eq!(listed[0]["platform"]["architecture"], "amd64");
    assert_eq!(listed[1]["platform"]["variant"], "v7");
    for entry in listed {
        assert_eq!(blob(entry)["layers"].as_array().unwrap().len(), 1);
    }
    for platform in ["linux/amd64", "linux/arm/v7"] {
        let ran = rslim(&["diff", from, &to, "--platform", platform, "--exit-code"]);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    }
}

#[test]
fn several_platforms_do_not_go_where_one_does() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("two.tar");
    two_platforms(IndexShape::Nested, &path);
    let to = dir.path().join("out.tar");
    let words = ["squash", path.to_str().unwrap(), "--all-platforms", "-o"];
    let ran = rslim(&[&words[..], &[to.to_str().unwrap()]].concat());
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("--platform"), "{}", ran.err);
    assert!(!to.exists());
}

#[test]
fn an_attestation_that_is_left_out_is_mentioned() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("two.tar");
    let to = dir.path().join("out.tar");
    let words = |to: &str| {
        let words = [
            "squash",
            path.to_str().unwrap(),
            "--platform",
            "linux/arm/v7",
            "-o",
            to,
        ];
        rslim(&words)
    };
    two_platforms(IndexShape::NestedWithAttestations, &path);
    let ran = words(to.to_str().unwrap());
    assert!(
        ran.code == Some(0) && ran.err.contains("attestation"),
        "{}",
        ran.err
    );
    two_platforms(IndexShape::Nested, &path);
    let ran = words(to.to_str().unwrap());
    assert!(ran.code == Some(0) && ran.err.is_empty(), "{}", ran.err);
}

#[test]
fn check_says_what_another_tool_broke() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(
        vec![
            LayerBuilder::new().file("a", b"old").hardlink("b", "a"),
            LayerBuilder::new().file("a", b"new"),
        ],
        dir.path(),
    );
    // What crane and docker-squash make of it: the other name has the new bytes.
    let broken = dir.path().join("broken.tar");
    let layer = LayerBuilder::new().file("a", b"new").hardlink("b", "a");
    ImageBuilder::of_layers([layer.finish()])
        .write(Layout::DockerArchive, &broken)
        .unwrap();
    let (path, broken) = (path.to_str().unwrap(), broken.to_str().unwrap());
    let ran = rslim(&["squash", path, "--check", broken]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains('b'), "{}", ran.out);
    let ran = rslim(&["squash", path, "--check", path]);
    assert_eq!(ran.code, Some(0));
    let ran = rslim(&["squash", path, "--check", path, "-o", "x.tar"]);
    assert_eq!(ran.code, Some(2));
    let ran = rslim(&["squash", path]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("--output <DEST>"), "{}", ran.err);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn any_shape_of_any_layers_keeps_their_tree(
        stack in layers(),
        kept in 0usize..3,
        layer_bytes in 0u64..40,
    ) {
        let mut size = 0;
        let tars: Vec<_> = stack.iter().map(|ops| layer_of(ops, &mut size)).collect();
        let kept = kept.min(tars.len());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("image.tar");
        ImageBuilder::of_layers(tars).write(Layout::DockerArchive, &path).unwrap();
        let to = dir.path().join("out");
        let destination = Destination::OciArchive(to.clone());
        for shape in [Shape::Repack { layer_bytes }, Shape::Apart] {
            let range = RangeChoice::Above(kept);
            match reshaped(&path, &destination, range, shape, Encoding::None) {
                Ok(_) => prop_assert_eq!(tree(&to), tree(&path)),
                Err(SquashError::Plan(_)) => {}
                Err(other) => prop_assert!(false, "{}: {:?}", other, shape),
            }
        }
    }
}
