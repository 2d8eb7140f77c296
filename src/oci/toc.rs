//! Tables of contents that lazily pulled layers have: what a layer's
//! descriptor says about them.
//!
//! Both formats repeat in a JSON document what the tar stream's headers say,
//! with a digest for each file's contents. eStargz (stargz-snapshotter
//! `docs/estargz.md`) keeps it at the end of a gzip layer, zstd:chunked
//! (containers/storage `pkg/chunked`) in a skippable zstd frame.

use std::collections::HashMap;
use std::hash::BuildHasher;

use super::Digest;

const STARGZ_DIGEST: &str = "containerd.io/snapshot/stargz/toc.digest";
const STARGZ_SIZE: &str = "io.containers.estargz.uncompressed-size";
/// Of zstd:chunked; the second is what older writers have.
const CHUNKED: [&str; 2] = [
    "io.github.containers.zstd-chunked",
    "io.containers.zstd-chunked",
];

/// Where a layer's table of contents is, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TocPlace {
    /// eStargz: the end of the blob says where.
    Stargz {
        /// Digest of the JSON document.
        digest: Digest,
        /// Size of the layer's tar stream in bytes, where it is said.
        uncompressed: Option<u64>,
    },
    /// zstd:chunked.
    ZstdChunked {
        /// Digest of the compressed document.
        digest: Digest,
        /// Where that begins in the blob, in bytes.
        offset: u64,
        /// Its size in bytes.
        compressed: u64,
        /// Its size uncompressed.
        uncompressed: u64,
    },
}

impl TocPlace {
    /// What the annotations of a layer's descriptor say.
    pub fn of<S: BuildHasher>(annotations: &HashMap<String, String, S>) -> Option<TocPlace> {
        let digest = |key: &str| {
            let text = annotations.get(key)?;
            let digest = Digest::try_from(text.as_str()).ok()?;
            text.starts_with("sha256:").then_some(digest)
        };
        if let Some(digest) = digest(STARGZ_DIGEST) {
            let size = annotations.get(STARGZ_SIZE);
            return Some(TocPlace::Stargz {
                digest,
                uncompressed: size.and_then(|size| size.parse().ok()),
            });
        }
        let mut prefixes = CHUNKED.into_iter();
        prefixes.find_map(|prefix| {
            let place = annotations.get(&format!("{prefix}.manifest-position"))?;
            Self::chunked(place, digest(&format!("{prefix}.manifest-checksum"))?)
        })
    }

    fn chunked(place: &str, digest: Digest) -> Option<TocPlace> {
        // offset:compressed:uncompressed:type, of which 1 is this document.
        let mut numbers = place.split(':').map(|n| n.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        let (offset, compressed, uncompressed) = (next()?, next()?, next()?);
        (next() == Some(1)).then_some(())?;
        Some(TocPlace::ZstdChunked {
            digest,
            offset,
            compressed,
            uncompressed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Option<TocPlace> {
        let own = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        TocPlace::of(&own.collect::<HashMap<_, _>>())
    }

    #[test]
    fn annotations() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let [new, old] = CHUNKED.map(|prefix| {
            let key = |end| format!("{prefix}.manifest-{end}");
            (key("checksum"), key("position"))
        });
        let place = |text| of(&[(&new.0, &digest), (&new.1, text)]);
        assert_eq!(
            place("1:2:3:1"),
            of(&[(&old.0, &digest), (&old.1, "1:2:3:1")])
        );
        assert!(matches!(
            place("10:20:30:1"),
            Some(TocPlace::ZstdChunked {
                offset: 10,
                compressed: 20,
                uncompressed: 30,
                ..
            })
        ));
        for bad in [
            "",
            "1:2:3",
            "1:2:3:2",
            "1:-2:3:1",
            "a:2:3:1",
            "99999999999999999999:1:1:1",
        ] {
            assert_eq!(place(bad), None, "{bad}");
        }
        assert!(of(&[(STARGZ_DIGEST, &digest)]).is_some());
        assert_eq!(of(&[(STARGZ_DIGEST, "md5:00")]), None);
        assert_eq!(of(&[(&new.1, "10:20:30:1")]), None);
    }
}
