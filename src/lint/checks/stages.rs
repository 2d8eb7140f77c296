//! FROM lines, stage names, platforms and references between stages.

use hashbrown::{HashMap, HashSet};

use super::variables::{self, PREDEFINED};
use crate::dockerfile::expand;
use crate::dockerfile::{Arguments, Flag, ImageName, Instruction, Keyword, Span, Word};
use crate::lint::finding::Edit;
use crate::lint::input::Input;
use crate::lint::reporter::{Reporter, replace};

/// The names of stages with the index of their FROM.
fn aliases<'a>(input: &Input<'a>) -> impl Iterator<Item = (usize, &'a Word)> {
    let file = input.file;
    file.instructions
        .iter()
        .enumerate()
        .filter_map(|(index, instruction)| match &instruction.arguments {
            Arguments::From {
                alias: Some(alias), ..
            } => Some((index, alias)),
            _ => None,
        })
}

pub(super) fn duplicate_stage_name(input: &Input<'_>, out: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    for (index, alias) in aliases(input) {
        let key = if input.hadolint() {
            alias.text.clone()
        } else {
            alias.text.to_lowercase()
        };
        if !seen.insert(key) {
            out.at(index, alias.span, &alias.text);
        }
    }
}

pub(super) fn reserved_stage_name(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, alias) in aliases(input) {
        if ["scratch", "context"]
            .iter()
            .any(|name| alias.text.eq_ignore_ascii_case(name))
        {
            out.at(index, alias.span, &alias.text);
        }
    }
}

pub(super) fn stage_name_casing(input: &Input<'_>, out: &mut Reporter<'_>) {
    let mut references = references(input);
    for (index, alias) in aliases(input) {
        let lower = alias.text.to_lowercase();
        if alias.text == lower {
            continue;
        }
        if alias.text.contains('$') {
            // A variable of another case is another variable.
            out.at(index, alias.span, &alias.text);
            continue;
        }
        let mut edits = vec![replace(alias.span, lower.clone())];
        // Case means nothing to Docker, so that any stage of the name may bring
        // its uses along.
        let uses = references.remove(alias.text.as_str()).unwrap_or_default();
        edits.extend(
            uses.into_iter()
                .map(|(span, before)| replace(span, format!("{before}{lower}"))),
        );
        out.at(index, alias.span, &alias.text).safe(edits);
    }
}

/// Where names are used, and what stands before each name there.
fn references<'a>(input: &Input<'a>) -> HashMap<&'a str, Vec<(Span, &'static str)>> {
    let mut found: HashMap<&str, Vec<(Span, &str)>> = HashMap::new();
    for instruction in &input.file.instructions {
        match &instruction.arguments {
            Arguments::From { image, .. } => {
                found.entry(&image.text).or_default().push((image.span, ""));
            }
            Arguments::Copy { .. } => {
                if let Some(flag) = instruction.flag("from")
                    && let Some(name) = flag.value.as_deref()
                {
                    found.entry(name).or_default().push((flag.span, "--from="));
                }
            }
            _ => {}
        }
    }
    found
}

pub(super) fn from_as_casing(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Arguments::From {
            as_word: Some(word),
            ..
        } = &instruction.arguments
        else {
            continue;
        };
        let from = instruction.name.text.as_str();
        let expected = match casing(from) {
            Casing::Lower => "as",
            Casing::Upper => "AS",
            Casing::Mixed => continue,
        };
        if word.text != expected {
            out.at(index, word.span, &word.text)
                .safe(vec![replace(word.span, expected)]);
        }
    }
}

/// How a keyword is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Casing {
    Upper,
    Lower,
    Mixed,
}

pub(super) fn casing(word: &str) -> Casing {
    if word.chars().all(|c| !c.is_ascii_lowercase()) {
        Casing::Upper
    } else if word.chars().all(|c| !c.is_ascii_uppercase()) {
        Casing::Lower
    } else {
        Casing::Mixed
    }
}

fn platform(instruction: &Instruction) -> Option<(&Flag, &str)> {
    let flag = instruction
        .flag("platform")
        .filter(|_| instruction.keyword == Keyword::From)?;
    Some((flag, flag.value.as_deref()?))
}

/// Removes the flag and the blanks after it.
fn remove_flag(input: &Input<'_>, flag: &Flag) -> Edit {
    let rest = input.file.text.get(flag.span.end as usize..).unwrap_or("");
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let mut span = flag.span;
    span.end += blanks as u32;
    replace(span, "")
}

pub(super) fn constant_platform(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Some((flag, value)) = platform(instruction) else {
            continue;
        };
        let fine = match input.hadolint() {
            true => value.contains("BUILDPLATFORM") || value.contains("TARGETPLATFORM"),
            false => value.contains('$') || is_named_for(instruction, value),
        };
        if !fine {
            out.at(index, flag.span, value)
                .risky(vec![remove_flag(input, flag)]);
        }
    }
}

