//! One file through all rules.

use super::built::{self, BuiltImage};
use super::checks;
use super::context::BuildContext;
use super::finding::Finding;
use super::input::{Input, Knowledge};
use super::match_rule;
use super::reporter::Reporter;
use super::settings::{Compat, Settings};
use super::shell_lint;
use super::suppress::{self, Suppressions};
use crate::dockerfile::{self, Dockerfile, NotText, Span};
use crate::ruleset::{LintRule, Matcher, Severity};

/// The code of syntax errors.
pub const SYNTAX: &str = "DL1000";
const UNUSED: &str = "RS1020";

/// A file's result.
#[derive(Debug)]
pub struct Linted {
    /// The file, parsed.
    pub file: Dockerfile,
    /// What was found, in the order of the file.
    pub findings: Vec<Finding>,
    /// Docker would refuse it.
    pub broken: bool,
    /// Findings that the built image showed to be unfounded.
    pub dropped: usize,
}

/// A Dockerfile's bytes.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What was read.
    pub bytes: &'a [u8],
    /// The context that it is built in, where it is known.
    pub context: Option<&'a BuildContext>,
    /// The image that was built from it, where it is known.
    pub image: Option<&'a BuiltImage>,
}

/// Lints a file.
///
/// # Errors
/// [`NotText`] when the bytes are no text; everything else is a finding.
pub fn lint(
    source: Source<'_>,
    settings: &Settings,
    knowledge: &Knowledge,
) -> Result<Linted, NotText> {
    let (text, wrong_bytes) = dockerfile::decode(source.bytes)?;
    let file = dockerfile::parse(text);
    let mut suppressions = Suppressions::of(&file, settings);
    suppressions.resolve(&knowledge.rules);
    let input = Input::new(
        &file,
        settings,
        knowledge,
        source.context,
        source.image,
        &suppressions.shells,
    );
    let mut findings = Vec::new();
    let broken = syntax(&input, &wrong_bytes, &mut findings);
    for rule in knowledge.rules.rules() {
        let severity = severity_of(rule, settings, &suppressions);
        if severity == Severity::Off || !wanted(rule, settings.compat) {
            continue;
        }
        let mut reporter = Reporter::new(&file, rule, severity, &mut findings);
        match &rule.matcher {
            Matcher::Function(name) => {
                if let Some(check) = checks::find(name) {
                    check(&input, &mut reporter);
                }
            }
            Matcher::Command(pattern) => {
                match_rule::commands(&input, pattern, rule.fix, &mut reporter)
            }
            Matcher::Instruction(pattern) => {
                match_rule::instructions(&input, pattern, &mut reporter)
            }
            Matcher::Engine | Matcher::Measured => {}
        }
        if rule.code == "DL1001" {
            inline_ignores(&suppressions, &mut reporter);
        }
    }
    if settings.compat != Compat::Buildkit {
        shell_lint::lint(&input, &suppressions.shells, &mut findings);
    }
    let mut dropped = 0;
    if let Some(image) = source.image {
        let own = settings.compat == Compat::None;
        let measured = built::measure(image, &knowledge.rules, &mut findings, own);
        dropped = measured.dropped;
        for rule in knowledge.rules.rules().iter().filter(|_| own) {
            let severity = severity_of(rule, settings, &suppressions);
            if matches!(rule.matcher, Matcher::Measured) && severity != Severity::Off {
                let mut reporter = Reporter::new(&file, rule, severity, &mut findings);
                built::report_unseen(&input, image, &measured, &rule.code, &mut reporter);
            }
        }
    }
    if settings.compat == Compat::Hadolint {
        as_hadolint(&file, &mut findings);
    }
    if !suppressions.is_empty() {
        findings.retain(|finding| finding.code == SYNTAX || !suppressions.covers(finding, &file));
        unused(&input, &suppressions, &mut findings);
    }
    for finding in &mut findings {
        finding.severity = suppress::raised(
            finding.severity,
            suppressions.error && settings.compat != Compat::Hadolint,
        );
        if settings.compat == Compat::Buildkit {
            as_buildkit(&file, finding);
        }
    }
    findings.sort_by(|a, b| {
        (a.start, &a.code, a.span.end, &a.message).cmp(&(b.start, &b.code, b.span.end, &b.message))
    });
    // What saves most comes first; the sort keeps the order of the rest.
    if source.image.is_some() {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.bytes));
    }
    findings.dedup_by(|a, b| a.start == b.start && a.code == b.code && a.message == b.message);
    drop(input);
    Ok(Linted {
        file,
        findings,
        broken,
        dropped,
    })
}

fn severity_of(rule: &LintRule, settings: &Settings, suppressions: &Suppressions) -> Severity {
    let severity = settings.severity(rule);
    let named = suppressions
        .experimental
        .iter()
        .any(|name| name.eq_ignore_ascii_case("all") || rule.answers_to(name));
    if severity == Severity::Off && named && is_buildkit(&rule.code) {
        return Severity::Warning;
    }
    // BuildKit has this one off unless it is asked for.
    if settings.compat == Compat::Buildkit && rule.code == "CopyIgnoredFile" && !named {
        return Severity::Off;
    }
    severity
}

/// BuildKit's names are words without digits.
fn is_buildkit(code: &str) -> bool {
    !code.chars().any(|c| c.is_ascii_digit()) && code.starts_with(|c: char| c.is_ascii_uppercase())
}

