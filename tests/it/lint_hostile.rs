//! Dockerfiles of broken or malicious writers: findings or one message with
//! its place, and never a crash, a hang, or memory without end.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::hostile::bounded;
use crate::program::Ran;

/// Ten times what a build without optimisation needs on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub const FORMATS: [&str; 5] = ["pretty", "json", "sarif", "checkstyle", "junit"];

pub const FROM: &str = "FROM alpine:3.20\n";

/// Runs `rslim lint …` with bounded memory and time.
pub fn lint<S: AsRef<OsStr>>(name: &str, words: &[S]) -> Ran {
    let first = ["lint", "-j", "2"].map(OsStr::new);
    let ran = bounded(
        name,
        PATIENCE,
        first.into_iter().chain(words.iter().map(AsRef::as_ref)),
    );
    assert!(
        matches!(ran.code, Some(0..=2)),
        "{name}: {:?} {}",
        ran.code,
        ran.err
    );
    assert!(!ran.err.contains("panicked"), "{name}: {}", ran.err);
    let raw = |text: &str| {
        text.chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
    };
    assert!(!raw(&ran.err), "{name}: raw control characters");
    ran
}

pub fn written(dir: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// The report of one format, parsed as what it says it is.
pub fn parsed(name: &str, format: &str, ran: &Ran) {
    match format {
        "json" | "sarif" => {
            let report: Result<Value, _> = serde_json::from_str(&ran.out);
            assert!(report.is_ok(), "{name} {format}: {:?}", report.err());
        }
        "checkstyle" | "junit" => {
            let report = roxmltree::Document::parse(&ran.out);
            assert!(report.is_ok(), "{name} {format}: {:?}", report.err());
        }
        _ => assert!(!ran.out.contains('\u{1b}'), "{name} {format}: ESC"),
    }
}

/// Lints the bytes in all formats; the status, and the findings as
/// `line:column code`.
fn check(name: &str, bytes: impl AsRef<[u8]>) -> (i32, Vec<String>, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = written(dir.path(), "Dockerfile", bytes);
    let mut codes = Vec::new();
    let mut all = (0, Vec::new(), String::new());
    for format in FORMATS {
        let words = [
            "--no-config".as_ref(),
            "-f".as_ref(),
            format.as_ref(),
            path.as_os_str(),
        ];
        let ran = lint(name, &words);
        parsed(name, format, &ran);
        codes.push(ran.code);
        if format == "json" {
            let report: Value = serde_json::from_str(&ran.out).unwrap();
            let file = &report["files"][0];
            let found = file["findings"].as_array().into_iter().flatten();
            let found = found.map(|finding| {
                let (code, start) = (finding["code"].as_str().unwrap(), &finding["start"]);
                format!("{}:{} {code}", start["line"], start["column"])
            });
            let failure = file["error"].as_str().unwrap_or("").to_owned();
            all = (ran.code.unwrap(), found.collect(), failure);
        }
    }
    codes.dedup();
    assert_eq!(codes.len(), 1, "{name}: formats disagree: {codes:?}");
    all
}

/// The file is linted to its end although something in it is broken.
#[track_caller]
fn broken(name: &str, bytes: impl AsRef<[u8]>, wanted: &[&str]) {
    let (status, found, _) = check(name, bytes);
    assert_eq!(status, 2, "{name}: {found:?}");
    for wanted in wanted {
        assert!(
            found.iter().any(|own| own == wanted),
            "{name}: no {wanted} in {found:?}"
        );
    }
}

/// Nothing Docker would refuse.
#[track_caller]
fn sound(name: &str, bytes: impl AsRef<[u8]>, wanted: &[&str]) {
    let (status, found, failure) = check(name, bytes);
    assert!(status < 2, "{name}: {failure} {found:?}");
    assert!(!found.iter().any(|own| own.ends_with("DL1000")), "{name}");
    for wanted in wanted {
        assert!(
            found.iter().any(|own| own == wanted),
            "{name}: no {wanted} in {found:?}"
        );
    }
}

#[test]
fn what_is_no_text_gets_one_message_with_its_place() {
    let utf16: Vec<u8> = "\u{feff}FROM a\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let big_endian: Vec<u8> = "\u{feff}FROM a\n"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let cases: [(&str, &[u8], &str); 5] = [
        ("NUL", b"FROM a\nRUN \0x\n", "line 2, column 5"),
        ("ELF", b"\x7fELF\x02\x01\x01\0\0\0\0", "line 1, column 8"),
        ("UTF-16 LE", &utf16, "line 1, column 1"),
        ("UTF-16 BE", &big_endian, "line 1, column 1"),
        ("UTF-16 without a mark", b"F\0R\0O\0M\0", "line 1, column 2"),
    ];
    for (name, bytes, place) in cases {
        let (status, found, failure) = check(name, bytes);
        assert_eq!(status, 2, "{name}");
        assert!(found.is_empty(), "{name}: {found:?}");
        assert!(failure.contains(place), "{name}: {failure:?}");
    }
}

