//! Comments that ignore findings: hadolint's, BuildKit's, ShellCheck's, ours.

use std::cell::Cell;
use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::finding::Finding;
use super::input::ShellKind;
use super::settings::{Compat, Settings};
use crate::dockerfile::{Comment, Dockerfile, Keyword, Span};
use crate::ruleset::{LintRule, LintRules, Severity};

/// How far an ignore comment reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    File,
    Stage(usize),
    Instruction(usize),
    /// A line of an instruction.
    Line(u32),
}

/// Whose comment it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dialect {
    Hadolint,
    Rslim,
    Shellcheck,
    Buildkit,
}

/// A code that a comment ignores.
#[derive(Debug)]
struct Ignore {
    code: String,
    scope: Scope,
    /// The code in the comment.
    span: Span,
    dialect: Dialect,
}

/// All that comments say to the linter.
#[derive(Debug, Default)]
pub struct Suppressions {
    ignores: Vec<Ignore>,
    /// For each code in lower case, who ignores it where, and whether that
    /// ignored something.
    by_code: HashMap<String, BTreeMap<(Dialect, Scope), Cell<bool>>>,
    /// `shell=` comments: where, and which.
    pub shells: Vec<(u32, ShellKind)>,
    /// `error=true` of BuildKit: any finding is an error.
    pub error: bool,
    /// Experimental rules that are wanted.
    pub experimental: Vec<String>,
    /// Comments that say `ignore=` above an instruction, with their codes.
    pub inline: Vec<(Span, String)>,
}

impl Suppressions {
    /// Reads the comments of a file.
    pub fn of(file: &Dockerfile, settings: &Settings) -> Self {
        let mut found = Suppressions::default();
        // As for docker build, a build argument goes before the directive.
        match settings.build_args.get("BUILDKIT_DOCKERFILE_CHECK") {
            Some(value) => found.check_directive(value, Span::at(0), Scope::File),
            None => {
                for directive in file
                    .directives
                    .iter()
                    .filter(|directive| directive.key == "check")
                {
                    found.check_directive(&directive.value, directive.value_span, Scope::File);
                }
            }
        }
        let mut next = Following::new(file);
        for comment in &file.comments {
            found.comment(file, comment, &mut next, settings.compat);
        }
        if settings.no_pragmas {
            found.ignores.clear();
        }
        found
    }

    fn check_directive(&mut self, value: &str, span: Span, scope: Scope) {
        // Everything after the first blank is a remark.
        let value = value.split_whitespace().next().unwrap_or("");
        let mut at = span.start;
        for part in value.split(';') {
            match part.split_once('=') {
                Some(("skip", codes)) => {
                    let start = at + "skip=".len() as u32;
                    self.add(codes, start, scope, Dialect::Buildkit);
                }
                Some(("error", word)) if scope == Scope::File => {
                    self.error = matches!(word.to_ascii_lowercase().as_str(), "true" | "1" | "t");
                }
                Some(("experimental", codes)) if scope == Scope::File => {
                    self.experimental
                        .extend(codes.split(',').map(str::to_owned));
                }
                _ => {}
            }
            at += part.len() as u32 + 1;
        }
    }

    fn add(&mut self, codes: &str, start: u32, scope: Scope, dialect: Dialect) {
        let mut at = start;
        for part in codes.split(',') {
            let code = part.trim();
            let from = at + (part.len() - part.trim_start().len()) as u32;
            at += part.len() as u32 + 1;
            if code.is_empty() {
                continue;
            }
            self.ignores.push(Ignore {
                code: code.to_owned(),
                scope,
                span: Span::new(from, from + code.len() as u32),
                dialect,
            });
        }
    }

