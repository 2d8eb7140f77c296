//! So many files that a recorder which is slow, or forgets, would lose some.

use std::collections::HashSet;

use rslim::trace::{Kind, Run, Tracer};

use super::{Ground, ground};
use crate::fixtures::tar::LayerBuilder;

const FOLDERS: usize = 200;
const FILES: usize = 1000;

fn forest(folders: usize) -> Option<Ground> {
    let mut layer = LayerBuilder::new().dir("many", 0o755);
    for i in 0..folders {
        layer = layer.dir(format!("many/{i}"), 0o755);
        for j in 0..FILES {
            layer = layer.file(format!("many/{i}/{j}"), "");
        }
    }
    ground(layer)
}

/// Has so many threads open the files of so many folders.
fn opened(ground: &Ground, tracer: Tracer, folders: usize, threads: usize) -> Run {
    let numbers = [folders, FILES, threads].map(|number| number.to_string());
    let [folders, files, threads] = numbers.each_ref().map(String::as_str);
    let mut spec = ground.spec(&["/bin/paths", "many", "/many", folders, files, threads]);
    spec.tracer = tracer;
    ground.fine(&spec)
}

#[track_caller]
fn assert_all_read(run: &Run, folders: usize) {
    let read = run.events.iter().filter(|event| event.kind == Kind::Read);
    let read: HashSet<&[u8]> = read.map(|event| &event.path[..]).collect();
    let lost = (0..folders)
        .flat_map(|i| (0..FILES).map(move |j| format!("/many/{i}/{j}")))
        .filter(|path| !read.contains(path.as_bytes()))
        .count();
    assert_eq!(lost, 0, "of {} files", folders * FILES);
    let missed = run
        .events
        .iter()
        .filter(|event| event.kind == Kind::Missing);
    assert_eq!(missed.count(), 0);
}

#[test]
fn of_two_hundred_thousand_opened_files_none_is_lost_with_one_thread_or_eight() {
    let Some(ground) = forest(FOLDERS) else {
        return;
    };
    for threads in [1, 8] {
        let run = opened(&ground, Tracer::Seccomp, FOLDERS, threads);
        assert_all_read(&run, FOLDERS);
    }
}

#[test]
fn with_ptrace_none_of_twenty_thousand_is_lost() {
    // It is slower.
    let folders = FOLDERS / 10;
    let Some(ground) = forest(folders) else {
        return;
    };
    for threads in [1, 8] {
        let run = opened(&ground, Tracer::Ptrace, folders, threads);
        assert_all_read(&run, folders);
    }
}
