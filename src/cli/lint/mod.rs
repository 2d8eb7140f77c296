//! `rslim lint`.

mod apply;
mod arguments;
mod built;
pub(super) mod configuration;
pub(super) mod context;
mod discover;
mod shellcheck;

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;

pub(super) use arguments::LintCommand;
pub(super) use built::warn_of_unknown;
pub(super) use configuration::custom as custom_rules;

use super::Outcome;
use super::failure::Failure;
use super::output::Output;
use super::terminal;
use crate::lint::{self, BuiltImage, Finding, Linted, ShellChecker, Source};
use crate::report::lint::{FileReport, LintFormat, LintReport, LintStyle, RuleInfo};
use crate::ruleset::Severity;
use arguments::{FormatArgument, ShellcheckArgument};
use configuration::{Configurations, Configured};
use context::Contexts;

/// A file's text and what was found in it, or why it could not be read.
pub(super) struct Checked {
    pub(super) path: String,
    pub(super) text: String,
    pub(super) findings: Vec<Finding>,
    pub(super) failure: Option<String>,
    pub(super) broken: bool,
    /// Findings that the built image showed to be unfounded.
    pub(super) dropped: usize,
    pub(super) threshold: Severity,
    pub(super) no_fail: bool,
}

/// A file that was read.
pub(super) struct Loaded {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) bytes: Result<Vec<u8>, String>,
    pub(super) configured: Arc<Configured>,
}

pub(super) fn run(command: &LintCommand) -> Result<Outcome, Failure> {
    // Fails only when a pool was made before, which then does as well.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(command.jobs())
        // The shell linter's parser descends by recursion.
        .stack_size(16 << 20)
        .build_global();
    let paths = discover::files(command)?;
    let configurations = Configurations::new(command)?;
    let mut loaded = Vec::new();
    for path in paths {
        let configured = configurations.of(&path)?;
        if command.output.verbose {
            let by = match &configured.file {
                Some(file) => format!("settings of {}", file.display()),
                None => "no settings file".to_owned(),
            };
            terminal::note(&format!("{}: {by}", path.display()));
        }
        loaded.push((path, configured));
    }
    let formats = loaded
        .first()
        .map(|(_, configured)| configured.formats.clone())
        .unwrap_or_default();
    let default = FormatArgument::default_of(&formats).map_err(|name| {
        Failure::new(format!("settings: no format is called {name:?}"))
            .help("`rslim lint --help` lists the formats")
    })?;
    let plan = command.output.plan(default)?;
    let loaded: Vec<Loaded> = loaded
        .into_par_iter()
        .map(|(path, configured)| Loaded {
            bytes: read(command, &path),
            name: command.shown(&path),
            path,
            configured,
        })
        .collect();
    for output in &plan {
        for file in &loaded {
            output.spare(&file.path)?;
        }
    }
    let checker = checker(command, &loaded)?;
    let image = built::image(command, &loaded)?;
    if let Some(most) = command.fixes() {
        return apply::run(command, &loaded, most, checker.as_ref(), image.as_ref());
    }
    let begun = Instant::now();
    let contexts = Contexts::new(command);
    let checked = rayon_check(&loaded, &contexts, checker.as_ref(), image.as_ref())?;
    let dropped: usize = checked.iter().map(|file| file.dropped).sum();
    if dropped > 0 && !command.output.quiet {
        let plural = if dropped == 1 { "finding" } else { "findings" };
        terminal::note(&format!(
            "{dropped} {plural} left out: the image holds no bytes of the kind"
        ));
    }
    if command.output.verbose {
        let found: usize = checked.iter().map(|file| file.findings.len()).sum();
        terminal::note(&format!(
            "{} files, {found} findings, in {} ms with {} threads",
            checked.len(),
            begun.elapsed().as_millis(),
            command.jobs(),
        ));
    }
    report(command, &checked, &loaded, &plan)?;
    match contexts.report_failures() {
        true => Ok(Outcome::Unreadable),
        false => Ok(outcome(&checked)),
    }
}

/// The checker of shell text; an outside one has judged everything already.
pub(super) fn checker(
    command: &LintCommand,
    loaded: &[Loaded],
) -> Result<Option<Arc<dyn ShellChecker>>, Failure> {
    if command.no_shell_lint {
        return Ok(None);
    }
    let wanted = match command.shellcheck {
        Some(wanted) => wanted,
        None if loaded
            .iter()
            .any(|file| file.configured.settings.shell == lint::ShellLint::External) =>
        {
            ShellcheckArgument::Required
        }
        None => ShellcheckArgument::Off,
    };
    match wanted {
        ShellcheckArgument::Off => inside(),
        ShellcheckArgument::Required => shellcheck::run(loaded, command.jobs()).map(Some),
        ShellcheckArgument::Auto => match shellcheck::is_installed() {
            true => shellcheck::run(loaded, command.jobs()).map(Some),
            false => inside(),
        },
    }
}

#[cfg(feature = "shell-lint")]
#[allow(clippy::unnecessary_wraps)]
fn inside() -> Result<Option<Arc<dyn ShellChecker>>, Failure> {
    Ok(Some(Arc::new(lint::InsideChecker::default())))
}

#[cfg(not(feature = "shell-lint"))]
fn inside() -> Result<Option<Arc<dyn ShellChecker>>, Failure> {
    Err(
        Failure::new("this rslim was built without its shell linter")
            .help("use --shellcheck required with shellcheck installed, or --no-shell-lint"),
    )
}

