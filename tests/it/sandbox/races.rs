//! Programs that make it hard to tell what a path is: root folders of their own, threads with
//! folders of their own, names that change meanwhile, processes that are killed.

use std::collections::BTreeSet;

use rslim::trace::{Run, Tracer};

use super::{Ground, below, ground};
use crate::fixtures::tar::{Entry, LayerBuilder};

const BOTH: [Tracer; 2] = [Tracer::Seccomp, Tracer::Ptrace];

fn done(ground: &Ground, what: &str, folder: &str, tracer: Tracer) -> Run {
    let mut spec = ground.spec(&["/bin/inside", what, folder]);
    spec.tracer = tracer;
    ground.fine(&spec)
}

fn set(events: &[&str]) -> BTreeSet<String> {
    events.iter().map(|&event| event.to_owned()).collect()
}

#[test]
fn a_changed_root_folder_is_where_paths_start_and_only_there_they_end() {
    let layer = LayerBuilder::new()
        .dirs([
            "jail",
            "jail/work",
            "jail/beside",
            "jail/cell",
            "jail/cell/sub",
        ])
        .file("jail/beside/seen", "")
        .file("jail/beside/free", "")
        .file("jail/cell/inner", "")
        .file("jail/cell/inner2", "")
        .file("jail/cell/inner3", "")
        .file("jail/cell/target", "")
        .symlink("jail/cell/absolute", "/target")
        .file("jail/cell/sub/deep", "")
        .file("jail/cell/sub/deep2", "");
    let Some(ground) = ground(layer) else { return };
    for tracer in BOTH {
        let run = done(&ground, "jail", "/jail", tracer);
        let expected = set(&[
            "exists work",
            "exists cell",
            "read beside/seen",
            "read cell/inner",
            "read cell/inner2",
            "read cell/inner3",
            "link cell/absolute",
            "read cell/target",
            "missing cell/beside/seen",
            "read cell/sub/deep",
            "exists cell/sub",
            "read cell/sub/deep2",
            "read beside/free",
        ]);
        let mut found = below(&run, "/jail");
        // The new root itself.
        found.remove("exists cell/.");
        assert_eq!(found, expected, "{tracer:?}");
    }
}

#[test]
fn a_thread_with_a_working_folder_of_its_own_is_seen_from_there() {
    let layer = LayerBuilder::new()
        .dirs(["apart", "apart/sub"])
        .file("apart/inner", "")
        .file("apart/sub/inner", "");
    let Some(ground) = ground(layer) else { return };
    for tracer in BOTH {
        let run = done(&ground, "apart", "/apart", tracer);
        let expected = set(&["exists .", "exists sub", "read sub/inner", "read inner"]);
        assert_eq!(below(&run, "/apart"), expected, "{tracer:?}");
    }
}

#[test]
fn what_threads_forks_and_vforks_execute_and_open_is_seen() {
    let mut layer = LayerBuilder::new().dir("processes", 0o755);
    for name in ["fork", "vfork", "thread", "grandchild", "last"] {
        layer = layer.file(format!("processes/{name}"), "");
    }
    for name in ["vfork", "grandchild", "last"] {
        let tool = format!("processes/tool-{name}");
        layer = layer.entry(Entry::hardlink(tool, "bin/inside"));
    }
    let Some(ground) = ground(layer) else { return };
    for tracer in BOTH {
        let run = done(&ground, "processes", "/processes", tracer);
        let expected = set(&[
            "read fork",
            "exec tool-vfork",
            "read vfork",
            "read thread",
            "exec tool-grandchild",
            "read grandchild",
            "exec tool-last",
            "read last",
        ]);
        assert_eq!(below(&run, "/processes"), expected, "{tracer:?}");
        let by = |path: &str| {
            let event = run
                .events
                .iter()
                .find(|event| event.path == path.as_bytes());
            String::from_utf8(event.unwrap().by.clone()).unwrap()
        };
        assert_eq!(by("/processes/last"), "/processes/tool-last");
        assert_eq!(by("/processes/thread"), "/bin/inside");
    }
}

#[test]
fn names_that_change_while_they_are_resolved_lead_to_what_is_opened() {
    let layer = LayerBuilder::new()
        .dirs(["racing", "racing/one", "racing/two"])
        .file("racing/file", "")
        .file("racing/one/file", "")
        .file("racing/two/file", "")
        .file("racing/last", "")
        .symlink("racing/way", "one")
        .symlink("racing/other", "two");
    let Some(ground) = ground(layer) else { return };
    for tracer in BOTH {
        let run = done(&ground, "racing", "/racing", tracer);
        let found = below(&run, "/racing");
        // Which of them are opened is chance, but with so many tries each is.
        for event in [
            "link a/file",
            "read file",
            "read one/file",
            "read two/file",
            "read last",
        ] {
            assert!(found.contains(event), "{tracer:?}: {event}: {found:?}");
        }
    }
}

#[test]
fn a_folder_that_has_another_place_is_not_remembered_at_the_old_one() {
    let layer = LayerBuilder::new()
        .dir("moved", 0o755)
        .file("moved/file", "")
        .file("moved/inner", "");
    let Some(ground) = ground(layer) else { return };
    for tracer in BOTH {
        let mut spec = ground.spec(&["/bin/inside", "moved", "/moved"]);
        // Made before anything is recorded, and not of the image, so that it can be renamed.
        spec.cwd = "/moved/dir/deep".to_owned();
        spec.tracer = tracer;
        let found = below(&ground.fine(&spec), "/moved");
        let files = found.iter().filter(|event| event.contains("file"));
        let files: Vec<&str> = files.map(String::as_str).collect();
        let expected = ["created file2", "read file2", "removed file"];
        assert_eq!(files, expected, "{tracer:?}");
    }
}

#[test]
fn processes_that_are_killed_in_a_call_do_not_disturb_the_others() {
    let layer = LayerBuilder::new()
        .dirs(["victims", "victims/dir"])
        .file("victims/file", "")
        .file("victims/dir/inner", "")
        .symlink("victims/way", "dir")
        .file("victims/last", "")
        .fifo("victims/pipe");
    let Some(ground) = ground(layer) else { return };
    for tracer in BOTH {
        let run = done(&ground, "victims", "/victims", tracer);
        let expected = set(&[
            "read file",
            "read dir/inner",
            "link way",
            "read last",
            "read pipe",
        ]);
        assert_eq!(below(&run, "/victims"), expected, "{tracer:?}");
    }
}
