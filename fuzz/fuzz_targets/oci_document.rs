//! OCI indexes and manifests.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::oci::{Document, declared_compression, is_index, is_layer, is_manifest};

fuzz_target!(|data: &[u8]| {
    match Document::parse("the document", data) {
        Ok(Document::Index(index)) => {
            for descriptor in index.manifests() {
                let media_type = descriptor.media_type();
                assert!(!(is_index(media_type) && is_manifest(media_type)));
            }
        }
        Ok(Document::Manifest(manifest)) => {
            for layer in manifest.layers() {
                let media_type = layer.media_type().as_ref();
                let _ = (is_layer(media_type), declared_compression(media_type));
            }
        }
        Err(error) => assert!(error.to_string().starts_with("the document")),
    }
});
