//! What stays at each tier, and what users can say about it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Lab;
use crate::fixtures::elf::Elf;
use crate::fixtures::showcase::service;
use crate::fixtures::tar::{Entry, LayerBuilder};

fn files(tree: &BTreeMap<String, Value>) -> BTreeSet<&str> {
    let files = tree.iter().filter(|(_, path)| path["type"] != "directory");
    files.map(|(path, _)| path.as_str()).collect()
}

#[test]
fn what_the_entry_point_reaches_stays_and_packages_go_whole() {
    let lab = Lab::new(&service());
    let tree = lab.slimmed(&[]);
    for path in [
        // The script, what it reads and runs, and what it was told to run.
        "usr/local/bin/entry.sh",
        "etc/default/service",
        "etc/service.conf",
        "usr/bin/sh",
        "usr/bin/dash",
        "usr/bin/grep",
        "usr/bin/spool",
        "srv/app/server",
        // Libraries by their links, the loader by its link and its folder's.
        "usr/lib/x86_64-linux-gnu/libtls.so.3",
        "usr/lib/x86_64-linux-gnu/libtls.so.3.1",
        "usr/lib/x86_64-linux-gnu/libc.so.6",
        "usr/lib64/ld-linux-x86-64.so.2",
        "lib64",
        // Named by a library, and by the settings that it names.
        "etc/tls/tls.cnf",
        "usr/lib/tls/legacy.so",
        // A part of a package whose other name is run.
        "usr/bin/egrep",
        // Users, and which system this is.
        "etc/passwd",
        "etc/os-release",
        "usr/lib/os-release",
        // Of no package.
        "srv/app/data.bin",
    ] {
        assert!(tree.contains_key(path), "{path} is gone");
    }
    for path in [
        "usr/bin/tool",
        "usr/bin/tool-report",
        "usr/bin/legacy-tool",
        "usr/bin/su",
        "usr/bin/perl",
        // Only the installation of libtls3 needs it.
        "usr/sbin/debconf",
        // Came with a package that stays, but nothing runs it and perl is gone.
        "usr/bin/spool-clean",
        "usr/lib/x86_64-linux-gnu/libextra.so.1",
        "usr/include/stdio.h",
        "usr/share/doc/libc6/README",
        "usr/share/man/man1/dash.1",
        "usr/share/locale/de/LC_MESSAGES/tls.mo",
        "var/cache/apt/archives/tool_1.0-1_amd64.deb",
        "var/lib/dpkg/status-old",
        "root/.cache/pip/http/1f",
    ] {
        assert!(!tree.contains_key(path), "{path} stays");
    }
}

#[test]
fn each_tier_leaves_less_than_the_one_before() {
    let lab = Lab::new(&service());
    let safe = lab.slimmed(&["--tier", "safe"]);
    let package = lab.slimmed(&["--tier", "package"]);
    let file = lab.slimmed(&["--tier", "file"]);
    let (safe, package, file) = (files(&safe), files(&package), files(&file));
    assert!(package.is_subset(&safe) && file.is_subset(&package));
    assert!(safe.contains("usr/bin/tool") && safe.contains("usr/bin/su"));
    assert!(!safe.contains("usr/include/stdio.h") && !safe.contains("usr/share/man/man1/dash.1"));
    assert!(package.contains("usr/bin/egrep") && !file.contains("usr/bin/egrep"));
    assert!(file.contains("usr/lib/tls/legacy.so") && file.contains("usr/bin/grep"));
}

#[test]
fn translations_stay_for_the_languages_of_the_environment() {
    let lab = Lab::new(&service().env(&["PATH=/usr/local/bin:/usr/bin", "LANG=de_AT.UTF-8"]));
    let tree = lab.slimmed(&[]);
    assert!(tree.contains_key("usr/share/locale/de/LC_MESSAGES/tls.mo"));
}

#[test]
fn a_compiler_that_stays_keeps_headers() {
    let lab = Lab::new(&service());
    let tree = lab.slimmed(&["--tier", "safe"]);
    assert!(!tree.contains_key("usr/include/stdio.h"));
    let image = service().run_field("Env", serde_json::json!(["PATH=/usr/bin:/srv/tools"]));
    let layer = crate::fixtures::tar::LayerBuilder::new()
        .dirs(["srv/tools"])
        .file("srv/tools/cc", crate::fixtures::elf::Elf::program().bytes())
        .finish();
    let lab = Lab::new(&image.layer(layer, "COPY cc /srv/tools/cc"));
    let tree = lab.slimmed(&["--tier", "safe"]);
    assert!(tree.contains_key("usr/include/stdio.h"));
}

