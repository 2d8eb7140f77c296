//! Text of which some parts are not known.

use std::cell::RefCell;

use hashbrown::HashMap;

use crate::dockerfile::expand;

/// Stands for text that nobody knows; a character that no text uses.
const HOLE: char = '\u{f8fe}';

/// Text with holes where variables of unknown value are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pattern {
    text: String,
    /// The variable of each hole, in order.
    names: Vec<String>,
}

/// How well text and pattern agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agreement {
    /// Holes were filled with something.
    Filled,
    /// All of it is known and the same.
    Same,
}

/// Values of variables, as far as they are known.
pub type Values = HashMap<String, Pattern>;

impl Pattern {
    /// Text that is known. Runs of blanks count as one.
    pub fn literal(text: &str) -> Self {
        Pattern {
            text: squeeze(&text.replace(HOLE, "?")),
            names: Vec::new(),
        }
    }

    /// One hole.
    pub fn unknown(name: &str) -> Self {
        Pattern {
            text: HOLE.to_string(),
            names: vec![name.to_owned()],
        }
    }

    /// Dockerfile text after expansion, with holes for unknown variables.
    pub fn expand(text: &str, escape: char, values: &Values) -> Self {
        let text = text.replace(HOLE, "?");
        let names = RefCell::new(Vec::new());
        let lookup = |name: &str| match values.get(name) {
            Some(value) => {
                names.borrow_mut().extend(value.names.iter().cloned());
                Some(value.text.clone())
            }
            None => {
                names.borrow_mut().push(name.to_owned());
                Some(HOLE.to_string())
            }
        };
        let Ok(expanded) = expand::expand(&text, escape, &lookup) else {
            return Pattern::unknown("");
        };
        let known = |name: &str| values.get(name).is_some_and(Pattern::is_known);
        // What a modifier makes of an unknown value is not known either.
        let unclear = expanded.uses.iter().any(|used| {
            let plain = matches!(used.operator.as_deref(), None | Some(":-" | "-"));
            !plain && !known(&used.name)
        });
        if unclear {
            return Pattern::unknown("");
        }
        let mut pattern = Pattern {
            text: squeeze(&expanded.value),
            names: names.into_inner(),
        };
        if pattern.text.chars().filter(|c| *c == HOLE).count() != pattern.names.len() {
            // Words of modifiers were looked up and not used.
            pattern.names.clear();
        }
        pattern
    }

    /// One after the other with `between` them.
    pub fn join<'a>(parts: impl IntoIterator<Item = &'a Pattern>, between: &str) -> Self {
        let mut whole = Pattern::default();
        for (i, part) in parts.into_iter().enumerate() {
            if i > 0 {
                whole.text.push_str(between);
            }
            whole.text.push_str(&part.text);
            whole.names.extend(part.names.iter().cloned());
        }
        whole
    }

    /// The text, if all of it is known.
    pub fn known(&self) -> Option<&str> {
        self.is_known().then_some(self.text.as_str())
    }

    /// Whether there are no holes.
    pub fn is_known(&self) -> bool {
        !self.text.contains(HOLE)
    }

    /// Whether nothing of it is known.
    pub fn is_only_holes(&self) -> bool {
        !self.text.is_empty() && self.text.chars().all(|c| c == HOLE)
    }

    /// The text with holes as they are; only for taking it apart by `/`.
    pub fn components(&self) -> impl Iterator<Item = Pattern> + '_ {
        let mut names = self.names.iter();
        self.text.split('/').map(move |part| {
            let holes = part.chars().filter(|c| *c == HOLE).count();
            Pattern {
                text: part.to_owned(),
                names: names.by_ref().take(holes).cloned().collect(),
            }
        })
    }

    /// Whether the path begins at the root; unknown if it begins with a hole.
    pub fn is_absolute(&self) -> Option<bool> {
        match self.text.chars().next() {
            Some(HOLE) => None,
            Some(c) => Some(c == '/'),
            None => Some(false),
        }
    }

    /// Compares with squeezed text.
    pub fn agrees(&self, text: &str) -> Option<Agreement> {
        if self.is_known() {
            return (self.text == text).then_some(Agreement::Same);
        }
        let mut parts = self.text.split(HOLE);
        let first = parts.next().unwrap_or("");
        let mut rest = text.strip_prefix(first)?;
        let mut parts: Vec<&str> = parts.collect();
        let last = parts.pop().unwrap_or("");
        for part in parts {
            let at = rest.find(part)?;
            rest = rest.get(at + part.len()..)?;
        }
        (rest.len() >= last.len() && rest.ends_with(last)).then_some(Agreement::Filled)
    }

    /// The variable and its value that make the pattern agree with `text`,
    /// where there is only one hole.
    pub fn bind(&self, text: &str) -> Option<(&str, String)> {
        let [name] = self.names.as_slice() else {
            return None;
        };
        let (before, after) = self.text.split_once(HOLE)?;
        let value = text.strip_prefix(before)?.strip_suffix(after)?;
        (!name.is_empty()).then(|| (name.as_str(), value.to_owned()))
    }
}

/// `text` with each run of blanks and line breaks as one blank, and none around:
/// builders differ in how they join lines.
pub fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_variables_match_anything() {
        let mut values = Values::new();
        values.insert("A".into(), Pattern::literal("known"));
        let pattern = Pattern::expand("/opt/$A-${B}/x", '\\', &values);
        assert_eq!(pattern.agrees("/opt/known-2.5/x"), Some(Agreement::Filled));
        assert_eq!(pattern.agrees("/opt/known-/x"), Some(Agreement::Filled));
        assert_eq!(pattern.agrees("/opt/other-2.5/x"), None);
        assert_eq!(pattern.bind("/opt/known-2.5/x"), Some(("B", "2.5".into())));
        let pattern = Pattern::expand("\"$A\"  'a b'", '\\', &values);
        assert_eq!(pattern.agrees("known a b"), Some(Agreement::Same));
    }

    #[test]
    fn modifiers_of_unknown_variables_match_anything() {
        let pattern = Pattern::expand("${A:+www}", '\\', &Values::new());
        assert_eq!(pattern.agrees("www"), Some(Agreement::Filled));
        assert_eq!(pattern.agrees(""), Some(Agreement::Filled));
        assert_eq!(pattern.bind("www"), None);
    }

    #[test]
    fn parts_must_not_overlap() {
        let pattern = Pattern::expand("ab${X}ba", '\\', &Values::new());
        assert_eq!(pattern.agrees("aba"), None);
        assert_eq!(pattern.agrees("abba"), Some(Agreement::Filled));
    }
}
