//! Answers to small questions that no build at hand asks.

use rslim::attribute::{Attributions, Confidence, Kind, Question, StageError, attribute};
use rslim::dockerfile;
use rslim::oci::HistoryEntry;

pub(super) fn history(lines: &[&str]) -> Vec<HistoryEntry> {
    let entry = |line: &&str| HistoryEntry {
        empty_layer: line.starts_with('-'),
        created_by: line.trim_start_matches('-').to_owned(),
        ..HistoryEntry::default()
    };
    lines.iter().map(entry).collect()
}

fn ask(file: &str, target: Option<&str>, lines: &[&str]) -> Result<Attributions, StageError> {
    let history = history(lines);
    let file = dockerfile::parse(file);
    attribute(&Question {
        history: &history,
        layers: history.iter().filter(|entry| !entry.empty_layer).count(),
        dockerfile: &file,
        target,
        base_layers: None,
    })
}

/// The line of each entry; 0 is the base, `None` nobody knows.
fn lines(answer: &Attributions) -> Vec<Option<u32>> {
    let line = |entry: &rslim::attribute::Attribution| match entry.kind {
        Kind::Base => Some(0),
        Kind::Instruction => entry.place.map(|place| place.line),
        Kind::Unknown => None,
    };
    answer.entries.iter().map(line).collect()
}

#[test]
fn an_edited_line_is_said_not_guessed() {
    let file = "FROM x\nRUN a\nRUN c\nCOPY . /app\n";
    let answer = ask(
        file,
        None,
        &[
            "ADD rootfs.tar /",
            "RUN /bin/sh -c a # buildkit",
            "RUN /bin/sh -c b # buildkit",
            "COPY . /app # buildkit",
        ],
    );
    let answer = answer.unwrap();
    assert_eq!(lines(&answer), [Some(0), Some(2), None, Some(4)]);
    let missing: Vec<u32> = answer.unmatched.iter().map(|place| place.line).collect();
    assert_eq!(missing, [3]);
}

#[test]
fn entries_below_an_edited_first_line_are_not_the_bases() {
    let file = "FROM x\nRUN new\nRUN b\nRUN c\n";
    let steps = ["ADD rootfs.tar /", "RUN old", "RUN b", "RUN c"];
    let answer = ask(file, None, &steps).unwrap();
    assert_eq!(lines(&answer), [Some(0), None, Some(3), Some(4)]);
}

#[test]
fn a_dockerfile_of_another_image_explains_nothing() {
    let file = "FROM x\nRUN make\nCOPY a /b\nCMD [\"bash\"]\n";
    let steps = [
        "/bin/sh -c #(nop) ADD file:0 in / ",
        "-/bin/sh -c #(nop)  CMD [\"bash\"]",
        "RUN /bin/sh -c npm ci # buildkit",
        "-CMD [\"node\"] # buildkit",
    ];
    let answer = ask(file, None, &steps).unwrap();
    assert_eq!(lines(&answer), [None; 4]);
    assert_eq!(answer.unmatched.len(), 3);
    assert!(
        answer
            .entries
            .iter()
            .all(|e| e.confidence == Confidence::Unsure)
    );
}

#[test]
fn shells_of_the_base_image_are_seen_through() {
    let file = "FROM windows\nRUN Get-Thing\nRUN Set-Thing\n";
    let steps = [
        "Apply image 10.0",
        "powershell -Command Get-Thing",
        "pwsh -NoProfile -Command Set-Thing",
    ];
    let answer = ask(file, None, &steps).unwrap();
    assert_eq!(lines(&answer), [Some(0), Some(2), Some(3)]);
    assert_eq!(answer.entries[1].confidence, Confidence::Certain);
}

#[test]
fn here_documents_are_known_by_their_first_line() {
    let file = "FROM x\nRUN <<EOF\nmake all\nmake install\nEOF\nRUN true\n";
    let steps = ["ADD r /", "RUN <<EOF (make all...)", "RUN /bin/sh -c true"];
    let answer = ask(file, None, &steps).unwrap();
    assert_eq!(lines(&answer), [Some(0), Some(2), Some(6)]);
    assert_eq!(answer.entries[1].place.unwrap().end_line, 5);
}

#[test]
fn tools_without_instructions_have_none() {
    let file = "FROM x\nRUN make\n";
    let steps = ["bazel build ...", "jib-gradle-plugin:3.4", "ko build x", ""];
    assert_eq!(lines(&ask(file, None, &steps).unwrap()), [None; 4]);
}

#[test]
fn stages_are_found_by_name_and_number() {
    let file = "FROM x AS one\nRUN a\nFROM y AS Two\nRUN b\nFROM one\nRUN c\n";
    let of = |target, steps: &[&str]| ask(file, target, steps).map(|answer| lines(&answer));
    assert_eq!(
        of(Some("two"), &["base", "RUN b"]),
        Ok(vec![Some(0), Some(4)])
    );
    assert_eq!(
        of(Some("0"), &["base", "RUN a"]),
        Ok(vec![Some(0), Some(2)])
    );
    assert_eq!(
        of(None, &["base", "RUN a", "RUN c"]),
        Ok(vec![Some(0), Some(2), Some(6)])
    );
    let missing = of(Some("three"), &["base"]);
    assert_eq!(missing, Err(StageError::Missing("three".into())));
    assert_eq!(ask("RUN a\n", None, &["a"]).unwrap_err(), StageError::Empty);
}

#[test]
fn layers_that_no_entry_tells_of_get_no_line() {
    let file = dockerfile::parse("FROM x\nRUN a\n");
    let history = history(&["base", "RUN a"]);
    let answer = attribute(&Question {
        history: &history,
        layers: 7,
        dockerfile: &file,
        target: None,
        base_layers: None,
    });
    let answer = answer.unwrap();
    assert_eq!(lines(&answer), [Some(0), Some(2)]);
    assert_eq!(answer.layers.len(), 7);
    assert!(answer.layers.iter().all(|layer| layer.place.is_none()));
}

#[test]
fn triggers_of_a_stage_are_the_lines_that_hold_them() {
    let file = "FROM x AS base\nONBUILD RUN later\nRUN now\nFROM base\nRUN own\n";
    let steps = [
        "import",
        "-ONBUILD RUN later",
        "RUN now",
        "RUN later",
        "RUN own",
    ];
    let answer = ask(file, None, &steps).unwrap();
    let want = [Some(0), Some(2), Some(3), Some(2), Some(5)];
    assert_eq!(lines(&answer), want);
}

#[test]
fn known_base_layers_settle_where_the_base_ends() {
    let file = dockerfile::parse("FROM x\nRUN new\nRUN b\n");
    let history = history(&["import", "RUN b", "RUN old", "RUN b"]);
    let ask = |base_layers| {
        let answer = attribute(&Question {
            history: &history,
            layers: 4,
            dockerfile: &file,
            target: None,
            base_layers,
        });
        lines(&answer.unwrap())
    };
    assert_eq!(ask(Some(2)), [Some(0), Some(0), None, Some(3)]);
    assert_eq!(ask(None), [Some(0), None, None, Some(3)]);
}
