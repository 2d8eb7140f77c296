//! A Dockerfile through the parser: every place is inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::dockerfile;

fuzz_target!(|data: &[u8]| {
    let Ok((text, _)) = dockerfile::decode(data) else {
        return;
    };
    let file = dockerfile::parse(text);
    for instruction in &file.instructions {
        assert!(file.text.get(instruction.span.range()).is_some());
    }
    for error in &file.errors {
        assert!(file.text.get(error.span.range()).is_some());
        let _ = file.position(error.span.start);
    }
});
