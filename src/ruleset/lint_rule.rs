//! A lint rule: one TOML file with its meaning, its documentation and its
//! examples, which are its tests.

use regex::Regex;
use serde::Deserialize;

use super::caches::RuleFileError;
use super::example::Example;
use super::severity::Severity;

/// What a fix of this rule may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FixKind {
    /// It has none.
    #[default]
    None,
    /// The image stays the same but for what the finding is about.
    Safe,
    /// What the image does may change; a person has to look.
    Unsafe,
}

/// How a rule looks for its findings.
#[derive(Debug, Clone)]
pub enum Matcher {
    /// By a function of this name.
    Function(String),
    /// By the command lines of RUN.
    Command(Box<CommandMatcher>),
    /// By instructions.
    Instruction(Box<InstructionMatcher>),
    /// By rslim itself, as for syntax errors.
    Engine,
    /// In the built image: waste that reading the Dockerfile does not show.
    Measured,
}

/// A pattern for commands in RUN instructions; everything given must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandMatcher {
    /// Names of the program, `*` for any.
    pub names: Vec<String>,
    /// One of these words is among the arguments.
    #[serde(default)]
    pub subcommands: Vec<String>,
    /// One of these flags is given: `-x`, also within `-abx`, or `--long`.
    #[serde(default)]
    pub with_flags: Vec<String>,
    /// None of these flags is given.
    #[serde(default)]
    pub without_flags: Vec<String>,
    /// An argument matches.
    #[serde(default, with = "serde_regex_text")]
    pub argument: Option<Regex>,
    /// No argument matches.
    #[serde(default, with = "serde_regex_text")]
    pub without_argument: Option<Regex>,
    /// Fix: put this word after the subcommand, or after the name.
    pub insert: Option<String>,
    /// The same, but always after the name.
    pub insert_after_name: Option<String>,
}

/// A pattern for instructions; everything given must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstructionMatcher {
    /// Keywords, in capitals.
    pub keywords: Vec<String>,
    /// The text after the flags matches.
    #[serde(default, with = "serde_regex_text")]
    pub text: Option<Regex>,
    /// The text after the flags does not match.
    #[serde(default, with = "serde_regex_text")]
    pub without_text: Option<Regex>,
    /// The instruction has this flag.
    pub with_flag: Option<String>,
    /// The flag's value matches.
    #[serde(default, with = "serde_regex_text")]
    pub flag_value: Option<Regex>,
    /// The instruction does not have this flag.
    pub without_flag: Option<String>,
    /// Only in the last stage.
    #[serde(default)]
    pub last_stage: bool,
    /// Look at the instructions that ONBUILD holds, too.
    #[serde(default)]
    pub onbuild: bool,
}

/// What a finding's bytes are, where the built image is at hand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// What the instruction's layers hold of these cache rules, shown or not.
    /// Where that is nothing, there is no finding.
    Caches(Vec<String>),
    /// What the instruction wastes in these ways, below the path that the
    /// finding is about. Where that is nothing, there is no finding.
    Waste(Vec<String>),
    /// All that the instruction's layers hold.
    Layer,
    /// All that the base image's layers hold.
    Base,
}

