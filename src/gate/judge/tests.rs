//! Verdicts on images made of numbers.

use super::testing::analysis;
use super::*;
use crate::analyze::{Package, Recommendation};
use crate::gate::{Ratchet, Standing, Surroundings, rslim_toml};
use crate::ruleset::Severity;

fn settings(text: &str) -> Settings {
    let around = Surroundings {
        today: "2026-06-15".parse().unwrap(),
        rule_code: &|name| Some(name.to_owned()),
    };
    rslim_toml("x", &format!("[ci]\n{text}"), around)
        .unwrap()
        .unwrap()
}

fn finding(code: &str, severity: Severity) -> Finding {
    Finding {
        path: "app/Dockerfile".into(),
        code: code.into(),
        aliases: vec![format!("{code}-alias")],
        severity,
        fingerprint: format!("print of {code}"),
    }
}

fn verdict_on(
    text: &str,
    analysis: &Analysis,
    findings: Option<&[Finding]>,
    baseline: Option<&Baseline>,
) -> Verdict {
    let measured = Measured {
        analysis,
        tree: None,
        findings,
        baseline,
    };
    judge(&settings(text), &measured)
}

fn verdict(text: &str) -> Verdict {
    verdict_on(text, &analysis(), None, None)
}

/// Each figure just at its limit, and just beyond.
#[test]
fn limits_are_the_last_that_is_allowed() {
    for (at, beyond) in [
        ("max-size = 1000", "max-size = 999"),
        ("max-compressed-size = 500", "max-compressed-size = 499"),
        ("max-layer-size = 600", "max-layer-size = 599"),
        ("max-wasted = 100", "max-wasted = 99"),
        ("max-wasted-percent = 10", "max-wasted-percent = 9.99"),
        ("min-efficiency = 0.9", "min-efficiency = 0.9001"),
        ("max-caches = 50", "max-caches = 49"),
        ("max-optional = 20", "max-optional = 19"),
        ("max-duplicates = 10", "max-duplicates = 9"),
    ] {
        assert_eq!(verdict(at).status(), Status::Pass, "{at}");
        assert_eq!(verdict(beyond).status(), Status::Fail, "{beyond}");
        let (key, value) = beyond.split_once('=').unwrap();
        let warn = format!("{key} = {{ warn = {value} }}");
        assert_eq!(verdict(&warn).status(), Status::Warn, "{warn}");
    }
}

#[test]
fn fixes_are_about_the_figure_and_reach_the_limit() {
    let mut analysis = analysis();
    let advice = [
        ("waste-deleted", 100, Some(0)),
        ("cache-pip", 50, Some(1)),
        ("duplicates", 10, None),
    ];
    analysis.recommendations = advice
        .map(|(id, saves_bytes, layer)| Recommendation {
            id: id.into(),
            title: id.into(),
            saves_bytes,
            layer,
            advice: String::new(),
        })
        .into();
    for (text, needs, ids, enough) in [
        ("max-size = 955", 45, &["cache-pip"][..], true),
        ("max-size = 870", 130, &["cache-pip", "waste-deleted"], true),
        (
            "max-size = 500",
            500,
            &["cache-pip", "waste-deleted", "duplicates"],
            false,
        ),
        ("max-compressed-size = 460", 40, &["waste-deleted"], true),
        ("max-layer-size = 550", 50, &["waste-deleted"], true),
        (
            "max-layer-size = 380",
            240,
            &["waste-deleted", "cache-pip"],
            false,
        ),
        ("max-wasted = 20", 80, &["waste-deleted"], true),
        // 100 - x of 1000 - x: 5 % of it.
        ("max-wasted-percent = 5", 53, &["waste-deleted"], true),
        ("min-efficiency = 0.95", 53, &["waste-deleted"], true),
        ("max-caches = 0", 50, &["cache-pip"], true),
        ("max-duplicates = 0", 10, &["duplicates"], true),
    ] {
        let verdict = verdict_on(text, &analysis, None, None);
        let fix = verdict.checks[0]
            .fix
            .as_ref()
            .unwrap_or_else(|| panic!("{text}: no fix"));
        let got: Vec<&str> = fix.steps.iter().map(|step| step.id.as_str()).collect();
        assert_eq!(
            (fix.needs_bytes, &got[..], fix.is_enough),
            (needs, ids, enough),
            "{text}"
        );
    }
    assert_eq!(verdict("max-size = 1000").checks[0].fix, None);
}

#[test]
fn growth_is_against_the_baseline() {
    let now = analysis();
    let mut before = Baseline::of(&now, None);
    before.image.uncompressed_bytes = 800;
    before.image.packages = 3;
    let status = |text: &str| verdict_on(text, &now, None, Some(&before)).status();
    assert_eq!(status("max-growth = 200"), Status::Pass);
    assert_eq!(status("max-growth = 199"), Status::Fail);
    assert_eq!(status("max-growth-percent = 25"), Status::Pass);
    assert_eq!(status("max-growth-percent = 24.9"), Status::Fail);
    assert_eq!(status("max-packages-growth = 0"), Status::Pass);
    before.image.uncompressed_bytes = 0;
    let verdict = verdict_on("max-growth-percent = 900", &now, None, Some(&before));
    assert_eq!(verdict.status(), Status::Fail);
    let idle = self::verdict("max-growth = 1");
    assert_eq!(
        (idle.status(), &idle.idle[..]),
        (Status::Pass, &[Check::MaxGrowth][..])
    );
    let mut settings = Settings::default();
    settings.forbid_growth("b");
    assert_eq!(settings.limits.len(), 1);
    settings.forbid_growth("b");
    assert_eq!(settings.limits.len(), 1);
}

