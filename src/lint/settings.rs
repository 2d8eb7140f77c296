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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Whether `selector` means a code: itself, an alias, a name, a family, or a
/// prefix of the code such as `DL3` or `SC`.
pub fn selects(selector: &str, rule: &LintRule) -> bool {
    let prefix = |code: &str| {
        let starts = code.len() >= selector.len()
            && code
                .get(..selector.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(selector));
        starts && selector.len() >= 2
    };
    selector.eq_ignore_ascii_case("all")
        || rule.answers_to(selector)
        || rule.family.eq_ignore_ascii_case(selector)
        || (is_prefix(selector) && prefix(&rule.code))
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
        || rules.rules().iter().any(|rule| selects(selector, rule))
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
        self.severity_by(own, |selector| {
            selector.eq_ignore_ascii_case("all")
                || selector.eq_ignore_ascii_case("shell")
                || code.eq_ignore_ascii_case(selector)
                || (is_prefix(selector)
                    && code
                        .get(..selector.len())
                        .is_some_and(|head| head.eq_ignore_ascii_case(selector)))
        })
    }

    fn severity_by(&self, own: Severity, means: impl Fn(&str) -> bool) -> Severity {
        let named = |list: &[String]| list.iter().any(|selector| means(selector));
        if named(&self.ignore) || !(self.select.is_empty() || named(&self.select)) {
            return Severity::Off;
        }
        let set = self
            .severities
            .iter()
            .rev()
            .find(|(selector, _)| means(selector));
        match set {
            Some(&(_, severity)) => severity,
            // A rule that is off by default is on when it is selected by name.
            None if own == Severity::Off && named(&self.select) => Severity::Info,
            None => own,
        }
    }
}
