//! HTML and Markdown: what they say, what they hold, and what they do not let in.

mod hostile;
mod payload;

use std::path::Path;

use rslim::report::{ImageReport, html};

use crate::fixtures;
use crate::program::{Ran, analyze, command, listing, ran, rslim};
use payload::Payload;

fn build(name: &str, dir: &Path) -> String {
    let fixture = fixtures::by_name(name).unwrap();
    fixture.build(dir).unwrap().to_str().unwrap().to_owned()
}

fn good(words: &[&str]) -> String {
    let Ran { code, out, err } = rslim(words);
    assert_eq!(code, Some(0), "{err}");
    out
}

/// A page without its style, script, data and what depends on the version: what
/// is there without JavaScript.
fn still(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page;
    for (begin, end) in [
        ("Content-Security-Policy\" content=\"", "\">"),
        ("<style>", "</style>"),
        ("id=\"payload\">", "</script>"),
        ("<script>", "</script>"),
    ] {
        let at = rest.find(begin).expect(begin) + begin.len();
        let stop = at + rest[at..].find(end).expect(end);
        out.push_str(&rest[..at]);
        out.push('…');
        rest = &rest[stop..];
    }
    out.push_str(rest);
    out.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

/// The page as people see it without JavaScript, without the frame of the maps.
#[test]
fn page_of_the_demo() {
    let dir = tempfile::tempdir().unwrap();
    let page = still(&good(&[
        "analyze",
        &build("demo", dir.path()),
        "-f",
        "html",
    ]));
    insta::assert_snapshot!(page);
}

#[test]
fn markdown_of_the_demo() {
    let dir = tempfile::tempdir().unwrap();
    let demo = build("demo", dir.path());
    insta::assert_snapshot!(good(&["analyze", &demo, "-f", "markdown", "--top", "4"]));
}

/// With a Dockerfile each layer and each advice names its line.
#[test]
fn lines_of_the_demo() {
    let dir = tempfile::tempdir().unwrap();
    let demo = build("demo", dir.path());
    let dockerfile = good(&["history", &demo, "-f", "dockerfile"]);
    std::fs::write(dir.path().join("Dockerfile"), dockerfile).unwrap();
    let run = |format: &str| {
        let words = ["analyze", "demo.tar", "--dockerfile", "Dockerfile"];
        let mut command = command();
        command.args(words).args(["-f", format, "--top", "3"]);
        let ran = ran(command.current_dir(dir.path()).output().unwrap());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.out
    };
    insta::assert_snapshot!(run("markdown"));
    let page = run("html");
    assert!(page.contains("<code>Dockerfile:9</code>"));
    let payload = Payload::of(&page);
    let names: Vec<&str> = payload.views().collect();
    assert_eq!(names, ["path", "layer", "package", "Dockerfile line"]);
}

#[test]
fn markdown_of_a_difference() {
    let dir = tempfile::tempdir().unwrap();
    build("demo", dir.path());
    build("packages", dir.path());
    let run = |words: &[&str]| {
        let mut command = command();
        let ran = ran(command
            .current_dir(dir.path())
            .args(words)
            .output()
            .unwrap());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.out
    };
    let words = [
        "diff",
        "demo.tar",
        "packages.tar",
        "-f",
        "markdown",
        "--top",
        "3",
    ];
    insta::assert_snapshot!(run(&words));
    let page = run(&["diff", "demo.tar", "packages.tar", "-f", "html"]);
    for part in [
        "<h1>demo.tar → packages.tar</h1>",
        "<dt>Size</dt><dd>−20.8 MB<p>20.8 MB → 51.7 kB</p></dd>",
        "22 paths added (23.3 kB), 113 removed (17.4 MB), 3 changed.",
        "<code>RUN apk add musl</code>",
        "@scope/tool",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Added, removed, and what contents that changed are larger or smaller by.
    let payload = Payload::of(&page);
    assert_eq!(payload.views().collect::<Vec<_>>(), ["path", "change"]);
    let same = run(&["diff", "demo.tar", "demo.tar", "-f", "markdown"]);
    assert!(same.contains("The file systems are the same."), "{same}");
}

#[test]
fn file_names_tell_the_format() {
    let dir = tempfile::tempdir().unwrap();
    let demo = build("demo", dir.path());
    for (name, begin) in [
        ("a.html", "<!doctype html>"),
        ("a.htm", "<!doctype html>"),
        ("a.md", "## Image"),
    ] {
        let file = dir.path().join(name);
        let to = file.to_str().unwrap();
        assert_eq!(good(&["analyze", &demo, "-o", to]), "");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(begin), "{name}");
        good(&["diff", &demo, &demo, "-o", to]);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(begin), "{name}");
    }
    let inside = dir.path().join("demo.tar");
    let refused = rslim(&[
        "diff",
        &demo,
        &demo,
        "-f",
        "html",
        "-o",
        inside.to_str().unwrap(),
    ]);
    assert_eq!(refused.code, Some(2));
}

/// A hundred thousand files fit, every one of them; twice the same bytes.
#[test]
fn a_large_image_fits_into_one_page() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("entries.tar");
    fixtures::entries::write(100_000, &path).unwrap();
    let (scan, analysis) = analyze(&path);
    let report = ImageReport {
        scan: &scan,
        analysis: &analysis,
        origins: None,
    };
    let page = || {
        let mut out = Vec::new();
        html::write(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let first = page();
    assert!(first.len() < 2_000_000, "{} bytes", first.len());
    assert!(first == page(), "the same image gave another page");

    let payload = Payload::of(&first);
    let mut want: Vec<(String, u64)> = listing(&path)
        .iter()
        .filter(|line| line["type"] == "file")
        .map(|line| {
            let path = format!("/{}", line["path"].as_str().unwrap());
            (path, line["size"].as_u64().unwrap())
        })
        .collect();
    want.sort();
    let mut got: Vec<(String, u64)> = payload.shown();
    got.sort();
    assert!(want.len() > 90_000 && got == want, "{} paths", got.len());
    assert_eq!(payload.wasted(), analysis.totals.wasted_bytes);
    let stored = payload.bytes.iter().sum::<u64>();
    assert_eq!(stored, analysis.totals.stored_bytes);
}
