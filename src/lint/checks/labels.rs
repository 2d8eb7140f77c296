//! Labels: their keys, and a schema of the user's.

use hashbrown::{HashMap, HashSet};

use crate::dockerfile::{Arguments, Pair, Stage};
use crate::lint::input::Input;
use crate::lint::reporter::Reporter;
use crate::lint::settings::LabelType;

fn labels<'a>(input: &Input<'a>) -> Vec<(usize, &'a Pair)> {
    let mut found = Vec::new();
    for (index, instruction) in input.instructions() {
        if let Arguments::Label { pairs, .. } = &instruction.arguments {
            found.extend(pairs.iter().map(|pair| (index, pair)));
        }
    }
    found
}

pub(super) fn invalid_label_key(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, pair) in labels(input) {
        let key = pair.key.unquoted();
        if !is_valid_key(key) {
            out.at(index, pair.key.span, key);
        }
    }
}

fn is_valid_key(key: &str) -> bool {
    const RESERVED: [&str; 3] = ["com.docker.", "io.docker.", "org.dockerproject."];
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._/-".contains(c);
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && key.chars().all(fine)
        && !key.contains("..")
        && !key.contains("--")
        && !RESERVED.iter().any(|prefix| key.starts_with(prefix))
}

/// Stages that set a label, by its name.
fn setters<'a>(input: &Input<'a>) -> HashMap<&'a str, HashSet<usize>> {
    let mut found: HashMap<&str, HashSet<usize>> = HashMap::new();
    for (index, pair) in labels(input) {
        if let Some(stage) = input.model().stage_of(index) {
            let stages = found.entry(pair.key.unquoted()).or_default();
            stages.insert(stage.index);
        }
    }
    found
}

/// Whether a stage copies from another, by its name or number.
fn copies_from(input: &Input<'_>, stage: &Stage, other: &Stage) -> bool {
    input.of_stage(stage).any(|(_, instruction)| {
        let from = instruction.flag_value("from").unwrap_or("");
        other.name.as_deref() == Some(&from.to_lowercase()) || from.parse() == Ok(other.index)
    })
}

pub(super) fn missing_label(input: &Input<'_>, out: &mut Reporter<'_>) {
    let model = input.model();
    let setters = setters(input);
    let none = HashSet::new();
    for (name, _) in &input.settings.labels {
        let set = setters.get(name.as_str()).unwrap_or(&none);
        let sets = |stage: &Stage| set.contains(&stage.index);
        for stage in &model.stages {
            let shipped = stage.index + 1 == model.stages.len() || input.hadolint();
            if !shipped || (!set.is_empty() && model.lineage(stage.index).any(sets)) {
                continue;
            }
            // Another stage that is built on this one may set it.
            let used = model.stages.iter().any(|later| {
                let built_on = || {
                    model
                        .lineage(later.index)
                        .any(|own| own.index == stage.index)
                };
                later.index > stage.index
                    && sets(later)
                    && (built_on() || copies_from(input, later, stage))
            });
            if !used && let Some(from) = input.file.instructions.get(stage.from) {
                out.instruction(stage.from, from, name);
            }
        }
    }
}

/// The labels of the schema with their types.
fn schema<'a>(input: &Input<'a>) -> HashSet<(&'a str, LabelType)> {
    let labels = input.settings.labels.iter();
    labels.map(|(name, kind)| (name.as_str(), *kind)).collect()
}

fn names<'a>(input: &Input<'a>) -> HashSet<&'a str> {
    let labels = input.settings.labels.iter();
    labels.map(|(name, _)| name.as_str()).collect()
}

pub(super) fn superfluous_label(input: &Input<'_>, out: &mut Reporter<'_>) {
    if !input.settings.strict_labels {
        return;
    }
    let names = names(input);
    for (index, pair) in labels(input) {
        let key = pair.key.unquoted();
        if !names.contains(key) {
            out.at(index, pair.key.span, key);
        }
    }
}

pub(super) fn empty_label(input: &Input<'_>, out: &mut Reporter<'_>) {
    let names = names(input);
    for (index, pair) in labels(input) {
        let key = pair.key.unquoted();
        let empty = pair
            .value
            .as_ref()
            .is_some_and(|value| value.unquoted().is_empty());
        if empty && names.contains(key) {
            out.at(index, pair.key.span, key);
        }
    }
}

fn of_type(
    input: &Input<'_>,
    out: &mut Reporter<'_>,
    wanted: LabelType,
    fits: impl Fn(&str) -> bool,
) {
    let schema = schema(input);
    for (index, pair) in labels(input) {
        let key = pair.key.unquoted();
        let typed = schema.contains(&(key, wanted));
        let Some(value) = pair.value.as_ref().filter(|_| typed) else {
            continue;
        };
        let text = value.unquoted();
        // A variable's value is known only when it is built.
        let variable = text.contains('$') && !input.hadolint();
        if !fits(text) && !variable {
            out.at(index, pair.key.span, key);
        }
    }
}

