//! The book's rule pages are what `rslim rules` prints, and every rule is in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rslim::ruleset::LintRules;

fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src")
}

fn printed(arguments: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_rslim"))
        .args(["rules", "-f", "markdown"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(done.status.success());
    String::from_utf8(done.stdout).unwrap()
}

/// With RSLIM_WRITE_BOOK the pages are written anew.
fn check(page: &Path, generated: &str) {
    let text = fs::read_to_string(page).unwrap_or_default();
    if text.contains(generated.trim_end()) {
        return;
    }
    if std::env::var_os("RSLIM_WRITE_BOOK").is_none() {
        panic!(
            "{} is not what `rslim rules` prints; RSLIM_WRITE_BOOK=1 cargo test rule_pages writes it",
            page.display()
        );
    }
    // Everything above the first generated line is by hand.
    let first = generated.lines().next().unwrap();
    let head = match text.find(first) {
        Some(at) => &text[..at],
        None => &text,
    };
    fs::write(page, format!("{head}{generated}")).unwrap();
}

#[test]
fn rule_pages_are_up_to_date() {
    let rules = LintRules::builtin().unwrap();
    check(&book().join("rules.md"), &printed(&[]));
    let families: BTreeSet<&str> = rules
        .rules()
        .iter()
        .map(|rule| rule.family.as_str())
        .collect();
    for family in families {
        check(
            &book().join(format!("rules/{family}.md")),
            &printed(&[family]),
        );
    }
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = fs::read_to_string(book().join("SUMMARY.md")).unwrap();
    let mut pages = Vec::new();
    for folder in [book(), book().join("rules")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(
                    path.strip_prefix(book())
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    for page in pages.iter().filter(|page| *page != "SUMMARY.md") {
        assert!(
            summary.contains(&format!("({page})")) || summary.contains(&format!("(./{page})")),
            "{page} is not in the summary"
        );
    }
}
