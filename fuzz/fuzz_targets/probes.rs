//! Probes as they are typed, and files of them.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use rslim::probe;

fuzz_target!(|text: &str| {
    for parse in [probe::http, probe::tcp, probe::exec, probe::host] {
        let _ = parse(text);
    }
    for yaml in [false, true] {
        if let Ok(plan) = probe::parse_file(text, yaml, Path::new("")) {
            assert!(plan.probes.len() <= text.len());
        }
    }
});
