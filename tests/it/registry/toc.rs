//! Layers with a table of contents: eStargz and zstd:chunked.

use std::collections::HashMap;
use std::io::{Read, Write};

use base64::Engine as _;
use serde_json::{Value, json};

use super::fake::{Fake, Head, Reply};
use super::{digest, noise};
use crate::fixtures::image::compress::{gzip, zstd};
use crate::fixtures::tar::LayerBuilder;
use crate::program::rslim;

/// A layer as a registry has it.
pub struct Layer {
    pub blob: Vec<u8>,
    pub diff_id: String,
    pub media_type: &'static str,
    pub annotations: Value,
}

/// The pieces of a tar stream, and what a table of contents says of them.
struct Cut {
    /// Header and contents of each entry.
    pieces: Vec<(Vec<u8>, Vec<u8>)>,
    entries: Vec<Value>,
    end: Vec<u8>,
}

fn cut(tar: &[u8]) -> Cut {
    let mut archive = tar::Archive::new(tar);
    let (mut pieces, mut entries) = (Vec::new(), Vec::new());
    let mut at = 0;
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let from = entry.raw_file_position() as usize;
        let to = from + (entry.size() as usize).next_multiple_of(512);
        let mut contents = Vec::new();
        entry.read_to_end(&mut contents).unwrap();
        let kind = match entry.header().entry_type() {
            tar::EntryType::Directory => "dir",
            tar::EntryType::Symlink => "symlink",
            tar::EntryType::Link => "hardlink",
            _ => "reg",
        };
        let link = entry.link_name_bytes().unwrap_or_default();
        let mut said = json!({
            "type": kind,
            "name": String::from_utf8(entry.path_bytes().into_owned()).unwrap(),
            "linkName": String::from_utf8(link.into_owned()).unwrap(),
            "mode": entry.header().mode().unwrap(),
            "uid": entry.header().uid().unwrap(),
            "size": contents.len(),
            "modtime": "1970-01-01T00:00:00Z",
        });
        if !contents.is_empty() {
            said["digest"] = digest(&contents).to_string().into();
        }
        entries.push(said);
        pieces.push((tar[at..from].to_vec(), tar[from..to].to_vec()));
        at = to;
    }
    let end = tar[at..].to_vec();
    Cut {
        pieces,
        entries,
        end,
    }
}

