//! Programs that want too much, and what is left behind by runs that end badly: nothing.

use std::fs;
use std::time::{Duration, Instant};

use super::staged;
use crate::fixtures::tar::{Entry, LayerBuilder};

#[test]
fn programs_that_take_too_much_are_stopped_with_the_reason() {
    let cases: [(&str, &[&str], &str); 3] = [
        ("fork", &["--max-processes", "40"], "processes"),
        ("eat", &["--max-run-memory", "64MB"], "memory"),
        (
            "hang",
            &["--max-run-time", "2", "--ready-timeout", "30"],
            "s",
        ),
    ];
    for (what, words, why) in cases {
        let Some(stage) = staged(|image| image.cmd(&[what])) else {
            return;
        };
        let mut all = vec!["--probe-http", "/"];
        all.extend_from_slice(words);
        let ran = stage.slim(&all);
        assert_eq!(ran.code, Some(2), "{what}: {}{}", ran.out, ran.err);
        assert!(
            ran.err.contains("the image was stopped"),
            "{what}: {}",
            ran.err
        );
        assert!(ran.err.contains(why), "{what}: {}", ran.err);
        assert!(ran.err.contains("--max-run-time"), "{what}: {}", ran.err);
    }
}

#[test]
fn a_full_disk_is_the_program_s_own_trouble() {
    let Some(stage) = staged(|image| image.cmd(&["fill"])) else {
        return;
    };
    let ran = stage.slim(&["--probe-http", "/", "--max-run-disk", "4MB"]);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert!(ran.err.contains("full"), "{}", ran.err);
}

#[test]
fn devices_of_the_machine_are_out_of_reach() {
    let Some(stage) = staged(|image| {
        let node = LayerBuilder::new().entry(Entry::device("disk", b'3', 1, 3).mode(0o666));
        image.layer(node.finish(), "COPY disk /")
    }) else {
        return;
    };
    stage.left(&["--probe-exec", "/bin/server devices"]);
}

/// Processes that have this word among their arguments.
fn processes(word: &str) -> usize {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let with = lines.filter(|line| {
        line.split(|&b| b == 0)
            .any(|known| known == word.as_bytes())
    });
    with.count()
}

fn wait_for(what: &str, is: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn nothing_is_left_when_the_program_is_killed() {
    for signal in ["KILL", "INT"] {
        // The port is a word that nobody else has.
        let port = if signal == "KILL" { "18191" } else { "18192" };
        let change = |image: crate::fixtures::ImageBuilder| image.cmd(&["serve", port]);
        let exposed = serde_json::json!({ format!("{port}/tcp"): {} });
        let Some(stage) = staged(|image| change(image).run_field("ExposedPorts", exposed)) else {
            return;
        };
        let small = stage.small();
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_rslim"))
            .args(["slim", stage.lab.image(), "-o", small.to_str().unwrap()])
            .args(["--continue-after", "100", "--probe-http", "/"])
            .env("RSLIM_CACHE_DIR", &stage.cache)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        wait_for("the server is there", || processes(port) > 0);
        let pid = child.id().to_string();
        let killed = std::process::Command::new("kill")
            .args(["-s", signal, &pid])
            .status();
        assert!(killed.unwrap().success());
        child.wait().unwrap();
        wait_for("the server is gone", || processes(port) == 0);
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(stage.cache.to_str().unwrap()), "{mounts}");
        assert!(!small.exists());
        let left: Vec<_> = fs::read_dir(small.parent().unwrap())
            .unwrap()
            .flatten()
            .collect();
        let names: Vec<_> = left.iter().map(|entry| entry.file_name()).collect();
        assert_eq!(names.len(), 2, "the image and the cache: {names:?}");
    }
}
