//! Squashing: whatever is folded, the file system stays exactly the same.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use rslim::codec::Encoding;
use rslim::rewrite::RangeChoice;
use rslim::sink::Destination;
use rslim::squash::SquashError;
use serde_json::Value;

use crate::fixtures::tar::LayerBuilder;
use crate::fixtures::{self, Expect, ImageBuilder, Layout};
use crate::folding::{every_range, fold, folded_top, has_dangling_link, tree, written};
use crate::merge_model::{layer_of, layers};
use crate::program::rslim;

#[test]
fn every_fixture_keeps_its_tree_whatever_is_folded() {
    let dir = tempfile::tempdir().unwrap();
    for fixture in fixtures::semantic() {
        if !matches!(fixture.expect, Expect::Loads | Expect::Warns) {
            continue;
        }
        let path = fixture.build(dir.path()).unwrap();
        if has_dangling_link(&path) {
            let to = Destination::DockerArchive(dir.path().join("refused.tar"));
            let error = fold(&path, &to, RangeChoice::All, None, 1).unwrap_err();
            assert!(
                error.to_string().contains("hard link"),
                "{}: {error}",
                fixture.name
            );
            assert!(!dir.path().join("refused.tar").exists());
            continue;
        }
        every_range(fixture.name, &path);
    }
}

#[test]
fn only_the_markers_that_the_base_needs_are_written() {
    let base = LayerBuilder::new()
        .file("d/a", "1")
        .file("d/b", "2")
        .file("e", "3");
    let second = LayerBuilder::new()
        .whiteout("d/a")
        .whiteout("nothing")
        .file("new", "4");
    let third = LayerBuilder::new().whiteout("new").whiteout("e");
    assert_eq!(
        folded_top(vec![base, second, third], 1),
        ["gone e", "gone d/a"]
    );
}

#[test]
fn a_directory_that_was_emptied_is_opaque_again() {
    let base = || LayerBuilder::new().file("d/a", "1").file("d/b/c", "2");
    let second = LayerBuilder::new()
        .dir("d", 0o750)
        .opaque("d")
        .file("d/new", "3");
    assert_eq!(
        folded_top(vec![base(), second], 1),
        ["dir d", "opaque d", "file d/new"]
    );
    let second = LayerBuilder::new().whiteout("d");
    let third = LayerBuilder::new().dir("d", 0o700).file("d/x", "3");
    assert_eq!(
        folded_top(vec![base(), second, third], 1),
        ["dir d", "opaque d", "file d/x"]
    );
}

#[test]
fn other_names_of_a_replaced_file_keep_the_old_contents_where_crane_gives_the_new() {
    let base = LayerBuilder::new()
        .file("a", "old")
        .hardlink("b", "a")
        .hardlink("c", "a");
    let second = LayerBuilder::new().file("a", "new!");
    assert_eq!(
        folded_top(vec![base, second], 0),
        ["file a", "file b", "link c"]
    );
}

#[test]
fn a_survivor_becomes_the_file_when_its_target_in_the_base_goes() {
    let base = LayerBuilder::new().file("z", "old").file("y", "other");
    let second = LayerBuilder::new().hardlink("a", "z").hardlink("b", "y");
    let third = LayerBuilder::new().whiteout("z");
    assert_eq!(
        folded_top(vec![base, second, third], 1),
        ["gone z", "file a", "link b"]
    );
}

#[test]
fn the_same_bytes_with_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image.tar");
    let image = fixtures::showcase::waste(1 << 17);
    image.write(Layout::DockerArchive, &path).unwrap();
    for (index, encoding) in [
        Encoding::None,
        Encoding::Gzip { level: 6 },
        Encoding::Zstd { level: 3 },
    ]
    .into_iter()
    .enumerate()
    {
        let mut outputs = Vec::new();
        for jobs in [1, 2, 2] {
            let to = dir.path().join(format!("{index}-{}.tar", outputs.len()));
            let destination = Destination::OciArchive(to.clone());
            fold(&path, &destination, RangeChoice::All, Some(encoding), jobs).unwrap();
            outputs.push(std::fs::read(to).unwrap());
        }
        assert!(
            outputs.windows(2).all(|pair| pair[0] == pair[1]),
            "{encoding}"
        );
    }
}

