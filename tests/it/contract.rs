//! The JSON report keeps its published schema and adds up.

use serde_json::Value;

use crate::fixtures::{self, Expect};
use crate::program::{report, rslim};

pub fn schema(name: &str) -> jsonschema::Validator {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");
    let path = format!("{docs}/{name}.schema.json");
    let text = std::fs::read_to_string(path).unwrap();
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    // Readers must expect new fields; we must not add any that it does not list.
    forbid_others(&mut schema);
    jsonschema::validator_for(&schema).expect("the schema is one")
}

fn forbid_others(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.contains_key("properties") {
                fields.insert("additionalProperties".into(), false.into());
            }
            fields.values_mut().for_each(forbid_others);
        }
        Value::Array(items) => items.iter_mut().for_each(forbid_others),
        _ => {}
    }
}

fn reports() -> Vec<(&'static str, Value)> {
    let dir = tempfile::tempdir().unwrap();
    let mut reports = Vec::new();
    for fixture in fixtures::semantic().into_iter().chain(fixtures::layouts()) {
        if matches!(fixture.expect, Expect::Loads | Expect::Warns) {
            let path = fixture.build(dir.path()).unwrap();
            reports.push((fixture.name, report(&path)));
        }
    }
    let demo = fixtures::by_name("demo").unwrap();
    reports.push(("demo", report(&demo.build(dir.path()).unwrap())));
    reports
}

#[test]
fn reports_match_the_schema_and_add_up() {
    let schema = schema("analyze");
    for (name, report) in reports() {
        let errors: Vec<_> = schema
            .iter_errors(&report)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        adds_up(name, &report);
        is_sorted(name, &report);
    }
}

fn sum(list: &Value, key: &str) -> u64 {
    let items = list.as_array().expect("a list");
    items
        .iter()
        .map(|item| item[key].as_u64().expect("a number"))
        .sum()
}

fn adds_up(name: &str, report: &Value) {
    let totals = &report["totals"];
    let number = |key: &str| totals[key].as_u64().expect("a number");
    let layers = &report["layers"];
    assert_eq!(
        number("layers"),
        layers.as_array().unwrap().len() as u64,
        "{name}"
    );
    for key in [
        "compressed_bytes",
        "uncompressed_bytes",
        "stored_bytes",
        "wasted_bytes",
    ] {
        assert_eq!(number(key), sum(layers, key), "{name}: {key} of layers");
    }
    assert_eq!(
        number("wasted_bytes"),
        sum(&report["waste"], "bytes"),
        "{name}: waste"
    );
    assert_eq!(
        number("cache_bytes"),
        sum(&report["caches"], "bytes"),
        "{name}: caches"
    );
    let duplicates = sum(&report["duplicates"], "wasted_bytes");
    assert_eq!(number("duplicate_bytes"), duplicates, "{name}: duplicates");
    assert_eq!(
        number("stored_bytes"),
        number("visible_bytes") + number("wasted_bytes"),
        "{name}: what is stored is shown or wasted"
    );
    let score = &report["dive"]["efficiency_score"];
    assert!(
        (0.0..=1.0).contains(&score.as_f64().unwrap()),
        "{name}: {score}"
    );
}

fn is_sorted(name: &str, report: &Value) {
    let lists = [
        ("waste", "bytes", "path"),
        ("caches", "bytes", "path"),
        ("packages", "bytes", "manager"),
        ("recommendations", "saves_bytes", "id"),
    ];
    for (list, bytes, then) in lists {
        let items = report[list].as_array().expect("a list");
        for pair in items.windows(2) {
            let key = |item: &Value| {
                let bytes = item[bytes].as_u64().expect("a number");
                (
                    std::cmp::Reverse(bytes),
                    item[then].as_str().expect("text").to_owned(),
                )
            };
            assert!(key(&pair[0]) <= key(&pair[1]), "{name}: {list} {pair:#?}");
        }
    }
}

