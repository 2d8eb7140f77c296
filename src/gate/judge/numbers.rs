//! Checks whose limit is a number.

use super::Measured;
use crate::analyze::{Analysis, Recommendation};
use crate::gate::baseline::{Baseline, Figures};
use crate::gate::check::{Check, Quantity};
use crate::gate::fix::{Fix, cheapest, together};
use crate::gate::settings::{Level, Limit};
use crate::gate::verdict::{Checked, Offence, Status, Subject};

/// Holds a figure against its limit; `None` if there is nothing to measure.
pub(super) fn check(check: Check, limit: &Limit, measured: &Measured<'_>) -> Option<Checked> {
    let analysis = measured.analysis;
    let value = value(check, analysis, measured.baseline)?;
    let breaks =
        |limit: Option<Quantity>| limit.filter(|&limit| value.breaks(limit, check.direction()));
    let (status, broken) = match (breaks(limit.fail), breaks(limit.warn)) {
        (Some(fail), _) => (Status::Fail, Some(fail)),
        (None, Some(warn)) => (Status::Warn, Some(warn)),
        (None, None) => (Status::Pass, None),
    };
    let fix = broken.and_then(|broken| match (check, broken) {
        (Check::MaxLayerSize, Quantity::Bytes(most)) => fix_layers(analysis, most),
        _ => {
            let needs = excess(check, value, broken, analysis)?;
            cheapest(analysis, needs, |advice| saved(check, advice, analysis))
        }
    });
    Some(Checked {
        check,
        status,
        measured: value,
        warn: limit.warn,
        fail: limit.fail,
        offences: match check {
            Check::MaxLayerSize => layers(analysis, limit),
            _ => Vec::new(),
        },
        more: 0,
        fix,
        waived: None,
        place: Some(limit.place.clone()),
    })
}

fn value(check: Check, analysis: &Analysis, baseline: Option<&Baseline>) -> Option<Quantity> {
    use Quantity::{Bytes, Count, Fraction, Percent};
    let totals = &analysis.totals;
    let now = Figures::of(analysis);
    let grown = |of: fn(&Figures) -> u64| {
        baseline.map(|baseline| of(&now).saturating_sub(of(&baseline.image)))
    };
    Some(match check {
        Check::MaxSize => Bytes(totals.uncompressed_bytes),
        Check::MaxCompressedSize => Bytes(totals.compressed_bytes),
        Check::MaxLayerSize => {
            let sizes = analysis.layers.iter().map(|layer| layer.uncompressed_bytes);
            Bytes(sizes.max().unwrap_or(0))
        }
        Check::MaxWasted => Bytes(totals.wasted_bytes),
        Check::MaxWastedPercent => Percent(percent(totals.wasted_bytes, totals.stored_bytes)),
        Check::MinEfficiency => Fraction(totals.efficiency),
        Check::MaxCaches => Bytes(now.cache_bytes),
        Check::MaxOptional => Bytes(now.optional_bytes),
        Check::MaxDuplicates => Bytes(now.duplicate_bytes),
        Check::MaxPackages => Count(now.packages),
        Check::DiveLowestEfficiency => Fraction(analysis.dive.efficiency_score),
        Check::DiveHighestWastedBytes => Bytes(analysis.dive.wasted_bytes),
        Check::DiveHighestUserWastedPercent => Fraction(user_wasted(analysis)),
        Check::MaxGrowth => Bytes(grown(|f| f.uncompressed_bytes)?),
        Check::MaxGrowthPercent => {
            let before = baseline?.image.uncompressed_bytes;
            Percent(percent(grown(|f| f.uncompressed_bytes)?, before))
        }
        Check::MaxWastedGrowth => Bytes(grown(|f| f.wasted_bytes)?),
        Check::MaxCachesGrowth => Bytes(grown(|f| f.cache_bytes)?),
        Check::MaxDuplicatesGrowth => Bytes(grown(|f| f.duplicate_bytes)?),
        Check::MaxPackagesGrowth => Count(grown(|f| f.packages)?),
        Check::ForbiddenPaths | Check::ForbiddenPackages | Check::LintThreshold => return None,
    })
}

/// dive divides by the bytes of the upper layers even where there are none.
fn user_wasted(analysis: &Analysis) -> f64 {
    let dive = &analysis.dive;
    match dive.wasted_bytes > 0 && dive.user_wasted_percent == 0.0 {
        true => f64::INFINITY,
        false => dive.user_wasted_percent,
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    match (part, whole) {
        (0, _) => 0.0,
        (_, 0) => f64::INFINITY,
        (part, whole) => part as f64 * 100.0 / whole as f64,
    }
}

/// Layers beyond the limit, largest first.
fn layers(analysis: &Analysis, limit: &Limit) -> Vec<Offence> {
    let mut offences: Vec<Offence> = Vec::new();
    for (index, layer) in analysis.layers.iter().enumerate() {
        let bytes = layer.uncompressed_bytes;
        let breaks = |limit: Option<Quantity>| {
            limit.is_some_and(|limit| {
                Quantity::Bytes(bytes).breaks(limit, Check::MaxLayerSize.direction())
            })
        };
        let level = match (breaks(limit.fail), breaks(limit.warn)) {
            (true, _) => Level::Fail,
            (false, true) => Level::Warn,
            (false, false) => continue,
        };
        offences.push(Offence {
            subject: Subject::Layer,
            by: None,
            bytes,
            layer: u32::try_from(index).ok(),
            level,
            waived: None,
            place: limit.place.clone(),
        });
    }
    offences.sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.layer.cmp(&b.layer)));
    offences
}

