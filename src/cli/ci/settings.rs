//! Where limits come from: `.rslim.toml`, `.dive-ci` and dive's options.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::CiCommand;
use super::dockerfile::Prepared;
use crate::cli::failure::Failure;
use crate::cli::terminal;
use crate::gate::dive::{DiveRules, dive_ci};
use crate::gate::{self, Check, Date, LintLimit, Place, Settings, Surroundings};
use crate::ruleset::LintRules;

/// Names of settings files, the first of a folder wins.
const NAMES: [&str; 2] = [".rslim.toml", "rslim.toml"];
/// dive's file.
const DIVE_CI: &str = ".dive-ci";
/// Larger files are somebody's mistake.
const SIZE_LIMIT: u64 = 1 << 20;

/// The limits, and the files that they came from.
pub(super) struct Found {
    pub(super) settings: Settings,
    pub(super) files: Vec<String>,
    /// Somebody asked for dive's rules; they may all be turned off.
    pub(super) has_dive: bool,
}

/// Reads all that is set.
pub(super) fn find(command: &CiCommand, linted: Option<&Prepared>) -> Result<Found, Failure> {
    let mut found = Found {
        settings: Settings::default(),
        files: Vec::new(),
        has_dive: false,
    };
    let file = match &command.config {
        Some(file) => Some(file.clone()),
        None => nearest(command.dockerfile.path()),
    };
    if let Some(file) = &file {
        let name = file.display().to_string();
        match table(file, &name, linted)? {
            Some(settings) => {
                found.settings = settings;
                say(command, &format!("limits of [ci] in {name}"));
                found.files.push(name);
            }
            None => say(command, &format!("{name} has no [ci]")),
        }
    }
    dive(command, &mut found)?;
    if let (None, Some(linted)) = (&found.settings.lint, linted) {
        found.settings.lint = by_lint(linted);
    }
    Ok(found)
}

fn say(command: &CiCommand, text: &str) {
    if command.output.verbose {
        terminal::note(text);
    }
}

/// What fails `rslim lint` fails here, too, unless something else is said.
fn by_lint(linted: &Prepared) -> Option<LintLimit> {
    Some(LintLimit {
        warn: None,
        fail: linted.threshold(),
        warn_count: 0,
        fail_count: 0,
        place: Place {
            file: match linted.settings_file() {
                Some(file) => file.display().to_string(),
                None => "rslim lint".to_owned(),
            },
            at: None,
        },
    })
}

/// The settings file in the Dockerfile's folder, or the current one, or the
/// nearest above it, else the user's.
fn nearest(dockerfile: Option<&Path>) -> Option<PathBuf> {
    let folder = dockerfile
        .and_then(Path::parent)
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let above = absolute.ancestors();
    let mut above = above.flat_map(|folder| NAMES.iter().map(move |name| folder.join(name)));
    let file = above.find(|file| file.is_file());
    let file = file.or_else(|| users().filter(|file| file.is_file()))?;
    // A name from here is shorter, and the same on every machine.
    let here = std::env::current_dir().ok();
    let short = here.and_then(|here| Some(file.strip_prefix(here).ok()?.to_owned()));
    Some(short.unwrap_or(file))
}

fn users() -> Option<PathBuf> {
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".config"));
    Some(config.or_else(home)?.join("rslim.toml"))
}

fn table(file: &Path, name: &str, linted: Option<&Prepared>) -> Result<Option<Settings>, Failure> {
    let text = read(file, name)?;
    let shipped = match linted {
        Some(_) => None,
        None => Some(LintRules::builtin().map_err(|error| Failure::of("shipped rules", &error))?),
    };
    let rule_code = |word: &str| {
        let own = match (linted, &shipped) {
            (Some(linted), _) => linted.rule_code(word),
            (None, Some(rules)) => rules.find(word).next().map(|rule| rule.code.clone()),
            (None, None) => None,
        };
        own.or_else(|| is_shellcheck(word).then(|| word.to_owned()))
    };
    let around = Surroundings {
        today: today()?,
        rule_code: &rule_code,
    };
    gate::rslim_toml(name, &text, around).map_err(|error| {
        Failure::new(format!("settings {error}")).help("the book's chapter on ci lists the keys")
    })
}

fn is_shellcheck(word: &str) -> bool {
    let digits = word.strip_prefix("SC");
    digits.is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn read(file: &Path, name: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::of(&format!("settings {name}"), &error);
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(failed)?;
    // A pipe that nobody writes to would wait for ever.
    if !opened.metadata().map_err(failed)?.is_file()
        && !file.starts_with("/dev")
        && !file.starts_with("/proc")
    {
        return Err(Failure::new(format!("settings {name}: is no file")));
    }
    opened
        .take(SIZE_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(Failure::new(format!(
            "settings {name}: larger than {SIZE_LIMIT} bytes"
        )));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count();
        Failure::new(format!("settings {name}:{}: is no UTF-8 text", line + 1))
    })
}

/// dive's rules, where dive's file is there or one of its options.
fn dive(command: &CiCommand, found: &mut Found) -> Result<(), Failure> {
    let arguments = &command.dive;
    let file = match &arguments.ci_config {
        Some(file) => Some(file.clone()),
        None => Some(PathBuf::from(DIVE_CI)).filter(|file| file.is_file()),
    };
    let options = [
        (Check::DiveLowestEfficiency, &arguments.lowest_efficiency),
        (
            Check::DiveHighestWastedBytes,
            &arguments.highest_wasted_bytes,
        ),
        (
            Check::DiveHighestUserWastedPercent,
            &arguments.highest_user_wasted_percent,
        ),
    ];
    if file.is_none() && options.iter().all(|(_, value)| value.is_none()) {
        return Ok(());
    }
    found.has_dive = true;
    let mut rules = DiveRules::default();
    let mut name = "dive's defaults".to_owned();
    if let Some(file) = &file {
        name = file.display().to_string();
        let text = read(file, &name)?;
        let failed = |error| Failure::new(format!("settings {error}"));
        rules = dive_ci(&name, &text).map_err(failed)?;
        let beside = match found.settings.is_empty() {
            true => "",
            false => ", beside those of [ci]",
        };
        say(command, &format!("dive's rules of {name}{beside}"));
        found.files.push(name.clone());
    }
    if !command.output.quiet {
        for (key, place) in &rules.unknown {
            terminal::warn(&format!(
                "{place}: {key:?} does nothing; dive does not know it either"
            ));
        }
    }
    for (check, value) in options {
        if let Some(value) = value {
            rules.set(check, value);
        }
    }
    let limits = rules
        .limits(&name)
        .map_err(|error| Failure::new(format!("settings {error}")))?;
    found.settings.limits.extend(limits);
    Ok(())
}

/// The day on which waivers count or not.
fn today() -> Result<Date, Failure> {
    if let Some(value) = std::env::var_os("SOURCE_DATE_EPOCH") {
        let text = value.to_string_lossy();
        let seconds = text.trim().parse::<u64>().map_err(|_| {
            Failure::new(format!("SOURCE_DATE_EPOCH is {text:?}"))
                .help("it takes seconds since 1970, as a whole number")
        })?;
        return Ok(Date::of_seconds(seconds));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    // A clock before 1970 says nothing.
    Ok(Date::of_seconds(now.map_or(0, |passed| passed.as_secs())))
}
