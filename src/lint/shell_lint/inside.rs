//! The checker inside this program: shuck's rules under ShellCheck's codes.

use hashbrown::HashMap;
use shuck_linter::{
    AnalysisRequest, LinterSettings, Rule, ShellCheckCodeMap, ShellCheckLevel, ShellDialect,
    rule_metadata,
};
use shuck_parser::parser::Parser;

use super::{ShellChecker, ShellDiagnostic, ShellScript};
use crate::dockerfile::Span;
use crate::lint::input::ShellKind;
use crate::ruleset::Severity;

/// Checks that ShellCheck itself has off unless asked for.
const OPTIONAL: [u32; 9] = [2243, 2244, 2248, 2249, 2250, 2292, 2310, 2311, 2312];

/// Checks scripts without any other program.
#[derive(Debug)]
pub struct InsideChecker {
    /// The settings for each dialect.
    settings: HashMap<u8, LinterSettings>,
    codes: HashMap<Rule, u32>,
}

impl Default for InsideChecker {
    fn default() -> Self {
        let map = ShellCheckCodeMap::default();
        let codes: HashMap<Rule, u32> = map
            .mappings()
            .filter_map(|(_, rule)| Some((rule, map.code_for_rule(rule)?)))
            .filter(|(_, code)| !OPTIONAL.contains(code))
            .collect();
        let dialects = [
            ShellDialect::Sh,
            ShellDialect::Bash,
            ShellDialect::Dash,
            ShellDialect::Ksh,
            ShellDialect::Zsh,
        ];
        let settings = dialects.into_iter().enumerate().map(|(i, dialect)| {
            let mut settings = LinterSettings::for_rules(codes.keys().copied()).with_shell(dialect);
            // Files on this machine have nothing to do with those in the image.
            settings.resolve_source_closure = false;
            (i as u8, settings)
        });
        InsideChecker {
            settings: settings.collect(),
            codes,
        }
    }
}

fn number(shell: ShellKind) -> u8 {
    match shell {
        ShellKind::Bash => 1,
        ShellKind::Ash | ShellKind::Dash => 2,
        ShellKind::Ksh => 3,
        ShellKind::Zsh => 4,
        _ => 0,
    }
}

impl ShellChecker for InsideChecker {
    fn check(&self, script: &ShellScript<'_>) -> Vec<ShellDiagnostic> {
        let Some(settings) = self.settings.get(&number(script.shell)) else {
            return Vec::new();
        };
        let prelude = script.prelude();
        let source = format!("{prelude}{}\n", script.text.text());
        // A bug in the checker must not cost the other findings.
        let checked = std::panic::catch_unwind(|| {
            let parsed = Parser::with_dialect(&source, settings.shell.parser_dialect()).parse();
            let request = AnalysisRequest::from_parse_result(&parsed, &source, settings);
            // Looking for directives takes longer than most scripts.
            match source.contains("shellcheck") {
                true => request.lint(),
                false => request.without_suppressions().lint(),
            }
        });
        let Ok(diagnostics) = checked else {
            return Vec::new();
        };
        let before = prelude.len();
        let length = script.text.text().len();
        let mut found = Vec::new();
        for diagnostic in diagnostics {
            let Some(&code) = self.codes.get(&diagnostic.rule) else {
                continue;
            };
            let (start, end) = (diagnostic.span.start.offset(), diagnostic.span.end.offset());
            let Some(start) = start.checked_sub(before).filter(|start| *start <= length) else {
                continue;
            };
            let end = end.saturating_sub(before).clamp(start, length);
            found.push(ShellDiagnostic {
                code,
                severity: severity(diagnostic.rule, diagnostic.severity),
                message: diagnostic.message,
                span: Span::new(start as u32, end as u32),
            });
        }
        found
    }

    fn knows(&self, code: u32) -> bool {
        self.codes.values().any(|known| *known == code)
    }
}

/// ShellCheck's own level, where it is known.
fn severity(rule: Rule, own: shuck_linter::Severity) -> Severity {
    match rule_metadata(rule).and_then(|meta| meta.shellcheck_level) {
        Some(ShellCheckLevel::Error) => Severity::Error,
        Some(ShellCheckLevel::Warning) => Severity::Warning,
        Some(ShellCheckLevel::Info) => Severity::Info,
        Some(ShellCheckLevel::Style) => Severity::Style,
        None => match own {
            shuck_linter::Severity::Error => Severity::Error,
            shuck_linter::Severity::Warning => Severity::Warning,
            shuck_linter::Severity::Hint => Severity::Info,
        },
    }
}
