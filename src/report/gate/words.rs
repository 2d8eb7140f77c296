//! A verdict in sentences.

use super::{Comparison, GateReport};
use crate::gate::{
    Check, Checked, Direction, Fix, Level, Offence, Quantity, Status, Step, Subject, Verdict,
    Waived,
};
use crate::report::size::human;

/// How many checks went which way.
pub(super) fn summary(verdict: &Verdict) -> String {
    let counts = [
        (Status::Fail, "failed"),
        (Status::Warn, "with a warning"),
        (Status::Waived, "waived"),
        (Status::Pass, "passed"),
    ];
    let parts = counts.into_iter().filter_map(|(status, word)| {
        let count = verdict.count(status);
        (count > 0).then(|| format!("{count} {word}"))
    });
    let parts: Vec<String> = parts.collect();
    match parts.is_empty() {
        true => "nothing was checked".to_owned(),
        false => parts.join(", "),
    }
}

/// A number for eyes.
pub(super) fn quantity(quantity: Quantity) -> String {
    match quantity {
        Quantity::Bytes(bytes) => human(bytes),
        Quantity::Count(count) => count.to_string(),
        Quantity::Percent(percent) if percent.is_finite() => format!("{} %", short(percent, 2)),
        Quantity::Percent(_) => "∞ %".to_owned(),
        Quantity::Fraction(fraction) if fraction.is_finite() => short(fraction, 4),
        Quantity::Fraction(_) => "∞".to_owned(),
    }
}

