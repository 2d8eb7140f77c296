//! Pass, warn, fail, waived, and settings that cannot be used.

use std::fs;

use serde_json::json;

use super::{Case, check};

#[test]
fn exit_status_says_how_it_went() {
    for (table, code, status) in [
        ("max-size = \"5MB\"\n", 0, "pass"),
        ("max-size = { warn = 1, fail = \"5MB\" }\n", 0, "warn"),
        ("max-size = 1\n", 1, "fail"),
        (
            "max-size = 1\n[[ci.waive]]\ncheck = \"max-size\"\nreason = \"known\"\n",
            0,
            "pass",
        ),
    ] {
        let (got, report) = Case::ci(table).json(&[]);
        assert_eq!(
            (got, &report["status"]),
            (Some(code), &json!(status)),
            "{table}"
        );
    }
    let nothing = Case::new(&[]).run(&[]);
    assert_eq!(nothing.code, Some(2));
    assert!(
        nothing.err.contains("there is nothing to check"),
        "{}",
        nothing.err
    );
}

#[test]
fn figures_and_fixes() {
    let case = Case::ci(
        "max-wasted = 199_999\nmax-caches = 100_000\nmax-duplicates = 0\nmax-layer-size = \"500kB\"\n",
    );
    let (_, report) = case.json(&[]);
    let wasted = check(&report, "max-wasted");
    assert_eq!(
        (&wasted["measured"], &wasted["fail"]),
        (&json!(200_000), &json!(199_999))
    );
    assert_eq!(wasted["fix"]["needs_bytes"], 1);
    assert_eq!(wasted["fix"]["is_enough"], true);
    assert_eq!(wasted["fix"]["steps"][0]["id"], "waste-deleted");
    assert_eq!(check(&report, "max-caches")["status"], "pass");
    let twins = check(&report, "max-duplicates");
    assert_eq!(
        (&twins["measured"], &twins["status"]),
        (&json!(300_000), &json!("fail"))
    );
    let layers = check(&report, "max-layer-size");
    assert_eq!(layers["offences"][0]["layer"], 0);
    assert_eq!(layers["fix"]["steps"][0]["layer"], 0);
}

