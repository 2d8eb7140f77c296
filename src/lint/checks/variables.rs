//! Variables: used before they are set, set together, holding secrets.

use hashbrown::{HashMap, HashSet};

use crate::dockerfile::expand::{self, Use};
use crate::dockerfile::{Arguments, Command, Instruction, Keyword, Pair, Span, Word, strsim};
use crate::lint::input::Input;
use crate::lint::reporter::{Reporter, insert, replace};

/// Variables that BuildKit gives to every build.
pub(super) const PREDEFINED: [&str; 10] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETARCH",
    "TARGETVARIANT",
];

/// Variables that need no ARG.
const PROXIES: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

fn pairs(instruction: &Instruction) -> &[Pair] {
    match &instruction.arguments {
        Arguments::Env { pairs, .. } | Arguments::Label { pairs, .. } | Arguments::Arg(pairs) => {
            pairs
        }
        _ => &[],
    }
}

/// The value of a variable as the instruction `index` sees it, one level deep.
pub(super) fn lookup(input: &Input<'_>, index: usize, name: &str) -> Option<String> {
    if let Some(value) = input.settings.build_args.get(name) {
        return Some(value.clone());
    }
    let setting = input.model().variable(index, name)?;
    let instruction = input.file.instructions.get(setting.instruction)?;
    match pairs(instruction).get(setting.pair)?.value.as_ref() {
        Some(value) => Some(value.unquoted().to_owned()),
        // `ARG x` after a global `ARG x=…` takes its value.
        None => global(input, name),
    }
}

/// The value of an ARG above the first FROM, from outside or by default.
pub(super) fn global(input: &Input<'_>, name: &str) -> Option<String> {
    input.globals().get(name).cloned()
}

/// What BuildKit says of the machine that is built on and for.
fn predefined(name: &str) -> Option<String> {
    let value = match name {
        "BUILDPLATFORM" | "TARGETPLATFORM" => "linux/amd64",
        "BUILDOS" | "TARGETOS" => "linux",
        "BUILDARCH" | "TARGETARCH" => "amd64",
        name if PREDEFINED.contains(&name) => "",
        _ => return None,
    };
    Some(value.to_owned())
}

/// The ARGs above the first FROM with their values, each seeing those above it.
pub(crate) fn global_values(
    file: &crate::dockerfile::Dockerfile,
    given: &HashMap<String, String>,
) -> HashMap<String, String> {
    let mut values = HashMap::new();
    let above = file
        .instructions
        .iter()
        .take_while(|i| i.keyword != Keyword::From);
    for pair in above.filter(|i| i.keyword == Keyword::Arg).flat_map(pairs) {
        let name = &pair.key.text;
        if let Some(value) = given.get(name) {
            values.insert(name.clone(), value.clone());
        } else if let Some(value) = &pair.value {
            let lookup = |name: &str| values.get(name).cloned().or_else(|| predefined(name));
            if let Ok(done) = expand::expand(&value.text, file.escape, &lookup) {
                values.insert(name.clone(), done.value);
            }
        }
    }
    values
}

/// Text with what is known of its variables, and nothing for the others.
pub(super) fn expanded(input: &Input<'_>, index: usize, text: &str) -> String {
    let lookup = |name: &str| lookup(input, index, name).or_else(|| predefined(name));
    expand::expand(text, input.file.escape, &lookup)
        .map(|done| done.value)
        .unwrap_or_default()
}

/// Text of a command with the known values of its variables; `None` when one
/// of them is not known.
pub(super) fn value_of(input: &Input<'_>, index: usize, text: &str) -> Option<String> {
    let expanded = expand::expand(text, '\\', &|name| lookup(input, index, name)).ok()?;
    expanded
        .uses
        .iter()
        .all(|used| used.found)
        .then_some(expanded.value)
}

