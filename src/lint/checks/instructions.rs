//! Single instructions that are wrong or not as they should be.

use crate::dockerfile::shell::{Connector, Part};
use crate::dockerfile::{Arguments, Command, Instruction, Keyword, ShellText, Word};
use crate::lint::command;
use crate::lint::finding::Edit;
use crate::lint::input::{self, Input};
use crate::lint::reporter::{Reporter, delete_instruction, insert, replace};

pub(super) fn relative_workdir(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Arguments::Workdir(path) = &instruction.arguments else {
            continue;
        };
        let text = path.unquoted();
        let drive = text.as_bytes().get(1) == Some(&b':')
            && text.starts_with(|c: char| c.is_ascii_alphabetic());
        let absolute =
            text.starts_with(['/', '$']) || drive || (!input.hadolint() && text.starts_with('\\'));
        // Once the directory is known, a relative one is as good.
        let known = !input.hadolint() && input.model().effect(index).workdir.is_some();
        // BuildKit puts in what it knows of the variables.
        let absolute = match input.buildkit() && text.starts_with('$') {
            true => super::variables::expanded(input, index, text).starts_with('/'),
            false => absolute,
        };
        if !absolute && !known {
            out.at(index, path.span, text);
        }
    }
}

pub(super) fn invalid_port(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Arguments::Expose(ports) = &instruction.arguments else {
            continue;
        };
        for port in ports {
            let number = port.text.split('/').next().unwrap_or("");
            let number = if input.hadolint() {
                number
            } else {
                number.rsplit(':').next().unwrap_or(number)
            };
            let too_high = |text: &str| {
                text.chars().all(|c| c.is_ascii_digit())
                    && !text.is_empty()
                    && text.parse::<u32>().map_or(true, |n| n > 65_535)
            };
            if number.split('-').any(too_high) {
                out.at(index, port.span, &port.text);
            }
        }
    }
}

pub(super) fn expose_protocol_casing(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Arguments::Expose(ports) = &instruction.arguments else {
            continue;
        };
        for port in ports.iter().filter(|port| !port.text.contains('$')) {
            let Some((_, protocol)) = port.text.split_once('/') else {
                continue;
            };
            if protocol.chars().any(|c| c.is_ascii_uppercase()) {
                let lower = port.text.to_ascii_lowercase();
                out.at(index, port.span, &port.text)
                    .safe(vec![replace(port.span, lower)]);
            }
        }
    }
}

pub(super) fn expose_host_part(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Arguments::Expose(ports) = &instruction.arguments else {
            continue;
        };
        for port in ports.iter().filter(|port| !port.text.contains('$')) {
            if let Some((_, container)) = port.text.rsplit_once(':') {
                let edits = vec![replace(port.span, container)];
                let report = out.at(index, port.span, &port.text);
                if container.starts_with(|c: char| c.is_ascii_digit()) {
                    report.safe(edits);
                }
            }
        }
    }
}

pub(super) fn instruction_before_from(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        match instruction.keyword {
            Keyword::From => return,
            Keyword::Arg => {}
            _ => {
                out.instruction(index, instruction, &instruction.name.text);
            }
        }
    }
}

pub(super) fn onbuild_of_onbuild(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        if instruction.keyword != Keyword::Onbuild {
            continue;
        }
        let inner = instruction
            .rest
            .text
            .split_whitespace()
            .next()
            .unwrap_or("");
        if ["ONBUILD", "FROM", "MAINTAINER"]
            .iter()
            .any(|word| inner.eq_ignore_ascii_case(word))
        {
            out.instruction(index, instruction, inner);
        }
    }
}

pub(super) fn maintainer(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Arguments::Maintainer(name) = &instruction.arguments else {
            continue;
        };
        let text = name.unquoted();
        let report = out.instruction(index, instruction, text);
        if !text.contains(['"', '\\', '$', '\n', '`']) {
            let label = format!("LABEL org.opencontainers.image.authors=\"{text}\"");
            let span = instruction.name.span.to(name.span);
            report.safe(vec![replace(span, label)]);
        }
    }
}

