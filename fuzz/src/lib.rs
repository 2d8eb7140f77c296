//! What the fuzz targets share: small limits, scratch files and checks that
//! must hold for every image that can be read.

pub mod closure;
pub mod trees;
// What the tests of the library use.
#[path = "../../fixtures/elf.rs"]
#[allow(dead_code)]
mod elf;
#[path = "../../src/closure/memory.rs"]
#[allow(dead_code)]
mod memory;

use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use rslim::analyze::{self, Analysis, DatabaseContents};
use rslim::closure::{Files, Found, Kind, NodeId};
use rslim::codec::Limits;
use rslim::layer::{
    self, Changeset, ContentHash, EntryBudget, LayerError, NoProgress, ScanOptions, ScannedImage,
    StreamContext, StreamedLayer, Verify,
};
use rslim::report::{ImageReport, json};
use rslim::ruleset::CacheRules;
use rslim::source::{self, BlobRange, Locator, OpenOptions};

/// Where the `database` target puts the bytes, by their first byte.
pub const DATABASES: [&str; 14] = [
    "var/lib/dpkg/status",
    "var/lib/dpkg/info/bash.list",
    "var/lib/dpkg/diversions",
    "var/lib/dpkg/status.d/base",
    "var/lib/dpkg/status.d/base.md5sums",
    "lib/apk/db/installed",
    "var/lib/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/Packages.db",
    "usr/lib/python3/site-packages/x-1.dist-info/RECORD",
    "usr/lib/python3/site-packages/x-1.dist-info/METADATA",
    "usr/lib/python3/site-packages/x-1.egg-info",
    "usr/lib/python3/site-packages/y.egg-info/installed-files.txt",
    "app/node_modules/x/package.json",
    "app/node_modules/@s/y/package.json",
];

/// Limits that keep one run short: what takes long within these is a finding.
pub fn limits() -> Limits {
    Limits {
        entries: 10_000,
        layer_bytes: 16 << 20,
        ratio: 2_000,
        document_bytes: 1 << 20,
    }
}

/// Reads a layer as a stream, package databases kept; on more threads when `spread`.
pub fn stream(
    blob: impl Read,
    hash: ContentHash,
    spread: bool,
) -> Result<StreamedLayer, LayerError> {
    let limits = limits();
    layer::read_stream(
        blob,
        &StreamContext {
            limits: &limits,
            budget: &EntryBudget::new(&limits),
            hash,
            wanted: &DatabaseContents,
            advanced: &|_| {},
            spread,
            spool: None,
        },
    )
}

/// Walks an uncompressed layer in a file, which begins at `offset` there.
pub fn walk(tar: &[u8], offset: u64) -> Result<(Changeset, BlobRange), LayerError> {
    let mut file = tempfile::tempfile().expect("a scratch file");
    file.seek(io::SeekFrom::Start(offset)).expect("it can seek");
    file.write_all(tar).expect("it can be written");
    let blob = BlobRange {
        file: Arc::new(file),
        offset,
        len: tar.len() as u64,
    };
    let (set, _) = layer::walk_stored(&blob, &EntryBudget::new(&limits()))?;
    Ok((set, blob))
}

/// Parsed once: that takes longer than most runs.
static RULES: LazyLock<CacheRules> =
    LazyLock::new(|| CacheRules::builtin().expect("the shipped rules"));

/// Opens, reads, judges and reports the image in a file, as far as that goes.
pub fn analyze_file(path: &Path) -> Option<(ScannedImage, Analysis)> {
    let locator = Locator::Path(path.to_owned(), None);
    let options = OpenOptions {
        platform: "linux/amd64".parse().ok(),
        limits: limits(),
        ..OpenOptions::default()
    };
    let opened = source::open(&locator, &options).ok()?;
    let options = ScanOptions {
        limits: limits(),
        jobs: 1,
        hash: ContentHash::Blake3,
        // Mutated layers have other digests; reading must go on.
        verify: Verify::Warn,
        wanted: &DatabaseContents,
        spool_from: None,
        progress: &NoProgress,
    };
    let scanned = layer::scan(opened, &options).ok()?;
    let analysis = analyze::analyze(&scanned, &RULES, None).expect("the file is still there");
    check(&scanned, &analysis);
    Some((scanned, analysis))
}

