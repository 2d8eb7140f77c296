//! Which instruction of a Dockerfile made each history entry and each layer of an
//! image, and a Dockerfile from history where there is none.
//!
//! Entries are brought into a normal form ([`Step`]), instructions of the stage
//! and of those it is built on into what they should have left in history, and the
//! two are aligned in order. A wrong answer is worse than none: where two
//! instructions fit equally well and order does not decide, there is no answer.

mod align;
mod claim;
mod expected;
mod fit;
mod layers;
mod matching;
mod operands;
mod origins;
mod pattern;
mod quoting;
mod reconstruct;
mod step;

pub use layers::{LayerMap, layer_map};
pub use origins::Origins;
pub use reconstruct::reconstruct;
pub use step::{Meaning, Step, Style};

use crate::dockerfile::{Dockerfile, Stage};
use crate::oci::HistoryEntry;

use matching::{Matched, matched};

/// An image's history and the Dockerfile that it may have been built from.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The history, oldest entry first.
    pub history: &'a [HistoryEntry],
    /// How many layers the image has.
    pub layers: usize,
    /// The Dockerfile.
    pub dockerfile: &'a Dockerfile,
    /// Name or number of the stage that was built; the last one without.
    pub target: Option<&'a str>,
    /// How many of the lowest layers are known to come from the base image.
    pub base_layers: Option<usize>,
}

/// Instructions of the Dockerfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Index of the first one.
    pub first: usize,
    /// Index of the last one; the first, unless several made one layer.
    pub last: usize,
    /// Where the first begins, counted from 1.
    pub line: u32,
    /// Where the last ends.
    pub end_line: u32,
}

impl Place {
    /// The lines: `12`, or `12-14`.
    pub fn words(&self) -> String {
        match self.line == self.end_line {
            true => self.line.to_string(),
            false => format!("{}-{}", self.line, self.end_line),
        }
    }
}

/// How sure an attribution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Nothing, or too much, fits.
    Unsure,
    /// It fits best, but part of it cannot be compared or stands alone.
    Likely,
    /// It fits, and so does what is around it.
    Certain,
}

impl Confidence {
    /// The name in data.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Unsure => "unsure",
            Confidence::Likely => "likely",
            Confidence::Certain => "certain",
        }
    }
}

/// What an entry or a layer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The base image, with what its ONBUILD triggers added: the FROM.
    Base,
    /// Another instruction, or several.
    Instruction,
    /// Nobody knows.
    Unknown,
}

impl Kind {
    /// The name in data.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Base => "base",
            Kind::Instruction => "instruction",
            Kind::Unknown => "unknown",
        }
    }
}

/// What made an entry or a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribution {
    /// The instruction, where there is an answer. For the base image its FROM.
    pub place: Option<Place>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it comes from.
    pub kind: Kind,
}

impl Attribution {
    const NONE: Attribution = Attribution {
        place: None,
        confidence: Confidence::Unsure,
        kind: Kind::Unknown,
    };
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributions {
    /// For each history entry.
    pub entries: Vec<Attribution>,
    /// For each layer, the lowest first.
    pub layers: Vec<Attribution>,
    /// Instructions that should have left something in history, and did not.
    pub unmatched: Vec<Place>,
    /// Which entries made which layer.
    pub map: LayerMap,
}

/// The Dockerfile has no such stage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StageError {
    /// None of this name or number.
    #[error("the Dockerfile has no stage {0:?}")]
    Missing(String),
    /// None at all.
    #[error("the Dockerfile has no stage: it needs a FROM")]
    Empty,
}

/// Tells which instruction made each entry and each layer.
///
/// # Errors
/// [`StageError`] where the stage that was built is not in the Dockerfile.
pub fn attribute(question: &Question<'_>) -> Result<Attributions, StageError> {
    let file = question.dockerfile;
    let stages = &file.model.stages;
    let stage = match question.target {
        None => stages.last().ok_or(StageError::Empty)?,
        Some(target) => {
            find(stages, target).ok_or_else(|| StageError::Missing(target.to_owned()))?
        }
    };
    let meanings: Vec<Meaning> = question.history.iter().map(Meaning::of).collect();
    let map = layers::map(question.history, &meanings, question.layers);
    let Matched { entries, unmatched } = matched(question, stage, &meanings, &map);
    let confidence = match map.marked {
        true => Confidence::Certain,
        false => Confidence::Likely,
    };
    let layers = map.entries.iter().map(|made_by| {
        let parts = made_by.iter().filter_map(|&i| entries.get(i));
        let mut whole = combined(parts);
        whole.confidence = whole.confidence.min(confidence);
        whole
    });
    Ok(Attributions {
        layers: layers.collect(),
        unmatched,
        entries,
        map,
    })
}

/// The index of the stage of this name, or else of this number.
pub fn stage(file: &Dockerfile, target: &str) -> Option<usize> {
    find(&file.model.stages, target).map(|stage| stage.index)
}

/// The stage of this name, or else of this number.
fn find<'a>(stages: &'a [Stage], target: &str) -> Option<&'a Stage> {
    let name = target.to_lowercase();
    let named = stages
        .iter()
        .rfind(|stage| stage.name.as_deref() == Some(&name));
    named.or_else(|| stages.get(target.parse::<usize>().ok()?))
}

/// The attribution of work that was done in several steps: all of them, or none.
fn combined<'a>(parts: impl Iterator<Item = &'a Attribution>) -> Attribution {
    let mut whole: Option<Attribution> = None;
    for part in parts {
        let Some(place) = part.place else {
            return Attribution::NONE;
        };
        whole = Some(match whole {
            None => *part,
            Some(Attribution {
                place: Some(before),
                confidence,
                kind,
            }) => Attribution {
                place: Some(Place {
                    first: before.first.min(place.first),
                    last: before.last.max(place.last),
                    line: before.line.min(place.line),
                    end_line: before.end_line.max(place.end_line),
                }),
                confidence: confidence.min(part.confidence),
                kind: match kind {
                    Kind::Base => part.kind,
                    kind => kind,
                },
            },
            Some(none) => none,
        });
    }
    whole.unwrap_or(Attribution::NONE)
}

fn place(file: &Dockerfile, index: usize) -> Option<Place> {
    let instruction = file.instructions.get(index)?;
    let last = instruction.span.end.saturating_sub(1);
    let line = file.line(instruction.span.start);
    Some(Place {
        first: index,
        last: index,
        line,
        end_line: file.line(last.max(instruction.span.start)),
    })
}
