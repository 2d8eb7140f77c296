//! A file of evidence: refused, or written again as the same evidence.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::evidence::Evidence;

fuzz_target!(|data: &[u8]| {
    let Ok(evidence) = Evidence::parse(data) else {
        return;
    };
    let mut written = Vec::new();
    assert!(evidence.write(&mut written).is_ok());
    assert_eq!(Evidence::parse(&written).ok().as_ref(), Some(&evidence));
    let mut merged = evidence.clone();
    merged.merge(&evidence);
    assert!(merged == evidence);
});
