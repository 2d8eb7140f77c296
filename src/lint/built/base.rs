//! What the instructions of a Dockerfile found when they began: the base
//! image's user, directory, shell, variables and health check.

use std::collections::BTreeSet;

use crate::attribute::{Attributions, Kind, Meaning, Step};
use crate::dockerfile::Keyword;
use crate::oci::ImageConfig;

/// The state that a base image hands on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaseState {
    /// USER.
    pub user: Option<String>,
    /// WORKDIR.
    pub workdir: Option<String>,
    /// SHELL.
    pub shell: Option<Vec<String>>,
    /// Whether there is a HEALTHCHECK.
    pub healthcheck: bool,
    /// Names of variables.
    pub variables: BTreeSet<String>,
}

impl BaseState {
    /// Reads it from the base's history. What no instruction of either sets is
    /// in the configuration as the base left it.
    pub(super) fn of(config: &ImageConfig, attributions: &Attributions) -> Self {
        let mut state = BaseState::default();
        let mut own: BTreeSet<Keyword> = BTreeSet::new();
        let mut set_here: BTreeSet<String> = BTreeSet::new();
        for (entry, made) in config.history.iter().zip(&attributions.entries) {
            let steps = match Meaning::of(entry) {
                Meaning::One(step) => vec![step],
                Meaning::Folded { steps, .. } => steps,
                Meaning::SameAsBefore => Vec::new(),
            };
            for step in steps {
                match made.kind {
                    Kind::Base => state.take(&step),
                    Kind::Instruction | Kind::Unknown => {
                        own.extend(step.keyword);
                        if step.keyword == Some(Keyword::Env) {
                            set_here.extend(names(&step.text).map(str::to_owned));
                        }
                    }
                }
            }
        }
        let run = &config.config;
        for variable in &run.env {
            let name = variable.split('=').next().unwrap_or("");
            if !set_here.contains(name) {
                state.variables.insert(name.to_owned());
            }
        }
        let untouched = |keyword| !own.contains(&keyword);
        if untouched(Keyword::User) && !run.user.is_empty() {
            state.user = Some(run.user.clone());
        }
        if untouched(Keyword::Workdir) && !run.working_dir.is_empty() {
            state.workdir = Some(run.working_dir.clone());
        }
        if untouched(Keyword::Shell) && !run.shell.is_empty() {
            state.shell = Some(run.shell.clone());
        }
        if untouched(Keyword::Healthcheck) && !run.healthcheck.test.is_empty() {
            state.healthcheck = run.health_command().is_some();
        }
        state
    }

    fn take(&mut self, step: &Step) {
        let text = step.text.trim();
        match step.keyword {
            Some(Keyword::User) => self.user = Some(text.to_owned()),
            Some(Keyword::Workdir) => self.workdir = Some(text.to_owned()),
            Some(Keyword::Healthcheck) => {
                self.healthcheck = !text.is_empty() && !text.contains("NONE");
            }
            Some(Keyword::Env) => self.variables.extend(names(text).map(str::to_owned)),
            // `[/bin/bash -o pipefail -c]`, as both builders print a list.
            Some(Keyword::Shell) => {
                let words = text.trim_start_matches('[').trim_end_matches(']');
                let words = words.split([' ', ',']).map(|word| word.trim_matches('"'));
                let words = words.filter(|word| !word.is_empty());
                self.shell = Some(words.map(str::to_owned).collect());
            }
            _ => {}
        }
    }
}

/// Names of the variables that ENV sets, as history has them. A word of a value
/// may be taken for one more: it does no harm.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter_map(|word| {
        let (name, _) = word.split_once('=')?;
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (plain && !name.is_empty()).then_some(name)
    })
}
