//! What the smaller image is like: nothing that stays has changed.

use std::fs;

use serde_json::Value;

use super::{Lab, packages, tree};
use crate::fixtures::ImageBuilder;
use crate::fixtures::elf::Elf;
use crate::fixtures::showcase::service;
use crate::fixtures::tar::{Entry, LayerBuilder};
use crate::program::rslim;

#[test]
fn what_stays_keeps_contents_owners_modes_times_attributes_and_links() {
    let lab = Lab::new(&service());
    let before = tree(lab.image().as_ref());
    for tier in ["safe", "package", "file"] {
        for (path, after) in lab.slimmed(&["--tier", tier]) {
            let whole = before.get(&path).unwrap_or_else(|| panic!("{path} is new"));
            // Written anew, without the packages that are gone.
            if path != "var/lib/dpkg/status" {
                let mut whole = whole.clone();
                // A name of a file whose other name is gone is a file of its own.
                if !after.as_object().unwrap().contains_key("hardlink") {
                    whole.as_object_mut().unwrap().remove("hardlink");
                }
                assert_eq!(after, whole, "{path} at tier {tier}");
            }
        }
    }
}

#[test]
fn the_setgid_directory_of_a_package_and_the_empty_ones_of_nobody_stay() {
    let lab = Lab::new(&service());
    let tree = lab.slimmed(&["--tier", "file"]);
    for path in [
        "var/spool/jobs",
        "srv/app/cache",
        "var/lib/service",
        "tmp",
        "var/log",
        "proc",
    ] {
        if path != "var/spool/jobs" {
            assert!(tree.contains_key(path), "{path} is gone");
        }
    }
    assert_eq!(tree["tmp"]["mode"], "1777");
    let tree = lab.slimmed(&[]);
    assert_eq!(tree["var/spool/jobs"]["mode"], "2770");
    assert_eq!(tree["var/spool/jobs"]["uid"], 33);
}

#[test]
fn links_that_stay_lead_where_they_led_and_others_go() {
    let lab = Lab::new(&service());
    let before = tree(lab.image().as_ref());
    let after = lab.slimmed(&[]);
    let dangling = |tree: &std::collections::BTreeMap<String, Value>, path: &str| {
        let target = tree[path]["link"].as_str().unwrap().to_owned();
        let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
        let full = match target.strip_prefix("../") {
            Some(up) => {
                let above = dir.rsplit_once('/').map_or("", |(above, _)| above);
                format!("{above}/{up}").trim_start_matches('/').to_owned()
            }
            None => format!("{dir}/{target}").trim_start_matches('/').to_owned(),
        };
        !tree.contains_key(&full)
    };
    for (path, entry) in &after {
        if entry["type"] == "symlink" {
            assert_eq!(dangling(&after, path), dangling(&before, path), "{path}");
        }
    }
}

#[test]
fn the_package_database_lists_what_is_there() {
    let lab = Lab::new(&service());
    let tree = lab.slimmed(&[]);
    let status = contents(&lab, "var/lib/dpkg/status");
    assert_eq!(
        packages(&status),
        ["base-files", "libc6", "libtls3", "dash", "grep", "spool"]
    );
    let records: Vec<&str> = tree
        .keys()
        .filter_map(|path| path.strip_prefix("var/lib/dpkg/info/"))
        .filter_map(|name| name.strip_suffix(".list"))
        .collect();
    assert_eq!(
        records,
        ["base-files", "dash", "grep", "libc6", "libtls3", "spool"]
    );
    // Licences of what stays, and of nothing else.
    let licences: Vec<&String> = tree
        .keys()
        .filter(|path| path.ends_with("/copyright"))
        .collect();
    assert_eq!(licences.len(), 6);
    let ran = rslim(&[
        "analyze",
        "-f",
        "json",
        lab.path("small.tar").to_str().unwrap(),
    ]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["packages"].as_array().unwrap().len(), 6);
}

#[test]
fn nothing_is_in_the_result_that_was_not_in_the_image() {
    let lab = Lab::new(&service());
    let before = tree(lab.image().as_ref());
    let after = lab.slimmed(&[]);
    assert!(after.keys().all(|path| before.contains_key(path)));
}

#[test]
fn equal_input_gives_equal_bytes() {
    let lab = Lab::new(&service());
    lab.slimmed(&[]);
    let first = fs::read(lab.path("small.tar")).unwrap();
    lab.slimmed(&["-j", "1"]);
    assert_eq!(first, fs::read(lab.path("small.tar")).unwrap());
    // And once more is no less.
    let small = lab.path("small.tar");
    let again = lab.path("again.tar");
    let words = [
        "slim",
        small.to_str().unwrap(),
        "-o",
        again.to_str().unwrap(),
    ];
    assert_eq!(rslim(&words).code, Some(0));
    assert_eq!(tree(&small), tree(&again));
}

