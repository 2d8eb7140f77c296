//! The settings of each file: command line over file over environment.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::LintCommand;
use crate::cli::failure::Failure;
use crate::lint::config::{self, Partial};
use crate::lint::{Knowledge, Settings, ShellChecker, ShellLint};
use crate::ruleset::{BaseTwins, CacheRules, LintRule, LintRules, SecretRules, Severity};

/// Names of settings files, the first of a folder wins.
const NAMES: [&str; 4] = [
    ".rslim.toml",
    "rslim.toml",
    ".hadolint.yaml",
    ".hadolint.yml",
];

/// Settings files larger than this are somebody's mistake.
const SIZE_LIMIT: u64 = 1 << 20;

/// Settings with the rules that they bring.
#[derive(Debug)]
pub(in crate::cli) struct Configured {
    pub(in crate::cli) settings: Settings,
    pub(in crate::cli) rules: LintRules,
    pub(super) formats: Vec<String>,
    pub(super) no_color: bool,
    /// The settings file that was read.
    pub(in crate::cli) file: Option<PathBuf>,
    caches: CacheRules,
    twins: BaseTwins,
    secrets: SecretRules,
    knowledge: Mutex<Option<Arc<Knowledge>>>,
}

impl Configured {
    /// What rules consult, with the checker of this run.
    pub(super) fn knowledge(&self, checker: Option<&Arc<dyn ShellChecker>>) -> Arc<Knowledge> {
        let mut known = self
            .knowledge
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let made = known.get_or_insert_with(|| {
            Arc::new(Knowledge {
                rules: self.rules.clone(),
                caches: self.caches.clone(),
                twins: self.twins.clone(),
                secrets: self.secrets.clone(),
                shell: checker.cloned(),
            })
        });
        Arc::clone(made)
    }
}

/// Finds and keeps the settings of folders.
pub(in crate::cli) struct Configurations<'a> {
    command: &'a LintCommand,
    typed: Partial,
    environment: Partial,
    by_file: Mutex<HashMap<Option<PathBuf>, Arc<Configured>>>,
    by_folder: Mutex<HashMap<PathBuf, Option<PathBuf>>>,
}

impl<'a> Configurations<'a> {
    pub(in crate::cli) fn new(command: &'a LintCommand) -> Result<Self, Failure> {
        let environment = match command.rules.no_config {
            true => Partial::default(),
            false => config::hadolint_variables(|name| std::env::var(name).ok())
                .map_err(|error| Failure::of("", &error))?,
        };
        Ok(Configurations {
            command,
            typed: typed(command)?,
            environment,
            by_file: Mutex::default(),
            by_folder: Mutex::default(),
        })
    }

    /// The settings for a Dockerfile.
    pub(in crate::cli) fn of(&self, path: &Path) -> Result<Arc<Configured>, Failure> {
        let file = match &self.command.rules.config {
            Some(file) => Some(file.clone()),
            None if self.command.rules.no_config => None,
            None => self.nearest(path),
        };
        let mut known = self
            .by_file
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(configured) = known.get(&file) {
            return Ok(Arc::clone(configured));
        }
        let configured = Arc::new(self.load(file.as_deref())?);
        known.insert(file, Arc::clone(&configured));
        Ok(configured)
    }

    /// The settings file in the Dockerfile's folder or the nearest above it,
    /// else the one that hadolint keeps for the user.
    fn nearest(&self, path: &Path) -> Option<PathBuf> {
        let folder = match path.as_os_str() == "-" {
            true => PathBuf::from("."),
            false => path.parent().map(Path::to_owned).unwrap_or_default(),
        };
        let folder = if folder.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            folder
        };
        let mut known = self
            .by_folder
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(found) = known.get(&folder) {
            return found.clone();
        }
        let absolute = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        let above = absolute
            .ancestors()
            .flat_map(|dir| NAMES.iter().map(move |name| dir.join(name)));
        let found = above.chain(user_files()).find(|file| file.is_file());
        known.insert(folder, found.clone());
        found
    }

    fn load(&self, file: Option<&Path>) -> Result<Configured, Failure> {
        let from_file = match file {
            Some(file) => read(file)?,
            None => Partial::default(),
        };
        let partial = self
            .typed
            .clone()
            .over(from_file)
            .over(self.environment.clone());
        let mut rules =
            LintRules::builtin().map_err(|error| Failure::of("shipped rules", &error))?;
        for folder in &partial.rules {
            rules = rules
                .with(custom(folder)?)
                .map_err(|error| Failure::of("", &error))?;
        }
        let mut settings = partial.settings();
        if self.command.no_shell_lint {
            settings.shell = ShellLint::Off;
        }
        check_names(&settings, &rules, file)?;
        Ok(Configured {
            settings,
            rules,
            formats: partial.formats.clone(),
            no_color: partial.no_color.unwrap_or(false),
            file: file.map(Path::to_owned),
            caches: CacheRules::builtin().map_err(|error| Failure::of("shipped rules", &error))?,
            twins: BaseTwins::builtin().map_err(|error| Failure::of("shipped rules", &error))?,
            secrets: SecretRules::builtin()
                .map_err(|error| Failure::of("shipped rules", &error))?,
            knowledge: Mutex::new(None),
        })
    }
}

