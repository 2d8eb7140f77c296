//! A Dockerfile that says what history says.

use crate::analyze::{Base, Evidence};
use crate::dockerfile::{self, Keyword};
use crate::oci::HistoryEntry;

use super::quoting::{self, quoted_words};
use super::step::{Meaning, Step, shell_length};

/// Writes a Dockerfile from history. Lines that history does not tell in full are
/// comments, with something in their place that can be parsed.
///
/// `base` tells where the base image ends; its entries are left out where that is
/// certain.
pub fn reconstruct(history: &[HistoryEntry], base: Option<&Base>) -> String {
    let mut writer = Writer {
        out: String::from(
            "# Reconstructed from the history of an image; sources of COPY and ADD, mounts,\n\
             # and stages that were not shipped are not in it.\n",
        ),
        shell: None,
        arguments: Vec::new(),
    };
    let certain = base.filter(|base| base.evidence != Evidence::History);
    let skip = certain.map_or(0, |base| above(history, base.layers));
    match (certain, base.and_then(|base| base.name.as_deref())) {
        (Some(_), Some(name)) if writer.is_one(&format!("FROM {name}")) => {
            writer.line(&format!("FROM {name}"));
        }
        (Some(base), _) => {
            let layers = base.layers;
            writer.comment(&format!(
                "The base image has the lowest {layers} layers; its name is not known."
            ));
            writer.line("FROM scratch");
        }
        (None, name) => {
            match name {
                Some(name) => {
                    writer.comment(&format!("Built from {name}; where that ends is not known."))
                }
                None => writer.comment("The base image is not known; its steps are below, too."),
            }
            writer.line("FROM scratch");
        }
    }
    for entry in history.iter().skip(skip) {
        writer.entry(entry);
    }
    writer.out
}

/// The first entry above the lowest `layers` layers.
fn above(history: &[HistoryEntry], layers: usize) -> usize {
    let made = history.iter().enumerate().filter(|(_, e)| !e.empty_layer);
    let last = layers
        .checked_sub(1)
        .and_then(|layers| made.map(|(i, _)| i).nth(layers));
    let start = last.map_or(0, |last| last + 1);
    // What the base ends with, such as its CMD, stands before the note of FROM.
    let named = history
        .iter()
        .skip(start)
        .position(|entry| entry.comment.starts_with("FROM ") && entry.empty_layer);
    let settings = history.iter().skip(start).take_while(|entry| {
        entry.empty_layer
            && entry.comment.is_empty()
            && !Step::read(&entry.created_by, "").can_make_layer()
    });
    let settings = settings.count();
    match named {
        Some(named) if named == settings => start + settings,
        _ => start,
    }
}

struct Writer {
    out: String,
    /// The shell that commands have had so far; Docker's own at first.
    shell: Option<String>,
    /// ARGs that are declared, with their values.
    arguments: Vec<(String, String)>,
}

impl Writer {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn comment(&mut self, text: &str) {
        for line in text.lines() {
            let line: String = line
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            self.line(format!("# {}", line.trim_end()).trim_end());
        }
    }

    /// Whether text is exactly one instruction that Docker would take, and does not
    /// reach into the next line.
    fn is_one(&self, text: &str) -> bool {
        let file = dockerfile::parse(format!("FROM scratch\n{text}\nUSER after\n"));
        let last = file.instructions.last();
        let apart = last.is_some_and(|last| last.keyword == Keyword::User);
        file.errors.is_empty() && file.instructions.len() == 3 && file.comments.is_empty() && apart
    }

    /// Writes the first text that can be parsed, else all of it as a comment.
    fn any(&mut self, texts: &[String]) {
        match texts.iter().find(|text| self.is_one(text)) {
            Some(text) => {
                let text = text.clone();
                self.line(&text);
            }
            None => {
                let text = texts.first().cloned().unwrap_or_default();
                self.comment(&format!("Not an instruction that can be parsed: {text}"));
            }
        }
    }

    fn entry(&mut self, entry: &HistoryEntry) {
        match Meaning::of(entry) {
            Meaning::One(step) if step.keyword.is_none() && step.text.is_empty() => {
                match entry.comment.trim() {
                    "" => self.comment("A layer of which history tells nothing."),
                    comment => self.comment(&format!("A layer of which history tells: {comment}")),
                }
            }
            Meaning::One(step) => self.step(&step),
            Meaning::Folded { steps, cut } => {
                self.comment(&format!("One layer, made by {}, of:", entry.created_by));
                for step in &steps {
                    self.step(step);
                }
                if cut {
                    self.comment("… and of further steps that history does not list.");
                }
            }
            Meaning::SameAsBefore => self.comment("A further layer of the same steps."),
        }
    }

