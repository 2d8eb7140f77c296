//! COPY and ADD.

use hashbrown::HashMap;

use crate::dockerfile::{Arguments, Instruction, Keyword, Word};
use crate::lint::input::Input;
use crate::lint::reporter::{Reporter, insert, replace};

/// What tar or ADD unpack, by the name.
pub(super) const ARCHIVES: [&str; 16] = [
    ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz",
    ".tpz", ".txz", ".xz", ".tar.zst",
];

pub(super) fn is_archive(name: &str) -> bool {
    ARCHIVES.iter().any(|suffix| name.ends_with(suffix))
}

pub(super) fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

pub(super) fn is_git(text: &str) -> bool {
    text.starts_with("git@")
        || text.starts_with("git://")
        || text.starts_with("ssh://")
        || text
            .split('#')
            .next()
            .is_some_and(|head| head.ends_with(".git"))
}

fn parts(instruction: &Instruction) -> Option<(&[Word], &Word)> {
    match &instruction.arguments {
        Arguments::Copy {
            sources,
            destination,
            ..
        } => Some((sources, destination)),
        _ => None,
    }
}

pub(super) fn add_for_copy(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Some((sources, _)) = parts(instruction).filter(|_| instruction.keyword == Keyword::Add)
        else {
            continue;
        };
        let needs_copy = |source: &&Word| {
            let text = source.unquoted();
            let archive = is_archive(text) && !(input.hadolint() && text.ends_with(".tar.zst"));
            let other = !input.hadolint() && (is_git(text) || text.contains('$'));
            !archive && !is_url(text) && !other
        };
        let found = sources.iter().find(needs_copy);
        if let Some(source) = found {
            let report = out.at(index, instruction.name.span, source.unquoted());
            let own_flags = ["keep-git-dir", "checksum", "unpack"];
            let plain = !instruction
                .flags
                .iter()
                .any(|flag| own_flags.contains(&flag.name.as_str()));
            if sources.iter().all(|source| needs_copy(&source)) && plain {
                let keyword = if instruction.name.text == "add" {
                    "copy"
                } else {
                    "COPY"
                };
                let edits = vec![replace(instruction.name.span, keyword)];
                // ADD would unpack an archive that the pattern matches.
                match sources
                    .iter()
                    .any(|source| may_be_archive(source.unquoted()))
                {
                    true => report.risky(edits),
                    false => report.safe(edits),
                };
            }
        }
    }
}

/// Whether a pattern leaves open what its files end with.
fn may_be_archive(source: &str) -> bool {
    let name = source.rsplit('/').next().unwrap_or(source);
    let end = name.rsplit('.').next().unwrap_or(name);
    end.contains(['*', '?', '['])
}

pub(super) fn copy_to_file(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Some((sources, destination)) =
            parts(instruction).filter(|_| instruction.keyword == Keyword::Copy)
        else {
            continue;
        };
        let count = sources.len()
            + if input.hadolint() {
                0
            } else {
                instruction.heredocs.len()
            };
        let target = destination.unquoted();
        let variable =
            !input.hadolint() && (target.contains('$') || target == "." || target == "..");
        let windows = !input.hadolint() && target.ends_with('\\');
        if count >= 2 && !target.ends_with('/') && !variable && !windows {
            let report = out.at(index, destination.span, target);
            let end = destination.span.end
                - u32::from(destination.span.of(&input.file.text).ends_with('"'));
            report.safe(vec![insert(end, "/")]);
        }
    }
}

pub(super) fn copy_without_workdir(input: &Input<'_>, out: &mut Reporter<'_>) {
    let by_stage = match input.hadolint() {
        true => hadolint_workdirs(input),
        false => Vec::new(),
    };
    for (index, instruction) in input.instructions() {
        let counts = instruction.keyword == Keyword::Copy
            || (instruction.keyword == Keyword::Add && !input.hadolint());
        let Some((_, destination)) = parts(instruction).filter(|_| counts) else {
            continue;
        };
        let target = destination.unquoted();
        let drive = target.as_bytes().get(1) == Some(&b':');
        if target.starts_with(['/', '$', '\\']) || drive {
            continue;
        }
        let workdir = match input.hadolint() {
            true => by_stage
                .get(index_of_stage(input, index))
                .is_some_and(|&first| first < index),
            false => {
                let inherited = input.base(index).and_then(|base| base.workdir.as_deref());
                input.model().effect(index).workdir.is_some()
                    || inherited.is_some_and(|dir| dir != "/")
            }
        };
        if !workdir {
            out.at(index, destination.span, target);
        }
    }
}

