//! One image is one image, however it is packed.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::fixtures::{self, Compression, Fixture, Layout};
use crate::program::report;

/// Takes out what packing changes: where the image is, how its documents and
/// blobs are digested, and how small its blobs are.
fn same_in_all_layouts(mut report: Value) -> Value {
    for key in ["reference", "source", "digest", "config_digest"] {
        report["image"][key] = Value::Null;
    }
    report["totals"]["compressed_bytes"] = Value::Null;
    for layer in report["layers"].as_array_mut().expect("layers") {
        for key in ["digest", "media_type", "compressed_bytes"] {
            layer[key] = Value::Null;
        }
    }
    report
}

fn check(fixture: &Fixture, dir: &Path) {
    let image = fixture.image().expect("an image for any layout");
    let mut first: Option<Value> = None;
    for layout in Layout::ALL {
        for compression in Compression::ALL {
            let name = format!("{}-{}-{}", fixture.name, layout.name(), compression.name());
            let path = dir.join(&name);
            let image = image.clone().compression(compression);
            image.write(layout, &path).expect("the fixture is written");
            let report = same_in_all_layouts(report(&path));
            match &first {
                None => first = Some(report),
                Some(first) => assert!(
                    *first == report,
                    "{name} differs:\n{first:#}\nbecame\n{report:#}"
                ),
            }
            match path.is_dir() {
                true => fs::remove_dir_all(&path),
                false => fs::remove_file(&path),
            }
            .expect("our own file goes");
        }
    }
}

#[test]
fn layouts_and_compressions_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let images = fixtures::semantic();
    for fixture in images.iter().filter(|fixture| fixture.image().is_some()) {
        check(fixture, dir.path());
    }
    check(&fixtures::by_name("demo").unwrap(), dir.path());
}

/// A compressed archive passes once, with nothing kept but documents.
#[test]
fn compressed_archives_are_read_as_they_pass() {
    let dir = tempfile::tempdir().unwrap();
    for layout in [
        Layout::DockerArchive,
        Layout::DockerArchiveLegacy,
        Layout::OciArchive,
    ] {
        let image = fixtures::showcase::demo();
        let plain = dir.path().join("plain.tar");
        image.write(layout, &plain).unwrap();
        let bytes = fs::read(&plain).unwrap();
        let want = same_in_all_layouts(report(&plain));
        for compression in [
            Compression::Gzip,
            Compression::GzipMembers,
            Compression::Zstd,
        ] {
            let packed = dir.path().join("packed");
            fs::write(&packed, compression.compress(&bytes)).unwrap();
            let got = same_in_all_layouts(report(&packed));
            assert!(got == want, "{} {}", layout.name(), compression.name());
        }
    }
}

#[test]
fn each_way_of_packing_is_read() {
    let dir = tempfile::tempdir().unwrap();
    for fixture in fixtures::layouts() {
        let path = fixture.build(dir.path()).unwrap();
        super::semantic::check_expectation(&fixture, &path);
    }
}
