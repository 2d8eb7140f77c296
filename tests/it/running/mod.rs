//! Images that are run, without a daemon: what they use stays, and what is made of them answers as
//! they do.

mod limits;
mod probes;
mod repair;
mod result;
mod runners;

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::fixtures::ImageBuilder;
use crate::fixtures::tar::{Entry, LayerBuilder};
use crate::program::Ran;
use crate::slim::Lab;

/// An image that serves, and a cache for running it.
pub struct Stage {
    lab: Lab,
    cache: PathBuf,
}

/// The usual image with one change; `None` where containers cannot be made here.
fn staged(change: impl FnOnce(ImageBuilder) -> ImageBuilder) -> Option<Stage> {
    let required = std::env::var_os("RSLIM_REQUIRE_PEERS").is_some();
    let Some(program) = crate::program::compiled("server.c") else {
        assert!(!required, "there is no C compiler");
        return None;
    };
    let base = LayerBuilder::new()
        .entry(Entry::file("bin/server", program).mode(0o755))
        .dir("etc", 0o755)
        .file(
            "etc/passwd",
            "root:x:0:0::/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\n",
        )
        .file("etc/group", "root:x:0:\nwww:x:34:\nmore:x:40:web\n")
        .dir("usr", 0o755)
        .dir("usr/share", 0o755)
        .dir("usr/share/thing", 0o777)
        .file("usr/share/thing/one", "1\n")
        .file("usr/share/thing/two", "2\n")
        .file("usr/share/thing/linked", "3\n")
        .symlink("usr/share/thing/way", "other")
        .symlink("usr/share/thing/other", "two");
    let image = ImageBuilder::of_layers([base.finish()])
        .entrypoint(&["/bin/server"])
        .cmd(&["serve", "8080"])
        .run_field("ExposedPorts", serde_json::json!({"8080/tcp": {}}));
    let lab = Lab::new(&change(image));
    let cache = lab.path("cache");
    let stage = Stage { lab, cache };
    static WORKS: OnceLock<Result<(), String>> = OnceLock::new();
    let works = WORKS.get_or_init(|| {
        let ran = stage.slim(&["--dry-run", "--probe-tcp", "8080", "--no-healthcheck"]);
        // Whatever else is wrong, the tests will show it.
        let refused = ["make a user namespace", "namespaces", "mount"];
        let refused = refused.iter().any(|what| ran.err.contains(what));
        match ran.err.contains("cannot run the image") && refused {
            true => Err(ran.err),
            false => Ok(()),
        }
    });
    match works {
        Ok(()) => Some(stage),
        Err(why) if required => panic!("containers cannot be made here: {why}"),
        Err(why) => {
            eprintln!("left out: {why}");
            None
        }
    }
}

impl Stage {
    /// `rslim slim`, at tier `file` into `small.tar` where the words say nothing else.
    fn slim(&self, words: &[&str]) -> Ran {
        let small = self.small();
        let mut all = vec!["slim", self.lab.image()];
        if !words.contains(&"--dry-run") {
            all.extend(["-o", small.to_str().unwrap()]);
        }
        if !words.contains(&"--tier") {
            all.extend(["--tier", "file"]);
        }
        all.extend_from_slice(words);
        self.rslim(&all)
    }

    fn rslim(&self, words: &[&str]) -> Ran {
        let cache = self.cache.to_str().unwrap();
        crate::program::rslim_with(words, &[("RSLIM_CACHE_DIR", cache)])
    }

    fn small(&self) -> PathBuf {
        self.lab.path("small.tar")
    }

    /// The names in `/usr/share/thing` that are left.
    #[track_caller]
    fn left(&self, words: &[&str]) -> Vec<String> {
        let ran = self.slim(words);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        let tree = crate::slim::tree(&self.small());
        let names = tree
            .keys()
            .filter_map(|path| path.strip_prefix("usr/share/thing/"));
        names.map(str::to_owned).collect()
    }
}
