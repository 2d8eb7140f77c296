//! Manifests, indexes and descriptors, read as plain JSON.

use std::io::Read;
use std::path::Path;

use rslim::codec::Limits;
use rslim::layer::NoProgress;
use rslim::rewrite::RangeChoice;
use rslim::sink::{self, Destination};
use rslim::squash::{Request, Shape};
use serde_json::{Value, json};

use super::case::new;
use super::seen::{Written, sha256};
use crate::fixtures::image::{IndexShape, MediaTypes, blob_path, oci_layout};
use crate::fixtures::{Compression, ImageBuilder, Layout, Members};
use crate::folding::fold_as;

/// The documents of an image before their digests are made.
pub struct Parts {
    pub config: Vec<u8>,
    pub manifest: Value,
    /// The entry of `index.json`.
    pub entry: Value,
}

/// An OCI layout with edited documents; digests follow.
pub fn layout(image: &ImageBuilder, edit: impl FnOnce(&mut Parts)) -> Members {
    let mut members = image.members(Layout::Oci);
    let path = |descriptor: &Value| blob_path(descriptor["digest"].as_str().unwrap());
    let entry = members.json("index.json")["manifests"][0].clone();
    let manifest = members.json(&path(&entry));
    let config = members.bytes(&path(&manifest["config"])).to_vec();
    let mut parts = Parts {
        config,
        manifest,
        entry,
    };
    edit(&mut parts);
    let mut add = |descriptor: &mut Value, bytes: Vec<u8>| {
        descriptor["size"] = json!(bytes.len());
        descriptor["digest"] = json!(members.add_blob(bytes));
    };
    add(&mut parts.manifest["config"], parts.config);
    add(&mut parts.entry, parts.manifest.to_string().into_bytes());
    members.edit_json("index.json", |index| {
        index["manifests"] = json!([parts.entry]);
    });
    members
}

/// The layout that folding a layout gives.
pub fn folded(members: &Members, kept: usize, platform: &str, created: Option<&str>) -> Written {
    let place = tempfile::tempdir().unwrap();
    let from = place.path().join("from");
    members.write_dir(&from).unwrap();
    let to = place.path().join("to");
    fold_to(
        &from,
        &Destination::OciLayout(to.clone()),
        kept,
        platform,
        created,
    );
    Written::folder(&to)
}

pub fn fold_to(from: &Path, to: &Destination, kept: usize, platform: &str, created: Option<&str>) {
    let request = Request {
        range: RangeChoice::Above(kept),
        shape: Shape::Fold,
        destination: to,
        writing: sink::OpenOptions::default(),
        encoding: None,
        names: Vec::new(),
        created: created.map(str::to_owned),
        created_by: "a test".to_owned(),
        limits: Limits::default(),
        jobs: 1,
        progress: &NoProgress,
    };
    let done = fold_as(from, platform, &request);
    done.unwrap_or_else(|e| panic!("{}: {e}", from.display()));
}

/// Three layers with steps between that make none.
pub fn three() -> ImageBuilder {
    ImageBuilder::new()
        .layer(new().file("a", "1").finish(), "ADD base.tar /")
        .empty_layer("CMD [\"sh\"]")
        .layer(new().file("b", "2").finish(), "RUN make b")
        .empty_layer("ENV A=b")
        .layer(new().whiteout("b").file("c", "3").finish(), "RUN make c")
        .empty_layer("CMD [\"c\"]")
        .env(&["A=b"])
        .cmd(&["c"])
        .tag("three:1.0")
}

fn gunzip(blob: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(blob);
    decoder.read_to_end(&mut out).unwrap();
    out
}

