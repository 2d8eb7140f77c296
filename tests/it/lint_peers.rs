//! The rules' own examples in front of hadolint. Where it is not installed,
//! the comparison is left out, unless `RSLIM_REQUIRE_PEERS` is set.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use rslim::ruleset::{Example, LintRule, LintRules};
use serde_json::Value;

fn have_hadolint() -> bool {
    let found = Command::new("hadolint").arg("--version").output().is_ok();
    let required = std::env::var_os("RSLIM_REQUIRE_PEERS").is_some();
    assert!(found || !required, "hadolint is not installed");
    if !found {
        eprintln!("left out: hadolint is not installed");
    }
    found
}

type Found = BTreeSet<(u64, String)>;

fn hadolint(folder: &Path, name: &str) -> Found {
    let done = Command::new("hadolint")
        .args(["--no-color", "--no-fail", "-f", "json", name])
        .current_dir(folder)
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder)
        .output()
        .unwrap();
    let found: Vec<Value> = serde_json::from_slice(&done.stdout).unwrap_or_default();
    let pair = |item: &Value| {
        (
            item["line"].as_u64().unwrap(),
            item["code"].as_str().unwrap().to_owned(),
        )
    };
    found
        .iter()
        .map(pair)
        .filter(|(_, code)| code.starts_with("DL"))
        .collect()
}

fn rslim(folder: &Path, name: &str) -> Found {
    let done = Command::new(env!("CARGO_BIN_EXE_rslim"))
        .args([
            "lint",
            "--compat",
            "hadolint",
            "--no-config",
            "--no-shell-lint",
            "-f",
            "json",
            name,
        ])
        .current_dir(folder)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    let found = report["files"][0]["findings"].as_array().unwrap();
    let pair = |item: &Value| {
        let line = item["start"]["line"].as_u64().unwrap();
        (line, item["code"].as_str().unwrap().to_owned())
    };
    found
        .iter()
        .map(pair)
        .filter(|(_, code)| code.starts_with("DL"))
        .collect()
}

fn examples() -> Vec<(LintRule, usize, Example)> {
    let rules = LintRules::builtin().unwrap();
    let mut all = Vec::new();
    for rule in rules.rules() {
        for (i, example) in rule.examples.iter().enumerate() {
            // hadolint takes arrays that are no JSON for text, each in its own way.
            if example.settings.is_empty() && rule.code != "RS1014" {
                all.push((rule.clone(), i + 1, example.clone()));
            }
        }
    }
    all
}

#[test]
fn in_its_mode_the_examples_get_hadolints_answer() {
    if !have_hadolint() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (rule, number, example) in examples() {
        let name = format!("{}-{number}.Dockerfile", rule.code);
        std::fs::write(dir.path().join(&name), &example.text).unwrap();
        let theirs = hadolint(dir.path(), &name);
        // One syntax error that only hadolint sees hides all its findings.
        if theirs.iter().any(|(_, code)| code == "DL1000") {
            continue;
        }
        let mut ours = rslim(dir.path(), &name);
        ours.retain(|(_, code)| code != "DL1000");
        compared += 1;
        if ours != theirs {
            wrong.push(format!(
                "{name}: ours {ours:?}, hadolint's {theirs:?}\n{}",
                example.text
            ));
        }
    }
    assert!(compared > 200, "only {compared} examples were compared");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// hadolint is wrong here, each time for a reason that the rule's page gives.
#[test]
fn where_the_answers_differ_the_rules_page_says_why() {
    let rules = LintRules::builtin().unwrap();
    for code in [
        "DL3002", "DL3008", "DL3009", "DL3016", "DL3019", "DL3022", "DL3024", "DL3032", "DL3040",
        "DL3064", "DL4005", "DL4006",
    ] {
        let rule = rules.get(code).unwrap();
        assert!(
            !rule.hadolint.trim().is_empty(),
            "{code} does not say how hadolint differs"
        );
    }
}
