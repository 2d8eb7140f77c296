//! What the instructions of a stage, and of those that it is built on, should
//! have left in history.

use crate::dockerfile::{
    Arguments, Command, Dockerfile, Instruction, Joined, Keyword, Pair, ShellText, Stage, Word,
    push_body,
};

use super::claim::{Claim, CopyClaim, RunClaim};
use super::operands::{ports_of, resolve};
use super::pattern::{Pattern, Values, squeeze};
use super::quoting::{json, quoted};

/// An instruction, ready to be compared with history.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Its index in the Dockerfile.
    pub index: usize,
    /// Its keyword; for what ONBUILD does later, that of the trigger.
    pub keyword: Keyword,
    /// What it should have left.
    pub claim: Claim,
}

/// State on the way down the instructions.
struct Walk<'a> {
    file: &'a Dockerfile,
    /// Values that were seen in history.
    seen: &'a Values,
    globals: Values,
    env: Values,
    /// ENV, and ARGs of the stage that no ENV hides.
    visible: Values,
    workdir: Pattern,
    shell: Option<Vec<String>>,
    out: Vec<Expected>,
}

/// The instructions that made a stage, oldest first. `seen` has values of build
/// arguments; whatever is in neither is unknown.
pub fn expected(file: &Dockerfile, stage: &Stage, seen: &Values) -> Vec<Expected> {
    let mut chain: Vec<&Stage> = file.model.lineage(stage.index).collect();
    chain.reverse();
    let mut walk = Walk {
        file,
        seen,
        globals: Values::new(),
        env: Values::new(),
        visible: Values::new(),
        workdir: Pattern::unknown(""),
        shell: None,
        out: Vec::new(),
    };
    let first = file.model.stages.first().map_or(0, |stage| stage.from);
    for instruction in file.instructions.iter().take(first) {
        if let Arguments::Arg(pairs) = &instruction.arguments {
            let declared = walk.declare(pairs);
            walk.globals.extend(declared);
        }
    }
    let mut triggers: Vec<(usize, &Instruction)> = Vec::new();
    for stage in chain {
        walk.visible = walk.env.clone();
        for (index, trigger) in std::mem::take(&mut triggers) {
            walk.instruction(index, trigger);
        }
        let range = stage.from + 1..stage.end;
        for index in range {
            let Some(instruction) = file.instructions.get(index) else {
                continue;
            };
            walk.instruction(index, instruction);
            if let Arguments::Onbuild(inner) = &instruction.arguments {
                triggers.push((index, inner));
            }
        }
    }
    walk.out
}