/// What holds for every image.
fn check(scanned: &ScannedImage, analysis: &Analysis) {
    let totals = &analysis.totals;
    assert_eq!(
        totals.stored_bytes,
        totals.visible_bytes + totals.wasted_bytes,
        "each stored byte is shown or wasted"
    );
    assert!(totals.cache_bytes <= totals.visible_bytes);
    assert!(totals.duplicate_bytes <= totals.visible_bytes);
    assert!((0.0..=1.0).contains(&totals.efficiency));
    assert!((0.0..=1.0).contains(&analysis.dive.efficiency_score));
    let report = ImageReport {
        scan: scanned,
        analysis,
        origins: None,
    };
    let mut first = Vec::new();
    json::write(&report, &mut first).expect("memory can be written");
    let mut second = Vec::new();
    json::write(&report, &mut second).expect("memory can be written");
    assert!(first == second, "a report is the same each time");
}

/// As [`analyze_file`], for an image in memory.
pub fn analyze_bytes(image: &[u8]) -> Option<(ScannedImage, Analysis)> {
    let mut file = tempfile::NamedTempFile::new().expect("a scratch file");
    file.write_all(image).expect("it can be written");
    analyze_file(file.path())
}

/// A docker archive of uncompressed layers.
pub fn docker_archive(layers: &[Vec<u8>]) -> Vec<u8> {
    let names: Vec<String> = (0..layers.len()).map(|i| format!("\"{i}.tar\"")).collect();
    let manifest = format!(
        r#"[{{"Config":"config.json","RepoTags":["fuzz:1"],"Layers":[{}]}}]"#,
        names.join(",")
    );
    let config = br#"{"os":"linux","architecture":"amd64"}"#;
    let mut archive = tar::Builder::new(Vec::new());
    add(&mut archive, "manifest.json", manifest.as_bytes());
    add(&mut archive, "config.json", config);
    for (i, layer) in layers.iter().enumerate() {
        add(&mut archive, &format!("{i}.tar"), layer);
    }
    archive.into_inner().expect("memory can be written")
}

/// A layer of these files.
pub fn layer_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, contents) in files {
        add(&mut archive, path, contents);
    }
    archive.into_inner().expect("memory can be written")
}

fn add(archive: &mut tar::Builder<Vec<u8>>, path: &str, contents: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_size(contents.len() as u64);
    header.set_mode(0o644);
    archive
        .append_data(&mut header, path, contents)
        .expect("memory can be written");
}

/// Gzip of the bytes, hardly compressed: the inflated bytes matter.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).expect("memory can be written");
    out.finish().expect("memory can be written")
}

/// Zstandard of the bytes.
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("memory can be written")
}

/// The first byte, to choose by, and the rest.
pub fn choice(data: &[u8]) -> (u8, &[u8]) {
    data.split_first()
        .map_or((0, data), |(&first, rest)| (first, rest))
}

/// Lints a Dockerfile and applies all fixes; a second time changes nothing.
pub fn fix_twice(data: &[u8]) {
    use rslim::lint::{Applicability, Knowledge, Settings, Source, fix};
    use rslim::ruleset::{BaseTwins, CacheRules, LintRules, SecretRules};
    use std::sync::OnceLock;
    static KNOWLEDGE: OnceLock<Knowledge> = OnceLock::new();
    let knowledge = KNOWLEDGE.get_or_init(|| Knowledge {
        rules: LintRules::builtin().expect("shipped rules"),
        caches: CacheRules::builtin().expect("shipped rules"),
        twins: BaseTwins::builtin().expect("shipped rules"),
        secrets: SecretRules::builtin().expect("the shipped rules"),
        shell: None,
    });
    let settings = Settings::default();
    let mend = |bytes: &[u8]| {
        let source = Source {
            bytes,
            context: None,
            image: None,
        };
        fix::fix(source, &settings, knowledge, Applicability::Unsafe)
    };
    if let Ok(once) = mend(data) {
        let twice = mend(&once.bytes).expect("text stays text");
        assert_eq!(once.bytes, twice.bytes, "a second time changes something");
    }
}
