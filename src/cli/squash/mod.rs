//! `rslim squash`.

pub(super) mod range;

use std::io::{self, Write};

use clap::Args;

use self::range::RangeArguments;
use super::arguments::{FormatArgument, ReportArguments};
use super::destination::{FORMS, destination, spare};
use super::diff::DiffFormat;
use super::failure::Failure;
use super::image::{ImageArguments, locate};
use super::output::Output;
use super::progress::Bars;
use super::result::ResultArguments;
use super::{Outcome, diff, terminal};
use crate::codec::Encoding;
use crate::report::squash as report;
use crate::rewrite::RangeChoice;
use crate::sink;
use crate::source::Locator;
use crate::squash::{Part, Request, Shape, Squashed, squash_all};

/// Makes layers of an image one, without changing its file system
///
/// Folds the layers of the range into a single one, so that files which later
/// layers deleted or stored again are in the image no more. Everything else
/// stays: metadata, hard links, extended attributes, configuration. The result
/// is read back and compared with the image before it appears under its name.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{FORMS}\n\n{EXIT_STATUS}"))]
pub(super) struct SquashCommand {
    /// File, folder or name of the image (`rslim analyze --help` lists the forms)
    image: String,

    /// Where the result goes (--help lists the forms)
    #[arg(short, long, value_name = "DEST", required_unless_present = "check")]
    output: Option<String>,

    /// Write nothing: compare IMAGE with what a tool made of it, and end with 1 when the
    /// file systems differ
    #[arg(long, value_name = "OTHER", conflicts_with = "output")]
    check: Option<String>,

    #[command(flatten)]
    range: RangeArguments,

    /// Make several layers instead of one, with alike files together, so that they
    /// compress well and are fetched in parallel
    #[arg(long, help_heading = "Shape")]
    repack: bool,

    /// About how many bytes of files each layer of --repack holds
    #[arg(long, value_name = "BYTES", requires = "repack", default_value_t = 1 << 30, help_heading = "Shape")]
    layer_size: u64,

    /// Keep the layers of the range apart, each without what the image does not show of it;
    /// those of which all is shown stay as they are
    #[arg(long, conflicts_with = "repack", help_heading = "Shape")]
    per_layer: bool,

    /// Keep all layers and change only their compression
    #[arg(long, conflicts_with_all = ["range", "repack", "per_layer"], requires = "compression", help_heading = "Shape")]
    recompress: bool,

    /// All platforms of the image, written as one index
    #[arg(long, conflicts_with = "platform", help_heading = "Shape")]
    all_platforms: bool,

    #[command(flatten)]
    result: ResultArguments,

    #[command(flatten)]
    image_arguments: ImageArguments,

    #[command(flatten)]
    report: ReportArguments,

