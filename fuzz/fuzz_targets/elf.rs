//! An object, a loader or a loader's settings in a small image, and all that its
//! objects load.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rslim_fuzz::closure::elf(data));