/// A stage that says its platform in its name means it.
fn is_named_for(instruction: &Instruction, platform: &str) -> bool {
    let Arguments::From {
        alias: Some(alias), ..
    } = &instruction.arguments
    else {
        return false;
    };
    let name = alias.text.to_lowercase();
    let mut parts = platform.split('/');
    let os = parts.next().unwrap_or("");
    let arch = parts.next().unwrap_or("");
    [os, arch]
        .iter()
        .any(|part| !part.is_empty() && name.contains(&part.to_lowercase()))
}

pub(super) fn redundant_target_platform(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Some((flag, value)) = platform(instruction) else {
            continue;
        };
        let braced = value == "${TARGETPLATFORM}";
        if value == "$TARGETPLATFORM" || braced {
            out.at(index, flag.span, value)
                .safe(vec![remove_flag(input, flag)]);
        }
    }
}

pub(super) fn copy_from_unknown(input: &Input<'_>, out: &mut Reporter<'_>) {
    let mut hadolint_names: HashMap<&str, usize> = HashMap::new();
    for (index, instruction) in input.instructions() {
        if let Arguments::From {
            alias: Some(alias), ..
        } = &instruction.arguments
        {
            hadolint_names.insert(&alias.text, index);
        }
        if instruction.keyword != Keyword::Copy {
            continue;
        }
        let Some(flag) = instruction.flag("from") else {
            continue;
        };
        let Some(name) = flag.value.as_deref() else {
            continue;
        };
        let stages = input
            .model()
            .stage_of(index)
            .map_or(0, |stage| stage.index + 1);
        let fine = match input.hadolint() {
            true => {
                let number = name.parse::<usize>().is_ok_and(|number| number < stages);
                name.contains(':') || number || hadolint_names.contains_key(name)
            }
            false => {
                name.contains([':', '/', '$', '@', '.'])
                    || input.model().find(index, name).is_some()
                    || is_own(input, index, name)
            }
        };
        if !fine {
            out.at(index, flag.span, name);
        }
    }
}

fn is_own(input: &Input<'_>, index: usize, name: &str) -> bool {
    let own = input.model().stage_of(index);
    own.is_some_and(|own| {
        own.name.as_deref() == Some(&name.to_lowercase())
            || name
                .parse::<usize>()
                .is_ok_and(|number| number == own.index)
    })
}

pub(super) fn copy_from_self(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        if instruction.keyword != Keyword::Copy {
            continue;
        }
        let Some(flag) = instruction.flag("from") else {
            continue;
        };
        let name = flag.value.as_deref().unwrap_or("");
        let own = match input.hadolint() {
            true => {
                let from = input
                    .model()
                    .stage_of(index)
                    .and_then(|stage| input.file.instructions.get(stage.from));
                matches!(from.map(|from| &from.arguments), Some(Arguments::From { alias: Some(alias), .. }) if alias.text == name)
            }
            false => is_own(input, index, name) && input.model().find(index, name).is_none(),
        };
        if own {
            out.at(index, flag.span, name);
        }
    }
}

pub(super) fn undefined_arg_in_from(input: &Input<'_>, out: &mut Reporter<'_>) {
    let target_stage = "TARGETSTAGE";
    for (index, instruction) in input.instructions() {
        let Arguments::From { image, .. } = &instruction.arguments else {
            continue;
        };
        let known = |name: &str| {
            input.model().global(name).is_some()
                || PREDEFINED.contains(&name)
                || name == target_stage
        };
        let platform = platform(instruction).map(|(flag, value)| (value, flag.span));
        for (text, span) in [(image.text.as_str(), image.span)]
            .into_iter()
            .chain(platform)
        {
            for used in expand::uses(text, input.file.escape) {
                let default = used
                    .operator
                    .as_deref()
                    .is_some_and(|operator| operator.contains('-'));
                if known(&used.name) || (default && !input.buildkit()) {
                    continue;
                }
                let near = || {
                    let names = input.model().global_names().chain(PREDEFINED);
                    let mut names: Vec<&str> = names.collect();
                    names.sort_unstable();
                    let few = input.may_compare(names.len());
                    few.then(|| variables::nearest(&used.name, names.into_iter()))?
                };
                let near = input.may_compare(1).then(near).flatten();
                let with = near
                    .map(|near| format!(" (did you mean {near}?)"))
                    .unwrap_or_default();
                out.with(Some(index), span, &used.name, &with);
            }
        }
    }
}

pub(super) fn invalid_default_in_from(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Arguments::From { image, .. } = &instruction.arguments else {
            continue;
        };
        if !image.text.contains('$') {
            continue;
        }
        let lookup = |name: &str| {
            input
                .defaults()
                .get(name)
                .cloned()
                .or_else(|| PREDEFINED.contains(&name).then(|| "linux".to_owned()))
        };
        let Ok(expanded) = expand::expand(&image.text, input.file.escape, &lookup) else {
            continue;
        };
        let is_stage = input.model().find(index, &expanded.value).is_some();
        let valid = !expanded.value.is_empty() && ImageName::cut(&expanded.value).is_valid();
        if !valid && !is_stage && expanded.value != "scratch" {
            out.at(index, image.span, &image.text);
        }
    }
}
