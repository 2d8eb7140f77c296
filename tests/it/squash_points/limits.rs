//! Bounded memory, bombs, interrupts, and the base that others share.

use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rslim::sink::Destination;
use serde_json::json;

use super::case::new;
use super::documents::{fold_to, three};
use super::seen::{Written, sha256};
use crate::fixtures::content::noise;
use crate::fixtures::image::compress::GzipStream;
use crate::fixtures::tar::Entry;
use crate::fixtures::{self, Compression, ImageBuilder, Layout};
use crate::hostile::{PATIENCE, bounded};
use crate::program::command;

/// The most memory that a run of the program has had at once, in bytes.
#[cfg(target_os = "linux")]
fn peak(run: &mut Command) -> u64 {
    let mut child = run.stdout(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    loop {
        // The kernel keeps the peak; only the last moments can be missed.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(number) = line.and_then(|line| line.split_whitespace().next()) {
            most = most.max(number.parse::<u64>().unwrap() * 1024);
        }
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return most;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_bounded_by_entries_and_not_by_bytes() {
    const SIZE: u64 = 192 << 20;
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("from.oci"), place.path().join("to.tar"));
    let mut stream = GzipStream::new();
    let mut headers = Vec::new();
    Entry::file("large", "")
        .claim_size(SIZE)
        .write_headers(&mut headers);
    stream.write(&headers);
    for _ in 0..SIZE >> 20 {
        stream.write(&[0; 1 << 20]);
    }
    stream.write(&[0; 1024]);
    let (blob, diff_id) = stream.finish();
    let image = ImageBuilder::new().layer_blob(blob, &diff_id, None);
    let image = image.layer(new().file("small", "1").finish(), "COPY small /");
    image.write(Layout::OciArchive, &from).unwrap();
    let most = peak(
        command()
            .args([
                "squash",
                "--compression",
                "gzip",
                "--level",
                "1",
                "--quiet",
                "--jobs",
                "2",
            ])
            .args(["--platform", "linux/amd64"])
            .arg(&from)
            .arg("-o")
            .arg(&to),
    );
    assert!(
        most > 0 && most < 96 << 20,
        "{most} bytes for one large file"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn memory_for_many_entries_is_some_hundred_bytes_each() {
    const ENTRIES: u64 = 60_000;
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("from.tar"), place.path().join("to.tar"));
    fixtures::entries::write(ENTRIES, &from).unwrap();
    let most = peak(
        command()
            .args([
                "squash",
                "--quiet",
                "--jobs",
                "1",
                "--platform",
                "linux/amd64",
            ])
            .arg(&from)
            .arg("-o")
            .arg(&to),
    );
    let each = most.saturating_sub(32 << 20) / ENTRIES;
    assert!(each < 1000, "{most} bytes, {each} an entry");
}

#[test]
fn bombs_end_at_a_limit_and_leave_nothing() {
    let place = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    let to = out.path().join("out.tar");
    let tar = new().file("zeros", vec![0; 8 << 20]).finish();
    let small = place.path().join("bytes.tar");
    let image = ImageBuilder::of_layers([tar]).compression(Compression::Gzip);
    image.write(Layout::OciArchive, &small).unwrap();
    let many = place.path().join("entries.tar");
    let files = (0..2000).fold(new(), |layer, n| layer.file(format!("{n}"), ""));
    let image = ImageBuilder::of_layers([files.finish()]);
    image.write(Layout::DockerArchive, &many).unwrap();
    for (from, option, value) in [
        (&small, "--max-layer-size", "1000000"),
        (&many, "--max-entries", "1000"),
    ] {
        let words = ["squash", "--platform", "linux/amd64", option, value, "-o"].map(OsStr::new);
        let words = words.into_iter().chain([to.as_os_str(), from.as_os_str()]);
        let ran = bounded(option, PATIENCE, words);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains(option), "{}", ran.err);
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }
}

/// Everything that was made for the result is gone again, folders included.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_temporary_files() {
    let place = tempfile::tempdir().unwrap();
    let from = place.path().join("from.tar");
    let image = ImageBuilder::of_layers([new().file("noise", noise(1, 24 << 20)).finish()]);
    let image = image.compression(Compression::Gzip);
    image.write(Layout::OciArchive, &from).unwrap();
    for signal in ["-INT", "-TERM"] {
        let out = tempfile::tempdir().unwrap();
        let temporary = tempfile::tempdir().unwrap();
        let to = out.path().join("layout");
        let mut run = command();
        // Slow enough to be interrupted.
        run.args([
            "squash",
            "--compression",
            "zstd",
            "--level",
            "19",
            "--jobs",
            "1",
        ])
        .args(["--platform", "linux/amd64", "-o"])
        .arg(format!("oci:{}", to.display()))
        .arg(&from)
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
        let mut child = run.spawn().unwrap();
        let begun = Instant::now();
        while !to.join("blobs/sha256").exists() {
            assert!(begun.elapsed() < PATIENCE, "it never begins");
            assert_eq!(child.try_wait().unwrap(), None);
            std::thread::sleep(Duration::from_millis(1));
        }
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
        let left = |folder: &tempfile::TempDir| fs::read_dir(folder.path()).unwrap().count();
        assert_eq!((left(&out), left(&temporary)), (0, 0), "{signal}");
    }
}

/// Images on one base go on sharing it: its blobs and its diff_ids are the same.
#[test]
fn layers_below_the_range_keep_their_bytes_and_digests() {
    let place = tempfile::tempdir().unwrap();
    for compression in [
        Compression::Gzip,
        Compression::Zstd,
        Compression::GzipMembers,
    ] {
        let from = place.path().join(compression.name());
        let image = three().compression(compression);
        image.write(Layout::Oci, &from).unwrap();
        let old = Written::folder(&from);
        for kept in 1..=3 {
            let to = place.path().join(format!("{}-{kept}", compression.name()));
            fold_to(
                &from,
                &Destination::OciLayout(to.clone()),
                kept,
                "linux/amd64",
                None,
            );
            let new = Written::folder(&to);
            assert_eq!(new.layers()[..kept], old.layers()[..kept]);
            let (before, after) = (old.manifest(), new.manifest());
            for layer in 0..kept {
                assert_eq!(after["layers"][layer], before["layers"][layer]);
            }
            let ids = |written: &Written| {
                let ids = written.config_json()["rootfs"]["diff_ids"].clone();
                ids.as_array().unwrap()[..kept].to_vec()
            };
            assert_eq!(ids(&new), ids(&old));
            // Docker archives have layers as they are under their diff_id.
            let to = place.path().join("docker.tar");
            fold_to(
                &from,
                &Destination::DockerArchive(to.clone()),
                kept,
                "linux/amd64",
                None,
            );
            let docker = Written::archive(&to);
            let digests: Vec<_> = docker.layers()[..kept].iter().map(|l| sha256(l)).collect();
            assert_eq!(json!(digests), json!(ids(&old)));
        }
    }
}
