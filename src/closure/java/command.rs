//! The command line of a Java program.

use super::Needs;
use crate::closure::files::{Files, Kind, read_all};
use crate::closure::script::Environment;
use crate::closure::{Need, NeedKind};

/// No file with arguments is larger.
const MAX_ARGUMENTS: u64 = 1 << 20;
/// Files with arguments that one command line reads.
const MAX_FILES: usize = 256;
/// Words of a command line, those of the files included.
const MAX_WORDS: usize = 1 << 20;

/// Options whose next word is a value that names no file.
const VALUES: &[&[u8]] = &[
    b"--add-modules",
    b"--add-exports",
    b"--add-opens",
    b"--add-reads",
    b"--limit-modules",
    b"--describe-module",
    b"-d",
    b"--enable-native-access",
    b"--source",
];

/// What a `java` command line needs: `words` start with the program, which is not looked at.
///
/// The options in `JAVA_TOOL_OPTIONS`, `JDK_JAVA_OPTIONS` and `_JAVA_OPTIONS` count too, and
/// `CLASSPATH`. Paths that do not exist are left out, relative ones start at the working directory.
pub fn command(files: &dyn Files, words: &[Vec<u8>], env: &Environment) -> Vec<Need> {
    let mut reader = Reader {
        files,
        env,
        needs: Needs::default(),
        left: MAX_FILES,
        budget: MAX_WORDS,
    };
    for name in ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"] {
        if let Some(text) = env.variable(name) {
            let words = arguments(text, name == "JDK_JAVA_OPTIONS");
            let words = reader.with_files(words);
            reader.options(&words);
        }
    }
    if let Some(path) = env.variable("CLASSPATH") {
        reader.class_path(path, NeedKind::Loads);
    }
    let words = reader.with_files(words.get(1..).unwrap_or_default().to_vec());
    reader.options(&words);
    reader.needs.list
}

struct Reader<'a> {
    files: &'a dyn Files,
    env: &'a Environment,
    needs: Needs,
    /// How many more files of arguments are read.
    left: usize,
    budget: usize,
}