#[test]
fn patterns_keep_and_take_back() {
    let lab = Lab::new(&service());
    let list = lab.path("keep.txt");
    std::fs::write(&list, "# for looking around\nusr/bin/*\n!usr/bin/su\n").unwrap();
    let tree = lab.slimmed(&["--preserve-file", list.to_str().unwrap()]);
    assert!(tree.contains_key("usr/bin/tool") && !tree.contains_key("usr/bin/su"));
    // What is kept has what it needs.
    assert!(tree.contains_key("usr/lib/x86_64-linux-gnu/libextra.so.1"));
    let tree = lab.slimmed(&["--preserve", "usr/share/doc/libc6/**"]);
    assert!(tree.contains_key("usr/share/doc/libc6/README"));
    assert!(!tree.contains_key("usr/share/doc/dash/README"));
    let tree = lab.slimmed(&["--exclude", "srv/app/data.bin"]);
    assert!(!tree.contains_key("srv/app/data.bin"));
}

#[test]
fn labels_and_settings_keep_too() {
    let lab = Lab::new(&service().label("rslim.preserve", "usr/bin/su, usr/share/man"));
    let tree = lab.slimmed(&[]);
    assert!(tree.contains_key("usr/bin/su"));
    assert!(tree.contains_key("usr/share/man/man1/dash.1"));
    let settings = lab.path("settings.toml");
    std::fs::write(
        &settings,
        "[lint]\nignore = []\n[slim]\ntier = \"file\"\ninclude-bin = [\"tool\"]\n",
    )
    .unwrap();
    let lab = Lab::new(&service());
    let tree = lab.slimmed(&["--config", settings.to_str().unwrap()]);
    assert!(tree.contains_key("usr/bin/tool") && !tree.contains_key("usr/bin/egrep"));
}

#[test]
fn programs_can_be_included_with_what_they_need() {
    let lab = Lab::new(&service());
    let tree = lab.slimmed(&["--include-bin", "tool"]);
    assert!(tree.contains_key("usr/bin/tool"));
    assert!(tree.contains_key("usr/lib/x86_64-linux-gnu/libextra.so.1"));
    // Its package depends on it, and then its scripts can run as well.
    assert!(tree.contains_key("usr/bin/perl") && tree.contains_key("usr/bin/tool-report"));
    let tree = lab.slimmed(&["--tier", "file", "--include-shell"]);
    assert!(tree.contains_key("usr/bin/sh"));
}

#[test]
fn a_size_is_reached_tier_by_tier_or_refused() {
    let lab = Lab::new(&service());
    let ran = lab.slim(&["--target-size", "100MB", "-f", "json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["tier"], "safe");
    let ran = lab.slim(&["--target-size", "5500", "-f", "json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["tier"], "package", "{}", ran.err);
    std::fs::remove_file(lab.path("small.tar")).unwrap();
    let ran = lab.slim(&["--target-size", "10"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("no tier leaves 10 bytes"), "{}", ran.err);
    assert!(!lab.path("small.tar").exists());
}

#[test]
fn what_is_excluded_leads_nowhere() {
    let lab = Lab::new(&service());
    let named = "usr/lib/tls/legacy.so";
    assert!(lab.slimmed(&["--tier", "file"]).contains_key(named));
    let tree = lab.slimmed(&["--tier", "file", "--exclude", "etc/tls/tls.cnf"]);
    assert!(!tree.contains_key(named), "its name is in what is gone");
}

#[test]
fn a_program_that_runs_only_looked_at_is_there_and_leads_nowhere() {
    let program = Elf::program()
        .needs("libc.so.6")
        .has("/usr/share/only/named");
    let layer = LayerBuilder::new()
        .entry(Entry::file("usr/bin/looked", program.bytes()).mode(0o755))
        .dir("usr/share/only", 0o755)
        .file("usr/share/only/named", "1");
    let lab = Lab::new(&service().layer(layer.finish(), "COPY looked /"));
    let evidence = lab.path("evidence.json");
    for (how, leads) in [("looked", false), ("exec", true)] {
        let text = format!(
            "{{\"schema_version\":1,\"images\":[],\"probes\":[],\
             \"paths\":[{{\"path\":\"/usr/bin/looked\",\"use\":[\"{how}\"]}}]}}"
        );
        std::fs::write(&evidence, text).unwrap();
        let words = ["--tier", "file", "--evidence", evidence.to_str().unwrap()];
        let tree = lab.slimmed(&words);
        assert!(tree.contains_key("usr/bin/looked"), "{how}");
        assert_eq!(tree.contains_key("usr/share/only/named"), leads, "{how}");
    }
}

#[test]
fn programs_that_the_application_starts_by_name_stay() {
    let sources = [
        ("jobs.py", "subprocess.run(['tool', 'x'])\n"),
        ("jobs.js", "exec(`true; tool --x | cat`, done)\n"),
    ];
    for (name, text) in sources {
        let layer = LayerBuilder::new().file(format!("srv/app/{name}"), text);
        let lab = Lab::new(&service().layer(layer.finish(), "COPY . /srv/app"));
        let tree = lab.slimmed(&["--tier", "file"]);
        for path in ["usr/bin/tool", "usr/lib/x86_64-linux-gnu/libextra.so.1"] {
            assert!(tree.contains_key(path), "{name}: {path} is gone");
        }
        assert!(!tree.contains_key("usr/bin/tool-report"), "{name}");
    }
}