impl Walk<'_> {
    fn instruction(&mut self, index: usize, instruction: &Instruction) {
        let values = std::mem::take(&mut self.visible);
        let expand = |text: &str| Pattern::expand(text, self.file.escape, &values);
        let raw = Pattern::literal(&instruction.rest.text);
        let word = |word: &Word| expand(&word.text);
        let claim = match &instruction.arguments {
            Arguments::From { .. } | Arguments::Broken => Claim::Nothing,
            Arguments::Run(command) => Claim::Run(self.run(instruction, command)),
            Arguments::Cmd(command) | Arguments::Entrypoint(command) => {
                let list = self.command(command);
                let comma = Pattern::literal(&squeeze(&json(&list)));
                Claim::Texts(vec![Pattern::literal(&quoted(&list)), comma, raw])
            }
            Arguments::Healthcheck(command) => {
                let list = match command {
                    None => vec!["NONE".to_owned()],
                    Some(Command::Shell(text)) => {
                        vec!["CMD-SHELL".to_owned(), text.text().to_owned()]
                    }
                    Some(Command::Exec(words)) => {
                        let words = words.iter().map(|word| word.text.clone());
                        ["CMD".to_owned()].into_iter().chain(words).collect()
                    }
                };
                let starts = [quoted(&list), format!("[{}]", list.join(" "))];
                let starts = starts.iter().map(|text| format!("&{{{text}"));
                let whole = self.after_keyword(instruction);
                Claim::Starts(starts.map(|text| Pattern::literal(&text)).collect(), whole)
            }
            Arguments::Shell(words) => {
                let words: Vec<String> = words.iter().map(|word| word.text.clone()).collect();
                let listed = Pattern::literal(&format!("[{}]", words.join(" ")));
                Claim::Texts(vec![listed, raw])
            }
            Arguments::Env { pairs, .. } | Arguments::Label { pairs, .. } => {
                let joined = pairs.iter().map(|pair| self.pair(pair, &values));
                let joined: Vec<Pattern> = joined.collect();
                Claim::Texts(vec![Pattern::join(&joined, " "), raw])
            }
            Arguments::Arg(pairs) => {
                let seen = |pair: &Pair| self.argument(pair, &values, false);
                let defaults = |pair: &Pair| self.argument(pair, &values, true);
                let names = pairs.iter().map(|pair| Pattern::literal(&pair.key.text));
                let texts = [
                    Pattern::join(&pairs.iter().map(seen).collect::<Vec<_>>(), " "),
                    Pattern::join(&pairs.iter().map(defaults).collect::<Vec<_>>(), " "),
                    Pattern::join(&names.collect::<Vec<_>>(), " "),
                    raw,
                ];
                let names = pairs.iter().map(|pair| pair.key.text.clone()).collect();
                Claim::Names(texts.into(), names)
            }
            Arguments::Copy {
                sources,
                destination,
                json,
            } => Claim::Copy(self.copy(instruction, (sources, destination, *json), &values)),
            Arguments::Expose(ports) => {
                let ports = ports.iter().flat_map(|port| ports_of(&word(port)));
                Claim::Ports(ports.collect(), raw)
            }
            Arguments::Volume { paths, .. } => {
                let paths: Vec<Pattern> = paths.iter().map(word).collect();
                let list = Pattern::join(&paths, " ");
                let brackets = [Pattern::literal("["), list, Pattern::literal("]")];
                Claim::Texts(vec![Pattern::join(&brackets, ""), raw])
            }
            Arguments::Workdir(path) => {
                let path = word(path);
                let whole = resolve(&self.workdir, &path);
                Claim::Texts(vec![whole, path, raw])
            }
            Arguments::User(text) | Arguments::Stopsignal(text) => {
                Claim::Texts(vec![word(text), raw])
            }
            Arguments::Maintainer(_) => Claim::Texts(vec![raw]),
            Arguments::Onbuild(_) => Claim::Texts(vec![raw]),
        };
        self.out.push(Expected {
            index,
            keyword: instruction.keyword,
            claim,
        });
        let set = self.follow(instruction, &values);
        self.visible = values;
        self.visible.extend(set);
    }

    /// What the instruction changes for those after it, and variables that it sets.
    fn follow(&mut self, instruction: &Instruction, values: &Values) -> Vec<(String, Pattern)> {
        match &instruction.arguments {
            Arguments::Shell(words) => {
                self.shell = Some(words.iter().map(|word| word.text.clone()).collect());
            }
            Arguments::Workdir(path) => {
                let path = Pattern::expand(&path.text, self.file.escape, values);
                self.workdir = resolve(&self.workdir, &path);
            }
            Arguments::Env { pairs, .. } => {
                let set = pairs.iter().map(|pair| {
                    let value = self.value(pair, values);
                    (pair.key.text.clone(), value)
                });
                let set: Vec<_> = set.collect();
                self.env.extend(set.iter().cloned());
                return set;
            }
            Arguments::Arg(pairs) => {
                let mut declared = self.declare(pairs);
                // ENV overrides ARG wherever it stands.
                declared.retain(|(name, _)| !self.env.contains_key(name));
                return declared;
            }
            _ => {}
        }
        Vec::new()
    }

    fn declare(&self, pairs: &[Pair]) -> Vec<(String, Pattern)> {
        let declared = pairs.iter().map(|pair| {
            let name = pair.key.text.clone();
            // A default is only a default: --build-arg may have said otherwise.
            let known = self.seen.get(&name).or_else(|| self.globals.get(&name));
            let value = known.cloned().unwrap_or_else(|| Pattern::unknown(&name));
            (name, value)
        });
        declared.collect()
    }

    fn value(&self, pair: &Pair, values: &Values) -> Pattern {
        let text = pair.value.as_ref().map_or("", |value| &value.text);
        Pattern::expand(text, self.file.escape, values)
    }

    /// `key=value`, expanded.
    fn pair(&self, pair: &Pair, values: &Values) -> Pattern {
        let key = Pattern::expand(&pair.key.text, self.file.escape, values);
        Pattern::join([&key, &self.value(pair, values)], "=")
    }

    /// `ARG NAME=value`; the value is the default or what was passed.
    fn argument(&self, pair: &Pair, values: &Values, default: bool) -> Pattern {
        let name = pair.key.text.as_str();
        let key = Pattern::literal(name);
        if default {
            return match &pair.value {
                Some(_) => self.pair(pair, values),
                None => key,
            };
        }
        let seen = self.seen.get(name).cloned();
        let value = seen.unwrap_or_else(|| Pattern::unknown(name));
        Pattern::join([&key, &value], "=")
    }

    fn shell(&self) -> Vec<String> {
        let default = || vec!["/bin/sh".to_owned(), "-c".to_owned()];
        self.shell.clone().unwrap_or_else(default)
    }

    fn command(&self, command: &Command) -> Vec<String> {
        match command {
            Command::Exec(words) => words.iter().map(|word| word.text.clone()).collect(),
            Command::Shell(text) => {
                let mut list = self.shell();
                list.push(text.text().trim().to_owned());
                list
            }
        }
    }

    fn run(&self, instruction: &Instruction, command: &Command) -> RunClaim {
        let sh = |text: &str| squeeze(&format!("/bin/sh -c {text}"));
        match command {
            Command::Exec(words) => {
                let words: Vec<String> = words.iter().map(|word| word.text.clone()).collect();
                let bare = squeeze(&words.join(" "));
                let raw = squeeze(&instruction.rest.text);
                RunClaim {
                    whole: vec![sh(&raw), bare.clone(), raw],
                    bare,
                    exec: true,
                    script: None,
                }
            }
            Command::Shell(text) => {
                let bare = squeeze(text.text());
                let with_shell = squeeze(&format!("{} {bare}", self.shell().join(" ")));
                // What stands on the line itself, for builders that leave out bodies.
                let opening = squeeze(&instruction.rest.text);
                let mut whole = vec![with_shell, sh(&bare), bare.clone()];
                if let [_, ..] = &instruction.heredocs[..] {
                    whole.push(sh(&self.with_bodies(instruction)));
                }
                RunClaim {
                    whole,
                    bare,
                    exec: false,
                    script: script(instruction, text, &opening),
                }
            }
        }
    }

    /// The line of an instruction and its here-documents as they stand in the file.
    fn with_bodies(&self, instruction: &Instruction) -> String {
        let mut text = instruction.rest.text.clone();
        for document in &instruction.heredocs {
            let mut body = Joined::default();
            push_body(
                &mut body,
                &self.file.text,
                document.body,
                document.strip_tabs,
            );
            text = format!("{text}\n{}{}", body.text, document.name);
        }
        text
    }

    fn after_keyword(&self, instruction: &Instruction) -> Pattern {
        let text = instruction.span.of(&self.file.text);
        let at = instruction.name.text.len();
        Pattern::literal(text.get(at..).unwrap_or(""))
    }

    fn copy(
        &self,
        instruction: &Instruction,
        (sources, destination, json): (&[Word], &Word, bool),
        values: &Values,
    ) -> CopyClaim {
        let expand = |text: &str| Pattern::expand(text, self.file.escape, values);
        let documents = instruction.heredocs.iter();
        let documents = documents.map(|document| format!("<<{}", document.name));
        let mut patterns: Vec<Pattern> = sources.iter().map(|word| expand(&word.text)).collect();
        patterns.extend(documents.map(|text| Pattern::literal(&text)));
        let is_glob = |word: &Word| word.text.contains(['*', '?', '[']) && !json;
        let several = match patterns.len() {
            1 if sources.iter().any(is_glob) || sources.iter().any(|w| w.text.contains('$')) => {
                None
            }
            1 => Some(false),
            // All but one may be patterns that nothing matched.
            _ if sources.iter().any(is_glob) => None,
            _ => Some(true),
        };
        let written = expand(&destination.text);
        let mut whole = resolve(&self.workdir, &written);
        if destination.text.ends_with('/') && whole.known() != Some("/") {
            whole = Pattern::join([&whole, &Pattern::literal("")], "/");
        }
        let flags = ["chown", "chmod"].into_iter().filter_map(|name| {
            let value = instruction.flag_value(name)?;
            Some((name, expand(value)))
        });
        CopyClaim {
            sources: patterns,
            destinations: vec![written, whole],
            flags: flags.collect(),
            raw: Pattern::literal(&destination.text),
            several,
        }
    }
}

/// A here-document that is a script on its own: its name and its first line.
fn script(instruction: &Instruction, text: &ShellText, opening: &str) -> Option<(String, String)> {
    let document = instruction.heredocs.first()?;
    let alone = text.from_heredoc || opening.starts_with("<<");
    let first = text.text().lines().find(|line| !line.trim().is_empty())?;
    alone.then(|| (document.name.clone(), squeeze(first)))
}
