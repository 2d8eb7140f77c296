//! `rslim lint` as people and CI use it.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const BAD: &str = "FROM debian:12\nRUN apt-get install -y curl\nMAINTAINER me\n";
const GOOD: &str = "FROM debian:12-slim\nUSER 1000\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn rslim(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rslim"));
    command
        .current_dir(dir)
        .arg("lint")
        .env("HOME", dir)
        .env("XDG_CONFIG_HOME", dir.join("none"));
    command
}

fn json(command: &mut Command) -> Value {
    let done = command.args(["-f", "json"]).output().unwrap();
    serde_json::from_slice(&done.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&done.stderr)))
}

fn codes(report: &Value) -> Vec<String> {
    let findings = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|file| file["findings"].as_array().unwrap());
    findings
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}

fn has(report: &Value, code: &str) -> bool {
    codes(report).iter().any(|own| own == code)
}

#[test]
fn exit_status_says_how_it_went() {
    let dir = folder(&[
        ("bad", BAD),
        ("good", GOOD),
        ("broken", "FROM a:1\nRUNN x\n"),
    ]);
    rslim(dir.path()).arg("good").assert().code(0);
    rslim(dir.path()).arg("bad").assert().code(1);
    rslim(dir.path())
        .args(["bad", "--no-fail"])
        .assert()
        .code(0);
    rslim(dir.path())
        .args(["bad", "--ignore", "DL4000", "-t", "error"])
        .assert()
        .code(0);
    rslim(dir.path())
        .args(["bad", "-t", "error"])
        .assert()
        .code(1);
    rslim(dir.path()).arg("broken").assert().code(2);
    rslim(dir.path()).args(["missing", "good"]).assert().code(2);
    rslim(dir.path())
        .args(["good", "--select", "NOPE"])
        .assert()
        .code(2);
}

#[test]
fn folders_are_searched_and_gitignore_is_respected() {
    let dir = folder(&[
        ("a/Dockerfile", BAD),
        ("b/app.Dockerfile", BAD),
        ("c/Containerfile.dev", BAD),
        (".devcontainer/Dockerfile", BAD),
        ("Dockerfile.dockerignore", "x"),
        ("out/Dockerfile", BAD),
        (".gitignore", "out/\n"),
    ]);
    let report = json(&mut rslim(dir.path()));
    let paths: Vec<&str> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            ".devcontainer/Dockerfile",
            "a/Dockerfile",
            "b/app.Dockerfile",
            "c/Containerfile.dev"
        ]
    );
    let all = json(rslim(dir.path()).arg("--no-gitignore"));
    assert_eq!(all["files"].as_array().unwrap().len(), 5);
}

#[test]
fn standard_input_is_a_file_too() {
    let dir = folder(&[]);
    let report = json(
        rslim(dir.path())
            .args(["-", "--file-path-in-report", "ci/Dockerfile"])
            .write_stdin(BAD),
    );
    assert_eq!(report["files"][0]["path"], "ci/Dockerfile");
    assert!(has(&report, "DL3008"));
}

#[test]
fn settings_are_those_nearest_to_the_dockerfile() {
    let dir = folder(&[
        (".hadolint.yaml", "ignored: [DL3008]\n"),
        ("app/Dockerfile", BAD),
        ("own/.rslim.toml", "[lint]\nselect = [\"DL3008\"]\n"),
        ("own/deep/Dockerfile", BAD),
    ]);
    assert!(!has(&json(rslim(dir.path()).arg("app")), "DL3008"));
    assert_eq!(codes(&json(rslim(dir.path()).arg("own"))), ["DL3008"]);
    assert!(has(
        &json(rslim(dir.path()).args(["app", "--no-config"])),
        "DL3008"
    ));
    let by_name = rslim(dir.path())
        .args(["app", "--config", "own/.rslim.toml", "-f", "json"])
        .output()
        .unwrap();
    assert_eq!(
        codes(&serde_json::from_slice(&by_name.stdout).unwrap()),
        ["DL3008"]
    );
}