#[test]
fn bytes_that_are_not_utf8_count_only_in_instructions() {
    broken(
        "in a RUN",
        b"FROM alpine:3.20\nRUN echo \xff\nRUN sudo x\n",
        &["2:10 DL1000", "3:5 DL3004"],
    );
    broken(
        "Latin-1",
        b"FROM alpine:3.20\nLABEL a=\"caf\xe9\"\n",
        &["2:13 DL1000"],
    );
    sound(
        "in comments",
        b"# caf\xe9\nFROM alpine:3.20\nRUN a \\\n # \xff\xfe\n b\nRUN sudo x\n# \xe9",
        &["6:5 DL3004"],
    );
}

#[test]
fn files_without_a_stage_are_errors() {
    broken("empty", "", &["1:1 DL1000"]);
    broken("blank", " \n\t\n", &["1:1 DL1000"]);
    broken("comments", "# a\n#b\n", &["2:3 DL1000"]);
    broken("ARG only", "ARG A=1\n", &["1:1 DL1000"]);
    broken(
        "no FROM",
        "ARG A=1\nRUN sudo x\n",
        &["2:1 DL1000", "2:5 DL3004"],
    );
    broken(
        "a slip in FROM",
        "FORM a:1\nRUN sudo x\n",
        &["1:1 DL1000", "2:5 DL3004"],
    );
    broken("backslashes", "\\\n\\\n", &["2:2 DL1000"]);
}

#[test]
fn line_breaks_marks_and_odd_blanks() {
    let sudo = ["3:5 DL3004"];
    sound(
        "CRLF",
        "FROM alpine:3.20\r\nRUN a \\\r\n && sudo x\r\n",
        &["3:5 DL3004"],
    );
    sound(
        "BOM",
        "\u{feff}FROM alpine:3.20\nUSER root\nRUN sudo x\n",
        &sudo,
    );
    sound(
        "BOM and directive",
        "\u{feff}# escape=`\nFROM a:1\nRUN a `\n b\n",
        &[],
    );
    broken(
        "BOM in the middle",
        "FROM alpine:3.20\n\u{feff}USER a\nRUN sudo x\n",
        &["2:1 DL1000", "3:5 DL3004"],
    );
    broken(
        "lone CR",
        "FROM alpine:3.20\rRUN x\rRUN y\n",
        &["1:18 DL1000"],
    );
    broken(
        "NBSP in an instruction",
        "FROM alpine:3.20\nRUN\u{a0}x\nRUN sudo x\n",
        &["2:1 DL1000", "3:5 DL3004"],
    );
    sound("form feed", "FROM alpine:3.20\n\u{c}\nRUN sudo x\n", &sudo);
    sound(
        "no newline at the end",
        "FROM alpine:3.20\n\nRUN sudo x",
        &sudo,
    );
    sound(
        "a backslash ends the file",
        "FROM alpine:3.20\n\nRUN sudo x \\",
        &sudo,
    );
    sound(
        "blank lines and comments inside",
        "FROM alpine:3.20\nRUN a \\\n\n # c\n  \t\n && sudo x\n",
        &["6:5 DL3004"],
    );
    sound(
        "escaped backslash ends the line",
        "FROM alpine:3.20\nRUN a\\\\\nRUN sudo x\n",
        &sudo,
    );
}

