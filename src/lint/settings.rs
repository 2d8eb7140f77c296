//! What a user can decide about linting, resolved from files, environment and
//! command line.

use hashbrown::HashMap;

use crate::ruleset::{LintRule, LintRules, Severity};

/// Whose answers to give where tools differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compat {
    /// The right ones.
    #[default]
    None,
    /// hadolint's, its mistakes included.
    Hadolint,
    /// BuildKit's build checks, and nothing else.
    Buildkit,
}

/// What a label's value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum LabelType {
    Text,
    Url,
    Rfc3339,
    Spdx,
    Hash,
    Semver,
    Email,
}

impl LabelType {
    /// Reads the word of a label schema.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "text" | "rawtext" | "" => LabelType::Text,
            "url" => LabelType::Url,
            "rfc3339" => LabelType::Rfc3339,
            "spdx" => LabelType::Spdx,
            "hash" => LabelType::Hash,
            "semver" => LabelType::Semver,
            "email" => LabelType::Email,
            _ => return None,
        })
    }
}

/// How shell text is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShellLint {
    /// By the linter inside this program.
    #[default]
    Inside,
    /// By an installed `shellcheck`.
    External,
    /// Not at all.
    Off,
}

/// Settings of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose answers to give.
    pub compat: Compat,
    /// Only these codes, prefixes and families; empty for all.
    pub select: Vec<String>,
    /// Not these.
    pub ignore: Vec<String>,
    /// Severities by code, name, prefix or family; later ones win.
    pub severities: Vec<(String, Severity)>,
    /// Findings below this do not fail the run.
    pub threshold: Severity,
    /// Findings never fail the run.
    pub no_fail: bool,
    /// Comments cannot ignore anything.
    pub no_pragmas: bool,
    /// Registries that images may come from; empty for any.
    pub trusted_registries: Vec<String>,
    /// Labels and what their values must be.
    pub labels: Vec<(String, LabelType)>,
    /// No labels but those of the schema.
    pub strict_labels: bool,
    /// How shell text is looked at.
    pub shell: ShellLint,
    /// Report ignore comments that do nothing.
    pub report_unused: bool,
    /// Variables that the builder is given from outside.
    pub build_args: HashMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            compat: Compat::None,
            select: Vec::new(),
            ignore: Vec::new(),
            severities: Vec::new(),
            threshold: Severity::Info,
            no_fail: false,
            no_pragmas: false,
            trusted_registries: Vec::new(),
            labels: Vec::new(),
            strict_labels: false,
            shell: ShellLint::Inside,
            report_unused: true,
            build_args: HashMap::new(),
        }
    }
}

/// How narrowly a word of the settings means something; the narrower wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breadth {
    /// `all`.
    All,
    /// A family such as `size`.
    Family,
    /// A prefix such as `DL3`, of this length.
    Prefix(usize),
    /// A code, a name or an alias.
    Exact,
}

/// Whether `selector` means a rule, and how: by itself, an alias, a name, a
/// family, or a prefix of the code.
pub fn selects(selector: &str, rule: &LintRule) -> Option<Breadth> {
    if rule.answers_to(selector) {
        return Some(Breadth::Exact);
    }
    if is_prefix(selector) && starts_with(&rule.code, selector) {
        return Some(Breadth::Prefix(selector.len()));
    }
    if rule.family.eq_ignore_ascii_case(selector) {
        return Some(Breadth::Family);
    }
    selector.eq_ignore_ascii_case("all").then_some(Breadth::All)
}

fn selects_shell(selector: &str, code: &str) -> Option<Breadth> {
    if code.eq_ignore_ascii_case(selector) {
        return Some(Breadth::Exact);
    }
    if is_prefix(selector) && starts_with(code, selector) {
        return Some(Breadth::Prefix(selector.len()));
    }
    if selector.eq_ignore_ascii_case("shell") {
        return Some(Breadth::Family);
    }
    selector.eq_ignore_ascii_case("all").then_some(Breadth::All)
}

fn starts_with(code: &str, prefix: &str) -> bool {
    prefix.len() >= 2
        && code
            .get(..prefix.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// Whether a word of the settings means anything: a rule, an alias, a family, a
/// prefix, or a code of ShellCheck's.
pub fn is_known(selector: &str, rules: &LintRules) -> bool {
    let shell = selector
        .get(..2)
        .is_some_and(|head| head.eq_ignore_ascii_case("SC"))
        && selector
            .get(2..)
            .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()));
    // A code that a later hadolint has is no slip.
    let hadolint = selector
        .strip_prefix("DL")
        .is_some_and(|rest| rest.len() == 4 && rest.chars().all(|c| c.is_ascii_digit()));
    shell
        || hadolint
        || selector == "shell"
        || rules
            .rules()
            .iter()
            .any(|rule| selects(selector, rule).is_some())
}

/// Prefixes are letters and perhaps digits; a BuildKit name is no prefix.
fn is_prefix(selector: &str) -> bool {
    let letters = selector.trim_end_matches(|c: char| c.is_ascii_digit());
    matches!(letters.to_ascii_uppercase().as_str(), "DL" | "SC" | "RS")
        || (letters.len() >= 2 && letters.chars().all(|c| c.is_ascii_uppercase() || c == '-'))
}

impl Settings {
    /// The severity of a rule; `Off` when it is not to be reported.
    pub fn severity(&self, rule: &LintRule) -> Severity {
        self.severity_by(rule.severity, |selector| selects(selector, rule))
    }

    /// The severity of a ShellCheck code.
    pub fn shell_severity(&self, code: &str, own: Severity) -> Severity {
        self.severity_by(own, |selector| selects_shell(selector, code))
    }

    fn severity_by(&self, own: Severity, means: impl Fn(&str) -> Option<Breadth>) -> Severity {
        let named = |list: &[String]| list.iter().filter_map(|selector| means(selector)).max();
        let selected = named(&self.select);
        if named(&self.ignore).is_some() || !(self.select.is_empty() || selected.is_some()) {
            return Severity::Off;
        }
        // Of equally narrow ones the last wins.
        let set = self
            .severities
            .iter()
            .filter_map(|(selector, severity)| Some((means(selector)?, *severity)));
        match set.max_by_key(|(breadth, _)| *breadth) {
            // A rule that is off has to be named itself.
            Some((breadth, _)) if own == Severity::Off && breadth < Breadth::Exact => own,
            Some((_, severity)) => severity,
            None if own == Severity::Off && selected == Some(Breadth::Exact) => Severity::Info,
            None => own,
        }
    }
}
