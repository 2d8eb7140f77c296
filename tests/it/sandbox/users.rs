//! Ordinary users get what root gets.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use rslim::trace::Mapping;

use super::{Stage, left_out, processes_with, staged};
use crate::fixtures::tar::{Entry, LayerBuilder};
use crate::program::{Ran, ran};

/// The user that is used, and its number of both kinds.
const NOBODY: u32 = 65534;

/// Files of several users, some of which only their owner may read.
fn image() -> Option<Stage> {
    let mut layer = LayerBuilder::new()
        .dirs(["usr", "usr/share"])
        .entry(Entry::dir("usr/share/own").mode(0o750).owner(33, 34));
    for name in ["one", "two", "three"] {
        layer = layer.file(format!("usr/share/{name}"), name).entry(
            Entry::file(format!("usr/share/own/{name}"), name)
                .mode(0o600)
                .owner(33, 34),
        );
    }
    let layer = layer
        .symlink("usr/share/way", "own")
        .entry(Entry::dir("usr/share/closed").mode(0o000).owner(7, 7))
        .entry(
            Entry::file("usr/share/closed/file", "")
                .mode(0o400)
                .owner(7, 7),
        );
    staged(layer, |image| {
        image.cmd(&["only", "15"]).run_field("User", "web".into())
    })
}

/// The command, in a namespace of mounts where the files of subordinate numbers are these.
fn as_nobody(stage: &Stage, numbers: &str, own: &Path, words: &[&str]) -> Ran {
    let file = own.join("numbers");
    fs::write(&file, numbers).unwrap();
    let [home, temporary] = ["home", "tmp"].map(|name| own.join(name));
    for folder in [&home, &temporary] {
        fs::create_dir(folder).unwrap();
        chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let script = "for file in /etc/subuid /etc/subgid; do mount --bind \"$0\" $file || exit 9; done
        exec setpriv --reuid 65534 --regid 65534 --clear-groups -- \"$@\"";
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", script])
        .arg(&file)
        .arg(stage.lab.path("rslim"))
        .args(words)
        .env("HOME", &home)
        .env("TMPDIR", &temporary)
        .env("RSLIM_CACHE_DIR", own.join("cache"))
        .current_dir(own)
        .output();
    let ran = ran(output.unwrap());
    for folder in [home, temporary] {
        let left: Vec<_> = fs::read_dir(folder).unwrap().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
    ran
}

#[test]
fn users_with_and_without_subordinate_numbers_get_what_root_gets() {
    let Some(stage) = image() else { return };
    if Mapping::detect((0, 0)).unwrap() != Mapping::Root {
        eprintln!("left out: only root can be everybody");
        return;
    }
    for program in ["newuidmap", "setpriv", "unshare"] {
        if Command::new(program).arg("--help").output().is_err() {
            return left_out(&format!("{program} is not here"));
        }
    }
    if !["/etc/subuid", "/etc/subgid"]
        .iter()
        .all(|file| Path::new(file).exists())
    {
        return left_out("there are no files of subordinate numbers");
    }
    fs::set_permissions(stage.lab.path("."), PermissionsExt::from_mode(0o755)).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_rslim"), stage.lab.path("rslim")).unwrap();
    let words = [
        "--probe-exec",
        "/bin/inside open /usr/share/one /usr/share/way/two",
        "--probe-exec",
        "/bin/inside stat /usr/share/two /usr/share/own",
    ];
    let small = stage.lab.path("small.tar");
    let ran = stage.slim(&words);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let expected = fs::read(&small).unwrap();
    let tree = crate::slim::tree(&small);
    assert!(tree.contains_key("usr/share/two") && !tree.contains_key("usr/share/three"));
    assert!(tree.contains_key("usr/share/own/two") && !tree.contains_key("usr/share/own/three"));
    for tracer in ["seccomp", "ptrace"] {
        for (who, numbers) in [("none", ""), ("some", "nobody:100000:65536\n")] {
            let own = stage.lab.path(&format!("{who}-{tracer}"));
            fs::create_dir(&own).unwrap();
            chown(&own, Some(NOBODY), Some(NOBODY)).unwrap();
            let out = own.join("small.tar");
            let all = [
                "slim",
                stage.lab.image(),
                "--tier",
                "file",
                "--tracer",
                tracer,
            ];
            let all = [&all[..], &["-o", out.to_str().unwrap()], &words].concat();
            let ran = as_nobody(&stage, numbers, &own, &all);
            assert_eq!(ran.code, Some(0), "{who}, {tracer}: {}", ran.err);
            assert!(
                fs::read(&out).unwrap() == expected,
                "{who}, {tracer}: another result"
            );
            let kept = fs::read_dir(own.join("cache/trees")).unwrap().flatten();
            let kept: Vec<String> = kept
                .map(|entry| entry.file_name().into_string().unwrap())
                .collect();
            let mapping = match who {
                "none" => "-single-65534",
                _ => "-ranges-65534-100000-65536-100000-65536",
            };
            assert!(kept.iter().any(|name| name.ends_with(mapping)), "{kept:?}");
            assert_eq!(kept.len(), 2, "the tree and its lock: {kept:?}");
            let mut left: Vec<_> = fs::read_dir(&own).unwrap().flatten().collect();
            left.retain(|entry| {
                !["cache", "home", "tmp", "numbers", "small.tar"]
                    .contains(&entry.file_name().to_str().unwrap())
            });
            assert!(left.is_empty(), "{left:?}");
            let running = processes_with(own.to_str().unwrap());
            assert!(running.is_empty(), "{running:?}");
            let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
            assert!(!mounts.contains(own.to_str().unwrap()), "{mounts}");
            // What belongs to users that only a namespace has can be removed as well.
            let again = stage.lab.path(&format!("{who}-{tracer}-again"));
            fs::rename(&own, &again).unwrap();
            for name in ["home", "tmp"] {
                fs::remove_dir(again.join(name)).unwrap();
            }
            let ran = as_nobody(&stage, numbers, &again, &["cache", "prune"]);
            assert_eq!(ran.code, Some(0), "{who}: {}", ran.err);
            assert_eq!(
                fs::read_dir(again.join("cache/trees")).unwrap().count(),
                0,
                "{who}"
            );
        }
    }
}
