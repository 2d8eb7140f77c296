//! Containers that a container runtime makes.

use std::fs;

use super::staged;

/// Whether runc cannot make containers on this machine, which is then said.
fn unable(err: &str) -> bool {
    let unable = err.contains("there is no runc") || err.contains("could not make a container");
    if unable {
        eprintln!("left out: {err}");
    }
    unable
}

#[test]
fn a_container_of_runc_gives_the_same_result() {
    let volume = serde_json::json!({ "/usr/share/thing": {}, "/new": {} });
    let Some(stage) = staged(|image| image.run_field("Volumes", volume)) else {
        return;
    };
    let evidence = stage.lab.path("evidence.json");
    let evidence = evidence.to_str().unwrap();
    let words = ["--probe-http", "/file/one", "--probe-http", "/write/new"];
    let mut results = Vec::new();
    for more in [
        &[][..],
        &["--runner", "runc"],
        &["--runner", "runc", "--tracer", "ptrace"],
    ] {
        let ran = stage.slim(&[&words, more, &["--save-evidence", evidence]].concat());
        if unable(&ran.err) {
            return;
        }
        assert_eq!(ran.code, Some(0), "{more:?}: {}{}", ran.out, ran.err);
        results.push((
            fs::read(stage.small()).unwrap(),
            fs::read_to_string(evidence).unwrap(),
        ));
    }
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn limits_and_failing_programs_are_told_of_with_runc_too() {
    let Some(stage) = staged(|image| image.cmd(&["fork"])) else {
        return;
    };
    let words = ["--runner", "runc", "--max-processes", "40"];
    let ran = stage.slim(&[&words[..], &["--probe-http", "/"]].concat());
    if unable(&ran.err) {
        return;
    }
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert!(ran.err.contains("40"), "{}", ran.err);
    let Some(stage) = staged(|image| image.entrypoint(&["/bin/nothing"])) else {
        return;
    };
    let ran = stage.slim(&["--runner", "runc", "--tier", "safe", "--probe-http", "/"]);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert!(ran.err.contains("/bin/nothing"), "{}", ran.err);
}