impl Reader<'_> {
    /// The words with those of `@file` in its place, liberally also behind the main class.
    fn with_files(&mut self, words: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        for word in words {
            let name = word
                .strip_prefix(b"@")
                .filter(|name| !name.starts_with(b"@"));
            match name.and_then(|name| self.argument_file(name)) {
                Some(more) => out.extend(more),
                None => out.push(word),
            }
        }
        out
    }

    fn argument_file(&mut self, name: &[u8]) -> Option<Vec<Vec<u8>>> {
        let path = self.env.absolute(name);
        let found = self.files.resolve(&path)?;
        if self.left == 0 {
            return None;
        }
        self.left = self.left.saturating_sub(1);
        let text = read_all(self.files, found.node, MAX_ARGUMENTS)?;
        self.needs.add(NeedKind::Includes, name, None, found);
        let mut words = arguments(&text, true);
        words.truncate(self.budget);
        self.budget = self.budget.saturating_sub(words.len());
        Some(words)
    }

    fn options(&mut self, words: &[Vec<u8>]) {
        let mut words = words.iter().map(Vec::as_slice);
        while let Some(word) = words.next() {
            if !word.starts_with(b"-") {
                // The main class, or a source file; what follows are its own arguments, which are
                // often its settings.
                self.path(word, NeedKind::Runs);
                words.by_ref().for_each(|word| self.value(word));
                return;
            }
            match word {
                b"-jar" => {
                    if let Some(path) = words.next() {
                        self.path(path, NeedKind::Runs);
                        words.by_ref().for_each(|word| self.value(word));
                    }
                    return;
                }
                b"-cp"
                | b"-classpath"
                | b"--class-path"
                | b"-p"
                | b"--module-path"
                | b"--upgrade-module-path" => {
                    if let Some(path) = words.next() {
                        self.class_path(path, NeedKind::Loads);
                    }
                }
                b"-m" | b"--module" => {
                    words.next();
                    words.by_ref().for_each(|word| self.value(word));
                    return;
                }
                _ if VALUES.contains(&word) => {
                    words.next();
                }
                _ => self.option(word),
            }
        }
    }

    /// An option whose value is in the same word.
    fn option(&mut self, word: &[u8]) {
        for prefix in [
            b"--class-path=".as_slice(),
            b"--module-path=",
            b"--upgrade-module-path=",
            b"-Xbootclasspath/a:",
            b"-Xbootclasspath/p:",
            b"-Xbootclasspath:",
        ] {
            if let Some(path) = word.strip_prefix(prefix) {
                return self.class_path(path, NeedKind::Loads);
            }
        }
        for prefix in [b"-javaagent:".as_slice(), b"-agentpath:"] {
            if let Some(agent) = word.strip_prefix(prefix) {
                let (path, options) = parted(agent, b'=');
                self.path(path, NeedKind::Loads);
                return self.value(options);
            }
        }
        if let Some(patch) = word.strip_prefix(b"--patch-module=") {
            return self.class_path(parted(patch, b'=').1, NeedKind::Loads);
        }
        // `-Dname=value`, `-XX:Name=value`, `-Xlog:…`: some name files.
        let (_, value) = parted(word, b'=');
        if value.is_empty() {
            self.value(word.split(|b| *b == b':').next_back().unwrap_or_default());
        } else {
            // `-Djava.security.properties==file` takes the place of the usual one.
            self.value(value.strip_prefix(b"=").unwrap_or(value));
        }
    }

    /// A text that may be a path, a list of paths or the URL of a file.
    fn value(&mut self, text: &[u8]) {
        let text = match text.strip_prefix(b"-").map(|text| parted(text, b'=').1) {
            Some(value) => value,
            None => text,
        };
        for part in text.split(|b| matches!(b, b':' | b',' | b'=')) {
            // `file:///x` too; a plain word is a path only if it looks like one.
            let plain = part.iter().all(|b| matches!(b, b'.' | b'/'));
            if !plain && (part.contains(&b'/') || part.contains(&b'.')) {
                self.path(part, NeedKind::Names);
            }
        }
    }

    fn class_path(&mut self, list: &[u8], kind: NeedKind) {
        for entry in list.split(|b| *b == b':').filter(|entry| !entry.is_empty()) {
            match entry.strip_suffix(b"*") {
                Some(dir) if dir.is_empty() || dir.ends_with(b"/") => self.archives(dir, kind),
                _ => self.path(entry, kind),
            }
        }
    }

    /// `dir/*` means the archives in it.
    fn archives(&mut self, dir: &[u8], kind: NeedKind) {
        let Some(found) = self.files.resolve(&self.env.absolute(dir)) else {
            return;
        };
        for (name, _) in self.files.children(found.node) {
            if name.to_ascii_lowercase().ends_with(b".jar") {
                let mut path = dir.to_vec();
                path.extend_from_slice(&name);
                self.path(&path, kind);
            }
        }
    }

    fn path(&mut self, path: &[u8], kind: NeedKind) {
        if path.is_empty() || path.len() > 4096 || self.budget == 0 {
            return;
        }
        self.budget = self.budget.saturating_sub(1);
        if let Some(found) = self.files.resolve(&self.env.absolute(path))
            && (kind != NeedKind::Runs || self.files.kind(found.node) == Kind::File)
            && self.files.path(found.node).len() > 1
        {
            self.needs.add(kind, path, None, found);
        }
    }
}

fn parted(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|b| *b == at) {
        Some(at) => (
            text.get(..at).unwrap_or_default(),
            text.get(at.saturating_add(1)..).unwrap_or_default(),
        ),
        None => (text, &[]),
    }
}

/// The words of a text of options: quotes join them and, in files, `#` starts a comment and a
/// backslash in quotes escapes.
fn arguments(text: &[u8], file: bool) -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(_), b'\\') if file => match bytes.next() {
                Some(b'\n' | b'\r') | None => {}
                Some(next) => word.get_or_insert_default().push(next),
            },
            (None, b'"' | b'\'') => {
                quote = Some(byte);
                word.get_or_insert_default();
            }
            (None, b'#') if file && word.is_none() => {
                bytes.by_ref().find(|b| *b == b'\n');
            }
            (None, _) if byte.is_ascii_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    words
}