fn wanted(rule: &LintRule, compat: Compat) -> bool {
    match compat {
        Compat::None => true,
        Compat::Hadolint => rule.code.starts_with("DL"),
        Compat::Buildkit => {
            is_buildkit(&rule.code) || rule.aliases.iter().any(|alias| is_buildkit(alias))
        }
    }
}

/// Syntax errors as findings; tells whether there are any.
fn syntax(input: &Input<'_>, wrong_bytes: &[Span], findings: &mut Vec<Finding>) -> bool {
    let file = input.file;
    let Some(rule) = input.knowledge.rules.get(SYNTAX) else {
        return false;
    };
    let mut reporter = Reporter::new(file, rule, Severity::Error, findings);
    let instruction_at = |span: Span| {
        let after = file
            .instructions
            .partition_point(|i| i.span.start <= span.start);
        after.checked_sub(1)
    };
    for error in &file.errors {
        reporter.with(instruction_at(error.span), error.span, &error.message, "");
    }
    let mut broken = !file.errors.is_empty();
    // Comments may hold anything; an instruction's text must be UTF-8.
    let in_comment = |span: &Span| {
        let after = file
            .comments
            .partition_point(|comment| comment.span.start <= span.start);
        let last = after.checked_sub(1).and_then(|at| file.comments.get(at));
        last.is_some_and(|comment| comment.span.contains(span.start))
    };
    if let Some(span) = wrong_bytes.iter().find(|span| !in_comment(span)) {
        reporter.with(
            instruction_at(*span),
            *span,
            "these bytes are not valid UTF-8",
            "",
        );
        broken = true;
    }
    for run in &input.runs {
        let Some(text) = run.shell_text().filter(|_| run.shell.is_posix()) else {
            continue;
        };
        if let Some(deep) = text.script().errors.iter().find(|error| error.limit) {
            reporter.with(Some(run.index), text.span(deep.span), &deep.message, "");
            broken = true;
        }
    }
    broken
}

fn inline_ignores(suppressions: &Suppressions, reporter: &mut Reporter<'_>) {
    for (span, codes) in &suppressions.inline {
        reporter.with(None, *span, codes, "");
    }
}

/// Ignore comments without effect; a code that is off anyway is not counted.
fn unused(input: &Input<'_>, suppressions: &Suppressions, findings: &mut Vec<Finding>) {
    let settings = input.settings;
    let rules = &input.knowledge.rules;
    let Some(rule) = rules.get(UNUSED) else {
        return;
    };
    let severity = settings.severity(rule);
    if severity == Severity::Off || settings.compat != Compat::None || !settings.report_unused {
        return;
    }
    let mut reporter = Reporter::new(input.file, rule, severity, findings);
    for (code, span) in suppressions.unused() {
        let shell = code.starts_with("SC") && code.chars().skip(2).all(|c| c.is_ascii_digit());
        let counts = match shell {
            true => {
                shell_lint::knows(input, code)
                    && settings.shell_severity(code, Severity::Warning) != Severity::Off
            }
            false => {
                let mut known = rules.find(code).peekable();
                known.peek().is_none() || known.any(|rule| settings.severity(rule) != Severity::Off)
            }
        };
        // A syntax error cannot be ignored; that it is reported says so.
        if counts && code != SYNTAX && !code.eq_ignore_ascii_case("all") {
            reporter.with(None, span, code, "");
        }
    }
}

/// hadolint reports instructions: their first line, column 1, once a code.
fn as_hadolint(file: &Dockerfile, findings: &mut Vec<Finding>) {
    let mut seen = hashbrown::HashSet::new();
    findings.retain_mut(|finding| {
        if finding.code == SYNTAX {
            return true;
        }
        let instruction = finding
            .instruction
            .and_then(|index| file.instructions.get(index));
        if let Some(instruction) = instruction {
            finding.start = file.position(instruction.span.start);
            finding.start.column = 1;
            finding.end = finding.start;
            finding.fix = None;
        }
        // Label rules speak of each label.
        let each = matches!(
            finding.code.as_str(),
            "DL3049"
                | "DL3050"
                | "DL3051"
                | "DL3052"
                | "DL3053"
                | "DL3054"
                | "DL3055"
                | "DL3056"
                | "DL3058"
        );
        let detail = if each {
            finding.message.clone()
        } else {
            String::new()
        };
        seen.insert((finding.start.line, finding.code.clone(), detail))
    });
}

/// BuildKit's own name for the rule comes first, and the place is the
/// instruction's.
fn as_buildkit(file: &Dockerfile, finding: &mut Finding) {
    let instruction = finding
        .instruction
        .and_then(|index| file.instructions.get(index));
    if let Some(instruction) =
        instruction.filter(|_| finding.code != "NoEmptyContinuation" && finding.code != SYNTAX)
    {
        finding.start = file.position(instruction.span.start);
        finding.end = file.position(instruction.span.end);
    }
    if is_buildkit(&finding.code) {
        return;
    }
    if let Some(at) = finding.aliases.iter().position(|alias| is_buildkit(alias)) {
        let name = finding.aliases.swap_remove(at);
        finding
            .aliases
            .push(std::mem::replace(&mut finding.code, name));
    }
}
