//! Names of archive entries: normalised, and as text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::layer::normalize_name;
use rslim::oci::escape_bytes;

fuzz_target!(|name: &[u8]| {
    let path = normalize_name(name);
    assert!(path.len() <= name.len());
    assert_eq!(normalize_name(&path), path);
    if !path.is_empty() {
        for component in path.split(|&b| b == b'/') {
            assert!(!matches!(component, b"" | b"." | b".."));
        }
    }
    assert_eq!(unescape(&escape_bytes(name)).as_deref(), Some(name));
});

/// The inverse of [`escape_bytes`]: there is one for all names.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('\u{FFFD}');
    let mut out = parts.next()?.as_bytes().to_vec();
    for part in parts {
        out.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        out.extend_from_slice(&part.as_bytes()[2..]);
    }
    Some(out)
}
