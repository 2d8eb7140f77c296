//! A Java archive, a file of arguments or a command line.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rslim_fuzz::closure::java(data));