/// Reads a file, or standard input for `-`; never waits for a pipe that
/// nobody writes to.
pub(super) fn read(command: &LintCommand, path: &std::path::Path) -> Result<Vec<u8>, String> {
    let limit = command.max_file_size;
    let mut bytes = Vec::new();
    let too_large = || format!("larger than {limit} bytes; --max-file-size raises the limit");
    if path.as_os_str() == "-" {
        let stdin = std::io::stdin().lock();
        stdin
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot read standard input: {error}"))?;
    } else {
        let meta = std::fs::metadata(path).map_err(|error| format!("cannot read: {error}"))?;
        // `<(…)` of a shell is a pipe with a writer; one on disk need not be.
        let passed = ["/dev", "/proc"]
            .iter()
            .any(|folder| path.starts_with(folder));
        if !meta.is_file() && !passed {
            let what = if meta.is_dir() {
                "a folder"
            } else {
                "a pipe, a socket or a device"
            };
            return Err(format!(
                "is {what}, not a file; pipe text in with `rslim lint -`"
            ));
        }
        if meta.is_file() && meta.len() > limit {
            return Err(too_large());
        }
        let file = std::fs::File::open(path).map_err(|error| format!("cannot read: {error}"))?;
        file.take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot read: {error}"))?;
    }
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    Ok(bytes)
}

fn rayon_check(
    loaded: &[Loaded],
    contexts: &Contexts,
    checker: Option<&Arc<dyn ShellChecker>>,
    image: Option<&BuiltImage>,
) -> Result<Vec<Checked>, Failure> {
    loaded
        .par_iter()
        .map(|file| check(file, contexts, checker, image))
        .collect()
}

pub(super) fn check(
    file: &Loaded,
    contexts: &Contexts,
    checker: Option<&Arc<dyn ShellChecker>>,
    image: Option<&BuiltImage>,
) -> Result<Checked, Failure> {
    let settings = &file.configured.settings;
    let mut checked = Checked {
        path: file.name.clone(),
        text: String::new(),
        findings: Vec::new(),
        failure: None,
        broken: false,
        dropped: 0,
        threshold: settings.threshold,
        no_fail: settings.no_fail,
    };
    let bytes = match &file.bytes {
        Ok(bytes) => bytes,
        Err(message) => {
            checked.failure = Some(message.clone());
            return Ok(checked);
        }
    };
    let context = contexts.of(&file.path)?;
    let source = Source {
        bytes,
        context: context.as_deref(),
        image,
    };
    match lint::lint(source, settings, &file.configured.knowledge(checker)) {
        Ok(Linted {
            file,
            findings,
            broken,
            dropped,
        }) => {
            checked.dropped = dropped;
            checked.text = file.text;
            checked.findings = findings;
            checked.broken = broken;
        }
        Err(wrong) => checked.failure = Some(wrong.to_string()),
    }
    Ok(checked)
}

fn outcome(checked: &[Checked]) -> Outcome {
    if checked
        .iter()
        .any(|file| file.failure.is_some() || (file.broken && !file.no_fail))
    {
        return Outcome::Unreadable;
    }
    let fails = |file: &Checked| {
        !file.no_fail
            && file
                .findings
                .iter()
                .any(|finding| finding.severity >= file.threshold)
    };
    if checked.iter().any(fails) {
        Outcome::Findings
    } else {
        Outcome::Fine
    }
}

fn report(
    command: &LintCommand,
    checked: &[Checked],
    loaded: &[Loaded],
    plan: &[Output<FormatArgument>],
) -> Result<(), Failure> {
    let shown: Vec<&Checked> = checked.iter().collect();
    let files = shown
        .iter()
        .map(|file| FileReport {
            path: &file.path,
            text: &file.text,
            findings: &file.findings,
            failure: file.failure.as_deref(),
        })
        .collect();
    let rules = match loaded.first() {
        Some(first) => first
            .configured
            .rules
            .rules()
            .iter()
            .map(rule_info)
            .collect(),
        None => Vec::new(),
    };
    let report = LintReport {
        files,
        rules,
        tool_version: env!("CARGO_PKG_VERSION"),
    };
    for output in plan {
        let style = LintStyle {
            color: terminal::color(command.output.color, output.is_terminal())
                && !command.no_color
                && !loaded.first().is_some_and(|file| file.configured.no_color),
            width: terminal::width(),
            show_fixes: true,
        };
        let format = LintFormat::from(output.format);
        output.write(|out| crate::report::lint::write(&report, format, style, out))?;
    }
    // Machines find failures in their report; people and pipes see them here.
    for file in checked.iter().filter(|_| !command.output.quiet) {
        let seen = plan
            .iter()
            .any(|output| output.file.is_none() && output.format.shows_failures());
        if let Some(message) = file.failure.as_deref().filter(|_| !seen) {
            terminal::warn(&format!("{}: {message}", file.path.escape_debug()));
        }
    }
    Ok(())
}

pub(super) fn rule_info(rule: &crate::ruleset::LintRule) -> RuleInfo<'_> {
    RuleInfo {
        code: &rule.code,
        name: &rule.name,
        aliases: &rule.aliases,
        severity: rule.severity,
        summary: &rule.summary,
        why: &rule.why,
        instead: &rule.instead,
        url: rule.references.first().cloned(),
    }
}
