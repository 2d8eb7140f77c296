//! Bytes of findings: what the built image holds of that which a rule warns of.

use super::{BuiltImage, WORTH_SAYING};
use crate::analyze::WasteKind;
use crate::lint::finding::Finding;
use crate::ruleset::{LintRules, Measure};

/// What findings of rules have accounted for.
#[derive(Debug, Default)]
pub(in crate::lint) struct Measured {
    /// For each waste of the image, whether a finding has its bytes.
    pub(super) waste: Vec<bool>,
    /// The same for leftovers.
    pub(super) caches: Vec<bool>,
    /// Findings that were dropped: the image has nothing of the kind.
    pub(in crate::lint) dropped: usize,
}

/// Gives findings their bytes and layers. Where it is sure which layer an
/// instruction made and nothing of the kind is there, the finding goes.
pub(in crate::lint) fn measure(
    image: &BuiltImage,
    rules: &LintRules,
    findings: &mut Vec<Finding>,
    may_drop: bool,
) -> Measured {
    let mut measured = Measured {
        waste: vec![false; image.waste.len()],
        caches: vec![false; image.caches.len()],
        dropped: 0,
    };
    // What a cache's rule has is not what is deleted too late.
    for caches_first in [true, false] {
        findings.retain_mut(|finding| {
            let rule = rules.get(&finding.code);
            let Some(how) = rule.and_then(|rule| rule.measure.as_ref()) else {
                return true;
            };
            if matches!(how, Measure::Caches(_)) != caches_first {
                return true;
            }
            let stays = measured.one(image, finding, how) || !may_drop;
            measured.dropped += usize::from(!stays);
            stays
        });
    }
    measured
}

/// What is found in the layers of an instruction.
#[derive(Default)]
struct Sum {
    /// Everything.
    all: u64,
    /// What no finding has yet.
    new: u64,
    /// The layer of the largest part.
    layer: Option<(u64, u32)>,
}

impl Sum {
    fn add(&mut self, bytes: u64, layer: u32, claimed: &mut bool) {
        self.all += bytes;
        if !std::mem::replace(claimed, true) {
            self.new += bytes;
        }
        if self.layer.is_none_or(|(most, _)| bytes > most) {
            self.layer = Some((bytes, layer));
        }
    }
}

impl Measured {
    /// Measures one finding; `false` where the image shows it to be unfounded.
    fn one(&mut self, image: &BuiltImage, finding: &mut Finding, how: &Measure) -> bool {
        let Some(index) = finding.instruction else {
            return true;
        };
        let layers: Vec<u32> = image.layers_of(index).collect();
        let mut sum = Sum::default();
        match how {
            Measure::Caches(rules) => {
                if layers.is_empty() {
                    return true;
                }
                let own = &finding.subject.caches;
                let named = |rule: &str| match own.is_empty() {
                    true => rules.iter().any(|known| known == rule),
                    false => own.iter().any(|known| known == rule),
                };
                for (cache, claimed) in image.caches.iter().zip(&mut self.caches) {
                    if layers.contains(&cache.layer) && named(&cache.rule) {
                        sum.add(cache.bytes, cache.layer, claimed);
                    }
                }
                for (waste, claimed) in image.waste.iter().zip(&mut self.waste) {
                    let rule = waste.cache.as_deref();
                    if layers.contains(&waste.stored_in) && rule.is_some_and(named) {
                        sum.add(waste.bytes, waste.stored_in, claimed);
                    }
                }
            }
            Measure::Waste(kinds) => {
                let below = finding.subject.path.as_deref().unwrap_or("");
                for (waste, claimed) in image.waste.iter().zip(&mut self.waste) {
                    let of_kind = kinds.iter().any(|kind| kind == waste.kind.name());
                    if of_kind && layers.contains(&waste.wasted_by) && is_below(&waste.path, below)
                    {
                        sum.add(waste.bytes, waste.wasted_by, claimed);
                    }
                }
                if layers.is_empty() {
                    return true;
                }
            }
            Measure::Layer => {
                for &layer in &layers {
                    let bytes = image
                        .layers
                        .get(layer as usize)
                        .map_or(0, |l| l.stored_bytes);
                    sum.add(bytes, layer, &mut false);
                }
                finding.bytes = (sum.all > 0).then_some(sum.all).or(finding.bytes);
                finding.layer = sum.layer.map(|(_, layer)| layer);
                return true;
            }
            Measure::Base => {
                let base = image.layers.iter().filter(|layer| layer.base);
                let bytes: u64 = base.map(|layer| layer.stored_bytes).sum();
                if bytes > 0 && image.stage.is_none() {
                    finding.bytes = Some(bytes);
                }
                return true;
            }
        }
        if sum.new > 0 {
            finding.bytes = Some(sum.new);
            finding.layer = sum.layer.map(|(_, layer)| layer);
        }
        sum.all > 0
    }

    /// Whether waste of this kind is to be spoken of, that no finding has.
    pub(super) fn is_open(&self, image: &BuiltImage, at: usize) -> bool {
        let waste = image.waste.get(at);
        let claimed = self.waste.get(at).copied().unwrap_or(true);
        // What a base image wastes in itself nobody here can mend.
        !claimed && waste.is_some_and(|waste| !image.is_base(waste.wasted_by))
    }
}

/// Whether so many bytes are worth a finding.
pub(super) fn is_worth(bytes: u64) -> bool {
    bytes >= WORTH_SAYING
}

/// Whether a path of the image is `top`, or below it; `top` begins with a slash.
fn is_below(path: &[u8], top: &str) -> bool {
    let top = top.trim_matches('/').as_bytes();
    top.is_empty()
        || path
            .strip_prefix(top)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Where a finding about waste belongs: at what stores the bytes, or at what
/// makes a second copy.
pub(super) fn guilty(image: &BuiltImage, kind: WasteKind, stored_in: u32, wasted_by: u32) -> u32 {
    match kind {
        WasteKind::Metadata | WasteKind::Identical => wasted_by,
        WasteKind::Deleted | WasteKind::Overwritten if image.is_base(stored_in) => wasted_by,
        WasteKind::Deleted | WasteKind::Overwritten => stored_in,
    }
}
