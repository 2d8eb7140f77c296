//! The tier that keeps what runs used, and nothing else that could be needed.

use std::fs;

use super::Lab;
use crate::fixtures::elf::Elf;
use crate::fixtures::showcase::service;
use crate::fixtures::tar::{Entry, LayerBuilder};

/// A file of evidence.
fn evidence(lab: &Lab, used: &[(&str, &str)]) -> String {
    let paths: Vec<_> = used
        .iter()
        .map(|(path, how)| serde_json::json!({"path": path, "use": [how]}))
        .collect();
    let text = serde_json::json!({
        "schema_version": 1, "images": [], "probes": [], "paths": paths
    });
    let file = lab.path("evidence.json");
    fs::write(&file, text.to_string()).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn what_no_run_used_goes_with_its_packages() {
    let lab = Lab::new(&service());
    let used = [
        ("/usr/local/bin/entry.sh", "exec"),
        ("/bin", "followed"),
        ("/usr/bin/grep", "exec"),
        ("/etc/tls/tls.cnf", "read"),
    ];
    let file = evidence(&lab, &used);
    let tree = lab.slimmed(&["--tier", "used", "--evidence", &file]);
    for path in [
        // What the configuration names, with its interpreter and its libraries.
        "usr/local/bin/entry.sh",
        "usr/bin/sh",
        "usr/bin/dash",
        "srv/app/server",
        "usr/lib/x86_64-linux-gnu/libtls.so.3",
        "usr/lib/x86_64-linux-gnu/libtls.so.3.1",
        "usr/lib64/ld-linux-x86-64.so.2",
        "bin",
        // What was used, and the licence of the package that it is of.
        "usr/bin/grep",
        "etc/tls/tls.cnf",
        "usr/share/doc/grep/copyright",
        // Users and system, and places to write to.
        "etc/passwd",
        "usr/lib/os-release",
        "tmp",
        "srv/app/cache",
    ] {
        assert!(tree.contains_key(path), "{path} is gone");
    }
    for path in [
        // Scripts, settings and constants name these, but no run came there.
        "etc/default/service",
        "usr/bin/spool",
        "usr/lib/tls/legacy.so",
        // Of no package.
        "srv/app/data.bin",
        // The other name of what was used.
        "usr/bin/egrep",
    ] {
        assert!(!tree.contains_key(path), "{path} stays");
    }
    let file_tier = lab.slimmed(&["--tier", "file", "--evidence", &file]);
    let more = |path: &&String| !file_tier.contains_key(*path);
    assert_eq!(tree.keys().find(more), None, "tier file keeps all of it");
}

#[test]
fn packages_are_listed_that_something_stays_of() {
    let lab = Lab::new(&service());
    let used = [("/usr/bin/grep", "exec"), ("/etc/tls/tls.cnf", "read")];
    let file = evidence(&lab, &used);
    let report = lab.path("report.json");
    lab.slimmed(&[
        "--tier",
        "used",
        "--evidence",
        &file,
        "--report",
        report.to_str().unwrap(),
    ]);
    let report: serde_json::Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    let kept: Vec<&str> = report["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| package["kept"] == true)
        .map(|package| package["name"].as_str().unwrap())
        .collect();
    assert_eq!(kept, ["base-files", "libc6", "libtls3", "dash", "grep"]);
}

#[test]
fn packages_of_python_and_node_say_who_they_are() {
    let site = "usr/lib/python3.11/site-packages";
    let layer = LayerBuilder::new()
        .dirs(["usr/lib/python3.11", site])
        .file(
            format!("{site}/thing-1.0.dist-info/METADATA"),
            "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
        )
        .file(
            format!("{site}/thing-1.0.dist-info/RECORD"),
            "thing/__init__.py,,\nthing/other.py,,\nthing-1.0.dist-info/METADATA,,\n\
             thing-1.0.dist-info/LICENSE,,\nthing-1.0.dist-info/RECORD,,\n",
        )
        .file(format!("{site}/thing-1.0.dist-info/LICENSE"), "Free.\n")
        .file(format!("{site}/thing/__init__.py"), "")
        .file(format!("{site}/thing/other.py"), "")
        .file(
            "srv/app/node_modules/part/package.json",
            r#"{"name":"part","version":"2.0.0"}"#,
        )
        .file("srv/app/node_modules/part/index.js", "1\n")
        .file("srv/app/node_modules/part/other.js", "2\n")
        .file("srv/app/node_modules/part/license.md", "Free.\n");
    let lab = Lab::new(&service().layer(layer.finish(), "COPY . /"));
    let used = [
        (&*format!("/{site}/thing/__init__.py"), "read"),
        ("/srv/app/node_modules/part/index.js", "read"),
    ];
    let file = evidence(&lab, &used);
    let tree = lab.slimmed(&["--tier", "used", "--evidence", &file]);
    for (path, stays) in [
        (&*format!("{site}/thing/__init__.py"), true),
        (&format!("{site}/thing/other.py"), false),
        (&format!("{site}/thing-1.0.dist-info/METADATA"), true),
        (&format!("{site}/thing-1.0.dist-info/LICENSE"), true),
        (&format!("{site}/thing-1.0.dist-info/RECORD"), false),
        ("srv/app/node_modules/part/package.json", true),
        ("srv/app/node_modules/part/license.md", true),
        ("srv/app/node_modules/part/index.js", true),
        ("srv/app/node_modules/part/other.js", false),
    ] {
        assert_eq!(tree.contains_key(path), stays, "{path}");
    }
}

#[test]
fn what_is_named_stays_with_what_loads_it() {
    let layer = LayerBuilder::new()
        .entry(
            Entry::file(
                "srv/app/plugins/one.so",
                Elf::library("one.so").needs("libextra.so.1").bytes(),
            )
            .mode(0o755),
        )
        .file("srv/app/plugins/one.txt", "see /usr/bin/tool\n");
    let lab = Lab::new(&service().layer(layer.finish(), "COPY plugins /srv/app/plugins"));
    let file = evidence(&lab, &[("/usr/bin/grep", "exec")]);
    let words = ["--tier", "used", "--evidence", &file];
    let preserve = ["--preserve", "srv/app/plugins", "--include-bin", "su"];
    let tree = lab.slimmed(&[&words[..], &preserve].concat());
    for path in [
        "srv/app/plugins/one.so",
        "usr/lib/x86_64-linux-gnu/libextra.so.1",
        "srv/app/plugins/one.txt",
        "usr/bin/su",
    ] {
        assert!(tree.contains_key(path), "{path} is gone");
    }
    assert!(!tree.contains_key("usr/bin/tool"), "nothing follows texts");
    let said = lab.why(&[&["/srv/app/data.bin"], &words[..]].concat());
    assert!(
        said.out.contains("no run of the image used it"),
        "{}",
        said.out
    );
}

#[test]
fn without_anything_that_was_used_there_is_nothing_to_go_by() {
    let lab = Lab::new(&service());
    for ran in [
        lab.slim(&["--tier", "used"]),
        lab.why(&["/usr/bin/grep", "--tier", "used"]),
    ] {
        assert_eq!(ran.code, Some(2), "{}", ran.out);
        for said in ["keeps what runs of the image used", "--probe-http /"] {
            assert!(ran.err.contains(said), "{}", ran.err);
        }
    }
    assert!(!lab.path("small.tar").exists());
}

#[test]
fn a_script_that_was_read_and_not_run_stays_without_its_interpreter() {
    let lab = Lab::new(&service());
    let script = "/usr/bin/tool-report";
    for (how, tier) in [
        ("read", "used"),
        ("looked", "used"),
        ("read", "file"),
        ("looked", "file"),
    ] {
        let file = evidence(&lab, &[(script, how)]);
        let tree = lab.slimmed(&["--tier", tier, "--evidence", &file]);
        assert!(
            tree.contains_key("usr/bin/tool-report"),
            "{how} at tier {tier}"
        );
        assert!(
            !tree.contains_key("usr/bin/perl"),
            "{how} at tier {tier}: nothing runs it"
        );
    }
    let file = evidence(&lab, &[(script, "exec")]);
    let tree = lab.slimmed(&["--tier", "used", "--evidence", &file]);
    assert!(tree.contains_key("usr/bin/perl"), "a run ran it");
}

#[test]
fn links_to_directories_that_stay_empty_stay() {
    let layer = LayerBuilder::new()
        .symlink("var/run", "/run")
        .file("run/left.lock", "of the build\n");
    let lab = Lab::new(&service().layer(layer.finish(), "RUN make"));
    let file = evidence(&lab, &[("/usr/bin/grep", "exec")]);
    let tree = lab.slimmed(&["--tier", "used", "--evidence", &file]);
    assert!(tree.contains_key("run") && tree.contains_key("var/run"));
    assert!(!tree.contains_key("run/left.lock"));
}
