//! What people and programs see of `rslim slim` and `rslim why`.

use serde_json::Value;

use super::Lab;
use crate::fixtures::showcase::service;
use crate::program::rslim;

#[test]
fn why_tells_the_chain_from_the_entry_point() {
    let lab = Lab::new(&service());
    let ran = lab.why(&[
        "/usr/lib/tls/legacy.so",
        "/usr/bin/tool",
        "/usr/bin/spool-clean",
        "/usr/share/man/man1/dash.1",
        "/etc/default/service",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    insta::assert_snapshot!(ran.out);
    let ran = lab.why(&["/usr/bin/tool", "--tier", "safe"]);
    assert!(ran.out.starts_with("/usr/bin/tool stays"), "{}", ran.out);
    let ran = lab.why(&["/no/such"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("/no/such is not in the image"),
        "{}",
        ran.err
    );
}

#[test]
fn a_dry_run_reports_and_writes_nothing() {
    let lab = Lab::new(&service());
    let report = lab.path("report.json");
    let ran = rslim(&[
        "slim",
        lab.image(),
        "--dry-run",
        "--report",
        report.to_str().unwrap(),
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    insta::assert_snapshot!(ran.out);
    let names: Vec<_> = std::fs::read_dir(report.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let paths = report["paths"].as_array().unwrap();
    assert!(paths.iter().all(|path| {
        path["because"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    }));
    let tool = paths
        .iter()
        .find(|path| path["path"] == "/usr/bin/tool")
        .unwrap();
    assert_eq!(tool["kept"], false);
    assert_eq!(tool["package"], "dpkg tool");
    assert_eq!(report["packages"].as_array().unwrap().len(), 12);
}

#[test]
fn without_a_destination_it_says_so() {
    let lab = Lab::new(&service());
    let ran = rslim(&["slim", lab.image()]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("--output <DEST>"), "{}", ran.err);
    let ran = rslim(&["slim", lab.image(), "-o", lab.image()]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("would change what is being read"),
        "{}",
        ran.err
    );
}