#[test]
fn command_line_goes_before_file_and_file_before_environment() {
    let dir = folder(&[
        ("Dockerfile", BAD),
        (
            ".hadolint.yaml",
            "failure-threshold: error\nignored: [DL4000]\n",
        ),
    ]);
    rslim(dir.path())
        .env("HADOLINT_FAILURE_THRESHOLD", "style")
        .assert()
        .code(0);
    rslim(dir.path()).args(["-t", "info"]).assert().code(1);
    let report = json(rslim(dir.path()).env("HADOLINT_IGNORE", "DL3008"));
    assert!(!has(&report, "DL3008") && !has(&report, "DL4000"));
}

#[test]
fn broken_settings_are_named_with_their_place() {
    for (name, text, word) in [
        (".hadolint.yaml", "ignored: [\n", ".hadolint.yaml"),
        (".hadolint.yaml", "ignroed: []\n", "ignroed"),
        (".rslim.toml", "[lint]\n\nselekt = []\n", "line 3"),
        (".rslim.toml", "[lint]\nignore = [\"DL99\"]\n", "DL99"),
        (
            ".rslim.toml",
            "[lint.severity]\nDL3008 = \"loud\"\n",
            "loud",
        ),
    ] {
        let dir = folder(&[("Dockerfile", GOOD), (name, text)]);
        let done = rslim(dir.path()).output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{text}");
        assert!(said.contains(word), "{text}: {said}");
    }
}

#[test]
fn comments_ignore_what_they_name() {
    let text = "# hadolint global ignore=DL4000\nFROM debian:12-slim\n\
                # rslim ignore=unpinned-apt-packages,DL3015 -- pinned by the mirror\n\
                # another remark\n\
                RUN apt-get install -y curl \\\n  # rslim ignore=DL3047\n  && wget https://x/y \\\n  && wget https://x/z\n\
                # check=skip=JSONArgsRecommended\nCMD a b\nMAINTAINER me\n";
    let dir = folder(&[("Dockerfile", text)]);
    let report = json(rslim(dir.path()).args(["--select", "DL", "--select", "RS1020"]));
    assert_eq!(codes(&report), ["DL3047"]);
    assert_eq!(report["files"][0]["findings"][0]["start"]["line"], 8);
    let all = json(rslim(dir.path()).args(["--disable-ignore-pragma", "--select", "DL"]));
    assert!(has(&all, "DL4000") && has(&all, "DL3008") && has(&all, "DL3025"));
}

#[test]
fn comments_that_ignore_nothing_are_reported() {
    let dir = folder(&[(
        "Dockerfile",
        "FROM debian:12-slim\n# hadolint ignore=DL3008,SC2086\nUSER 1000\n",
    )]);
    let report = json(&mut rslim(dir.path()));
    assert_eq!(codes(&report), ["RS1020", "RS1020"]);
    rslim(dir.path()).assert().code(0);
}

#[test]
fn twins_are_one_finding_under_either_name() {
    let dir = folder(&[("Dockerfile", "FROM debian:12-slim\nCMD a b\n")]);
    let report = json(rslim(dir.path()).args(["--select", "JSONArgsRecommended"]));
    assert_eq!(codes(&report), ["DL3025"]);
    assert_eq!(
        report["files"][0]["findings"][0]["aliases"][0],
        "JSONArgsRecommended"
    );
    let buildkit = json(rslim(dir.path()).args(["--compat", "buildkit"]));
    assert_eq!(codes(&buildkit), ["JSONArgsRecommended"]);
}

