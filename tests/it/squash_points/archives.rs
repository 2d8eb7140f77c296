//! Docker archives of all ages, read and written.

use std::path::Path;

use rslim::sink::Destination;
use serde_json::json;

use super::case::new;
use super::documents::{fold_to, three};
use super::seen::{Seen, Written, file, listed};
use crate::fixtures::image::{DockerStyle, docker_archive};
use crate::fixtures::{Compression, ImageBuilder, Members};
use crate::folding::fold;

/// The archive that folding above `kept` layers of an archive gives.
fn folded(members: &Members, reference: &str, kept: usize) -> (Written, Vec<Seen>) {
    let place = tempfile::tempdir().unwrap();
    let from = place.path().join("from.tar");
    members.write_tar(&from).unwrap();
    let name = match reference {
        "" => from.display().to_string(),
        reference => format!("docker-archive:{}:{reference}", from.display()),
    };
    let to = place.path().join("to.tar");
    let destination = Destination::DockerArchive(to.clone());
    fold_to(Path::new(&name), &destination, kept, "linux/amd64", None);
    (Written::archive(&to), listed(&to))
}

#[test]
fn archives_of_every_age_are_read_and_written_as_the_newest() {
    let styles = [
        DockerStyle::Legacy,
        DockerStyle::LegacyLinked,
        DockerStyle::Hybrid,
        DockerStyle::Podman,
        DockerStyle::Kaniko,
        DockerStyle::KanikoDigests,
    ];
    for style in styles {
        let compression = match style {
            DockerStyle::Kaniko | DockerStyle::KanikoDigests => Compression::Gzip,
            _ => Compression::None,
        };
        let members = docker_archive(&[three().compression(compression)], style);
        for kept in 0..=3 {
            let (written, tree) = folded(&members, "", kept);
            let want = [file("a", "1"), file("c", "3")].map(Seen::digested);
            assert_eq!(tree, want, "{style:?}");
            // `manifest.json` and the OCI documents say the same.
            let manifest = written.manifest();
            let path = |descriptor: &serde_json::Value| {
                let digest = descriptor["digest"].as_str().unwrap();
                format!("blobs/{}", digest.replacen(':', "/", 1))
            };
            let layers = manifest["layers"].as_array().unwrap();
            let layers: Vec<_> = layers.iter().map(path).collect();
            assert_eq!(layers.len(), 3.min(kept + 1));
            assert_eq!(
                written.json("manifest.json"),
                json!([{
                    "Config": path(&manifest["config"]),
                    "RepoTags": ["three:1.0"],
                    "Layers": layers,
                }])
            );
            let index = written.index();
            let annotations = &index["manifests"][0]["annotations"];
            let name = "docker.io/library/three:1.0";
            assert_eq!(annotations["io.containerd.image.name"], name);
            assert_eq!(annotations["org.opencontainers.image.ref.name"], "1.0");
        }
    }
}

#[test]
fn old_archives_whose_repeated_layers_are_links() {
    let again = new().file("a", "four").finish();
    let other = new().whiteout("a").file("b", "five!").finish();
    let image = ImageBuilder::of_layers([again.clone(), other, again]);
    let members = docker_archive(&[image], DockerStyle::LegacyLinked);
    for kept in 0..=3 {
        let (written, tree) = folded(&members, "", kept);
        assert_eq!(
            tree,
            [file("a", "four"), file("b", "five!")].map(Seen::digested)
        );
        let ids = written.config_json()["rootfs"]["diff_ids"].clone();
        assert_eq!(ids.as_array().unwrap().len(), 3.min(kept + 1));
    }
}

#[test]
fn archives_without_names() {
    for style in [DockerStyle::Legacy, DockerStyle::Podman] {
        for none in [json!(null), json!([])] {
            let mut members = docker_archive(&[three()], style);
            members.edit_json("manifest.json", |list| list[0]["RepoTags"] = none.clone());
            members.remove("repositories");
            let (written, _) = folded(&members, "", 1);
            assert_eq!(written.json("manifest.json")[0]["RepoTags"], json!(null));
            let entry = &written.index()["manifests"][0];
            assert_eq!(entry.get("annotations"), None);
        }
    }
}

#[test]
fn of_several_images_in_an_archive_the_named_one_is_squashed() {
    let shared = new().file("a", "1").finish();
    let sibling = ImageBuilder::of_layers([shared, new().file("tool", "4").finish()])
        .tag("example.org/sibling:2.0")
        .tag("example.org/sibling:latest");
    for style in [
        DockerStyle::Legacy,
        DockerStyle::LegacyLinked,
        DockerStyle::Hybrid,
    ] {
        let members = docker_archive(&[three(), sibling.clone()], style);
        let (written, tree) = folded(&members, "three:1.0", 1);
        assert_eq!(tree, [file("a", "1"), file("c", "3")].map(Seen::digested));
        assert_eq!(
            written.json("manifest.json")[0]["RepoTags"],
            json!(["three:1.0"])
        );
        let (written, tree) = folded(&members, "example.org/sibling:2.0", 0);
        assert_eq!(
            tree,
            [file("a", "1"), file("tool", "4")].map(Seen::digested)
        );
        assert_eq!(
            written.json("manifest.json")[0]["RepoTags"],
            json!(["example.org/sibling:2.0", "example.org/sibling:latest"])
        );
        // Nobody is guessed at.
        let place = tempfile::tempdir().unwrap();
        let from = place.path().join("from.tar");
        members.write_tar(&from).unwrap();
        let to = Destination::DockerArchive(place.path().join("to.tar"));
        let error = fold(&from, &to, rslim::rewrite::RangeChoice::All, None, 1).unwrap_err();
        assert!(error.to_string().contains("several images"), "{error}");
    }
}
