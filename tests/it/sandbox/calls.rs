//! Every call that names a file, and what is recorded of it, written down.

use std::collections::BTreeSet;

use rslim::trace::{Run, Tracer};

use super::{Ground, below, ground};
use crate::fixtures::tar::{Entry, LayerBuilder};

/// The cases of `paths looks`, each with what it does in its folder.
pub const LOOKS: &[(&str, &[&str])] = &[
    (
        "open",
        &[
            "read file",
            "missing none",
            "missing dir/none/more",
            "missing file/below",
            "read dir/inner",
        ],
    ),
    (
        "links",
        &[
            "link chain",
            "link whole",
            "read dir/inner",
            "link loop",
            "missing loop",
            "link gone",
            "missing nowhere",
            "link to-dir",
            "read file",
            "link to-deep",
        ],
    ),
    (
        "not-followed",
        &[
            "link to-file",
            "link chain",
            "link to-dir",
            "read dir/inner",
        ],
    ),
    (
        "openat",
        &[
            "exists dir",
            "read dir/inner",
            "read file",
            "missing dir/none",
            "read dir/deep/bottom",
        ],
    ),
    (
        "openat2",
        &[
            "exists dir",
            "read dir/inner",
            "link to-file",
            "exists file",
        ],
    ),
    (
        "path-only",
        &[
            "exists dir",
            "link to-file",
            "exists file",
            "read dir/deep/bottom",
        ],
    ),
    (
        "stat",
        &[
            "exists dir",
            "link to-file",
            "exists file",
            "exists chain",
            "missing none",
            "exists dir/inner",
            "exists whole",
            "exists dir/deep",
            "exists dir/deep/bottom",
        ],
    ),
    (
        "access",
        &[
            "exists dir",
            "exists file",
            "exists dir/inner",
            "exists to-file",
            "link gone",
            "missing nowhere",
        ],
    ),
    (
        "readlink",
        &["link whole", "link to-file", "exists file", "missing none"],
    ),
    (
        "exec",
        &[
            "exists dir",
            "link to-tool",
            "exec tool",
            "exec dir/tool",
            "missing none",
        ],
    ),
    ("exec-empty", &["exists tool", "exec tool"]),
    (
        "exec-script",
        &[
            "exec script5",
            "exec script4",
            "exec script3",
            "exec script2",
            "exec script1",
            "exec tool",
        ],
    ),
    (
        "list",
        &[
            "exists dir",
            "listed dir",
            "exists dir/deep",
            "listed dir/deep",
            "read file",
            "listed file",
        ],
    ),
    (
        "attributes",
        &[
            "link to-file",
            "exists file",
            "exists whole",
            "exists dir/inner",
            "exists chain",
            "exists dir/deep/bottom",
        ],
    ),
    ("watch", &["exists file", "exists dir/inner"]),
    ("bad", &["exists .", "missing LONG"]),
    ("page-end", &["read file"]),
    ("crossing", &["read file"]),
    ("longest", &["read file"]),
];

/// The same of `paths changes`.
const CHANGES: &[(&str, &[&str])] = &[
    (
        "openat2-in-root",
        &["exists .", "read dir/inner", "read inside"],
    ),
    (
        "exec-relative",
        &["exists dir", "exec relative", "exec dir/tool"],
    ),
    (
        "chdir",
        &[
            "link to-dir",
            "exists dir",
            "read dir/inner",
            "exists file",
            "missing dir/none",
        ],
    ),
    (
        "fchdir",
        &["exists dir/deep", "read dir/deep/bottom", "read dir/inner"],
    ),
    (
        "by-descriptor",
        &[
            "exists dir",
            "exists file",
            "read file",
            "read dir/inner",
            "read dir/deep/bottom",
        ],
    ),
    (
        "write",
        &[
            "link to-file",
            "written file",
            "written dir/inner",
            "read dir/inner",
            "created new",
            "exists file",
            "link gone",
            "written dir/deep/bottom",
            "created newer",
        ],
    ),
    (
        "through-link",
        &[
            "link gone",
            "created nowhere",
            "exists dir",
            "link to-file",
            "written file",
        ],
    ),
    (
        "rename",
        &[
            "exists dir",
            "removed file",
            "created new",
            "removed dir/inner",
            "written dir/deep/bottom",
            "removed to-dir",
            "written to-file",
            "missing none",
        ],
    ),
    (
        "renamed-folder",
        &[
            "created made",
            "created made/way",
            "exists made",
            "link made/way",
            "read dir/inner",
            "removed made",
            "created old",
            "read file",
        ],
    ),
    (
        "link",
        &[
            "exists dir",
            "exists file",
            "created hard",
            "link chain",
            "link whole",
            "exists dir/inner",
            "created dir/followed",
            "exists whole",
            "created dir/unfollowed",
            "created soft",
            "created dir/softer",
            "exists to-file",
        ],
    ),
    (
        "remove",
        &[
            "exists dir",
            "removed to-file",
            "removed dir/inner",
            "removed dir/deep/bottom",
            "removed dir/deep/way",
            "removed dir/deep",
            "removed dir/tool",
            "removed dir",
            "missing none",
        ],
    ),
    (
        "make",
        &[
            "exists dir",
            "created made",
            "created dir/made",
            "exists to-dir",
            "created pipe",
            "created dir/pipe",
        ],
    ),
    (
        "change",
        &[
            "exists dir",
            "exists tool",
            "link to-file",
            "written file",
            "written dir/inner",
            "written dir/deep",
            "written chain",
            "written whole",
            "written dir/deep/bottom",
            "written .",
            "missing none",
            "exists dir/deep",
        ],
    ),
    (
        "sockets",
        &[
            "link to-dir",
            "created dir/socket",
            "missing none",
            "exists dir/socket",
        ],
    ),
];