#[test]
fn dives_division_by_nothing_is_kept() {
    let mut now = analysis();
    now.dive.user_wasted_percent = 0.0;
    let limits = crate::gate::dive::dive_ci("d", "")
        .unwrap()
        .limits("d")
        .unwrap();
    let settings = Settings {
        limits: limits.into_iter().collect(),
        ..Settings::default()
    };
    let judged = |now: &Analysis| {
        let measured = Measured {
            analysis: now,
            tree: None,
            findings: None,
            baseline: None,
        };
        judge(&settings, &measured).checks[1].status
    };
    assert_eq!(judged(&now), Status::Fail);
    now.dive.wasted_bytes = 0;
    assert_eq!(judged(&now), Status::Pass);
}

#[test]
fn packages_may_be_forbidden_by_name_manager_and_version() {
    let mut now = analysis();
    let package = |manager, name: &str, version: &str| Package {
        manager,
        name: name.into(),
        version: version.into(),
        bytes: 5,
        files: 1,
    };
    now.packages = vec![
        package("dpkg", "gcc-12", "12.2"),
        package("apk", "openssl", "1.1.1"),
        package("dpkg", "openssl", "3.0"),
    ];
    for (text, want) in [
        ("[\"gcc*\"]", &["gcc-12"][..]),
        ("[\"gcc\"]", &[]),
        ("[\"openssl\"]", &["openssl", "openssl"]),
        ("[{ name = \"openssl\", manager = \"apk\" }]", &["openssl"]),
        (
            "[{ name = \"*\", version = \"1*\" }]",
            &["gcc-12", "openssl"],
        ),
    ] {
        let verdict = verdict_on(&format!("forbidden-packages = {text}"), &now, None, None);
        let names: Vec<&str> = verdict.checks[0]
            .offences
            .iter()
            .map(|offence| match &offence.subject {
                crate::gate::Subject::Package { name, .. } => name.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(names, want, "{text}");
        let status = if want.is_empty() {
            Status::Pass
        } else {
            Status::Fail
        };
        assert_eq!(verdict.status(), status);
    }
    let waived = "forbidden-packages = [\"gcc*\", \"openssl\"]\n[[ci.waive]]\n\
                  check = \"forbidden-packages\"\npackage = \"gcc-*\"\nreason = \"r\"\n";
    let verdict = verdict_on(waived, &now, None, None);
    assert_eq!(verdict.status(), Status::Fail);
    assert_eq!(verdict.checks[0].measured, Quantity::Count(2));
    assert_eq!(
        verdict.checks[0].offences[2]
            .waived
            .as_ref()
            .unwrap()
            .reason,
        "r"
    );
}

#[test]
fn findings_count_from_their_threshold_on() {
    let findings = [
        finding("A", Severity::Error),
        finding("B", Severity::Warning),
        finding("C", Severity::Info),
    ];
    let now = analysis();
    let judged = |text: &str, baseline: Option<&Baseline>| {
        let verdict = verdict_on(text, &now, Some(&findings), baseline);
        let names: Vec<&str> = verdict.findings.iter().map(Standing::name).collect();
        (verdict.status(), names.join(" "))
    };
    for (text, status, standings) in [
        (
            "lint-threshold = \"error\"",
            Status::Fail,
            "fail below below",
        ),
        (
            "lint-threshold = \"warning\"",
            Status::Fail,
            "fail fail below",
        ),
        (
            "lint-threshold = \"error\"\nmax-lint-findings = 1",
            Status::Pass,
            "below below below",
        ),
        (
            "lint-threshold = { warn = \"info\" }",
            Status::Warn,
            "warn warn warn",
        ),
        (
            "lint-threshold = { warn = \"info\", fail = \"error\" }",
            Status::Fail,
            "fail warn warn",
        ),
        (
            "lint-threshold = { warn = \"info\", fail = \"error\" }\nmax-lint-findings = { fail = 1 }",
            Status::Warn,
            "warn warn warn",
        ),
    ] {
        assert_eq!(judged(text, None), (status, standings.to_owned()), "{text}");
    }
    let waive = "lint-threshold = \"warning\"\n[[ci.waive]]\ncheck = \"b-alias\"\nreason = \"r\"\n";
    assert_eq!(
        judged(waive, None),
        (Status::Fail, "fail waived below".into())
    );
    let known = Baseline::of(&now, Some(&findings[..1]));
    assert_eq!(
        judged("lint-threshold = \"warning\"", Some(&known)),
        (Status::Fail, "known fail below".into())
    );
    let (known, _) = known.updated(&Baseline::of(&now, Some(&findings)), Ratchet::Release);
    assert_eq!(
        judged("lint-threshold = \"warning\"", Some(&known)),
        (Status::Pass, "known known below".into())
    );
}

#[test]
fn waivers_take_back_failures_and_tell_when_they_do_nothing() {
    let waive = "[[ci.waive]]\ncheck = \"max-size\"\nreason = \"r\"\nexpires = \"2026-06-15\"\n";
    let verdict = self::verdict(&format!("max-size = 1\n{waive}"));
    assert_eq!(
        (verdict.status(), verdict.checks[0].status),
        (Status::Pass, Status::Waived)
    );
    assert_eq!(verdict.checks[0].waived.as_ref().unwrap().reason, "r");
    assert!(verdict.unused_waivers.is_empty());
    let verdict = self::verdict(&format!("max-size = 1000\nmax-wasted = 1\n{waive}"));
    assert_eq!(verdict.status(), Status::Fail);
    assert_eq!(verdict.unused_waivers.len(), 1);
}
