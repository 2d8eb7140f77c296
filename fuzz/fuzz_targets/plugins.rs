//! Settings of a server, of PAM or of the name service.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rslim_fuzz::closure::plugins(data));
