//! A result that lacks something is found out, and mended.

use std::path::Path;

use rslim::codec::Limits;
use rslim::evidence::Use;
use rslim::probe::{self, Plan};
use rslim::replay::{Launching, Observed, Runs, Settled, Trees, launch, settle};
use rslim::slim::{Ground, Image, Options, Rules, Tier, Verdict};
use rslim::trace::{Mapping, Runner};

use super::staged;

/// Runs the image, has `spoil` change what was seen, and settles.
fn settled(image: &Image, cache: &Path, spoil: impl FnOnce(&mut Observed)) -> Settled {
    let rules = Rules::builtin().unwrap();
    let subject = image.subject();
    let spec = launch(subject.view, image.config(), &Launching::default()).unwrap();
    let mapping = Mapping::detect((spec.uid, spec.gid)).unwrap();
    let runner = Runner {
        program: env!("CARGO_BIN_EXE_rslim").into(),
        ..Runner::default()
    };
    let limits = Limits::default();
    let trees = Trees::at(cache.to_owned());
    let cached = trees.unpacked(&runner, &mapping, "image", |out| {
        Ok(image.write_tree(out, &limits)?)
    });
    let cached = cached.unwrap();
    let runs = Runs::new(&runner, &mapping, spec, image.config(), &|_| {});
    let plan = Plan {
        probes: vec![
            probe::http("/file/one").unwrap(),
            probe::http("/file/way").unwrap(),
        ],
    };
    let mut whole = runs.whole(&cached.root, &plan, None).unwrap();
    spoil(&mut whole);
    let ground = Ground {
        image,
        subject: &subject,
        rules: &rules,
        target: None,
        limits: &limits,
    };
    let options = Options {
        tier: Tier::File,
        ..Options::default()
    };
    settle(&ground, options, &runs, &cached.root, &whole).unwrap()
}

#[test]
fn what_was_taken_out_by_mistake_is_named_and_put_back() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    crate::slim::with_image(stage.lab.image(), |image| {
        let whole = settled(image, &stage.cache, |_| {});
        assert_eq!(whole.verification.rounds, 1);
        assert!(whole.verification.added.is_empty());
        let kept = |settled: &Settled, path: &str| {
            let node = image.tree().find(path.as_bytes()).unwrap();
            let verdict = &settled.proposal.climb.decisions.verdicts[node as usize];
            matches!(verdict, Some(Verdict::Kept(_)))
        };
        // A file, and the end of a chain of links, without which the links are gone too.
        for (path, missed) in [("one", "one"), ("two", "way")] {
            let path = format!("/usr/share/thing/{path}");
            let missed = format!("/usr/share/thing/{missed}");
            let mended = settled(image, &stage.cache, |whole| {
                whole.events.retain(|event| event.path != path.as_bytes());
            });
            let verification = &mended.verification;
            assert_eq!(verification.added, [missed.as_str()]);
            assert_eq!(verification.rounds, 2);
            assert!(verification.deviations.is_empty(), "{verification:?}");
            assert!(verification.missing.is_empty(), "{verification:?}");
            assert!(kept(&mended, path.trim_start_matches('/')));
            let used = &mended.evidence.paths[missed.as_bytes()];
            assert!(used.how.contains(&Use::Missed));
        }
        let mended = settled(image, &stage.cache, |whole| {
            let thing = b"/usr/share/thing/";
            whole.events.retain(|event| !event.path.starts_with(thing));
        });
        for name in ["one", "two", "way", "other"] {
            assert!(kept(&mended, &format!("usr/share/thing/{name}")), "{name}");
        }
        assert!(mended.verification.deviations.is_empty());
        assert!(
            !kept(&mended, "usr/share/thing/linked"),
            "nobody asked for it"
        );
    });
}