fn index_of_stage(input: &Input<'_>, index: usize) -> usize {
    let stage = input.model().stage_of(index);
    stage.map_or(usize::MAX, |stage| stage.index)
}

/// For each stage, its first WORKDIR or one of what hadolint takes for its
/// parents.
fn hadolint_workdirs(input: &Input<'_>) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    for stage in &input.model().stages {
        let own = input
            .of_stage(stage)
            .find(|(_, i)| i.keyword == Keyword::Workdir)
            .map_or(usize::MAX, |(at, _)| at);
        let parent = input.hadolint_parent(stage.index);
        let inherited = parent.and_then(|parent| found.get(parent).copied());
        found.push(own.min(inherited.unwrap_or(usize::MAX)));
    }
    found
}

pub(super) fn copy_whole_root(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Some((sources, destination)) =
            parts(instruction).filter(|_| instruction.keyword == Keyword::Copy)
        else {
            continue;
        };
        let Some(from) = instruction.flag_value("from") else {
            continue;
        };
        let root = |word: &Word| matches!(word.unquoted(), "/" | "/.");
        // From nothing, a copy of all is the way to flatten an image.
        let stage = input
            .model()
            .stage_of(index)
            .and_then(|stage| input.file.instructions.get(stage.from));
        let scratch = matches!(stage.map(|from| &from.arguments), Some(Arguments::From { image, .. }) if image.text == "scratch");
        if sources.iter().any(root) && root(destination) && (input.hadolint() || !scratch) {
            out.at(index, instruction.name.span, from);
        }
    }
}

/// A name without its folder, whichever way the slashes lean.
fn base(text: &str) -> &str {
    text.trim_matches('"')
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or("")
}

/// The last RUN of each stage that unpacks a file of this name.
fn unpacked<'r>(input: &'r Input<'_>) -> HashMap<(usize, &'r str), usize> {
    let mut last = HashMap::new();
    for run in input.runs.iter().filter(|run| !run.onbuild) {
        for cmd in run.commands.iter().filter(|cmd| unpacks(input, cmd)) {
            for arg in &cmd.args {
                last.insert((run.stage, base(&arg.text)), run.index);
            }
        }
    }
    last
}

pub(super) fn copied_archive(input: &Input<'_>, out: &mut Reporter<'_>) {
    let stages = input.model().stages.len();
    let unpacked = unpacked(input);
    for (index, instruction) in input.instructions() {
        let Some((sources, destination)) =
            parts(instruction).filter(|_| instruction.keyword == Keyword::Copy)
        else {
            continue;
        };
        if instruction.flag("from").is_some() {
            continue;
        }
        let stage = input.model().stage_of(index).map_or(0, |stage| stage.index);
        if input.hadolint() && stage + 1 != stages.max(1) {
            continue;
        }
        let target = base(destination.unquoted());
        let names: Vec<&str> = match is_archive(target) {
            true => vec![target],
            false => sources
                .iter()
                .map(|source| base(source.unquoted()))
                .filter(|name| is_archive(name))
                .collect(),
        };
        let unpacked = |name: &str| {
            let last = unpacked.get(&(stage, name));
            last.is_some_and(|&last| last > index)
        };
        if let Some(name) = names.iter().find(|name| unpacked(name)) {
            out.at(index, instruction.name.span, name);
        }
    }
}

