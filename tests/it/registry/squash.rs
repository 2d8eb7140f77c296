//! Squashing what a registry has.

use serde_json::json;

use super::digest;
use super::toc::{Layer, registry};
use crate::fixtures::image::compress::gzip;
use crate::fixtures::tar::LayerBuilder;
use crate::program::rslim;

fn layer(tar: &LayerBuilder) -> Layer {
    let tar = tar.clone().finish();
    Layer {
        blob: gzip(&tar),
        diff_id: digest(&tar).to_string(),
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip",
        annotations: json!({}),
    }
}

#[test]
fn layers_that_stay_are_fetched_once_and_keep_their_digests() {
    let layers = [
        layer(&LayerBuilder::new().file("a", b"1").file("b", b"2")),
        layer(&LayerBuilder::new().whiteout("a").file("c", b"3")),
        layer(&LayerBuilder::new().file("c", b"4")),
    ];
    let fake = registry(&layers, true);
    let dir = tempfile::tempdir().unwrap();
    let from = format!("docker://{}/app:1", fake.host);
    let to = format!("oci-archive:{}", dir.path().join("out.tar").display());
    let ran = rslim(&["squash", &from, "-o", &to, "--last", "2", "-q"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let seen = fake.seen();
    for layer in &layers {
        let path = format!("/v2/app/blobs/{}", digest(&layer.blob));
        let fetched = seen.iter().filter(|head| head.path == path).count();
        assert_eq!(fetched, 1, "{path}");
    }
    let ran = rslim(&["analyze", &to, "-f", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let kept = digest(&layers[0].blob).to_string();
    assert_eq!(report["layers"][0]["digest"], kept);
    assert_eq!(report["layers"].as_array().unwrap().len(), 2);
}
