//! Each format, and all of them the same each time.

use serde_json::{Value, json};

use crate::contract::{matches, schema};
use crate::fixtures;

use super::{Case, check};

const TABLE: &str = "[ci]\nmax-size = 1\nmax-packages = 5\nmax-wasted = { warn = 1 }\nmax-duplicates = 1\n\
                     forbidden-paths = [\"**/id_rsa\"]\nlint-threshold = \"error\"\n\
                     [[ci.waive]]\ncheck = \"max-duplicates\"\nreason = \"a <reason>\"\n";
const DOCKERFILE: &str = "FROM debian:12-slim\nCOPY files /\n\
                          RUN rm /opt/archive.tar && cp /opt/tool /opt/again\nMAINTAINER x\n";
const FORMATS: [&str; 7] = [
    "table", "json", "markdown", "github", "gitlab", "sarif", "junit",
];

fn case() -> Case {
    Case::new(&[(".rslim.toml", TABLE), ("Dockerfile", DOCKERFILE)])
}

fn out(case: &Case, format: &str) -> String {
    let ran = case.run(&["--dockerfile", "Dockerfile", "-f", format]);
    assert_eq!(ran.code, Some(1), "{format}: {}", ran.err);
    ran.out
}

#[test]
fn every_format_is_the_same_each_time() {
    let case = case();
    for format in FORMATS {
        let first = out(&case, format);
        assert!(!first.is_empty() && !first.contains('\u{1b}'), "{format}");
        assert_eq!(first, out(&case, format), "{format}");
        let one = case.run(&["--dockerfile", "Dockerfile", "-f", format, "--jobs", "1"]);
        assert_eq!(first, one.out, "{format}");
    }
}

#[test]
fn text_has_each_check_with_its_fix() {
    let text = out(&case(), "table");
    for want in [
        "FAIL    3 failed, 1 with a warning, 1 waived, 1 passed",
        "FAIL    max-size: size of the image: ",
        "warn    max-wasted: wasted bytes: 200 kB, more than 1 B by 200 kB",
        "one step saves 200 kB of the 200 kB needed:",
        "[Dockerfile:2]",
        "waived: a <reason>",
        "/root/.ssh/id_rsa is forbidden by **/id_rsa: 6 B, from layer 0 (Dockerfile:2)",
        "Dockerfile:4 DL4000 error: ",
        "pass    max-packages: packages: 0, at most 5",
    ] {
        assert!(text.contains(want), "{want}\n{text}");
    }
    let coloured = case().run(&["--color", "always"]).out;
    assert!(coloured.contains("\u{1b}[1;31mFAIL"), "{coloured}");
}

#[test]
fn github_annotates_lines_and_writes_the_summary() {
    let case = case();
    let summary = case.path("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let words = ["--dockerfile", "Dockerfile", "-f", "github"];
    let ran = case.run_with(
        &words,
        &[("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())],
    );
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("::error file=") || line.starts_with("::warning file=")),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains(
            "::warning file=Dockerfile,line=2,endLine=2,col=1,endColumn=1,title=max-wasted::"
        ),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("::error file=Dockerfile,line=4,"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("max-duplicates"), "waived: {}", ran.out);
    let text = case.read("summary.md");
    assert!(
        text.starts_with("before\n<!-- rslim ci -->\n## ❌ rslim: "),
        "{text}"
    );
    assert!(text.contains("a &lt;reason&gt;"), "{text}");
}

#[test]
fn gitlab_has_paths_lines_and_fingerprints() {
    let case = case();
    let issues: Value = serde_json::from_str(&out(&case, "gitlab")).unwrap();
    let issues = issues.as_array().unwrap();
    let prints: std::collections::HashSet<&str> = issues
        .iter()
        .map(|issue| issue["fingerprint"].as_str().unwrap())
        .collect();
    assert_eq!((prints.len(), prints.len() >= 4), (issues.len(), true));
    for issue in issues {
        assert!(issue["location"]["lines"]["begin"].as_u64() >= Some(1));
        assert!(
            ["Dockerfile", ".rslim.toml"].contains(&issue["location"]["path"].as_str().unwrap())
        );
    }
    // What it is called stays when figures change.
    let sizes = |issues: &[Value]| {
        let found = issues
            .iter()
            .find(|issue| issue["check_name"] == "max-size");
        found.unwrap()["fingerprint"].clone()
    };
    std::fs::write(
        case.path(".rslim.toml"),
        TABLE.replace("max-size = 1", "max-size = 2"),
    )
    .unwrap();
    let again: Value = serde_json::from_str(&out(&case, "gitlab")).unwrap();
    assert_eq!(sizes(issues), sizes(again.as_array().unwrap()));
}

#[test]
fn sarif_has_rules_places_and_suppressions() {
    let log: Value = serde_json::from_str(&out(&case(), "sarif")).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].is_string());
        assert!(place["region"]["startLine"].as_u64() >= Some(1));
    }
    let of = |rule: &str| {
        results
            .iter()
            .find(|result| result["ruleId"] == rule)
            .unwrap()
    };
    assert_eq!(of("max-size")["level"], "error");
    assert_eq!(of("max-wasted")["level"], "warning");
    let suppressed = json!([{ "kind": "external", "justification": "a <reason>" }]);
    assert_eq!(of("max-duplicates")["suppressions"], suppressed);
    assert_eq!(
        of("DL4000")["locations"][0]["physicalLocation"]["region"]["startLine"],
        4
    );
}

