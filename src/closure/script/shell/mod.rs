//! What a shell script needs.
//!
//! The script is read three times for what its variables can hold and for its functions, and a
//! fourth time for what it runs and names. Order and conditions do not count: a variable holds all the
//! values that it is given anywhere, and what stands behind `exit` counts like the rest. Files
//! that it sources are read along, so that their variables and functions are known.

mod expand;
mod lookup;
mod output;
mod run;
mod special;
mod value;
mod walk;
pub(super) mod wrappers;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use hashbrown::{HashMap, HashSet};

use super::environment::Environment;
use super::shebang;
use crate::closure::files::{Files, Found, NodeId, split};
use crate::closure::{Need, NeedKind};
use crate::dockerfile::shell::{Dialect, Script, parse};

/// Larger scripts are not analysed.
pub const MAX_SCRIPT: usize = 16 << 20;
/// A script needs no more; what comes behind is left out.
pub const MAX_NEEDS: usize = 65_536;
/// Texts inside texts (`sh -c '…'`) and sourced files that are read along.
const MAX_UNITS: usize = 4096;
/// Bytes of all of them.
const MAX_TEXT: usize = 32 << 20;
/// Steps of the evaluation of words; behind that every word counts as unknown.
const MAX_WORK: usize = 256 << 20;
/// Bytes of the command lines that are kept.
const MAX_LINES: usize = 16 << 20;
/// Directory entries that are looked at for globs.
const MAX_ENTRIES: usize = 1 << 20;

/// What a shell script needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shell {
    /// The files that it runs, sources and names.
    pub needs: Vec<Need>,
    /// The command lines of programs that exist, those in sourced files too.
    pub commands: Vec<CommandLine>,
    /// The functions that it or a sourced file defines.
    pub functions: Vec<String>,
    /// What only a run would tell.
    pub unknown: Vec<Unknown>,
    /// The files that were read along, each with what it needs as a part of this script.
    pub sourced: Vec<Sourced>,
}

/// A command line of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// Where it stands, counted from 1; in a sourced file, the line there.
    pub line: u32,
    /// The program.
    pub found: Found,
    /// The program's name and the arguments; what is not known is as written in the script.
    pub words: Vec<String>,
}

/// Something that a script computes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unknown {
    /// Where it stands, counted from 1.
    pub line: u32,
    /// The text, cut if it is long.
    pub what: String,
}

/// A file that a script sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced {
    /// The file.
    pub node: NodeId,
    /// What it needs.
    pub needs: Vec<Need>,
    /// What only a run would tell.
    pub unknown: Vec<Unknown>,
}

/// Says what a shell script needs, or a command line in shell form.
///
/// `path` is where the script lies, or nothing for a command line.
pub fn shell(files: &dyn Files, text: &[u8], path: Option<&[u8]>, env: &Environment) -> Shell {
    let mut analysis = Analysis::new(files, env, path);
    analysis.main(text);
    analysis.finish()
}

/// A text that is read as a script.
struct Unit {
    text: String,
    script: Script,
    /// Where each line but the first starts.
    lines: Vec<u32>,
    /// The line of the whole text in its file.
    base: u32,
    /// The function that it stands in.
    scope: usize,
    /// The part of the result that it belongs to.
    owner: usize,
}

/// What is found in one file.
#[derive(Default)]
struct Part {
    /// The sourced file; nothing for the script itself.
    node: Option<NodeId>,
    path: Option<String>,
    needs: Vec<Need>,
    known: HashSet<(NeedKind, NodeId, Vec<NodeId>)>,
    unknown: Vec<Unknown>,
    /// The words whose paths were looked for.
    named: HashSet<String>,
}

/// A word of a command.
#[derive(Clone, PartialEq, Eq)]
struct Arg {
    values: Vec<String>,
    /// The text after removal of quotes, expansions as written.
    raw: String,
    /// Whether blanks in a value make it several words.
    splits: bool,
    /// Whether it is given from outside, so that nobody can know it.
    given: bool,
}

/// The arguments of a function or of the script (which is the first scope).
#[derive(Default)]
struct Scope {
    calls: Vec<Rc<[Arg]>>,
    shifts: bool,
}

struct Analysis<'a> {
    files: &'a dyn Files,
    env: &'a Environment,
    bash: bool,
    /// `$0`.
    path: Option<String>,
    units: Vec<Rc<Unit>>,
    /// The texts that are units already.
    texts: HashSet<(usize, usize, String)>,
    text_left: usize,
    parts: Vec<Part>,
    variables: HashMap<String, Vec<String>>,
    functions: HashMap<String, usize>,
    scopes: Vec<Scope>,
    /// The directories that may be the current one.
    places: Vec<String>,
    /// The directories that the script puts into `PATH`.
    search: Vec<String>,
    commands: Vec<CommandLine>,
    globs: HashMap<String, lookup::Expanded>,
    programs: HashMap<String, Option<Found>>,
    work_left: usize,
    entries_left: usize,
    lines_left: usize,
    /// Whether this is the pass that writes the result.
    emit: bool,
    unit: Rc<Unit>,
    scope: usize,
    /// What a `read` gets.
    input: Option<Vec<String>>,
}

