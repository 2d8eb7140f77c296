//! `rslim slim`.

pub(super) mod keeping;
mod running;
mod target;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use self::keeping::KeepingArguments;
use self::running::RunningArguments;
pub(super) use self::target::size;
use super::arguments::{FormatArgument, ReportArguments};
use super::destination::{FORMS, destination, spare};
use super::failure::Failure;
use super::image::{ImageArguments, locate};
use super::output::write_file;
use super::progress::Bars;
use super::result::ResultArguments;
use super::squash::range::base_layers;
use super::{Outcome, terminal};
use crate::replay::Verification;
use crate::report::slim as report;
use crate::rewrite::RangeChoice;
use crate::sink::{self, Destination};
use crate::slim::{self, Climb, Fault, Ground, Image, Proposal, Rules, SlimError, Subject};
use crate::source::{Locator, OpenImage};
use crate::squash::{Request, Shape, Squashed};

/// Makes an image smaller: what it does not need is left out
///
/// Computes what the entry point can reach: shared libraries, scripts and their
/// commands, settings, plugins, packages of Python and Node and what they
/// depend on. With probes the image is run too, without a daemon, and what it
/// uses then stays as well; the result is run with the same probes, and must
/// answer them alike. Package databases are reduced to what stayed, and the
/// result is checked before it appears under its name. `rslim why` tells the
/// reason for each path.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{FORMS}\n\n{EXIT_STATUS}"))]
pub(super) struct SlimCommand {
    /// File, folder or name of the image (`rslim analyze --help` lists the forms)
    image: String,

    /// Where the result goes (--help lists the forms)
    #[arg(short, long, value_name = "DEST", required_unless_present = "dry_run")]
    output: Option<String>,

    /// Write no image: decide, check and report only
    #[arg(long, conflicts_with = "output")]
    dry_run: bool,

    #[command(flatten)]
    keeping: KeepingArguments,

    #[command(flatten)]
    running: RunningArguments,

    /// Go from tier to tier until the files have at most this size, such as 80MB
    #[arg(long, value_name = "SIZE", value_parser = target::size, conflicts_with = "tier", help_heading = "What stays")]
    target_size: Option<u64>,

    /// Leave the layers of the base image as they are, so that they stay shared; history
    /// tells where it ends, or IMAGE
    #[arg(
        long,
        value_name = "IMAGE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto",
        help_heading = "What stays"
    )]
    keep_base: Option<String>,

    /// Make each layer smaller instead of making one of all, so that layers that images have
    /// in common stay so
    #[arg(long, help_heading = "Result")]
    per_layer: bool,

    #[command(flatten)]
    result: ResultArguments,

    #[command(flatten)]
    image_arguments: ImageArguments,

    #[command(flatten)]
    report_arguments: ReportArguments,

    /// Write every path with what was decided and why to FILE, as JSON
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    report: Option<PathBuf>,

    /// Rows of the list of what goes
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Output")]
    top: usize,

    /// Print nothing but errors
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

const EXIT_STATUS: &str = "\
Exit status: 0 fine, 1 the result would lack something that the image has, or cannot be as
small as asked for, 2 wrong usage or unreadable image, 130 interrupted.";

/// Where `--dry-run` would write.
const NOWHERE: &str = "dry-run.tar";

pub(super) fn run(command: &SlimCommand) -> Result<Outcome, Failure> {
    command.running.prepare()?;
    command.image_arguments.use_threads();
    let place = command.output.as_deref().unwrap_or(NOWHERE);
    let (destination, given) = destination(place)?;
    let locator = locate(&command.image)?;
    if !command.dry_run {
        spare(&destination, &locator)?;
    }
    let open = command.image_arguments.open_kept(&locator)?;
    let mut options = command.keeping.options(&open)?;
    let plan = command.running.plan()?;
    let bars = Bars::new(command.quiet);
    let mut request = request(command, &destination, &locator, &open, &bars)?;
    request.names = command.result.names(&destination, given);
    let failed = |error: SlimError| failure(&command.image, &error);
    let image = Image::read(open, &request).map_err(failed)?;
    bars.clear();
    options.kept_layers = image.kept_layers();
    let rules = Rules::builtin().map_err(failed)?;
    let subject = image.subject();
    let ground = Ground {
        image: &image,
        subject: &subject,
        rules: &rules,
        target: command.target_size,
        limits: &request.limits,
    };
    let (proposal, verification) = match &plan {
        None => {
            command.running.save_given(&options.evidence)?;
            (slim::propose(&ground, &options).map_err(failed)?, None)
        }
        Some(plan) => {
            let running = &command.running;
            let settled = running.settle(&command.image, &ground, plan, options, command.quiet)?;
            (settled.proposal, Some(settled.verification))
        }
    };
    let Proposal {
        climb,
        overlay,
        faults,
    } = proposal;
    request.created_by = format!("rslim slim --tier {}", climb.tier.name());
    if let Some(file) = &command.report {
        write_report(file, &subject, &rules, &climb)?;
    }
    if !command.quiet {
        tell(&image, &climb);
    }
    let differs = verification
        .as_ref()
        .is_some_and(|verification| answers_differ(&command.image, verification, command.quiet));
    if too_large(command, &climb) || lacks(&command.image, &faults) || differs {
        return Ok(Outcome::Findings);
    }
    let written = match command.dry_run {
        true => None,
        false => Some(image.write(overlay, &request).map_err(failed)?),
    };
    bars.clear();
    if !command.quiet {
        print(
            command,
            place,
            &climb,
            written.as_ref(),
            verification.as_ref(),
        )?;
    }
    Ok(Outcome::Fine)
}