#[test]
fn junit_has_a_case_for_each_check() {
    let text = out(&case(), "junit");
    let document = roxmltree::Document::parse(&text).unwrap();
    let cases: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .collect();
    let of = |class: &str| {
        cases
            .iter()
            .find(|case| case.attribute("classname") == Some(class))
            .unwrap()
    };
    let child = |class: &str| {
        of(class)
            .first_element_child()
            .map(|node| node.tag_name().name().to_owned())
    };
    assert_eq!(child("max-size").as_deref(), Some("failure"));
    assert_eq!(child("max-wasted").as_deref(), Some("skipped"));
    assert_eq!(child("max-duplicates").as_deref(), Some("skipped"));
    assert_eq!(child("max-packages"), None);
    let suite = document
        .descendants()
        .find(|node| node.has_tag_name("testsuite"))
        .unwrap();
    let number = |name: &str| suite.attribute(name).unwrap().parse::<usize>().unwrap();
    assert_eq!(number("tests"), cases.len());
    let failed = document
        .descendants()
        .filter(|node| node.has_tag_name("failure"))
        .count();
    assert_eq!(number("failures"), failed);
}

#[test]
fn json_matches_its_schema_and_adds_up() {
    let case = case();
    let words = [
        "--dockerfile",
        "Dockerfile",
        "--baseline",
        "b.json",
        "--update-baseline",
    ];
    let (_, report) = case.json(&words);
    let schema = schema("ci");
    matches(&schema, &report);
    assert_eq!(report["baseline"], "b.json");
    let table = "[ci]\nmax-layer-size = 1\nforbidden-packages = [\"*\"]\nmax-growth = 1\n\
                 forbidden-paths = { warn = [\"/opt\"] }\n[[ci.waive]]\ncheck = \"max-size\"\n\
                 reason = \"r\"\n";
    let other = fixtures::by_name("packages").unwrap().image().unwrap();
    let (_, second) = Case::of(&other, &[(".rslim.toml", table), (".dive-ci", "")]).json(&[]);
    matches(&schema, &second);
    assert_eq!(second["idle_checks"], json!(["max-growth"]));
    assert_eq!(second["unused_waivers"], json!([".rslim.toml:6:1"]));
    assert_eq!(report["schema_version"], 1);
    let counts: u64 = ["pass", "waived", "warn", "fail"]
        .map(|status| report["summary"][status].as_u64().unwrap())
        .iter()
        .sum();
    assert_eq!(counts, report["checks"].as_array().unwrap().len() as u64);
    assert_eq!(
        check(&report, "max-duplicates")["waived"]["reason"],
        "a <reason>"
    );
}

#[test]
fn several_reports_come_from_one_run() {
    let case = case();
    let ran = case.run(&[
        "-o", "a.sarif", "-f", "sarif", "-f", "junit", "-o", "b.xml", "-f", "markdown",
    ]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.starts_with("<!-- rslim ci -->"));
    serde_json::from_str::<Value>(&case.read("a.sarif")).unwrap();
    roxmltree::Document::parse(&case.read("b.xml")).unwrap();
    let ran = case.run(&["-f", "json", "-o", ".rslim.toml", "--config", ".rslim.toml"]);
    assert!(
        ran.code == Some(2) && ran.err.contains("would change what is being read"),
        "{}",
        ran.err
    );
}
