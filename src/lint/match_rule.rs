//! Rules that are data: patterns for commands and instructions.

use super::command::Cmd;
use super::input::Input;
use super::reporter::{Reporter, insert};
use crate::dockerfile::Instruction;
use crate::ruleset::{CommandMatcher, FixKind, InstructionMatcher};

/// Reports the commands that a pattern matches.
pub(super) fn commands(
    input: &Input<'_>,
    pattern: &CommandMatcher,
    fix: FixKind,
    out: &mut Reporter<'_>,
) {
    for run in &input.runs {
        for cmd in run
            .commands
            .iter()
            .filter(|cmd| command_matches(pattern, cmd))
        {
            let report = out.at(run.index, cmd.span, &cmd.name);
            let subcommand = pattern.subcommands.iter().find_map(|word| cmd.arg(word));
            let (word, place) = match (&pattern.insert, &pattern.insert_after_name) {
                (Some(word), _) => (
                    word,
                    subcommand.map_or(cmd.name_span.end, |arg| arg.span.end),
                ),
                (None, Some(word)) => (word, cmd.name_span.end),
                (None, None) => continue,
            };
            if !cmd.exact {
                continue;
            }
            let edits = vec![insert(place, format!(" {word}"))];
            match fix {
                FixKind::Safe => report.safe(edits),
                FixKind::Unsafe => report.risky(edits),
                FixKind::None => report,
            };
        }
    }
}

fn command_matches(pattern: &CommandMatcher, cmd: &Cmd) -> bool {
    let named = pattern
        .names
        .iter()
        .any(|name| name == "*" || *name == cmd.name);
    let any = |list: &[String]| list.iter().any(|flag| cmd.has_flag(flag));
    named
        && (pattern.subcommands.is_empty()
            || pattern.subcommands.iter().any(|word| cmd.has_arg(word)))
        && (pattern.with_flags.is_empty() || any(&pattern.with_flags))
        && !any(&pattern.without_flags)
        && pattern
            .argument
            .as_ref()
            .is_none_or(|regex| cmd.args.iter().any(|arg| regex.is_match(&arg.text)))
        && !pattern
            .without_argument
            .as_ref()
            .is_some_and(|regex| cmd.args.iter().any(|arg| regex.is_match(&arg.text)))
}

/// Reports the instructions that a pattern matches.
pub(super) fn instructions(
    input: &Input<'_>,
    pattern: &InstructionMatcher,
    out: &mut Reporter<'_>,
) {
    let last = input.model().stages.len().checked_sub(1);
    for (index, outer) in input.instructions() {
        let instruction = if pattern.onbuild {
            outer.innermost()
        } else {
            outer
        };
        let stage = input.model().stage_of(index).map(|stage| stage.index);
        if (!pattern.last_stage || stage == last) && instruction_matches(pattern, instruction) {
            out.instruction(index, instruction, instruction.rest.text.trim());
        }
    }
}

fn instruction_matches(pattern: &InstructionMatcher, instruction: &Instruction) -> bool {
    let text = instruction.rest.text.trim();
    let flag = pattern
        .with_flag
        .as_deref()
        .map(|name| instruction.flag(name));
    pattern
        .keywords
        .iter()
        .any(|keyword| keyword.eq_ignore_ascii_case(instruction.keyword.name()))
        && pattern
            .text
            .as_ref()
            .is_none_or(|regex| regex.is_match(text))
        && !pattern
            .without_text
            .as_ref()
            .is_some_and(|regex| regex.is_match(text))
        && flag.is_none_or(|flag| {
            flag.is_some_and(|flag| {
                let value = flag.value.as_deref().unwrap_or("");
                pattern
                    .flag_value
                    .as_ref()
                    .is_none_or(|regex| regex.is_match(value))
            })
        })
        && pattern
            .without_flag
            .as_deref()
            .is_none_or(|name| instruction.flag(name).is_none())
}
