//! What programs and libraries load at run time from places that they know:
//! `rules/plugins.toml`, and readers of the settings that name more.

mod expand;
mod readers;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::files::split;
use super::script::Environment;
use super::{Files, Need, NeedKind, NodeId};
use crate::ruleset::{PathMatcher, PluginRule, PluginRules, RuleFileError};
use expand::Expansion;

/// The rules, ready to be asked.
#[derive(Debug, Clone)]
pub struct Plugins {
    rules: PluginRules,
}

impl Plugins {
    /// The shipped rules.
    ///
    /// # Errors
    /// [`RuleFileError`] if the shipped file is broken, which a test rules out.
    pub fn builtin() -> Result<Self, RuleFileError> {
        Ok(Plugins {
            rules: PluginRules::builtin()?,
        })
    }

    /// What the program or library `node` loads.
    pub fn needs(&self, files: &dyn Files, node: NodeId, environment: &Environment) -> Vec<Need> {
        let path = files.path(node);
        let relative = path.strip_prefix(b"/").unwrap_or(&path);
        let mut needs = Vec::new();
        for number in self.rules.matching(relative) {
            let Some(rule) = self.rules.rules().get(number) else {
                continue;
            };
            let asked = Asked {
                files,
                environment,
                rule,
                except: self.rules.except(number),
                directory: split(&path).0,
                name: String::from_utf8_lossy(split(&path).1),
            };
            asked.keeps(&mut needs);
            asked.reads(&mut needs);
        }
        needs
    }
}

/// A rule that matches a file.
struct Asked<'a> {
    files: &'a dyn Files,
    environment: &'a Environment,
    rule: &'a PluginRule,
    except: Option<&'a PathMatcher>,
    /// The directory of the file, and its name there.
    directory: &'a [u8],
    name: Cow<'a, str>,
}

impl Asked<'_> {
    fn keeps(&self, needs: &mut Vec<Need>) {
        for pattern in &self.rule.keeps {
            let mut expansion = Expansion::new(self.files, self.directory).except(self.except);
            let pattern = pattern.replace("{name}", &self.name);
            expansion.expand(&pattern, &mut |found| {
                needs.push(Need {
                    kind: NeedKind::Plugin,
                    name: self.rule.id.clone(),
                    line: None,
                    found,
                });
            });
        }
    }

    fn reads(&self, needs: &mut Vec<Need>) {
        let reader = self.rule.reads.as_deref().and_then(readers::named);
        let Some(reader) = reader else { return };
        let mut settings = Vec::new();
        for pattern in &self.rule.settings {
            Expansion::new(self.files, self.directory)
                .expand(pattern, &mut |found| settings.push(found));
        }
        let reading = readers::Reading {
            files: self.files,
            environment: self.environment,
            rule: &self.rule.id,
            directory: self.directory,
        };
        reader(&reading, &settings, needs);
    }
}
