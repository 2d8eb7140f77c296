//! What is waste, how much, and whose.

use serde_json::{Value, json};

use crate::fixtures::tar::{Entry, LayerBuilder};
use crate::fixtures::{self, Compression, ImageBuilder, Layout, showcase};
use crate::program::report;

fn waste_report() -> Value {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("waste.tar");
    showcase::waste(100_000)
        .write(Layout::DockerArchive, &path)
        .unwrap();
    report(&path)
}

#[test]
fn each_kind_of_waste_is_counted_to_the_byte() {
    let report = waste_report();
    assert_eq!(
        report["waste"][0],
        json!({
            "kind": "deleted", "path": "opt/toolchain.tar", "bytes": 3_000_000,
            "stored_in": 2, "wasted_by": 6
        })
    );
    assert_eq!(
        report["waste"][1],
        json!({
            "kind": "metadata", "path": "srv/model.bin", "bytes": 2_000_000,
            "stored_in": 3, "wasted_by": 7
        })
    );
    let lists: Vec<&Value> = report["waste"].as_array().unwrap()[2..].iter().collect();
    assert_eq!(lists.len(), 8);
    for list in lists {
        assert_eq!(list["kind"], "deleted");
        assert_eq!(list["cache"], "apt-lists");
        assert_eq!(list["bytes"], 500_000);
        assert_eq!(
            (&list["stored_in"], &list["wasted_by"]),
            (&json!(1), &json!(5))
        );
    }
    assert_eq!(report["totals"]["wasted_bytes"], 9_000_000);
}

/// Copies are proved across layers that are read in different ways.
#[test]
fn copies_are_found_between_compressed_and_plain_layers() {
    let dir = tempfile::tempdir().unwrap();
    let content = fixtures::content::noise(9, 50_000);
    let first = LayerBuilder::new()
        .file("a", &content)
        .file("owned", &content[..40_000])
        .finish();
    let second = LayerBuilder::new()
        .file("b", &content)
        .entry(Entry::file("owned", &content[..40_000]).owner(1, 1))
        .finish();
    let pairs = [
        (Compression::None, Compression::Gzip),
        (Compression::Gzip, Compression::None),
    ];
    for (lower, upper) in pairs {
        let image = ImageBuilder::new()
            .layer_in(first.clone(), "COPY a /", lower)
            .layer_in(second.clone(), "COPY b /", upper);
        let path = dir.path().join("mixed.tar");
        image.write(Layout::OciArchive, &path).unwrap();
        let report = report(&path);
        assert_eq!(
            report["waste"][0]["kind"], "metadata",
            "{lower:?} below {upper:?}"
        );
        assert_eq!(report["duplicates"][0]["paths"], json!(["a", "b"]));
    }
}

#[test]
fn caches_that_stay_are_named() {
    let report = waste_report();
    let caches = report["caches"].as_array().unwrap();
    assert_eq!(caches.len(), 1, "{caches:#?}");
    let cache = &caches[0];
    assert_eq!(cache["tool"], "pip");
    assert_eq!(cache["path"], "root/.cache/pip");
    assert_eq!(cache["bytes"], 500_000);
    assert_eq!(cache["files"], 2);
    assert_eq!(cache["layer"], 4);
    assert_eq!(report["totals"]["cache_bytes"], 500_000);
}

#[test]
fn the_largest_saving_is_the_first_advice() {
    let report = waste_report();
    let first = &report["recommendations"][0];
    assert_eq!(first["saves_bytes"], 4_000_000);
    assert_eq!(first["layer"], 1);
    assert_eq!(first["id"], "waste-deleted");
}

#[test]
fn the_base_is_told_by_comments_labels_and_history() {
    let dir = tempfile::tempdir().unwrap();
    #[track_caller]
    fn check(dir: &std::path::Path, name: &str, want: Value) {
        let path = fixtures::by_name(name).unwrap().build(dir).unwrap();
        assert_eq!(report(&path)["image"]["base"], want, "{name}");
    }
    check(
        dir.path(),
        "buildah-history",
        json!({"layers": 1, "name": "registry.example.org/base:1.0", "evidence": "comment"}),
    );
    let path = fixtures::by_name("base-image")
        .unwrap()
        .build(dir.path())
        .unwrap();
    let base = &report(&path)["image"]["base"];
    assert_eq!(base["evidence"], "history");
    assert_eq!(base["layers"], 2);
}

#[test]
fn packages_are_listed_with_what_they_take() {
    let dir = tempfile::tempdir().unwrap();
    let path = fixtures::by_name("packages")
        .unwrap()
        .build(dir.path())
        .unwrap();
    let report = report(&path);
    let packages = report["packages"].as_array().unwrap();
    for manager in ["dpkg", "apk", "pip", "npm"] {
        let found = packages.iter().find(|p| p["manager"] == manager);
        let package = found.unwrap_or_else(|| panic!("no {manager} package in {packages:#?}"));
        assert!(package["bytes"].as_u64() > Some(0), "{package}");
    }
}
