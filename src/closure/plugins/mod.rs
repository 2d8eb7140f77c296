//! What programs and libraries load at run time from places that they know:
//! `rules/plugins.toml`, and readers of the settings that name more.

mod expand;
mod readers;

use super::script::Environment;
use super::{Files, Need, NeedKind, NodeId};
use crate::ruleset::{PluginRule, PluginRules, RuleFileError};

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
        let path = path.strip_prefix(b"/").unwrap_or(&path);
        let mut needs = Vec::new();
        for number in self.rules.matching(path) {
            if let Some(rule) = self.rules.rules().get(number) {
                apply(files, rule, environment, &mut needs);
            }
        }
        needs
    }
}

fn apply(files: &dyn Files, rule: &PluginRule, environment: &Environment, needs: &mut Vec<Need>) {
    for pattern in &rule.keeps {
        expand::expand(files, pattern, &mut |found| {
            needs.push(Need {
                kind: NeedKind::Plugin,
                name: rule.id.clone(),
                line: None,
                found,
            });
        });
    }
    let Some(reader) = rule.reads.as_deref().and_then(readers::named) else {
        return;
    };
    let mut settings = Vec::new();
    for pattern in &rule.settings {
        expand::expand(files, pattern, &mut |found| settings.push(found));
    }
    reader(
        &readers::Reading {
            files,
            environment,
            rule: &rule.id,
        },
        &settings,
        needs,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_rules_name_readers_that_exist() {
        let plugins = Plugins::builtin().unwrap();
        for rule in plugins.rules.rules() {
            if let Some(name) = &rule.reads {
                assert!(readers::named(name).is_some(), "{name}");
            }
        }
    }
}
