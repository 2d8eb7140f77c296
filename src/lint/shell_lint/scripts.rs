//! The scripts of a Dockerfile, each with its shell and known variables.

use std::collections::BTreeSet;

use hashbrown::HashSet;

use crate::dockerfile::{self, Arguments, Command, Dockerfile, Keyword, ShellText, SyntaxError};
use crate::lint::input::{ShellKind, shebang_shell, shell_of};
use crate::lint::settings::{Compat, Settings};
use crate::lint::suppress::Suppressions;

/// Longer text is not looked at: nobody wrote it by hand.
const LENGTH_LIMIT: usize = 128 * 1024;

/// A script for a checker.
#[derive(Debug, Clone)]
pub struct ShellScript<'a> {
    /// The instruction that it is part of.
    pub instruction: usize,
    /// The shell that runs it.
    pub shell: ShellKind,
    /// Its text with places.
    pub text: &'a ShellText,
    /// Variables that are set before it begins.
    pub variables: Vec<String>,
}

impl ShellScript<'_> {
    /// Lines to put before the text: the shell, and the variables as set.
    pub fn prelude(&self) -> String {
        let shell = match self.shell {
            ShellKind::Bash => "bash",
            ShellKind::Ash | ShellKind::Dash => "dash",
            ShellKind::Ksh => "ksh",
            ShellKind::Zsh => "zsh",
            _ => "sh",
        };
        let mut lines = format!("#!/bin/{shell}\n");
        for name in &self.variables {
            lines.push_str("export ");
            lines.push_str(name);
            lines.push_str("=1\n");
        }
        lines
    }
}

const PROXIES: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Hands out the scripts of a file; only RUNs where hadolint's answer is wanted.
pub fn each_script<'a>(
    file: &'a Dockerfile,
    shells: &[(u32, ShellKind)],
    runs_only: bool,
    mut each: impl FnMut(ShellScript<'a>),
) {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut stage = None;
    for (index, outer) in file.instructions.iter().enumerate() {
        let own = file.model.stage_of(index);
        if own.map(|own| own.index) != stage {
            stage = own.map(|own| own.index);
            names.clear();
            // What earlier stages export is there, too.
            let parents = own
                .into_iter()
                .flat_map(|own| file.model.lineage(own.index))
                .skip(1);
            for parent in parents {
                let set = file.model.names_in(parent.index);
                names.extend(
                    set.filter(|(_, settings)| settings.iter().any(|s| s.env))
                        .map(|(name, _)| name),
                );
            }
        }
        match &outer.arguments {
            Arguments::Env { pairs, .. } | Arguments::Arg(pairs) => {
                names.extend(pairs.iter().map(|pair| pair.key.text.as_str()));
            }
            _ => {}
        }
        let instruction = outer.innermost();
        let Some(Command::Shell(text)) = instruction.command() else {
            continue;
        };
        if runs_only && instruction.keyword != Keyword::Run {
            continue;
        }
        let shell = match text.shebang() {
            Some(line) => shebang_shell(line),
            None => shell_of(file, index, shells, None),
        };
        // What the parser says about it is enough.
        let said = |error: &SyntaxError| {
            outer.span.start <= error.span.start && error.span.start < outer.span.end
        };
        let from = file
            .errors
            .partition_point(|error| error.span.start < outer.span.start);
        let broken = instruction.is_broken_json() || file.errors.get(from).is_some_and(said);
        if broken && !runs_only {
            continue;
        }
        let too_deep = || text.script().errors.iter().any(|error| error.limit);
        if !shell.is_posix() || text.text().len() > LENGTH_LIMIT || too_deep() {
            continue;
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_name = |name: &&str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(is_part)
        };
        // The others would make no difference, and can be thousands.
        let mentioned: HashSet<&str> = text.text().split(|c| !is_part(c)).collect();
        let all = PROXIES.iter().chain(&names).copied();
        let known = match mentioned.len() < names.len() {
            true => {
                let mut known: Vec<&str> = mentioned
                    .into_iter()
                    .filter(|name| names.contains(name) || PROXIES.contains(name))
                    .collect();
                known.sort_unstable();
                known
            }
            false => all.filter(|name| mentioned.contains(name)).collect(),
        };
        let known = known.into_iter().filter(is_name);
        each(ShellScript {
            instruction: index,
            shell,
            text,
            variables: known.map(str::to_owned).collect(),
        });
    }
}

/// The scripts of a file as a checker gets them, with the length of each
/// prelude; none when the bytes are no text.
pub fn script_texts(bytes: &[u8], settings: &Settings) -> Vec<(String, usize)> {
    let Ok((text, _)) = dockerfile::decode(bytes) else {
        return Vec::new();
    };
    let file = dockerfile::parse(text);
    let suppressions = Suppressions::of(&file, settings);
    let runs_only = settings.compat == Compat::Hadolint;
    let mut found = Vec::new();
    each_script(&file, &suppressions.shells, runs_only, |script| {
        let prelude = script.prelude();
        let source = format!("{prelude}{}\n", script.text.text());
        found.push((source, prelude.len()));
    });
    found
}
