//! `manifest.json` of docker archives.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::oci::parse_docker_manifest;

fuzz_target!(|data: &[u8]| {
    match parse_docker_manifest(data) {
        Ok(entries) => assert!(!entries.is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
