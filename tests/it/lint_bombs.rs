//! Dockerfiles that are large or nested beyond anything a person writes: no
//! rule, format or fix may take more than about linear time and memory.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::lint_hostile::lint;

const FROM: &str = "FROM alpine:3.20\n";

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, i| {
        let _ = writeln!(text, "{}", line(i));
        text
    })
}

/// Lints the text as a report and as a fix; the codes that were found.
fn codes(name: &str, text: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("Dockerfile");
    fs::write(&path, text).unwrap();
    let file = path.as_os_str();
    let ran = lint(
        name,
        &["--no-config".as_ref(), "-f".as_ref(), "json".as_ref(), file],
    );
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let found = report["files"][0]["findings"].as_array().unwrap().iter();
    let mut codes: Vec<String> = found
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect();
    codes.sort();
    codes.dedup();
    let compat = ["--no-config", "--compat", "hadolint", "-f", "checkstyle"];
    let mut words: Vec<&std::ffi::OsStr> = compat.iter().map(AsRef::as_ref).collect();
    words.push(file);
    let ran = lint(name, &words);
    assert!(roxmltree::Document::parse(&ran.out).is_ok(), "{name}");
    lint(
        name,
        &[
            "--no-config".as_ref(),
            "--fix=unsafe".as_ref(),
            "-q".as_ref(),
            file,
        ],
    );
    codes
}

fn finds(name: &str, text: &str, wanted: &[&str]) {
    let found = codes(name, text);
    for wanted in wanted {
        assert!(
            found.iter().any(|own| own == wanted),
            "{name}: no {wanted} in {found:?}"
        );
    }
}

#[test]
fn long_lines_and_files() {
    let ten = "a".repeat(10 << 20);
    finds(
        "10 MB in one word",
        &format!("{FROM}RUN echo {ten}\nRUN sudo x\n"),
        &["DL1000", "DL3004"],
    );
    finds(
        "10 MB in one comment",
        &format!("{FROM}# {ten}\nRUN sudo x\n"),
        &["DL3004"],
    );
    let words = "ab ".repeat(3_000_000);
    finds(
        "3,000,000 words",
        &format!("{FROM}RUN echo {words}\nRUN sudo x\n"),
        &["DL1000"],
    );
    let commands = "sudo é; ".repeat(20_000);
    finds(
        "findings in one line",
        &format!("{FROM}RUN {commands}\n"),
        &["DL1000", "DL3004"],
    );
    finds(
        "300,000 comments",
        &format!("{}{FROM}RUN sudo x\n", "#\n".repeat(300_000)),
        &["DL3004"],
    );
    finds(
        "300,000 instructions",
        &format!("{FROM}RUN sudo x\n{}", "ENV A=b\n".repeat(300_000)),
        &["DL1000", "DL3004"],
    );
    finds(
        "blank lines",
        &format!("{}{FROM}RUN sudo x\n", " \n".repeat(1_000_000)),
        &["DL3004"],
    );
    finds(
        "nothing but continuations",
        &format!("{}{FROM}", "\\\n".repeat(300_000)),
        &[],
    );
}

#[test]
fn long_instructions() {
    let chain = " \\\n  && apt-get install foo".repeat(20_000);
    finds(
        "a chain of commands",
        &format!("{FROM}RUN true{chain}\n"),
        &["DL3008"],
    );
    let packages = lines(100_000, |i| format!("  foo{i} \\"));
    finds(
        "100,000 packages",
        &format!("{FROM}RUN apt-get install -y \\\n{packages}  a\n"),
        &["DL3008"],
    );
    let blank = " \\\n\n # c\n  a".repeat(50_000);
    finds(
        "blank lines inside",
        &format!("{FROM}RUN sudo x{blank}\n"),
        &["DL3004", "NoEmptyContinuation"],
    );
    let labels = lines(50_000, |i| format!("  K{i}=v \\"));
    finds(
        "50,000 labels",
        &format!("{FROM}LABEL \\\n{labels}  a=b\n"),
        &["DL3048"],
    );
    let variables = lines(20_000, |i| format!("  A{i}=$A{} \\", i + 1));
    finds(
        "variables of one another",
        &format!("{FROM}ENV \\\n{variables}  a=b\n"),
        &["DL3044"],
    );
    let json = "\"a\",".repeat(200_000);
    finds(
        "a long array",
        &format!("{FROM}CMD [{json}\"b\"]\nRUN sudo x\n"),
        &["DL3004"],
    );
    finds(
        "an open array",
        &format!("{FROM}CMD [{json}\nRUN sudo x\n"),
        &["DL3004"],
    );
    let flags = "--chown=1 ".repeat(20_000);
    finds(
        "flags",
        &format!("{FROM}COPY {flags} a b\nRUN sudo x\n"),
        &["DL1000", "DL3004"],
    );
}

