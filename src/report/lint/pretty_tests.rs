use super::super::LintFormat;
use super::super::fixture::{self, File, Fixture, colored, finding, fix, text};
use super::*;
use crate::lint::{Applicability, Edit, Fix};

/// A report of findings in a file.
fn report(text: &str, findings: Vec<Finding>) -> Fixture {
    Fixture::of(vec![File {
        path: "Dockerfile",
        text: text.to_owned(),
        findings,
        failure: None,
    }])
}

/// Checks what is shown of one finding between its title and the summary.
#[track_caller]
fn check(file: &str, span: (usize, usize), want: &str) {
    let found = finding(file, span, "X1", Severity::Warning);
    let got = text(&report(file, vec![found]).report(), LintFormat::Pretty);
    let body = got.strip_prefix("warning[X1]: Something\n").unwrap();
    let body = body.strip_suffix("\n\n1 warning in 1 file\n").unwrap();
    assert_eq!(body, want, "\n{got}");
}

#[track_caller]
fn check_at(file: &str, what: &str, want: &str) {
    let start = file.find(what).unwrap();
    check(file, (start, start + what.len()), want);
}

#[test]
fn small() {
    let got = text(&fixture::small().report(), LintFormat::Pretty);
    let want = "\
info[DL3009]: Delete the lists
 --> app/Dockerfile:2:5
  |
2 | RUN apt-get update
  |     ^^^^^^^^^^^^^^
  |
  = note: costs 12.3 MB (12345678 bytes)
  = note: also known as apt-lists
help: `--fix=unsafe` mends this, and may change what the image does
  |
2 - RUN apt-get update
2 + RUN apt-get update && rm -rf x

error[DL4000]: MAINTAINER is old
 --> app/Dockerfile:3:1
  |
3 | MAINTAINER me
  | ^^^^^^^^^^^^^
help: `--fix` mends this
  |
3 - MAINTAINER me

error: no such file
--> missing

1 error, 1 note in 1 of 2 files; 1 can be fixed with --fix, 1 more with
--fix=unsafe; 1 file could not be read
";
    assert_eq!(got, want, "\n{got}");
}

#[test]
fn advice_once_and_only_without_a_fix() {
    let file = "RUN a\n";
    let found = finding(file, (0, 3), "DL3009", Severity::Warning);
    let got = text(
        &report(file, vec![found.clone(), found]).report(),
        LintFormat::Pretty,
    );
    assert_eq!(
        got.matches("= help: Remove them in the same layer.")
            .count(),
        1
    );
    let small = colored(&fixture::small().report(), LintFormat::Pretty);
    assert!(small.contains("`--fix` mends this"));
    assert!(!small.contains("Remove them"));
    assert!(!small.contains("rm -rf"));
}

#[test]
fn long_instructions_are_folded() {
    let file = "FROM x\nRUN a && \\\n  b && \\\n  c && \\\n  d && \\\n  e && \\\n  f && \\\n  g && \\\n  h\n";
    let what = file.strip_prefix("FROM x\n").unwrap().trim_end();
    let want = " --> Dockerfile:2:1
  |
2 | / RUN a && \\
3 | |   b && \\
4 | |   c && \\
5 | |   d && \\
... |
8 | |   g && \\
9 | |   h
  | |___^";
    check_at(file, what, want);
    let huge = format!("RUN a{}", " \\\n  a".repeat(5000));
    let want = " --> Dockerfile:1:1
  |
1 | / RUN a \\
2 | |   a \\
3 | |   a \\
4 | |   a \\
  | |_____^
  |
  = note: goes on to line 5001";
    check(&huge, (0, huge.len()), want);
}

