//! How layers are stored: their media types, and those that must not be
//! folded or cannot be read.

use std::io::Read;
use std::path::Path;

use rslim::codec::{Encoding, Limits};
use rslim::layer::NoProgress;
use rslim::rewrite::RangeChoice;
use rslim::sink::{self, Destination};
use rslim::squash::{Request, Shape};
use serde_json::json;

use super::case::{case_of, new, said};
use super::documents::layout;
use super::seen::{Seen, Written, dir, entries, file};
use crate::fixtures::image::compress::{gzip, skippable, zstd};
use crate::fixtures::image::{DockerStyle, MediaTypes, docker_archive};
use crate::fixtures::{Compression, ImageBuilder, Layout};
use crate::folding::{fold, fold_as};

/// Two layers, of which the second deletes a file of the first.
fn image() -> ImageBuilder {
    ImageBuilder::of_layers([
        new().dirs(["d"]).file("d/a", "1").file("b", "2").finish(),
        new().whiteout("d/a").file("c", "3").finish(),
    ])
}

fn inflated(media_type: &str, blob: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match media_type {
        "application/vnd.oci.image.layer.v1.tar" => out.extend(blob),
        "application/vnd.oci.image.layer.v1.tar+gzip" => {
            let mut decoder = flate2::read::MultiGzDecoder::new(blob);
            decoder.read_to_end(&mut out).unwrap();
        }
        "application/vnd.oci.image.layer.v1.tar+zstd" => out = zstd::decode_all(blob).unwrap(),
        other => panic!("{other}"),
    }
    out
}

fn media_types(written: &Written) -> Vec<String> {
    let manifest = written.manifest();
    let layers = manifest["layers"].as_array().unwrap().iter();
    let types = layers.map(|layer| layer["mediaType"].as_str().unwrap().to_owned());
    types.collect()
}

#[test]
fn layers_of_every_compression_and_of_dockers_and_ocis_media_types() {
    let place = tempfile::tempdir().unwrap();
    let oci = "application/vnd.oci.image.layer.v1.tar";
    for how in Compression::ALL {
        for media in [MediaTypes::Oci, MediaTypes::Docker] {
            let image = image().compression(how).media_types(media);
            let from = place.path().join(format!("{}-{media:?}", how.name()));
            image.write(Layout::Oci, &from).unwrap();
            let old = Written::folder(&from);
            let kept_type = match how {
                Compression::None => oci.to_owned(),
                Compression::Gzip | Compression::GzipMembers => format!("{oci}+gzip"),
                Compression::Zstd | Compression::ZstdFrames => format!("{oci}+zstd"),
            };
            for (encoding, new_type) in [
                (Encoding::None, oci.to_owned()),
                (Encoding::Gzip { level: 6 }, format!("{oci}+gzip")),
                (Encoding::Zstd { level: 3 }, format!("{oci}+zstd")),
            ] {
                let to = place
                    .path()
                    .join(format!("{}-{media:?}-{encoding}", how.name()));
                let destination = Destination::OciLayout(to.clone());
                fold(
                    &from,
                    &destination,
                    RangeChoice::Above(1),
                    Some(encoding),
                    1,
                )
                .unwrap();
                let new = Written::folder(&to);
                assert_eq!(media_types(&new), [kept_type.clone(), new_type.clone()]);
                // The kept blob stays byte for byte.
                assert_eq!(new.layers()[0], old.layers()[0]);
                let top = entries(&inflated(&new_type, new.layers()[1]));
                let top: Vec<_> = top.iter().map(Seen::kind_and_path).collect();
                assert_eq!(top, ["file c", "gone d/a"]);
            }
        }
    }
}

#[test]
fn zstd_chunked_frames_and_skippable_frames_are_one_layer() {
    let tar = new().file("a", [b'a'; 5000]).file("b", "2").finish();
    let (first, second) = tar.split_at(700);
    let mut blob = skippable(b"in front");
    blob.extend(zstd(first));
    blob.extend(skippable(b"between"));
    blob.extend(zstd(second));
    // Where zstd:chunked keeps its table of contents.
    blob.extend(skippable(&zstd(b"{\"version\":1,\"entries\":[]}")));
    let diff_id = crate::fixtures::image::compress::digest(&tar);
    case_of(ImageBuilder::new().layer_blob(blob, &diff_id, None))
        .tree([file("a", [b'a'; 5000]), file("b", "2")])
        .check();
}

/// Whoever unpacks an eStargz layer without knowing the format gets its table
/// of contents and its landmark as files, so that they are in the file system.
#[test]
fn the_table_of_contents_of_estargz_stays_the_file_that_runtimes_unpack() {
    let first = new().file(".prefetch.landmark", "\x0f").file("a", "1");
    let table = new().file("stargz.index.json", "{\"version\":1,\"entries\":[]}");
    let (first, table) = (first.finish_without_end(), table.finish());
    let tar = [first.clone(), table.clone()].concat();
    let blob = [gzip(&first), gzip(&table)].concat();
    let diff_id = crate::fixtures::image::compress::digest(&tar);
    case_of(ImageBuilder::new().layer_blob(blob, &diff_id, None))
        .tree([
            file(".prefetch.landmark", "\x0f"),
            file("a", "1"),
            file("stargz.index.json", "{\"version\":1,\"entries\":[]}"),
        ])
        .check();
}

