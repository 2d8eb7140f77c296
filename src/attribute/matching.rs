//! Steps of history and instructions, brought together.

use crate::dockerfile::{Arguments, Keyword, Stage};
use crate::oci::HistoryEntry;

use super::align::{Pair, Table, is_feasible};
use super::claim::Claim;
use super::expected::{Expected, expected};
use super::fit::{Fit, Prepared};
use super::pattern::{Pattern, Values};
use super::step::{Meaning, Style, makes_layer};
use super::{Attribution, Confidence, Kind, LayerMap, Place, Question, combined, place};

/// What leaving out something that changes files costs.
const LAYER_COST: i32 = 40;
/// How much better than the next best a match must be to be sure of it.
const CLEAR: i32 = 20;
/// Rounds in which values that were seen help to see more.
const ROUNDS: usize = 3;

pub(super) struct Matched {
    pub(super) entries: Vec<Attribution>,
    pub(super) unmatched: Vec<Place>,
}

/// A step and the entry that it belongs to.
struct Atom {
    entry: usize,
    prepared: Prepared,
}

/// Where the image's own steps begin.
#[derive(Debug, Clone, Copy, Default)]
struct Boundary {
    /// All entries before this are the base's.
    start: usize,
    /// This one is certainly not.
    exact: bool,
}

pub(super) fn matched(
    question: &Question<'_>,
    stage: &Stage,
    meanings: &[Meaning],
    map: &LayerMap,
) -> Matched {
    let file = question.dockerfile;
    let boundary = boundary(question, map);
    let mut atoms = Vec::new();
    for (entry, meaning) in meanings.iter().enumerate().skip(boundary.start) {
        let steps = match meaning {
            Meaning::One(step) => std::slice::from_ref(step),
            Meaning::Folded { steps, .. } => steps,
            Meaning::SameAsBefore => &[],
        };
        atoms.extend(steps.iter().map(|step| Atom {
            entry,
            prepared: Prepared::new(step.clone()),
        }));
    }
    let mut seen = Values::new();
    let mut wanted = expected(file, stage, &seen);
    let mut partners = align(&atoms, &wanted);
    for _ in 1..ROUNDS {
        let learned = learn(&atoms, &wanted, &partners);
        if learned == seen {
            break;
        }
        seen = learned;
        wanted = expected(file, stage, &seen);
        partners = align(&atoms, &wanted);
    }
    let judged = judge(&atoms, &wanted, &partners, boundary.exact);
    let matched = |j: usize| {
        judged
            .iter()
            .any(|found| found.is_some_and(|(to, _)| to == j))
    };
    let missing: Vec<usize> = (0..wanted.len())
        .filter(|&j| wanted.get(j).is_some_and(leaves_an_entry) && !matched(j))
        .collect();
    // The base ends where the first match begins, unless instructions above it
    // have no entry: then nobody knows whose the entries below it are.
    let first = judged.iter().position(Option::is_some);
    let first_instruction = judged.iter().flatten().map(|(to, _)| *to).next();
    let clear = match (first_instruction, missing.first()) {
        (Some(first), Some(&missing)) => missing > first,
        (Some(_), None) => true,
        (None, _) => wanted.iter().all(|wanted| !leaves_an_entry(wanted)),
    };
    let base = base_place(question, stage);
    let of_base = |confidence| match base {
        Some(_) => Attribution {
            place: base,
            confidence,
            kind: Kind::Base,
        },
        None => Attribution::NONE,
    };
    let mut entries = vec![of_base(Confidence::Certain); boundary.start];
    entries.resize(meanings.len(), Attribution::NONE);
    let first_confidence = judged
        .iter()
        .flatten()
        .map(|(_, confidence)| *confidence)
        .next();
    let below = first_confidence.unwrap_or(Confidence::Likely);
    let atom = |at: usize| match judged.get(at).copied().flatten() {
        Some((to, confidence)) => Attribution {
            place: wanted.get(to).and_then(|wanted| place(file, wanted.index)),
            confidence,
            kind: Kind::Instruction,
        },
        None if clear && at < first.unwrap_or(atoms.len()) => of_base(below),
        // The lowest layer of all is the base's in any case.
        None if question.history.len() > 1 && is_bottom(&atoms, at) && first.is_some() => {
            of_base(Confidence::Likely)
        }
        None => Attribution::NONE,
    };
    for (index, meaning) in meanings.iter().enumerate().skip(boundary.start) {
        let whole = match meaning {
            Meaning::SameAsBefore => index.checked_sub(1).and_then(|i| entries.get(i)).copied(),
            Meaning::Folded { cut: true, .. } => None,
            _ => {
                let from = atoms.partition_point(|atom| atom.entry < index);
                let to = atoms.partition_point(|atom| atom.entry <= index);
                Some(of_several(&atoms, from..to, &atom))
            }
        };
        if let (Some(slot), Some(whole)) = (entries.get_mut(index), whole) {
            *slot = whole;
        }
    }
    let places = missing.iter().filter_map(|&j| wanted.get(j));
    let unmatched = places.filter_map(|wanted| place(file, wanted.index));
    Matched {
        entries,
        unmatched: unmatched.collect(),
    }
}