/// Whether a command unpacks an archive.
pub(super) fn unpacks(input: &Input<'_>, cmd: &crate::lint::command::Cmd) -> bool {
    match cmd.name.as_str() {
        "tar" | "bsdtar" => {
            let bundled = cmd
                .args
                .first()
                .is_some_and(|arg| !arg.text.starts_with('-') && arg.text.contains('x'));
            cmd.has_any_flag(&["--extract", "--get", "-x"]) || (bundled && !input.hadolint())
        }
        "unzip" | "gunzip" | "bunzip2" | "unlzma" | "unxz" | "zgz" | "uncompress" | "zcat"
        | "gzcat" => true,
        "unzstd" | "7z" | "7za" | "unrar" | "xzcat" | "bzcat" => !input.hadolint(),
        _ => false,
    }
}

pub(super) fn copy_ignored_file(input: &Input<'_>, out: &mut Reporter<'_>) {
    let Some(ignore) = input
        .context
        .and_then(|context| context.dockerignore.as_ref())
    else {
        return;
    };
    if input.buildkit() && ignore.has_exclusions() {
        return;
    }
    for (index, instruction) in input.instructions() {
        let Some((sources, _)) = parts(instruction) else {
            continue;
        };
        if instruction.flag("from").is_some() {
            continue;
        }
        for source in sources {
            let text = source.unquoted();
            if is_url(text) || is_git(text) || text.contains('$') {
                continue;
            }
            let path = text.trim_start_matches("./").trim_matches('/');
            let whole = path.is_empty() || path == ".";
            let ignored = match whole {
                true => {
                    !ignore.has_exclusions()
                        && ignore
                            .patterns
                            .iter()
                            .any(|p| matches!(p.text.as_str(), "*" | "**" | "**/*"))
                }
                // What `!` takes back below it is copied.
                false => {
                    ignore.ignores(path)
                        && !taken_back(ignore, path)
                        && !path.contains(['*', '?', '['])
                }
            };
            if ignored {
                out.at(index, source.span, text);
            }
        }
    }
}

fn taken_back(ignore: &crate::dockerfile::ignore_file::IgnoreFile, path: &str) -> bool {
    ignore.patterns.iter().any(|pattern| {
        pattern.exclusion
            && (pattern.text.contains('*')
                || pattern
                    .text
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.starts_with('/')))
    })
}

/// Folders that weigh much and are seldom wanted in an image.
const WEIGHT: [&str; 11] = [
    ".git",
    "node_modules",
    "target",
    ".venv",
    "venv",
    "__pycache__",
    ".tox",
    ".gradle",
    ".cache",
    ".terraform",
    ".idea",
];

/// Whether a folder's contents are sent; `name/**` leaves the folder alone.
fn sends_folder(context: &crate::lint::context::BuildContext, name: &str) -> bool {
    let inside = format!("{name}/x");
    context.sends(name)
        && !context
            .dockerignore
            .as_ref()
            .is_some_and(|file| file.ignores(&inside))
}

pub(super) fn whole_context(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Some((sources, _)) = parts(instruction) else {
            continue;
        };
        let Some(context) = input.context.filter(|_| instruction.flag("from").is_none()) else {
            continue;
        };
        let Some(source) = sources
            .iter()
            .find(|source| matches!(source.unquoted(), "." | "./" | "/" | "/."))
        else {
            continue;
        };
        let excluded = instruction.flags.iter().any(|flag| flag.name == "exclude");
        if excluded {
            continue;
        }
        let heavy: Vec<&str> = WEIGHT
            .iter()
            .copied()
            .filter(|name| sends_folder(context, name))
            .collect();
        let with = match (&context.dockerignore, heavy.is_empty()) {
            (None, true) => "there is no .dockerignore".to_owned(),
            (None, false) => format!(
                "there is no .dockerignore to leave out {}",
                heavy.join(", ")
            ),
            (Some(_), false) => format!(".dockerignore does not leave out {}", heavy.join(", ")),
            (Some(_), true) => continue,
        };
        let report = out.with(Some(index), source.span, source.unquoted(), &with);
        if let Some((bytes, _)) = context.sent_below(".") {
            report.bytes(bytes);
        }
    }
}
