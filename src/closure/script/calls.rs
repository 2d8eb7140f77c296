//! Programs that sources in Python and JavaScript start by a name that is written down there.

use std::sync::LazyLock;

use regex::bytes::Regex;

/// A call that starts a program, as a line for a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Where it stands, counted from 1.
    pub line: u32,
    /// The program and its words, or what is given to a shell.
    pub text: Vec<u8>,
}

/// As many words of one call are read.
const MOST_WORDS: usize = 64;
/// As many calls of one file.
const MOST_CALLS: usize = 10_000;

/// What starts or looks for programs in the standard libraries of both, and `execa`. Others of
/// these names get other texts, which are no programs of the image.
static START: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)\b(?:
            run | Popen | call | check_call | check_output | getoutput | getstatusoutput
            | system | popen | which | create_subprocess_(?:exec|shell)
            | exec[lv]p?e? | spawn[lv]p?e?
            | (?:spawn|exec|execFile)(?:Sync|Async)? | execa(?:Sync|Command|CommandSync)?
        )\s*\(",
    )
    .ok()
});

/// The calls with words that are written down.
pub fn calls(text: &[u8]) -> Vec<Call> {
    let Some(start) = START.as_ref() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let (mut line, mut counted) = (1u32, 0);
    for call in start.find_iter(text) {
        let words = words(text.get(call.end()..).unwrap_or_default());
        let [first, rest @ ..] = &words[..] else {
            continue;
        };
        let passed = text.get(counted..call.start()).unwrap_or_default();
        let lines = passed.iter().filter(|&&b| b == b'\n').count();
        line = line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        counted = call.start();
        // One word may be a line for a shell, and is one in any case.
        let text = match rest.is_empty() {
            true => first.clone(),
            false => words
                .iter()
                .map(|word| quoted(word))
                .collect::<Vec<_>>()
                .join(&b' '),
        };
        found.push(Call { line, text });
        if found.len() >= MOST_CALLS {
            break;
        }
    }
    found
}

/// The strings that a call's arguments begin with, also those of a list.
fn words(text: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut rest = text;
    while words.len() < MOST_WORDS {
        let skipped = rest
            .iter()
            .take_while(|b| b" \t\r\n,[(".contains(b))
            .count();
        rest = rest.get(skipped..).unwrap_or_default();
        let Some((word, after)) = string(rest) else {
            break;
        };
        words.push(word);
        rest = after;
    }
    words
}

/// A string at the start of a text, and what comes after it. One with something computed in it is
/// none.
fn string(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let letters = text.iter().take_while(|b| b"rRbBuU".contains(b)).count();
    let raw = text.get(..letters)?.iter().any(|b| b"rR".contains(b));
    let text = text.get(letters..)?;
    let quote = *text.first().filter(|b| b"\"'`".contains(b))?;
    let long = [quote; 3];
    let (end, mut rest): (&[u8], &[u8]) = match text.starts_with(&long) {
        true => (&long, text.get(3..)?),
        false => (&long[..1], text.get(1..)?),
    };
    let mut word = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix(end) {
            return Some((word, after));
        }
        match rest {
            [b'\\', escaped, after @ ..] if !raw => {
                match escaped {
                    b'n' => word.push(b'\n'),
                    b't' => word.push(b'\t'),
                    b'\n' => {}
                    other => word.push(*other),
                }
                rest = after;
            }
            [b'$', b'{', ..] if quote == b'`' => return None,
            [b'\n', ..] if end.len() == 1 && quote != b'`' => return None,
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

/// The word as one word of a shell.
pub fn quoted(word: &[u8]) -> Vec<u8> {
    let mut out = vec![b'\''];
    for &byte in word {
        match byte {
            b'\'' => out.extend(br"'\''"),
            byte => out.push(byte),
        }
    }
    out.push(b'\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        let found = calls(source.as_bytes());
        let texts = found.into_iter().map(|call| String::from_utf8(call.text));
        texts.map(Result::unwrap).collect()
    }

    #[test]
    fn words_that_are_written_down_are_found_in_both_languages() {
        for (source, text) in [
            (
                "subprocess.run(['openssl', 'version'])",
                "'openssl' 'version'",
            ),
            (
                "subprocess.check_output(\"a | sort\", shell=True)",
                "a | sort",
            ),
            ("os.system(r'a\\b')", "a\\b"),
            ("shutil.which(  'awk')", "awk"),
            ("await create_subprocess_exec('ls', \"-l\", x)", "'ls' '-l'"),
            ("run((\n  '''one\ntwo''',\n))", "one\ntwo"),
            (
                "c.execFileSync('openssl', ['version'])",
                "'openssl' 'version'",
            ),
            ("spawn(`sh`, ['-c', 'it\\'s'], {})", r"'sh' '-c' 'it'\''s'"),
            ("exec(\"tr a b\", done)", "tr a b"),
        ] {
            assert_eq!(texts(source), [text], "{source}");
        }
        for none in [
            "run(program)",
            "exec(`${tool} x`)",
            "subprocess.run(f'{tool} x')",
            "runner('ls')",
            "system('ls",
            "spawn(",
        ] {
            assert!(texts(none).is_empty(), "{none}");
        }
        let lines = calls(b"\nsystem('a')\n\ncall(['b'])");
        assert_eq!(
            lines.iter().map(|call| call.line).collect::<Vec<_>>(),
            [2, 4]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            calls(&[b"run(", &text[..]].concat());
        }
    }
}
