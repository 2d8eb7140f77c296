//! A Dockerfile made ready for rules: its RUNs with their commands and mounts.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use hashbrown::HashMap;

use super::built::{BaseState, BuiltImage};
use super::command::{self, Cmd, Reading};
use super::context::BuildContext;
use super::settings::{Compat, Settings};
use super::shell_lint::ShellChecker;
use crate::dockerfile::{
    Arguments, Command, Dockerfile, Instruction, Keyword, Model, Mount, MountKind, ShellText, Stage,
};
use crate::ruleset::{BaseTwins, CacheRules, LintRules, SecretRules};

/// Data files that rules consult.
#[derive(Debug)]
pub struct Knowledge {
    /// The lint rules.
    pub rules: LintRules,
    /// Paths that tools leave behind.
    pub caches: CacheRules,
    /// Smaller images of the same contents.
    pub twins: BaseTwins,
    /// What gives credentials away.
    pub secrets: SecretRules,
    /// What judges shell text, if anything does.
    pub shell: Option<Arc<dyn ShellChecker>>,
}

/// The shell of an instruction in shell form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShellKind {
    /// The POSIX shell, whichever it is.
    Sh,
    /// bash.
    Bash,
    /// The Almquist shells.
    Ash,
    /// dash.
    Dash,
    /// The Korn shell.
    Ksh,
    /// zsh.
    Zsh,
    /// PowerShell or cmd.exe.
    Windows,
    /// Something that is no shell of this family, such as `python3 -c`.
    Other,
}

impl ShellKind {
    /// By the program's name or path.
    pub fn of(program: &str) -> Self {
        let base = program
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or(program)
            .to_ascii_lowercase();
        match base.trim_end_matches(".exe") {
            "sh" => ShellKind::Sh,
            "bash" => ShellKind::Bash,
            "ash" | "busybox" => ShellKind::Ash,
            "dash" => ShellKind::Dash,
            "ksh" | "mksh" => ShellKind::Ksh,
            "zsh" => ShellKind::Zsh,
            "pwsh" | "powershell" | "cmd" => ShellKind::Windows,
            _ => ShellKind::Other,
        }
    }

    /// Whether its language is the POSIX shell's or an extension of it.
    pub fn is_posix(self) -> bool {
        !matches!(self, ShellKind::Windows | ShellKind::Other)
    }
}

/// A RUN, also one that ONBUILD holds.
#[derive(Debug)]
pub struct Run<'a> {
    /// Index of the instruction (of the ONBUILD, where it is in one).
    pub index: usize,
    /// The RUN itself.
    pub instruction: &'a Instruction,
    /// It is in an ONBUILD.
    pub onbuild: bool,
    /// Its stage.
    pub stage: usize,
    /// Its mounts that could be read.
    pub mounts: Vec<Mount>,
    /// Its commands; none where the shell is not of the POSIX family.
    pub commands: Vec<Cmd>,
    /// The shell that runs it.
    pub shell: ShellKind,
}

impl Run<'_> {
    /// The text for the shell, in shell form.
    pub fn shell_text(&self) -> Option<&ShellText> {
        match self.instruction.command() {
            Some(Command::Shell(text)) => Some(text),
            _ => None,
        }
    }

    /// The text of the arguments, whatever their form.
    pub fn text(&self) -> String {
        match self.instruction.command() {
            Some(Command::Shell(text)) => text.text().to_owned(),
            Some(Command::Exec(words)) => {
                let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
                words.join(" ")
            }
            None => String::new(),
        }
    }

    /// Whether a cache or tmpfs mount keeps `path` out of the image.
    pub fn keeps_out(&self, path: &str) -> bool {
        self.mounts.iter().any(|mount| {
            let target = mount.target.as_deref().unwrap_or("").trim_end_matches('/');
            mount.keeps_out()
                && !target.is_empty()
                && (path == target || path.starts_with(&format!("{target}/")))
        })
    }

    /// Whether the target of a cache or tmpfs mount contains `part`.
    pub fn has_mount_with(&self, part: &str) -> bool {
        let target = |mount: &Mount| {
            mount
                .target
                .as_deref()
                .is_some_and(|target| target.contains(part))
        };
        self.mounts
            .iter()
            .any(|mount| mount.keeps_out() && target(mount))
    }

    /// Mounts of this kind.
    pub fn mounts_of(&self, kind: MountKind) -> impl Iterator<Item = &Mount> {
        self.mounts.iter().filter(move |mount| mount.kind == kind)
    }
}

/// What rules look at.
#[derive(Debug)]
pub struct Input<'a> {
    /// The file.
    pub file: &'a Dockerfile,
    /// What the user decided.
    pub settings: &'a Settings,
    /// Data files.
    pub knowledge: &'a Knowledge,
    /// The build context, where it is known.
    pub context: Option<&'a BuildContext>,
    /// The image that was built from the file, where it is known.
    pub image: Option<&'a BuiltImage>,
    /// RUNs in their order.
    pub runs: Vec<Run<'a>>,
    shipped: OnceCell<Vec<bool>>,
    hadolint_parents: OnceCell<Vec<Option<usize>>>,
    comparisons: Cell<usize>,
    globals: OnceCell<HashMap<String, String>>,
    defaults: OnceCell<HashMap<String, String>>,
}