fn repeated(input: &Input<'_>, out: &mut Reporter<'_>, keyword: Keyword) {
    for stage in &input.model().stages {
        let all: Vec<_> = input
            .of_stage(stage)
            .filter(|(_, i)| i.keyword == keyword)
            .collect();
        for pair in all.windows(2) {
            let [(before, earlier), (index, later)] = pair else {
                continue;
            };
            // BuildKit speaks of the one that has no effect.
            let (index, shown) = if input.buildkit() {
                (before, earlier)
            } else {
                (index, later)
            };
            let edit = delete_instruction(input.file, earlier);
            out.instruction(*index, shown, keyword.name())
                .safe(vec![edit]);
        }
    }
}

pub(super) fn several_cmds(input: &Input<'_>, out: &mut Reporter<'_>) {
    repeated(input, out, Keyword::Cmd);
}

pub(super) fn several_entrypoints(input: &Input<'_>, out: &mut Reporter<'_>) {
    repeated(input, out, Keyword::Entrypoint);
}

pub(super) fn several_healthchecks(input: &Input<'_>, out: &mut Reporter<'_>) {
    repeated(input, out, Keyword::Healthcheck);
}

pub(super) fn shell_form_command(input: &Input<'_>, out: &mut Reporter<'_>) {
    let both = commands_and_entrypoints(input);
    for (index, instruction) in input.instructions() {
        let counts = match instruction.keyword {
            Keyword::Cmd | Keyword::Entrypoint => true,
            Keyword::Healthcheck => !input.buildkit(),
            _ => false,
        };
        let Some(Command::Shell(text)) = instruction.command().filter(|_| counts) else {
            continue;
        };
        if input.buildkit() && input.model().effect(index).shell.is_some() {
            continue;
        }
        let report = out.instruction(index, instruction, instruction.keyword.name());
        let shell = input::shell_of(input.file, index, &[], input.image);
        let plain = shell.is_posix() && !is_login(input, index);
        if let Some(json) = as_json(text).filter(|_| plain) {
            let whole = crate::dockerfile::words::whole(&text.joined);
            let edits = vec![replace(whole.span, json)];
            let stage = input.model().stage_of(index).map_or(0, |stage| stage.index);
            let both = instruction.keyword != Keyword::Healthcheck
                && both.get(stage).copied().unwrap_or(false);
            match both {
                true => report.risky(edits),
                false => report.safe(edits),
            };
        }
    }
}

/// For each stage, whether it or one that it is built on or that is built on it
/// has both CMD and ENTRYPOINT: the form of each decides what becomes of the
/// other.
fn commands_and_entrypoints(input: &Input<'_>) -> Vec<bool> {
    let stages = &input.model().stages;
    let mut own: Vec<[bool; 2]> = Vec::new();
    for stage in stages {
        let inherited = stage.parent.and_then(|parent| own.get(parent).copied());
        let mut has = inherited.unwrap_or_default();
        for (_, instruction) in input.of_stage(stage) {
            has[0] |= instruction.keyword == Keyword::Cmd;
            has[1] |= instruction.keyword == Keyword::Entrypoint;
        }
        own.push(has);
    }
    let mut both: Vec<bool> = own.iter().map(|has| *has == [true, true]).collect();
    for stage in stages.iter().rev() {
        let is = both.get(stage.index).copied().unwrap_or(false);
        if let Some(parent) = stage.parent.and_then(|parent| both.get_mut(parent)) {
            *parent |= is;
        }
    }
    both
}

/// Whether SHELL starts a login or interactive shell, which reads files first.
fn is_login(input: &Input<'_>, index: usize) -> bool {
    let shell = input.model().effect(index).shell;
    let Some(Arguments::Shell(words)) = shell
        .and_then(|shell| input.file.instructions.get(shell))
        .map(|shell| &shell.arguments)
    else {
        return false;
    };
    words
        .iter()
        .skip(1)
        .any(|word| match word.text.strip_prefix("--") {
            Some(long) => long == "login",
            None => word.text.starts_with('-') && word.text.contains(['l', 'i']),
        })
}

