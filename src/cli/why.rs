//! `rslim why`.

use std::io::{self, Write};

use clap::Args;

use super::Outcome;
use super::arguments::{FormatArgument, ReportArguments};
use super::failure::Failure;
use super::image::{ImageArguments, locate};
use super::progress::Bars;
use super::slim::{failure, keeping::KeepingArguments};
use crate::report::slim as report;
use crate::rewrite::RangeChoice;
use crate::sink::{self, Destination};
use crate::slim::{Image, Rules, SlimError, decide, explain};
use crate::squash::{Request, Shape};

/// Tells why `rslim slim` would keep a path of an image, or leave it out
///
/// A path that stays has a chain of reasons from the image's configuration to
/// it; one that goes has what it is, and what is nearest to it that stays.
#[derive(Debug, Args)]
#[command(after_long_help = EXIT_STATUS)]
pub(super) struct WhyCommand {
    /// File, folder or name of the image (`rslim analyze --help` lists the forms)
    image: String,

    /// Path in the image; several are told one after another
    #[arg(required = true)]
    paths: Vec<String>,

    #[command(flatten)]
    keeping: KeepingArguments,

    #[command(flatten)]
    image_arguments: ImageArguments,

    #[command(flatten)]
    report: ReportArguments,
}

const EXIT_STATUS: &str = "\
Exit status: 0 fine, whether the paths stay or not; 2 wrong usage, unreadable image, or a path
that is not in the image; 130 interrupted.";

pub(super) fn run(command: &WhyCommand) -> Result<Outcome, Failure> {
    command.image_arguments.use_threads();
    let locator = locate(&command.image)?;
    let open = command.image_arguments.open_kept(&locator)?;
    let options = command.keeping.options(&open)?;
    let bars = Bars::new(false);
    let nowhere = Destination::DockerArchive("nowhere.tar".into());
    let request = Request {
        range: RangeChoice::All,
        shape: Shape::Fold,
        destination: &nowhere,
        writing: sink::OpenOptions {
            registry: command.image_arguments.registry.options(),
            read_from: None,
        },
        encoding: None,
        names: Vec::new(),
        created: None,
        created_by: String::new(),
        limits: command.image_arguments.reading.limits(),
        jobs: command.image_arguments.reading.jobs(),
        progress: &bars,
    };
    let failed = |error: SlimError| failure(&command.image, &error);
    let image = Image::read(open, &request).map_err(failed)?;
    bars.clear();
    let rules = Rules::builtin().map_err(failed)?;
    let subject = image.subject();
    let decisions = decide(&subject, &rules, &options).map_err(failed)?;
    let mut found = Vec::new();
    for path in &command.paths {
        let node = image.tree().locate(path.as_bytes()).ok_or_else(|| {
            Failure::new(format!("{}: {path} is not in the image", command.image))
                .help("`rslim analyze --format tree` lists all paths")
        })?;
        found.push((node, explain(&subject, &rules, &decisions, node)));
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match command.report.format {
        FormatArgument::Json => report::explanations_json(&subject, &found, &mut out),
        FormatArgument::Text => {
            report::explanations(&subject, &found, command.report.color(), &mut out)
        }
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing("standard output", &error))?;
    Ok(Outcome::Fine)
}
