//! The least that brings a figure below its limit.

use crate::analyze::{Analysis, Recommendation};

/// Pieces of advice that are weighed; a broken image has thousands.
const WEIGHED: usize = 256;
/// Steps that are told where no set suffices.
const STEPS: usize = 8;

/// Steps that help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What the steps save together.
    pub saves_bytes: u64,
    /// What has to be saved.
    pub needs_bytes: u64,
    /// Whether the steps suffice.
    pub is_enough: bool,
    /// The steps, the cheapest first.
    pub steps: Vec<Step>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What kind of advice, for machines.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Bytes that it saves of the figure in question.
    pub saves_bytes: u64,
    /// The layer whose instruction should change.
    pub layer: Option<u32>,
    /// What to do.
    pub advice: String,
}

/// How much work a piece of advice makes; 0 is the least.
fn effort(id: &str) -> u8 {
    match id {
        // A mount, an option, or a deletion in the same RUN.
        id if id.starts_with("cache-") => 0,
        // --chown or --chmod on the COPY.
        "waste-metadata" => 1,
        id if id.starts_with("optional-") => 2,
        // Instructions are merged or moved into another stage.
        id if id.starts_with("waste-") => 3,
        _ => 4,
    }
}

/// Chooses the fewest steps that save `needs` bytes, of those the cheap ones;
/// `saves` says what a piece of advice saves of the figure, if anything.
pub(super) fn cheapest(
    analysis: &Analysis,
    needs: u64,
    saves: impl Fn(&Recommendation) -> Option<u64>,
) -> Option<Fix> {
    let mut open: Vec<Step> = analysis
        .recommendations
        .iter()
        .filter_map(|advice| {
            let saves_bytes = saves(advice).filter(|&bytes| bytes > 0)?;
            Some(Step {
                id: advice.id.clone(),
                title: advice.title.clone(),
                saves_bytes,
                layer: advice.layer,
                advice: advice.advice.clone(),
            })
        })
        .collect();
    // The larger, the fewer are needed; of equals the cheap ones.
    open.sort_by(|a, b| {
        let bytes = b.saves_bytes.cmp(&a.saves_bytes);
        bytes.then_with(|| effort(&a.id).cmp(&effort(&b.id)))
    });
    open.truncate(WEIGHED);
    let mut steps = Vec::new();
    let mut sum = 0_u64;
    while sum < needs && !open.is_empty() {
        let step = open.remove(0);
        sum = sum.saturating_add(step.saves_bytes);
        steps.push(step);
    }
    if sum < needs {
        steps.truncate(STEPS);
        sum = steps
            .iter()
            .map(|step| step.saves_bytes)
            .fold(0, u64::saturating_add);
    } else {
        // As few steps, and where it goes with less work.
        steps.sort_by_key(|step| std::cmp::Reverse(effort(&step.id)));
        for step in &mut steps {
            let rest = sum - step.saves_bytes;
            let fits = |other: &Step| {
                rest.saturating_add(other.saves_bytes) >= needs
                    && effort(&other.id) < effort(&step.id)
            };
            let candidates = open.iter().enumerate().filter(|(_, other)| fits(other));
            if let Some((at, _)) = candidates.min_by_key(|(_, other)| effort(&other.id)) {
                let other = open.remove(at);
                sum = rest + other.saves_bytes;
                open.push(std::mem::replace(step, other));
            }
        }
    }
    steps.sort_by(|a, b| {
        let work = effort(&a.id).cmp(&effort(&b.id));
        work.then_with(|| b.saves_bytes.cmp(&a.saves_bytes))
            .then_with(|| a.title.cmp(&b.title))
    });
    (!steps.is_empty()).then_some(Fix {
        saves_bytes: sum,
        needs_bytes: needs,
        is_enough: sum >= needs,
        steps,
    })
}

/// Several fixes as one: all of them are needed.
pub(super) fn together(fixes: impl IntoIterator<Item = Fix>) -> Option<Fix> {
    fixes.into_iter().reduce(|mut all, next| {
        all.saves_bytes = all.saves_bytes.saturating_add(next.saves_bytes);
        all.needs_bytes = all.needs_bytes.saturating_add(next.needs_bytes);
        all.is_enough &= next.is_enough;
        all.steps.extend(next.steps);
        all
    })
}

#[cfg(test)]
mod tests {
    use super::super::judge::testing::analysis;
    use super::*;

    fn chosen(needs: u64, advice: &[(&str, u64)]) -> (Vec<String>, bool) {
        let mut analysis = analysis();
        analysis.recommendations = advice
            .iter()
            .map(|&(id, saves_bytes)| Recommendation {
                id: id.to_owned(),
                title: id.to_owned(),
                saves_bytes,
                layer: Some(1),
                advice: String::new(),
            })
            .collect();
        let fix = cheapest(&analysis, needs, |advice| Some(advice.saves_bytes));
        let Some(fix) = fix else {
            return (Vec::new(), false);
        };
        let sum: u64 = fix.steps.iter().map(|step| step.saves_bytes).sum();
        assert_eq!(sum, fix.saves_bytes);
        (
            fix.steps.iter().map(|step| step.id.clone()).collect(),
            fix.is_enough,
        )
    }

    #[test]
    fn few_and_cheap_steps_are_chosen() {
        let advice = [
            ("waste-deleted", 100),
            ("duplicates", 60),
            ("cache-pip", 50),
            ("waste-metadata", 40),
        ];
        for (needs, want, enough) in [
            (10, &["cache-pip"][..], true),
            (55, &["waste-deleted"], true),
            (90, &["waste-deleted"], true),
            (130, &["cache-pip", "waste-deleted"], true),
            (160, &["waste-deleted", "duplicates"], true),
            (
                1000,
                &["cache-pip", "waste-metadata", "waste-deleted", "duplicates"],
                false,
            ),
        ] {
            let (ids, is_enough) = chosen(needs, &advice);
            assert_eq!(
                (&ids[..], is_enough),
                (
                    &want.iter().map(|s| s.to_string()).collect::<Vec<_>>()[..],
                    enough
                ),
                "{needs}"
            );
        }
        assert_eq!(chosen(5, &[]), (vec![], false));
    }
}
