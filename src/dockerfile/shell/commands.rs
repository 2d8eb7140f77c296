//! Walks over all commands of a script.

use super::ast::{
    Command, CompoundKind, Connector, ListItem, Part, Pipeline, Redirect, Script, SimpleCommand,
    Word,
};

/// A simple command and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Visited<'a> {
    /// The command.
    pub command: &'a SimpleCommand,
    /// Its place among the commands of its pipeline.
    pub pipeline_position: usize,
    /// How many commands its pipeline has.
    pub pipeline_length: usize,
    /// The place of its item in the list around it.
    pub list_index: usize,
    /// The place of its pipeline in the and-or list.
    pub chain_position: usize,
    /// The operator before its pipeline.
    pub connector_before: Option<Connector>,
    /// How many compound commands and substitutions are around it.
    pub depth: usize,
    /// Whether it stands in `( … )`.
    pub in_subshell: bool,
    /// Whether it stands in a function.
    pub in_function: bool,
    /// Whether it stands in a condition of `if`, `while` or `until`.
    pub in_condition: bool,
    /// Whether it stands in a command or process substitution.
    pub in_substitution: bool,
}

/// All simple commands anywhere in a script, in the order of the source.
#[must_use]
pub fn commands(script: &Script) -> Vec<Visited<'_>> {
    let mut found = walk(script).commands;
    // Stable, and a command starts before whatever is inside it.
    found.sort_by_key(|visited| visited.command.span.start);
    found
}

/// All pipelines anywhere in a script, in the order of the source.
#[must_use]
pub fn pipelines(script: &Script) -> Vec<&Pipeline> {
    let mut found = walk(script).pipelines;
    found.sort_by_key(|pipeline| pipeline.span.start);
    found
}

fn walk(script: &Script) -> Walk<'_> {
    let mut walk = Walk::default();
    walk.items(&script.lists, Place::default());
    walk
}

/// What is around a list.
#[derive(Clone, Copy, Default)]
struct Place {
    depth: usize,
    subshell: bool,
    function: bool,
    condition: bool,
    substitution: bool,
}

#[derive(Default)]
struct Walk<'a> {
    commands: Vec<Visited<'a>>,
    pipelines: Vec<&'a Pipeline>,
}

impl<'a> Walk<'a> {
    fn items(&mut self, items: &'a [ListItem], place: Place) {
        for (list_index, item) in items.iter().enumerate() {
            let rest = item.rest.iter().map(|(op, _, next)| (Some(*op), next));
            let chain = std::iter::once((None, &item.first)).chain(rest);
            for (chain_position, (connector_before, pipeline)) in chain.enumerate() {
                self.pipelines.push(pipeline);
                for (pipeline_position, command) in pipeline.commands.iter().enumerate() {
                    match command {
                        Command::Simple(simple) => {
                            self.commands.push(Visited {
                                command: simple,
                                pipeline_position,
                                pipeline_length: pipeline.commands.len(),
                                list_index,
                                chain_position,
                                connector_before,
                                depth: place.depth,
                                in_subshell: place.subshell,
                                in_function: place.function,
                                in_condition: place.condition,
                                in_substitution: place.substitution,
                            });
                            self.simple(simple, place);
                        }
                        Command::Compound { .. } => self.compound(command, place),
                    }
                }
            }
        }
    }

    fn simple(&mut self, simple: &'a SimpleCommand, place: Place) {
        for assignment in &simple.assignments {
            self.words(&assignment.subscript, place);
            self.words(&assignment.value, place);
            self.words(&assignment.elements, place);
        }
        self.words(&simple.words, place);
        self.redirects(&simple.redirects, place);
    }

    fn compound(&mut self, command: &'a Command, place: Place) {
        let Command::Compound {
            kind,
            name,
            words,
            bodies,
            redirects,
            ..
        } = command
        else {
            return;
        };
        self.words(name, place);
        self.words(words, place);
        self.redirects(redirects, place);
        for (index, body) in bodies.iter().enumerate() {
            let condition = match kind {
                // The last one of an odd number is the `else` body.
                CompoundKind::If => index % 2 == 0 && index + 1 < bodies.len(),
                CompoundKind::While | CompoundKind::Until => index == 0,
                _ => false,
            };
            let inner = Place {
                depth: place.depth + 1,
                subshell: place.subshell || *kind == CompoundKind::Subshell,
                function: place.function || *kind == CompoundKind::Function,
                condition: place.condition || condition,
                substitution: place.substitution,
            };
            self.items(body, inner);
        }
    }

    fn redirects(&mut self, redirects: &'a [Redirect], place: Place) {
        for redirect in redirects {
            self.parts(&redirect.target.parts, place);
            if let Some(doc) = &redirect.heredoc {
                self.parts(&doc.parts, place);
            }
        }
    }

    fn words(&mut self, words: impl IntoIterator<Item = &'a Word>, place: Place) {
        for word in words {
            self.parts(&word.parts, place);
        }
    }

    fn parts(&mut self, parts: &'a [Part], place: Place) {
        for part in parts {
            match part {
                Part::Literal { .. } | Part::SingleQuoted { .. } => {}
                Part::DoubleQuoted { parts, .. } | Part::Arithmetic { parts, .. } => {
                    self.parts(parts, place);
                }
                Part::Parameter {
                    subscript, word, ..
                } => {
                    self.words(subscript.as_deref(), place);
                    self.words(word.as_deref(), place);
                }
                Part::Command { script: items, .. } | Part::Process { items, .. } => {
                    let inner = Place {
                        depth: place.depth + 1,
                        substitution: true,
                        ..place
                    };
                    self.items(items, inner);
                }
            }
        }
    }
}
