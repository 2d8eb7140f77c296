//! A Dockerfile linted and mended: a second time there is nothing to mend.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| rslim_fuzz::fix_twice(data));
