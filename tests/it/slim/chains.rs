//! Every path has a reason, and every reason is true.

use rslim::evidence::{Evidence, Use};
use rslim::layer::EntryKind;
use rslim::slim::{
    By, Decisions, Image, Kind, Options, Rules, Tier, UnitId, Verdict, decide, decide_without,
    explain,
};
use rslim::tree::NodeId;

use super::Lab;
use crate::fixtures::showcase::service;

fn with_image(check: impl FnOnce(&Image)) {
    let lab = Lab::new(&service());
    super::with_image(lab.image(), check);
}

fn kept(decisions: &Decisions) -> impl Iterator<Item = (NodeId, By, Kind)> {
    let verdicts = decisions.verdicts.iter().enumerate();
    verdicts.filter_map(|(node, verdict)| match verdict {
        Some(Verdict::Kept(reason)) => Some((node as NodeId, reason.by, reason.kind)),
        _ => None,
    })
}

#[test]
fn every_chain_ends_at_something_that_needs_no_reason() {
    with_image(|image| {
        let rules = Rules::builtin().unwrap();
        let subject = image.subject();
        let mut evidence = Evidence::default();
        evidence.add(b"/usr/bin/grep", Use::Exec, b"/usr/bin/dash");
        for tier in [Tier::Safe, Tier::Package, Tier::File, Tier::Used] {
            let options = Options {
                tier,
                evidence: evidence.clone(),
                ..Options::default()
            };
            let decisions = decide(&subject, &rules, &options).unwrap();
            for (node, by, _) in kept(&decisions) {
                let mut at = by;
                let mut steps = 0;
                while at != By::Itself {
                    steps += 1;
                    assert!(steps < 100, "the chain of {node} leads around in a circle");
                    at = match at {
                        By::Node(by) => match &decisions.verdicts[by as usize] {
                            Some(Verdict::Kept(reason)) if reason.kind == Kind::Directory => break,
                            Some(Verdict::Kept(reason)) => reason.by,
                            other => panic!("{node} hangs on {by}, which is {other:?}"),
                        },
                        By::Unit(unit) => match &decisions.units[unit as usize] {
                            Some(reason) => reason.by,
                            None => panic!("{node} hangs on package {unit}, which is gone"),
                        },
                        By::Itself => unreachable!(),
                    };
                }
            }
        }
    });
}

/// Takes away the step that each path claims to hang on: then it must be gone,
/// or hang on something else.
#[test]
fn every_path_hangs_on_the_step_that_it_claims() {
    with_image(|image| {
        let rules = Rules::builtin().unwrap();
        let subject = image.subject();
        let options = Options {
            tier: Tier::Package,
            ..Options::default()
        };
        let decisions = decide(&subject, &rules, &options).unwrap();
        let mut gone = 0;
        let mut tried = 0;
        for (node, by, kind) in kept(&decisions) {
            // Directories stay with what they hold or whose they are, which has
            // steps of its own.
            let directory = image.tree().kind(node) == EntryKind::Directory;
            if by == By::Itself || directory {
                continue;
            }
            tried += 1;
            let without = Some((by, node));
            let other = decide_without(&subject, &rules, &options, without).unwrap();
            match &other.verdicts[node as usize] {
                Some(Verdict::Kept(reason)) => assert_ne!(
                    (reason.by, reason.kind),
                    (by, kind),
                    "{:?} stays by a step that is not there",
                    String::from_utf8_lossy(&image.tree().path(node))
                ),
                _ => gone += 1,
            }
        }
        // Most have this one reason only.
        assert!(tried > 20 && gone > tried / 3, "{gone} of {tried}");
    });
}

#[test]
fn every_path_that_goes_says_why() {
    with_image(|image| {
        let rules = Rules::builtin().unwrap();
        let subject = image.subject();
        let decisions = decide(&subject, &rules, &Options::default()).unwrap();
        for node in image.tree().paths() {
            let told = explain(&subject, &rules, &decisions, node);
            assert_eq!(told.kept, decisions.keeps(node));
            assert!(!told.steps.is_empty() && told.steps.iter().all(|step| !step.is_empty()));
        }
        let units = decisions.units.len() as UnitId;
        assert_eq!(units, 12);
    });
}
