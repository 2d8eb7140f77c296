//! Squashing what broken or malicious writers send: the same file system, or one
//! clear message, and nothing left behind.

use std::ffi::OsStr;
use std::fs;

use crate::fixtures;
use crate::hostile::{PATIENCE, bounded};

#[test]
fn every_fixture_is_squashed_exactly_or_refused_with_one_message() {
    let dir = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    let to = out.path().join("out.tar");
    let mut wrong = Vec::new();
    for fixture in fixtures::all() {
        let path = fixture.build(dir.path()).unwrap();
        let name = fixture.name;
        let words = ["squash", "--platform", "linux/amd64", "-o"].map(OsStr::new);
        let words = words.into_iter().chain([to.as_os_str(), path.as_os_str()]);
        let ran = bounded(name, PATIENCE, words);
        let errors = ran
            .err
            .lines()
            .filter(|line| line.starts_with("error: "))
            .count();
        let left: Vec<_> = fs::read_dir(out.path()).unwrap().flatten().collect();
        let fine = match ran.code {
            // The program has compared the trees itself.
            Some(0) => errors == 0 && left.len() == 1 && ran.out.contains("the same"),
            Some(2) => errors == 1 && left.is_empty() && ran.out.is_empty(),
            _ => false,
        };
        if !fine {
            let said: String = ran.err.chars().take(300).collect();
            wrong.push(format!("{name}: {:?} {said} left {left:?}", ran.code));
        }
        let _ = fs::remove_file(&to);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
