//! Programs whose arguments are a command.

/// How the arguments before the command look.
pub(super) struct Wrapper {
    /// Letters of the options whose value is the next word.
    letters: &'static str,
    /// Long options whose value is the next word.
    long: &'static [&'static str],
    /// Words before the command that are no options: the user of `gosu`.
    skip: usize,
    /// Whether `NAME=value` may stand before the command.
    variables: bool,
    /// The option whose value is a command line for a shell.
    text: Option<char>,
}

const fn plain(letters: &'static str) -> Wrapper {
    Wrapper {
        letters,
        long: &[],
        skip: 0,
        variables: false,
        text: None,
    }
}

const fn skipping(letters: &'static str, skip: usize) -> Wrapper {
    Wrapper {
        skip,
        ..plain(letters)
    }
}

/// What is known of a program that runs the command in its arguments.
pub(super) fn wrapper(name: &str) -> Option<Wrapper> {
    Some(match name {
        "exec" => plain("a"),
        "nohup" | "setsid" | "builtin" | "command" | "coproc" | "catatonit" | "eatmydata"
        | "fakeroot" | "linux32" | "linux64" | "dbus-run-session" | "with-contenv"
        | "s6-envdir" | "catchsegv" | "busybox" | "unbuffer" | "xinit" => plain(""),
        "nice" => plain("n"),
        "ionice" => plain("cnpPu"),
        "stdbuf" => plain("ioe"),
        "time" => plain("fo"),
        "strace" | "ltrace" => plain("aeEIopPsSuX"),
        "tini" | "tini-static" | "docker-init" => plain("pe"),
        "dumb-init" => plain("r"),
        "xargs" => Wrapper {
            long: &[
                "--max-args",
                "--max-procs",
                "--arg-file",
                "--delimiter",
                "--replace",
            ],
            ..plain("adEILnPsJR")
        },
        "watch" => plain("n"),
        "xvfb-run" => plain("efnsp"),
        "unshare" | "nsenter" => plain("StGRw"),
        "prlimit" => plain("p"),
        "numactl" => plain("iNCmpP"),
        "systemd-run" => Wrapper {
            long: &["--unit", "--slice", "--property", "--uid", "--gid"],
            ..plain("puMEH")
        },
        "cgexec" => plain("g"),
        "env" => Wrapper {
            variables: true,
            long: &["--unset", "--chdir"],
            ..plain("uC")
        },
        "sudo" => Wrapper {
            variables: true,
            long: &["--user", "--group", "--host", "--prompt", "--chdir"],
            ..plain("ughpCrtUTRD")
        },
        "doas" => plain("uC"),
        "gosu" | "su-exec" | "s6-setuidgid" | "setuidgid" | "step-down" => skipping("", 1),
        "chpst" => plain("uUbe/nlLmdofcrt"),
        "envdir" | "softlimit" => skipping("", 1),
        "timeout" => Wrapper {
            long: &["--signal", "--kill-after"],
            ..skipping("sk", 1)
        },
        "chroot" => skipping("", 1),
        "chrt" => skipping("TPD", 1),
        "taskset" => skipping("", 1),
        "setarch" => skipping("", 1),
        "setpriv" => Wrapper {
            long: &[
                "--reuid",
                "--regid",
                "--ruid",
                "--rgid",
                "--euid",
                "--egid",
                "--groups",
                "--inh-caps",
                "--ambient-caps",
                "--bounding-set",
                "--securebits",
                "--pdeathsig",
                "--selinux-label",
                "--apparmor-profile",
            ],
            ..plain("")
        },
        "runuser" | "su" => Wrapper {
            text: Some('c'),
            long: &["--user", "--group", "--shell", "--supp-group"],
            ..plain("ugsGw")
        },
        "flock" => Wrapper {
            text: Some('c'),
            long: &["--timeout", "--wait", "--conflict-exit-code"],
            ..skipping("wE", 1)
        },
        "script" => Wrapper {
            text: Some('c'),
            ..plain("")
        },
        _ => return None,
    })
}

/// What the arguments of a wrapper hold: places in the list of its words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wrapped {
    /// Where the command starts.
    pub command: Option<usize>,
    /// Which word is a command line for a shell.
    pub text: Option<usize>,
}