/// One plain command as a JSON array; `None` where the shell does more than
/// cut words.
fn as_json(text: &ShellText) -> Option<String> {
    let script = text.script();
    let [only] = &script.lists[..] else {
        return None;
    };
    let plain = script.errors.is_empty()
        && script.comments.is_empty()
        && only.rest.is_empty()
        && only.terminator.is_none();
    let [crate::dockerfile::shell::Command::Simple(simple)] = &only.first.commands[..] else {
        return None;
    };
    if !plain
        || only.first.negated
        || only.first.timed
        || !simple.assignments.is_empty()
        || !simple.redirects.is_empty()
    {
        return None;
    }
    let mut words = Vec::new();
    for word in &simple.words {
        let globs = word.parts.iter().any(|part| {
            matches!(part, Part::Literal { text, escaped: false, .. } if text.contains(['*', '?', '[', '{', '~', '!']))
        });
        if globs {
            return None;
        }
        words.push(word.literal()?.into_owned());
    }
    let builtin = |name: &String| {
        [
            "exec", "cd", "source", ".", "export", "set", "ulimit", "umask", "eval", "exit",
            "trap", "wait", ":", "read", "unset", "if", "[[",
        ]
        .contains(&name.as_str())
    };
    if words.first().is_none_or(builtin) {
        return None;
    }
    let quoted: Vec<String> = words
        .iter()
        .filter_map(|word| serde_json::to_string(word).ok())
        .collect();
    Some(format!("[{}]", quoted.join(", ")))
}

pub(super) fn broken_json(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, outer) in input.instructions() {
        let instruction = outer.innermost();
        if instruction.is_broken_json() {
            out.instruction(index, instruction, instruction.keyword.name());
        }
    }
}

pub(super) fn no_healthcheck(input: &Input<'_>, out: &mut Reporter<'_>) {
    let stages = &input.model().stages;
    let sets = |stage: &crate::dockerfile::Stage| {
        input
            .of_stage(stage)
            .any(|(_, i)| i.keyword == Keyword::Healthcheck)
    };
    let mut has: Vec<bool> = stages.iter().map(sets).collect();
    let parent = |stage: usize| stages.get(stage).and_then(|stage| stage.parent);
    let give = |has: &mut Vec<bool>, from: Option<usize>, to: Option<usize>| {
        let given = from.is_some_and(|from| has.get(from) == Some(&true));
        if let Some(to) = to.and_then(|to| has.get_mut(to)).filter(|_| given) {
            *to = true;
        }
    };
    // Stages have it from those that they are built on, and need none where
    // all that is built on them has one.
    for stage in 0..stages.len() {
        give(&mut has, parent(stage), Some(stage));
    }
    for stage in (0..stages.len()).rev() {
        give(&mut has, Some(stage), parent(stage));
    }
    for (stage, has) in stages.iter().zip(has) {
        let last = stage.index + 1 == stages.len();
        let inherited = input.base(stage.from).is_some_and(|base| base.healthcheck);
        if (last || input.hadolint())
            && !has
            && !inherited
            && let Some(from) = input.file.instructions.get(stage.from)
        {
            out.instruction(stage.from, from, "");
        }
    }
}

/// Commands of the shell itself, which cannot take its place.
const BUILTINS: [&str; 20] = [
    ".", ":", "[", "[[", "alias", "cd", "echo", "eval", "exec", "exit", "export", "read", "set",
    "source", "test", "trap", "true", "ulimit", "umask", "wait",
];

