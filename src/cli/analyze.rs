//! `rslim analyze`.

use std::time::Instant;

use super::arguments::{AnalyzeCommand, Format};
use super::failure::Failure;
use super::image::{content_hash, locate};
use super::output::Output;
use super::terminal;
use crate::analyze::{self, Base, DatabaseContents, Evidence};
use crate::attribute::Origins;
use crate::layer::{ContentHash, NoContents, ScannedImage, WantedContents};
use crate::oci::Digest;
use crate::report::{ImageReport, TableStyle, html, json, markdown, table, tree_listing};
use crate::ruleset::CacheRules;
use crate::source::{Locator, Opened};

pub(super) fn run(command: &AnalyzeCommand) -> Result<(), Failure> {
    let plan = command.output.plan(Format::Table)?;
    let locator = locate(&command.image)?;
    if let Some(input) = locator.path() {
        for output in &plan {
            output.spare(input)?;
        }
    }
    command.image_arguments.use_threads();
    match &plan[..] {
        [only] if only.format == Format::Tree => list(command, &locator, only),
        _ => report(command, &locator, &plan),
    }
}

/// The final tree, for comparing it with what other tools unpack.
fn list(
    command: &AnalyzeCommand,
    locator: &Locator,
    output: &Output<Format>,
) -> Result<(), Failure> {
    let scanned = read(command, locator, Some(ContentHash::Sha256), &NoContents)?;
    warn(command, &scanned.warnings);
    output.write(|out| tree_listing::write(&scanned, out))
}

fn report(
    command: &AnalyzeCommand,
    locator: &Locator,
    plan: &[Output<Format>],
) -> Result<(), Failure> {
    let dockerfile = command.dockerfile.read()?;
    let rules = CacheRules::builtin().map_err(|error| Failure::of("shipped rules", &error))?;
    let begun = Instant::now();
    let scanned = read(command, locator, None, &DatabaseContents)?;
    let base = match command.base.as_str() {
        "auto" => None,
        name => Some(given_base(command, name, &scanned)?),
    };
    let read = begun.elapsed();
    let analysis = analyze::analyze(&scanned, &rules, base)
        .map_err(|error| Failure::of(&command.image, &error))?;
    warn(command, &analysis.warnings);
    if command.output.verbose {
        let judged = begun.elapsed() - read;
        terminal::note(&format!(
            "{} layers read in {} ms, judged in {} ms, with {} threads",
            scanned.layers.len(),
            read.as_millis(),
            judged.as_millis(),
            command.image_arguments.reading.jobs(),
        ));
    }
    let origins = match &dockerfile {
        Some(given) => {
            let base = analysis.base.as_ref();
            let base = base.filter(|base| base.evidence == Evidence::Image);
            let layers = scanned.layers.len();
            let answer = given.explain(&scanned.image, layers, base.map(|base| base.layers))?;
            Some(Origins {
                path: given.path.clone(),
                layers: answer.layers,
            })
        }
        None => None,
    };
    let judged = ImageReport {
        scan: &scanned,
        analysis: &analysis,
        origins: origins.as_ref(),
    };
    for output in plan {
        output.write(|out| match output.format {
            Format::Json => json::write(&judged, out),
            Format::Html => html::write(&judged, out),
            Format::Markdown => markdown::write(&judged, command.top, out),
            Format::Table => {
                let style = TableStyle {
                    width: terminal::width(),
                    color: terminal::color(command.output.color, output.is_terminal()),
                    top: command.top,
                };
                table::write(&judged, style, out)
            }
            Format::Tree => tree_listing::write(&scanned, out),
        })?;
    }
    Ok(())
}

fn read(
    command: &AnalyzeCommand,
    locator: &Locator,
    hash: Option<ContentHash>,
    wanted: &dyn WantedContents,
) -> Result<ScannedImage, Failure> {
    let opened = open(command, locator)?;
    let hash = hash.unwrap_or_else(|| content_hash(&opened));
    let image = &command.image_arguments;
    image.scan(&command.image, opened, hash, wanted, command.output.quiet)
}

fn open(command: &AnalyzeCommand, locator: &Locator) -> Result<Opened, Failure> {
    if command.output.verbose {
        terminal::note(&format!("opening {locator}"));
    }
    command.image_arguments.open(locator)
}

/// The base that `--base` names; it must be one.
fn given_base(
    command: &AnalyzeCommand,
    name: &str,
    scanned: &ScannedImage,
) -> Result<Base, Failure> {
    let opened = open(command, &locate(name)?)?;
    let image = match opened {
        Opened::Image(open) => open.image,
        Opened::Stream(stream) => {
            let limits = command.image_arguments.reading.limits();
            let read = stream.read(&limits, &mut |_, _, _| {});
            read.map_err(|error| Failure::of("", &error))?.image
        }
    };
    let diff_ids: Vec<Digest> = image
        .layers
        .iter()
        .filter_map(|l| l.diff_id.clone())
        .collect();
    analyze::given_base(&scanned.image, name, &diff_ids).ok_or_else(|| {
        let own = scanned.image.layers.iter().map(|l| l.diff_id.as_ref());
        let shared = own.zip(&diff_ids).take_while(|(own, base)| *own == Some(base)).count();
        Failure::new(format!(
            "--base {name}: the image was not built from it: {shared} of its {} layers are the image's lowest",
            diff_ids.len(),
        ))
        .help("give the base in the version that the image was built from, or --base auto")
    })
}

fn warn(command: &AnalyzeCommand, warnings: &[String]) {
    if !command.output.quiet {
        terminal::warn_each(warnings, "--format json has all of them");
    }
}
