//! `rslim diff`.

use std::io::{self, Write};

use clap::Args;

use super::arguments::{FormatArgument, ReportArguments};
use super::failure::Failure;
use super::image::{ImageArguments, locate};
use super::{Outcome, terminal};
use crate::layer::{ContentHash, NoContents, ScannedImage};
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

    #[command(flatten)]
    report: ReportArguments,

    /// Print no warnings and no progress
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

struct Read {
    scanned: ScannedImage,
    tree: Tree,
    contents: ContentDigests,
}

/// How two images are compared and shown.
pub(super) struct Comparison<'a> {
    pub(super) image: &'a ImageArguments,
    pub(super) report: ReportArguments,
    /// Paths that the text shows.
    pub(super) top: usize,
    pub(super) quiet: bool,
}

pub(super) fn run(command: &DiffCommand) -> Result<Outcome, Failure> {
    command.image.use_threads();
    let how = Comparison {
        image: &command.image,
        report: command.report,
        top: command.top,
        quiet: command.quiet,
    };
    let same = show(&how, &command.old, &command.new)?;
    match command.exit_code && !same {
        true => Ok(Outcome::Findings),
        false => Ok(Outcome::Fine),
    }
}

/// Compares two images and prints what differs; whether nothing does.
pub(super) fn show(how: &Comparison<'_>, old_name: &str, new_name: &str) -> Result<bool, Failure> {
    let (old, new) = (read(how, old_name)?, read(how, new_name)?);
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
        old: side(old_name, &old)?,
        new: side(new_name, &new)?,
        changes: &changes,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match how.report.format {
        FormatArgument::Json => diff::json(&report, &mut out),
        FormatArgument::Text => diff::text(&report, how.top, how.report.color(), &mut out),
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing("standard output", &error))?;
    Ok(changes.is_empty())
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

fn read(how: &Comparison<'_>, image: &str) -> Result<Read, Failure> {
    let opened = how.image.open(&locate(image)?)?;
    let hash = ContentHash::Blake3;
    let scanned = how
        .image
        .scan(image, opened, hash, &NoContents, how.quiet)?;
    if !how.quiet {
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