fn fix_layers(analysis: &Analysis, most: u64) -> Option<Fix> {
    let layers = analysis.layers.iter().enumerate();
    let fixes = layers.filter_map(|(index, layer)| {
        let needs = layer
            .uncompressed_bytes
            .checked_sub(most)
            .filter(|&needs| needs > 0)?;
        let own = |advice: &Recommendation| {
            (advice.layer == u32::try_from(index).ok()).then_some(advice.saves_bytes)
        };
        Some((needs, cheapest(analysis, needs, own)))
    });
    let fixes: Vec<(u64, Option<Fix>)> = fixes.collect();
    let helped = fixes.iter().all(|(_, fix)| fix.is_some());
    let mut all = together(fixes.into_iter().filter_map(|(_, fix)| fix))?;
    all.is_enough &= helped;
    Some(all)
}

/// Bytes that have to go for a figure to keep to its limit; `None` where bytes
/// are not the matter.
fn excess(check: Check, value: Quantity, limit: Quantity, analysis: &Analysis) -> Option<u64> {
    let totals = &analysis.totals;
    let dive = &analysis.dive;
    let stored = totals.stored_bytes as f64;
    // Both the part and the whole shrink by what goes.
    let of_share = |part: f64, whole: f64, limit: f64| (part - limit * whole) / (1.0 - limit);
    let bytes = match (value, limit) {
        (Quantity::Bytes(value), Quantity::Bytes(limit)) => return value.checked_sub(limit),
        (Quantity::Count(_), _) => return None,
        (Quantity::Percent(grown), Quantity::Percent(limit)) => match check {
            Check::MaxGrowthPercent => {
                // From what it is now back to what it was.
                let now = totals.uncompressed_bytes as f64;
                let before = match grown.is_finite() {
                    true => now / (1.0 + grown / 100.0),
                    false => 0.0,
                };
                now - before * (1.0 + limit / 100.0)
            }
            _ => of_share(totals.wasted_bytes as f64, stored, limit / 100.0),
        },
        (Quantity::Fraction(value), Quantity::Fraction(limit)) => match check {
            Check::MinEfficiency => stored - totals.visible_bytes as f64 / limit,
            Check::DiveLowestEfficiency => stored - stored * value / limit,
            _ => {
                let wasted = dive.wasted_bytes as f64;
                match value.is_finite() {
                    true => of_share(wasted, wasted / value, limit),
                    false => wasted,
                }
            }
        },
        _ => return None,
    };
    // As many as that, rounded up; numbers that are none become 0 or the most.
    (bytes > 0.0).then_some(bytes.ceil() as u64)
}

/// What a piece of advice saves of a figure.
fn saved(check: Check, advice: &Recommendation, analysis: &Analysis) -> Option<u64> {
    let id = advice.id.as_str();
    let about = |prefix: &str| id.starts_with(prefix).then_some(advice.saves_bytes);
    match check {
        Check::MaxSize | Check::MaxGrowth | Check::MaxGrowthPercent => Some(advice.saves_bytes),
        Check::MaxCompressedSize => Some(compressed(advice, analysis)),
        Check::MaxWasted
        | Check::MaxWastedPercent
        | Check::MinEfficiency
        | Check::MaxWastedGrowth
        | Check::DiveLowestEfficiency => about("waste-"),
        // dive counts both copies as wasted, and neither when there is one.
        Check::DiveHighestWastedBytes | Check::DiveHighestUserWastedPercent => match id {
            "waste-metadata" | "waste-identical" => Some(advice.saves_bytes.saturating_mul(2)),
            _ => about("waste-"),
        },
        Check::MaxCaches | Check::MaxCachesGrowth => about("cache-"),
        Check::MaxOptional => about("optional-"),
        Check::MaxDuplicates | Check::MaxDuplicatesGrowth => about("duplicates"),
        _ => None,
    }
}

/// What it saves of the compressed size, if its bytes compress as the rest of
/// the layer does.
fn compressed(advice: &Recommendation, analysis: &Analysis) -> u64 {
    let layer = advice
        .layer
        .and_then(|layer| analysis.layers.get(layer as usize));
    let totals = &analysis.totals;
    let (small, large) = match layer {
        Some(layer) => (layer.compressed_bytes, layer.uncompressed_bytes),
        None => (totals.compressed_bytes, totals.uncompressed_bytes),
    };
    let share = u128::from(advice.saves_bytes) * u128::from(small) / u128::from(large.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}
