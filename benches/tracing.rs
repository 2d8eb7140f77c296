//! How much longer a program of an image takes when its look-ups are recorded.
//!
//! ```console
//! $ cargo bench --bench tracing -- IMAGE.tar [--rounds N] [-- WORD...]
//! ```
//!
//! Runs the image's program, or the words, to its end in the same container with and without a
//! recorder, turn and turn about, and prints medians and their ratio. Each run has a container of
//! its own, whose making counts too.

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rslim::codec::Limits;
use rslim::layer::NoProgress;
use rslim::replay::{Launching, launch};
use rslim::rewrite::RangeChoice;
use rslim::sink::{self, Destination};
use rslim::slim::Image;
use rslim::source::{self, OpenOptions, Opened};
use rslim::squash::{Request, Shape};
use rslim::trace::{self, Container, Mapping, Runner, Spec, Status, Tracer, contain};

const LONGEST: Duration = Duration::from_secs(600);

struct Wanted {
    image: String,
    rounds: usize,
    words: Vec<String>,
}

fn main() -> ExitCode {
    if let Some(status) = contain::serve_if_asked() {
        return ExitCode::from(status);
    }
    let Some(wanted) = wanted() else {
        eprintln!("cargo bench --bench tracing -- IMAGE.tar [--rounds N] [-- WORD...]");
        // `cargo bench` runs every bench without words.
        return ExitCode::SUCCESS;
    };
    match compare(&wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tracing: {error}");
            ExitCode::FAILURE
        }
    }
}

fn wanted() -> Option<Wanted> {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let mut wanted = Wanted {
        image: words.next()?,
        rounds: 11,
        words: Vec::new(),
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--rounds" => wanted.rounds = words.next()?.parse().ok()?,
            "--" => wanted.words.extend(words.by_ref()),
            _ => return None,
        }
    }
    Some(wanted)
}

fn compare(wanted: &Wanted) -> Result<(), Box<dyn Error>> {
    let Opened::Image(open) = source::open(&wanted.image.parse()?, &OpenOptions::default())? else {
        return Err("the image must be a file".into());
    };
    let nowhere = Destination::DockerArchive("nowhere.tar".into());
    let image = Image::read(
        open,
        &Request {
            range: RangeChoice::All,
            shape: Shape::Fold,
            destination: &nowhere,
            writing: sink::OpenOptions::default(),
            encoding: None,
            names: Vec::new(),
            created: None,
            created_by: String::new(),
            limits: Limits::default(),
            jobs: 2,
            progress: &NoProgress,
        },
    )?;
    let subject = image.subject();
    let mut spec = launch(subject.view, image.config(), &Launching::default())?;
    if !wanted.words.is_empty() {
        spec.argv.clone_from(&wanted.words);
    }
    let mapping = Mapping::detect((spec.uid, spec.gid))?;
    let runner = Runner::default();
    let dir = tempfile::tempdir()?;
    spec.root = dir.path().join("root");
    let (reader, mut writer) = std::io::pipe()?;
    std::thread::scope(|scope| -> Result<(), Box<dyn Error>> {
        let limits = Limits::default();
        let image = &image;
        let writing = scope.spawn(move || image.write_tree(&mut writer, &limits));
        trace::unpack(&runner, &mapping, &spec.root, reader, None)?;
        Ok(writing.join().map_err(|_| "the writer broke")??)
    })?;
    let tracers = [Tracer::None, Tracer::Seccomp, Tracer::Ptrace];
    let mut times = [const { Vec::new() }; 3];
    for round in 0..=wanted.rounds {
        for (times, &tracer) in times.iter_mut().zip(&tracers) {
            let took = time(
                &runner,
                &mapping,
                &Spec {
                    tracer,
                    ..spec.clone()
                },
            )?;
            // The first round fills caches.
            if round > 0 {
                times.push(took);
            }
        }
    }
    trace::remove(&runner, &mapping, &spec.root)?;
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    for (tracer, median) in tracers.iter().zip(medians) {
        let ratio = median / medians[0];
        println!("{tracer:?}: median {median:.3} s, {ratio:.2} times the one that is not recorded");
    }
    Ok(())
}

fn time(runner: &Runner, mapping: &Mapping, spec: &Spec) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let container = Container::start(runner, mapping, spec)?;
    let status = container.wait_main(LONGEST);
    let took = begun.elapsed();
    let logs = container.logs();
    container.stop(Duration::ZERO)?;
    match status {
        Some(Status::Exited(0)) => Ok(took),
        other => Err(format!(
            "the program ended with {other:?}: {}",
            String::from_utf8_lossy(&logs.stderr)
        )
        .into()),
    }
}
