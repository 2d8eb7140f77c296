//! What the table may say, and what is said of mistakes.

use super::*;
use crate::gate::{Level, Quantity, Waives};
use crate::ruleset::Severity;

fn parse(text: &str) -> Result<Option<Settings>, ConfigError> {
    let around = Surroundings {
        today: "2026-06-15".parse().unwrap(),
        rule_code: &|name| (name == "DL3008" || name == "unpinned").then(|| "DL3008".to_owned()),
    };
    rslim_toml(".rslim.toml", text, around)
}

fn settings(text: &str) -> Settings {
    match parse(&format!("[ci]\n{text}")) {
        Ok(Some(settings)) => settings,
        other => panic!("{text}: {other:?}"),
    }
}

fn mistake(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn all_keys() {
    let got = settings(
        r#"
        max-size = "500MB"
        max-compressed-size = { warn = "1MiB", fail = 2_000_000 }
        max-layer-size = { warn = 0x10 }
        max-wasted = 0
        max-wasted-percent = "2.5%"
        min-efficiency = { warn = 0.99, fail = "95%" }
        max-caches = 1
        max-optional = 1
        max-duplicates = 1
        max-packages = 100
        max-growth = "1MB"
        max-growth-percent = 250
        max-wasted-growth = 0
        max-caches-growth = 0
        max-duplicates-growth = 0
        max-packages-growth = 0
        forbidden-paths = { warn = ["/usr/share/doc/**"], fail = ["**/.git", "/root/.ssh/**"] }
        forbidden-packages = ["gcc*", { name = "openssl", manager = "apk", version = "1.*" }]
        lint-threshold = { warn = "info", fail = "error" }
        max-lint-findings = { warn = 10, fail = 1 }
        [[ci.waive]]
        check = "max-size"
        reason = "until the model is elsewhere"
        expires = 2026-06-15
        [[ci.waive]]
        check = "unpinned"
        path = "app/*"
        reason = "mirror"
        [lint]
        anything = 1
        [slim]
        "#,
    );
    let limit = |check| {
        let limit: &crate::gate::Limit = &got.limits[&check];
        (limit.warn, limit.fail)
    };
    use Quantity::{Bytes, Count, Fraction, Percent};
    assert_eq!(limit(Check::MaxSize), (None, Some(Bytes(500_000_000))));
    let compressed = (Some(Bytes(1 << 20)), Some(Bytes(2_000_000)));
    assert_eq!(limit(Check::MaxCompressedSize), compressed);
    assert_eq!(limit(Check::MaxLayerSize), (Some(Bytes(16)), None));
    assert_eq!(limit(Check::MaxWastedPercent).1, Some(Percent(2.5)));
    let efficiency = (Some(Fraction(0.99)), Some(Fraction(0.95)));
    assert_eq!(limit(Check::MinEfficiency), efficiency);
    assert_eq!(limit(Check::MaxPackages).1, Some(Count(100)));
    assert_eq!(limit(Check::MaxGrowthPercent).1, Some(Percent(250.0)));
    assert_eq!(got.limits.len(), 16);
    let levels: Vec<Level> = got.paths.iter().map(|path| path.level).collect();
    assert_eq!(levels, [Level::Warn, Level::Fail, Level::Fail]);
    let words: Vec<&str> = got.packages.iter().map(|p| p.words.as_str()).collect();
    assert_eq!(words, ["gcc*", "apk openssl 1.*"]);
    let lint = got.lint.unwrap();
    assert_eq!(
        (lint.warn, lint.fail),
        (Some(Severity::Info), Some(Severity::Error))
    );
    assert_eq!((lint.warn_count, lint.fail_count), (10, 1));
    assert_eq!(got.waivers[0].waives, Waives::Check(Check::MaxSize));
    assert_eq!(got.waivers[1].waives, Waives::Rule("DL3008".into()));
    assert!(
        got.waivers[1]
            .what
            .as_ref()
            .unwrap()
            .is_match("app/Dockerfile")
    );
    assert_eq!(
        got.limits[&Check::MaxSize].place.to_string(),
        ".rslim.toml:3:9"
    );
}

#[test]
fn files_without_the_table_say_nothing() {
    assert!(parse("").unwrap().is_none());
    assert!(parse("[lint]\nselect = []\n").unwrap().is_none());
    assert!(settings("").is_empty());
}

/// Each with the beginning of what is said.
#[test]
fn mistakes_have_place_text_and_help() {
    for (text, want) in [
        (
            "[ci]\nmax-sise = 1\n",
            "2:1: unknown key of [ci] \"max-sise\"; did you mean \"max-size\"?",
        ),
        (
            "[ci]\nmaxSize = 1\n",
            "2:1: unknown key of [ci] \"maxSize\"; did you mean \"max-size\"?",
        ),
        (
            "[ci]\nvolume = 1\n",
            "2:1: unknown key of [ci] \"volume\"; known are max-size, ",
        ),
        (
            "[cii]\n",
            "1:2: unknown table \"cii\"; did you mean \"ci\"?",
        ),
        ("ci = 5\n", "1:6: [ci] is an integer, 5; it takes a table"),
        (
            "[ci]\n  max-size = \"500M\"\n",
            "2:14: max-size: \"M\" is no unit of \"500M\", did you mean \"MB\"?; units are B, kB",
        ),
        (
            "[ci]\nmax-size = \"half\"\n",
            "2:12: max-size: \"half\" is no size",
        ),
        (
            "[ci]\nmax-size = -5\n",
            "2:12: max-size cannot be -5; it takes bytes",
        ),
        (
            "[ci]\nmax-size = 1.5\n",
            "2:12: max-size is a number with a point, 1.5; it takes bytes",
        ),
        (
            "[ci]\nmax-size = [1]\n",
            "2:12: max-size is a list, [1]; it takes bytes",
        ),
        ("[ci]\nmax-size = {}\n", "2:12: max-size has neither level"),
        (
            "[ci]\nmax-size = { wran = 1 }\n",
            "2:14: unknown level of max-size \"wran\"; did you mean \"warn\"?",
        ),
        (
            "[ci]\nmax-size = { warn = 5, fail = 5 }\n",
            "2:12: max-size: warn has to be below fail: { warn = 5, fail = 5 }",
        ),
        (
            "[ci]\nmin-efficiency = { warn = 0.8, fail = 0.9 }\n",
            "2:18: min-efficiency: warn has to be above fail",
        ),
        (
            "[ci]\nmin-efficiency = 95\n",
            "2:18: min-efficiency cannot be 95, did you mean 0.95?; it takes a share from 0 to 1",
        ),
        (
            "[ci]\nmax-wasted-percent = 101\n",
            "2:22: max-wasted-percent cannot be 101; it takes a percentage",
        ),
        (
            "[ci]\nmax-wasted-percent = \"5MB\"\n",
            "2:22: max-wasted-percent cannot be \"5MB\"; it takes a percentage",
        ),
        (
            "[ci]\nmax-wasted-percent = nan\n",
            "2:22: max-wasted-percent cannot be nan",
        ),
        (
            "[ci]\nmax-packages = \"5\"\n",
            "2:16: max-packages is a string, \"5\"; it takes a whole number",
        ),
        (
            "[ci]\nmax-layer-size = 6\nmax-size = 5\n",
            "2:1: max-layer-size allows more than max-size does (line 3)",
        ),
        (
            "[ci]\nlint-threshold = \"warn\"\n",
            "2:18: lint-threshold cannot be \"warn\"; did you mean \"warning\"? it takes one of error, ",
        ),
        (
            "[ci]\nlint-threshold = { warn = \"error\", fail = \"info\" }\n",
            "2:18: lint-threshold: warn has to be less severe",
        ),
        (
            "[ci]\nmax-lint-findings = 1\n",
            "2:1: max-lint-findings without lint-threshold",
        ),
        (
            "[ci]\nlint-threshold = \"info\"\nmax-lint-findings = { warn = 1 }\n",
            "3:1: max-lint-findings has warn, lint-threshold has not",
        ),
        (
            "[ci]\nforbidden-paths = \"x\"\n",
            "2:19: forbidden-paths is a string, \"x\"; it takes a list",
        ),
        (
            "[ci]\nforbidden-paths = [\"a\", 5]\n",
            "2:25: a pattern of forbidden-paths is an integer, 5",
        ),
        (
            "[ci]\nforbidden-paths = [\"/\"]\n",
            "2:20: forbidden-paths: \"/\" names nothing",
        ),
        (
            "[ci]\nforbidden-paths = [\"a/../b\"]\n",
            "2:20: forbidden-paths: \"a/../b\" has . or .. in it",
        ),
        (
            "[ci]\nforbidden-paths = [\"a[\"]\n",
            "2:20: forbidden-paths: \"a[\" is no pattern",
        ),
        (
            "[ci]\nforbidden-paths = { warn = [\"a\"], fail = [\"a\"] }\n",
            "2:43: forbidden-paths: \"a\" is both in warn and in fail",
        ),
        (
            "[ci]\nforbidden-packages = [{ nam = \"a\" }]\n",
            "2:23: forbidden-packages: { nam = \"a\" } has no name",
        ),
        (
            "[ci]\nforbidden-packages = [{ name = \"a\", manager = \"dpgk\" }]\n",
            "2:47: forbidden-packages: \"dpgk\" is no package manager; did you mean \"dpkg\"?",
        ),
        ("[ci]\nforbidden-packages = [\"\"]\n", "2:23: \"\" is empty"),
        (
            "[ci]\nlowestEfficiency = 0.9\n",
            "2:1: \"lowestEfficiency\" is dive's: write it below rules: in .dive-ci",
        ),
        ("[ci]\nmax-size = \n", "2:12: "),
        ("[ci]\nmax-size = 1\nmax-size = 2\n", "3:1: "),
    ] {
        let got = mistake(text);
        let want = format!(".rslim.toml:{want}");
        assert!(got.starts_with(&want), "{text}\n got {got}\nwant {want}");
    }
}

#[test]
fn waivers_are_for_something_with_a_reason_and_for_a_time() {
    for (text, want) in [
        (
            "check = \"max-size\"",
            "1:1: the waiver of \"max-size\" has no reason",
        ),
        (
            "check = \"max-size\"\nreason = \" \"",
            "3:10: the reason of the waiver of \"max-size\" is empty",
        ),
        ("reason = \"x\"", "1:1: a waiver without check"),
        (
            "check = \"max-sise\"\nreason = \"x\"",
            "2:9: no check or lint rule is called \"max-sise\"; did you mean \"max-size\"?",
        ),
        (
            "check = \"DL9999\"\nreason = \"x\"",
            "2:9: no check or lint rule is called \"DL9999\"; checks are",
        ),
        (
            "check = \"max-size\"\nreason = \"x\"\nexpires = \"2026-06-14\"",
            "4:11: the waiver of \"max-size\" expired on 2026-06-14, and today is 2026-06-15; mend",
        ),
        (
            "check = \"max-size\"\nreason = \"x\"\nexpires = \"soon\"",
            "4:11: expires = \"soon\": no day of the calendar",
        ),
        (
            "check = \"max-size\"\nreason = \"x\"\nexpires = 2026-06-31T10:00:00Z",
            "4:11: ",
        ),
        (
            "check = \"max-size\"\nreason = \"x\"\nexpire = \"2030-01-01\"",
            "4:1: unknown key of a waiver \"expire\"; did you mean \"expires\"?",
        ),
        (
            "check = \"max-size\"\nreason = \"x\"\npath = \"a\"",
            "4:8: path = \"a\": max-size is not about paths",
        ),
        (
            "check = \"max-size\"\nreason = 5",
            "3:10: reason is an integer, 5; it takes a string",
        ),
    ] {
        let got = mistake(&format!("[[ci.waive]]\n{text}\n"));
        let want = format!(".rslim.toml:{want}");
        assert!(got.starts_with(&want), "{text}\n got {got}\nwant {want}");
    }
    let got = mistake("[ci.waive]\ncheck = \"max-size\"\n");
    assert!(
        got.contains("write [[ci.waive]], with two brackets"),
        "{got}"
    );
}

#[test]
fn all_mistakes_are_told_in_their_order() {
    let got = mistake("[ci]\nmax-size = \"1X\"\nmin-efficiency = 5\nb = 1\n");
    let places: Vec<&str> = got
        .lines()
        .filter_map(|line| line.split(": ").next())
        .collect();
    assert_eq!(
        places,
        [".rslim.toml:2:12", ".rslim.toml:3:18", ".rslim.toml:4:1"]
    );
    let many: String = (0..500).map(|i| format!("k{i} = 1\n")).collect();
    let got = mistake(&format!("[ci]\n{many}"));
    assert_eq!(got.lines().count(), MISTAKES + 1);
    assert!(got.ends_with("and 480 more mistakes"), "{got}");
}

#[test]
fn hostile_files_are_refused() {
    for text in [
        "[ci]\na = ".to_owned() + &"[".repeat(200_000),
        "[ci]\n".to_owned() + &"a.".repeat(200_000) + "a = 1",
        format!("[ci]\nforbidden-paths = [\"{}\"]", "**/".repeat(50_000)),
        format!("[ci]\nforbidden-paths = [\"{}\"]", "a*".repeat(50_000)),
        format!("[ci]\n{} = 1", "k".repeat(500_000)),
        "\u{0}".to_owned(),
    ] {
        let error = mistake(&text);
        assert!(error.len() < 2000, "{} bytes", error.len());
    }
}
