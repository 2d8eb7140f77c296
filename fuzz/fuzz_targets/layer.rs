//! A layer blob as a stream. The first byte chooses the compression that is
//! put around the rest, so that the tar walk is reached behind each decoder;
//! 0 leaves the bytes as they are, decoder magic included. Its top bit spreads
//! the work over more threads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::layer::{ContentHash, Contents};
use rslim_fuzz::{choice, gzip, stream, zstd};

fuzz_target!(|data: &[u8]| {
    let (how, bytes) = choice(data);
    let spread = how >= 128;
    let read = match how % 3 {
        0 => stream(bytes, ContentHash::Blake3, spread),
        1 => stream(&gzip(bytes)[..], ContentHash::Sha256, spread),
        _ => stream(&zstd(bytes)[..], ContentHash::Blake3, spread),
    };
    let Ok(layer) = read else { return };
    let Contents::Captured(captured) = &layer.contents else {
        unreachable!("nothing is written out here")
    };
    for (i, entry) in layer.changeset.entries().enumerate() {
        let _ = (entry.kind(), entry.name(), entry.link(), entry.device());
        let kept = captured.get(i as u32).expect("what was kept is there");
        assert!(kept.is_none_or(|kept| kept.len() as u64 == entry.size()));
    }
});
