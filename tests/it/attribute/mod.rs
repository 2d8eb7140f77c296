//! Attribution against builds of which the truth is known: real histories of
//! several builders, the Dockerfile, and the line that made each layer.

mod answers;
mod hostile;
mod reconstruction;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rslim::attribute::{Attribution, Attributions, Kind, Question, attribute};
use rslim::dockerfile::{self, Dockerfile};
use rslim::oci::HistoryEntry;
use serde::Deserialize;

/// What made a layer or an entry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Truth {
    /// `base`.
    Word(String),
    Line(u32),
    /// Several instructions made one layer: the lines of the first and the last.
    Lines(u32, u32),
    /// The Dockerfile no longer tells.
    None(()),
}

/// A build, and what is true of it.
#[derive(Debug, Deserialize)]
struct Build {
    built_with: String,
    target: Option<String>,
    layers: Vec<Truth>,
    entries: Vec<Truth>,
    history: Vec<HistoryEntry>,
}

struct Case {
    /// `CASE/BUILDER`.
    name: String,
    dockerfile: Dockerfile,
    build: Build,
}

impl Case {
    fn answer(&self) -> Attributions {
        let question = Question {
            history: &self.build.history,
            layers: self.build.layers.len(),
            dockerfile: &self.dockerfile,
            target: self.build.target.as_deref(),
            base_layers: None,
        };
        attribute(&question).unwrap()
    }

    /// The line of an instruction, without its here-documents and comments.
    fn line(&self, index: usize) -> u32 {
        let instruction = &self.dockerfile.instructions[index];
        self.dockerfile.line(instruction.span.start)
    }

    fn told(&self, answer: &Attribution) -> Truth {
        match (answer.kind, answer.place) {
            (_, None) => Truth::None(()),
            (Kind::Base, _) => Truth::Word("base".into()),
            (_, Some(place)) if place.first == place.last => Truth::Line(self.line(place.first)),
            (_, Some(place)) => Truth::Lines(self.line(place.first), self.line(place.last)),
        }
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/attribute/cases")
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for case in sorted(&folder()) {
        let text = fs::read_to_string(case.join("Dockerfile")).unwrap();
        for file in sorted(&case) {
            if file.extension().is_some_and(|e| e == "json") {
                let build = serde_json::from_slice(&fs::read(&file).unwrap());
                let (name, builder) = (case.file_name().unwrap(), file.file_stem().unwrap());
                cases.push(Case {
                    name: format!("{}/{}", name.display(), builder.display()),
                    dockerfile: dockerfile::parse(text.clone()),
                    build: build.unwrap_or_else(|e| panic!("{}: {e}", file.display())),
                });
            }
        }
    }
    assert!(cases.len() > 50, "{} cases", cases.len());
    cases
}

fn sorted(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Right, known and all answers.
#[derive(Debug, Default, Clone, Copy)]
struct Score {
    wrong: u32,
    right: u32,
    known: u32,
}

fn scored(told: impl Fn(&Case, &Attributions) -> Vec<(Truth, Truth)>) -> Vec<(String, Score)> {
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for case in cases() {
        let answer = case.answer();
        for (i, (told, truth)) in told(&case, &answer).into_iter().enumerate() {
            let score = scores.entry(case.build.built_with.clone()).or_default();
            score.known += u32::from(truth != Truth::None(()));
            if told == truth {
                score.right += u32::from(truth != Truth::None(()));
            } else if told != Truth::None(()) {
                score.wrong += 1;
                eprintln!("wrong: {} {i}: {told:?}, and {truth:?} is true", case.name);
            } else {
                eprintln!("not told: {} {i}: {truth:?}", case.name);
            }
        }
    }
    scores.into_iter().collect()
}

fn demand(scores: &[(String, Score)], share: f64) {
    let mut all = Score::default();
    for (builder, score) in scores {
        eprintln!("{:3} of {:3}  {builder}", score.right, score.known);
        all.wrong += score.wrong;
        all.right += score.right;
        all.known += score.known;
    }
    eprintln!("{:3} of {:3}  in all", all.right, all.known);
    assert_eq!(all.wrong, 0, "a wrong answer is worse than none");
    assert!(f64::from(all.right) >= share * f64::from(all.known));
}

#[test]
fn no_layer_is_blamed_on_a_wrong_line_and_nearly_all_on_the_right_one() {
    let layers = scored(|case, answer| {
        assert_eq!(answer.layers.len(), case.build.layers.len());
        let told = answer.layers.iter().map(|layer| case.told(layer));
        told.zip(case.build.layers.iter().cloned()).collect()
    });
    demand(&layers, 0.95);
}

#[test]
fn no_history_entry_is_blamed_on_a_wrong_line() {
    let entries = scored(|case, answer| {
        assert_eq!(
            answer.entries.len(),
            case.build.entries.len(),
            "{}",
            case.name
        );
        let told = answer.entries.iter().map(|entry| case.told(entry));
        told.zip(case.build.entries.iter().cloned()).collect()
    });
    demand(&entries, 0.95);
}