#[test]
fn many_stages() {
    finds(
        "stages",
        &lines(20_000, |i| format!("FROM a:1 AS s{i}\nRUN apt-get update")),
        &["DL3009"],
    );
    finds(
        "no names",
        &"FROM a\nRUN wget x\nRUN curl x\n".repeat(5_000),
        &["DL3006", "DL4001"],
    );
    finds(
        "one name",
        &"FROM a:1 AS S\nCOPY --from=S a b\n".repeat(10_000),
        &["DL3024"],
    );
    let chain = |i: usize| {
        format!(
            "FROM s{} AS s{i}\nENV A{i}=1\nCOPY --from=s{} a b",
            i.max(1) - 1,
            i.max(1) - 1
        )
    };
    finds("each on the one before", &lines(20_000, chain), &["DL3045"]);
    let numbers = |i: usize| format!("FROM a:1 AS N{i}\nCOPY --from={} a b", i.max(1) - 1);
    finds("by number", &lines(20_000, numbers), &["StageNameCasing"]);
}

#[test]
fn many_of_a_kind() {
    for (name, text, wanted) in [
        (
            "rm",
            lines(5_000, |i| format!("COPY a{i} /x/\nRUN rm /x/a{i}")),
            "RS1004",
        ),
        (
            "chown",
            lines(5_000, |i| format!("COPY a /x{i}\nRUN chown -R u /x{i}")),
            "RS1002",
        ),
        (
            "COPY, then chown",
            format!(
                "{}{}",
                "COPY a /x\n".repeat(1_500),
                "RUN chown -R u /x\n".repeat(10_000)
            ),
            "RS1002",
        ),
        (
            "archives",
            format!(
                "{}{}",
                lines(10_000, |i| format!("COPY a{i}.tar.gz /x/")),
                "RUN tar xf /x/a1.tar.gz\n".repeat(5_000)
            ),
            "DL3010",
        ),
        (
            "downloads",
            lines(3_000, |i| {
                format!("RUN wget http://x/a{i}.zip\nRUN unzip a{i}.zip\nRUN rm a{i}.zip")
            }),
            "DL3059",
        ),
        (
            "packages",
            lines(10_000, |i| format!("RUN apt-get install -y gcc{i}")),
            "DL3015",
        ),
        (
            "weak dependencies",
            "RUN dnf install -y x && dnf clean all\nRUN bundle install\n".repeat(5_000),
            "RS1009",
        ),
        (
            "sh in sh",
            "RUN sh -c 'sh -c \"sudo x\"'\n".repeat(5_000),
            "DL3004",
        ),
        (
            "ARGs for RUNs",
            lines(5_000, |i| format!("ARG A{i}\nRUN echo $A{i} $B{i}")),
            "SC2086",
        ),
        (
            "names not known",
            format!(
                "ENV {}\n{}",
                lines(5_000, |i| format!("V{i}=1 \\")),
                lines(5_000, |i| format!("WORKDIR /$W{i}"))
            ),
            "UndefinedVar",
        ),
        ("users", "USER $x\nUSER root\n".repeat(20_000), "DL3066"),
        (
            "not UTF-8 nearly",
            "# é\nRUN sudo é\n".repeat(5_000),
            "DL3004",
        ),
        ("no instructions", "FOO bar\n".repeat(50_000), "DL1000"),
        (
            "here-documents",
            lines(10_000, |i| format!("RUN <<A{i}")),
            "DL1000",
        ),
    ] {
        // UndefinedVar speaks only where no base image can have set it.
        finds(name, &format!("FROM scratch\n{text}"), &[wanted]);
    }
    let above = lines(10_000, |i| format!("ARG A{i}=x"));
    finds(
        "ARGs above FROMs",
        &format!("{above}{}", lines(10_000, |i| format!("FROM a:$B{i}"))),
        &["UndefinedArgInFrom"],
    );
    let open = "<<A ".repeat(10_000);
    finds(
        "here-documents in a line",
        &format!("{FROM}RUN {open}\nRUN sudo x\n"),
        &["DL1000", "DL3004"],
    );
}