#[test]
fn the_same_image_gives_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = fixtures::by_name("demo")
        .unwrap()
        .build(dir.path())
        .unwrap();
    let run = |jobs: &str| {
        let words = [
            "analyze",
            path.to_str().unwrap(),
            "-f",
            "json",
            "--jobs",
            jobs,
        ];
        crate::program::rslim(&words).out
    };
    let first = run("1");
    assert!(first.contains("\"schema_version\": 1"));
    for jobs in ["1", "2", "8"] {
        assert_eq!(run(jobs), first);
    }
}

pub fn matches(schema: &jsonschema::Validator, report: &Value) {
    let errors: Vec<_> = schema
        .iter_errors(report)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn slim_and_why_match_their_schemas() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = fixtures::by_name("service").unwrap();
    let image = fixture.build(dir.path()).unwrap();
    let image = image.to_str().unwrap();
    let (to, report) = (dir.path().join("to.tar"), dir.path().join("report.json"));
    let (to, report) = (to.to_str().unwrap(), report.to_str().unwrap());
    let json = |words: &[&str]| -> Value {
        let ran = rslim(words);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        serde_json::from_str(&ran.out).unwrap()
    };
    let matches = |name: &str, document: &Value| {
        let schema = schema(name);
        let errors: Vec<_> = schema
            .iter_errors(document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    };
    matches(
        "slim",
        &json(&["slim", image, "-o", to, "-f", "json", "--report", report]),
    );
    matches(
        "slim",
        &json(&["slim", image, "--dry-run", "-f", "json", "--tier", "file"]),
    );
    let decisions: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    matches("slim-decisions", &decisions);
    matches(
        "why",
        &json(&["why", image, "/usr/bin/tool", "/bin/sh", "-f", "json"]),
    );
}

#[test]
fn history_matches_its_schema() {
    let dir = tempfile::tempdir().unwrap();
    let demo = fixtures::by_name("demo").unwrap();
    let demo = demo.build(dir.path()).unwrap();
    let file = dir.path().join("Dockerfile");
    let history = rslim(&["history", demo.to_str().unwrap(), "-f", "dockerfile"]);
    assert_eq!(history.code, Some(0), "{}", history.err);
    std::fs::write(&file, format!("{}RUN unknown\n", history.out)).unwrap();
    let schema = schema("history");
    let (demo, file) = (demo.to_str().unwrap(), file.to_str().unwrap());
    for words in [
        &["history", demo, "-f", "json"][..],
        &["history", demo, "-f", "json", "--dockerfile", file],
    ] {
        let ran = rslim(words);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        matches(&schema, &report);
        assert_eq!(report["unmatched"].is_array(), words.len() > 4);
        let layers = report["layers"].as_array().unwrap();
        assert!(
            layers
                .iter()
                .all(|layer| !layer["entries"].as_array().unwrap().is_empty())
        );
    }
}

#[test]
fn squash_and_diff_match_their_schemas() {
    let dir = tempfile::tempdir().unwrap();
    let demo = fixtures::by_name("demo").unwrap();
    let demo = demo.build(dir.path()).unwrap();
    let (squash, diff) = (schema("squash"), schema("diff"));
    let other = fixtures::by_name("waste")
        .unwrap()
        .build(dir.path())
        .unwrap();
    let json = |words: &[&str]| -> Value {
        let ran = rslim(words);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        serde_json::from_str(&ran.out).unwrap()
    };
    let (demo, other) = (demo.to_str().unwrap(), other.to_str().unwrap());
    let to = dir.path().join("out.tar");
    let to = to.to_str().unwrap();
    matches(&squash, &json(&["squash", demo, "-o", to, "-f", "json"]));
    let oci = format!("oci-archive:{to}");
    let words = ["squash", demo, "-o", &oci, "-f", "json", "--all-platforms"];
    let all = json(&words);
    for report in all.as_array().unwrap() {
        matches(&squash, report);
    }
    matches(&diff, &json(&["diff", demo, other, "-f", "json"]));
    matches(&diff, &json(&["diff", demo, to, "-f", "json"]));
}