/// A lint rule.
#[derive(Debug, Clone)]
pub struct LintRule {
    /// `DL3008`, `RS1001`, or BuildKit's name.
    pub code: String,
    /// A few words with dashes that say what is found.
    pub name: String,
    /// Other codes for it.
    pub aliases: Vec<String>,
    /// The folder of its file.
    pub family: String,
    /// How bad it is unless configured.
    pub severity: Severity,
    /// One sentence.
    pub summary: String,
    /// Text of a finding; `{what}` and `{with}` stand for its particulars.
    pub message: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub instead: String,
    /// What `--fix` does about it.
    pub fix: FixKind,
    /// What the fix changes, where there is one.
    pub fix_note: String,
    /// Where the answer differs from hadolint's.
    pub hadolint: String,
    /// Pages to read.
    pub references: Vec<String>,
    /// How it is found.
    pub matcher: Matcher,
    /// How many bytes it is about.
    pub measure: Option<Measure>,
    /// Its examples.
    pub examples: Vec<Example>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMatch {
    command: Option<CommandMatcher>,
    instruction: Option<InstructionMatcher>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    code: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    family: String,
    severity: Severity,
    #[serde(default)]
    summary: String,
    message: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    instead: String,
    #[serde(default)]
    fix: FixKind,
    #[serde(default)]
    fix_note: String,
    #[serde(default)]
    hadolint: String,
    #[serde(default)]
    references: Vec<String>,
    check: Option<String>,
    r#match: Option<RawMatch>,
    measure: Option<Measure>,
    #[serde(default)]
    example: Vec<Example>,
}

impl LintRule {
    /// Parses a rule file; `file` is its name for messages.
    ///
    /// # Errors
    /// [`RuleFileError`].
    pub fn parse(file: &str, text: &str) -> Result<Self, RuleFileError> {
        let raw: RawRule = toml::from_str(text).map_err(|source| RuleFileError::Toml {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        let wrong = |what: &str| RuleFileError::Rule {
            file: file.to_owned(),
            what: what.to_owned(),
        };
        if raw.code.is_empty()
            || !raw
                .code
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        {
            return Err(wrong("the code must be letters, digits, - and _"));
        }
        let matcher = match (raw.check, raw.r#match) {
            (Some(check), None) if check == "engine" => Matcher::Engine,
            (Some(check), None) if check == "measured" => Matcher::Measured,
            (Some(check), None) => Matcher::Function(check),
            (
                None,
                Some(RawMatch {
                    command: Some(command),
                    instruction: None,
                }),
            ) => Matcher::Command(Box::new(command)),
            (
                None,
                Some(RawMatch {
                    command: None,
                    instruction: Some(instruction),
                }),
            ) => Matcher::Instruction(Box::new(instruction)),
            _ => {
                return Err(wrong(
                    "exactly one of check, [match.command] and [match.instruction] is needed",
                ));
            }
        };
        let inserts = match &matcher {
            Matcher::Command(pattern) => {
                pattern.insert.is_some() || pattern.insert_after_name.is_some()
            }
            Matcher::Instruction(_) => false,
            Matcher::Function(_) | Matcher::Engine | Matcher::Measured => true,
        };
        if raw.fix != FixKind::None && !inserts {
            return Err(wrong(
                "a fix needs `insert` or `insert_after_name` in [match.command]",
            ));
        }
        Ok(LintRule {
            name: if raw.name.is_empty() {
                raw.code.to_ascii_lowercase()
            } else {
                raw.name
            },
            code: raw.code,
            aliases: raw.aliases,
            family: if raw.family.is_empty() {
                "custom".to_owned()
            } else {
                raw.family
            },
            severity: raw.severity,
            summary: if raw.summary.is_empty() {
                raw.message.clone()
            } else {
                raw.summary
            },
            message: raw.message,
            why: raw.why,
            instead: raw.instead,
            fix: raw.fix,
            fix_note: raw.fix_note,
            hadolint: raw.hadolint,
            references: raw.references,
            matcher,
            measure: raw.measure,
            examples: raw.example,
        })
    }

    /// Whether a code, name or alias, in any case, means this rule.
    pub fn answers_to(&self, name: &str) -> bool {
        let same = |own: &str| own.eq_ignore_ascii_case(name);
        same(&self.code) || same(&self.name) || self.aliases.iter().any(|alias| same(alias))
    }
}

/// Regular expressions as text, with the mistake in the error.
mod serde_regex_text {
    use regex::Regex;
    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Regex>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| Regex::new(&text).map_err(D::Error::custom))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_without_rust() {
        let text = r#"
            code = "ACME-1"
            severity = "warning"
            message = "use {what} no more"
            [match.command]
            names = ["telnet"]
            without_argument = "^localhost$"
        "#;
        let rule = LintRule::parse("x.toml", text).unwrap();
        assert!(matches!(rule.matcher, Matcher::Command(_)));
        assert!(rule.answers_to("acme-1"));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, word) in [
            (
                "code = 'A'\nseverity = 'info'\nmessage = 'm'\n",
                "exactly one",
            ),
            (
                "code = 'A'\nseverity = 'loud'\nmessage = 'm'\ncheck = 'x'",
                "loud",
            ),
            (
                "code = 'A'\nseverity = 'info'\nmessage = 'm'\nchekc = 'x'",
                "chekc",
            ),
            (
                "code = 'A'\nseverity = 'info'\nmessage = 'm'\n[match.command]\nnames=['x']\nargument='('",
                "regex",
            ),
        ] {
            let error = LintRule::parse("x.toml", text).unwrap_err();
            let mut all = error.to_string();
            if let Some(source) = std::error::Error::source(&error) {
                all += &source.to_string();
            }
            assert!(all.contains(word), "{all}");
        }
    }
}