impl<'a> Input<'a> {
    /// Prepares a file.
    pub fn new(
        file: &'a Dockerfile,
        settings: &'a Settings,
        knowledge: &'a Knowledge,
        context: Option<&'a BuildContext>,
        image: Option<&'a BuiltImage>,
        pragma_shells: &[(u32, ShellKind)],
    ) -> Self {
        let reading = match settings.compat {
            Compat::Hadolint => Reading::Literal,
            Compat::None | Compat::Buildkit => Reading::Thorough,
        };
        let mut runs = Vec::new();
        for (index, outer) in file.instructions.iter().enumerate() {
            let instruction = outer.innermost();
            if instruction.keyword != Keyword::Run {
                continue;
            }
            let shell = shell_of(file, index, pragma_shells, image);
            runs.push(Run {
                index,
                instruction,
                onbuild: outer.keyword == Keyword::Onbuild,
                stage: file.model.stage_of(index).map_or(0, |stage| stage.index),
                mounts: mounts(instruction),
                commands: run_commands(instruction, file, shell, reading),
                shell,
            });
        }
        Input {
            file,
            settings,
            knowledge,
            context,
            image,
            runs,
            shipped: OnceCell::new(),
            hadolint_parents: OnceCell::new(),
            comparisons: Cell::new(0),
            globals: OnceCell::new(),
            defaults: OnceCell::new(),
        }
    }

    /// What the base image of an instruction's stage hands on, where it is known.
    pub fn base(&self, index: usize) -> Option<&'a BaseState> {
        base_of(self.file, index, self.image?)
    }

    /// The FROM of the base image that the built image has.
    pub fn built_from(&self) -> Option<usize> {
        let stage = built_stage(self.file, self.image)?;
        let root = self.file.model.lineage(stage.index).last()?;
        Some(root.from)
    }

    /// Whether hadolint's answers are wanted.
    pub fn hadolint(&self) -> bool {
        self.settings.compat == Compat::Hadolint
    }

    /// Whether BuildKit's answers are wanted.
    pub fn buildkit(&self) -> bool {
        self.settings.compat == Compat::Buildkit
    }

    /// Values of the ARGs above the first FROM.
    pub fn globals(&self) -> &HashMap<String, String> {
        self.globals
            .get_or_init(|| super::checks::global_values(self.file, &self.settings.build_args))
    }

    /// The same without values from outside.
    pub fn defaults(&self) -> &HashMap<String, String> {
        self.defaults
            .get_or_init(|| super::checks::global_values(self.file, &HashMap::new()))
    }

    /// Whether so many more names may be compared with one that is unknown: a
    /// file with thousands of both gets no more hints.
    pub fn may_compare(&self, names: usize) -> bool {
        const LIMIT: usize = 1 << 20;
        self.comparisons.set(self.comparisons.get() + names);
        self.comparisons.get() <= LIMIT
    }

    /// For each stage, the index of its first RUN that passes a test.
    pub fn first_runs(&self, test: impl Fn(&Run<'a>) -> bool) -> HashMap<usize, usize> {
        let mut first = HashMap::new();
        for run in &self.runs {
            if !first.contains_key(&run.stage) && test(run) {
                first.insert(run.stage, run.index);
            }
        }
        first
    }

    /// Whether there is a RUN between two instructions.
    pub fn has_run_between(&self, after: usize, before: usize) -> bool {
        let next = self.runs.partition_point(|run| run.index <= after);
        self.runs.get(next).is_some_and(|run| run.index < before)
    }

    /// Stages and inherited state.
    pub fn model(&self) -> &'a Model {
        &self.file.model
    }

    /// The instructions with their indexes.
    pub fn instructions(&self) -> impl Iterator<Item = (usize, &'a Instruction)> {
        self.file.instructions.iter().enumerate()
    }

    /// The instructions of a stage with their indexes, the FROM first.
    pub fn of_stage(
        &self,
        stage: &Stage,
    ) -> impl Iterator<Item = (usize, &'a Instruction)> + use<'a> {
        let range = stage.from..stage.end;
        let all = self.file.instructions.get(range).unwrap_or(&[]);
        let from = stage.from;
        all.iter()
            .enumerate()
            .map(move |(i, instruction)| (from + i, instruction))
    }

    /// The stage that hadolint takes for a stage's parent: names are compared
    /// with case, and a stage without a name goes by its image.
    pub fn hadolint_parent(&self, stage: usize) -> Option<usize> {
        *self.hadolint_parents().get(stage)?
    }

    /// The same for all stages.
    pub fn hadolint_parents(&self) -> &[Option<usize>] {
        self.hadolint_parents.get_or_init(|| {
            let mut names: HashMap<&str, usize> = HashMap::new();
            let mut parents = Vec::new();
            for stage in &self.model().stages {
                let from = self.file.instructions.get(stage.from);
                let Some(Arguments::From { image, alias, .. }) = from.map(|from| &from.arguments)
                else {
                    parents.push(None);
                    continue;
                };
                parents.push(names.get(image.text.as_str()).copied());
                names.insert(&alias.as_ref().unwrap_or(image).text, stage.index);
            }
            parents
        })
    }

    /// Whether what a stage writes is in the final image: the last stage and
    /// those that it is built on.
    pub fn is_shipped(&self, stage: usize) -> bool {
        let shipped = self.shipped.get_or_init(|| {
            let stages = &self.model().stages;
            let mut shipped = vec![false; stages.len()];
            if let Some(last) = stages.last() {
                for stage in self.model().lineage(last.index) {
                    if let Some(flag) = shipped.get_mut(stage.index) {
                        *flag = true;
                    }
                }
            }
            shipped
        });
        // Without any FROM all is meant for some image.
        shipped
            .get(stage)
            .copied()
            .unwrap_or(self.model().stages.is_empty())
    }
}

