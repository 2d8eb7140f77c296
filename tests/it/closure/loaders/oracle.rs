//! Asking a loader what it would load, and reading its answer.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use rslim::closure::elf::{Closure, Flavour};
use rslim::closure::{Files, NodeId};

use super::super::disk::Disk;

/// How the loader comes to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It is called with the program as an argument, which is then not run whatever it is.
    Called,
    /// The program is started: the kernel brings the loader.
    Started,
}

/// What a loader says.
#[derive(Default, Debug)]
pub struct Oracle {
    pub objects: BTreeSet<NodeId>,
    pub missing: BTreeSet<String>,
    /// Lines about files that the tree does not have.
    pub lost: Vec<String>,
    /// It lists nothing, since the file names nothing that it needs.
    pub silent: bool,
    /// Its last words, when it gave up.
    pub failed: Option<String>,
}

/// Asks the loader of a closure about its root.
pub fn ask(disk: &Disk, closure: &Closure, env: &[(&str, String)], way: Way) -> Oracle {
    let loader = closure.loader.as_ref().unwrap();
    let musl = loader.flavour == Flavour::Musl;
    let path = disk.path(closure.root);
    let mut words = vec![path.as_slice()];
    if musl {
        words.insert(0, b"--list");
    }
    if way == Way::Called || musl {
        words.insert(0, &loader.path);
    }
    let mut command = command(disk.root(), &words, env, !musl);
    let output = command.output().expect("the loader starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut oracle = Oracle::default();
    if !output.status.success() {
        let last = errors.lines().chain(text.lines()).last();
        oracle.failed = Some(last.unwrap_or("no words").to_owned());
    }
    for line in errors.lines() {
        // musl: Error loading shared library NAME: No such file or directory (needed by PATH)
        if let Some(rest) = line.strip_prefix("Error loading shared library ")
            && let Some((name, _)) = rest.split_once(':')
        {
            oracle.missing.insert(name.to_owned());
        }
    }
    oracle.silent = text.trim() == "statically linked";
    for line in text.lines() {
        oracle.line(disk, line.trim());
    }
    oracle
}

/// The words as a command in the tree: in another root than this one's through
/// a program there that sets the variables, since chroot itself must not see them.
fn command(root: &Path, words: &[&[u8]], env: &[(&str, String)], trace: bool) -> Command {
    let trace = trace.then(|| ("LD_TRACE_LOADED_OBJECTS", "1".to_owned()));
    let env = env.iter().cloned().chain(trace);
    let words = words.iter().map(|word| OsStr::from_bytes(word));
    if root == Path::new("/") {
        let mut words = words;
        let mut command = Command::new(words.next().unwrap());
        command.env_clear().envs(env).args(words).current_dir("/");
        return command;
    }
    let mut command = Command::new("chroot");
    command.arg(root).args(["/usr/bin/env", "-i"]);
    command.args(env.map(|(name, value)| format!("{name}={value}")));
    command.args(words);
    command
}

impl Oracle {
    /// `NAME => PATH (0x…)`, `NAME => not found` or `PATH (0x…)`.
    fn line(&mut self, disk: &Disk, line: &str) {
        let (name, rest) = line.split_once(" => ").unwrap_or((line, line));
        if rest.starts_with("not found") {
            self.missing.insert(name.to_owned());
            return;
        }
        let Some((place, _)) = rest.rsplit_once(" (0x") else {
            return;
        };
        // What the kernel brings, and how musl calls itself when it lists.
        let nowhere = ["linux-vdso", "linux-gate", "ldd"];
        if nowhere.iter().any(|start| place.starts_with(start)) {
            return;
        }
        // Relative paths start at the root, the working directory.
        match disk.resolve(place.as_bytes()) {
            Some(found) => {
                self.objects.insert(found.node);
            }
            // musl names itself as it was called.
            None if name == place => {}
            None => self.lost.push(line.to_owned()),
        }
    }
}