    /// Print nothing but errors
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

const EXIT_STATUS: &str = "\
Exit status: 0 fine, 1 the result would not be the same file system, or --check found a
difference, 2 wrong usage or unreadable image, 130 interrupted.";

pub(super) fn run(command: &SquashCommand) -> Result<Outcome, Failure> {
    command.image_arguments.use_threads();
    if let Some(other) = &command.check {
        let format = match command.report.format {
            FormatArgument::Json => DiffFormat::Json,
            FormatArgument::Text => DiffFormat::Text,
        };
        let how = diff::Comparison {
            image: &command.image_arguments,
            plan: &[Output { format, file: None }],
            color: command.report.color,
            top: 50,
            quiet: command.quiet,
            verbose: false,
        };
        return match diff::show(&how, &command.image, other)? {
            true => Ok(Outcome::Fine),
            false => Ok(Outcome::Findings),
        };
    }
    // Without --check there is one: clap sees to it.
    let place = command.output.as_deref().unwrap_or_default();
    let (destination, given) = destination(place)?;
    let locator = locate(&command.image)?;
    spare(&destination, &locator)?;
    let encoding = command.result.encoding(match command.repack {
        true => REPACK_LEVEL,
        false => ZSTD_LEVEL,
    })?;
    let (parts, index) = open(command, &locator)?;
    let bars = Bars::new(command.quiet);
    let read_from = match &locator {
        Locator::Registry(name) => name.parse().ok(),
        _ => None,
    };
    let range = parts
        .first()
        .map_or(RangeChoice::All, |part| part.range.clone());
    let shape = match (command.repack, command.recompress) {
        (true, _) => Shape::Repack {
            layer_bytes: command.layer_size,
        },
        (_, true) => Shape::Recompress,
        _ if command.per_layer => Shape::Apart,
        _ => Shape::Fold,
    };
    let request = Request {
        writing: sink::OpenOptions {
            registry: command.image_arguments.registry.options(),
            read_from,
        },
        created_by: created_by(&range, shape),
        range,
        shape,
        names: command.result.names(&destination, given),
        destination: &destination,
        encoding: encoding.map(|encoding| long(encoding, shape)),
        created: command.result.created(),
        limits: command.image_arguments.reading.limits(),
        jobs: command.image_arguments.reading.jobs(),
        progress: &bars,
    };
    let done = squash_all(parts, index.as_deref(), &request);
    bars.clear();
    let squashed = match done {
        Ok(squashed) => squashed,
        Err(error) if error.is_difference() => {
            terminal::report_failure(
                &Failure::of(&command.image, &error)
                    .help("this is a fault of rslim; please report it with the image"),
            );
            return Ok(Outcome::Findings);
        }
        Err(error) => return Err(Failure::of(&command.image, &error)),
    };
    if !command.quiet {
        print(command, place, &squashed)?;
    }
    Ok(Outcome::Fine)
}

/// What is to be squashed, and the index that listed several platforms.
fn open(
    command: &SquashCommand,
    locator: &Locator,
) -> Result<(Vec<Part>, Option<Vec<u8>>), Failure> {
    let image = &command.image_arguments;
    let (images, index) = match command.all_platforms {
        true => {
            let family = image.open_family(locator)?;
            (family.images, family.index)
        }
        false => (vec![image.open_kept(locator)?], None),
    };
    let mut parts = Vec::new();
    for open in images {
        let range = command.range.choose(image, &open)?;
        parts.push(Part { open, range });
    }
    Ok((parts, index))
}

fn print(command: &SquashCommand, place: &str, squashed: &[Squashed]) -> Result<(), Failure> {
    for warning in squashed.iter().flat_map(|squashed| &squashed.warnings) {
        terminal::warn(warning);
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match (command.report.format, squashed) {
        (FormatArgument::Json, [only]) if !command.all_platforms => {
            report::json(only, place, &mut out)
        }
        (FormatArgument::Json, all) => report::json_of_all(all, place, &mut out),
        (FormatArgument::Text, all) => {
            let color = command.report.color();
            all.iter().enumerate().try_for_each(|(number, one)| {
                if all.len() > 1 {
                    report::heading(one, number, color, &mut out)?;
                }
                report::text(one, place, color, &mut out)
            })
        }
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing("standard output", &error))
}

/// Usual levels of zstd. Repacking is for size.
const ZSTD_LEVEL: i32 = 3;
const REPACK_LEVEL: i32 = 9;

/// Repacked layers have alike files together, which only a long window shows.
fn long(encoding: Encoding, shape: Shape) -> Encoding {
    match (encoding, shape) {
        (Encoding::Zstd { level }, Shape::Repack { .. }) => Encoding::LongZstd { level },
        _ => encoding,
    }
}

fn created_by(range: &RangeChoice, shape: Shape) -> String {
    let what = match range {
        RangeChoice::All => "--all".to_owned(),
        RangeChoice::Last(last) => format!("--last {last}"),
        RangeChoice::From(from) => format!("--from {from}"),
        RangeChoice::Above(kept) => format!("--keep-base ({kept} layers)"),
    };
    let how = match shape {
        Shape::Repack { .. } => " --repack",
        Shape::Apart => " --per-layer",
        Shape::Fold | Shape::Recompress => "",
    };
    format!("rslim squash {what}{how}")
}
