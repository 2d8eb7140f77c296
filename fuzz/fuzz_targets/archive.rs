//! A whole image in a file: opened, scanned, judged and reported.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    rslim_fuzz::analyze_bytes(data);
});
