//! Patterns of a .dockerignore, asked about a path.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::dockerfile::ignore_file::IgnoreFile;

fuzz_target!(|data: (&str, &str)| {
    if let Ok(file) = IgnoreFile::parse(data.0) {
        let _ = file.ignores(data.1);
    }
});
