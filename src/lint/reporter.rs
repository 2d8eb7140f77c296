//! Where rules put their findings.

use super::finding::{Applicability, Edit, Finding, Fix, Subject};
use crate::dockerfile::{Dockerfile, Instruction, Span};
use crate::ruleset::{LintRule, Severity};

/// Findings of one rule in one file; nobody reads more, and hostile files
/// have millions.
const FINDINGS: usize = 10_000;

/// Collects the findings of one rule.
#[derive(Debug)]
pub struct Reporter<'a> {
    count: usize,
    file: &'a Dockerfile,
    rule: &'a LintRule,
    severity: Severity,
    findings: &'a mut Vec<Finding>,
}

/// A finding that can still be added to.
#[derive(Debug)]
pub struct Report<'a> {
    finding: Option<&'a mut Finding>,
}

impl<'a> Reporter<'a> {
    /// For the findings of one rule.
    pub fn new(
        file: &'a Dockerfile,
        rule: &'a LintRule,
        severity: Severity,
        findings: &'a mut Vec<Finding>,
    ) -> Self {
        Reporter {
            count: 0,
            file,
            rule,
            severity,
            findings,
        }
    }

    /// A finding at `span`, which is part of the instruction `index`.
    pub fn at(&mut self, index: usize, span: Span, what: &str) -> Report<'_> {
        self.with(Some(index), span, what, "")
    }

    /// A finding with both of the message's particulars.
    pub fn with(&mut self, index: Option<usize>, span: Span, what: &str, with: &str) -> Report<'_> {
        self.count += 1;
        if self.count > FINDINGS {
            if let Some(last) = self
                .findings
                .last_mut()
                .filter(|_| self.count == FINDINGS + 1)
            {
                last.message
                    .push_str(" (and more of this kind, not listed)");
            }
            return Report { finding: None };
        }
        let message = fill(&self.rule.message, what, with);
        self.findings.push(Finding {
            code: self.rule.code.clone(),
            aliases: self.rule.aliases.clone(),
            severity: self.severity,
            message,
            span,
            start: self.file.position(span.start),
            end: self.file.position(span.end),
            instruction: index,
            bytes: None,
            layer: None,
            subject: Subject::default(),
            fix: None,
        });
        Report {
            finding: self.findings.last_mut(),
        }
    }

    /// A finding about an instruction's keyword and all.
    pub fn instruction(
        &mut self,
        index: usize,
        instruction: &Instruction,
        what: &str,
    ) -> Report<'_> {
        self.with(Some(index), instruction.name.span, what, "")
    }
}

/// Long or odd particulars are cut, so that a hostile file cannot fill a report.
fn fill(message: &str, what: &str, with: &str) -> String {
    const LIMIT: usize = 200;
    let short = |text: &str| -> String {
        let mut cut: String = text
            .chars()
            .take(LIMIT)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        if cut.len() < text.len() {
            cut.push('…');
        }
        cut
    };
    // Placeholders in the particulars themselves stay as they are.
    let mut out = String::with_capacity(message.len() + what.len());
    let mut rest = message;
    while let Some(at) = rest.find('{') {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        if let Some(after) = tail.strip_prefix("{what}") {
            out.push_str(&short(what));
            rest = after;
        } else if let Some(after) = tail.strip_prefix("{with}") {
            out.push_str(&short(with));
            rest = after;
        } else {
            out.push('{');
            rest = tail.get(1..).unwrap_or("");
        }
    }
    out.push_str(rest);
    out
}

impl Report<'_> {
    /// How many bytes it costs.
    pub fn bytes(self, bytes: u64) -> Self {
        if let Some(finding) = self.finding {
            finding.bytes = Some(bytes);
            return Report {
                finding: Some(finding),
            };
        }
        self
    }

    /// The layer that has them.
    pub fn layer(mut self, layer: u32) -> Self {
        if let Some(finding) = &mut self.finding {
            finding.layer = Some(layer);
        }
        self
    }

    /// The cache rule whose files it is about.
    pub fn leftovers_of(mut self, cache: &str) -> Self {
        if let Some(finding) = &mut self.finding {
            finding.subject.caches.push(cache.to_owned());
        }
        self
    }

    /// The path of the image that it is about.
    pub fn below(mut self, path: &str) -> Self {
        if let Some(finding) = &mut self.finding {
            finding.subject.path = Some(path.to_owned());
        }
        self
    }

    fn fix(self, applicability: Applicability, edits: Vec<Edit>) -> Self {
        if let Some(finding) = self.finding {
            if !edits.is_empty() {
                finding.fix = Some(Fix {
                    applicability,
                    edits,
                });
            }
            return Report {
                finding: Some(finding),
            };
        }
        self
    }

    /// Edits that anybody would make.
    pub fn safe(self, edits: Vec<Edit>) -> Self {
        self.fix(Applicability::Safe, edits)
    }

    /// Edits that a person has to look at.
    pub fn risky(self, edits: Vec<Edit>) -> Self {
        self.fix(Applicability::Unsafe, edits)
    }
}

/// Puts text at a place.
pub fn insert(at: u32, text: impl Into<String>) -> Edit {
    Edit {
        span: Span::at(at),
        text: text.into(),
    }
}

/// Puts text in place of other text.
pub fn replace(span: Span, text: impl Into<String>) -> Edit {
    Edit {
        span,
        text: text.into(),
    }
}

/// Removes an instruction with its line break and the indentation before it.
pub fn delete_instruction(file: &Dockerfile, instruction: &Instruction) -> Edit {
    let text = file.text.as_bytes();
    let mut start = instruction.span.start as usize;
    while start > 0
        && text
            .get(start - 1)
            .is_some_and(|b| matches!(b, b' ' | b'\t'))
    {
        start -= 1;
    }
    let mut end = instruction.span.end as usize;
    while text.get(end).is_some_and(|b| *b != b'\n') {
        end += 1;
    }
    if end < text.len() {
        end += 1;
    }
    replace(Span::new(start as u32, end as u32), "")
}
