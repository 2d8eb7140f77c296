//! `rslim ci`.

mod baseline;
mod dockerfile;
mod settings;
mod summary;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};

use self::baseline::BaselineArguments;
use super::arguments::{OutputArguments, ReportFormat};
use super::dockerfile::DockerfileArguments;
use super::failure::Failure;
use super::image::{ImageArguments, content_hash, locate};
use super::output::Output;
use super::{Outcome, lint, terminal};
use crate::analyze;
use crate::attribute::Origins;
use crate::gate::{self, Figures, Measured, Status};
use crate::inspect::InspectedContents;
use crate::layer::{ScannedImage, WantedContents};
use crate::report::gate::{Comparison, GateFormat, GateReport};
use crate::ruleset::{CacheRules, SecretRules};
use crate::source::Locator;
use crate::tree::Tree;

const CI_HELP: &str = "\
Limits are in the [ci] table of the nearest .rslim.toml, from the Dockerfile's folder
(else the current one) upwards; a .dive-ci in the current folder counts as well, with
dive's defaults for what it leaves out. Waivers end by the day that SOURCE_DATE_EPOCH
is in, else by today.

Exit status: 0 all limits are kept, or there are only warnings, 1 a limit is broken,
2 wrong usage, settings with a mistake, or an unreadable image or file, 130 interrupted.";

/// Holds an image and its Dockerfile against budgets
///
/// Sizes, waste, caches, duplicates, packages, forbidden paths, growth since a
/// baseline and the findings of lint each pass, warn or fail, with the cheapest
/// fix for what is too large.
#[derive(Debug, Args)]
#[command(after_long_help = CI_HELP)]
pub(super) struct CiCommand {
    /// File, folder or name of the image (`rslim analyze --help` lists the forms)
    image: String,

    #[command(flatten)]
    dockerfile: DockerfileArguments,

    /// Settings to use instead of those found near the Dockerfile
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    baseline: BaselineArguments,

    #[command(flatten)]
    dive: DiveArguments,

    #[command(flatten)]
    image_arguments: ImageArguments,

    #[command(flatten)]
    pub(super) output: OutputArguments<CiFormat>,
}

/// dive's rules, under dive's names as well.
#[derive(Debug, Args)]
#[command(next_help_heading = "As in dive")]
pub(super) struct DiveArguments {
    /// dive's rules as YAML [default: .dive-ci, if it is there]
    #[arg(long, value_name = "FILE")]
    ci_config: Option<PathBuf>,

    /// Least efficiency by dive's definition, from 0 to 1, or `disabled`
    #[arg(long, visible_alias = "lowestEfficiency", value_name = "SHARE")]
    lowest_efficiency: Option<String>,

    /// Most bytes wasted by dive's definition, or `disabled`
    #[arg(long, visible_alias = "highestWastedBytes", value_name = "BYTES")]
    highest_wasted_bytes: Option<String>,

    /// Most bytes wasted by dive's definition, as share of the upper layers', or `disabled`
    #[arg(long, visible_alias = "highestUserWastedPercent", value_name = "SHARE")]
    highest_user_wasted_percent: Option<String>,
}

/// Values of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CiFormat {
    /// For people
    Table,
    /// For programs: the documented, versioned report
    Json,
    /// A comment for a pull request
    Markdown,
    /// GitHub workflow commands, and the job's summary
    Github,
    /// GitLab code quality
    #[value(alias = "gitlab_codeclimate")]
    Gitlab,
    /// SARIF 2.1.0
    Sarif,
    /// JUnit XML
    Junit,
}

impl From<CiFormat> for GateFormat {
    fn from(argument: CiFormat) -> Self {
        match argument {
            CiFormat::Table => GateFormat::Text,
            CiFormat::Json => GateFormat::Json,
            CiFormat::Markdown => GateFormat::Markdown,
            CiFormat::Github => GateFormat::Github,
            CiFormat::Gitlab => GateFormat::Gitlab,
            CiFormat::Sarif => GateFormat::Sarif,
            CiFormat::Junit => GateFormat::Junit,
        }
    }
}

impl ReportFormat for CiFormat {
    fn of_file(file: &Path, default: Self) -> Self {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("json") => CiFormat::Json,
            Some("md") => CiFormat::Markdown,
            Some("sarif") => CiFormat::Sarif,
            Some("xml") => CiFormat::Junit,
            _ => default,
        }
    }
}

