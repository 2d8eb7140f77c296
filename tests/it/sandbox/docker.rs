//! What a program finds in its container is what it finds in one of Docker's.

use std::collections::BTreeMap;

use rslim::trace::{Mapping, Spec, Tracer};

use super::{Ground, ground};
use crate::fixtures::tar::{Entry, LayerBuilder};

fn said(ground: &Ground, spec: &Spec) -> String {
    String::from_utf8(ground.fine(spec).logs.stdout).unwrap()
}

/// What the program says of each path.
fn of_paths(ground: &Ground, what: &str, paths: &[&str]) -> BTreeMap<String, String> {
    let words = [&["/bin/inside", what], paths].concat();
    let said = said(ground, &ground.spec(&words));
    let lines = said.lines().map(|line| {
        let (path, rest) = line.split_once(' ').unwrap();
        (path.to_owned(), rest.trim_end().to_owned())
    });
    lines.collect()
}

/// The lines of `inside tell`, by what is in front of the tab.
fn told(ground: &Ground, spec: &Spec) -> (BTreeMap<String, String>, Vec<String>) {
    let said = said(ground, spec);
    let (facts, variables): (Vec<_>, Vec<_>) = said.lines().partition(|line| line.contains('\t'));
    let facts = facts.iter().map(|line| {
        let (name, value) = line.split_once('\t').unwrap();
        (
            name.trim_end_matches(':').to_owned(),
            value.trim().to_owned(),
        )
    });
    let variables = variables.into_iter().map(str::to_owned);
    (facts.collect(), variables.collect())
}

#[test]
fn the_usual_devices_and_links_are_there_and_work() {
    let Some(ground) = ground(LayerBuilder::new()) else {
        return;
    };
    let devices = [
        ("null", "1:3"),
        ("zero", "1:5"),
        ("full", "1:7"),
        ("random", "1:8"),
    ];
    let devices = devices
        .into_iter()
        .chain([("urandom", "1:9"), ("tty", "5:0")]);
    let links = [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ];
    let mut expected = BTreeMap::new();
    // Where devices cannot be made, those of the machine are there, with its owner and modes.
    let own = ground.mapping == Mapping::Root;
    for (name, numbers) in devices {
        let is = format!("20666 0:0 {numbers}");
        expected.insert(format!("/dev/{name}"), is);
    }
    for (name, to) in links {
        expected.insert(format!("/dev/{name}"), format!("120777 0:0 0:0 {to}"));
    }
    expected.insert("/dev/shm".to_owned(), "41777 0:0 0:0".to_owned());
    expected.insert("/dev/pts".to_owned(), "40755 0:0 0:0".to_owned());
    let names: Vec<&str> = expected.keys().map(String::as_str).collect();
    let found = of_paths(&ground, "stat", &names);
    if own {
        assert_eq!(found, expected);
    }
    let read = of_paths(
        &ground,
        "read",
        &[
            "/dev/null",
            "/dev/zero",
            "/dev/full",
            "/dev/urandom",
            "/dev/stdin",
            "/dev/fd/0",
        ],
    );
    let counts: Vec<&str> = read.values().map(String::as_str).collect();
    // fd/0, full, null, stdin, urandom, zero: standard input is empty.
    assert_eq!(
        counts,
        ["ok 0", "ok 4096", "ok 0", "ok 0", "ok 4096", "ok 4096"]
    );
    let written = of_paths(
        &ground,
        "write",
        &[
            "/dev/null",
            "/dev/full",
            "/dev/shm/new",
            "/dev/ptmx",
            "/dev/pts/ptmx",
        ],
    );
    let answers: Vec<&str> = written.values().map(String::as_str).collect();
    assert_eq!(
        answers,
        ["No space left on device", "ok 1", "ok 1", "ok 1", "ok 1"]
    );
}

#[test]
fn what_docker_hides_of_proc_and_sys_is_hidden_and_the_rest_cannot_be_written() {
    let Some(ground) = ground(LayerBuilder::new()) else {
        return;
    };
    let hidden = [
        "/proc/kcore",
        "/proc/keys",
        "/proc/timer_list",
        "/proc/sched_debug",
        "/proc/latency_stats",
        "/proc/interrupts",
    ];
    for (path, answer) in of_paths(&ground, "read", &hidden) {
        let is = ["ok 0", "No such file or directory"].contains(&answer.as_str());
        assert!(is, "{path}: {answer}");
    }
    for folder in ["/proc/acpi", "/proc/scsi", "/sys/firmware"] {
        let answer = &of_paths(&ground, "read", &[folder])[folder];
        let is = ["Is a directory", "No such file or directory"].contains(&answer.as_str());
        assert!(is, "{folder}: {answer}");
    }
    let sealed = [
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/vm/drop_caches",
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/sysrq-trigger",
        "/proc/irq/default_smp_affinity",
        "/proc/bus/new",
        "/sys/kernel/mm/transparent_hugepage/enabled",
        "/sys/power/state",
        "/sys/new",
    ];
    for (path, answer) in of_paths(&ground, "write", &sealed) {
        assert!(!answer.starts_with("ok"), "{path} can be written: {answer}");
    }
    let core = &of_paths(&ground, "write", &sealed)["/proc/sys/kernel/core_pattern"];
    // What an ordinary user would not be allowed anyhow is refused for that.
    if ground.mapping == Mapping::Root {
        assert_eq!(core, "Read-only file system");
    }
    let own = [
        "/proc/self/status",
        "/proc/sys/kernel/hostname",
        "/proc/1/comm",
        "/proc/mounts",
    ];
    for (path, answer) in of_paths(&ground, "read", &own) {
        assert!(
            answer.starts_with("ok ") && answer != "ok 0",
            "{path}: {answer}"
        );
    }
}