/// Each malformed instruction costs only its own findings.
#[test]
fn a_bad_instruction_costs_only_itself() {
    for bad in [
        "FROM",
        "FROM a b c",
        "FROM a AS",
        "FROM a:1 AS 9",
        "FROM --platform a",
        "FROM --nope=1 a",
        "RUN --mount=type=nope x",
        "RUN --mount x",
        "RUN --network=a x",
        "COPY",
        "COPY a",
        "COPY --from= a b",
        "COPY --chmod a b",
        "COPY [\"a\"]",
        "COPY [\"a\", \"b\"",
        "ADD",
        "ADD a",
        "ENV",
        "ENV A",
        "ENV =b",
        "ENV A=b c",
        "ENV A=${",
        "ENV A=${b:",
        "ENV A=\"b",
        "ARG",
        "ARG =1",
        "LABEL",
        "LABEL a",
        "LABEL \"a=b",
        "EXPOSE",
        "EXPOSE a/b/c",
        "EXPOSE 1-",
        "USER",
        "USER a b",
        "VOLUME",
        "VOLUME []",
        "WORKDIR",
        "STOPSIGNAL",
        "STOPSIGNAL a b",
        "HEALTHCHECK",
        "HEALTHCHECK NOPE x",
        "HEALTHCHECK --interval=x CMD a",
        "HEALTHCHECK NONE x",
        "SHELL bash",
        "SHELL []",
        "SHELL [\"a\",]",
        "ONBUILD",
        "ONBUILD FROM a",
        "ONBUILD ONBUILD RUN x",
        "ONBUILD NOPE",
        "MAINTAINER",
        "NOPE",
        "NOPE a",
        "RUNN a",
        "=",
        "[",
        "\"",
        "$",
        "${",
        "`",
        "<<A",
        "--",
        "\u{1b}[31m",
        "\u{202e}RUN x",
        "&#0;<a>",
        "CMD [",
        "RUN (",
        "RUN )",
        "RUN if",
        "RUN $(",
        "RUN \"",
        "RUN `",
        "RUN ${",
        "RUN &&",
        "RUN a &&",
        "RUN | a",
    ] {
        let (status, found, _) = check(bad, format!("{FROM}USER root\n{bad}\nRUN sudo x\n"));
        assert!(status == 1 || status == 2, "{bad}");
        assert!(
            found.iter().any(|own| own == "4:5 DL3004"),
            "{bad}: {found:?}"
        );
    }
}

#[test]
fn stages_that_make_no_sense() {
    sound(
        "built on itself",
        "FROM a AS a\nRUN sudo x\n",
        &["2:5 DL3004"],
    );
    sound(
        "one another's",
        "FROM b AS a\nCOPY --from=b x y\nFROM a AS b\nRUN sudo x\n",
        &["4:5 DL3004"],
    );
    sound(
        "the same name",
        "FROM x:1 AS a\nFROM x:1 AS A\nRUN sudo x\n",
        &["3:5 DL3004"],
    );
    sound(
        "from a number",
        "FROM x:1\nCOPY --from=4294967296 x y\nRUN sudo x\n",
        &["3:5 DL3004"],
    );
    sound(
        "from itself",
        "FROM x:1 AS a\nCOPY --from=a x y\nRUN sudo x\n",
        &["3:5 DL3004"],
    );
}