pub(super) fn run(command: &CiCommand) -> Result<Outcome, Failure> {
    let plan = command.output.plan(CiFormat::Table)?;
    let locator = locate(&command.image)?;
    spare(command, &plan, &locator)?;
    use_threads(command);
    let given = command.dockerfile.read()?;
    let prepared = match command.dockerfile.path() {
        Some(path) => Some(dockerfile::prepare(
            path,
            command.config.as_deref(),
            command.jobs(),
        )?),
        None => None,
    };
    let before = command.baseline.read()?;
    let mut found = settings::find(command, prepared.as_ref())?;
    if let Some((path, _)) = &before {
        found.settings.forbid_growth(path);
    }
    let is_asked = command.baseline.is_update() || found.has_dive;
    if found.settings.is_empty() && !is_asked {
        return Err(
            Failure::new("there is nothing to check: no [ci] table, no .dive-ci").help(
                "write limits into .rslim.toml, as in `[ci]` and `max-size = \"500MB\"`, or give a \
             --dockerfile, a --baseline or one of dive's options",
            ),
        );
    }
    let secrets = SecretRules::builtin().map_err(|error| Failure::of("shipped rules", &error))?;
    let scanned = scan(command, &locator, &InspectedContents(&secrets))?;
    let rules = CacheRules::builtin().map_err(|error| Failure::of("shipped rules", &error))?;
    let analysis = analyze::analyze(&scanned, &rules, None)
        .map_err(|error| Failure::of(&command.image, &error))?;
    say_warnings(command, &analysis.warnings);
    let answer = match &given {
        Some(given) if given.has_stage() => {
            let answer = given.explain(&scanned.image, scanned.layers.len(), None)?;
            if !command.output.quiet {
                lint::warn_of_unknown(given, &command.image, &answer);
            }
            Some((given, answer))
        }
        _ => None,
    };
    let built = match &answer {
        Some((given, answer)) => Some(given.built(&scanned, &analysis, answer, &secrets)?),
        None => None,
    };
    let linted = match prepared {
        Some(prepared) => Some(prepared.lint(built.as_ref())?),
        None => None,
    };
    let origins = answer.map(|(given, answer)| Origins {
        path: given.path.clone(),
        layers: answer.layers,
    });
    let findings = linted.as_ref().map(|linted| linted.findings.as_slice());
    let next =
        command
            .baseline
            .updated(before.as_ref(), &analysis, findings, command.output.quiet)?;
    let compared = next.as_ref().or(before.as_ref());
    let tree = (!found.settings.paths.is_empty()).then(|| {
        let layers = scanned.layers.iter().map(|layer| layer.set.clone());
        Tree::merge(layers.collect()).0
    });
    let measured = Measured {
        analysis: &analysis,
        tree: tree.as_ref(),
        findings,
        baseline: compared.map(|(_, baseline)| baseline),
    };
    let verdict = gate::judge(&found.settings, &measured);
    say_idle(command, &verdict);
    let sizes: Vec<u64> = analysis
        .layers
        .iter()
        .map(|layer| layer.uncompressed_bytes)
        .collect();
    let report = GateReport {
        image: &scanned.image,
        source: scanned.source,
        verdict: &verdict,
        settings: &found.files,
        origins: origins.as_ref(),
        lint: linted
            .as_ref()
            .map(|linted| linted.part(found.settings.lint.as_ref())),
        baseline: compared.map(|(path, baseline)| Comparison {
            path,
            baseline,
            now: Figures::of(&analysis),
            layers: &sizes,
        }),
        tool_version: env!("CARGO_PKG_VERSION"),
    };
    if let Some((path, baseline)) = &next {
        baseline::write(path, baseline)?;
        if !command.output.quiet {
            terminal::note(&format!("baseline {path} is written"));
        }
    }
    write(command, &plan, &report)?;
    let is_broken = linted.as_ref().is_some_and(|linted| linted.is_broken);
    Ok(match verdict.status() {
        _ if is_broken => Outcome::Unreadable,
        Status::Fail => Outcome::Findings,
        Status::Pass | Status::Waived | Status::Warn => Outcome::Fine,
    })
}

impl CiCommand {
    fn jobs(&self) -> usize {
        self.image_arguments.reading.jobs()
    }
}

/// As for other commands, with room for the shell linter's parser, which
/// descends by recursion.
fn use_threads(command: &CiCommand) {
    // Fails only when a pool was made before, which then does as well.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(command.jobs())
        .stack_size(16 << 20)
        .build_global();
}

/// Refuses to overwrite what is being read.
fn spare(command: &CiCommand, plan: &[Output<CiFormat>], locator: &Locator) -> Result<(), Failure> {
    let given = [
        locator.path(),
        command.dockerfile.path(),
        command.config.as_deref(),
    ];
    let files = given
        .into_iter()
        .chain([command.baseline.path(), command.dive.ci_config.as_deref()]);
    for input in files.flatten() {
        for output in plan {
            output.spare(input)?;
        }
    }
    Ok(())
}

fn scan(
    command: &CiCommand,
    locator: &Locator,
    wanted: &dyn WantedContents,
) -> Result<ScannedImage, Failure> {
    let begun = Instant::now();
    let image = &command.image_arguments;
    let opened = image.open(locator)?;
    let hash = content_hash(&opened);
    let quiet = command.output.quiet;
    let scanned = image.scan(&command.image, opened, hash, wanted, quiet)?;
    if command.output.verbose {
        terminal::note(&format!(
            "{} layers read in {} ms, with {} threads",
            scanned.layers.len(),
            begun.elapsed().as_millis(),
            command.jobs(),
        ));
    }
    Ok(scanned)
}

fn write(
    command: &CiCommand,
    plan: &[Output<CiFormat>],
    report: &GateReport<'_>,
) -> Result<(), Failure> {
    for output in plan {
        let color = terminal::color(command.output.color, output.is_terminal());
        let format = GateFormat::from(output.format);
        output.write(|out| crate::report::gate::write(report, format, color, out))?;
        if output.format == CiFormat::Github {
            summary::append(report)?;
        }
    }
    Ok(())
}

fn say_warnings(command: &CiCommand, warnings: &[String]) {
    if !command.output.quiet {
        terminal::warn_each(warnings, "`rslim analyze -f json` has all of them");
    }
}

/// Limits that nothing was held against look as if they were kept.
fn say_idle(command: &CiCommand, verdict: &gate::Verdict) {
    if command.output.quiet {
        return;
    }
    for check in &verdict.idle {
        let lacks = match check.is_growth() {
            true => "there is no --baseline",
            false => "there is no --dockerfile",
        };
        terminal::warn(&format!("{} is not checked: {lacks}", check.name()));
    }
    if std::io::stderr().is_terminal() {
        return;
    }
    // In a log nobody sees the report's own notes when it goes to a file.
    for place in &verdict.unused_waivers {
        terminal::warn(&format!("{place}: this waiver waives nothing; remove it"));
    }
}
