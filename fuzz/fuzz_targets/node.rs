//! A source, a manifest or a command of a Node application.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rslim_fuzz::closure::node(data));
