//! A package database, its packages, and the same without some of them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rslim_fuzz::closure::installed(data));
