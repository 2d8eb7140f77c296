//! The image configuration.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::oci::ImageConfig;

fuzz_target!(|data: &[u8]| {
    match ImageConfig::parse(data) {
        Ok(config) => assert!(config.layer_history().count() <= config.history.len()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
