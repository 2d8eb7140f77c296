//! The examples in rule files are the rules' tests.

use std::collections::BTreeSet;
use std::path::Path;

use super::built::testing::made_up;
use super::checks;
use super::config::rslim_toml;
use super::context::{BuildContext, ContextEntry};
use super::engine::{Source, lint};
use super::finding::Applicability;
use super::fix::fix;
use super::input::Knowledge;
use super::settings::Settings;
use crate::dockerfile::ignore_file::IgnoreFile;
use crate::ruleset::{
    BaseTwins, CacheRules, Example, FixKind, LintRule, LintRules, Matcher, SecretRules,
};

fn knowledge() -> Knowledge {
    Knowledge {
        rules: LintRules::builtin().unwrap(),
        caches: CacheRules::builtin().unwrap(),
        twins: BaseTwins::builtin().unwrap(),
        secrets: SecretRules::builtin().unwrap(),
        shell: None,
    }
}

fn context(example: &Example) -> Option<BuildContext> {
    if example.context.is_empty() && example.dockerignore.is_none() {
        return None;
    }
    let mut top: Vec<String> = example
        .context
        .iter()
        .map(|path| path.split('/').next().unwrap().to_owned())
        .collect();
    top.dedup();
    let entries = example.context.iter().map(|path| ContextEntry {
        path: path.clone(),
        bytes: 1,
    });
    Some(BuildContext {
        dockerignore: example
            .dockerignore
            .as_deref()
            .map(|text| IgnoreFile::parse(text).unwrap()),
        top,
        entries: Some(entries.collect()),
    })
}

/// Only this rule and what the example asks for.
fn settings(rule: &LintRule, example: &Example) -> Settings {
    let mut partial = rslim_toml(Path::new("example.toml"), &example.settings).unwrap();
    // Rules about ignore comments need the rules that are ignored.
    // So do those about what no other rule found.
    if !matches!(rule.matcher, Matcher::Engine | Matcher::Measured) {
        partial.select = vec![rule.code.clone()];
    }
    partial.settings()
}

#[test]
fn bad_examples_are_found_and_good_ones_are_not() {
    let knowledge = knowledge();
    let mut wrong = Vec::new();
    for rule in knowledge.rules.rules() {
        for (i, example) in rule.examples.iter().enumerate() {
            let context = context(example);
            let image = made_up(&knowledge, example);
            let source = Source {
                bytes: example.text.as_bytes(),
                context: context.as_ref(),
                image: image.as_ref(),
            };
            let linted = lint(source, &settings(rule, example), &knowledge).unwrap();
            let own = linted
                .findings
                .iter()
                .filter(|finding| finding.code == rule.code);
            let lines: BTreeSet<u32> = own.map(|finding| finding.start.line).collect();
            let wanted: BTreeSet<u32> = example.lines.iter().copied().collect();
            if lines != wanted {
                wrong.push(format!(
                    "{} example {}: found {lines:?}, want {wanted:?}\n{}",
                    rule.code,
                    i + 1,
                    example.text
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn fixes_give_what_the_examples_say() {
    let knowledge = knowledge();
    let mut wrong = Vec::new();
    for rule in knowledge.rules.rules() {
        for (i, example) in rule.examples.iter().enumerate() {
            let Some(expected) = &example.fixed else {
                continue;
            };
            let context = context(example);
            let image = made_up(&knowledge, example);
            let source = Source {
                bytes: example.text.as_bytes(),
                context: context.as_ref(),
                image: image.as_ref(),
            };
            let fixed = fix(
                source,
                &settings(rule, example),
                &knowledge,
                Applicability::Unsafe,
            )
            .unwrap();
            let got = String::from_utf8(fixed.bytes).unwrap();
            if got != *expected {
                wrong.push(format!(
                    "{} example {}: got\n{got}\nwant\n{expected}",
                    rule.code,
                    i + 1
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_is_whole() {
    let knowledge = knowledge();
    for rule in knowledge.rules.rules() {
        let code = &rule.code;
        if let Matcher::Function(name) = &rule.matcher {
            assert!(checks::find(name).is_some(), "{code}: no function {name}");
        }
        for (what, text) in [
            ("summary", &rule.summary),
            ("why", &rule.why),
            ("instead", &rule.instead),
        ] {
            assert!(!text.trim().is_empty(), "{code} has no {what}");
        }
        assert!(
            rule.examples
                .iter()
                .any(|example| !example.lines.is_empty()),
            "{code} has no bad example"
        );
        assert!(
            rule.examples.iter().any(|example| example.lines.is_empty()),
            "{code} has no good example"
        );
        assert_eq!(
            rule.fix == FixKind::None,
            rule.fix_note.is_empty(),
            "{code}: fix and fix_note"
        );
    }
}

#[test]
fn every_function_has_a_rule() {
    let knowledge = knowledge();
    for name in checks::names() {
        let uses =
            |rule: &&LintRule| matches!(&rule.matcher, Matcher::Function(own) if own == name);
        assert_eq!(
            knowledge.rules.rules().iter().filter(uses).count(),
            1,
            "{name}"
        );
    }
}
