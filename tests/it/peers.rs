//! The same images in front of other tools. Where a tool is not installed, its
//! comparison is left out, unless `RSLIM_REQUIRE_PEERS` says that it must be there.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::fixtures::{self, Compression, Expect, Layout};
use crate::program::{listing, report};

pub fn have(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok();
    let required = std::env::var_os("RSLIM_REQUIRE_PEERS").is_some();
    assert!(found || !required, "{tool} is not installed");
    if !found {
        eprintln!("left out: {tool} is not installed");
    }
    found
}

/// One path as umoci unpacked it, in the words of `--format tree`.
fn unpacked(root: &Path) -> BTreeMap<Vec<u8>, String> {
    let mut found = BTreeMap::new();
    let mut stack = vec![root.to_owned()];
    while let Some(path) = stack.pop() {
        let meta = path.symlink_metadata().unwrap();
        let kind = meta.file_type();
        let words = if kind.is_dir() {
            stack.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
            "directory".to_owned()
        } else if kind.is_symlink() {
            let target = std::fs::read_link(&path).unwrap();
            format!(
                "symlink {}",
                rslim::oci::escape_bytes(target.as_os_str().as_bytes())
            )
        } else if kind.is_file() {
            let digest = Sha256::digest(std::fs::read(&path).unwrap());
            format!("file {} sha256:{}", meta.len(), hex(&digest))
        } else if kind.is_fifo() {
            "fifo".to_owned()
        } else {
            "device".to_owned()
        };
        // Links have no mode of their own.
        let mode = if kind.is_symlink() {
            0
        } else {
            meta.mode() & 0o7777
        };
        let name = path
            .strip_prefix(root)
            .unwrap()
            .as_os_str()
            .as_bytes()
            .to_vec();
        found.insert(
            name,
            format!("{words} {mode:04o} {}:{}", meta.uid(), meta.gid()),
        );
    }
    found.remove(&b""[..]);
    found
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn listed(path: &Path) -> BTreeMap<Vec<u8>, String> {
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let lines = listing(path).into_iter().filter(|line| line["path"] != "");
    lines
        .map(|line| {
            let kind = text(&line, "type");
            let words = match kind.as_str() {
                "symlink" => format!("symlink {}", text(&line, "link")),
                "file" => format!("file {} {}", line["size"], text(&line, "digest")),
                "char-device" | "block-device" => "device".to_owned(),
                other => other.to_owned(),
            };
            let mode = if kind == "symlink" {
                "0000".to_owned()
            } else {
                text(&line, "mode")
            };
            let owner = format!("{}:{}", line["uid"], line["gid"]);
            (
                unescaped(&text(&line, "path")),
                format!("{words} {mode} {owner}"),
            )
        })
        .collect()
}

pub fn unescaped(text: &str) -> Vec<u8> {
    let mut parts = text.split('\u{FFFD}');
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        out.push(u8::from_str_radix(&part[..2], 16).unwrap());
        out.extend_from_slice(&part.as_bytes()[2..]);
    }
    out
}

pub fn is_root() -> bool {
    Path::new("/proc/self")
        .metadata()
        .is_ok_and(|meta| meta.uid() == 0)
}

/// Fixtures that umoci 0.4 gets wrong or refuses, with why.
pub const UMOCI_DIFFERS: &[(&str, &str)] = &[
    (
        "global-pax-header",
        "refused; Docker and skopeo take global headers and ignore them",
    ),
    (
        "contiguous-file",
        "refused; POSIX says to treat type 7 as a regular file",
    ),
    (
        "sparse-old-gnu",
        "refused; Go's reader has it, GNU tar writes it",
    ),
    ("sparse-old-gnu-many", "refused, as sparse-old-gnu"),
    ("sparse-all-hole", "refused, as sparse-old-gnu"),
    (
        "aufs-files",
        "unpacks the bookkeeping of AUFS, which Docker leaves out",
    ),
];

#[test]
fn trees_are_what_umoci_unpacks() {
    if !have("umoci") || !is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut compared = 0;
    let mut wrong = Vec::new();
    for fixture in fixtures::semantic() {
        let known = UMOCI_DIFFERS.iter().find(|(name, _)| *name == fixture.name);
        if let Some((name, why)) = known {
            eprintln!("left out: {name}: {why}");
            continue;
        }
        let (Some(image), Expect::Loads) = (fixture.image(), fixture.expect) else {
            continue;
        };
        let layout = dir.path().join(fixture.name);
        let image = image.compression(Compression::Gzip);
        image.write(Layout::Oci, &layout).unwrap();
        let Some(root) = umoci(&layout, &dir.path().join("bundle")) else {
            wrong.push(format!("umoci refuses {}", fixture.name));
            let _ = std::fs::remove_dir_all(dir.path().join("bundle"));
            continue;
        };
        let (ours, theirs) = (listed(&layout), unpacked(&root));
        if ours != theirs {
            wrong.push(format!("{}: {ours:#?}\numoci: {theirs:#?}", fixture.name));
        }
        std::fs::remove_dir_all(dir.path().join("bundle")).unwrap();
        compared += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 30, "{compared} fixtures compared");
}

pub fn umoci(layout: &Path, bundle: &Path) -> Option<PathBuf> {
    let index: Value =
        serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
    let tag = &index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"];
    let image = format!("{}:{}", layout.display(), tag.as_str().unwrap_or("latest"));
    let mut command = Command::new("umoci");
    command.args(["unpack", "--image", &image]).arg(bundle);
    let output = command.output().unwrap();
    output.status.success().then(|| bundle.join("rootfs"))
}

/// dive's own figures, on images that it can read.
#[test]
fn dive_figures_are_those_of_dive() {
    if !have("dive") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for name in ["demo", "waste-full", "packages"] {
        let image = fixtures::by_name(name).and_then(|f| f.image()).unwrap();
        let path = dir.path().join("image.tar");
        // The installed dive knows the older layout only.
        image.write(Layout::DockerArchiveLegacy, &path).unwrap();
        // dive writes over what is there without cutting it off.
        let json = dir.path().join(format!("{name}.json"));
        let mut command = Command::new("dive");
        command
            .arg(format!("docker-archive://{}", path.display()))
            .arg("--json")
            .arg(&json);
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let dive: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
        let ours = report(&path);
        let theirs = &dive["image"];
        assert_eq!(
            ours["dive"]["wasted_bytes"], theirs["inefficientBytes"],
            "{name}"
        );
        let (a, b) = (
            &ours["dive"]["efficiency_score"],
            &theirs["efficiencyScore"],
        );
        assert_eq!(a.as_f64(), b.as_f64(), "{name}");
    }
}