/// What a folded entry comes from: its steps that change files, or all of them.
fn of_several(
    atoms: &[Atom],
    range: std::ops::Range<usize>,
    atom: &dyn Fn(usize) -> Attribution,
) -> Attribution {
    let changes = |&at: &usize| {
        atoms
            .get(at)
            .is_some_and(|atom| atom.prepared.step.can_make_layer())
    };
    let mut parts: Vec<usize> = range.clone().filter(changes).collect();
    if parts.is_empty() {
        parts = range.collect();
    }
    let parts: Vec<Attribution> = parts.into_iter().map(atom).collect();
    combined(parts.iter())
}

fn is_bottom(atoms: &[Atom], at: usize) -> bool {
    at == 0 && atoms.first().is_some_and(|atom| atom.entry == 0)
}

/// The FROM of the stage at the bottom; none for `FROM scratch`.
fn base_place(question: &Question<'_>, stage: &Stage) -> Option<Place> {
    let file = question.dockerfile;
    let bottom = file.model.lineage(stage.index).last()?;
    let from = file.instructions.get(bottom.from)?;
    match &from.arguments {
        Arguments::From { image, .. } if image.text == "scratch" => None,
        _ => place(file, bottom.from),
    }
}

/// Where the own steps begin, as far as something tells.
fn boundary(question: &Question<'_>, map: &LayerMap) -> Boundary {
    let history = question.history;
    let after_layer = |entry: usize| {
        let below = history.get(..entry).unwrap_or(&[]);
        below
            .iter()
            .rposition(|e| !e.empty_layer)
            .map_or(0, |i| i + 1)
    };
    let named = |entry: &HistoryEntry| {
        let name = entry.comment.strip_prefix("FROM ").map(str::trim);
        name.is_some_and(is_image_name)
    };
    let told = history.iter().rposition(named).map(|entry| {
        let start = after_layer(entry);
        let between = history.get(start..entry).unwrap_or(&[]);
        // Without --layers the note is at the end of a stage, else at its start.
        let at_the_end = history.get(entry).is_some_and(|e| !e.empty_layer)
            && between.iter().any(|e| {
                Prepared::new(super::Step::read(&e.created_by, ""))
                    .step
                    .can_make_layer()
            });
        match at_the_end {
            true => Boundary {
                start,
                exact: false,
            },
            false => Boundary {
                start: entry,
                exact: true,
            },
        }
    });
    let given = question
        .base_layers
        .filter(|&layers| layers > 0)
        .and_then(|layers| {
            let last = map.of_entry.iter().position(|of| *of == Some(layers - 1))?;
            Some(Boundary {
                start: last + 1,
                exact: false,
            })
        });
    match (told, given) {
        (Some(told), Some(given)) if given.start > told.start => given,
        (Some(told), _) => told,
        (None, given) => given.unwrap_or_default(),
    }
}

/// buildah also notes its own intermediate images, by the start of their digest.
fn is_image_name(name: &str) -> bool {
    let is_id = name.len() >= 12 && name.bytes().all(|b| b.is_ascii_hexdigit());
    !name.is_empty() && !is_id && name != "scratch"
}

/// Whether every builder notes such an instruction.
fn leaves_an_entry(expected: &Expected) -> bool {
    let unnoted = [Keyword::Onbuild, Keyword::Arg, Keyword::Maintainer];
    !unnoted.contains(&expected.keyword) && !matches!(expected.claim, Claim::Nothing)
}