#[test]
fn the_machine_has_a_name_and_files_that_say_so_and_they_can_be_written() {
    let layer = LayerBuilder::new().file("etc/hosts", "of the image\n");
    let Some(ground) = ground(layer) else { return };
    let files = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];
    let found = of_paths(&ground, "read", &files);
    assert_eq!(
        found["/etc/hostname"], "ok 7",
        "the name and the end of the line"
    );
    for (path, answer) in found {
        assert!(
            answer.starts_with("ok ") && answer != "ok 0",
            "{path}: {answer}"
        );
    }
    for (path, answer) in of_paths(&ground, "write", &files) {
        assert_eq!(answer, "ok 1", "{path}");
    }
    for (path, is) in of_paths(&ground, "stat", &files) {
        assert_eq!(is, "100644 0:0 0:0", "{path}");
    }
    let own = std::fs::read_to_string(ground.root.join("etc/hosts")).unwrap();
    assert_eq!(own, "of the image\n");
}

/// Docker's capabilities, of which `MKNOD` is not given.
const CAPABILITIES: u64 = 0xa804_25fb & !(1 << 27);

#[test]
fn a_program_has_the_rights_groups_limits_and_variables_of_one_in_docker() {
    let Some(ground) = ground(LayerBuilder::new().dir("srv", 0o755)) else {
        return;
    };
    for tracer in [Tracer::Seccomp, Tracer::Ptrace, Tracer::None] {
        let mut spec = ground.spec(&["/bin/inside", "tell"]);
        spec.tracer = tracer;
        spec.env = vec!["OWN=value".to_owned()];
        spec.cwd = "/srv/new".to_owned();
        let (root, variables) = told(&ground, &spec);
        let has = |facts: &BTreeMap<String, String>, name: &str| {
            u64::from_str_radix(&facts[name], 16).unwrap()
        };
        for set in ["CapEff", "CapPrm", "CapBnd"] {
            assert_eq!(has(&root, set), CAPABILITIES, "{set}");
        }
        for set in ["CapInh", "CapAmb"] {
            assert_eq!(has(&root, set), 0, "{set}");
        }
        // Programs that change the user must be able to.
        assert_eq!(root["NoNewPrivs"], "0");
        assert_eq!(root["umask"], "022");
        assert_eq!(root["folder"], "/srv/new");
        assert_eq!(root["machine"], "inside");
        let mut look = ground.spec(&["/bin/inside", "stat", "/srv/new"]);
        look.cwd.clone_from(&spec.cwd);
        assert_eq!(said(&ground, &look), "/srv/new 40755 0:0 0:0 \n");
        let files: u64 = root["files"].parse().unwrap();
        assert!((1024..=1 << 20).contains(&files), "{files}");
        let mut variables = variables;
        variables.sort();
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        assert_eq!(
            variables,
            ["HOME=/root", "HOSTNAME=inside", "OWN=value", path]
        );
        if matches!(ground.mapping, Mapping::Single { .. }) {
            continue;
        }
        (spec.uid, spec.gid, spec.groups) = (33, 34, vec![34, 40, 41]);
        let (web, variables) = told(&ground, &spec);
        assert_eq!(web["Uid"], "33\t33\t33\t33");
        assert_eq!(web["Gid"], "34\t34\t34\t34");
        assert_eq!(web["Groups"], "34 40 41");
        for set in ["CapEff", "CapPrm", "CapInh", "CapAmb"] {
            assert_eq!(has(&web, set), 0, "{set}");
        }
        assert_eq!(has(&web, "CapBnd"), CAPABILITIES);
        assert!(variables.contains(&"HOME=/srv".to_owned()), "{variables:?}");
    }
}

#[test]
fn a_volume_has_what_the_image_has_and_keeps_what_is_written_to_itself() {
    let layer = LayerBuilder::new()
        .entry(Entry::dir("data").mode(0o2750).owner(33, 34))
        .entry(Entry::dir("data/sub").mode(0o700).owner(33, 34))
        .entry(
            Entry::file("data/sub/file", "contents")
                .mode(0o640)
                .owner(33, 34),
        )
        .symlink("data/link", "sub/file")
        .fifo("data/pipe");
    let Some(ground) = ground(layer) else { return };
    let volumes = ["/data".to_owned(), "/made/here".to_owned()];
    let with_volumes = |words: &[&str]| {
        let mut spec = ground.spec(words);
        spec.volumes = volumes.to_vec();
        said(&ground, &spec)
    };
    let owner = match ground.mapping {
        Mapping::Single { .. } => "0:0",
        _ => "33:34",
    };
    let names = [
        "/data",
        "/data/sub",
        "/data/sub/file",
        "/data/link",
        "/made/here",
    ];
    let said = with_volumes(&[&["/bin/inside", "stat"], &names[..]].concat());
    let expected = format!(
        "/data 42750 {owner} 0:0 \n/data/sub 40700 {owner} 0:0 \n/data/sub/file 100640 {owner} 0:0 \n/data/link 120777 0:0 0:0 sub/file\n/made/here 40755 0:0 0:0 \n"
    );
    assert_eq!(said, expected);
    let said = with_volumes(&["/bin/inside", "read", "/data/link"]);
    assert_eq!(said, "/data/link ok 8\n");
    let paths = ["/data/sub/file", "/data/new", "/made/here/new"];
    let said = with_volumes(&[&["/bin/inside", "write"], &paths[..]].concat());
    assert_eq!(
        said,
        "/data/sub/file ok 1\n/data/new ok 1\n/made/here/new ok 1\n"
    );
    let kept = ground.root.join("data/sub/file");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "contents");
    assert!(!ground.root.join("data/new").exists() && !ground.root.join("made").exists());
}