fn stargz(tar: &[u8], edit: impl Fn(&mut Vec<Value>)) -> Layer {
    let mut cut = cut(tar);
    let mut blob = Vec::new();
    for ((header, contents), said) in cut.pieces.iter().zip(&mut cut.entries) {
        blob.extend(gzip(header));
        if !contents.is_empty() {
            said["offset"] = blob.len().into();
            blob.extend(gzip(contents));
        }
    }
    edit(&mut cut.entries);
    let toc = json!({"version": 1, "entries": cut.entries}).to_string();
    let mut own = tar::Header::new_ustar();
    own.set_path("stargz.index.json").unwrap();
    own.set_size(toc.len() as u64);
    own.set_mode(0);
    own.set_cksum();
    let mut last = own.as_bytes().to_vec();
    last.extend(toc.as_bytes());
    last.resize(last.len().next_multiple_of(512), 0);
    let toc_at = blob.len();
    let mut whole = tar[..tar.len() - cut.end.len()].to_vec();
    whole.extend(&last);
    whole.extend(&cut.end);
    last.extend(&cut.end);
    blob.extend(gzip(&last));
    let mut footer = vec![0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 26, 0];
    footer.extend(b"SG\x16\0");
    write!(footer, "{toc_at:016x}STARGZ").unwrap();
    footer.extend([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    blob.extend(footer);
    Layer {
        blob,
        diff_id: digest(&whole).to_string(),
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip",
        annotations: json!({
            "containerd.io/snapshot/stargz/toc.digest": digest(toc.as_bytes()).to_string(),
            "io.containers.estargz.uncompressed-size": whole.len().to_string(),
        }),
    }
}

fn chunked(tar: &[u8]) -> Layer {
    let mut cut = cut(tar);
    let mut blob = Vec::new();
    for ((header, contents), said) in cut.pieces.iter().zip(&mut cut.entries) {
        blob.extend(zstd(header));
        if !contents.is_empty() {
            said["offset"] = blob.len().into();
            blob.extend(zstd(contents));
        }
    }
    blob.extend(zstd(&cut.end));
    let toc = json!({"version": 1, "entries": cut.entries}).to_string();
    let packed = zstd(toc.as_bytes());
    blob.extend(0x184d_2a50_u32.to_le_bytes());
    blob.extend((packed.len() as u32).to_le_bytes());
    let place = format!("{}:{}:{}:1", blob.len(), packed.len(), toc.len());
    blob.extend(&packed);
    Layer {
        blob,
        diff_id: digest(tar).to_string(),
        media_type: "application/vnd.oci.image.layer.v1.tar+zstd",
        annotations: json!({
            "io.github.containers.zstd-chunked.manifest-checksum": digest(&packed).to_string(),
            "io.github.containers.zstd-chunked.manifest-position": place,
        }),
    }
}

/// A registry with one image; `ranges` says whether it knows them.
pub fn registry(layers: &[Layer], ranges: bool) -> Fake {
    let config = json!({
        "architecture": "amd64", "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|l| &l.diff_id).collect::<Vec<_>>()},
    })
    .to_string()
    .into_bytes();
    let listed = layers.iter().map(|layer| {
        json!({
            "mediaType": layer.media_type, "digest": digest(&layer.blob).to_string(),
            "size": layer.blob.len(), "annotations": layer.annotations,
        })
    });
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest(&config).to_string(), "size": config.len(),
        },
        "layers": listed.collect::<Vec<_>>(),
    })
    .to_string()
    .into_bytes();
    let mut blobs: HashMap<String, Vec<u8>> = HashMap::new();
    for blob in layers.iter().map(|l| &l.blob).chain([&config]) {
        blobs.insert(format!("/v2/app/blobs/{}", digest(blob)), blob.clone());
    }
    Fake::start(move |head, _| {
        if head.path.starts_with("/v2/app/manifests/") {
            return Reply::new(200)
                .header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
                .body(manifest.clone());
        }
        match (blobs.get(&head.path), span(head)) {
            (None, _) => Reply::new(if head.path == "/v2/" { 200 } else { 404 }),
            (Some(blob), Some((from, to))) if ranges => Reply::new(206)
                .header("Content-Range", format!("bytes {from}-{to}/{}", blob.len()))
                .body(&blob[from..=to]),
            (Some(blob), _) => Reply::new(200).body(blob.clone()),
        }
    })
}

