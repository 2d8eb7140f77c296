//! Who runs what: root, names instead of ids, sudo.

use hashbrown::HashMap;

use crate::dockerfile::{Arguments, Span, Word, expand};
use crate::lint::input::{Input, Run};
use crate::lint::reporter::{Reporter, insert, replace};

fn user<'a>(input: &Input<'a>, index: usize) -> Option<&'a Word> {
    match input.file.instructions.get(index).map(|i| &i.arguments) {
        Some(Arguments::User(user)) => Some(user),
        _ => None,
    }
}

pub(super) fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or(user);
    name == "root" || name == "0"
}

pub(super) fn root_user(input: &Input<'_>, out: &mut Reporter<'_>) {
    let stages = &input.model().stages;
    for stage in stages {
        let last = stage.index + 1 == stages.len();
        if !last && !input.hadolint() {
            continue;
        }
        let effect = input.model().last_effect(stage.index).user;
        // hadolint does not look at what a stage is built on.
        let effect = effect.filter(|&index| !input.hadolint() || index > stage.from);
        let Some((index, word)) = effect.and_then(|index| Some((index, user(input, index)?)))
        else {
            continue;
        };
        if is_root(word.unquoted()) {
            out.at(index, word.span, word.unquoted());
        }
    }
}

pub(super) fn named_user(input: &Input<'_>, out: &mut Reporter<'_>) {
    let args = first_args(input);
    let last = input.model().stages.len().checked_sub(1);
    let shipped = last.and_then(|last| input.model().last_effect(last).user);
    for (index, _) in input.instructions() {
        let Some(word) = user(input, index) else {
            continue;
        };
        if !input.hadolint() && Some(index) != shipped {
            continue;
        }
        let name = word.unquoted().split(':').next().unwrap_or("");
        if name.chars().all(|c| c.is_ascii_digit()) && !name.is_empty() {
            continue;
        }
        let is_earlier_arg = |name: &str| args.get(name).is_some_and(|&first| first < index);
        let uses = expand::uses(name, input.file.escape);
        let by_arg = match input.hadolint() {
            true => uses
                .iter()
                .any(|used| used.operator.is_none() && is_earlier_arg(&used.name)),
            // A variable may well hold a number.
            false => {
                !uses.is_empty()
                    && super::variables::value_of(input, index, name)
                        .is_none_or(|value| value.chars().all(|c| c.is_ascii_digit()))
            }
        };
        if !by_arg {
            out.at(index, word.span, name);
        }
    }
}

/// The first ARG of each name.
fn first_args<'a>(input: &Input<'a>) -> HashMap<&'a str, usize> {
    let mut first = HashMap::new();
    for (index, instruction) in input.instructions() {
        if let Arguments::Arg(pairs) = &instruction.arguments {
            for pair in pairs {
                first.entry(pair.key.text.as_str()).or_insert(index);
            }
        }
    }
    first
}

pub(super) fn sudo(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in &input.runs {
        for cmd in run.commands.iter().filter(|cmd| cmd.name == "sudo") {
            let inner = cmd.args.first();
            let started = run
                .commands
                .get(cmd.order + 1)
                .filter(|next| next.wrapper.as_deref() == Some("sudo"));
            let what = started.map_or("a command", |started| started.name.as_str());
            let report = out.at(run.index, cmd.name_span, what);
            // Plain `sudo cmd` by root is `cmd`; its options are not.
            let plain = inner.filter(|arg| !arg.text.starts_with('-') && !arg.text.contains('='));
            if let Some(arg) = plain.filter(|_| cmd.exact && runs_as_root(input, run)) {
                report.safe(vec![replace(
                    Span::new(cmd.name_span.start, arg.span.start),
                    "",
                )]);
            }
        }
    }
}

/// Whether the stage says so itself; a base image may have set another user.
fn runs_as_root(input: &Input<'_>, run: &Run<'_>) -> bool {
    let effect = input.model().effect(run.index).user;
    match effect.and_then(|index| user(input, index)) {
        Some(word) => is_root(word.unquoted()),
        None => {
            let inherited = input.base(run.index).and_then(|base| base.user.as_deref());
            inherited.is_none_or(is_root)
        }
    }
}

pub(super) fn useradd_high_uid(input: &Input<'_>, out: &mut Reporter<'_>) {
    for run in &input.runs {
        for cmd in run.commands.iter().filter(|cmd| cmd.name == "useradd") {
            if cmd.has_any_flag(&["-l", "--no-log-init"]) {
                continue;
            }
            let flags: &[&str] = if input.hadolint() {
                &["-u"]
            } else {
                &["-u", "--uid"]
            };
            let uid = flags.iter().find_map(|flag| {
                let at = cmd.args.iter().position(|arg| arg.text == *flag);
                at.and_then(|at| cmd.args.get(at + 1))
                    .map(|arg| arg.text.as_str())
            });
            let uid = uid.or_else(|| cmd.value(flags).filter(|_| !input.hadolint()));
            if let Some(uid) = uid.filter(|uid| {
                uid.len() > 5 && (input.hadolint() || uid.chars().all(|c| c.is_ascii_digit()))
            }) {
                let report = out.at(run.index, cmd.span, uid);
                if cmd.exact {
                    report.safe(vec![insert(cmd.name_span.end, " -l")]);
                }
            }
        }
    }
}