impl Wrapper {
    /// Finds the command among the words after the wrapper's name.
    pub fn find(&self, words: &[&str]) -> Wrapped {
        let mut wrapped = Wrapped::default();
        let mut skip = self.skip;
        let mut options = true;
        let mut at = 0usize;
        while let Some(word) = words.get(at) {
            let next = at.saturating_add(1);
            at = next;
            if options && *word == "--" {
                options = false;
            } else if options && word.len() > 1 && word.starts_with('-') {
                if self.takes_text(word) {
                    wrapped.text = Some(next);
                    at = next.saturating_add(1);
                } else if self.takes_value(word) {
                    at = next.saturating_add(1);
                }
            } else if self.variables && is_assignment(word) {
                options = false;
            } else if skip > 0 {
                skip = skip.saturating_sub(1);
            } else {
                wrapped.command.get_or_insert(next.saturating_sub(1));
                // The user of `su` looks like a command, and the option may follow.
                if self.text.is_none() {
                    break;
                }
            }
        }
        wrapped
    }

    fn takes_value(&self, word: &str) -> bool {
        if word.starts_with("--") {
            return self.long.contains(&word);
        }
        // Only the last letter of a group can have its value in the next word.
        word.chars()
            .next_back()
            .is_some_and(|letter| self.letters.contains(letter))
            && word
                .chars()
                .skip(1)
                .position(|letter| self.letters.contains(letter))
                == word.chars().count().checked_sub(2)
    }

    fn takes_text(&self, word: &str) -> bool {
        self.text.is_some_and(|letter| {
            matches!(word, "--command" | "--session-command")
                || !word.starts_with("--") && word.ends_with(letter)
        })
    }
}

/// Whether a word is `NAME=value`.
pub(super) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

/// Whether a text can name a variable.
pub(super) fn is_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(word) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a program reads the language of shells.
pub(in crate::closure::script) fn is_shell(name: &str) -> bool {
    matches!(
        name,
        "sh" | "bash" | "dash" | "ash" | "ksh" | "ksh93" | "mksh" | "zsh" | "rbash" | "lksh"
    )
}

/// Whether every shell has the command inside itself, so that no file runs.
pub(super) fn is_builtin(name: &str) -> bool {
    const NAMES: &[&str] = &[
        ".",
        ":",
        "[",
        "alias",
        "bg",
        "bind",
        "break",
        "builtin",
        "caller",
        "cd",
        "command",
        "compgen",
        "complete",
        "compopt",
        "continue",
        "coproc",
        "declare",
        "dirs",
        "disown",
        "echo",
        "enable",
        "eval",
        "exec",
        "exit",
        "export",
        "false",
        "fc",
        "fg",
        "getopts",
        "hash",
        "help",
        "history",
        "jobs",
        "kill",
        "let",
        "local",
        "logout",
        "mapfile",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "read",
        "readarray",
        "readonly",
        "return",
        "set",
        "shift",
        "shopt",
        "source",
        "suspend",
        "test",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
    ];
    NAMES.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_stands_after_options_and_their_values() {
        let table = [
            ("exec -a name prog", Some(3)),
            ("gosu app:app prog -x", Some(2)),
            ("timeout -s KILL 10 prog", Some(4)),
            ("timeout --signal=KILL 10 prog", Some(3)),
            ("timeout -k5 10 prog", Some(3)),
            ("nice -n 5 prog", Some(3)),
            ("nice -n5 prog", Some(2)),
            ("xargs -0 -n1 -P 4 prog", Some(5)),
            ("xargs -0rn 1 prog", Some(3)),
            ("env -i -u X A=1 B=2 prog", Some(6)),
            ("sudo -u app -E A=1 prog", Some(5)),
            ("tini -g -- prog --", Some(3)),
            ("setpriv --reuid=1 --clear-groups prog", Some(3)),
            ("setpriv --reuid 1 --regid 2 prog", Some(5)),
            ("chroot --userspec=a /x prog", Some(3)),
            ("runuser -u app -- prog", Some(4)),
            ("nohup", None),
            ("gosu app", None),
            ("xargs -n", None),
        ];
        for (text, expected) in table {
            let words: Vec<&str> = text.split(' ').collect();
            let found = wrapper(words[0]).unwrap().find(&words[1..]);
            assert_eq!(found.command.map(|at| at + 1), expected, "{text}");
        }
    }

    #[test]
    fn a_line_for_a_shell_is_found() {
        for (text, expected) in [("su app -c TEXT", 3), ("su -lc TEXT app", 2)] {
            let words: Vec<&str> = text.split(' ').collect();
            let found = wrapper(words[0]).unwrap().find(&words[1..]);
            assert_eq!(found.text.map(|at| at + 1), Some(expected), "{text}");
        }
    }

    #[test]
    fn the_list_of_builtins_is_sorted() {
        for name in [".", "[", "wait", "cd", "read", "printf", "typeset"] {
            assert!(is_builtin(name), "{name}");
        }
        assert!(!is_builtin("cat"));
    }
}
