//! A script or a command line, and the files that it needs.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rslim_fuzz::closure::scripts(data));
