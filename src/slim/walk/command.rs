//! Command lines: those of the image's configuration, and those of scripts.

use super::{Walk, language::CommandWords};
use crate::closure::elf::Object;
use crate::closure::script::{self, CommandLine};
use crate::closure::{self, Files, Found, Need, NodeId, java};
use crate::slim::error::SlimError;
use crate::slim::options::Tier;
use crate::slim::reason::{By, Kind, Reason};
use crate::slim::roots::Command;

/// Commands that people expect where there is a shell.
const SHELL: [&str; 16] = [
    "sh", "bash", "ash", "busybox", "ls", "cat", "env", "id", "grep", "head", "tail", "ps", "pwd",
    "wc", "find", "sed",
];

impl Walk<'_> {
    /// Reaches what the configuration and the user say that is run.
    pub(super) fn commands(&mut self) -> Result<(), SlimError> {
        let setting = self.setting;
        let careful = setting.options.tier == Tier::Safe;
        let extra = &setting.options.include_bin;
        let named = !extra.is_empty() || !setting.options.preserve.is_empty() || self.only_used();
        if setting.launch.commands.is_empty() && !careful && !named {
            return Err(SlimError::NoEntry);
        }
        for command in &setting.launch.commands {
            self.command(command, careful)?;
        }
        for program in extra {
            self.command(
                &Command {
                    what: "program of --include-bin",
                    words: vec![program.clone()],
                    required: true,
                },
                false,
            )?;
        }
        if setting.options.include_shell {
            for program in SHELL {
                if let Some(found) = setting
                    .environment
                    .command(&setting.view, program.as_bytes())
                {
                    let reason = Reason::named(By::Itself, Kind::Preserved, "--include-shell");
                    self.reach_found(&found, reason);
                }
            }
        }
        Ok(())
    }

    fn command(&mut self, command: &Command, careful: bool) -> Result<(), SlimError> {
        let setting = self.setting;
        let Some(word) = command.words.first() else {
            return Ok(());
        };
        let program = setting.environment.command(&setting.view, word.as_bytes());
        match &program {
            Some(program) if command.required => self.fits(command.what, program.node)?,
            None if command.required && !careful => {
                let why = match word.contains('/') {
                    true => "there is no such file".to_owned(),
                    false => format!(
                        "no directory of PATH has it ({})",
                        join(&setting.launch.environment.path)
                    ),
                };
                return Err(SlimError::NoProgram {
                    what: command.what,
                    name: word.clone(),
                    why,
                });
            }
            _ => {}
        }
        if let Some(program) = program {
            let reason = Reason::named(By::Itself, Kind::Configured, command.what);
            self.reach_found(&program, reason);
        }
        // As a line of a shell it is read with all programs that start others.
        let words = command.words.iter();
        let quoted: Vec<Vec<u8>> = words.map(|word| script::quoted(word.as_bytes())).collect();
        let line = quoted.join(&b' ');
        let read = script::shell(&setting.view, &line, None, setting.environment);
        for need in read.needs {
            let reason = Reason::named(By::Itself, Kind::Configured, command.what);
            self.reach_found(&need.found, reason);
        }
        for line in read.commands {
            self.command_line(None, line);
        }
        for word in &command.words {
            self.word(word, command.what);
        }
        Ok(())
    }

    /// A word that is a path of the image, perhaps relative: `service.jar`.
    fn word(&mut self, word: &str, what: &str) {
        let setting = self.setting;
        if !word.contains(['/', '.']) || word.starts_with('-') {
            return;
        }
        let path = setting.environment.absolute(word.as_bytes());
        if path.len() > 1
            && let Some(found) = setting.view.resolve(&path)
        {
            let reason = Reason::named(By::Itself, Kind::Configured, what);
            self.reach_found(&found, reason);
        }
    }

    /// Fails for what cannot run in a container of this image.
    fn fits(&self, what: &'static str, node: NodeId) -> Result<(), SlimError> {
        let view = self.setting.view;
        let name = || String::from_utf8_lossy(&view.path(node)).into_owned();
        let object = match Object::parse(&view, node) {
            Ok(Some(object)) => object,
            Ok(None) => return Ok(()),
            Err(error) => {
                return Err(SlimError::Broken {
                    what,
                    name: name(),
                    why: error.to_string(),
                });
            }
        };
        let wanted = self.setting.architecture;
        let Some(machines) = machines(wanted) else {
            return Ok(());
        };
        match machines.contains(&object.machine) {
            true => Ok(()),
            false => Err(SlimError::Architecture {
                what,
                name: name(),
                found: machine_name(object.machine),
                wanted: wanted.to_owned(),
            }),
        }
    }

    /// A command line: what it gives to an interpreter is followed too.
    pub(super) fn command_line(&mut self, by: Option<NodeId>, line: CommandLine) {
        let setting = self.setting;
        let name = line.words.first().map(String::as_str).unwrap_or_default();
        let name = name.rsplit('/').next().unwrap_or_default();
        if name == "java" {
            let words: Vec<Vec<u8>> = line.words.iter().map(|word| word.clone().into()).collect();
            for need in java::command(&setting.view, &words, setting.environment) {
                self.reach_need(by, &need);
            }
        }
        self.languages.command(CommandWords {
            line: by.map(|_| line.line),
            by,
            words: line.words,
        });
    }

    pub(super) fn reach_need(&mut self, by: Option<NodeId>, need: &Need) {
        use closure::NeedKind as From;
        let kind = match need.kind {
            From::Interpreter => Kind::Interpreter,
            From::Runs => Kind::Runs,
            From::Sources => Kind::Sources,
            From::Loads => Kind::Loads,
            From::Includes => Kind::Includes,
            From::Names => Kind::Names,
            From::Plugin => Kind::Plugin,
        };
        let by = by.map_or(By::Itself, By::Node);
        let reason = Reason::named(by, kind, &need.name).at(need.line);
        let found: &Found = &need.found;
        self.reach_found(found, reason);
    }
}

fn join(directories: &[Vec<u8>]) -> String {
    let text = directories.iter().map(|dir| String::from_utf8_lossy(dir));
    text.collect::<Vec<_>>().join(":")
}

/// `e_machine` of programs that run on an architecture.
fn machines(architecture: &str) -> Option<&'static [u16]> {
    Some(match architecture {
        "amd64" => &[62, 3],
        "386" => &[3],
        "arm64" => &[183, 40],
        "arm" => &[40],
        "ppc64" | "ppc64le" => &[21],
        "s390x" => &[22],
        "riscv64" => &[243],
        "loong64" => &[258],
        "mips" | "mipsle" | "mips64" | "mips64le" => &[8],
        _ => return None,
    })
}

fn machine_name(machine: u16) -> String {
    let known = match machine {
        3 => "386",
        8 => "mips",
        21 => "ppc64",
        22 => "s390x",
        40 => "arm",
        62 => "amd64",
        183 => "arm64",
        243 => "riscv64",
        258 => "loong64",
        other => return format!("processor {other}"),
    };
    known.to_owned()
}
