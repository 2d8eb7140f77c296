//! `rslim diff`.

use std::path::Path;

use clap::{Args, ValueEnum};

use super::arguments::{ColorArgument, OutputArguments, ReportFormat};
use super::failure::Failure;
use super::image::{ImageArguments, locate};
use super::output::Output;
use super::{Outcome, terminal};
use crate::analyze::{self, Analysis, DatabaseContents};
use crate::layer::{ContentHash, NoContents, ScannedImage, WantedContents};
use crate::report::diff::{self, DiffReport, Side};
use crate::report::{html, markdown};
use crate::ruleset::CacheRules;
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

    /// Paths to show in the text, and rows of each list in Markdown
    #[arg(long, value_name = "N", default_value_t = 50)]
    top: usize,

    #[command(flatten)]
    image: ImageArguments,

    #[command(flatten)]
    pub(super) output: OutputArguments<DiffFormat>,
}

/// Values of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffFormat {
    /// For people
    Text,
    /// For programs: the documented, versioned report
    Json,
    /// A page for browsers in one file, with a map of what changed
    Html,
    /// For pull requests and wikis
    Markdown,
}

impl DiffFormat {
    /// Whether the report tells layers, waste and packages as well.
    fn tells_judgements(self) -> bool {
        matches!(self, DiffFormat::Html | DiffFormat::Markdown)
    }
}

impl ReportFormat for DiffFormat {
    fn of_file(file: &Path, default: Self) -> Self {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("json") => DiffFormat::Json,
            Some("html" | "htm") => DiffFormat::Html,
            Some("md") => DiffFormat::Markdown,
            _ => default,
        }
    }
}

struct Read {
    scanned: ScannedImage,
    tree: Tree,
    contents: ContentDigests,
    analysis: Option<Analysis>,
}

/// How two images are compared and shown.
pub(super) struct Comparison<'a> {
    pub(super) image: &'a ImageArguments,
    /// The reports to write.
    pub(super) plan: &'a [Output<DiffFormat>],
    pub(super) color: ColorArgument,
    /// Paths that the text shows.
    pub(super) top: usize,
    pub(super) quiet: bool,
    pub(super) verbose: bool,
}

pub(super) fn run(command: &DiffCommand) -> Result<Outcome, Failure> {
    let plan = command.output.plan(DiffFormat::Text)?;
    for image in [&command.old, &command.new] {
        if let Some(input) = locate(image)?.path() {
            for output in &plan {
                output.spare(input)?;
            }
        }
    }
    command.image.use_threads();
    let how = Comparison {
        image: &command.image,
        plan: &plan,
        color: command.output.color,
        top: command.top,
        quiet: command.output.quiet,
        verbose: command.output.verbose,
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
    for output in how.plan {
        output.write(|out| match output.format {
            DiffFormat::Json => diff::json(&report, out),
            DiffFormat::Text => {
                let color = terminal::color(how.color, output.is_terminal());
                diff::text(&report, how.top, color, out)
            }
            DiffFormat::Html => html::write_difference(&report, out),
            DiffFormat::Markdown => markdown::write_difference(&report, how.top, out),
        })?;
    }
    Ok(changes.is_empty())
}

fn side<'a>(name: &'a str, read: &'a Read) -> Result<Side<'a>, Failure> {
    let digest = read.tree.digest(&read.contents);
    Ok(Side {
        name,
        scanned: &read.scanned,
        tree: &read.tree,
        digest: digest.map_err(|error| Failure::of(name, &error))?,
        analysis: read.analysis.as_ref(),
    })
}

fn read(how: &Comparison<'_>, image: &str) -> Result<Read, Failure> {
    let locator = locate(image)?;
    if how.verbose {
        terminal::note(&format!("opening {locator}"));
    }
    let opened = how.image.open(&locator)?;
    let judged = how
        .plan
        .iter()
        .any(|output| output.format.tells_judgements());
    let wanted: &dyn WantedContents = match judged {
        true => &DatabaseContents,
        false => &NoContents,
    };
    let hash = ContentHash::Blake3;
    let scanned = how.image.scan(image, opened, hash, wanted, how.quiet)?;
    let analysis = match judged {
        true => Some(judge(image, &scanned)?),
        false => None,
    };
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
        analysis,
    })
}

fn judge(image: &str, scanned: &ScannedImage) -> Result<Analysis, Failure> {
    let rules = CacheRules::builtin().map_err(|error| Failure::of("shipped rules", &error))?;
    analyze::analyze(scanned, &rules, None).map_err(|error| Failure::of(image, &error))
}
