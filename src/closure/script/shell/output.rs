//! What a substitution or a pipe carries, for the programs that scripts handle paths with.

use super::value::{self, ANY, DEEP, add};
use super::{Analysis, Arg};
use crate::dockerfile::shell::{Command, ListItem, Pipeline};

fn anything() -> Vec<String> {
    vec![ANY.to_string()]
}

impl Analysis<'_> {
    /// What `$(…)` can be.
    pub(super) fn output(&mut self, items: &[ListItem]) -> Vec<String> {
        let mut pipelines: Vec<&Pipeline> = Vec::new();
        for item in items {
            pipelines.push(&item.first);
            pipelines.extend(item.rest.iter().map(|(_, _, pipeline)| pipeline));
        }
        // What changes the directory prints nothing, and decides what `pwd` prints.
        let mut place = None;
        while let [first, _, ..] = pipelines.as_slice() {
            let Some(args) = self.plain(first, &["cd", "pushd"]) else {
                break;
            };
            let target = args.iter().skip(1).find(|arg| !arg.raw.starts_with('-'));
            place = target.map(|arg| self.places_of(&arg.values));
            pipelines.remove(0);
        }
        let Some(last) = pipelines.first() else {
            return anything();
        };
        if let Some(place) = place
            && self.plain(last, &["pwd"]).is_some()
        {
            return place;
        }
        let Some(first) = last.commands.first() else {
            return anything();
        };
        let mut values = self.printed(first);
        for command in last.commands.iter().skip(1) {
            values = self.filtered(command, values);
        }
        values
    }

    fn plain(&mut self, pipeline: &Pipeline, names: &[&str]) -> Option<Vec<Arg>> {
        let [Command::Simple(simple)] = pipeline.commands.as_slice() else {
            return None;
        };
        let name = simple.name()?;
        if !names.contains(&name.as_ref()) {
            return None;
        }
        self.arguments(&simple.words).into_iter().next()
    }

    /// The absolute directories that texts mean.
    pub(super) fn places_of(&self, values: &[String]) -> Vec<String> {
        let mut places = Vec::new();
        for value in values {
            for place in self.absolute(value) {
                add(&mut places, place);
            }
        }
        places
    }

    /// What a command prints.
    pub(super) fn printed(&mut self, command: &Command) -> Vec<String> {
        let Command::Simple(simple) = command else {
            return anything();
        };
        let Some(name) = simple.name() else {
            return anything();
        };
        let name = value::basename(&name);
        if !PRINTS.contains(&name.as_str()) {
            return anything();
        }
        let Some(args) = self.arguments(&simple.words).into_iter().next() else {
            return anything();
        };
        let args = args.get(1..).unwrap_or_default();
        let mut values = Vec::new();
        match name.as_str() {
            "find" => return found(args),
            "pwd" => return self.places.clone(),
            _ => {}
        }
        let words = args.iter().filter(|arg| !arg.raw.starts_with('-'));
        let skip = usize::from(name == "printf");
        for value in words.skip(skip).flat_map(|arg| arg.values.iter()) {
            match name.as_str() {
                "dirname" => add(&mut values, value::dirname(value)),
                "basename" => add(&mut values, value::basename(value)),
                "ls" => self.listed(value, &mut values),
                "readlink" | "realpath" => {
                    add(&mut values, value.clone());
                    self.resolved(value, &mut values);
                }
                "command" | "which" | "type" => {
                    add(&mut values, value.clone());
                    if let Some(found) = self.program(value) {
                        let path = self.files.path(found.node);
                        add(&mut values, String::from_utf8_lossy(&path).into_owned());
                    }
                }
                _ => add(&mut values, value.clone()),
            }
        }
        if values.is_empty() {
            return anything();
        }
        values
    }

    fn listed(&self, value: &str, values: &mut Vec<String>) {
        add(values, value.to_owned());
        if value::known(value) {
            // Without options it prints names alone, but those of whole paths are liberal.
            add(values, Self::inside(value));
        }
    }

    fn resolved(&self, value: &str, values: &mut Vec<String>) {
        for path in self.absolute(value) {
            if let Some(found) = self.files.resolve(path.as_bytes()) {
                let path = self.files.path(found.node);
                add(values, String::from_utf8_lossy(&path).into_owned());
            }
        }
    }

    /// What is left of lines behind a command of a pipe.
    pub(super) fn filtered(&mut self, command: &Command, values: Vec<String>) -> Vec<String> {
        let Command::Simple(simple) = command else {
            return anything();
        };
        match simple.name().as_deref() {
            Some("sort" | "uniq" | "grep" | "egrep" | "head" | "tail" | "tac" | "tee" | "cat") => {
                values
            }
            _ => anything(),
        }
    }
}

/// Programs whose output follows from their arguments.
const PRINTS: &[&str] = &[
    "basename", "command", "dirname", "echo", "find", "ls", "printf", "pwd", "readlink",
    "realpath", "type", "which",
];

/// What `find` prints: its directories and what is in them.
pub(super) fn found(args: &[Arg]) -> Vec<String> {
    let is_test = |arg: &Arg| arg.raw.starts_with(['-', '(', '!']);
    let mut args = args
        .iter()
        .skip_while(|arg| matches!(arg.raw.as_str(), "-L" | "-H" | "-P"));
    let mut roots: Vec<&String> = Vec::new();
    let mut rest = Vec::new();
    for arg in args.by_ref() {
        if is_test(arg) || !rest.is_empty() {
            rest.push(arg);
        } else {
            roots.extend(&arg.values);
        }
    }
    let value_of = |option: &str| {
        let at = rest.iter().position(|arg| arg.raw == option)?;
        Some(rest.get(at.saturating_add(1))?.raw.as_str())
    };
    let flat = value_of("-maxdepth") == Some("1");
    let names: Vec<String> = rest
        .windows(2)
        .filter_map(|pair| match pair {
            [option, name] if matches!(option.raw.as_str(), "-name" | "-iname") => {
                Some(value::globbed(&name.raw))
            }
            _ => None,
        })
        .collect();
    let mut values = Vec::new();
    for root in roots {
        let root = root.trim_end_matches('/');
        let below = if flat {
            root.to_owned()
        } else {
            format!("{root}/{DEEP}")
        };
        if names.is_empty() {
            add(&mut values, root.to_owned());
            add(&mut values, format!("{below}/{ANY}"));
        }
        for name in &names {
            add(&mut values, format!("{below}/{name}"));
        }
    }
    if values.is_empty() {
        anything()
    } else {
        values
    }
}