    fn comment(
        &mut self,
        file: &Dockerfile,
        comment: &Comment,
        next: &mut Following<'_>,
        compat: Compat,
    ) {
        let text = comment.span.of(&file.text);
        let body = text.trim_start_matches('#');
        let offset = comment.span.start + (text.len() - body.len()) as u32;
        let trimmed = body.trim_start();
        let at = offset + (body.len() - trimmed.len()) as u32;
        if let Some(value) = trimmed.strip_prefix("check=") {
            if !file.is_directive(comment)
                && !comment.inside
                && let Some(index) = next.after(comment)
            {
                let span = Span::at(at + "check=".len() as u32);
                self.check_directive(value, span, Scope::Instruction(index));
            }
            return;
        }
        let Some((dialect, rest)) = dialect(trimmed) else {
            return;
        };
        let hadolint = compat == Compat::Hadolint;
        if hadolint && (comment.inside || dialect != Dialect::Hadolint) {
            return;
        }
        let rest_at = at + (trimmed.len() - rest.len()) as u32;
        let (scope_word, setting) = match rest.split_once(char::is_whitespace) {
            Some((word @ ("global" | "stage"), after)) => (word, after.trim_start()),
            _ => ("", rest),
        };
        let setting_at = rest_at + (rest.len() - setting.len()) as u32;
        let Some((key, value)) = setting.split_once('=') else {
            return;
        };
        let value_at = setting_at + key.len() as u32 + 1;
        // A reason may follow.
        let end = value
            .find('#')
            .unwrap_or(value.len())
            .min(value.find("--").unwrap_or(value.len()));
        let value = value.get(..end).unwrap_or("");
        match key.trim() {
            "shell" => {
                if let Some(program) = value.split_whitespace().next() {
                    self.shells
                        .push((comment.span.start, ShellKind::of(program)));
                }
            }
            "ignore" | "disable" => {
                let codes = codes_part(value);
                if hadolint && !codes.split(',').all(|code| is_hadolint_code(code.trim())) {
                    return;
                }
                let scope = match scope_word {
                    "global" => Some(Scope::File),
                    "stage" => next.stage_after(comment).map(Scope::Stage),
                    _ if comment.inside => next.line_after(comment).map(Scope::Line),
                    _ if hadolint => next.directly_after(comment).map(Scope::Instruction),
                    _ => next.after(comment).map(Scope::Instruction),
                };
                if scope_word.is_empty() {
                    self.inline.push((comment.span, codes.trim().to_owned()));
                }
                if let Some(scope) = scope {
                    self.add(codes, value_at, scope, dialect);
                }
            }
            _ => {}
        }
    }

    /// Takes names of rules for their codes.
    pub fn resolve(&mut self, rules: &LintRules) {
        for ignore in &mut self.ignores {
            let by_name = |rule: &&LintRule| rule.name.eq_ignore_ascii_case(&ignore.code);
            let code = rules
                .find(&ignore.code)
                .find(by_name)
                .map(|rule| rule.code.clone());
            ignore.code = code.unwrap_or_else(|| std::mem::take(&mut ignore.code));
            let places = self.by_code.entry(ignore.code.to_ascii_lowercase());
            let key = (ignore.dialect, ignore.scope);
            places.or_default().insert(key, Cell::new(false));
        }
    }

    /// Whether a comment ignores the finding.
    pub fn covers(&self, finding: &Finding, file: &Dockerfile) -> bool {
        const DIALECTS: [Dialect; 4] = [
            Dialect::Hadolint,
            Dialect::Rslim,
            Dialect::Shellcheck,
            Dialect::Buildkit,
        ];
        let experimental = matches!(
            finding.code.as_str(),
            "CopyIgnoredFile" | "InvalidDefinitionDescription"
        );
        let stage = finding
            .instruction
            .and_then(|index| file.model.stage_of(index));
        let first = finding.start.line;
        let last = file.line(finding.span.end.saturating_sub(1).max(finding.span.start));
        let codes = std::iter::once(finding.code.as_str())
            .chain(finding.aliases.iter().map(String::as_str));
        let mut covered = false;
        for code in codes.chain(["all"]) {
            let Some(places) = self.by_code.get(&code.to_ascii_lowercase()) else {
                continue;
            };
            for dialect in DIALECTS {
                let silent = match dialect {
                    Dialect::Shellcheck => !finding.code.starts_with("SC"),
                    Dialect::Buildkit => experimental && code == "all",
                    _ => false,
                };
                if silent {
                    continue;
                }
                let one = |scope: Scope| places.get(&(dialect, scope));
                let lines = (dialect, Scope::Line(first))..=(dialect, Scope::Line(last.max(first)));
                let reaching = [
                    one(Scope::File),
                    stage.and_then(|stage| one(Scope::Stage(stage.index))),
                    finding
                        .instruction
                        .and_then(|index| one(Scope::Instruction(index))),
                ];
                let reaching = reaching.into_iter().flatten();
                for used in reaching.chain(places.range(lines).map(|(_, used)| used)) {
                    used.set(true);
                    covered = true;
                }
            }
        }
        covered
    }