/// Without zeros at the end.
fn short(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A number with all its digits.
fn exact(quantity: Quantity) -> String {
    match quantity {
        Quantity::Bytes(bytes) => format!("{bytes} B"),
        Quantity::Count(count) => count.to_string(),
        Quantity::Percent(percent) => format!("{percent} %"),
        Quantity::Fraction(fraction) => fraction.to_string(),
    }
}

/// What was measured and what is allowed, never looking the same when they are not.
pub(super) fn sides(checked: &Checked) -> (String, Option<String>) {
    let measured = quantity(checked.measured);
    let Some(limit) = checked.limit() else {
        return (measured, None);
    };
    match quantity(limit) {
        text if text == measured && limit != checked.measured => {
            (exact(checked.measured), Some(exact(limit)))
        }
        text => (measured, Some(text)),
    }
}

/// Why a check went as it did, in one sentence without its name.
pub(super) fn why(report: &GateReport<'_>, checked: &Checked) -> String {
    let title = checked.check.title();
    let (measured, limit) = sides(checked);
    let limit = limit.unwrap_or_default();
    let mut text = match checked.check {
        Check::ForbiddenPaths | Check::ForbiddenPackages => {
            let open = checked
                .offences
                .iter()
                .filter(|offence| offence.waived.is_some());
            match (checked.status, open.count()) {
                (Status::Pass, _) => format!("no {title}"),
                (Status::Waived, waived) => format!("{title}: {waived}, all of them waived"),
                (_, 0) => format!("{title}: {measured}"),
                (_, waived) => format!("{title}: {measured}, and {waived} waived"),
            }
        }
        Check::LintThreshold => findings(report, checked, &measured, &limit),
        check => {
            let (allowed, beyond) = match check.direction() {
                Direction::Most => ("at most", "more than"),
                Direction::Least => ("at least", "less than"),
            };
            match checked.status {
                Status::Pass => format!("{title}: {measured}, {allowed} {limit}"),
                _ => format!("{title}: {measured}, {beyond} {limit}{}", by(checked)),
            }
        }
    };
    if checked.check.is_growth()
        && checked.status != Status::Pass
        && let Some(compared) = &report.baseline
    {
        text.push_str(&grown(checked.check, compared));
    }
    text
}

fn findings(report: &GateReport<'_>, checked: &Checked, measured: &str, limit: &str) -> String {
    let set = report.lint.as_ref().and_then(|lint| lint.limit);
    let threshold = set.and_then(|set| match checked.status {
        Status::Warn => set.warn,
        _ => set.fail.or(set.warn),
    });
    let word = threshold.map_or("", |severity| severity.name());
    let allowed = match limit {
        "0" | "" => String::new(),
        limit => format!(", at most {limit}"),
    };
    let of = |state: &str| {
        let standings = report.verdict.findings.iter();
        match standings
            .filter(|standing| standing.name() == state)
            .count()
        {
            0 => String::new(),
            count => format!(", {count} {state}"),
        }
    };
    let known = match of("known") {
        text if text.is_empty() => text,
        text => format!("{text} from the baseline"),
    };
    format!(
        "findings of {word} or worse: {measured}{allowed}{known}{}",
        of("waived")
    )
}

/// By how much a limit in bytes is broken.
fn by(checked: &Checked) -> String {
    match (checked.measured, checked.limit()) {
        (Quantity::Bytes(measured), Some(Quantity::Bytes(limit))) if limit > 0 => {
            format!(" by {}", human(measured.abs_diff(limit)))
        }
        _ => String::new(),
    }
}

/// What grew.
fn grown(check: Check, compared: &Comparison<'_>) -> String {
    let (now, before) = (&compared.now, &compared.baseline.image);
    let (from, to) = match check {
        Check::MaxWastedGrowth => (before.wasted_bytes, now.wasted_bytes),
        Check::MaxCachesGrowth => (before.cache_bytes, now.cache_bytes),
        Check::MaxDuplicatesGrowth => (before.duplicate_bytes, now.duplicate_bytes),
        Check::MaxPackagesGrowth => {
            return format!(", from {} to {}", before.packages, now.packages);
        }
        _ => (before.uncompressed_bytes, now.uncompressed_bytes),
    };
    let sizes = format!(", from {from} to {to} B");
    if !matches!(check, Check::MaxGrowth | Check::MaxGrowthPercent) {
        return sizes;
    }
    let layers = &compared.baseline.layers;
    if layers.len() != compared.layers.len() {
        return format!(
            "{sizes}; {} layers became {}",
            layers.len(),
            compared.layers.len()
        );
    }
    let pairs = layers.iter().zip(compared.layers).enumerate();
    let growth = pairs.map(|(i, (before, now))| (now.saturating_sub(before.uncompressed_bytes), i));
    match growth.max_by_key(|&(bytes, i)| (bytes, std::cmp::Reverse(i))) {
        Some((bytes, layer)) if bytes > 0 => {
            format!(
                "{sizes}; most of it in layer {layer}, {} more",
                human(bytes)
            )
        }
        _ => sizes,
    }
}

/// A layer with its line, as `layer 3 (Dockerfile:7)`.
pub(super) fn layer(report: &GateReport<'_>, layer: u32) -> String {
    match report
        .origins
        .and_then(|origins| origins.words(layer as usize))
    {
        Some(line) => format!("layer {layer} ({line})"),
        None => format!("layer {layer}"),
    }
}

/// One thing that breaks a check.
pub(super) fn offence(report: &GateReport<'_>, offence: &Offence) -> String {
    let place = match offence.layer {
        Some(index) => layer(report, index),
        None => String::new(),
    };
    let size = human(offence.bytes);
    let by = offence.by.as_deref().unwrap_or_default();
    let mut text = match &offence.subject {
        Subject::Layer => format!("{place}: {size}"),
        Subject::Path(path) => {
            let rule = match by == path {
                true => String::new(),
                false => format!(" by {by}"),
            };
            format!("{path} is forbidden{rule}: {size}, from {place}")
        }
        Subject::Package {
            manager,
            name,
            version,
        } => {
            let rule = match by == name {
                true => String::new(),
                false => format!(" by {by}"),
            };
            format!("{manager} package {name} {version} is forbidden{rule}: {size}")
        }
    };
    if let Some(waived) = &offence.waived {
        text.push_str(&format!(" ({})", self::waived(waived)));
    }
    text
}

/// The same in a list where not all mean the same.
pub(super) fn listed(report: &GateReport<'_>, offence: &Offence) -> String {
    let text = self::offence(report, offence);
    match offence.level {
        Level::Warn => format!("{text} (a warning)"),
        Level::Fail => text,
    }
}

/// Why something is allowed all the same.
pub(super) fn waived(waived: &Waived) -> String {
    match waived.expires {
        Some(day) => format!("waived until {day}: {}", waived.reason),
        None => format!("waived: {}", waived.reason),
    }
}

/// What the steps of a fix do together.
pub(super) fn fix(fix: &Fix) -> String {
    let saves = human(fix.saves_bytes);
    let needs = human(fix.needs_bytes);
    match (fix.is_enough, fix.steps.len()) {
        (true, 1) => format!("one step saves {saves} of the {needs} needed"),
        (true, steps) => format!("{steps} steps save {saves} of the {needs} needed"),
        (false, _) => format!("all that is known saves {saves} of the {needs} needed"),
    }
}

/// One step of a fix.
pub(super) fn step(report: &GateReport<'_>, step: &Step) -> String {
    let line = step
        .layer
        .and_then(|index| report.origins?.words(index as usize));
    let line = line.map(|line| format!(" [{line}]")).unwrap_or_default();
    format!("{}: {}{line}", human(step.saves_bytes), step.title)
}

/// What a finding of lint says, with what it costs in the image.
pub(super) fn finding(finding: &crate::lint::Finding) -> String {
    match finding.bytes {
        Some(bytes) => format!("{} (costs {})", finding.message, human(bytes)),
        None => finding.message.clone(),
    }
}