pub(super) fn shell_entrypoint_without_exec(input: &Input<'_>, out: &mut Reporter<'_>) {
    let Some(last) = input.model().stages.last() else {
        return;
    };
    for (index, instruction) in input.of_stage(last) {
        if !matches!(instruction.keyword, Keyword::Entrypoint | Keyword::Cmd) {
            continue;
        }
        let form = super::variables::shell_form(instruction);
        let Some(text) = form.filter(|_| !instruction.is_broken_json()) else {
            continue;
        };
        if !input::shell_of(input.file, index, &[], input.image).is_posix() {
            continue;
        }
        let script = text.script();
        let Some(item) = script.lists.last().filter(|_| script.errors.is_empty()) else {
            continue;
        };
        let background = matches!(
            item.terminator,
            Some((crate::dockerfile::shell::Terminator::Background, _))
        );
        let pipeline = item
            .rest
            .last()
            .map_or(&item.first, |(_, _, pipeline)| pipeline);
        let or = item
            .rest
            .iter()
            .any(|(connector, _, _)| *connector == Connector::Or);
        let [crate::dockerfile::shell::Command::Simple(simple)] = &pipeline.commands[..] else {
            continue;
        };
        let Some(name) = simple.words.first() else {
            continue;
        };
        let value = command::value(name);
        if background || or || BUILTINS.contains(&value.as_str()) {
            continue;
        }
        let start = text.span(name.span).start;
        out.at(index, text.span(name.span), &value)
            .safe(vec![insert(start, "exec ")]);
    }
}

pub(super) fn instruction_casing(input: &Input<'_>, out: &mut Reporter<'_>) {
    use super::stages::{Casing, casing};
    let counted =
        |(_, instruction): &(usize, &Instruction)| instruction.keyword != Keyword::Unknown;
    let voting = input.instructions().filter(counted);
    let first_from = input
        .model()
        .stages
        .first()
        .map_or(usize::MAX, |stage| stage.from);
    let (mut upper, mut lower) = (0usize, 0usize);
    for (index, instruction) in voting {
        if index < first_from && instruction.keyword == Keyword::Arg {
            continue;
        }
        match casing(&instruction.name.text) {
            Casing::Upper => upper += 1,
            Casing::Lower => lower += 1,
            Casing::Mixed => {}
        }
    }
    let (wanted, word) = if lower > upper {
        (Casing::Lower, "lowercase")
    } else {
        (Casing::Upper, "uppercase")
    };
    for (index, instruction) in input.instructions().filter(counted) {
        let name = &instruction.name;
        let above = index < first_from && instruction.keyword == Keyword::Arg;
        if casing(&name.text) == wanted || above {
            continue;
        }
        let mended = match wanted {
            Casing::Lower => name.text.to_lowercase(),
            _ => name.text.to_uppercase(),
        };
        out.with(Some(index), name.span, &name.text, word)
            .safe(vec![replace(name.span, mended)]);
    }
}

pub(super) fn empty_continuation(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Some(first) = instruction.blank_lines.first() else {
            continue;
        };
        let edits: Vec<Edit> = instruction
            .blank_lines
            .iter()
            .map(|blank| {
                let mut span = *blank;
                let rest = input.file.text.get(span.end as usize..).unwrap_or("");
                span.end += rest.find('\n').map_or(0, |at| at as u32 + 1);
                replace(span, "")
            })
            .collect();
        let span = match input.buildkit() {
            true => crate::dockerfile::Span::at(instruction.span.end.saturating_sub(1)),
            false => *first,
        };
        out.at(index, span, &instruction.name.text).safe(edits);
    }
}

pub(super) fn wrong_description(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let names: Vec<&Word> = match &instruction.arguments {
            Arguments::Arg(pairs) => pairs.iter().map(|pair| &pair.key).collect(),
            Arguments::From { alias, .. } => alias.iter().collect(),
            _ => Vec::new(),
        };
        let Some(name) = names.first() else { continue };
        let line = input.file.line(instruction.span.start);
        let before = input
            .file
            .comments
            .partition_point(|comment| comment.span.start < instruction.span.start);
        let above = before
            .checked_sub(1)
            .and_then(|at| input.file.comments.get(at))
            .filter(|comment| !comment.inside && input.file.line(comment.span.start) + 1 == line);
        let Some(comment) = above else { continue };
        if input.file.is_directive(comment) {
            continue;
        }
        let text = comment
            .span
            .of(&input.file.text)
            .trim_start_matches('#')
            .trim();
        let first = text.split_whitespace().next().unwrap_or("");
        let tool = text.starts_with("hadolint ")
            || text.starts_with("rslim ")
            || text.starts_with("check=");
        if !first.is_empty() && !names.iter().any(|name| name.text == first) && !tool {
            out.at(index, instruction.name.span, &name.text);
        }
    }
}