    /// Codes that ignored nothing, with the place of each.
    pub fn unused(&self) -> impl Iterator<Item = (&str, Span)> {
        let ours = |ignore: &&Ignore| ignore.dialect != Dialect::Shellcheck;
        let used = |ignore: &&Ignore| {
            let places = self.by_code.get(&ignore.code.to_ascii_lowercase());
            places
                .and_then(|places| places.get(&(ignore.dialect, ignore.scope)))
                .is_some_and(Cell::get)
        };
        let unused = self.ignores.iter().filter(move |ignore| !used(ignore));
        unused
            .filter(ours)
            .map(|ignore| (ignore.code.as_str(), ignore.span))
    }

    /// Whether there is anything to look at for each finding.
    pub fn is_empty(&self) -> bool {
        self.ignores.is_empty()
    }
}

/// The codes, up to whatever else stands on the line.
fn codes_part(value: &str) -> &str {
    let mut end = 0;
    let mut after_comma = true;
    for (at, part) in value.match_indices(|c: char| !c.is_whitespace()) {
        if !after_comma && at > end && part != "," {
            break;
        }
        after_comma = part == ",";
        end = at + part.len();
    }
    value.get(..end).unwrap_or(value)
}

fn is_hadolint_code(code: &str) -> bool {
    let digits = code.strip_prefix("DL").or_else(|| code.strip_prefix("SC"));
    digits.is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()))
}

fn dialect(text: &str) -> Option<(Dialect, &str)> {
    for (word, dialect) in [
        ("hadolint", Dialect::Hadolint),
        ("rslim", Dialect::Rslim),
        ("shellcheck", Dialect::Shellcheck),
    ] {
        if let Some(rest) = text.strip_prefix(word)
            && rest.starts_with(char::is_whitespace)
        {
            return Some((dialect, rest.trim_start()));
        }
    }
    None
}

/// Finds what comes after a comment; comments come in order.
struct Following<'a> {
    file: &'a Dockerfile,
    at: usize,
    /// The last answer of `line_after`.
    line: u32,
}

impl<'a> Following<'a> {
    fn new(file: &'a Dockerfile) -> Self {
        Following {
            file,
            at: 0,
            line: 0,
        }
    }

    fn advance(&mut self, comment: &Comment) {
        let instructions = &self.file.instructions;
        while instructions
            .get(self.at)
            .is_some_and(|next| next.span.start < comment.span.start)
        {
            self.at += 1;
        }
    }

    /// The instruction below, whatever comments and blank lines are between.
    fn after(&mut self, comment: &Comment) -> Option<usize> {
        self.advance(comment);
        self.file.instructions.get(self.at).map(|_| self.at)
    }

    /// The instruction on the very next line.
    fn directly_after(&mut self, comment: &Comment) -> Option<usize> {
        let index = self.after(comment)?;
        let start = self.file.instructions.get(index)?.span.start;
        (self.file.line(start) == self.file.line(comment.span.start) + 1).then_some(index)
    }

    fn stage_after(&mut self, comment: &Comment) -> Option<usize> {
        let index = self.after(comment)?;
        let from = self
            .file
            .instructions
            .get(index)
            .filter(|i| i.keyword == Keyword::From);
        from.and_then(|_| self.file.model.stage_of(index))
            .map(|stage| stage.index)
    }

    /// The next line that is no comment.
    fn line_after(&mut self, comment: &Comment) -> Option<u32> {
        // Comments below one another mean the same line.
        let mut line = self.file.line(comment.span.start) + 1;
        if line <= self.line {
            return Some(self.line);
        }
        while line <= self.file.lines.count() {
            let text = self
                .file
                .lines
                .span(&self.file.text, line)
                .of(&self.file.text)
                .trim_start();
            if !text.is_empty() && !text.starts_with('#') {
                self.line = line;
                return Some(line);
            }
            line += 1;
        }
        None
    }
}

/// The severity of a finding that comments raise to an error.
pub fn raised(severity: Severity, error: bool) -> Severity {
    if error && severity != Severity::Off {
        Severity::Error
    } else {
        severity
    }
}
