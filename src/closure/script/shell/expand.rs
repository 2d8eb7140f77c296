//! What a word can be.

use super::value::{self, ANY, add};
use super::{Analysis, Arg};
use crate::dockerfile::shell::{Part, Word};

/// Calls of a function that are told apart.
const MAX_CALLS: usize = 256;
/// How many arguments a function takes away before it uses the others as a command.
const MAX_SHIFTS: usize = 3;

fn unknown() -> Vec<String> {
    vec![ANY.to_string()]
}

impl Analysis<'_> {
    /// The values of a word.
    pub(super) fn word(&mut self, word: &Word) -> Vec<String> {
        let values = self.word_parts(&word.parts, false);
        let Some(Part::Literal { .. }) = word.parts.first() else {
            return values;
        };
        values.into_iter().map(|text| self.tilde(text)).collect()
    }

    /// The values of a word whose quotes do not keep a glob from being one, since it is kept in a
    /// variable that may stand without quotes.
    pub(super) fn assigned(&mut self, word: &Word) -> Vec<String> {
        let values = self.word(word);
        values.iter().map(|text| value::globbed(text)).collect()
    }

    fn tilde(&self, text: String) -> String {
        match text.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                let home = self.env.variable("HOME").unwrap_or(b"/root");
                format!("{}{rest}", String::from_utf8_lossy(home))
            }
            _ => text,
        }
    }

    pub(super) fn word_parts(&mut self, parts: &[Part], quoted: bool) -> Vec<String> {
        let mut out = vec![String::new()];
        for part in parts {
            let next = self.part(part, quoted);
            let size = next.iter().map(String::len).fold(0, usize::saturating_add);
            if !self.spend(size.saturating_mul(out.len())) {
                return unknown();
            }
            out = product(out, &next);
        }
        out
    }

    fn part(&mut self, part: &Part, quoted: bool) -> Vec<String> {
        match part {
            Part::Literal { text, escaped, .. } if quoted || *escaped => vec![text.clone()],
            Part::Literal { text, .. } => {
                let mut values = Vec::new();
                for text in value::braces(text) {
                    add(&mut values, value::globbed(&text));
                }
                values
            }
            Part::SingleQuoted { text, .. } => vec![text.clone()],
            Part::DoubleQuoted { parts, .. } => self.word_parts(parts, true),
            Part::Parameter { .. } => self.parameter(part, quoted),
            Part::Command { script, .. } => self.output(script),
            Part::Arithmetic { .. } | Part::Process { .. } => unknown(),
        }
    }

    fn parameter(&mut self, part: &Part, quoted: bool) -> Vec<String> {
        let Part::Parameter {
            name,
            prefix,
            operator,
            word,
            ..
        } = part
        else {
            return unknown();
        };
        if prefix.is_some() {
            return unknown();
        }
        let values = self.variable(name);
        let Some(operator) = operator.as_deref() else {
            return values.unwrap_or_else(unknown);
        };
        let operand = |this: &mut Self| match word {
            Some(word) => this.word_parts(&word.parts, quoted),
            None => vec![String::new()],
        };
        match operator {
            ":-" | "-" | ":=" | "=" => {
                let default = operand(self);
                if operator.ends_with('=') {
                    self.assign(name, default.clone());
                }
                let mut all = values.unwrap_or_default();
                default.into_iter().for_each(|value| add(&mut all, value));
                all
            }
            ":+" | "+" => {
                let mut all = operand(self);
                add(&mut all, String::new());
                all
            }
            ":?" | "?" => values.unwrap_or_else(unknown),
            "#" | "##" | "%" | "%%" => {
                let pattern = word.as_ref().map(|word| word.value()).unwrap_or_default();
                let mut all = Vec::new();
                for value in values.unwrap_or_else(unknown) {
                    add(&mut all, strip(operator, &pattern, &value));
                }
                all
            }
            _ => unknown(),
        }
    }

    /// What a variable can hold, if anything says so.
    pub(super) fn variable(&mut self, name: &str) -> Option<Vec<String>> {
        let values = match name {
            "0" => vec![self.path.clone().unwrap_or_else(|| "sh".to_owned())],
            "BASH_SOURCE" => {
                let part = self.parts.get(self.unit.owner)?;
                vec![part.path.clone()?]
            }
            "PWD" | "OLDPWD" => self.places.clone(),
            "@" | "*" => self.positional(1, true),
            _ if name.bytes().all(|b| b.is_ascii_digit()) => {
                let index = name.parse().unwrap_or(usize::MAX);
                self.positional(index, false)
            }
            _ => self.variables.get(name)?.clone(),
        };
        let size = values
            .iter()
            .map(String::len)
            .fold(0, usize::saturating_add);
        self.spend(size).then_some(values)
    }

    /// What an argument can be, or all from that one on.
    fn positional(&self, index: usize, all: bool) -> Vec<String> {
        let mut values = Vec::new();
        let first = index.saturating_sub(1);
        if let Some(scope) = self.scopes.get(self.scope) {
            let count = if all || scope.shifts { usize::MAX } else { 1 };
            for call in &scope.calls {
                for arg in call.iter().skip(first).take(count) {
                    for value in &arg.values {
                        add(&mut values, value.clone());
                    }
                }
            }
        }
        if self.scope == 0 || values.is_empty() {
            add(&mut values, ANY.to_string());
        }
        values
    }

    /// Gives a variable more values.
    pub(super) fn assign(&mut self, name: &str, values: Vec<String>) {
        if name == "PATH" {
            for value in &values {
                for dir in value.split(':').filter(|dir| dir.starts_with('/')) {
                    if value::known(dir) {
                        add(&mut self.search, dir.to_owned());
                    }
                }
            }
            return;
        }
        if !self.variables.contains_key(name) && !self.spend(name.len()) {
            return;
        }
        let held = self.variables.entry(name.to_owned()).or_default();
        values.into_iter().for_each(|value| add(held, value));
    }

    /// The words of a command with the arguments of each known call in the place of `"$@"`.
    pub(super) fn arguments(&mut self, words: &[Word]) -> Vec<Vec<Arg>> {
        let mut args = Vec::new();
        let mut spliced = false;
        for word in words {
            let raw = word.value();
            let given = is_given(&raw);
            spliced |= given == Some(true);
            let splits = word
                .parts
                .iter()
                .any(|part| matches!(part, Part::Parameter { .. } | Part::Command { .. }));
            let values = if given == Some(true) {
                Vec::new()
            } else {
                self.word(word)
            };
            args.push(Arg {
                values,
                raw,
                splits,
                given: given.is_some() && self.scope == 0,
            });
        }
        if !spliced {
            return vec![args];
        }
        let scope = self.scopes.get(self.scope);
        let calls = scope.map(|scope| scope.calls.clone()).unwrap_or_default();
        let shifts = scope.is_some_and(|scope| scope.shifts);
        let mut all: Vec<Vec<Arg>> = Vec::new();
        for call in &calls {
            if !self.spend(call.len().saturating_add(args.len()).saturating_mul(64)) {
                break;
            }
            all.push(splice(&args, call));
            if shifts {
                let shifted = (1..=MAX_SHIFTS).filter_map(|from| call.get(from..));
                let shifted = shifted.filter(|call| !call.is_empty());
                all.extend(shifted.map(|call| splice(&args, call)));
            }
        }
        if self.scope == 0 || calls.is_empty() {
            let outside = Arg {
                values: Vec::new(),
                raw: "\"$@\"".to_owned(),
                splits: false,
                given: true,
            };
            all.push(splice(&args, &[outside]));
        }
        all
    }

    /// Remembers the arguments of a function, or new ones of the script.
    pub(super) fn call(&mut self, scope: usize, args: &[Arg]) {
        let known = self.scopes.get(scope).map_or(0, |scope| scope.calls.len());
        if !self.spend(known.saturating_mul(16).saturating_add(args.len())) {
            return;
        }
        if let Some(scope) = self.scopes.get_mut(scope)
            && scope.calls.len() < MAX_CALLS
            && !scope.calls.iter().any(|call| **call == *args)
        {
            scope.calls.push(args.into());
        }
    }
}