#[test]
fn odd_places() {
    check("", (0, 0), " --> Dockerfile:1:1\n  |\n1 |\n  | ^");
    check("A\n", (2, 2), " --> Dockerfile:2:1\n  |\n2 |\n  | ^");
    check(
        "A\nCMD",
        (5, 5),
        " --> Dockerfile:2:4\n  |\n2 | CMD\n  |    ^",
    );
    // Line breaks at the end do not bring the next line in.
    check_at(
        "A\r\nB\r\n",
        "A\r\n",
        " --> Dockerfile:1:1\n  |\n1 | A\n  | ^",
    );
    check_at(
        "\tA\tB C",
        "B",
        " --> Dockerfile:1:4\n  |\n1 |     A    B C\n  |          ^",
    );
    check_at(
        "漢字 B C",
        "B",
        " --> Dockerfile:1:4\n  |\n1 | 漢字 B C\n  |      ^",
    );
    check_at(
        "\u{feff}A B",
        "B",
        " --> Dockerfile:1:3\n  |\n1 | A B\n  |   ^",
    );
    check_at(
        "\u{1b}[1mA\rB",
        "B",
        " --> Dockerfile:1:7\n  |\n1 | ␛[1mA␍B\n  |       ^",
    );
    // No such place: the end is the nearest.
    check("A", (5, 9), "--> Dockerfile:1:2");
}

#[test]
fn long_lines_are_cut() {
    let before = "x".repeat(10_000_000);
    let file = format!("RUN {before} B {before}");
    let start = 4 + before.len() + 1;
    let found = finding(&file, (start, start + 1), "X1", Severity::Warning);
    let fixture = report(&file, vec![found]);
    let got = text(&fixture.report(), LintFormat::Pretty);
    assert!(got.len() < 1000, "{}", got.len());
    assert!(got.contains("at Dockerfile:1:10000006"), "{got}");
    assert!(got.lines().all(|line| line.chars().count() <= 80), "{got}");
    let (marked, marks) = got.split_once('^').unwrap();
    let column = marked.lines().last().unwrap().len();
    let line = marked.lines().find(|line| line.starts_with("1 |")).unwrap();
    assert_eq!(line.chars().nth(column), Some('B'), "{got}");
    assert!(!marks.starts_with('^'));
}

#[test]
fn nothing_moves_the_cursor() {
    let got = text(&fixture::hostile().report(), LintFormat::Pretty);
    assert!(got.chars().all(|c| c == '\n' || !c.is_control()), "{got}");
    assert!(
        got.contains("1 | FROM ␛[31m漢字    \u{fffd}x\n  |      ^^^^^^^^^\n"),
        "{got}"
    );
    assert!(
        got.contains("1 + FROM ␛[31m␛]0;␇\n2 +     <\"'&>    \u{fffd}x\n"),
        "{got}"
    );
    assert!(got.contains("--> nul.Dockerfile:4:7"));
    assert!(got.contains("--> <stdin>:1:1"));
}

/// Pieces that files of the next test are made of.
const PIECES: [&str; 14] = [
    "RUN a",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " \\\n",
    "漢",
    "\u{1f468}\u{200d}\u{1f469}",
    "\u{301}",
    "\u{1b}[2J",
    "\u{feff}",
    "\u{202e}",
    "\u{9b}",
    "",
];

/// The renderer panics over ranges that it does not like; none may reach it.
#[test]
fn every_place_can_be_shown() {
    let mut state: u64 = 7;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    for _ in 0..1500 {
        let count = random(12);
        let file: String = (0..count).map(|_| PIECES[random(PIECES.len())]).collect();
        let mut span = || {
            let (a, b) = (random(file.len() + 2), random(file.len() + 2));
            (a.min(b), a.max(b))
        };
        let findings = (0..3).map(|_| {
            let mut found = finding(&file, span(), "X1", Severity::Warning);
            let mut edits = fix(Applicability::Safe, span(), "x\u{1b}\n\ty").edits;
            let (start, end) = span();
            edits.push(Edit {
                span: Span::new(start as u32, end as u32),
                text: String::new(),
            });
            let applicability = Applicability::Unsafe;
            found.fix = Some(Fix {
                applicability,
                edits,
            });
            found
        });
        let fixture = report(&file, findings.collect());
        let got = text(&fixture.report(), LintFormat::Pretty);
        assert!(
            got.chars().all(|c| c == '\n' || !c.is_control()),
            "{file:?}"
        );
    }
}
