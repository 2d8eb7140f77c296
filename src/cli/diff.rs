//! `rslim diff`.

use std::io::{self, IsTerminal, Write};

use clap::{Args, ValueEnum};

use super::arguments::ColorArgument;
use super::failure::Failure;
use super::image::{ImageArguments, locate};
use super::progress::Bars;
use super::{Outcome, terminal};
use crate::layer::{ContentHash, NoContents, ScanOptions, ScannedImage, scan};
use crate::report::diff::{self, DiffReport, Side};
use crate::tree::{ContentDigests, Digested, Tree, compare};

/// Shows what differs between the file systems of two images
///
/// Compares every path: type, mode, owner, time, contents, link target, extended
/// attributes, and which names are one file.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Exit status: 0 fine, 1 with --exit-code and a difference, \
2 wrong usage or unreadable image, 130 interrupted."
)]
pub(super) struct DiffCommand {
    /// The one image (`rslim analyze --help` lists the forms)
    old: String,

    /// The other
    new: String,

    /// End with status 1 when they differ
    #[arg(long)]
    exit_code: bool,

    /// Paths to show in the text
    #[arg(long, value_name = "N", default_value_t = 50)]
    top: usize,

    #[command(flatten)]
    image: ImageArguments,

    /// Form of the report on standard output
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = FormatArgument::Text, help_heading = "Output")]
    format: FormatArgument,

    /// When to use colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorArgument::Auto, help_heading = "Output")]
    color: ColorArgument,

    /// Print no warnings and no progress
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

/// Values of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArgument {
    /// For people
    Text,
    /// For programs: the documented, versioned report
    Json,
}

struct Read {
    scanned: ScannedImage,
    tree: Tree,
    contents: ContentDigests,
}

pub(super) fn run(command: &DiffCommand) -> Result<Outcome, Failure> {
    command.image.use_threads();
    let (old, new) = (read(command, &command.old)?, read(command, &command.new)?);
    let changes = compare(
        Digested {
            tree: &old.tree,
            contents: &old.contents,
        },
        Digested {
            tree: &new.tree,
            contents: &new.contents,
        },
    );
    let report = DiffReport {
        old: side(&command.old, &old)?,
        new: side(&command.new, &new)?,
        changes: &changes,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match command.format {
        FormatArgument::Json => diff::json(&report, &mut out),
        FormatArgument::Text => {
            let color = terminal::color(command.color, io::stdout().is_terminal());
            diff::text(&report, command.top, color, &mut out)
        }
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing("standard output", &error))?;
    match command.exit_code && !changes.is_empty() {
        true => Ok(Outcome::Findings),
        false => Ok(Outcome::Fine),
    }
}

fn side<'a>(name: &'a str, read: &'a Read) -> Result<Side<'a>, Failure> {
    let digest = read.tree.digest(&read.contents);
    Ok(Side {
        name,
        scanned: &read.scanned,
        tree: &read.tree,
        digest: digest.map_err(|error| Failure::of(name, &error))?,
    })
}

fn read(command: &DiffCommand, image: &str) -> Result<Read, Failure> {
    let opened = command.image.open(&locate(image)?)?;
    let bars = Bars::new(command.quiet);
    let options = ScanOptions {
        limits: command.image.reading.limits(),
        jobs: command.image.reading.jobs(),
        hash: ContentHash::Blake3,
        verify: command.image.reading.verify.into(),
        wanted: &NoContents,
        spool_from: None,
        progress: &bars,
    };
    let scanned = scan(opened, &options);
    bars.clear();
    let scanned = scanned.map_err(|error| Failure::of(image, &error))?;
    if !command.quiet {
        for warning in scanned.warnings.iter().take(20) {
            terminal::warn(warning);
        }
    }
    let (tree, _) = Tree::merge(scanned.layers.iter().map(|l| l.set.clone()).collect());
    let mut contents = ContentDigests::new();
    tree.digest_files(&mut contents)
        .map_err(|error| Failure::of(image, &error))?;
    Ok(Read {
        scanned,
        tree,
        contents,
    })
}