#[test]
fn digests_sizes_and_diff_ids_are_those_of_the_blobs() {
    let members = three().compression(Compression::Gzip).members(Layout::Oci);
    for kept in 0..=3 {
        let written = folded(&members, kept, "linux/amd64", None);
        // Each blob is looked up by its descriptor, which is checked on that.
        let diff_ids: Vec<String> = written
            .layers()
            .iter()
            .map(|blob| sha256(&gunzip(blob)))
            .collect();
        let config = written.config_json();
        assert_eq!(
            config["rootfs"],
            json!({"type": "layers", "diff_ids": diff_ids})
        );
        // Nothing is there that nobody names.
        let blobs = written.0.keys().filter(|name| name.starts_with("blobs/"));
        assert_eq!(blobs.count(), diff_ids.len() + 2);
        for (name, bytes) in &written.0 {
            if let Some(hex) = name.strip_prefix("blobs/sha256/") {
                assert_eq!(sha256(bytes), format!("sha256:{hex}"));
            }
        }
        assert_eq!(
            written.json("oci-layout"),
            json!({"imageLayoutVersion": "1.0.0"})
        );
    }
}

#[test]
fn annotations_of_manifest_configuration_layers_and_index_entry_stay() {
    let subject =
        json!({"mediaType": MediaTypes::Oci.manifest(), "digest": sha256(b""), "size": 0});
    let members = layout(&three().compression(Compression::Gzip), |parts| {
        let manifest = &mut parts.manifest;
        manifest["annotations"] =
            json!({"of.manifest": "1", "org.opencontainers.image.base.name": "x"});
        manifest["artifactType"] = json!("application/vnd.example");
        manifest["subject"] = subject.clone();
        manifest["invented"] = json!({"a": [null]});
        manifest["config"]["annotations"] = json!({"of.config": "2"});
        manifest["config"]["invented"] = json!(1);
        for layer in 0..3 {
            manifest["layers"][layer]["annotations"] = json!({"of.layer": layer.to_string()});
            manifest["layers"][layer]["invented"] = json!(layer);
        }
        parts.entry["annotations"]["of.entry"] = json!("3");
        parts.entry["artifactType"] = json!("application/vnd.example");
    });
    for kept in 0..=3 {
        let written = folded(&members, kept, "linux/amd64", None);
        let manifest = written.manifest();
        assert_eq!(
            manifest["annotations"],
            json!({"of.manifest": "1", "org.opencontainers.image.base.name": "x"})
        );
        assert_eq!(manifest["artifactType"], "application/vnd.example");
        assert_eq!(manifest["subject"], subject);
        assert_eq!(manifest["invented"], json!({"a": [null]}));
        assert_eq!(manifest["config"]["annotations"], json!({"of.config": "2"}));
        assert_eq!(manifest["config"]["invented"], 1);
        for (index, layer) in manifest["layers"].as_array().unwrap().iter().enumerate() {
            let (annotations, invented) = match index < kept {
                true => (json!({"of.layer": index.to_string()}), json!(index)),
                // What is said of an old layer is not true of the new one.
                false => (Value::Null, Value::Null),
            };
            assert_eq!(layer["annotations"], annotations);
            assert_eq!(layer["invented"], invented);
        }
        let entry = &written.index()["manifests"][0];
        assert_eq!(
            entry["annotations"],
            json!({
                "of.entry": "3",
                "io.containerd.image.name": "docker.io/library/three:1.0",
                "org.opencontainers.image.ref.name": "1.0",
            })
        );
        assert_eq!(entry["artifactType"], "application/vnd.example");
    }
}

/// As the other documents, the entry keeps what nobody knows, and the order of
/// what it has: else the same image would not give the same bytes.
#[test]
fn unknown_keys_of_the_index_entry_and_its_platform_stay() {
    let members = layout(&three(), |parts| {
        parts.entry["invented"] = json!({"a": [null]});
        for name in ["f", "b", "d", "a", "e", "c"] {
            parts.entry["annotations"][name] = json!(name);
        }
        parts.entry["platform"] = json!({
            "architecture": "amd64",
            "os": "linux",
            "os.version": "1.2",
            "os.features": ["f"],
            "invented": 1,
        });
    });
    let written = folded(&members, 1, "linux/amd64", None);
    let text = String::from_utf8_lossy(&written.0["index.json"]);
    let order = r#""annotations":{"a":"a","b":"b","c":"c","d":"d","e":"e","f":"f","#;
    assert!(text.contains(order), "{text}");
    let index = written.index();
    let entry = &index["manifests"][0];
    assert_eq!(entry["invented"], json!({"a": [null]}));
    assert_eq!(
        entry["platform"],
        json!({
            "architecture": "amd64",
            "os": "linux",
            "os.version": "1.2",
            "os.features": ["f"],
            "invented": 1,
        })
    );
}