/// Where hadolint keeps a user's settings.
fn user_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let xdg = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    if let Some(config) = xdg.or_else(|| home.as_ref().map(|home| home.join(".config"))) {
        found.extend(["rslim.toml", "hadolint.yaml", "hadolint.yml"].map(|name| config.join(name)));
    }
    if let Some(home) = home {
        let names = [
            ".hadolint/hadolint.yaml",
            ".hadolint/config.yaml",
            ".hadolint.yaml",
            ".hadolint.yml",
        ];
        found.extend(names.map(|name| home.join(name)));
    }
    found
}

fn read(file: &Path) -> Result<Partial, Failure> {
    let place = file.display().to_string();
    let failed = |error: std::io::Error| Failure::of(&format!("settings {place}"), &error);
    let meta = std::fs::metadata(file).map_err(failed)?;
    if meta.len() > SIZE_LIMIT {
        return Err(Failure::new(format!(
            "settings {place}: larger than {SIZE_LIMIT} bytes"
        )));
    }
    let text = std::fs::read_to_string(file).map_err(failed)?;
    let yaml = file
        .extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml");
    let parsed = match yaml {
        true => config::hadolint_yaml(&place, &text),
        false => config::rslim_toml(file, &text),
    };
    parsed.map_err(|error| {
        Failure::of("settings", &error).help("the book's chapter on lint settings lists the keys")
    })
}

/// The rules of a folder, with all below it.
pub(in crate::cli) fn custom(folder: &Path) -> Result<Vec<(String, LintRule)>, Failure> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Err(Failure::new(format!(
            "--rules {}: no such folder",
            folder.display()
        )));
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .build()
    {
        let entry = entry
            .map_err(|error| Failure::of(&format!("rules in {}", folder.display()), &error))?;
        let is_rule = entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "toml");
        if is_rule && entry.file_type().is_some_and(|kind| kind.is_file()) {
            files.push(entry.into_path());
        }
    }
    files.sort();
    for file in files {
        let place = file.display().to_string();
        let text = std::fs::read_to_string(&file).map_err(|error| Failure::of(&place, &error))?;
        let rule = LintRule::parse(&place, &text).map_err(|error| Failure::of("rule", &error))?;
        if matches!(
            rule.matcher,
            crate::ruleset::Matcher::Function(_)
                | crate::ruleset::Matcher::Engine
                | crate::ruleset::Matcher::Measured
        ) {
            return Err(
                Failure::new(format!("rule {place}: `check` is for rules inside rslim"))
                    .help("use [match.command] or [match.instruction]"),
            );
        }
        found.push((place, rule));
    }
    Ok(found)
}

/// A code that no rule has is a slip that would go unnoticed for years.
fn check_names(settings: &Settings, rules: &LintRules, file: Option<&Path>) -> Result<(), Failure> {
    let named = settings
        .select
        .iter()
        .chain(&settings.ignore)
        .chain(settings.severities.iter().map(|(name, _)| name));
    for name in named {
        if !crate::lint::is_known(name, rules) {
            let place = file
                .map(|file| format!("settings {}: ", file.display()))
                .unwrap_or_default();
            return Err(Failure::new(format!(
                "{place}no rule, prefix or family is called {name:?}"
            ))
            .help("`rslim rules` lists them"));
        }
    }
    Ok(())
}

fn typed(command: &LintCommand) -> Result<Partial, Failure> {
    let rules = &command.rules;
    let mut severities = Vec::new();
    for (codes, severity) in [
        (&rules.style, Severity::Style),
        (&rules.info, Severity::Info),
        (&rules.warning, Severity::Warning),
        (&rules.error, Severity::Error),
    ] {
        severities.extend(codes.iter().map(|code| (code.clone(), severity)));
    }
    let labels = rules
        .require_label
        .iter()
        .map(|text| config::required_label("--require-label", text));
    let labels = labels
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Failure::of("", &error))?;
    let build_args = command
        .build_arg
        .iter()
        .map(|text| match text.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            // As docker build: the value is the environment's.
            None => match std::env::var(text) {
                Ok(value) => Ok((text.clone(), value)),
                Err(_) => Err(Failure::new(format!("--build-arg {text} has no value"))
                    .help("write NAME=VALUE")),
            },
        });
    let on = |switch: bool| switch.then_some(true);
    Ok(Partial {
        compat: rules.compat.map(Into::into),
        select: rules.select.clone(),
        ignore: rules.ignore.clone(),
        severities,
        threshold: rules.failure_threshold,
        no_fail: on(rules.no_fail),
        no_pragmas: on(rules.disable_ignore_pragma),
        trusted_registries: rules.trusted_registry.clone(),
        labels,
        strict_labels: on(rules.strict_labels),
        build_args: build_args.collect::<Result<_, Failure>>()?,
        rules: rules.folders.clone(),
        ..Partial::default()
    })
}