/// The range of a request.
fn span(head: &Head) -> Option<(usize, usize)> {
    let range = head.header("range").strip_prefix("bytes=")?;
    let (from, to) = range.split_once('-')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

const STATUS: &[u8] = b"Package: tiny\nStatus: install ok installed\nVersion: 1.0\n\
                        Architecture: all\nInstalled-Size: 1\n\n";

fn lower() -> Vec<u8> {
    LayerBuilder::new()
        .dir("var/lib/dpkg", 0o755)
        .file("var/lib/dpkg/status", STATUS)
        .file("big", noise(200_000))
        .symlink("to", "big")
        .hardlink("name", "big")
        .finish()
}

fn upper() -> Vec<u8> {
    LayerBuilder::new()
        .file("big", noise(150_000))
        .whiteout("name")
        .file("copy", noise(150_000))
        .finish()
}

fn analyze(fake: &Fake, more: &[&str]) -> (Value, String) {
    let image = format!("docker://{}/app:1", fake.host);
    let ran = rslim(&[&["analyze", &image, "-f", "json"], more].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    (serde_json::from_str(&ran.out).unwrap(), ran.err)
}

/// Everything but warnings and where the image was.
fn judged(mut report: Value) -> Value {
    let fields = report.as_object_mut().unwrap();
    fields.remove("warnings");
    fields.remove("image");
    // One is of the whole blob, the other of the table.
    for duplicate in fields["duplicates"].as_array_mut().unwrap() {
        duplicate.as_object_mut().unwrap().remove("digest");
    }
    report
}

#[test]
fn only_tables_of_contents_are_fetched_and_tell_the_same() {
    let layers = [stargz(&lower(), |_| ()), chunked(&upper())];
    let fake = registry(&layers, true);
    let (lazy, warnings) = analyze(&fake, &[]);
    assert_eq!(
        warnings.matches("only the table of contents").count(),
        2,
        "{warnings}"
    );
    let blob = |layer: &Layer| format!("/v2/app/blobs/{}", digest(&layer.blob));
    let mut fetched = 0;
    for head in fake.seen() {
        if layers.iter().any(|layer| head.path == blob(layer)) {
            let (from, to) = span(&head).expect("ranges alone are asked for");
            fetched += to + 1 - from;
        }
    }
    let all: usize = layers.iter().map(|layer| layer.blob.len()).sum();
    assert!(fetched * 50 < all, "{fetched} of {all}");
    let (whole, _) = analyze(&fake, &["--verify", "all"]);
    // zstd:chunked does not say how long its tar stream is; here it is what
    // the table adds up to.
    assert_eq!(judged(lazy.clone()), judged(whole));
    assert_eq!(lazy["packages"][0]["name"], "tiny");
    assert_eq!(lazy["totals"]["wasted_bytes"], 200_000);
    let duplicate = lazy["duplicates"][0]["digest"].as_str().unwrap();
    assert_eq!(duplicate, digest(&noise(150_000)).as_ref());
}

#[test]
fn without_ranges_the_layers_are_read_whole() {
    let layers = [stargz(&lower(), |_| ()), chunked(&upper())];
    let fake = registry(&layers, false);
    let (report, warnings) = analyze(&fake, &[]);
    assert_eq!(report["totals"]["wasted_bytes"], 200_000);
    assert_eq!(warnings.matches("was not used").count(), 2, "{warnings}");
}

#[test]
fn another_table_than_the_manifest_names_is_refused() {
    let mut layer = stargz(&lower(), |_| ());
    let other = digest(b"another").to_string();
    layer.annotations["containerd.io/snapshot/stargz/toc.digest"] = other.into();
    let fake = registry(&[layer], true);
    let image = format!("docker://{}/app:1", fake.host);
    let ran = rslim(&["analyze", &image]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("table of contents"), "{}", ran.err);
}

#[test]
fn files_that_are_not_what_the_table_says_are_refused() {
    let layer = stargz(&lower(), |entries| {
        for entry in entries {
            if entry["name"] == "var/lib/dpkg/status" {
                entry["digest"] = digest(b"other").to_string().into();
            }
        }
    });
    let fake = registry(&[layer], true);
    let image = format!("docker://{}/app:1", fake.host);
    let ran = rslim(&["analyze", &image]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("digest of a file"), "{}", ran.err);
}

#[test]
fn tables_that_do_not_do_are_left_for_the_layer() {
    type Edit = fn(&mut Vec<Value>);
    let edits: [(&str, Edit); 7] = [
        ("no digests", |entries| entries[1]["digest"] = "".into()),
        ("a type", |entries| entries[1]["type"] = "door".into()),
        ("outside", |entries| entries[1]["offset"] = u64::MAX.into()),
        ("a name", |entries| entries[1]["name"] = "\u{fffd}".into()),
        ("a time", |entries| entries[1]["modtime"] = "noon".into()),
        ("a number", |entries| entries[1]["size"] = (-1).into()),
        ("attributes", |entries| {
            entries[1]["xattrs"] = json!({"user.a": "%"})
        }),
    ];
    for (name, edit) in edits {
        let fake = registry(&[stargz(&lower(), edit)], true);
        let (report, warnings) = analyze(&fake, &[]);
        assert!(warnings.contains("was not used"), "{name}: {warnings}");
        assert_eq!(report["packages"][0]["name"], "tiny", "{name}");
    }
    let good = base64::engine::general_purpose::STANDARD.encode("x");
    let layer = stargz(&lower(), |entries| {
        entries[1]["xattrs"] = json!({"user.a": good})
    });
    let (_, warnings) = analyze(&registry(&[layer], true), &[]);
    assert!(!warnings.contains("was not used"), "{warnings}");
}
