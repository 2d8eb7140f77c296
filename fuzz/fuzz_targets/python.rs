//! A source of a Python application, or a description of a distribution.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rslim_fuzz::closure::python(data));