    fn step(&mut self, step: &Step) {
        let text = step.text.as_str();
        let Some(keyword) = step.keyword else {
            // A program with arguments may be RUN in exec form, or any tool's note.
            self.comment(&format!("A layer that was made by: {text}"));
            return;
        };
        let name = keyword.name();
        let verbatim = format!("{name} {text}");
        match keyword {
            Keyword::Run => self.run(step),
            Keyword::Copy | Keyword::Add => self.copy(name, text),
            Keyword::Env => {
                let texts = [verbatim, format!("ENV {}", quoting::pairs(text))];
                self.any(&texts);
            }
            Keyword::Label => {
                let texts = [verbatim, format!("LABEL {}", quoting::pairs(text))];
                self.any(&texts);
            }
            Keyword::Arg => self.arg(text),
            Keyword::Cmd | Keyword::Entrypoint => {
                let list =
                    quoted_words(text).map(|words| format!("{name} {}", quoting::json(&words)));
                self.any(&list.into_iter().chain([verbatim]).collect::<Vec<_>>());
            }
            Keyword::Healthcheck => {
                let parsed = quoting::healthcheck(text);
                self.any(&parsed.into_iter().chain([verbatim]).collect::<Vec<_>>());
            }
            Keyword::Shell => {
                let words = quoting::bracketed(text);
                self.shell = Some(words.join(" "));
                self.any(&[verbatim, format!("SHELL {}", quoting::json(&words))]);
            }
            Keyword::Volume => {
                let words = quoting::bracketed(text);
                match text.starts_with('[') && quoted_words(text).is_none() {
                    true => self.any(&[format!("VOLUME {}", quoting::json(&words))]),
                    false => self.any(&[verbatim]),
                }
            }
            Keyword::Expose => {
                let ports = match text.contains('$') {
                    true => Vec::new(),
                    false => super::operands::ports_in(text),
                };
                self.any(&[format!("EXPOSE {}", ports.join(" ")), verbatim]);
            }
            _ => self.any(&[verbatim]),
        }
    }

    fn arg(&mut self, text: &str) {
        // buildah lists all names so far.
        let words: Vec<&str> = text.split_whitespace().collect();
        let declared = |name: &str| self.arguments.iter().any(|(known, _)| known == name);
        let fresh = words
            .iter()
            .filter(|word| !declared(word.split('=').next().unwrap_or("")));
        let fresh: Vec<&str> = fresh.copied().collect();
        let text = match words.iter().any(|word| word.contains('=')) {
            true => text.to_owned(),
            false => fresh.join(" "),
        };
        for word in words {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            self.arguments.push((name.to_owned(), value.to_owned()));
        }
        if !text.is_empty() {
            self.any(&[
                format!("ARG {text}"),
                format!("ARG {}", quoting::pairs(&text)),
            ]);
        }
    }

    fn run(&mut self, step: &Step) {
        let (arguments, command) = step.split_arguments();
        for (name, value) in arguments {
            let declared = self.arguments.iter().rev().find(|(known, _)| known == name);
            if declared.is_none_or(|(_, known)| known != value) {
                self.arguments.push((name.to_owned(), value.to_owned()));
                self.any(&[format!("ARG {name}={}", quoting::value(value))]);
            }
        }
        let (shell, command) = match shell_length(command) {
            Some(end) => command.split_at(end),
            None => ("", command),
        };
        let command = command.trim_matches(|c| c == ' ' || c == '\n' || c == '\r');
        if command.is_empty() {
            self.comment("A command that history does not tell.");
            return;
        }
        if !shell.is_empty() && shell != self.shell.as_deref().unwrap_or("/bin/sh -c") {
            let words: Vec<String> = shell.split_whitespace().map(str::to_owned).collect();
            self.shell = Some(shell.to_owned());
            self.any(&[format!("SHELL {}", quoting::json(&words))]);
        }
        let plain = format!("RUN {command}");
        let mut delimiter = String::from("EOF");
        while command.lines().any(|line| line.trim() == delimiter) {
            delimiter.push('F');
        }
        let document = format!("RUN <<{delimiter}\n{command}\n{delimiter}");
        let is_flag = command.starts_with("--");
        match command.contains('\n') && !command.lines().next().unwrap_or("").contains("<<")
            || is_flag
        {
            true => self.any(&[document]),
            false => self.any(&[plain, document]),
        }
    }

    fn copy(&mut self, name: &str, text: &str) {
        let Some((sources, destination)) = quoting::digested(text) else {
            return self.any(&[
                format!("{name} {text}"),
                format!("{name} {}", quoting::heredoc(text)),
            ]);
        };
        self.comment(&format!(
            "{name} {text}: history has only a digest of the source."
        ));
        let (flags, source) = sources;
        let words = [source, destination.to_owned()];
        let flags = flags.map(|flag| format!("{flag} ")).unwrap_or_default();
        self.any(&[
            format!("{name} {flags}{}", words.join(" ")),
            format!("{name} {flags}{}", quoting::json(&words)),
            format!("{name} {}", quoting::json(&words)),
        ]);
    }
}