#[test]
fn the_configuration_stays_and_history_says_what_was_done() {
    let lab = Lab::new(&service());
    lab.slimmed(&["--created", "1700000000"]);
    let config = config(&lab.path("small.tar"));
    assert_eq!(config["config"]["User"], "web");
    assert_eq!(config["config"]["Entrypoint"][0], "/usr/local/bin/entry.sh");
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 1);
    let history = config["history"].as_array().unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0]["created_by"], "rslim slim --tier package");
}

#[test]
fn layers_of_the_base_stay_as_they_are() {
    let lab = Lab::new(&service());
    let before = config(lab.image().as_ref());
    let after_tree = lab.slimmed(&["--keep-base"]);
    let after = config(&lab.path("small.tar"));
    assert_eq!(
        after["rootfs"]["diff_ids"][0],
        before["rootfs"]["diff_ids"][0]
    );
    assert_eq!(after["rootfs"]["diff_ids"].as_array().unwrap().len(), 2);
    // All of the base is there; of the rest, what is needed.
    assert!(after_tree.contains_key("usr/bin/tool"));
    assert!(!after_tree.contains_key("root/.cache/pip/http/1f"));
}

#[test]
fn a_survivor_of_two_names_keeps_the_contents() {
    let layer = LayerBuilder::new()
        .dirs(["srv/app"])
        .entry(Entry::hardlink("srv/app/grep-copy", "usr/bin/grep"))
        .finish();
    let lab = Lab::new(&service().layer(layer, "RUN ln /usr/bin/grep /srv/app/grep-copy"));
    let before = tree(lab.image().as_ref());
    let after = lab.slimmed(&["--exclude", "usr/bin/egrep"]);
    assert_eq!(
        after["srv/app/grep-copy"]["digest"],
        before["usr/bin/grep"]["digest"]
    );
}

/// The configuration in a docker archive.
fn config(image: &std::path::Path) -> Value {
    let manifest: Value = serde_json::from_slice(&member(image, "manifest.json")).unwrap();
    let name = manifest[0]["Config"].as_str().unwrap();
    serde_json::from_slice(&member(image, name)).unwrap()
}

fn member(image: &std::path::Path, name: &str) -> Vec<u8> {
    let mut archive = tar::Archive::new(fs::File::open(image).unwrap());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path().unwrap().to_str() == Some(name) {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
            return bytes;
        }
    }
    panic!("{name} is not in the archive");
}

/// The contents of a file of the only layer of `small.tar`.
fn contents(lab: &Lab, path: &str) -> String {
    let small = lab.path("small.tar");
    let manifest: Value = serde_json::from_slice(&member(&small, "manifest.json")).unwrap();
    let layer = member(&small, manifest[0]["Layers"][0].as_str().unwrap());
    let mut archive = tar::Archive::new(layer.as_slice());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path().unwrap().to_str() == Some(path) {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
            return text;
        }
    }
    panic!("{path} is not in the layer");
}

#[test]
fn layers_of_which_all_stays_are_shared_with_the_image() {
    let base = LayerBuilder::new()
        .dir("app", 0o755)
        .entry(Entry::file("app/run", Elf::default().bytes()).mode(0o755))
        .dir("unused", 0o755)
        .file("unused/data", [7; 5000]);
    let top = LayerBuilder::new()
        .file("app/lib", b"used")
        .symlink("app/link", "lib");
    let gone = LayerBuilder::new().file("unused/more", [8; 5000]);
    let image = ImageBuilder::of_layers([base.finish(), top.finish(), gone.finish()])
        .entrypoint(&["/app/run"]);
    let lab = Lab::new(&image);
    let report = |words: &[&str]| -> Value {
        let mut all = vec!["-f", "json", "--exclude", "unused"];
        all.extend_from_slice(words);
        let ran = lab.slim(&all);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        serde_json::from_str(&ran.out).unwrap()
    };
    let ids = |path: &str| -> Vec<Value> {
        let ran = rslim(&["analyze", path, "-f", "json"]);
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        let layers = report["layers"].as_array().unwrap();
        layers.iter().map(|l| l["diff_id"].clone()).collect()
    };
    let one = report(&[]);
    let folded = tree(&lab.path("small.tar"));
    let apart = report(&["--per-layer"]);
    let small = lab.path("small.tar");
    assert_eq!(tree(&small), folded, "the file system is the same");
    assert_eq!(one["tree"], apart["tree"]);
    assert_eq!(
        (&one["output"]["layers"], &apart["output"]["layers"]),
        (&Value::from(1), &Value::from(2)),
    );
    let (before, after) = (ids(lab.image()), ids(small.to_str().unwrap()));
    assert_ne!(before[0], after[0], "it holds less");
    assert_eq!(before[1], after[1], "it is shared");
}
