//! Programs and probes that cannot work end with a reason, and soon.

use super::staged;
use crate::fixtures::tar::LayerBuilder;

/// What each set of words must say, with status 2.
fn refused(cmd: &[&str], words: &[&str], says: &[&str]) {
    let Some(stage) = staged(LayerBuilder::new(), |image| image.cmd(cmd)) else {
        return;
    };
    let ran = stage.slim(words);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    for what in says {
        assert!(ran.err.contains(what), "{what}: {}", ran.err);
    }
    assert!(!stage.lab.path("small.tar").exists());
    let cache = stage.cache();
    let left = super::processes_with(cache.to_str().unwrap());
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn processes_without_end_of_a_probe_are_the_end_of_all() {
    for tracer in ["seccomp", "ptrace"] {
        refused(
            &["only", "15"],
            &[
                "--probe-exec",
                "/bin/inside bomb",
                "--max-processes",
                "50",
                "--tracer",
                tracer,
            ],
            &["the image was stopped", "processes"],
        );
    }
}

#[test]
fn a_connection_that_nobody_takes_is_named() {
    let words = ["--probe-tcp", "8123", "--ready-timeout", "1"];
    refused(&["only", "15"], &words, &["8123"]);
}

#[test]
fn a_probe_that_hangs_is_ended_and_named() {
    let words = ["--probe-exec", "/bin/inside deaf"];
    let soon = ["--probe-timeout", "1", "--ready-timeout", "1"];
    let says = ["/bin/inside deaf", "within 1s"];
    refused(&["only", "15"], &[&words[..], &soon[..]].concat(), &says);
}