pub(super) fn env_uses_itself(input: &Input<'_>, out: &mut Reporter<'_>) {
    // To hadolint a variable is known when it is set anywhere above.
    let mut above: HashSet<&str> = HashSet::new();
    let mut fed = 0;
    for (index, outer) in input.instructions() {
        let instruction = if input.hadolint() {
            outer
        } else {
            outer.innermost()
        };
        let Arguments::Env {
            pairs,
            legacy: false,
        } = &instruction.arguments
        else {
            continue;
        };
        if pairs.len() < 2 {
            continue;
        }
        if input.hadolint() {
            let earlier = input.file.instructions.get(fed..index).unwrap_or(&[]);
            let set = earlier
                .iter()
                .filter(|earlier| matches!(earlier.keyword, Keyword::Env | Keyword::Arg));
            above.extend(set.flat_map(self::pairs).map(|pair| pair.key.text.as_str()));
            fed = index;
        }
        let known = |name: &str| match input.hadolint() {
            true => above.contains(name),
            false => input.model().variable(index, name).is_some(),
        };
        let mut together: HashMap<&str, usize> = HashMap::new();
        for pair in pairs {
            *together.entry(&pair.key.text).or_default() += 1;
        }
        for (i, pair) in pairs.iter().enumerate() {
            let Some(value) = &pair.value else { continue };
            let uses = expand::uses(&value.text, input.file.escape);
            let bad = uses.iter().find(|used| {
                let own = usize::from(pair.key.text == used.name);
                let other = together.get(used.name.as_str()).is_some_and(|n| *n > own);
                let plain = used.operator.is_none() || !input.hadolint();
                // What the base image sets, PATH above all, is not visible here.
                let from_base = !input.hadolint() && used.name == "PATH";
                other && plain && !known(&used.name) && !from_base
            });
            if let Some(used) = bad {
                let report = out.at(index, value.span, &used.name);
                if outer.keyword == Keyword::Env && i > 0 {
                    report.risky(split(input, instruction, pair));
                }
                if input.hadolint() {
                    break;
                }
            }
        }
    }
}

/// Begins a new ENV before a pair.
fn split(
    input: &Input<'_>,
    instruction: &Instruction,
    pair: &Pair,
) -> Vec<crate::lint::finding::Edit> {
    let text = &input.file.text;
    let before = text
        .get(instruction.head.start as usize..pair.span.start as usize)
        .unwrap_or("");
    let kept = before
        .trim_end()
        .trim_end_matches(input.file.escape)
        .trim_end();
    let from = instruction.head.start + kept.len() as u32;
    let keyword = &instruction.name.text;
    vec![replace(
        Span::new(from, pair.span.start),
        format!("{}{keyword} ", input.file.line_break()),
    )]
}

pub(super) fn secret_in_variable(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, outer) in input.instructions() {
        let instruction = outer.innermost();
        if !matches!(instruction.keyword, Keyword::Env | Keyword::Arg) {
            continue;
        }
        for pair in pairs(instruction) {
            let key = pair.key.text.as_str();
            let secret = match input.hadolint() {
                true => hadolint_secret(key),
                false => input.knowledge.secrets.is_secret_name(key),
            };
            if secret {
                out.at(index, pair.key.span, key);
            }
        }
    }
}

fn hadolint_secret(key: &str) -> bool {
    const PARTS: [&str; 8] = [
        "api_key",
        "client_key",
        "password",
        "private",
        "secret",
        "token",
        "username",
        "passwd",
    ];
    let key = key.to_ascii_lowercase();
    PARTS[..7].iter().any(|part| key.contains(part)) || super::secret_names::is_listed(&key)
}

pub(super) fn legacy_key_value(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let (Arguments::Env {
            pairs,
            legacy: true,
        }
        | Arguments::Label {
            pairs,
            legacy: true,
        }) = &instruction.arguments
        else {
            continue;
        };
        let Some(pair) = pairs.first() else { continue };
        let report = out.instruction(index, instruction, instruction.keyword.name());
        let Some(value) = &pair.value else { continue };
        let gap = Span::new(pair.key.span.end, value.span.start);
        let in_one_line = !gap.of(&input.file.text).contains('\n')
            && !value.span.of(&input.file.text).contains('\n');
        if in_one_line {
            report.safe(legacy_edits(gap, value));
        }
    }
}

/// Quotes a value that would otherwise fall into several words.
fn legacy_edits(gap: Span, value: &Word) -> Vec<crate::lint::finding::Edit> {
    let text = value.text.as_str();
    let plain = !text.contains(|c: char| c.is_whitespace());
    if plain {
        return vec![replace(gap, "=")];
    }
    if text.contains(['"', '\'', '\\', '`']) {
        // Quotes inside keep a meaning that cannot be carried over blindly.
        return Vec::new();
    }
    vec![replace(gap, "=\""), insert(value.span.end, "\"")]
}

/// Text in which BuildKit expands variables, with its place.
fn expanded_texts(instruction: &Instruction) -> Vec<&Word> {
    match &instruction.arguments {
        Arguments::Env { pairs, .. } | Arguments::Label { pairs, .. } => pairs
            .iter()
            .flat_map(|pair| std::iter::once(&pair.key).chain(&pair.value))
            .collect(),
        Arguments::Arg(pairs) => pairs
            .iter()
            .filter_map(|pair| pair.value.as_ref())
            .collect(),
        Arguments::Copy {
            sources,
            destination,
            ..
        } => sources.iter().chain([destination]).collect(),
        Arguments::Workdir(word) | Arguments::User(word) | Arguments::Stopsignal(word) => {
            vec![word]
        }
        Arguments::Volume { paths, .. } => paths.iter().collect(),
        _ => Vec::new(),
    }
}

