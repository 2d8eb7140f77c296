//! umoci unpacks the image and what it became into the same files, to the last
//! attribute and nanosecond. Left out where umoci is not installed, unless
//! `RSLIM_REQUIRE_PEERS` says that it must be there.

use std::collections::BTreeMap;
use std::path::Path;

use rslim::rewrite::RangeChoice;
use rslim::sink::Destination;

use super::case::Layers;
use super::disk::everything;
use super::{encodings, links, metadata, names, replaced, whiteouts};
use crate::fixtures::{self, Compression, Expect, ImageBuilder, Layout};
use crate::folding::fold;
use crate::peers::{UMOCI_DIFFERS, have, is_root, umoci, unescaped};
use crate::program::listing;

fn samples() -> Vec<(&'static str, Layers)> {
    vec![
        ("whiteouts in one layer", whiteouts::in_one_layer()),
        ("whiteouts in a later layer", whiteouts::in_a_later_layer()),
        ("many changes", whiteouts::many_changes()),
        (
            "directory, file, directory",
            replaced::directory_file_directory(),
        ),
        ("listed again", replaced::listed_again()),
        ("behind links", replaced::behind_links()),
        ("target replaced", links::target_replaced()),
        ("target deleted", links::target_deleted()),
        ("links over directories", links::over_directories()),
        ("groups of links", links::groups()),
        ("attributes", metadata::attributes()),
        ("modes", metadata::modes()),
        ("owners", metadata::owners()),
        ("times", metadata::times()),
        ("devices", metadata::devices()),
        ("long paths", names::long_paths(257)),
        ("any bytes", names::any_bytes()),
        ("sparse", encodings::plain_sparse()),
    ]
}

/// Directories of the images as they were whose times umoci does not set back
/// after it has written through a link to them, or deleted from them.
const UNTIMED: [(&str, &str); 2] = [
    ("behind links", "usr/lib"),
    ("new-directory-and-whiteout", "d"),
];

/// What umoci makes of a layout, without the times of directories that it chose.
fn unpacked(name: &str, layout: &Path) -> Option<BTreeMap<Vec<u8>, String>> {
    let place = tempfile::tempdir().unwrap();
    let lines = listing(layout).into_iter();
    let implied = lines.filter(|line| line["implied"] == true || line["mtime"] == "0");
    let implied = implied
        .filter(|line| line["type"] == "directory")
        .map(|line| unescaped(line["path"].as_str().unwrap()));
    let known = UNTIMED.iter().filter(|(image, _)| *image == name);
    let known = known.map(|(_, path)| path.as_bytes().to_vec());
    let untimed: Vec<_> = implied.chain(known).collect();
    let root = umoci(layout, &place.path().join("bundle"))?;
    Some(everything(&root, &untimed))
}

#[test]
fn umoci_unpacks_the_same_of_the_image_and_of_what_it_became() {
    if !have("umoci") || !is_root() {
        return;
    }
    let mut images: Vec<(&str, ImageBuilder)> = Vec::new();
    for (name, layers) in samples() {
        let tars = layers.into_iter().map(|layer| layer.finish());
        images.push((name, ImageBuilder::of_layers(tars)));
    }
    for fixture in fixtures::semantic() {
        let known = UMOCI_DIFFERS.iter().any(|(name, _)| *name == fixture.name);
        if let (false, Some(image), Expect::Loads) = (known, fixture.image(), fixture.expect) {
            images.push((fixture.name, image));
        }
    }
    assert!(images.len() > 90, "{} images", images.len());
    let mut wrong = Vec::new();
    for (name, image) in images {
        let place = tempfile::tempdir().unwrap();
        let from = place.path().join("from");
        let image = image.compression(Compression::Gzip);
        image.write(Layout::Oci, &from).unwrap();
        let Some(before) = unpacked(name, &from) else {
            wrong.push(format!("umoci refuses {name}"));
            continue;
        };
        for kept in [0, 1] {
            let layers = image.config()["rootfs"]["diff_ids"]
                .as_array()
                .unwrap()
                .len();
            if kept > 0 && kept >= layers {
                continue;
            }
            let to = place.path().join(format!("above-{kept}"));
            let destination = Destination::OciLayout(to.clone());
            fold(&from, &destination, RangeChoice::Above(kept), None, 1).unwrap();
            match unpacked(name, &to) {
                Some(after) if after == before => {}
                after => wrong.push(format!("{name}, {kept} kept: {before:#?}\n{after:#?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