/// A folder for each case, all with the same in it.
pub fn cases() -> Option<Ground> {
    let mut layer = LayerBuilder::new();
    for (case, _) in LOOKS.iter().chain(CHANGES) {
        let at = |name: &str| format!("{case}/{name}");
        layer = layer
            .dir(case, 0o755)
            .dir(at("dir"), 0o755)
            .dir(at("dir/deep"), 0o755)
            .file(at("file"), "file")
            .file(at("inside"), "inside")
            .file(at("dir/inner"), "inner")
            .file(at("dir/deep/bottom"), "bottom")
            .symlink(at("dir/deep/way"), "..")
            .symlink(at("to-file"), "file")
            .symlink(at("to-dir"), "dir")
            .symlink(at("to-deep"), "dir/deep")
            .symlink(at("to-tool"), "tool")
            .symlink(at("whole"), format!("/{case}/dir"))
            .symlink(at("chain"), "whole/inner")
            .symlink(at("gone"), "nowhere")
            .symlink(at("loop"), "loop")
            .entry(Entry::hardlink(at("tool"), "bin/paths"))
            .entry(Entry::hardlink(at("dir/tool"), "bin/paths"))
            .entry(Entry::file(at("relative"), "#!tool\n").mode(0o755));
        for number in 1..=5 {
            let by = match number {
                1 => "tool".to_owned(),
                _ => format!("script{}", number - 1),
            };
            let text = format!("#! /{case}/{by} \n");
            layer = layer.entry(Entry::file(at(&format!("script{number}")), text).mode(0o755));
        }
    }
    ground(layer)
}

fn all(run: &Run) -> BTreeSet<(String, Vec<u8>)> {
    let events = run.events.iter();
    // The program's own number is in these.
    let events = events.filter(|event| !event.path.starts_with(b"/proc/"));
    events
        .map(|event| (super::word(event.kind), event.path.clone()))
        .collect()
}

#[test]
fn each_call_that_names_a_file_is_recorded_as_what_it_does() {
    let Some(ground) = cases() else { return };
    for (what, cases) in [("looks", LOOKS), ("changes", CHANGES)] {
        let runs = [Tracer::Seccomp, Tracer::Ptrace].map(|tracer| {
            let mut spec = ground.spec(&["/bin/paths", what]);
            spec.tracer = tracer;
            ground.fine(&spec)
        });
        let mut wrong = String::new();
        for (case, expected) in cases {
            let found = below(&runs[0], &format!("/{case}"));
            // A name that no file system has, though a path may be so long.
            let long = "y".repeat(299);
            let found: BTreeSet<String> = found
                .iter()
                .map(|event| event.replace(&long, "LONG"))
                .collect();
            let expected: BTreeSet<String> = expected.iter().map(|&e| e.to_owned()).collect();
            for event in found.difference(&expected) {
                wrong += &format!("{case}: {event} is too much\n");
            }
            for event in expected.difference(&found) {
                wrong += &format!("{case}: {event} is not there\n");
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
        let others = all(&runs[0]).into_iter().filter(|(_, path)| {
            let top = path.split(|&byte| byte == b'/').nth(1).unwrap_or_default();
            !cases.iter().any(|(case, _)| case.as_bytes() == top)
        });
        let others: Vec<String> = others
            .map(|(kind, path)| format!("{kind} {}", String::from_utf8_lossy(&path)))
            .collect();
        let expected: &[&str] = match what {
            "looks" => &["exec /bin/paths"],
            _ => &["exec /bin/paths", "exists /", "link /dev/fd"],
        };
        assert_eq!(others, expected, "{what}");
        assert_eq!(all(&runs[0]), all(&runs[1]), "{what}: the tracers differ");
    }
}
