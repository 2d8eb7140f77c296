//! Baselines: growth, the ratchet, and findings that were there before.

use std::fs;

use serde_json::{Value, json};

use super::{Case, check};

fn edit(case: &Case, change: impl Fn(&mut Value)) {
    let mut baseline: Value = serde_json::from_str(&case.read("base.json")).unwrap();
    change(&mut baseline);
    fs::write(case.path("base.json"), baseline.to_string()).unwrap();
}

#[test]
fn a_missing_baseline_is_told_with_what_makes_one() {
    let ran = Case::new(&[]).run(&["--baseline", "base.json"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("there is no baseline base.json"),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains("--update-baseline writes base.json"),
        "{}",
        ran.err
    );
    let ran = Case::new(&[]).run(&["--update-baseline"]);
    assert!(
        ran.code == Some(2) && ran.err.contains("--baseline"),
        "{}",
        ran.err
    );
}

#[test]
fn growth_fails_and_the_ratchet_holds() {
    let case = Case::new(&[]);
    let update = ["--baseline", "base.json", "--update-baseline"];
    assert_eq!(case.run(&update).code, Some(0));
    let first = case.read("base.json");
    assert_eq!(case.run(&update).code, Some(0));
    assert_eq!(
        case.read("base.json"),
        first,
        "the same image gives the same bytes"
    );
    assert_eq!(case.run(&["--baseline", "base.json"]).code, Some(0));

    let size = serde_json::from_str::<Value>(&first).unwrap()["image"]["uncompressed_bytes"]
        .as_u64()
        .unwrap();
    edit(&case, |baseline| {
        baseline["image"]["uncompressed_bytes"] = json!(size - 1000);
        baseline["image"]["wasted_bytes"] = json!(250_000);
        baseline["layers"][1]["uncompressed_bytes"] = json!(5);
    });
    let (code, report) = case.json(&["--baseline", "base.json"]);
    assert_eq!(code, Some(1));
    let growth = check(&report, "max-growth");
    assert_eq!(
        (&growth["measured"], &growth["fail"]),
        (&json!(1000), &json!(0))
    );
    assert!(
        growth["why"]
            .as_str()
            .unwrap()
            .contains("most of it in layer 1"),
        "{growth}"
    );

    // Down goes, up does not.
    let ran = case.run(&update);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("uncompressed_bytes stays"), "{}", ran.err);
    let held: Value = serde_json::from_str(&case.read("base.json")).unwrap();
    assert_eq!(held["image"]["uncompressed_bytes"], json!(size - 1000));
    assert_eq!(held["image"]["wasted_bytes"], 200_000);
    assert_eq!(
        case.run(&[&update[..], &["--accept-growth"]].concat()).code,
        Some(0)
    );
    assert_eq!(case.read("base.json"), first);
    // Nothing but the baseline is left behind.
    assert_eq!(fs::read_dir(case.path("")).unwrap().count(), 2);
}

#[test]
fn growth_may_be_allowed_in_bytes_and_percent() {
    let case = Case::ci("max-growth = 1000\nmax-growth-percent = { warn = 0.01, fail = 5 }\n");
    case.run(&["--baseline", "base.json", "--update-baseline"]);
    let size = 1000;
    edit(&case, |baseline| {
        let old = baseline["image"]["uncompressed_bytes"].as_u64().unwrap();
        baseline["image"]["uncompressed_bytes"] = json!(old - size);
    });
    let (code, report) = case.json(&["--baseline", "base.json"]);
    assert_eq!((code, &report["status"]), (Some(0), &json!("warn")));
}

#[test]
fn findings_of_the_baseline_do_not_fail_and_new_ones_do() {
    let case = Case::new(&[("Dockerfile", "FROM debian:12-slim\nMAINTAINER x\n")]);
    let words = ["--dockerfile", "Dockerfile", "--baseline", "base.json"];
    let update = [&words[..], &["--update-baseline"]].concat();
    assert_eq!(case.run(&update).code, Some(0));
    assert_eq!(case.run(&words).code, Some(0));
    // The old finding moves and stays known.
    fs::write(
        case.path("Dockerfile"),
        "FROM debian:12-slim\n\n\nMAINTAINER x\nCMD a b\n",
    )
    .unwrap();
    let (code, report) = case.json(&words);
    assert_eq!(code, Some(1));
    let standings: Vec<(&str, &str)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            (
                finding["code"].as_str().unwrap(),
                finding["standing"].as_str().unwrap(),
            )
        })
        .collect();
    assert!(
        standings.contains(&("DL4000", "known")) && standings.contains(&("DL3025", "fail")),
        "{standings:?}"
    );
    // The new one does not get in by itself.
    assert_eq!(case.run(&update).code, Some(1));
    assert_eq!(
        case.run(&[&update[..], &["--accept-growth"]].concat()).code,
        Some(0)
    );
    assert_eq!(case.run(&words).code, Some(0));
}

#[test]
fn what_is_no_baseline_is_refused_with_its_place() {
    for (text, want) in [
        ("", "base.json:1:0: "),
        ("{\"schema_version\": 7}", "schema_version 7"),
        ("{\n\"schema_version\": 1, \"images\": {}}", "base.json:2:"),
    ] {
        let case = Case::new(&[("base.json", text)]);
        let ran = case.run(&["--baseline", "base.json"]);
        assert_eq!(ran.code, Some(2), "{text}");
        assert!(ran.err.contains(want), "{text}: {}", ran.err);
        assert_eq!(case.read("base.json"), text);
    }
}