#[test]
fn here_documents() {
    broken(
        "unterminated",
        "FROM alpine:3.20\nRUN <<EOF\necho\nRUN sudo x\n",
        &["2:5 DL1000", "4:5 DL3004"],
    );
    broken(
        "unterminated in ONBUILD",
        "FROM alpine:3.20\nONBUILD RUN <<E\nx\nRUN sudo x\n",
        &["4:5 DL3004"],
    );
    let rest = "RUN sudo x\n";
    for (name, text) in [
        ("two", "RUN <<A cat && <<B cat\na\nA\nb\nB\n"),
        ("tabs", "COPY <<-A /x\n\ta\n\tA\n"),
        ("ADD", "ADD <<-\"A\" /x\n$(\n\tA\n"),
        ("ONBUILD", "ONBUILD RUN <<A\na\nA\n"),
        ("in quotes", "RUN echo '<<A' \"<<B\"\n"),
        ("arithmetic", "RUN echo $((1<<A))\n"),
        ("a here-string", "RUN cat <<<A\n"),
        ("empty", "RUN <<A\nA\n"),
        ("a name in quotes", "RUN <<'A B'\nx\nA B\n"),
        (
            "a comment in it",
            "RUN <<A\n# hadolint ignore=DL3004\nx \\\nA\n",
        ),
        ("python", "RUN <<A python3\nimport (\nA\n"),
        ("CRLF", "RUN <<A\r\nx\r\nA\r\n"),
    ] {
        let text = format!("{FROM}{text}{rest}");
        let line = text.lines().count();
        sound(name, &text, &[&format!("{line}:5 DL3004")]);
    }
}

#[test]
fn odd_ignore_comments() {
    let odd = "# hadolint ignore=\n# hadolint ignore=,,,\n# hadolint\n# hadolint ignore\n# rslim stage ignore=,\n\
               # shellcheck disable=\n# hadolint global ignore=\u{1b}[0m\n#hadolint ignore=DL0000,x,\u{202e}\n\
               # check=\n# check=skip=;;error=;=\n# hadolint shell=\n# rslim ignore=<&\"'>]]>\n";
    let text = format!("{odd}{FROM}{odd}RUN sudo x\n{odd}");
    let line = odd.lines().count() * 2 + 2;
    sound("ignores", &text, &[&format!("{line}:5 DL3004")]);
    sound(
        "check below",
        "FROM alpine:3.20\n# check=skip=all;error=true\n\nRUN a\nRUN sudo x\n",
        &["5:5 DL3004"],
    );
    broken(
        "directives twice",
        "# check=skip=all\n# check=skip=all\n# escape=x\nFROM a:1\n",
        &["2:1 DL1000", "3:10 DL1000"],
    );
}

#[test]
fn text_and_names_are_escaped() {
    let nasty = "\u{1b}[31m<a b=\"&\">]]>\u{202e}\u{7f}";
    broken(
        "in the text",
        format!(
            "{FROM}{nasty} x\nRUN apt-get install {nasty}\nLABEL {nasty}=1\nUSER {nasty}\nRUN sudo x\n"
        ),
        &["2:1 DL1000", "6:5 DL3004"],
    );
    let dir = tempfile::tempdir().unwrap();
    let path = written(
        dir.path(),
        &format!("{}.Dockerfile", nasty.replace('/', "")),
        "FROM a\nRUN sudo x\n",
    );
    let bad = written(dir.path(), "\u{1b}]0;x\u{7}\n<&>", "\0");
    for format in FORMATS {
        let words = [
            "--no-config".as_ref(),
            "-f".as_ref(),
            format.as_ref(),
            path.as_os_str(),
            bad.as_os_str(),
        ];
        let ran = lint("names", &words);
        assert_eq!(ran.code, Some(2), "{format}");
        parsed("names", format, &ran);
    }
    let ran = lint(
        "diff",
        &["--no-config".as_ref(), "--diff".as_ref(), path.as_os_str()],
    );
    assert!(!ran.out.contains('\u{1b}') && ran.out.contains("DL3004") == ran.out.contains("x y"));
}
