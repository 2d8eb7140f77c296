//! How programs end, are made to end, and how they reach each other.

use std::io::Read;
use std::time::Duration;

use rslim::trace::{Container, Status, Tracer};

use super::{Ground, ground, wait_for};
use crate::fixtures::tar::LayerBuilder;

/// A program that says when it is ready for signals.
fn ready(ground: &Ground, words: &[&str], stop_signal: i32, tracer: Tracer) -> Container {
    let mut spec = ground.spec(words);
    (spec.stop_signal, spec.tracer) = (stop_signal, tracer);
    let container = ground.start(&spec);
    wait_for("it is ready", || container.logs().stdout == b"ready\n");
    container
}

#[test]
fn a_program_ends_by_its_stop_signal_and_one_that_does_not_is_killed() {
    let Some(ground) = ground(LayerBuilder::new()) else {
        return;
    };
    for tracer in [Tracer::Seccomp, Tracer::Ptrace] {
        // QUIT, TERM, and RTMIN+3 as the kernel counts, which systemd knows.
        for signal in [3, 15, 37] {
            let words = ["/bin/inside", "only", &signal.to_string()];
            let container = ready(&ground, &words, signal, tracer);
            assert_eq!(container.main_status(), None);
            let run = container.stop(Duration::from_secs(60)).unwrap();
            assert_eq!(run.status, Status::Exited(7), "{signal} with {tracer:?}");
        }
        // Another signal than the one that it knows.
        let container = ready(&ground, &["/bin/inside", "only", "3"], 15, tracer);
        let run = container.stop(Duration::from_millis(200)).unwrap();
        assert_eq!(run.status, Status::Signalled(9), "{tracer:?}");
        let container = ready(&ground, &["/bin/inside", "deaf"], 15, tracer);
        let run = container.stop(Duration::from_millis(200)).unwrap();
        assert_eq!(run.status, Status::Signalled(9), "{tracer:?}");
    }
}

#[test]
fn processes_whose_parents_are_gone_are_collected() {
    let Some(ground) = ground(LayerBuilder::new()) else {
        return;
    };
    for tracer in [Tracer::Seccomp, Tracer::Ptrace] {
        let mut spec = ground.spec(&["/bin/inside", "orphans", "100"]);
        spec.tracer = tracer;
        ground.fine(&spec);
    }
}

#[test]
fn nothing_outside_is_reached() {
    let Some(ground) = ground(LayerBuilder::new()) else {
        return;
    };
    // An address that nobody has, and one that this machine may have.
    for address in ["192.0.2.1", "1.1.1.1"] {
        let run = ground.fine(&ground.spec(&["/bin/inside", "connect", address, "80"]));
        let said = String::from_utf8(run.logs.stdout).unwrap();
        assert_eq!(said, "Network is unreachable\nNetwork is unreachable\n");
    }
}

#[test]
fn two_containers_listen_on_the_same_port_and_each_answers_for_itself() {
    let Some(ground) = ground(LayerBuilder::new()) else {
        return;
    };
    let start = |word: &str| {
        let mut spec = ground.spec(&["/bin/inside", "listen", "80", word]);
        if ground.mapping == rslim::trace::Mapping::Root {
            // Any user may listen there.
            (spec.uid, spec.gid) = (33, 34);
        }
        ground.start(&spec)
    };
    let both = [start("one"), start("two")];
    for (container, word) in both.iter().zip(["one", "two"]) {
        wait_for("it listens", || container.listening().unwrap() == [80]);
        let mut answer = String::new();
        let mut connection = container.connect(80).unwrap();
        connection.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, word);
    }
}

#[test]
fn a_further_program_that_hangs_is_killed_and_the_first_goes_on() {
    let Some(ground) = ground(LayerBuilder::new()) else {
        return;
    };
    let spec = ground.spec(&["/bin/inside", "only", "15"]);
    let container = ground.start(&spec);
    let exec = spec.exec(vec!["/bin/inside".to_owned(), "deaf".to_owned()]);
    let finished = container.exec(&exec, Duration::from_millis(300)).unwrap();
    assert!(finished.timed_out);
    assert_eq!(finished.status, Status::Signalled(9));
    let words = ["/bin/inside", "open", "/etc/passwd"];
    let exec = spec.exec(words.map(str::to_owned).to_vec());
    let finished = container.exec(&exec, Duration::from_secs(60)).unwrap();
    assert_eq!(finished.status, Status::Exited(0));
    assert_eq!(container.main_status(), None);
    let run = container.stop(Duration::from_secs(60)).unwrap();
    assert_eq!(run.status, Status::Exited(7));
    let read = run.events.iter().find(|event| event.path == b"/etc/passwd");
    assert_eq!(
        read.unwrap().process,
        2,
        "the second of the further programs"
    );
}
