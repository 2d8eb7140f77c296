//! What happens in the containers that images are run in: what is recorded, what programs find
//! there, and what is left when they are gone.
//!
//! Most of it goes through the library, which gives the events themselves; the programs are in
//! `fixtures/programs`.

mod calls;
mod docker;
mod killed;
mod many;
mod misbehaving;
mod oracle;
mod races;
mod stop;
mod unchanged;
mod users;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rslim::trace::{
    Container, Kind, Limits, Maker, Mapping, Network, Run, Runner, Spec, Tracer, remove, unpack,
};
use tempfile::TempDir;

use crate::fixtures::ImageBuilder;
use crate::fixtures::tar::{Entry, LayerBuilder};
use crate::program::Ran;
use crate::slim::Lab;

/// Longer than any program of these tests takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether what cannot be tested here must fail.
fn required() -> bool {
    std::env::var_os("RSLIM_REQUIRE_PEERS").is_some()
}

/// Says that a test is left out, which must not be where everything is required.
fn left_out(why: &str) {
    assert!(!required(), "{why}");
    eprintln!("left out: {why}");
}

/// A program of `fixtures/programs`; `None` where there is no compiler.
fn built(source: &'static str) -> Option<&'static [u8]> {
    let program = crate::program::compiled(source);
    if program.is_none() {
        left_out("there is no C compiler");
    }
    program
}

/// The program that is built makes containers.
fn runner() -> Runner {
    Runner {
        program: env!("CARGO_BIN_EXE_rslim").into(),
        ..Runner::default()
    }
}

/// An unpacked tree with the programs in it, to make containers on.
struct Ground {
    _dir: TempDir,
    root: PathBuf,
    mapping: Mapping,
}

impl Drop for Ground {
    fn drop(&mut self) {
        // Some of its files may belong to users that only a namespace has.
        let _ = remove(&runner(), &self.mapping, &self.root);
    }
}

/// The tree of a layer and the programs; `None` where containers cannot be made here.
fn ground(layer: LayerBuilder) -> Option<Ground> {
    let (paths, inside) = (built("paths.c")?, built("inside.c")?);
    let programs = LayerBuilder::new()
        .dirs(["bin", "etc", "tmp"])
        .entry(Entry::file("bin/paths", paths).mode(0o755))
        .entry(Entry::file("bin/inside", inside).mode(0o755))
        .file("etc/passwd", "root:x:0:0::/root:\nweb:x:33:34::/srv:\n");
    let tar = [programs.finish_without_end(), layer.finish()].concat();
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let mapping = Mapping::detect((0, 0)).unwrap();
    let ground = match unpack(&runner(), &mapping, &root, &tar[..], None) {
        Ok(_) => Ground {
            _dir: dir,
            root,
            mapping,
        },
        Err(error) => {
            left_out(&format!("images cannot be unpacked here: {error}"));
            return None;
        }
    };
    static WORKS: OnceLock<Result<(), String>> = OnceLock::new();
    let works = WORKS.get_or_init(|| {
        let spec = ground.spec(&["/bin/paths", "/nothing"]);
        let started = Container::start(&runner(), &ground.mapping, &spec);
        started.map(drop).map_err(|error| error.to_string())
    });
    match works {
        Ok(()) => Some(ground),
        Err(why) => {
            left_out(&format!("containers cannot be made here: {why}"));
            None
        }
    }
}

impl Ground {
    /// A program as an image with no settings starts it.
    fn spec(&self, argv: &[&str]) -> Spec {
        Spec {
            root: self.root.clone(),
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            env: Vec::new(),
            cwd: "/".to_owned(),
            uid: 0,
            gid: 0,
            groups: Vec::new(),
            hostname: "inside".to_owned(),
            volumes: Vec::new(),
            network: Network::Loopback,
            stop_signal: 15,
            limits: Limits::default(),
            maker: Maker::Own,
            tracer: Tracer::Seccomp,
            witness: false,
            calls: false,
            absent: Vec::new(),
            contents: Vec::new(),
        }
    }

    fn start(&self, spec: &Spec) -> Container {
        Container::start(&runner(), &self.mapping, spec).unwrap()
    }

    /// Runs a program to its end.
    #[track_caller]
    fn run(&self, spec: &Spec) -> Run {
        let container = self.start(spec);
        let ended = container.wait_main(PATIENCE);
        let run = container.stop(Duration::ZERO).unwrap();
        let said = String::from_utf8_lossy(&run.logs.stderr);
        assert!(ended.is_some(), "{:?} does not end: {said}", spec.argv);
        assert_eq!(run.over_limit, None);
        assert_eq!(run.warnings, [""; 0]);
        run
    }

    /// As [`Ground::run`]; the program must be content with how it went.
    #[track_caller]
    fn fine(&self, spec: &Spec) -> Run {
        let run = self.run(spec);
        let said = String::from_utf8_lossy(&run.logs.stderr);
        let fine = rslim::trace::Status::Exited(0);
        assert_eq!(run.status, fine, "{:?}: {said}", spec.argv);
        run
    }
}

/// What happened below a folder, as `read dir/file`.
fn below(run: &Run, folder: &str) -> BTreeSet<String> {
    let events = run.events.iter().filter_map(|event| {
        let path = String::from_utf8_lossy(&event.path);
        let rest = path.strip_prefix(folder)?;
        let rest = match rest {
            "" => ".",
            rest => rest.strip_prefix('/')?,
        };
        Some(format!("{} {rest}", word(event.kind)))
    });
    events.collect()
}

fn word(kind: Kind) -> String {
    format!("{kind:?}").to_lowercase()
}

/// An image with the programs, and a place for a cache.
struct Stage {
    lab: Lab,
}

/// The image of a layer and the programs; `None` where containers cannot be made here.
fn staged(layer: LayerBuilder, change: impl FnOnce(ImageBuilder) -> ImageBuilder) -> Option<Stage> {
    // Says whether they can.
    ground(LayerBuilder::new())?;
    let (paths, inside) = (built("paths.c")?, built("inside.c")?);
    let base = LayerBuilder::new()
        .dirs(["bin", "etc", "tmp"])
        .entry(Entry::file("bin/paths", paths).mode(0o755))
        .entry(Entry::file("bin/inside", inside).mode(0o755))
        .file("etc/passwd", "root:x:0:0::/root:\nweb:x:33:34::/srv:\n");
    let image =
        ImageBuilder::of_layers([base.finish(), layer.finish()]).entrypoint(&["/bin/inside"]);
    let lab = Lab::new(&change(image));
    Some(Stage { lab })
}

impl Stage {
    fn cache(&self) -> PathBuf {
        self.lab.path("cache")
    }

    /// `rslim` with the cache.
    fn rslim(&self, words: &[&str]) -> Ran {
        let cache = self.cache();
        crate::program::rslim_with(words, &[("RSLIM_CACHE_DIR", cache.to_str().unwrap())])
    }

    /// `rslim slim` of the image at tier `file`.
    fn slim(&self, words: &[&str]) -> Ran {
        let out = self.lab.path("small.tar");
        let all = [
            "slim",
            self.lab.image(),
            "--tier",
            "file",
            "-o",
            out.to_str().unwrap(),
        ];
        self.rslim(&[&all, words].concat())
    }
}

/// Waits, not for ever.
#[track_caller]
fn wait_for(what: &str, is: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Processes that have the words in their arguments or variables.
fn processes_with(words: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let all = all.filter_map(|entry| {
        let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
        let (line, variables) = (read("cmdline"), read("environ"));
        let has = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(words);
        let name = String::from_utf8_lossy(&line).replace('\0', " ");
        (has(&line) || has(&variables)).then(|| format!("{:?}: {name}", entry.file_name()))
    });
    all.collect()
}
