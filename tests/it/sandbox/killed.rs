//! rslim itself is killed, in the middle of its work: nothing of it stays but the cache, which the
//! next run can use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::{Stage, processes_with, staged, wait_for};
use crate::fixtures::tar::LayerBuilder;

/// An image of some two hundred megabytes.
fn large() -> Option<Stage> {
    let contents = vec![b'x'; 100_000];
    let layer = LayerBuilder::new().dirs(["usr", "usr/share", "usr/share/large"]);
    let layer = (0..2000).fold(layer, |layer, number| {
        layer.file(format!("usr/share/large/{number}"), &contents)
    });
    staged(layer, |image| image.cmd(&["only", "15"]))
}

fn start(stage: &Stage, words: &[&str]) -> Child {
    let out = stage.lab.path("small.tar");
    let mut command = crate::program::command();
    command
        .args([
            "slim",
            stage.lab.image(),
            "--tier",
            "file",
            "-o",
            out.to_str().unwrap(),
        ])
        .args(words)
        .env("RSLIM_CACHE_DIR", stage.cache())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// What is in the folder of unpacked images.
fn kept(stage: &Stage) -> Vec<PathBuf> {
    let all = fs::read_dir(stage.cache().join("trees"));
    all.map(|all| all.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}

fn is_part(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "part")
}

/// Kills it as soon as there is so much of the image.
fn killed_while_unpacking(stage: &Stage) {
    let mut child = start(stage, &["--probe-exec", "/bin/inside open /bin/inside"]);
    wait_for("a part of the image is unpacked", || {
        let parts = kept(stage).into_iter().filter(|path| is_part(path));
        parts
            .flat_map(|part| fs::read_dir(part.join("root/usr/share/large")))
            .any(|all| all.count() > 50)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        kept(stage)
            .iter()
            .filter(|path| !is_part(path) && path.is_dir())
            .count(),
        0
    );
    assert_nothing_runs(stage);
}

fn assert_nothing_runs(stage: &Stage) {
    let cache = stage.cache();
    let cache = cache.to_str().unwrap();
    wait_for("all processes are gone", || {
        processes_with(cache).is_empty()
    });
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(cache), "{mounts}");
    assert!(!stage.lab.path("small.tar").exists());
}

#[test]
fn half_an_image_is_removed_from_the_cache() {
    let Some(stage) = large() else { return };
    killed_while_unpacking(&stage);
    assert!(!kept(&stage).is_empty(), "there is something to remove");
    let ran = stage.rslim(&["cache", "prune"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(kept(&stage).is_empty(), "{:?}: {}", kept(&stage), ran.out);
}

#[test]
fn half_an_image_is_made_whole_by_the_next_run() {
    let Some(stage) = large() else { return };
    killed_while_unpacking(&stage);
    let ran = stage.slim(&["--probe-exec", "/bin/inside open /usr/share/large/1999"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        !kept(&stage).iter().any(|path| is_part(path)),
        "{:?}",
        kept(&stage)
    );
    let tree = crate::slim::tree(&stage.lab.path("small.tar"));
    assert_eq!(
        tree.keys()
            .filter(|path| path.starts_with("usr/share/large/"))
            .count(),
        1
    );
}

#[test]
fn nothing_goes_on_when_it_is_killed_while_a_probe_runs() {
    for tracer in ["seccomp", "ptrace"] {
        // A word that nobody else has; signals end neither of the programs.
        let word = format!("killed-{tracer}-{}", std::process::id());
        let change = |image: crate::fixtures::ImageBuilder| image.cmd(&["deaf", &word]);
        let Some(stage) = staged(LayerBuilder::new(), change) else {
            return;
        };
        let probe = format!("/bin/inside deaf {word}-probe");
        let mut child = start(&stage, &["--probe-exec", &probe, "--tracer", tracer]);
        let runs = |argument: &str| {
            let line = format!("/bin/inside deaf {argument} ");
            processes_with(argument)
                .iter()
                .any(|process| process.ends_with(&line))
        };
        wait_for("the probe runs", || {
            runs(&format!("{word}-probe")) && runs(&word)
        });
        child.kill().unwrap();
        child.wait().unwrap();
        wait_for("its programs are gone", || processes_with(&word).is_empty());
        assert_nothing_runs(&stage);
    }
}