/// The stage that an image was built from.
fn built_stage<'a>(file: &'a Dockerfile, image: Option<&BuiltImage>) -> Option<&'a Stage> {
    let stages = &file.model.stages;
    match image.and_then(|image| image.stage) {
        Some(stage) => stages.get(stage),
        None => stages.last(),
    }
}

/// What the base image hands on to an instruction of the stages that were built.
fn base_of<'a>(file: &Dockerfile, index: usize, image: &'a BuiltImage) -> Option<&'a BaseState> {
    let own = file.model.stage_of(index)?.index;
    let built = built_stage(file, Some(image))?;
    let mut lineage = file.model.lineage(built.index);
    lineage
        .any(|stage| stage.index == own)
        .then_some(&image.base)
}

fn mounts(instruction: &Instruction) -> Vec<Mount> {
    let values = instruction.flags.iter().filter(|flag| flag.name == "mount");
    let values = values.filter_map(|flag| flag.value.as_deref());
    values
        .filter_map(|value| Mount::parse(value).ok())
        .collect()
}

/// The shell of the instruction `index`: a comment's word for it, SHELL, or
/// the platform's default.
pub fn shell_of(
    file: &Dockerfile,
    index: usize,
    pragma_shells: &[(u32, ShellKind)],
    image: Option<&BuiltImage>,
) -> ShellKind {
    let start = file.instructions.get(index).map_or(0, |i| i.span.start);
    let stage_start = file
        .model
        .stage_of(index)
        .and_then(|stage| file.instructions.get(stage.from));
    let stage_start = stage_start.map_or(0, |from| from.span.start);
    let above = pragma_shells.partition_point(|(place, _)| *place < start);
    let by_comment = above.checked_sub(1).and_then(|at| pragma_shells.get(at));
    // A comment above the FROM counts for its stage, too.
    if let Some(&(place, kind)) = by_comment
        && (place > stage_start
            || file.model.stages.len() == 1
            || place_is_just_above(file, place, stage_start))
    {
        return kind;
    }
    if let Some(shell) = file.model.effect(index).shell
        && let Some(Arguments::Shell(words)) = file.instructions.get(shell).map(|i| &i.arguments)
    {
        return words
            .first()
            .map_or(ShellKind::Sh, |program| ShellKind::of(&program.text));
    }
    let base = image.and_then(|image| base_of(file, index, image));
    if let Some(program) = base.and_then(|base| base.shell.as_ref()?.first()) {
        return ShellKind::of(program);
    }
    if file.escape == '`' {
        ShellKind::Windows
    } else {
        ShellKind::Sh
    }
}

fn place_is_just_above(file: &Dockerfile, place: u32, stage_start: u32) -> bool {
    file.text
        .get(place as usize..stage_start as usize)
        .is_some_and(|between| {
            between
                .lines()
                .skip(1)
                .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        })
}

fn run_commands(
    instruction: &Instruction,
    file: &Dockerfile,
    shell: ShellKind,
    reading: Reading,
) -> Vec<Cmd> {
    match instruction.command() {
        Some(Command::Exec(words)) => command::exec_commands(words, &file.text, reading),
        Some(Command::Shell(text)) => {
            let kind = match text.shebang() {
                Some(line) => shebang_shell(line),
                None => shell,
            };
            // hadolint takes any text for a POSIX shell's.
            match kind.is_posix() || reading == Reading::Literal {
                true => command::commands(text, reading),
                false => Vec::new(),
            }
        }
        None => Vec::new(),
    }
}

/// The shell that `#!…` names.
pub fn shebang_shell(line: &str) -> ShellKind {
    let mut words = line.split_whitespace();
    let program = words.next().unwrap_or("");
    if program.ends_with("/env") {
        let named = words.find(|word| !word.starts_with('-') && !word.contains('='));
        return ShellKind::of(named.unwrap_or(""));
    }
    ShellKind::of(program)
}