fn platforms(media: MediaTypes) -> Vec<ImageBuilder> {
    let choices = [("amd64", None), ("arm64", Some("v8")), ("arm", Some("v7"))];
    let image = |(architecture, variant): (&str, Option<&str>)| {
        three()
            .layer(
                new().file("program", architecture).finish(),
                "COPY program /",
            )
            .platform("linux", architecture, variant)
            .compression(Compression::Gzip)
            .media_types(media)
    };
    choices.into_iter().map(image).collect()
}

#[test]
fn of_a_nested_index_the_chosen_platform_is_written_with_its_variant() {
    for media in [MediaTypes::Oci, MediaTypes::Docker] {
        let members = oci_layout(&platforms(media), IndexShape::Nested);
        for (platform, want) in [
            (
                "linux/amd64",
                json!({"os": "linux", "architecture": "amd64"}),
            ),
            (
                "linux/arm64/v8",
                json!({"os": "linux", "architecture": "arm64", "variant": "v8"}),
            ),
            (
                "linux/arm/v7",
                json!({"os": "linux", "architecture": "arm", "variant": "v7"}),
            ),
        ] {
            for kept in [0, 2] {
                let written = folded(&members, kept, platform, None);
                let entries = written.index()["manifests"].clone();
                assert_eq!(entries.as_array().unwrap().len(), 1);
                assert_eq!(entries[0]["platform"], want);
                let config = written.config_json();
                assert_eq!(config["architecture"], want["architecture"]);
                assert_eq!(config["variant"], want["variant"]);
            }
        }
    }
}

#[test]
fn dockers_and_ocis_media_types_are_not_mixed() {
    let members = oci_layout(&platforms(MediaTypes::Docker), IndexShape::Nested);
    for kept in 0..=4 {
        let written = folded(&members, kept, "linux/arm/v7", None);
        let (index, manifest) = (written.index(), written.manifest());
        assert_eq!(index["mediaType"], MediaTypes::Oci.index());
        assert_eq!(
            index["manifests"][0]["mediaType"],
            MediaTypes::Oci.manifest()
        );
        assert_eq!(manifest["mediaType"], MediaTypes::Oci.manifest());
        assert_eq!(manifest["config"]["mediaType"], MediaTypes::Oci.config());
        for layer in manifest["layers"].as_array().unwrap() {
            assert_eq!(layer["mediaType"], MediaTypes::Oci.layer(Compression::Gzip));
        }
        assert!(!format!("{index}{manifest}").contains("vnd.docker"));
    }
}

/// They speak of digests that are no more.
#[test]
fn attestations_beside_an_image_are_no_images_and_do_not_come_along() {
    let images = platforms(MediaTypes::Oci);
    let members = oci_layout(&images, IndexShape::NestedWithAttestations);
    for platform in ["linux/amd64", "linux/arm/v7"] {
        let written = folded(&members, 1, platform, None);
        let index = written.index();
        assert_eq!(index["manifests"].as_array().unwrap().len(), 1);
        for bytes in written.0.values() {
            let text = String::from_utf8_lossy(bytes);
            for word in ["in-toto", "vnd.docker.reference", "unknown"] {
                assert!(!text.contains(word), "{word}");
            }
        }
        let blobs = written.0.keys().filter(|name| name.starts_with("blobs/"));
        assert_eq!(blobs.count(), 4, "a manifest, a configuration, two layers");
    }
}
