//! SARIF 2.1.0: a rule for each check and each lint rule that was broken.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::problems::{Problem, problems};
use super::{GateReport, TOOL};
use crate::gate::Check;
use crate::report::lint::fingerprint::digest_of;
use crate::report::lint::sarif::{
    ArtifactLocation, Driver, Invocation, Log, Message, PartialFingerprints, Result as SarifResult,
    ResultProperties, Rule, RuleProperties, Run, Suppression, Tool, level, location, region, rule,
};
use crate::report::lint::{LintReport, path::uri};

/// What stands for the file where there is none: readers want one.
const NOWHERE: &str = "Dockerfile";

pub(super) fn write(report: &GateReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let problems = problems(report);
    // Rules of lint have their texts in its report.
    let known = LintReport {
        files: Vec::new(),
        rules: report
            .lint
            .as_ref()
            .map(|lint| lint.rules.clone())
            .unwrap_or_default(),
        tool_version: report.tool_version,
    };
    let mut codes: BTreeMap<&str, usize> =
        problems.iter().map(|problem| (problem.code, 0)).collect();
    for (index, number) in codes.values_mut().enumerate() {
        *number = index;
    }
    let rules = codes.keys().map(|code| match Check::of_name(code) {
        Some(check) => rule_of(check),
        None => rule(&known, code),
    });
    let rules: Vec<Rule<'_>> = rules.collect();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let results = problems.iter().map(|problem| {
        let print = print(report, problem, &mut seen);
        result(
            problem,
            codes.get(problem.code).copied().unwrap_or_default(),
            print,
        )
    });
    let results: Vec<SarifResult<'_>> = results.collect();
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: TOOL,
                    version: report.tool_version,
                    rules,
                },
            },
            column_kind: "unicodeCodePoints",
            invocations: [Invocation {
                execution_successful: true,
                tool_execution_notifications: Vec::new(),
            }],
            results,
        }],
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

fn rule_of(check: Check) -> Rule<'static> {
    Rule {
        id: check.name(),
        name: None,
        short_description: Message {
            text: check.title(),
        },
        full_description: None,
        help: None,
        help_uri: None,
        default_configuration: None,
        properties: RuleProperties {
            tags: ["container-image"],
            aliases: &[],
        },
    }
}

/// Stays the same while figures change: a check, and what breaks it.
fn print(
    report: &GateReport<'_>,
    problem: &Problem<'_>,
    seen: &mut BTreeMap<String, u32>,
) -> String {
    let lint = report.lint.as_ref();
    let finding = problem
        .finding
        .and_then(|number| lint?.findings.get(number));
    if let Some(finding) = finding {
        return finding.fingerprint.clone();
    }
    // Sizes stand behind the first colon of what an offence says.
    let what = problem.message.split(": ").nth(1).unwrap_or_default();
    let what = match problem.check.is_number() {
        true => "",
        false => what,
    };
    let path = problem.path.unwrap_or(NOWHERE);
    let print = digest_of(&[path.as_bytes(), problem.code.as_bytes(), what.as_bytes()]);
    let again = seen.entry(print.clone()).or_insert(0);
    *again += 1;
    match *again {
        1 => print,
        number => digest_of(&[print.as_bytes(), &number.to_be_bytes()]),
    }
}

fn result<'a>(problem: &'a Problem<'_>, index: usize, print: String) -> SarifResult<'a> {
    let place = ArtifactLocation {
        uri: uri(problem.path.unwrap_or(NOWHERE)),
    };
    SarifResult {
        rule_id: problem.code,
        rule_index: index,
        level: level(problem.severity),
        message: Message {
            text: &problem.message,
        },
        locations: [location(&place, Some(region(problem.start, problem.end)))],
        partial_fingerprints: PartialFingerprints { line: print },
        suppressions: problem
            .waived
            .map(|waived| Suppression {
                kind: "external",
                justification: &waived.reason,
            })
            .into_iter()
            .collect(),
        fixes: Vec::new(),
        properties: problem.bytes.map(|bytes| ResultProperties { bytes }),
    }
}