#[test]
fn rules_of_ones_own_need_no_rust() {
    let rule = "code = \"ACME-1\"\nseverity = \"error\"\nmessage = \"{what} is not for images\"\n[match.command]\nnames = [\"telnet\"]\n";
    let other = "code = \"ACME-2\"\nseverity = \"warning\"\nmessage = \"use our own base\"\n[match.instruction]\nkeywords = [\"FROM\"]\nwithout_text = '^registry\\.acme\\.example/'\n";
    let dir = folder(&[
        ("Dockerfile", "FROM debian:12-slim\nRUN telnet x\n"),
        ("r/a.toml", rule),
        ("r/b/c.toml", other),
    ]);
    let report = json(rslim(dir.path()).args(["--rules", "r", "--select", "ACME"]));
    assert_eq!(codes(&report), ["ACME-2", "ACME-1"]);
    let broken = folder(&[("Dockerfile", GOOD), ("r/a.toml", "code = 1\n")]);
    rslim(broken.path()).args(["--rules", "r"]).assert().code(2);
    let clash = folder(&[
        ("Dockerfile", GOOD),
        ("r/a.toml", &rule.replace("ACME-1", "DL3008")),
    ]);
    rslim(clash.path()).args(["--rules", "r"]).assert().code(2);
}

#[test]
fn shell_findings_have_their_own_place_and_there_can_be_several() {
    // A variable that Docker sets is taken for a plain word.
    let text = "FROM debian:12-slim\nARG known=1\nRUN set -e; \\\n    echo $known; \\\n    cd $unknown; \\\n    echo $unknown\n";
    let dir = folder(&[("Dockerfile", text)]);
    let report = json(rslim(dir.path()).args(["--select", "SC2086"]));
    let places: Vec<(u64, u64)> = report["files"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            (
                finding["start"]["line"].as_u64().unwrap(),
                finding["start"]["column"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(places, [(5, 8), (6, 10)]);
    assert!(
        codes(&json(rslim(dir.path()).args([
            "--select",
            "SC",
            "--no-shell-lint"
        ])))
        .is_empty()
    );
}

#[test]
fn measured_bytes_come_with_a_context() {
    let dir = folder(&[
        ("Dockerfile", "FROM debian:12-slim\nCOPY . /srv\n"),
        ("data", "0123456789"),
        ("skip/data", "0123456789"),
    ]);
    let report = json(rslim(dir.path()).args(["--context", ".", "--select", "RS1001"]));
    let all = report["files"][0]["findings"][0]["bytes"].as_u64().unwrap();
    assert_eq!(all, 20 + "FROM debian:12-slim\nCOPY . /srv\n".len() as u64);
    fs::write(
        dir.path().join(".dockerignore"),
        "skip\nDockerfile\n.dockerignore\n",
    )
    .unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    fs::write(dir.path().join(".git/HEAD"), "1234").unwrap();
    let report = json(rslim(dir.path()).args(["--context", ".", "--select", "RS1001"]));
    assert_eq!(report["files"][0]["findings"][0]["bytes"], 14);
}

#[test]
fn several_reports_come_from_one_run() {
    let dir = folder(&[("Dockerfile", BAD)]);
    rslim(dir.path())
        .args([
            "-f", "sarif", "-o", "x.sarif", "-f", "junit", "-o", "x.xml", "-f", "tty",
        ])
        .assert()
        .code(1);
    let sarif: Value =
        serde_json::from_slice(&fs::read(dir.path().join("x.sarif")).unwrap()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let xml = fs::read_to_string(dir.path().join("x.xml")).unwrap();
    roxmltree::Document::parse(&xml).unwrap();
}

#[test]
fn a_rule_can_be_asked_about_by_any_of_its_names() {
    let dir = folder(&[]);
    for name in ["DL3025", "jsonargsrecommended", "shell-form-command"] {
        let done = Command::new(env!("CARGO_BIN_EXE_rslim"))
            .current_dir(dir.path())
            .args(["rules", name])
            .output()
            .unwrap();
        let text = String::from_utf8(done.stdout).unwrap();
        assert!(text.starts_with("DL3025 shell-form-command"), "{text}");
        assert!(!text.contains('\u{1b}'), "colours in a pipe");
    }
    Command::new(env!("CARGO_BIN_EXE_rslim"))
        .args(["rules", "XX1"])
        .assert()
        .code(2);
}