fn request<'a>(
    command: &SlimCommand,
    destination: &'a Destination,
    locator: &Locator,
    open: &OpenImage,
    bars: &'a Bars,
) -> Result<Request<'a>, Failure> {
    let image = &command.image_arguments;
    let range = match &command.keep_base {
        None => RangeChoice::All,
        Some(base) => RangeChoice::Above(base_layers(base, image, open)?),
    };
    let read_from = match locator {
        Locator::Registry(name) => name.parse().ok(),
        _ => None,
    };
    Ok(Request {
        range,
        shape: match command.per_layer {
            true => Shape::Apart,
            false => Shape::Fold,
        },
        destination,
        writing: sink::OpenOptions {
            registry: image.registry.options(),
            read_from,
        },
        encoding: command.result.encoding(ZSTD_LEVEL)?,
        names: Vec::new(),
        created: command.result.created(),
        created_by: String::new(),
        limits: image.reading.limits(),
        jobs: image.reading.jobs(),
        progress: bars,
    })
}

/// Usual level of zstd.
const ZSTD_LEVEL: i32 = 3;

pub(super) fn failure(image: &str, error: &SlimError) -> Failure {
    let failure = Failure::of(image, error);
    match error {
        SlimError::NoEntry => failure.help(
            "name what is run with --include-bin, or what to keep with --preserve; \
             --tier safe needs neither",
        ),
        SlimError::NoEvidence => {
            failure.help("give a probe such as --probe-http /, or --evidence FILE of earlier runs")
        }
        SlimError::NoProgram { .. } => failure.help(
            "the image cannot be started as it is; --tier safe makes it smaller all the same",
        ),
        _ => failure,
    }
}

/// Warnings, and how much is not certain.
fn tell(image: &Image, climb: &Climb) {
    for warning in image.warnings.iter().chain(&climb.decisions.warnings) {
        terminal::warn(warning);
    }
    match climb.decisions.notes.len() {
        0 => {}
        1 => terminal::note("1 place loads what only a run would tell; --report FILE names it"),
        places => terminal::note(&format!(
            "{places} places load what only a run would tell; --report FILE names them"
        )),
    }
}

fn too_large(command: &SlimCommand, climb: &Climb) -> bool {
    let Some(target) = command.target_size else {
        return false;
    };
    if climb.summary.kept.bytes <= target {
        return false;
    }
    let tried: Vec<String> = climb
        .tried
        .iter()
        .map(|(tier, bytes)| format!("{} leaves {bytes}", tier.name()))
        .collect();
    terminal::report_failure(
        &Failure::new(format!(
            "{}: no tier leaves {target} bytes of files: {}",
            command.image,
            tried.join(", ")
        ))
        .help("ask for a larger --target-size, or take out more with --exclude"),
    );
    true
}

/// Says what the result answers differently.
fn answers_differ(image: &str, verification: &Verification, quiet: bool) -> bool {
    const SHOWN: usize = 10;
    let missing = verification.missing.iter().take(SHOWN);
    let missing: Vec<&str> = missing.map(String::as_str).collect();
    if verification.deviations.is_empty() {
        if !missing.is_empty() && !quiet {
            terminal::warn(&format!(
                "the result answers alike, but looks in vain for {}",
                missing.join(", ")
            ));
        }
        return false;
    }
    let mut text = format!("{image}: the result answers differently, and was not written");
    for deviation in verification.deviations.iter().take(SHOWN) {
        text += &format!("\n  {}: {}", deviation.probe, deviation.how);
    }
    if verification.deviations.len() > SHOWN {
        text += &format!("\n  … and {} more", verification.deviations.len() - SHOWN);
    }
    if !missing.is_empty() {
        text += &format!("\n  it looks in vain for {}", missing.join(", "));
    }
    let help = match missing.is_empty() {
        true => {
            "keep more with --tier or --preserve; where the answer differs each time, ask for \
                 something else"
        }
        false => "keep what is missing with --preserve, or take less out with --exclude",
    };
    terminal::report_failure(&Failure::new(text).help(help));
    true
}

/// Says what the result would lack.
fn lacks(image: &str, faults: &[Fault]) -> bool {
    const SHOWN: usize = 10;
    if faults.is_empty() {
        return false;
    }
    let mut text = format!("{image}: the result would lack something, and was not written");
    for fault in faults.iter().take(SHOWN) {
        text += &format!("\n  {} {}", fault.path, fault.what);
    }
    if faults.len() > SHOWN {
        text += &format!("\n  … and {} more", faults.len() - SHOWN);
    }
    let help = "keep what is missing with --preserve, or take less out with --exclude";
    terminal::report_failure(&Failure::new(text).help(help));
    true
}

fn write_report(
    file: &std::path::Path,
    subject: &Subject<'_>,
    rules: &Rules,
    climb: &Climb,
) -> Result<(), Failure> {
    let written = write_file(file, |out| report::decisions(subject, rules, climb, out));
    written.map_err(|error| Failure::writing(&file.display().to_string(), &error))
}

fn print(
    command: &SlimCommand,
    place: &str,
    climb: &Climb,
    written: Option<&Squashed>,
    verification: Option<&Verification>,
) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = report::Done {
        climb,
        written,
        place,
        verification,
    };
    let written = match command.report_arguments.format {
        FormatArgument::Json => report::json(&done, &mut out),
        FormatArgument::Text => {
            let color = command.report_arguments.color();
            report::text(&done, color, command.top, &mut out)
        }
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing("standard output", &error))
}
