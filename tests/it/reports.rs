//! Reports as people and programs see them, kept as snapshots.

use std::path::PathBuf;

use rslim::report::{ImageReport, TableStyle, table};

use crate::fixtures;
use crate::program::{analyze, command, ran};

fn demo(dir: &tempfile::TempDir) -> PathBuf {
    let demo = fixtures::by_name("demo").unwrap();
    demo.build(dir.path()).unwrap()
}

fn demo_table(style: TableStyle) -> String {
    let dir = tempfile::tempdir().unwrap();
    let (scanned, analysis) = analyze(&demo(&dir));
    let mut out = Vec::new();
    let report = ImageReport {
        scan: &scanned,
        analysis: &analysis,
        origins: None,
    };
    table::write(&report, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(width: usize, top: usize) -> TableStyle {
    TableStyle {
        width,
        color: false,
        top,
    }
}

#[test]
fn table_of_the_demo() {
    insta::assert_snapshot!(demo_table(plain(100, 10)));
}

#[test]
fn table_in_a_narrow_terminal() {
    insta::assert_snapshot!(demo_table(plain(72, 3)));
}

#[test]
fn table_in_colours() {
    let style = TableStyle {
        color: true,
        ..plain(100, 1)
    };
    insta::assert_snapshot!(demo_table(style).replace('\u{1b}', "ESC"));
}

#[test]
fn tables_keep_to_their_width() {
    for width in [60, 80, 100, 120, 200] {
        for line in demo_table(plain(width, 10)).lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn json_of_the_demo() {
    let dir = tempfile::tempdir().unwrap();
    let output = command()
        .arg("analyze")
        .arg(demo(&dir))
        .args(["-f", "json"])
        .output();
    let ran = ran(output.unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    insta::assert_snapshot!(ran.out);
}

#[test]
fn tree_of_a_small_image() {
    let dir = tempfile::tempdir().unwrap();
    let path = fixtures::by_name("packages")
        .unwrap()
        .build(dir.path())
        .unwrap();
    let output = command()
        .arg("analyze")
        .arg(path)
        .args(["-f", "tree"])
        .output();
    insta::assert_snapshot!(ran(output.unwrap()).out);
}
