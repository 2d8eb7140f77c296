//! A result that lacks something is found out, and mended.

use std::path::Path;

use rslim::codec::Limits;
use rslim::evidence::Use;
use rslim::probe::{self, Plan};
use rslim::replay::{Launching, Observed, Runs, Settled, Trees, launch, settle};
use rslim::slim::{Ground, Image, Options, Rules, Tier, Verdict};
use rslim::trace::{Mapping, Runner};

use super::staged;
use crate::fixtures::tar::LayerBuilder;

/// Asks the image for these, has `spoil` change what was seen, and settles.
fn settled_at(
    (tier, paths): (Tier, &[&str]),
    image: &Image,
    cache: &Path,
    spoil: impl FnOnce(&mut Observed),
) -> Settled {
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
    let probes = paths.iter().map(|path| probe::http(path).unwrap());
    let plan = Plan {
        probes: probes.collect(),
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
        tier,
        ..Options::default()
    };
    settle(&ground, options, &runs, &cached.root, &whole).unwrap()
}

fn settled(image: &Image, cache: &Path, spoil: impl FnOnce(&mut Observed)) -> Settled {
    let asked: &[&str] = &["/file/one", "/file/way"];
    settled_at((Tier::File, asked), image, cache, spoil)
}

#[test]
fn a_directory_to_write_to_is_put_back_with_the_link_that_leads_there() {
    let Some(stage) = staged(|image| {
        let moved = LayerBuilder::new()
            .dirs(["srv", "srv/real"])
            .file("srv/real/left", "of the build\n")
            .symlink("usr/share/thing", "/srv/real");
        image.layer(moved.finish(), "RUN mv thing /srv/real")
    }) else {
        return;
    };
    crate::slim::with_image(stage.lab.image(), |image| {
        let what: (_, &[&str]) = (Tier::Used, &["/write/new"]);
        let whole = settled_at(what, image, &stage.cache, |_| {});
        assert_eq!(whole.verification.rounds, 1, "{:?}", whole.verification);
        let mended = settled_at(what, image, &stage.cache, |whole| {
            let of = |path: &[u8], dir: &[u8]| path.starts_with(dir);
            whole.events.retain(|event| {
                !of(&event.path, b"/usr/share/thing") && !of(&event.path, b"/srv/real")
            });
        });
        let verification = &mended.verification;
        assert_eq!(verification.added, ["/usr/share/thing"]);
        assert_eq!(verification.rounds, 2);
        assert!(verification.deviations.is_empty(), "{verification:?}");
        let decisions = &mended.proposal.climb.decisions;
        for (path, stays) in [("srv/real", true), ("srv/real/left", false)] {
            let node = image.tree().find(path.as_bytes()).unwrap();
            assert_eq!(decisions.keeps(node), stays, "{path}");
        }
    });
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