#[test]
fn paths_are_forbidden_with_what_is_below() {
    let case = Case::ci(
        "forbidden-paths = { warn = [\"/opt\"], fail = [\"**/id_rsa\", \"/root/.cache\"] }\n",
    );
    let (code, report) = case.json(&[]);
    assert_eq!(code, Some(1));
    let offences = check(&report, "forbidden-paths")["offences"]
        .as_array()
        .unwrap();
    let told: Vec<_> = offences
        .iter()
        .map(|o| {
            (
                o["path"].as_str().unwrap(),
                o["level"].as_str().unwrap(),
                o["bytes"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("/root/.cache", "fail", 100_000),
            ("/root/.ssh/id_rsa", "fail", 6),
            ("/opt", "warn", 600_000)
        ]
    );
    let waive = "forbidden-paths = [\"**/id_rsa\"]\n[[ci.waive]]\ncheck = \"forbidden-paths\"\n\
                 path = \"/root/**\"\nreason = \"a test key\"\nexpires = \"2025-06-15\"\n";
    let case = Case::ci(waive);
    let (code, report) = case.json(&[]);
    assert_eq!((code, &report["status"]), (Some(0), &json!("pass")));
    let check = check(&report, "forbidden-paths");
    assert_eq!(check["status"], "waived");
    assert_eq!(check["offences"][0]["waived"]["reason"], "a test key");
    let text = case.run(&[]).out;
    assert!(
        text.contains("waived until 2025-06-15: a test key"),
        "{text}"
    );
}

#[test]
fn waivers_end() {
    let table = "max-size = 1\n[[ci.waive]]\ncheck = \"max-size\"\nreason = \"x\"\nexpires = \"2025-06-15\"\n";
    let case = Case::ci(table);
    // 2025-06-15, the last second of it, and the next.
    for (now, code) in [("1750000000", 0), ("1750031999", 0), ("1750032000", 2)] {
        let ran = case.run_with(&[], &[("SOURCE_DATE_EPOCH", now)]);
        assert_eq!(ran.code, Some(code), "{now}: {}", ran.err);
        let expired = "settings .rslim.toml:6:11: the waiver of \"max-size\" expired on 2025-06-15, and \
                       today is 2025-06-16; mend what it waives and remove it, or set a later day";
        assert_eq!(ran.err.contains(expired), code == 2, "{}", ran.err);
    }
    let ran = case.run_with(&[], &[("SOURCE_DATE_EPOCH", "soon")]);
    assert!(
        ran.code == Some(2) && ran.err.contains("SOURCE_DATE_EPOCH"),
        "{}",
        ran.err
    );
}

#[test]
fn mistakes_in_settings_stop_with_their_place() {
    for (table, want) in [
        (
            "max-sise = 1\n",
            ".rslim.toml:2:1: unknown key of [ci] \"max-sise\"; did you mean \"max-size\"?",
        ),
        (
            "max-size = \"5M\"\n",
            ".rslim.toml:2:12: max-size: \"M\" is no unit of \"5M\", did you mean \"MB\"?",
        ),
        (
            "max-size = true\n",
            ".rslim.toml:2:12: max-size is true or false, true; it takes bytes",
        ),
        (
            "max-size = { warn = 2, fail = 1 }\n",
            ".rslim.toml:2:12: max-size: warn has to be below fail",
        ),
    ] {
        let ran = Case::ci(table).run(&[]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{table}");
        assert!(ran.err.contains(want), "{table}: {}", ran.err);
    }
}

#[test]
fn settings_are_found_as_lint_finds_them() {
    let case = Case::new(&[]);
    fs::create_dir_all(case.path("app/deep")).unwrap();
    fs::write(
        case.path("app/.rslim.toml"),
        "[ci]\nmax-size = 1\n[lint]\nselect = [\"DL3007\"]\n",
    )
    .unwrap();
    fs::write(case.path("app/deep/Dockerfile"), "FROM a:1\nMAINTAINER x\n").unwrap();
    fs::write(case.path("other.toml"), "[ci]\nmax-packages = 5\n").unwrap();
    assert_eq!(case.run(&[]).code, Some(2));
    let (code, report) = case.json(&["--dockerfile", "app/deep/Dockerfile"]);
    assert_eq!(
        (code, &report["settings"]),
        (Some(1), &json!(["app/.rslim.toml"]))
    );
    assert_eq!(check(&report, "lint-threshold")["status"], "pass");
    let (code, report) = case.json(&[
        "--dockerfile",
        "app/deep/Dockerfile",
        "--config",
        "other.toml",
    ]);
    assert_eq!(
        (code, &report["settings"]),
        (Some(1), &json!(["other.toml"]))
    );
    assert_eq!(
        check(&report, "lint-threshold")["measured"],
        1,
        "{report:#}"
    );
    let lint = case.run_with(&["-v", "--dockerfile", "app/deep/Dockerfile"], &[]);
    assert!(
        lint.err.contains("limits of [ci] in app/.rslim.toml"),
        "{}",
        lint.err
    );
}

#[test]
fn lint_reads_past_the_table() {
    let case = Case::ci("max-size = 1\n");
    fs::write(case.path("Dockerfile"), "FROM debian:12-slim\nUSER 1000\n").unwrap();
    let mut command = crate::program::command();
    command
        .current_dir(case.path(""))
        .args(["lint", "Dockerfile"]);
    assert_eq!(crate::program::ran(command.output().unwrap()).code, Some(0));
}

const DOCKERFILE: &str = "FROM debian:12-slim\nCOPY files /\n\
                          RUN rm /opt/archive.tar && cp /opt/tool /opt/again\nMAINTAINER x\n";

#[test]
fn lines_of_the_dockerfile_are_told_and_its_findings_count() {
    let table = "[lint]\nignore = [\"RS\"]\n[ci]\nmax-wasted = 0\n\
                 lint-threshold = { warn = \"style\", fail = \"error\" }\n";
    let case = Case::new(&[(".rslim.toml", table), ("Dockerfile", DOCKERFILE)]);
    let (code, report) = case.json(&["--dockerfile", "Dockerfile"]);
    assert_eq!(code, Some(1));
    let step = &check(&report, "max-wasted")["fix"]["steps"][0];
    assert_eq!(step["dockerfile"], json!({ "line": 2, "end_line": 2 }));
    assert_eq!(check(&report, "lint-threshold")["status"], "fail");
    let findings = report["findings"].as_array().unwrap();
    let old = findings
        .iter()
        .find(|finding| finding["code"] == "DL4000")
        .unwrap();
    assert_eq!(
        (&old["line"], &old["standing"]),
        (&json!(4), &json!("fail"))
    );
    let waived =
        format!("{table}[[ci.waive]]\ncheck = \"DL4000\"\npath = \"Docker*\"\nreason = \"old\"\n");
    fs::write(case.path(".rslim.toml"), waived).unwrap();
    let (_, report) = case.json(&["--dockerfile", "Dockerfile"]);
    assert_eq!(check(&report, "lint-threshold")["status"], "waived");
    fs::write(case.path("Dockerfile"), "FROM a:1\nRUNN x\n").unwrap();
    assert_eq!(case.run(&["--dockerfile", "Dockerfile"]).code, Some(2));
    assert_eq!(case.run(&["--dockerfile", "missing"]).code, Some(2));
}

#[test]
fn limits_that_nothing_is_held_against_are_told() {
    let case = Case::ci("max-growth = 0\nlint-threshold = \"error\"\nmax-size = \"5MB\"\n");
    let ran = case.run(&[]);
    assert_eq!(ran.code, Some(0));
    for want in [
        "max-growth is not checked: there is no --baseline",
        "lint-threshold is not checked: there is no --dockerfile",
    ] {
        assert!(ran.err.contains(want), "{}", ran.err);
    }
}
