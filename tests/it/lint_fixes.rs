//! `--fix` and `--diff`: what they change, and above all what they do not.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::program::command;

fn lint(dir: &Path, words: &[&str]) -> Output {
    let mut command = command();
    command
        .current_dir(dir)
        .args(["lint", "--no-config"])
        .args(words);
    command.output().unwrap()
}

/// The findings of a file: code, and whether a fix would be applied.
fn findings(dir: &Path, name: &str, most: &str) -> Vec<(String, bool)> {
    let output = lint(dir, &["-f", "json", name]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = report["files"][0]["findings"].as_array().unwrap().iter();
    found
        .map(|finding| {
            let how = finding["fix"]["applicability"].as_str();
            let applied = how.is_some_and(|how| how == "safe" || most == "unsafe");
            (finding["code"].as_str().unwrap().to_owned(), applied)
        })
        .collect()
}

fn fixed(text: impl AsRef<[u8]>, most: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("Dockerfile");
    let text = text.as_ref();
    fs::write(&path, text).unwrap();
    let shown = String::from_utf8_lossy(text);
    let syntax =
        |found: &[(String, bool)]| found.iter().filter(|(code, _)| code == "DL1000").count();
    let before = findings(dir.path(), "Dockerfile", most);
    let option = format!("--fix={most}");
    lint(dir.path(), &[&option, "-q", "Dockerfile"]);
    let once = fs::read(&path).unwrap();
    let after = findings(dir.path(), "Dockerfile", most);
    assert!(syntax(&after) <= syntax(&before), "{most} breaks {shown}");
    let left: Vec<_> = after.iter().filter(|(_, applied)| *applied).collect();
    assert!(left.is_empty(), "{most} leaves {left:?} of {shown}");
    lint(dir.path(), &[&option, "-q", "Dockerfile"]);
    assert_eq!(
        fs::read(&path).unwrap(),
        once,
        "{most} changes its own result of {shown}"
    );
    once
}

#[track_caller]
fn becomes(before: &str, after: &str) {
    assert_eq!(String::from_utf8(fixed(before, "safe")).unwrap(), after);
}

/// Not touched by safe fixes.
#[track_caller]
fn stays(text: &str) {
    becomes(text, text);
}

#[test]
fn bytes_outside_of_the_edits_stay() {
    becomes(
        "\u{feff}# a  \t\r\nFROM a:1 as b\r\n\tENV A b\t \r\nRUN\tx \\\r\n\t\t&& y  \r\n \r\n#z",
        "\u{feff}# a  \t\r\nFROM a:1 AS b\r\n\tENV A=b\t \r\nRUN\tx \\\r\n\t\t&& y  \r\n \r\n#z",
    );
    let before = b"# \xff\xfe caf\xe9\nFROM a:1 as b\nRUN a \\\n  # \xe9\n  b\n# \xc3";
    let after = b"# \xff\xfe caf\xe9\nFROM a:1 AS b\nRUN a \\\n  # \xe9\n  b\n# \xc3";
    assert_eq!(fixed(before, "safe"), after);
    assert_eq!(fixed(after, "unsafe"), after);
}

#[test]
fn new_lines_look_like_the_others() {
    becomes(
        "FROM a:1\r\nRUN dnf install -y x-1 && \\\r\n    y\r\n",
        "FROM a:1\r\nRUN dnf install -y x-1 && \\\r\n    y && \\\r\n    dnf clean all\r\n",
    );
    becomes(
        "FROM a:1\nRUN dnf install -y x-1 \\\n\t&& y\n",
        "FROM a:1\nRUN dnf install -y x-1 \\\n\t&& y \\\n\t&& dnf clean all\n",
    );
    becomes(
        "# escape=`\nFROM a:1\nSHELL [\"/bin/sh\", \"-c\"]\nRUN dnf install -y x-1 `\n  && y\n",
        "# escape=`\nFROM a:1\nSHELL [\"/bin/sh\", \"-c\"]\nRUN dnf install -y x-1 `\n  && y `\n  && dnf clean all\n",
    );
    assert_eq!(
        fixed("FROM a:1\nRUN <<-A\n\ta\n\tb\nA\n", "unsafe"),
        b"FROM a:1\nRUN <<-A\n\tset -e\n\ta\n\tb\nA\n"
    );
    assert_eq!(
        fixed("FROM a:1\r\nRUN <<A\r\na\r\nb\r\nA\r\n", "unsafe"),
        b"FROM a:1\r\nRUN <<A\r\nset -e\r\na\r\nb\r\nA\r\n"
    );
    assert_eq!(
        fixed("FROM a:1\r\nRUN a\r\nRUN b\r\n", "unsafe"),
        b"FROM a:1\r\nRUN a && \\\r\n    b\r\n"
    );
    assert_eq!(
        fixed("FROM a:1\r\nWORKDIR /b\r\nRUN cd /a && c\r\n", "unsafe"),
        b"FROM a:1\r\nWORKDIR /b\r\nWORKDIR /a\r\nRUN c\r\nWORKDIR /b\r\n"
    );
}

/// Where the image or the build would be another one.
#[test]
fn safe_fixes_change_nothing_else() {
    let lists = "RUN apt-get update && apt-get install -y a";
    let gone = " && rm -rf /var/lib/apt/lists/*";
    becomes(
        &format!("FROM a:1\n{lists}\nRUN b\n"),
        &format!("FROM a:1\n{lists}{gone}\nRUN b\n"),
    );
    // A later RUN installs from the same lists.
    stays(&format!(
        "FROM a:1\n{lists}\nRUN b\nRUN DEBIAN_FRONTEND=x apt-get install -y c\n"
    ));
    stays(&format!(
        "FROM a:1 AS b\n{lists}\nFROM b AS c\nUSER 1\nFROM c\nRUN apt-get install -y d\n"
    ));
    becomes(
        &format!("FROM a:1\n{lists}\n{lists}\n"),
        &format!("FROM a:1\n{lists}{gone}\n{lists}{gone}\n"),
    );
    becomes(
        &format!("FROM a:1 AS b\nUSER 1\nFROM a:1\n{lists}\nFROM b\nRUN apt-get install -y d\n"),
        &format!("FROM a:1 AS b\nUSER 1\nFROM a:1\n{lists}\nFROM b\nRUN apt-get install -y d\n"),
    );
    becomes("FROM a:1\nCMD b c\n", "FROM a:1\nCMD [\"b\", \"c\"]\n");
    // The form of the one decides what becomes of the other.
    becomes(
        "FROM a:1\nENTRYPOINT [\"a\"]\nCMD b c\n",
        "FROM a:1\nENTRYPOINT [\"a\"]\nCMD exec b c\n",
    );
    becomes(
        "FROM a:1\nENTRYPOINT a\nCMD [\"b\"]\n",
        "FROM a:1\nENTRYPOINT exec a\nCMD [\"b\"]\n",
    );
    stays("FROM a:1 AS b\nENTRYPOINT a\nFROM b\nCMD [\"b\"]\n");
    becomes(
        "FROM a:1\nSHELL [\"/bin/bash\", \"-lc\"]\nCMD b c\n",
        "FROM a:1\nSHELL [\"/bin/bash\", \"-lc\"]\nCMD exec b c\n",
    );
    becomes("FROM a:1\nADD b /c\n", "FROM a:1\nCOPY b /c\n");
    becomes("FROM a:1\nADD b*.js /c/\n", "FROM a:1\nCOPY b*.js /c/\n");
    // An archive that the pattern matches would be unpacked.
    stays("FROM a:1\nADD dist/* /c/\n");
    stays("FROM a:1\nADD b.tar* /c/\n");
    stays("FROM a:1 AS ${X}\n");
    becomes(
        "FROM a:1 AS Bc\nFROM a:1 AS Bc\nFROM Bc\nCOPY --from=Bc a /b\n",
        "FROM a:1 AS bc\nFROM a:1 AS bc\nFROM bc\nCOPY --from=bc a /b\n",
    );
}

/// Pieces put together in every way that a small generator finds.
#[test]
fn generated_files_are_fixed_once() {
    const PIECES: [&str; 28] = [
        "RUN apt-get update && apt-get install curl",
        "RUN apt-get update \\\n    && apt-get install -y \\\n        curl \\\n        git",
        "RUN apt-get update; apt-get install -y curl;",
        "RUN apt install curl # why",
        "RUN (yum install -y x)",
        "RUN yum install x && \\\n\n  # c\n  yum install y",
        "RUN if a; then\\\n dnf install -y b;\\\n fi",
        "RUN sudo pip install a || true",
        "RUN cd /a && b",
        "RUN <<E\nsudo apk add a\npip install b\nE",
        "RUN --mount=type=cache,target=/root/.cache/pip pip install b",
        "RUN [\"apt-get\", \"install\", \"x\"]",
        "ONBUILD RUN apt-get install x",
        "ONBUILD ADD a b",
        "add a b c /d",
        "ADD --chown=1 x.tar.gz /y",
        "copy --from=Build a b c",
        "ENV a b c",
        "env A \"b\" 'c' \\\n  d",
        "ENV A=1 B=$A",
        "LABEL a b",
        "MAINTAINER a \"b\" <c>",
        "EXPOSE 80:80/TCP 53/Udp",
        "WORKDIR a",
        "CMD a \"b c\" $d",
        "entrypoint a",
        "HEALTHCHECK CMD curl x || exit 1",
        "RUN useradd -u 123456 x\\\n",
    ];
    let mut state: u64 = 7;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..60 {
        let mut text = String::new();
        let eol = ["\n", "\r\n", " \n", "\n\n"][next(4)];
        for stage in 0..=next(2) {
            let name = [" as Build", " AS build", "", " As x"][next(4)];
            let _ = write!(
                text,
                "{} a:{stage}{name}{eol}",
                ["FROM", "from", "From"][next(3)]
            );
            for _ in 0..next(8) {
                let piece = PIECES[next(PIECES.len())];
                let piece = if eol == "\r\n" {
                    piece.replace('\n', "\r\n")
                } else {
                    piece.to_owned()
                };
                let _ = write!(text, "{}{piece}{eol}", ["", "", "  ", "\t"][next(4)]);
            }
        }
        fixed(&text, "safe");
        fixed(&text, "unsafe");
    }
}

const FIXABLE: &str = "FROM a:1 as b\nUSER 1\nRUN a\n";
const MENDED: &str = "FROM a:1 AS b\nUSER 1\nRUN a\n";

#[test]
fn a_diff_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("Dockerfile");
    fs::write(&path, FIXABLE).unwrap();
    let output = lint(dir.path(), &["--diff", "Dockerfile"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("-FROM a:1 as b") && text.contains("+FROM a:1 AS b"),
        "{text}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), FIXABLE);
    fs::write(&path, MENDED).unwrap();
    let output = lint(dir.path(), &["--diff", "Dockerfile"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let mut command = command();
    command.args(["lint", "--no-config", "--fix", "-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), FIXABLE.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), MENDED);
}

#[cfg(unix)]
#[test]
fn links_permissions_and_folders_that_cannot_be_written() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let set =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let real = dir.path().join("real");
    let link = dir.path().join("Dockerfile");
    fs::write(&real, FIXABLE).unwrap();
    set(&real, 0o640);
    symlink("real", &link).unwrap();
    lint(dir.path(), &["--fix", "-q", "Dockerfile"]);
    assert_eq!(fs::read_to_string(&real).unwrap(), MENDED);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(mode(&real), 0o640);

    let folder = dir.path().join("fixed");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("Dockerfile"), FIXABLE).unwrap();
    set(&folder, 0o555);
    // Nobody keeps root from writing.
    let free = fs::write(folder.join("x"), "").is_ok();
    let output = lint(dir.path(), &["--fix", "-q", "fixed/Dockerfile"]);
    set(&folder, 0o755);
    let text = fs::read_to_string(folder.join("Dockerfile")).unwrap();
    if free {
        assert_eq!(text, MENDED);
    } else {
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text, FIXABLE);
        assert!(String::from_utf8_lossy(&output.stderr).contains("error: "));
    }
}

/// Some files that cannot be read do not keep the others from being mended.
#[test]
fn what_cannot_be_fixed_stops_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("binary"), "\0").unwrap();
    fs::write(dir.path().join("broken"), "FROM a:1 as b\nNOPE\n").unwrap();
    fs::write(dir.path().join("good"), FIXABLE).unwrap();
    let output = lint(dir.path(), &["--fix", "binary", "absent", "broken", "good"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read(dir.path().join("binary")).unwrap(), b"\0");
    assert_eq!(
        fs::read_to_string(dir.path().join("broken")).unwrap(),
        "FROM a:1 AS b\nNOPE\n"
    );
    assert_eq!(fs::read_to_string(dir.path().join("good")).unwrap(), MENDED);
}