pub(super) fn undefined_variable(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, instruction) in input.instructions() {
        let Some(stage) = input.model().stage_of(index) else {
            continue;
        };
        // What an unknown base image sets cannot be known, except by BuildKit.
        let known = |name: &str| {
            name == "PATH"
                || input.model().variable(index, name).is_some()
                || PROXIES.contains(&name)
                || input
                    .base(index)
                    .is_some_and(|base| base.variables.contains(name))
        };
        let scratch = is_from_scratch(input, stage.index);
        let mut report = |used: &Use, place: Span| {
            // A default makes an unset variable harmless, but not to BuildKit.
            if !input.buildkit()
                && used
                    .operator
                    .as_deref()
                    .is_some_and(|o| o.contains(['-', '+', '?']))
                || known(&used.name)
            {
                return;
            }
            let near = suggestion(input, index, stage.index, &used.name);
            // The base image may well set it, unless something speaks for a slip.
            let forgotten = input.model().global(&used.name).is_some()
                || PREDEFINED.contains(&used.name.as_str());
            if !input.buildkit() && !scratch && near.is_none() && !forgotten {
                return;
            }
            let with = near
                .map(|near| format!(" (did you mean ${near}?)"))
                .unwrap_or_default();
            out.with(Some(index), place, &format!("${}", used.name), &with);
        };
        for word in expanded_texts(instruction) {
            for used in expand::uses(&word.text, input.file.escape) {
                report(&used, inside(word, used.span));
            }
        }
        for flag in &instruction.flags {
            let value = flag.value.as_deref().unwrap_or("");
            if instruction.keyword != Keyword::From {
                for used in expand::uses(value, input.file.escape) {
                    report(&used, flag.span);
                }
            }
        }
        let copies = matches!(instruction.keyword, Keyword::Copy | Keyword::Add);
        for heredoc in instruction
            .heredocs
            .iter()
            .filter(|heredoc| copies && heredoc.expand)
        {
            let body = heredoc.body.of(&input.file.text);
            let expanded = expand::expand_body(body, input.file.escape, &|_| Some("x".to_owned()));
            for used in expanded.map(|done| done.uses).unwrap_or_default() {
                let start = heredoc.body.start;
                report(
                    &used,
                    Span::new(start + used.span.start, start + used.span.end),
                );
            }
        }
    }
}

/// A part of a word; the whole word where its lines were joined.
fn inside(word: &Word, part: Span) -> Span {
    if (word.span.end - word.span.start) as usize == word.text.len() {
        return Span::new(word.span.start + part.start, word.span.start + part.end);
    }
    word.span
}

/// Whether nothing but this file can have set a variable.
fn is_from_scratch(input: &Input<'_>, stage: usize) -> bool {
    let root = input.model().lineage(stage).last();
    let from = root.and_then(|root| input.file.instructions.get(root.from));
    matches!(from.map(|from| &from.arguments), Some(Arguments::From { image, .. }) if image.text == "scratch")
}

fn suggestion(input: &Input<'_>, index: usize, stage: usize, name: &str) -> Option<String> {
    if !input.may_compare(1) {
        return None;
    }
    let mut known: Vec<&str> = input
        .model()
        .lineage(stage)
        .flat_map(|s| input.model().names_in(s.index).map(|(n, _)| n))
        .collect();
    if !input.may_compare(known.len()) {
        return None;
    }
    // To BuildKit every image sets PATH; as a guess it is mostly wrong.
    if input.buildkit() {
        known.push("PATH");
    }
    known.sort_unstable();
    let visible = known
        .into_iter()
        .filter(|other| *other == "PATH" || input.model().variable(index, other).is_some());
    nearest(name, visible)
}

/// The name that was probably meant.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let distance = |other: &str| strsim(&upper, &other.to_ascii_uppercase());
    let best = known.min_by_key(|other| distance(other))?;
    let limit = (name.len() / 3).clamp(1, 3);
    (best != name && distance(best) <= limit).then(|| best.to_owned())
}

/// The command's text in shell form, for rules about CMD and ENTRYPOINT.
pub(super) fn shell_form(instruction: &Instruction) -> Option<&crate::dockerfile::ShellText> {
    match instruction.command()? {
        Command::Shell(text) => Some(text),
        Command::Exec(_) => None,
    }
}
