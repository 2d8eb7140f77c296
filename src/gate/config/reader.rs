//! Values with places, and mistakes about them.

use std::ops::Range;

use toml::de::DeValue;

use super::{ConfigError, Key, Mistake, Value};
use crate::dockerfile::Lines;
use crate::gate::settings::{Place, Settings};

/// Characters of the file that a mistake quotes.
const QUOTED: usize = 60;
/// How alike words have to be for one to be a slip for the other.
const ALIKE: f32 = 0.6;

/// The file that is read, and what was wrong so far.
pub(super) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    lines: Lines,
    mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Reader {
            file,
            text,
            lines: Lines::of(text),
            mistakes: Vec::new(),
        }
    }

    /// The settings, unless something was wrong.
    pub(super) fn finish(
        mut self,
        settings: Option<Settings>,
    ) -> Result<Option<Settings>, ConfigError> {
        if self.mistakes.is_empty() {
            return Ok(settings);
        }
        self.mistakes.sort_by_key(|mistake| mistake.place.at);
        Err(ConfigError {
            mistakes: self.mistakes,
        })
    }

    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        let at = u32::try_from(span.start).unwrap_or(u32::MAX);
        let at = self.lines.position(self.text, at);
        Place {
            file: self.file.to_owned(),
            at: Some((at.line, at.column)),
        }
    }

    pub(super) fn wrong(&mut self, span: &Range<usize>, problem: String) {
        let place = self.place(span);
        self.wrong_at(place, problem);
    }

    pub(super) fn wrong_at(&mut self, place: Place, problem: String) {
        self.mistakes.push(Mistake { place, problem });
    }

    /// `": TEXT"` of a place in the file, for messages that do not have it.
    pub(super) fn excerpt(&self, span: &Range<usize>) -> String {
        match self.quoted(span) {
            text if text.is_empty() => String::new(),
            text => format!(": {text}"),
        }
    }

    /// What stands there, not all of it if it is long.
    pub(super) fn quoted(&self, span: &Range<usize>) -> String {
        let text = self.text.get(span.clone()).unwrap_or("").trim();
        let line = text.lines().next().unwrap_or("");
        let mut short: String = line.chars().take(QUOTED).collect();
        if short.len() < text.len() {
            short.push('…');
        }
        short
    }

    /// A key that nobody knows.
    pub(super) fn unknown(&mut self, key: &Key<'_>, what: &str, known: &[&str]) {
        let name: &str = key.get_ref().as_ref();
        let short: String = name.chars().take(QUOTED).collect();
        let help = match suggestion(&short, known) {
            Some(word) => format!("did you mean {word:?}?"),
            None => format!("known are {}", known.join(", ")),
        };
        self.wrong(&key.span(), format!("unknown {what} {short:?}; {help}"));
    }

    /// A value of another type.
    pub(super) fn wrong_type(&mut self, value: &Value<'_>, key: &str, wanted: &str) {
        let what = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let shown = self.quoted(&value.span());
        self.wrong(
            &value.span(),
            format!("{key} is {what}, {shown}; it takes {wanted}"),
        );
    }

    /// A string, else a mistake.
    pub(super) fn string<'v>(&mut self, value: &'v Value<'_>, key: &str) -> Option<&'v str> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            _ => {
                self.wrong_type(value, key, "a string");
                None
            }
        }
    }
}

/// The word that was probably meant.
pub(super) fn suggestion<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    // Spellings first: max_size, maxSize and MAX-SIZE are all max-size.
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let same = known.iter().find(|known| plain(known) == plain(word));
    let close = || {
        similar::get_close_matches(word, known, 1, ALIKE)
            .into_iter()
            .next()
    };
    same.copied().or_else(close)
}

#[cfg(test)]
mod tests {
    use super::suggestion;

    #[test]
    fn slips_are_recognised() {
        let known = ["max-size", "max-caches", "lint-threshold"];
        for (word, want) in [
            ("max_size", Some("max-size")),
            ("maxSize", Some("max-size")),
            ("max-sise", Some("max-size")),
            ("lint-treshold", Some("lint-threshold")),
            ("volume", None),
            ("", None),
        ] {
            assert_eq!(suggestion(word, &known), want, "{word}");
        }
    }
}
