//! The program's words, statuses and files.

use std::fs;
use std::path::PathBuf;

use assert_cmd::assert::OutputAssertExt;

use crate::fixtures::{self, Layout};
use crate::program::{command, ran, rslim};

struct Demo {
    dir: tempfile::TempDir,
    image: PathBuf,
}

fn demo() -> Demo {
    let dir = tempfile::tempdir().unwrap();
    let image = fixtures::by_name("demo")
        .unwrap()
        .build(dir.path())
        .unwrap();
    Demo { dir, image }
}

impl Demo {
    fn image(&self) -> &str {
        self.image.to_str().unwrap()
    }

    fn file(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries.map(|e| name(e).into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Help texts and messages, word by word.
#[test]
fn transcripts() {
    trycmd::TestCases::new()
        .case("tests/it/transcripts/*.toml")
        .case("tests/it/transcripts/*.trycmd");
}

#[test]
fn the_table_is_the_default_and_has_no_colours_in_a_pipe() {
    let demo = demo();
    let ran = rslim(&["analyze", demo.image()]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("What to do"));
    assert!(!ran.out.contains('\u{1b}'));
    assert_eq!(ran.err, "");
}

#[test]
fn colours_are_a_choice() {
    let demo = demo();
    let coloured = |words: &[&str], environment: &[(&str, &str)]| {
        let mut command = command();
        command.args(["analyze", demo.image()]).args(words);
        command.envs(environment.iter().copied());
        ran(command.output().unwrap()).out.contains('\u{1b}')
    };
    assert!(coloured(&["--color", "always"], &[]));
    assert!(coloured(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(
        &[],
        &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]
    ));
    assert!(!coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn reports_go_to_files_whole() {
    let demo = demo();
    let json = demo.file("report.json");
    let words = [
        "analyze",
        demo.image(),
        "-f",
        "json",
        "-o",
        &json,
        "-f",
        "table",
    ];
    let ran = rslim(&words);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("Layers"));
    let report: serde_json::Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert_eq!(report["schema_version"], 1);
    assert_eq!(demo.names(), ["demo.tar", "report.json"]);
}

#[test]
fn a_file_name_can_tell_the_format() {
    let demo = demo();
    let json = demo.file("report.json");
    assert_eq!(rslim(&["analyze", demo.image(), "-o", &json]).out, "");
    assert!(fs::read_to_string(&json).unwrap().starts_with('{'));
}

#[test]
fn a_folder_that_is_missing_is_an_error() {
    let demo = demo();
    let file = demo.file("no/such/report.json");
    let ran = rslim(&["analyze", demo.image(), "-o", &file]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.starts_with("error: cannot write "), "{}", ran.err);
    assert_eq!(demo.names(), ["demo.tar"]);
}

#[test]
fn the_image_is_never_overwritten() {
    let demo = demo();
    let before = fs::read(&demo.image).unwrap();
    let ran = rslim(&["analyze", demo.image(), "-f", "json", "-o", demo.image()]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("would change what is being read"),
        "{}",
        ran.err
    );
    assert_eq!(fs::read(&demo.image).unwrap(), before);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let demo = demo();
    let script = "\"$0\" analyze \"$1\" -f json | head -c 1; exit 0";
    let mut shell = std::process::Command::new("sh");
    let program = command();
    shell
        .args(["-c", script])
        .arg(program.get_program())
        .arg(demo.image());
    let ran = ran(shell.output().unwrap());
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("{", ""));
}

#[test]
fn wrong_usage_is_status_2() {
    for words in [
        &["analyze"][..],
        &["analyze", "x", "--platform", "linux"],
        &["analyze", "x", "--jobs", "0"],
        &["analyze", "x", "-f", "json", "-f", "table"],
        &["analyze", "x", "-f", "pdf"],
        &["analyze", "x", "-q", "-v"],
        &["analyze", "../../x y"],
        &["frobnicate"],
    ] {
        let ran = rslim(words);
        assert_eq!(ran.code, Some(2), "{words:?}");
        assert!(ran.err.starts_with("error: "), "{words:?}: {}", ran.err);
    }
}

#[test]
fn limits_name_the_flag_that_raises_them() {
    let demo = demo();
    for (flag, value) in [
        ("--max-entries", "3"),
        ("--max-layer-size", "1000"),
        ("--max-document-size", "10"),
    ] {
        let packed = demo.file("packed");
        let image = fixtures::showcase::demo().compression(fixtures::Compression::Gzip);
        image.write(Layout::OciArchive, packed.as_ref()).unwrap();
        let ran = rslim(&["analyze", &packed, flag, value]);
        assert_eq!(ran.code, Some(2), "{flag}");
        assert!(ran.err.contains(flag), "{flag}: {}", ran.err);
        assert_eq!(
            ran.err.lines().filter(|l| l.starts_with("error")).count(),
            1
        );
    }
}

#[test]
fn platforms_and_tags_are_chosen_or_listed() {
    let dir = tempfile::tempdir().unwrap();
    let build = |name: &str| fixtures::by_name(name).unwrap().build(dir.path()).unwrap();
    let path = build("oci-platforms");
    let path = path.to_str().unwrap();
    let chosen = rslim(&["analyze", path, "-f", "json", "--platform", "linux/arm64"]);
    assert!(
        chosen.out.contains("\"platform\": \"linux/arm64/v8\""),
        "{}",
        chosen.err
    );
    let none = rslim(&["analyze", path, "--platform", "linux/s390x"]);
    assert_eq!(none.code, Some(2));
    for platform in ["linux/amd64", "linux/arm64/v8", "linux/arm/v7"] {
        assert!(none.err.contains(platform), "{}", none.err);
    }
}

#[test]
fn warnings_can_be_silenced() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = fixtures::by_name("h19-tar-called-gzip").unwrap();
    let path = fixture.build(dir.path()).unwrap();
    let path = path.to_str().unwrap();
    assert!(rslim(&["analyze", path]).err.starts_with("warning: "));
    assert_eq!(rslim(&["analyze", path, "-q"]).err, "");
}

#[test]
fn an_unverified_image_is_an_error_or_on_request_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = fixtures::by_name("h24-size-too-small").unwrap();
    let path = fixture.build(dir.path()).unwrap();
    let path = path.to_str().unwrap();
    let strict = rslim(&["analyze", path]);
    assert_eq!(strict.code, Some(2), "{}", strict.err);
    let lax = rslim(&["analyze", path, "--verify", "warn"]);
    assert_eq!(lax.code, Some(0), "{}", lax.err);
    assert!(lax.err.contains("mismatch"), "{}", lax.err);
}

#[test]
fn help_and_version_are_results() {
    let version = command().arg("--version").output().unwrap();
    version
        .assert()
        .success()
        .stdout(concat!("rslim ", env!("CARGO_PKG_VERSION"), "\n"));
    let help = rslim(&["analyze", "--help"]);
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    assert!(help.out.contains("docker-archive:FILE"));
}

#[test]
fn a_base_that_is_none_is_refused() {
    let demo = demo();
    let other = fixtures::by_name("packages")
        .unwrap()
        .build(demo.dir.path())
        .unwrap();
    let ran = rslim(&["analyze", demo.image(), "--base", other.to_str().unwrap()]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("was not built from it"), "{}", ran.err);
    let own = rslim(&[
        "analyze",
        demo.image(),
        "--base",
        demo.image(),
        "-f",
        "json",
    ]);
    assert!(own.out.contains("\"evidence\": \"image\""), "{}", own.err);
}
