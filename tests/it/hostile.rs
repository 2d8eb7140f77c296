//! What broken or malicious writers send: one clear message or a report, and
//! never a crash, a hang, or memory without end.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::fixtures::{self, Expect};
use crate::program::{self, Ran, command, ran};

/// Address space for one run, in KiB; resident memory is far less.
const ADDRESS_SPACE: u64 = 1 << 20;

/// Far more than any fixture needs, so that a slow machine fails nothing.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Runs `rslim analyze PATH -f FORMAT` with bounded memory and time.
fn analyze(name: &str, path: &Path, format: &str) -> Ran {
    let words = ["analyze", "-f", format, "--platform", "linux/amd64"];
    let words = words.iter().map(OsStr::new);
    bounded(name, PATIENCE, words.chain([path.as_os_str()]))
}

/// Runs the program with bounded memory and time.
pub fn bounded<'a>(
    name: &str,
    patience: Duration,
    words: impl IntoIterator<Item = &'a OsStr>,
) -> Ran {
    let program = command();
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("ulimit -v {ADDRESS_SPACE}; exec \"$0\" \"$@\""))
        .arg(program.get_program())
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = shell.spawn().expect("sh starts");
    let id = child.id();
    let begun = Instant::now();
    let waiting = std::thread::spawn(move || child.wait_with_output());
    while !waiting.is_finished() {
        if begun.elapsed() > patience {
            // The thread that waits for it then ends as well.
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
            panic!("{name} hangs");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    ran(waiting.join().unwrap().expect("the program ends"))
}

#[test]
fn every_fixture_gets_a_report_or_one_message() {
    let dir = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for fixture in fixtures::all() {
        let path = fixture.build(dir.path()).unwrap();
        let ran = analyze(fixture.name, &path, "json");
        let errors = ran.err.lines().filter(|line| line.starts_with("error: "));
        let warnings = ran.err.lines().filter(|line| line.starts_with("warning: "));
        let loaded = ran.code == Some(0) && errors.clone().count() == 0;
        let failed = ran.code == Some(2) && errors.clone().count() == 1 && ran.out.is_empty();
        let fine = match fixture.expect {
            Expect::Loads => loaded,
            Expect::Warns => loaded && warnings.count() > 0,
            Expect::Fails(words) => failed && ran.err.contains(words),
            Expect::LoadsOrFails => loaded || failed,
        };
        if !fine {
            let err: String = ran.err.chars().take(600).collect();
            wrong.push(format!(
                "{} ({}; {:?}): status {:?}, {err}",
                fixture.name, fixture.shows, fixture.expect, ran.code
            ));
        }
        let control = ran.err.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "{}: raw control characters", fixture.name);
        if loaded {
            let report: Result<serde_json::Value, _> = serde_json::from_str(&ran.out);
            assert!(report.is_ok(), "{}: {:?}", fixture.name, report.err());
        }
    }
    assert!(
        wrong.is_empty(),
        "{} fixtures:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Listing a tree digests contents that reports leave alone.
#[test]
fn every_tree_can_be_listed() {
    let dir = tempfile::tempdir().unwrap();
    for fixture in fixtures::hostile() {
        let path = fixture.build(dir.path()).unwrap();
        let ran = analyze(fixture.name, &path, "tree");
        let err: String = ran.err.chars().take(600).collect();
        assert!(matches!(ran.code, Some(0 | 2)), "{}: {err}", fixture.name);
        assert!(
            ran.code != Some(2) || ran.out.is_empty(),
            "{}: half a listing",
            fixture.name
        );
    }
}

/// A member called `../../x` must not appear outside of anything.
#[test]
fn nothing_is_written_outside() {
    let dir = tempfile::tempdir().unwrap();
    let inside = dir.path().join("a/b/c");
    std::fs::create_dir_all(&inside).unwrap();
    for fixture in fixtures::hostile() {
        if !fixture.name.starts_with("h01") && !fixture.name.starts_with("h23") {
            continue;
        }
        let path = fixture.build(dir.path()).unwrap();
        let output = command()
            .arg("analyze")
            .arg(&path)
            .current_dir(&inside)
            .output();
        let ran = program::ran(output.unwrap());
        assert!(matches!(ran.code, Some(0 | 2)), "{}", ran.err);
    }
    assert_eq!(std::fs::read_dir(&inside).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(dir.path().join("a")).unwrap().count(), 1);
}
