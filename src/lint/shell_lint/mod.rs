//! ShellCheck's judgement of shell text in RUN, CMD, ENTRYPOINT and
//! HEALTHCHECK, with places in the Dockerfile.

#[cfg(feature = "shell-lint")]
mod inside;
mod scripts;

#[cfg(feature = "shell-lint")]
pub use inside::InsideChecker;
pub use scripts::{ShellScript, each_script, script_texts};

use hashbrown::HashMap;

use super::finding::{Finding, Subject};
use super::input::{Input, ShellKind};
use super::settings::ShellLint;
use crate::dockerfile::Span;
use crate::ruleset::Severity;

/// What a checker says about a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellDiagnostic {
    /// The number of the ShellCheck code.
    pub code: u32,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where, in the script's text (its prelude not counted).
    pub span: Span,
}

/// Checks scripts.
pub trait ShellChecker: std::fmt::Debug + Sync + Send {
    /// What it says about a script.
    fn check(&self, script: &ShellScript<'_>) -> Vec<ShellDiagnostic>;

    /// Whether it can find this code at all.
    fn knows(&self, code: u32) -> bool;
}

/// Codes that make no sense in a Dockerfile: files that cannot be followed,
/// and ash taken for dash.
const EXCLUDED: [u32; 3] = [1090, 1091, 2187];

/// Scripts of one file that differ; nobody wrote more by hand.
const SCRIPTS: usize = 10_000;

/// Adds what the checker says.
pub(super) fn lint(input: &Input<'_>, shells: &[(u32, ShellKind)], findings: &mut Vec<Finding>) {
    if input.settings.shell == ShellLint::Off {
        return;
    }
    let Some(checker) = input.knowledge.shell.as_deref() else {
        return;
    };
    // Generated files say the same over and over.
    let mut known: HashMap<(ShellKind, &str, Vec<String>), Vec<ShellDiagnostic>> = HashMap::new();
    each_script(input.file, shells, input.hadolint(), |script| {
        let key = (script.shell, script.text.text(), script.variables.clone());
        if known.len() >= SCRIPTS && !known.contains_key(&key) {
            return;
        }
        let diagnostics = known.entry(key).or_insert_with(|| checker.check(&script));
        for diagnostic in diagnostics.iter().cloned() {
            if EXCLUDED.contains(&diagnostic.code) {
                continue;
            }
            let code = format!("SC{}", diagnostic.code);
            let severity = input.settings.shell_severity(&code, diagnostic.severity);
            if severity == Severity::Off {
                continue;
            }
            let span = script.text.span(diagnostic.span);
            findings.push(Finding {
                code,
                aliases: Vec::new(),
                severity,
                message: diagnostic.message,
                span,
                start: input.file.position(span.start),
                end: input.file.position(span.end),
                instruction: Some(script.instruction),
                bytes: None,
                layer: None,
                subject: Subject::default(),
                fix: None,
            });
        }
    });
}

/// Whether the checker can find a code such as `SC2086`.
pub(super) fn knows(input: &Input<'_>, code: &str) -> bool {
    let number = code.get(2..).and_then(|digits| digits.parse().ok());
    let checker = input
        .knowledge
        .shell
        .as_deref()
        .filter(|_| input.settings.shell != ShellLint::Off);
    checker
        .zip(number)
        .is_some_and(|(checker, number)| !EXCLUDED.contains(&number) && checker.knows(number))
}
