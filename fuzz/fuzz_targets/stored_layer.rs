//! An uncompressed layer in a file, walked header to header; the stream reader
//! must find the same entries with the same contents.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::codec::{Compression, Sniffed, sniff};
use rslim::layer::{ContentHash, FileTable, digest_contents};
use rslim_fuzz::{choice, stream, walk};

fuzz_target!(|data: &[u8]| {
    let (offset, tar) = choice(data);
    if sniff(tar) != Sniffed::Known(Compression::None) {
        return;
    }
    let walked = walk(tar, u64::from(offset));
    let streamed = stream(tar, ContentHash::Blake3, false);
    let (Ok((walked, blob)), Ok(streamed)) = (&walked, &streamed) else {
        let (a, b) = (walked.map(drop), streamed.map(drop));
        assert_eq!(a.is_ok(), b.is_ok(), "stored: {a:?}, streamed: {b:?}");
        return;
    };
    assert_eq!(walked.len(), streamed.changeset.len());
    let (FileTable::Stored(places), FileTable::Digests(digests)) =
        (walked.files(), streamed.changeset.files())
    else {
        unreachable!("each reader has its own kind of table")
    };
    let mut buffer = vec![0; 4096];
    for (a, b) in walked.entries().zip(streamed.changeset.entries()) {
        assert_eq!(
            (a.kind(), a.name(), a.size(), a.link(), a.extra()),
            (b.kind(), b.name(), b.size(), b.link(), b.extra())
        );
        assert_eq!(a.file(), b.file());
        if let Some(file) = a.file() {
            let offset = places[file as usize].offset;
            let digest = digest_contents(blob, a, offset, ContentHash::Blake3, &mut buffer)
                .expect("the file is still there");
            assert_eq!(digest, digests[file as usize]);
        }
    }
});
