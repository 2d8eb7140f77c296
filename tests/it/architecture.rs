//! The code keeps its shape: which room uses which, and how long files are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms in order; each uses only those before it.
const ROOMS: [&str; 25] = [
    "codec",
    "oci",
    "registry",
    "source",
    "layer",
    "tree",
    "ruleset",
    "analyze",
    "inspect",
    "dockerfile",
    "attribute",
    "lint",
    "gate",
    "closure",
    "rewrite",
    "sink",
    "squash",
    "trace",
    "probe",
    "evidence",
    "slim",
    "replay",
    "report",
    "explore",
    "cli",
];

/// Lines that a file may have. Longer ones hold two thoughts.
const LINES: usize = 500;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn files(top: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    rust_files(&root().join(top), &mut found);
    assert!(!found.is_empty(), "{top} has no code");
    found
}

/// Rooms that a file names after `crate::`, also in `use crate::{a, b}`.
fn rooms_used(text: &str) -> BTreeSet<&'static str> {
    let mut used = BTreeSet::new();
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    for after in code.join("\n").split("crate::").skip(1) {
        let list = match after.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or(""),
            None => after,
        };
        for item in list.split(',') {
            let item = item.trim();
            let word: String = item
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            used.extend(ROOMS.into_iter().filter(|room| *room == word));
            if !after.starts_with('{') {
                break;
            }
        }
    }
    used
}

#[test]
fn rooms_use_only_those_before_them() {
    for (level, room) in ROOMS.iter().enumerate() {
        for path in files(&format!("src/{room}")) {
            for used in rooms_used(&fs::read_to_string(&path).unwrap()) {
                let allowed = ROOMS[..=level].contains(&used);
                assert!(allowed, "{} uses {used}", path.display());
            }
        }
    }
}

#[test]
fn every_room_is_in_the_table() {
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(path.is_file() || ROOMS.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn files_fit_in_one_head() {
    for top in ["src", "tests", "fixtures"] {
        for path in files(top) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= LINES, "{} has {lines} lines", path.display());
        }
    }
}

#[test]
fn printing_and_ending_are_the_command_lines() {
    for room in &ROOMS[..ROOMS.len() - 1] {
        for path in files(&format!("src/{room}")) {
            // The processes inside a container are a program of their own.
            if path.starts_with(root().join("src/trace/contain")) {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for word in ["println!", "process::exit", "std::env::args"] {
                assert!(!text.contains(word), "{} has {word}", path.display());
            }
        }
    }
}

/// Names that say nothing of what is inside.
#[test]
fn no_drawer_for_odds_and_ends() {
    for path in files("src") {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !["utils", "util", "helpers", "common", "misc"].contains(&stem),
            "{stem}"
        );
    }
}