/// `"$@"` and its like are `true`, single arguments `false`.
fn is_given(raw: &str) -> Option<bool> {
    let name = raw.strip_prefix('$')?;
    let name = name
        .strip_prefix('{')
        .and_then(|name| name.strip_suffix('}'))
        .unwrap_or(name);
    match name {
        "@" | "*" => Some(true),
        _ if name.starts_with("@:") => Some(true),
        _ if !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()) => Some(false),
        _ => None,
    }
}

fn splice(args: &[Arg], call: &[Arg]) -> Vec<Arg> {
    let mut out = Vec::new();
    for arg in args {
        if is_given(&arg.raw) == Some(true) && arg.values.is_empty() {
            out.extend_from_slice(call);
        } else {
            out.push(arg.clone());
        }
    }
    out
}

fn product(mut out: Vec<String>, next: &[String]) -> Vec<String> {
    if let [one] = next {
        out.iter_mut().for_each(|text| text.push_str(one));
    } else if out.len().saturating_mul(next.len()) > value::MAX_VALUES {
        out.iter_mut().for_each(|text| text.push(ANY));
    } else {
        let pair = |start: &String| -> Vec<String> {
            next.iter().map(|end| format!("{start}{end}")).collect()
        };
        out = out.iter().flat_map(pair).collect();
    }
    for text in &mut out {
        if text.len() > value::MAX_VALUE {
            *text = ANY.to_string();
        }
    }
    out
}

/// `${x%…}` and its kin, for the patterns that take paths apart and for plain text.
fn strip(operator: &str, pattern: &str, value: &str) -> String {
    let after = |at: usize| value.get(at.saturating_add(1)..).unwrap_or_default();
    match (operator, pattern) {
        ("%", "/*") => after_or(value.rsplit_once('/').map(|(dir, _)| dir), value),
        ("%%", "/*") => value.split('/').next().unwrap_or_default().to_owned(),
        ("##", "*/") => after_or(value.rfind('/').map(after), value),
        ("#", "*/") => after_or(value.find('/').map(after), value),
        _ if pattern.contains(['*', '?', '[', '$', '`']) => ANY.to_string(),
        ("%" | "%%", _) => after_or(value.strip_suffix(pattern), value),
        _ => after_or(value.strip_prefix(pattern), value),
    }
}

fn after_or(found: Option<&str>, value: &str) -> String {
    found.unwrap_or(value).to_owned()
}