/// The annotation that leads to the table would be wrong of another blob.
#[test]
fn annotations_of_a_folded_estargz_layer_go_with_it() {
    let place = tempfile::tempdir().unwrap();
    let from = place.path().join("from");
    let members = layout(&image().compression(Compression::Gzip), |parts| {
        for layer in parts.manifest["layers"].as_array_mut().unwrap() {
            layer["annotations"] = json!({"containerd.io/snapshot/stargz/toc.digest": "sha256:0"});
        }
    });
    members.write_dir(&from).unwrap();
    for (kept, want) in [(0, 0), (1, 1), (2, 2)] {
        let to = place.path().join(format!("to-{kept}"));
        let destination = Destination::OciLayout(to.clone());
        fold(&from, &destination, RangeChoice::Above(kept), None, 1).unwrap();
        let manifest = Written::folder(&to).manifest().to_string();
        assert_eq!(manifest.matches("toc.digest").count(), want);
    }
}

fn refused(from: &Path, kept: usize) -> String {
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("out.tar");
    let destination = Destination::DockerArchive(to.clone());
    let error = fold(from, &destination, RangeChoice::Above(kept), None, 1).unwrap_err();
    assert!(!to.exists());
    said(&error)
}

#[test]
fn foreign_layers_that_are_elsewhere_are_refused() {
    let place = tempfile::tempdir().unwrap();
    for media in [MediaTypes::Oci, MediaTypes::Docker] {
        let from = place.path().join(format!("{media:?}"));
        let image = ImageBuilder::new()
            .foreign_layer(new().file("a", "1").finish(), "https://example.org/a")
            .layer(new().file("b", "2").finish(), "COPY b /")
            .media_types(media);
        image.write(Layout::Oci, &from).unwrap();
        let said = refused(&from, 0);
        assert!(said.contains("layer 0 is foreign"), "{said}");
        assert!(said.contains("--from"), "{said}");
        let said = refused(&from, 1);
        assert!(said.contains("not in the image"), "{said}");
    }
}

/// Some tools fetch foreign layers into a layout: their bytes are at hand, and
/// still may not be handed on in another layer.
#[test]
fn foreign_layers_that_are_in_the_image_are_kept_and_never_folded() {
    let place = tempfile::tempdir().unwrap();
    let foreign = [
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ];
    for (index, media_type) in foreign.into_iter().enumerate() {
        let from = place.path().join(format!("from-{index}"));
        let members = layout(&image().compression(Compression::Gzip), |parts| {
            parts.manifest["layers"][0]["mediaType"] = json!(media_type);
            parts.manifest["layers"][0]["urls"] = json!(["https://example.org/a"]);
        });
        members.write_dir(&from).unwrap();
        let said = refused(&from, 0);
        assert!(said.contains("layer 0 is foreign"), "{said}");
        let to = place.path().join(format!("to-{index}"));
        let destination = Destination::OciLayout(to.clone());
        fold(&from, &destination, RangeChoice::Above(1), None, 1).unwrap();
        let (old, new) = (Written::folder(&from), Written::folder(&to));
        assert_eq!(new.layers()[0], old.layers()[0]);
        let kept = &new.manifest()["layers"][0];
        assert_eq!(kept["mediaType"], foreign[0]);
        assert_eq!(kept["urls"], json!(["https://example.org/a"]));
        // Not compressed it is foreign as well.
        let to = place.path().join(format!("to-{index}.tar"));
        let destination = Destination::DockerArchive(to.clone());
        fold(&from, &destination, RangeChoice::Above(1), None, 1).unwrap();
        let plain = foreign[0].trim_end_matches("+gzip");
        assert_eq!(media_types(&Written::archive(&to))[0], plain);
    }
}

#[test]
fn encrypted_layers_are_refused() {
    let place = tempfile::tempdir().unwrap();
    for encrypted in [0, 1] {
        let from = place.path().join(format!("from-{encrypted}"));
        let members = layout(&image().compression(Compression::Gzip), |parts| {
            let layer = &mut parts.manifest["layers"][encrypted];
            layer["mediaType"] = json!("application/vnd.oci.image.layer.v1.tar+gzip+encrypted");
        });
        members.write_dir(&from).unwrap();
        for kept in 0..=2 {
            let said = refused(&from, kept);
            assert!(said.contains("+encrypted"), "{said}");
        }
    }
}

#[test]
fn windows_images_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let from = place.path().join("windows.tar");
    let base = new()
        .dirs(["Files", "Files/Windows", "Hives"])
        .file("Hives/System_Base", "x")
        .finish();
    let image = ImageBuilder::of_layers([base]).platform("windows", "amd64", None);
    docker_archive(&[image], DockerStyle::Hybrid)
        .write_tar(&from)
        .unwrap();
    let to = place.path().join("out.tar");
    let request = Request {
        range: RangeChoice::All,
        shape: Shape::Fold,
        destination: &Destination::DockerArchive(to.clone()),
        writing: sink::OpenOptions::default(),
        encoding: None,
        names: Vec::new(),
        created: None,
        created_by: String::new(),
        limits: Limits::default(),
        jobs: 1,
        progress: &NoProgress,
    };
    let error = fold_as(&from, "windows/amd64", &request).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the image is for windows; only Linux images can be squashed"
    );
    assert!(!to.exists());
}

#[test]
fn each_layer_of_an_image_may_be_compressed_in_another_way() {
    let layer = |name: &str| new().file(name, name).finish();
    let image = ImageBuilder::new()
        .layer_in(new().dirs(["d"]).finish(), "COPY d /", Compression::None)
        .layer_in(layer("d/gzip"), "COPY a /", Compression::Gzip)
        .layer_in(layer("d/members"), "COPY b /", Compression::GzipMembers)
        .layer_in(layer("d/zstd"), "COPY c /", Compression::Zstd)
        .layer_in(layer("d/frames"), "COPY d /", Compression::ZstdFrames);
    case_of(image)
        .tree([
            dir("d"),
            file("d/frames", "d/frames"),
            file("d/gzip", "d/gzip"),
            file("d/members", "d/members"),
            file("d/zstd", "d/zstd"),
        ])
        .check();
}