pub(super) fn label_not_url(input: &Input<'_>, out: &mut Reporter<'_>) {
    of_type(input, out, LabelType::Url, |text| {
        let Some((scheme, rest)) = text.split_once(':') else {
            return false;
        };
        let scheme_fine = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        scheme_fine
            && !rest.is_empty()
            && rest
                .chars()
                .all(|c| c.is_ascii_graphic() && !"<>\"{}|\\^`".contains(c))
    });
}

pub(super) fn label_not_rfc3339(input: &Input<'_>, out: &mut Reporter<'_>) {
    of_type(input, out, LabelType::Rfc3339, is_rfc3339);
}

fn is_rfc3339(text: &str) -> bool {
    let digits = |from: usize, to: usize| -> Option<u32> {
        let part = text.get(from..to)?;
        part.chars()
            .all(|c| c.is_ascii_digit())
            .then(|| part.parse().ok())
            .flatten()
    };
    let at = |i: usize| text.as_bytes().get(i).copied().unwrap_or(0);
    let separators = at(4) == b'-'
        && at(7) == b'-'
        && matches!(at(10), b'T' | b't' | b' ')
        && at(13) == b':'
        && at(16) == b':';
    let fields = || {
        Some((
            digits(0, 4)?,
            digits(5, 7)?,
            digits(8, 10)?,
            digits(11, 13)?,
            digits(14, 16)?,
            digits(17, 19)?,
        ))
    };
    let Some((year, month, day, hour, minute, second)) = fields().filter(|_| separators) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let rest = text.get(19..).unwrap_or("");
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    let offset = || {
        let body = zone.strip_prefix(['+', '-'])?;
        let (hours, minutes) = body.split_once(':')?;
        let two = |part: &str| {
            (part.len() == 2)
                .then(|| part.parse::<u32>().ok())
                .flatten()
        };
        Some(two(hours)? < 24 && two(minutes)? < 60)
    };
    (1..=12).contains(&month)
        && (1..=days).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && (matches!(zone, "Z" | "z") || offset().unwrap_or(false))
}

pub(super) fn label_not_spdx(input: &Input<'_>, out: &mut Reporter<'_>) {
    let hadolint = input.hadolint();
    of_type(input, out, LabelType::Spdx, |text| match hadolint {
        true => super::licenses::is_license(text),
        false => super::licenses::is_expression(text),
    });
}

pub(super) fn label_not_hash(input: &Input<'_>, out: &mut Reporter<'_>) {
    let hadolint = input.hadolint();
    of_type(input, out, LabelType::Hash, |text| {
        let hex = text
            .chars()
            .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
        hex && (matches!(text.len(), 7 | 40) || (!hadolint && text.len() == 64))
    });
}

pub(super) fn label_not_semver(input: &Input<'_>, out: &mut Reporter<'_>) {
    of_type(input, out, LabelType::Semver, is_semver);
}

fn is_semver(text: &str) -> bool {
    let (head, build) = match text.split_once('+') {
        Some((head, build)) => (head, Some(build)),
        None => (text, None),
    };
    let (core, pre) = match head.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (head, None),
    };
    let number = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let identifier = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let numeric_fine = |part: &str| !part.chars().all(|c| c.is_ascii_digit()) || number(part);
    core.split('.').count() == 3
        && core.split('.').all(number)
        && pre.is_none_or(|pre| {
            pre.split('.')
                .all(|part| identifier(part) && numeric_fine(part))
        })
        && build.is_none_or(|build| build.split('.').all(identifier))
}

pub(super) fn label_not_email(input: &Input<'_>, out: &mut Reporter<'_>) {
    of_type(input, out, LabelType::Email, |text| {
        let Some((local, domain)) = text.rsplit_once('@') else {
            return false;
        };
        let local_fine = !local.is_empty()
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
        let label = |part: &str| {
            !part.is_empty()
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        local_fine && domain.split('.').all(label)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_forms() {
        for fine in ["2026-01-31T12:00:00Z", "2024-02-29t00:00:00.5+02:00"] {
            assert!(is_rfc3339(fine), "{fine}");
        }
        for wrong in [
            "2026-02-29T12:00:00Z",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00.Z",
        ] {
            assert!(!is_rfc3339(wrong), "{wrong}");
        }
        assert!(is_semver("1.2.3-rc.1+b5") && !is_semver("01.2.3") && !is_semver("1.2"));
        assert!(is_valid_key("org.a-b.c1") && !is_valid_key("A") && !is_valid_key("com.docker.x"));
    }
}