impl<'a> Analysis<'a> {
    fn new(files: &'a dyn Files, env: &'a Environment, path: Option<&[u8]>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let path = path.map(|path| text(&env.absolute(path)));
        let variables = env
            .variables
            .iter()
            .filter(|(name, _)| name.as_slice() != b"PATH")
            .map(|(name, value)| (text(name), vec![text(value)]))
            .collect();
        let mut places = vec![text(&env.absolute(b""))];
        if let Some(path) = &path {
            value::add(&mut places, value::dirname(path));
        }
        Self {
            files,
            env,
            bash: false,
            units: Vec::new(),
            texts: HashSet::new(),
            text_left: MAX_TEXT,
            parts: vec![Part {
                path: path.clone(),
                ..Part::default()
            }],
            path,
            variables,
            functions: HashMap::new(),
            scopes: vec![Scope::default()],
            places,
            search: Vec::new(),
            commands: Vec::new(),
            globs: HashMap::new(),
            programs: HashMap::new(),
            work_left: MAX_WORK,
            entries_left: MAX_ENTRIES,
            lines_left: MAX_LINES,
            emit: false,
            unit: Rc::new(Unit::new(String::new(), Dialect::Posix, 1, 0, 0)),
            scope: 0,
            input: None,
        }
    }

    fn main(&mut self, text: &[u8]) {
        if text.len() > MAX_SCRIPT {
            self.emit = true;
            self.unknown(1, "the script is too large to analyse");
            return;
        }
        let line = shebang::line(text);
        let interpreter = line.map(|(program, argument)| match split(program).1 {
            b"env" => argument.unwrap_or_default(),
            name => name,
        });
        self.bash = interpreter.is_some_and(|name| {
            let name = String::from_utf8_lossy(name);
            ["bash", "ksh", "zsh"]
                .iter()
                .any(|shell| name.contains(shell))
        });
        self.add_unit(&String::from_utf8_lossy(text), 1, 0, 0);
        for pass in 1..=4 {
            self.emit = pass == 4;
            // Units are added while others are read.
            let mut at = 0usize;
            while let Some(unit) = self.units.get(at) {
                self.unit = Rc::clone(unit);
                self.scope = self.unit.scope;
                self.input = None;
                let unit = Rc::clone(&self.unit);
                self.items(&unit.script.lists);
                at = at.saturating_add(1);
            }
            if pass < 3 {
                self.settle();
            }
        }
        self.cut();
    }

    /// Forgets what was unknown only because the script was not yet read to its end: what is
    /// unknown for good comes back when it is read again.
    fn settle(&mut self) {
        let unknown = |value: &String| value.contains(value::ANY);
        for values in self.variables.values_mut() {
            values.retain(|value| !unknown(value));
        }
        self.variables.retain(|_, values| !values.is_empty());
        for scope in &mut self.scopes {
            scope
                .calls
                .retain(|call| !call.iter().any(|arg| arg.values.iter().any(unknown)));
        }
    }

    /// Tells of the texts that the parser gave up.
    fn cut(&mut self) {
        for unit in self.units.clone() {
            let limit = unit.script.errors.iter().find(|error| error.limit);
            if let Some(error) = limit {
                self.unit = Rc::clone(&unit);
                let line = unit.line(error.span.start);
                self.unknown(line, &error.message);
            }
        }
        if self.work_left == 0 {
            self.unknown(1, "the script is too large to analyse as a whole");
        }
    }

    /// Reads one more text, once.
    fn add_unit(&mut self, text: &str, line: u32, scope: usize, owner: usize) {
        let fits = self.units.len() < MAX_UNITS && text.len() <= self.text_left;
        let key = (owner, scope, text.to_owned());
        if text.trim().is_empty() || !fits || !self.texts.insert(key) {
            return;
        }
        self.text_left = self.text_left.saturating_sub(text.len());
        let dialect = if self.bash {
            Dialect::Bash
        } else {
            Dialect::Posix
        };
        let unit = Unit::new(text.to_owned(), dialect, line, scope, owner);
        self.units.push(Rc::new(unit));
    }

    /// Takes from the bound of all work; `false` when nothing is left.
    fn spend(&mut self, amount: usize) -> bool {
        self.work_left = self.work_left.saturating_sub(amount.saturating_add(16));
        self.work_left > 0
    }

    fn finish(mut self) -> Shell {
        for part in &mut self.parts {
            // Whatever is run or sourced stands in the script too.
            let known = &part.known;
            part.needs.retain(|need| {
                let as_kind = |kind| (kind, need.found.node, need.found.crossed.clone());
                need.kind != NeedKind::Names
                    || !known.contains(&as_kind(NeedKind::Runs))
                        && !known.contains(&as_kind(NeedKind::Sources))
            });
        }
        let mut functions: Vec<String> = self.functions.into_keys().collect();
        functions.sort();
        let mut parts = self.parts.into_iter();
        let main = parts.next().unwrap_or_default();
        Shell {
            needs: main.needs,
            commands: self.commands,
            functions,
            unknown: main.unknown,
            sourced: parts
                .filter_map(|part| {
                    Some(Sourced {
                        node: part.node?,
                        needs: part.needs,
                        unknown: part.unknown,
                    })
                })
                .collect(),
        }
    }
}

impl Unit {
    fn new(text: String, dialect: Dialect, base: u32, scope: usize, owner: usize) -> Self {
        let lines = text
            .bytes()
            .zip(1u32..)
            .filter(|(byte, _)| *byte == b'\n')
            .map(|(_, next)| next)
            .collect();
        Self {
            script: parse(&text, dialect),
            text,
            lines,
            base,
            scope,
            owner,
        }
    }

    fn line(&self, offset: u32) -> u32 {
        let above = self.lines.partition_point(|start| *start <= offset);
        self.base
            .saturating_add(u32::try_from(above).unwrap_or(u32::MAX))
    }
}