#[test]
fn other_images_in_a_layout_stay_and_a_name_moves() {
    let dir = tempfile::tempdir().unwrap();
    let layout = dir.path().join("layout");
    // As a program that was killed could leave it.
    std::fs::create_dir_all(layout.join("blobs/sha256")).unwrap();
    let one = written(vec![LayerBuilder::new().file("one", "1")], dir.path());
    let out = |tag: &str| format!("oci:{}:{tag}", layout.display());
    let ran = rslim(&["squash", one.to_str().unwrap(), "-o", &out("one")]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let before = std::fs::read_to_string(layout.join("index.json")).unwrap();
    let two = written(vec![LayerBuilder::new().file("two", "2")], dir.path());
    for _ in 0..2 {
        let ran = rslim(&["squash", two.to_str().unwrap(), "-o", &out("two")]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    }
    let index: Value =
        serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
    let entries = index["manifests"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    let old: Value = serde_json::from_str(&before).unwrap();
    assert_eq!(entries[0], old["manifests"][0]);
    for tag in ["one", "two"] {
        let ran = rslim(&["analyze", &out(tag), "-f", "tree"]);
        assert!(
            ran.out.contains(&format!("\"path\":\"{tag}\"")),
            "{}{}",
            ran.out,
            ran.err
        );
    }
    let left: Vec<_> = std::fs::read_dir(&layout).unwrap().flatten().collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn what_cannot_be_written_leaves_nothing_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let image = written(vec![LayerBuilder::new().file("a", "1")], dir.path());
    let image = image.to_str().unwrap();
    let folder = dir.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("mine"), "x").unwrap();
    for output in [
        format!("oci:{}", folder.display()),
        format!("docker-archive:{}/no/such/x.tar", dir.path().display()),
        format!("docker-archive:{}", folder.display()),
        format!("docker-archive:{image}"),
        "nonsense".to_owned(),
    ] {
        let ran = rslim(&["squash", image, "-o", &output]);
        assert_eq!(ran.code, Some(2), "{output}: {}", ran.err);
        assert!(ran.err.starts_with("error: "), "{}", ran.err);
    }
    let names = std::fs::read_dir(dir.path()).unwrap().flatten();
    let mut names: Vec<_> = names.map(|entry| entry.file_name()).collect();
    names.sort();
    assert_eq!(names, ["folder", "image.tar"]);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn ranges_that_make_no_sense_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let layers = vec![
        LayerBuilder::new().file("a", "1"),
        LayerBuilder::new().file("b", "2"),
    ];
    let image = written(layers, dir.path());
    let out = dir.path().join("out.tar");
    for (words, said) in [
        (&["--last", "3"][..], "2 layers"),
        (&["--from", "7"], "no layer"),
        (&["--from", "ffffffffffff"], "no layer"),
        (&["--all", "--last", "1"], "cannot be used with"),
        (&["--keep-base"], "--keep-base"),
        (&["--level", "3"], "--compression"),
        (&["--compression", "gzip", "--level", "10"], "levels 0 to 9"),
    ] {
        let mut all = vec![
            "squash",
            image.to_str().unwrap(),
            "-o",
            out.to_str().unwrap(),
        ];
        all.extend(words);
        let ran = rslim(&all);
        assert_eq!(ran.code, Some(2), "{words:?}: {}", ran.err);
        assert!(ran.err.contains(said), "{words:?}: {}", ran.err);
        assert!(!out.exists());
    }
}

#[test]
fn every_key_of_the_configuration_survives() {
    let dir = tempfile::tempdir().unwrap();
    let layers = vec![LayerBuilder::new().file("a", "1").finish(); 2];
    let config = r#"{"Env":["A=b","PATH=/bin"],"Entrypoint":["/a"],"Cmd":null,"User":"1:2",
        "WorkingDir":"/w","Volumes":{"/v":{}},"ExposedPorts":{"80/tcp":{}},"Labels":{"a":"b"},
        "Healthcheck":{"Test":["CMD","x"],"StartInterval":5000000000},"OnBuild":["RUN x"],
        "StopSignal":"SIGUSR1","StopTimeout":7,"Shell":["/bin/sh","-c"],"ArgsEscaped":true,
        "Memory":1.50,"Invented":{"z":1,"a":[null]}}"#;
    let path = dir.path().join("image.tar");
    let fields: BTreeMap<String, Value> = serde_json::from_str(config).unwrap();
    let image = fields
        .iter()
        .fold(ImageBuilder::of_layers(layers), |image, (key, value)| {
            image.run_field(key, value.clone())
        });
    image.write(Layout::DockerArchive, &path).unwrap();
    let to = dir.path().join("layout");
    fold(
        &path,
        &Destination::OciLayout(to.clone()),
        RangeChoice::All,
        None,
        1,
    )
    .unwrap();
    let find = |bytes: &[u8]| -> Option<Value> {
        let json: Value = serde_json::from_slice(bytes).ok()?;
        json.get("rootfs").is_some().then_some(json)
    };
    let blobs = std::fs::read_dir(to.join("blobs/sha256"))
        .unwrap()
        .flatten();
    let written = blobs.filter_map(|blob| find(&std::fs::read(blob.path()).unwrap()));
    let written: Vec<Value> = written.collect();
    assert_eq!(written.len(), 1);
    for (key, value) in &fields {
        assert_eq!(&written[0]["config"][key], value, "{key}");
    }
    let ids = written[0]["rootfs"]["diff_ids"].as_array().unwrap();
    let history = written[0]["history"].as_array().unwrap();
    let made: Vec<_> = history
        .iter()
        .filter(|h| h["empty_layer"] != true)
        .collect();
    assert_eq!((ids.len(), made.len()), (1, 1));
}

#[test]
fn diff_names_what_another_squasher_broke() {
    let dir = tempfile::tempdir().unwrap();
    let layers = vec![
        LayerBuilder::new()
            .file("a", "old")
            .hardlink("b", "a")
            .file("gone", "1"),
        LayerBuilder::new().file("a", "new!").whiteout("gone"),
    ];
    let image = written(layers, dir.path());
    let broken = dir.path().join("broken");
    std::fs::create_dir(&broken).unwrap();
    // What crane makes of it: the other name has the new contents.
    let flat = vec![LayerBuilder::new().file("a", "new!").hardlink("b", "a")];
    let flat = written(flat, &broken);
    let (image, flat) = (image.to_str().unwrap(), flat.to_str().unwrap());
    let ran = rslim(&["diff", image, flat, "--exit-code"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(
        ran.out.starts_with("~ /b  content, 3 B to 4 B\n"),
        "{}",
        ran.out
    );
    let ran = rslim(&["diff", image, flat, "-f", "json"]);
    assert_eq!(ran.code, Some(0));
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["totals"]["changed"]["paths"], 1);
    assert_eq!(report["changes"][0]["path"], "b");
    let to = dir.path().join("ours.tar");
    let destination = Destination::DockerArchive(to.clone());
    fold(Path::new(image), &destination, RangeChoice::All, None, 1).unwrap();
    let ran = rslim(&["diff", image, to.to_str().unwrap(), "--exit-code"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_layers_keep_their_tree(stack in layers(), kept in 0usize..4, compress: bool) {
        let mut size = 0;
        let tars: Vec<_> = stack.iter().map(|ops| layer_of(ops, &mut size)).collect();
        let kept = kept.min(tars.len());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("image.tar");
        ImageBuilder::of_layers(tars).write(Layout::DockerArchive, &path).unwrap();
        let to = dir.path().join("out");
        let encoding = compress.then_some(Encoding::Gzip { level: 1 });
        let destination = Destination::OciArchive(to.clone());
        match fold(&path, &destination, RangeChoice::Above(kept), encoding, 1) {
            Ok(_) => prop_assert_eq!(tree(&to), tree(&path)),
            Err(SquashError::Plan(_)) => prop_assert!(has_dangling_link(&path)),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}
