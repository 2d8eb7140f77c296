//! `.dive-ci`: the same verdicts as dive's.

use std::path::Path;
use std::process::Command;

use crate::fixtures::{ImageBuilder, Layout, tar::LayerBuilder};
use crate::peers::have;

use super::{Case, check, run};

/// Efficiency 0.75, 2000 bytes wasted, which are all of the upper layer's.
fn twice() -> ImageBuilder {
    let layer = |other: &str| {
        LayerBuilder::new()
            .file("a", [b'x'; 1000])
            .file(other, [b'y'; 1000])
            .finish()
    };
    ImageBuilder::new()
        .layer(layer("b"), "COPY a /")
        .layer(layer("c"), "COPY c /")
}

/// Upper layers without bytes: dive divides by nothing.
fn emptied() -> ImageBuilder {
    let full = LayerBuilder::new().file("a", [b'x'; 1000]).finish();
    let empty = LayerBuilder::new().file("a", []).finish();
    ImageBuilder::new()
        .layer(full, "COPY a /")
        .layer(empty, "RUN x")
}

fn alone() -> ImageBuilder {
    ImageBuilder::of_layers([LayerBuilder::new().file("a", [b'x'; 1000]).finish()])
}

const RULES: [&str; 3] = [
    "lowestEfficiency",
    "highestWastedBytes",
    "highestUserWastedPercent",
];

/// Words for each rule below, at and above what [`twice`] has.
fn files() -> Vec<String> {
    let mut files: Vec<String> = [
        "",
        "rules:\n",
        "other: 1\n",
        "rules:\n  unknown: 1\n",
        "Rules:\n  LOWESTEFFICIENCY: 0.5\n",
        "rules.lowestEfficiency: 0.5\n",
        "rules: [\n",
        "rules:\n  lowestEfficiency: 0.5\n  lowestEfficiency: 0.6\n",
    ]
    .map(str::to_owned)
    .into();
    let values: [&[&str]; 3] = [
        &[
            "0.7499", "0.75", "0.7501", "\"0.75\"", ".5", "7.5e-1", "0", "1", "disabled", "NaN",
            "75", "75%", "-1", "true", "\"\"", "",
        ],
        &[
            "1999",
            "2000",
            "2001",
            "\"2,000\"",
            "1.9 k",
            "2KB",
            "2 kib",
            "1Ki",
            "2 kx",
            "-1",
            "1999.9",
            "1e3",
            "1_999",
            "0x10",
            "+5",
            "\"5  Mb \"",
            "20000000000000000000",
            "disabled",
            "Disabled",
            "\"\"",
            "",
        ],
        &["0.9999", "1", "1.0", "1.0001", "0", "disabled", "Inf"],
    ];
    for (rule, values) in RULES.into_iter().zip(values) {
        let others = RULES.iter().filter(|other| **other != rule);
        let off: String = others
            .map(|other| format!("  {other}: disabled\n"))
            .collect();
        files.extend(
            values
                .iter()
                .map(|value| format!("rules:\n  {rule}: {value}\n{off}")),
        );
    }
    files
}

/// How dive ended, and what it says of each rule.
fn dive(folder: &Path, words: &[&str]) -> (bool, Vec<Option<bool>>) {
    let done = Command::new("dive")
        .args(["--source", "docker-archive", "image.tar"])
        .args(words)
        .current_dir(folder)
        .env("CI", "true")
        .env("HOME", folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let said = |rule: &&str| {
        let line = text
            .lines()
            .find(|line| line.contains(&format!(": {rule}")) || line.ends_with(rule))?;
        match (line.contains("PASS"), line.contains("FAIL")) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    };
    (done.status.success(), RULES.iter().map(said).collect())
}

fn ours(folder: &Path, words: &[&str]) -> (bool, Vec<Option<bool>>) {
    let mut all = vec!["-f", "json"];
    all.extend(words);
    let ran = run(folder, &all, &[]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap_or_default();
    let said = |rule: &&str| {
        let checks = report["checks"].as_array()?;
        let found = checks.iter().find(|check| check["check"] == **rule)?;
        Some(found["status"] == "pass")
    };
    (ran.code == Some(0), RULES.iter().map(said).collect())
}

fn agree(image: &ImageBuilder, files: &[String], words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    // The installed dive knows the older layout only.
    image
        .write(
            Layout::DockerArchiveLegacy,
            &folder.path().join("image.tar"),
        )
        .unwrap();
    for file in files {
        std::fs::write(folder.path().join(".dive-ci"), file).unwrap();
        let (theirs, own) = (dive(folder.path(), words), ours(folder.path(), words));
        assert_eq!(own, theirs, "{file:?} {words:?}");
    }
}

#[test]
fn verdicts_are_those_of_dive() {
    if !have("dive") {
        return;
    }
    agree(&twice(), &files(), &[]);
    agree(&emptied(), &files()[..2], &[]);
    agree(&alone(), &files()[..2], &[]);
    let file = ["rules:\n  lowestEfficiency: 0.8\n".to_owned()];
    for value in ["0.7", "0.75", "0.76", "disabled"] {
        agree(&twice(), &file, &["--lowestEfficiency", value]);
    }
    agree(
        &twice(),
        &file,
        &[
            "--highestWastedBytes",
            "1999",
            "--highestUserWastedPercent",
            "1",
        ],
    );
}

#[test]
fn rules_of_dive_stand_beside_ours() {
    let file = "rules:\n  highestWastedBytes: 2KB\n  highestUserWastedPercent: disabled\n  lowestEfficency: 0.1\n";
    let case = Case::of(
        &twice(),
        &[
            (".dive-ci", file),
            (".rslim.toml", "[ci]\nmax-wasted = 999\n"),
        ],
    );
    let (code, report) = case.json(&[]);
    assert_eq!(code, Some(1));
    for (name, status) in [
        ("max-wasted", "fail"),
        ("lowestEfficiency", "fail"),
        ("highestWastedBytes", "pass"),
    ] {
        assert_eq!(check(&report, name)["status"], status, "{name}");
    }
    assert_eq!(
        report["settings"],
        serde_json::json!([".rslim.toml", ".dive-ci"])
    );
    let ran = case.run(&["-v"]);
    assert!(
        ran.err
            .contains("dive's rules of .dive-ci, beside those of [ci]"),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains(".dive-ci:4:20: \"lowestEfficency\" does nothing"),
        "{}",
        ran.err
    );
    let waive = "[[ci.waive]]\ncheck = \"lowestEfficiency\"\nreason = \"r\"\n";
    std::fs::write(case.path(".rslim.toml"), waive).unwrap();
    assert_eq!(case.run(&[]).code, Some(0));
    assert_eq!(case.run(&["--ci-config", "none.yml"]).code, Some(2));
    assert_eq!(case.run(&["--highestWastedBytes", "1 kB"]).code, Some(1));
    let ran = case.run(&["--highest-wasted-bytes", "1 kx"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err
            .contains("--highestWastedBytes: highestWastedBytes cannot be \"1 kx\""),
        "{}",
        ran.err
    );
}