#[test]
fn many_comments() {
    let each = "# hadolint ignore=DL3004\nRUN sudo x\nWORKDIR a\n".repeat(10_000);
    finds("one for each", &format!("{FROM}{each}"), &["DL3000"]);
    let top = "# hadolint global ignore=DL3004\n".repeat(50_000);
    finds(
        "for the file",
        &format!("{top}{FROM}{}", "RUN sudo x\nWORKDIR a\n".repeat(5_000)),
        &["DL3000"],
    );
    let inside = "# rslim ignore=DL3004\n".repeat(50_000);
    finds(
        "in an instruction",
        &format!("{FROM}RUN true \\\n{inside} && sudo x\n"),
        &[],
    );
    let codes: Vec<String> = (0..50_000).map(|i| format!("DL{i}")).collect();
    let list = codes.join(",");
    finds(
        "codes",
        &format!(
            "# rslim global ignore={list}\n{FROM}{}",
            "RUN sudo x\n".repeat(2_000)
        ),
        &["RS1020"],
    );
    let checks = "# check=skip=JSONArgsRecommended\n".repeat(20_000);
    finds(
        "directives",
        &format!("{checks}{FROM}{}", "CMD x\n".repeat(2_000)),
        &["DL1000"],
    );
}

#[test]
fn deep_nesting() {
    let deep =
        |open: &str, close: &str, n: usize| format!("{}x{}", open.repeat(n), close.repeat(n));
    let variable = deep("${a:-", "}", 20_000);
    finds(
        "variables",
        &format!(
            "ARG x={variable}\nFROM a:$x\nENV y={variable}\nCOPY {variable} /b\nRUN echo {variable}\nRUN sudo x\n"
        ),
        &["DL1000", "DL3004"],
    );
    for (name, text) in [
        ("(", "(".repeat(50_000)),
        ("( )", deep("(", ")", 50_000)),
        ("$( )", deep("$(", ")", 50_000)),
        ("quoted $( )", deep("\"$(", ")\"", 20_000)),
        ("`", "`".repeat(50_001)),
        ("{ }", deep("{ ", "; }", 50_000)),
        ("$(( ))", deep("$((", "))", 20_000)),
        ("if", deep("if a; then ", "; fi", 5_000)),
        ("open if", "if a; then ".repeat(5_000)),
        ("case", "case a in b) ".repeat(5_000)),
        ("while", deep("while a; do ", "; done", 5_000)),
        ("functions", deep("f() { ", "; }", 5_000)),
        ("!", "! ".repeat(50_000)),
        ("pipes", format!("a{}", " | b".repeat(50_000))),
        ("&&", format!("a{}", " && cd /b".repeat(50_000))),
        (";", format!("a{}", "; b".repeat(50_000))),
        ("quotes", "'\"".repeat(50_000)),
        ("sh -c", "sh -c \"".repeat(1_000)),
        (
            "for",
            format!("for i in {}; do a; done", "a ".repeat(50_000)),
        ),
    ] {
        finds(
            name,
            &format!("{FROM}RUN {text}\nRUN sudo x\n"),
            &["DL3004"],
        );
    }
    finds(
        "ONBUILD",
        &format!("{FROM}{}RUN x\nRUN sudo x\n", "ONBUILD ".repeat(20_000)),
        &["DL3004"],
    );
}

/// 2^64 bytes when it is expanded.
#[test]
fn doubling_variables() {
    let doubled = |keyword: &str| lines(64, |i| format!("{keyword} a{}=${{b:-$a{i}$a{i}}}", i + 1));
    finds(
        "ENV",
        &format!(
            "{FROM}ENV a0=aaaaaaaa\n{}WORKDIR $a64\nUSER $a64\nEXPOSE $a64\nRUN pip install $a64\nRUN sudo x\n",
            doubled("ENV")
        ),
        &["DL3004"],
    );
    finds(
        "ARG",
        &format!(
            "ARG a0=aaaaaaaa\n{}FROM $a64 AS x\nARG a64\nRUN echo $a64\nRUN sudo x\n",
            doubled("ARG")
        ),
        &["DL3004"],
    );
}

#[test]
fn a_large_label_schema() {
    let dir = tempfile::tempdir().unwrap();
    let schema = lines(20_000, |i| format!("\"l{i}\" = \"url\""));
    fs::write(
        dir.path().join(".rslim.toml"),
        format!("[lint.labels]\n{schema}"),
    )
    .unwrap();
    let path = dir.path().join("Dockerfile");
    fs::write(
        &path,
        format!("{FROM}{}", lines(10_000, |i| format!("LABEL l{i}=x"))),
    )
    .unwrap();
    let ran = lint(
        "schema",
        &["-f".as_ref(), "json".as_ref(), path.as_os_str()],
    );
    assert_eq!(ran.code, Some(1), "{}", ran.err);
}
