//! The line that says which program runs a script.

use super::environment::{Environment, regular};
use crate::closure::files::{Files, NodeId, read_head, split};
use crate::closure::{Need, NeedKind};

/// The kernel looks at no more of the line.
const MAX_LINE: usize = 255;

/// What a `#!` line leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shebang {
    /// The program that stands in the line.
    pub interpreter: Vec<u8>,
    /// The name of the program that really reads the script: `bash` for `/usr/bin/env bash`.
    pub program: String,
    /// The words after that program, those of `env` left out.
    pub arguments: Vec<Vec<u8>>,
    /// The interpreter, and what `env` finds in `PATH`; what does not exist is left out.
    pub needs: Vec<Need>,
}

/// Reads the `#!` line of a file.
pub fn shebang(files: &dyn Files, node: NodeId, env: &Environment) -> Option<Shebang> {
    let head = read_head(files, node, MAX_LINE)?;
    let (interpreter, argument) = line(&head)?;
    let mut needs = Vec::new();
    let mut need = |word: &[u8], found| {
        if let Some(found) = found {
            needs.push(Need {
                kind: NeedKind::Interpreter,
                name: String::from_utf8_lossy(word).into_owned(),
                line: Some(1),
                found,
            });
        }
    };
    need(interpreter, regular(files, &env.absolute(interpreter)));
    let mut program = interpreter.to_vec();
    let mut arguments: Vec<Vec<u8>> = argument.map(<[u8]>::to_vec).into_iter().collect();
    if split(interpreter).1 == b"env" {
        let mut words = env_words(argument.unwrap_or_default()).into_iter();
        // `env` alone prints the environment, and interprets nothing.
        program = words.next()?;
        arguments = words.collect();
        need(&program, env.command(files, &program));
    }
    Some(Shebang {
        interpreter: interpreter.to_vec(),
        program: String::from_utf8_lossy(split(&program).1).into_owned(),
        arguments,
        needs,
    })
}

/// The interpreter and its one argument.
pub(super) fn line(head: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let head = head.get(..MAX_LINE).unwrap_or(head);
    let line = head.strip_prefix(b"#!")?.split(|b| *b == b'\n').next()?;
    let line = line.trim_ascii();
    let end = line
        .iter()
        .position(|b| matches!(b, b' ' | b'\t'))
        .unwrap_or(line.len());
    let (interpreter, rest) = line.split_at_checked(end)?;
    let argument = rest.trim_ascii();
    (!interpreter.is_empty()).then_some((interpreter, Some(argument).filter(|a| !a.is_empty())))
}

/// What `env` runs: its options and variables skipped. The kernel passes one argument, but a
/// script that forgot `-S` is read as if it had it.
fn env_words(argument: &[u8]) -> Vec<Vec<u8>> {
    let mut words = argument
        .split(|b| b.is_ascii_whitespace())
        .filter(|word| !word.is_empty())
        .map(|word| word.strip_prefix(b"-S").unwrap_or(word))
        .map(|word| word.strip_prefix(b"--split-string=").unwrap_or(word))
        .map(|word| {
            let quotes = |b: &u8| matches!(b, b'"' | b'\'');
            word.iter().copied().filter(|b| !quotes(b)).collect()
        })
        .peekable();
    while let Some(word) = words.peek() {
        let word: &Vec<u8> = word;
        let takes_one = matches!(word.as_slice(), b"-u" | b"-C" | b"--unset" | b"--chdir");
        if !(word.is_empty() || word.starts_with(b"-") || word.contains(&b'=')) {
            break;
        }
        words.next();
        if takes_one {
            words.next();
        }
    }
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::memory::Memory;

    #[test]
    fn the_interpreter_and_what_env_runs_are_needed() {
        let table: [(&str, &str, &str, &[&str]); 12] = [
            ("#!/bin/sh\n", "/bin/sh", "sh", &["/bin/sh"]),
            ("#! /bin/sh -e\nx", "/bin/sh", "sh", &["/bin/sh"]),
            ("#!/bin/sh", "/bin/sh", "sh", &["/bin/sh"]),
            ("#!/bin/sh\r\n", "/bin/sh", "sh", &["/bin/sh"]),
            ("#!/usr/bin/env bash\n", "/usr/bin/env", "bash", ENV_BASH),
            (
                "#!/usr/bin/env -S bash -e\n",
                "/usr/bin/env",
                "bash",
                ENV_BASH,
            ),
            (
                "#!/usr/bin/env -Sbash -e\n",
                "/usr/bin/env",
                "bash",
                ENV_BASH,
            ),
            (
                "#!/usr/bin/env -i A=1 bash\n",
                "/usr/bin/env",
                "bash",
                ENV_BASH,
            ),
            (
                "#!/usr/bin/env -u A -S B=2 bash x\n",
                "/usr/bin/env",
                "bash",
                ENV_BASH,
            ),
            (
                "#!/usr/bin/env perl\n",
                "/usr/bin/env",
                "perl",
                &["/usr/bin/env"],
            ),
            ("#!/none -x\n", "/none", "none", &[]),
            ("#!tool\n", "tool", "tool", &["/srv/tool"]),
        ];
        const ENV_BASH: &[&str] = &["/usr/bin/env", "/usr/bin/bash"];
        for (text, interpreter, program, needs) in table {
            let mut files = Memory::new();
            files.file("/bin/sh", Vec::new());
            files.file("/usr/bin/env", Vec::new());
            files.file("/usr/bin/bash", Vec::new());
            files.file("/srv/tool", Vec::new());
            let node = files.file("/x", text.into());
            let env = Environment::new([], b"/srv");
            let found = shebang(&files, node, &env).unwrap();
            assert_eq!(found.interpreter, interpreter.as_bytes(), "{text}");
            assert_eq!(found.program, program, "{text}");
            let paths: Vec<String> = found
                .needs
                .iter()
                .map(|need| String::from_utf8(files.path(need.found.node)).unwrap())
                .collect();
            assert_eq!(paths, needs, "{text}");
        }
    }

    #[test]
    fn files_without_the_line_have_none() {
        let mut files = Memory::new();
        for text in [
            "",
            "#",
            "#!",
            "#!  \n",
            "x",
            "#!/usr/bin/env\n",
            "\n#!/bin/sh",
        ] {
            let node = files.file("/x", text.into());
            let env = Environment::new([], b"/");
            assert_eq!(shebang(&files, node, &env), None, "{text}");
        }
    }

    #[test]
    fn nothing_is_read_behind_the_length_the_kernel_looks_at() {
        let mut files = Memory::new();
        let text = format!("#!/bin/sh{}x", " ".repeat(400));
        let node = files.file("/x", text.into());
        let found = shebang(&files, node, &Environment::new([], b"/")).unwrap();
        assert_eq!((found.program.as_str(), found.arguments.len()), ("sh", 0));
    }
}
