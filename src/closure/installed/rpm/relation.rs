//! What a header says that its package needs and provides.

use super::super::finder::Draft;
use super::super::package::DependencyKind;
use super::super::relations::{Alternative, Architecture, Wish};
use super::super::text::one_line;
use crate::analyze::packages::rpm::header::{Header, HeaderError, Tag};

/// The flags of what only a script needs: before and after the transaction, before and after the
/// package is installed, before and after it is removed.
const SCRIPTS: u32 = 1 << 5 | 1 << 7 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12;

pub(super) fn relations(header: &Header<'_>, draft: &mut Draft) -> Result<(), HeaderError> {
    for name in header.strings(Tag::ProvideName)? {
        draft.offer.provides.push(text(name?));
    }
    let mut flags = header.ints(Tag::RequireFlags)?;
    for name in header.strings(Tag::RequireName)? {
        let kind = match flags.next() {
            Some(flags) if flags & SCRIPTS != 0 => DependencyKind::Scripts,
            _ => DependencyKind::Runs,
        };
        wishes(name?, kind, &mut draft.needs);
    }
    for name in header.strings(Tag::RecommendName)? {
        wishes(name?, DependencyKind::Runs, &mut draft.recommends);
    }
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn wishes(name: &[u8], kind: DependencyKind, wishes: &mut Vec<Wish>) {
    // Features of rpm itself, and the package's own settings.
    if name.is_empty() || name.starts_with(b"rpmlib(") || name.starts_with(b"config(") {
        return;
    }
    let alternative = |name: &[u8]| Alternative {
        name: text(name),
        architecture: Architecture::Any,
    };
    let wish = |alternatives| Wish {
        name: one_line(name),
        kind,
        alternatives,
    };
    if !name.starts_with(b"(") {
        return wishes.push(wish(vec![alternative(name)]));
    }
    let (names, either) = rich(name);
    let names = names.into_iter().map(alternative);
    if either {
        wishes.push(wish(names.collect()));
    } else {
        wishes.extend(names.map(|one| wish(vec![one])));
    }
}

/// The names in a rich dependency such as `(a >= 1 if b)`, and whether one of them is enough.
/// Conditions are left out: what stands under one is taken to be needed.
fn rich(text: &[u8]) -> (Vec<&[u8]>, bool) {
    let mut names = Vec::new();
    let (mut either, mut condition, mut version) = (false, false, false);
    for word in super::super::text::words(text) {
        match word {
            b"or" => either = true,
            b"and" | b"with" => {}
            b"if" | b"unless" | b"without" => condition = true,
            b"else" => condition = false,
            b"<" | b"<=" | b"=" | b">=" | b">" => version = true,
            _ if std::mem::take(&mut version) || condition => {}
            _ => names.push(bare(word)),
        }
    }
    names.retain(|name| !name.is_empty());
    (names, either)
}

/// Without the parentheses that are not part of the name, as those in `libc.so.6()(64bit)` are.
fn bare(mut word: &[u8]) -> &[u8] {
    while let [b'(', rest @ ..] = word {
        word = rest;
    }
    let count = |wanted: u8, word: &[u8]| word.iter().filter(|b| **b == wanted).count();
    while let [rest @ .., b')'] = word
        && count(b')', word) > count(b'(', word)
    {
        word = rest;
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rich_dependencies_are_taken_apart() {
        #[track_caller]
        fn check(text: &str, names: &[&str], either: bool) {
            let (found, any) = rich(text.as_bytes());
            let found: Vec<String> = found.into_iter().map(super::text).collect();
            assert_eq!(
                (found.as_slice(), any),
                (names.map_strings().as_slice(), either)
            );
        }
        trait Strings {
            fn map_strings(&self) -> Vec<String>;
        }
        impl Strings for &[&str] {
            fn map_strings(&self) -> Vec<String> {
                self.iter().map(|s| (*s).to_owned()).collect()
            }
        }
        check("(gcc >= 8 with gcc < 9)", &["gcc", "gcc"], false);
        check("(annobin if gcc)", &["annobin"], false);
        check("(a or b = 1:2)", &["a", "b"], true);
        check("((a and b) if c else d)", &["a", "b", "d"], false);
        check(
            "(libc.so.6()(64bit) or musl)",
            &["libc.so.6()(64bit)", "musl"],
            true,
        );
        check("(", &[], false);
        check("((((", &[], false);
    }
}