fn align(atoms: &[Atom], wanted: &[Expected]) -> Vec<Option<Pair>> {
    if !is_feasible(atoms.len(), wanted.len()) {
        return vec![None; atoms.len()];
    }
    let steps: Vec<i32> = atoms
        .iter()
        .map(|atom| match atom.prepared.step.keyword {
            Some(keyword) if !makes_layer(keyword) => LAYER_COST / 4,
            _ => LAYER_COST,
        })
        .collect();
    let instructions: Vec<i32> = wanted
        .iter()
        .map(|wanted| match wanted.keyword {
            Keyword::Onbuild | Keyword::Unknown => 0,
            Keyword::Arg | Keyword::Maintainer => 2,
            keyword if makes_layer(keyword) => LAYER_COST,
            _ if matches!(wanted.claim, Claim::Nothing) => 0,
            _ => LAYER_COST / 4,
        })
        .collect();
    let mut worth = Vec::with_capacity(atoms.len() * wanted.len());
    for atom in atoms {
        worth.extend(
            wanted
                .iter()
                .map(|wanted| atom.prepared.fit(wanted).worth()),
        );
    }
    let table = Table {
        steps: &steps,
        instructions: &instructions,
        worth: &worth,
    };
    table.solve()
}

/// Which matches are good enough to be told, and how sure they are.
fn judge(
    atoms: &[Atom],
    wanted: &[Expected],
    partners: &[Option<Pair>],
    exact_start: bool,
) -> Vec<Option<(usize, Confidence)>> {
    let partner = |at: usize| {
        partners
            .get(at)
            .copied()
            .flatten()
            .map(|pair| pair.instruction)
    };
    let noted = |j: &usize| wanted.get(*j).is_some_and(leaves_an_entry);
    let taken: Vec<usize> = partners
        .iter()
        .flatten()
        .map(|pair| pair.instruction)
        .collect();
    // Instructions that may leave nothing stand in nobody's way.
    let counts = |j: &usize| noted(j) || taken.binary_search(j).is_ok();
    let judge = |at: usize, pair: Pair| {
        let j = pair.instruction;
        let (atom, wanted_here) = (atoms.get(at)?, wanted.get(j)?);
        let before = (0..j).rev().find(counts);
        let after = (j + 1..wanted.len()).find(counts);
        let held_before = match (at.checked_sub(1), before) {
            (Some(at), Some(before)) => partner(at) == Some(before),
            (None, None) => exact_start,
            _ => false,
        };
        let held_after = match after {
            Some(after) => partner(at + 1) == Some(after),
            None => at + 1 == atoms.len(),
        };
        let held = u8::from(held_before) + u8::from(held_after);
        let is_layer = makes_layer(wanted_here.keyword);
        let style = atom.prepared.step.style;
        let fit = atom.prepared.fit(wanted_here);
        let certain = pair.margin >= CLEAR;
        let confidence = match (fit, held) {
            (Fit::No, _) => return None,
            (Fit::Fully, 1..) | (Fit::Partly, 2..) if certain => Confidence::Certain,
            (Fit::Fully | Fit::Partly, 1..) => Confidence::Likely,
            // A command that stands alone is itself, a CMD or a COPY anybody's.
            (Fit::Fully, 0) if is_layer && style != Style::Other => Confidence::Likely,
            _ => return None,
        };
        Some((j, confidence))
    };
    let pairs = partners.iter().enumerate();
    pairs.map(|(at, pair)| judge(at, (*pair)?)).collect()
}

/// Values of variables that matched entries show. Two values for one name are none.
fn learn(atoms: &[Atom], wanted: &[Expected], partners: &[Option<Pair>]) -> Values {
    let mut values = Values::new();
    let mut wrong: Vec<String> = Vec::new();
    let mut note = |name: &str, value: &str| {
        let value = Pattern::literal(value);
        match values.get(name) {
            Some(before) if *before != value => wrong.push(name.to_owned()),
            _ => {
                values.insert(name.to_owned(), value);
            }
        }
    };
    for (atom, pair) in atoms.iter().zip(partners) {
        let Some(wanted) = pair.and_then(|pair| wanted.get(pair.instruction)) else {
            continue;
        };
        match &wanted.claim {
            Claim::Run(_) => {
                for (name, value) in atom.prepared.step.split_arguments().0 {
                    note(name, value);
                }
            }
            // The classic builder notes the default, whatever was passed.
            Claim::Names(..) if atom.prepared.step.style == Style::Classic => {}
            Claim::Names(texts, _) | Claim::Texts(texts) => {
                let bound = texts.iter().find_map(|text| text.bind(&atom.prepared.text));
                if let Some((name, value)) = bound {
                    note(name, &value);
                }
            }
            _ => {}
        }
    }
    for name in wrong {
        values.remove(&name);
    }
    values
}
