//! Files, settings and `.dockerignore`s that cannot be read or make no sense:
//! a message that names the file, and the other files are linted.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::lint_hostile::{FORMATS, FROM, lint, parsed, written};

/// One line each, and the others are linted all the same.
#[cfg(unix)]
#[test]
fn what_cannot_be_read_stops_nothing_else() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let good = written(dir.path(), "Dockerfile", format!("{FROM}RUN sudo x\n"));
    symlink(at("loop"), at("loop")).unwrap();
    symlink(at("nothing"), at("dangling")).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(at("fifo"))
            .status()
            .unwrap()
            .success()
    );
    let secret = written(dir.path(), "secret", "FROM a");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o0)).unwrap();
    let readable = fs::read(&secret).is_ok();
    let mut bad = vec![at("loop"), at("dangling"), at("fifo"), at("absent")];
    if !readable {
        bad.push(secret);
    }
    for format in FORMATS {
        let mut words = vec!["--no-config".into(), "-f".into(), format.into()];
        words.extend(
            bad.iter()
                .cloned()
                .chain([good.clone()])
                .map(PathBuf::into_os_string),
        );
        let ran = lint("unreadable", &words);
        assert_eq!(ran.code, Some(2), "{format}: {}", ran.err);
        parsed("unreadable", format, &ran);
        assert!(ran.out.contains("DL3004"), "{format}: {}", ran.out);
        for path in &bad {
            let name = path.file_name().unwrap().to_str().unwrap();
            let told = format!("{}{}", ran.out, ran.err);
            let lines = told
                .lines()
                .filter(|line| line.contains(&format!("/{name}")));
            assert!(lines.count() >= 1, "{format}: nothing about {name}: {told}");
        }
    }
    let empty = at("folder");
    fs::create_dir(&empty).unwrap();
    for path in ["/dev/null".into(), empty] {
        let words = ["--no-config".as_ref(), path.as_os_str()];
        let ran = lint("nothing in it", &words);
        assert_eq!(ran.code, Some(2), "{}: {}", path.display(), ran.out);
    }
}

/// A message that names the file and the line.
#[test]
fn settings_that_cannot_be_read() {
    let bomb = |yaml: bool| {
        let mut text = String::from(if yaml {
            "ignored: &a0 [DL3000, DL3000]\n"
        } else {
            ""
        });
        for i in 1..40 {
            let _ = writeln!(text, "k{i}: &a{i} [*a{0}, *a{0}, *a{0}, *a{0}]", i - 1);
        }
        text
    };
    for (name, text, place) in [
        (".hadolint.yaml", bomb(true), ".hadolint.yaml"),
        (
            ".hadolint.yaml",
            "ignored: [DL3000\nx: ]]".into(),
            ".hadolint.yaml",
        ),
        (".hadolint.yaml", "ignored: 3\n".into(), ".hadolint.yaml"),
        (".hadolint.yaml", "\nnope: 3\n".into(), ".hadolint.yaml"),
        (
            ".hadolint.yaml",
            "failure-threshold: [1]\n".into(),
            ".hadolint.yaml",
        ),
        (".hadolint.yaml", "[".repeat(100_000), ".hadolint.yaml"),
        (".hadolint.yaml", "\0".into(), ".hadolint.yaml"),
        (".rslim.toml", "[lint]\nnope = 1\n".into(), ".rslim.toml"),
        (".rslim.toml", "[lint]\nignore = 3\n".into(), ".rslim.toml"),
        (".rslim.toml", "[lint\n".into(), ".rslim.toml"),
        (
            ".rslim.toml",
            format!("a = {}", "[".repeat(100_000)),
            ".rslim.toml",
        ),
        (".rslim.toml", "\u{1b}]0;x".into(), ".rslim.toml"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        written(dir.path(), name, &text);
        let path = written(dir.path(), "Dockerfile", FROM);
        let ran = lint(name, &[path.as_os_str()]);
        let shown: String = text.chars().take(40).collect();
        assert_eq!(ran.code, Some(2), "{shown:?}: {}", ran.out);
        assert!(ran.err.contains(place), "{shown:?}: {}", ran.err);
        let errors = ran.err.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{shown:?}: {}", ran.err);
        assert!(ran.err.len() < 2_000, "{shown:?}: {}", ran.err);
    }
}

#[test]
fn odd_dockerignore_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(
        dir.path(),
        "Dockerfile",
        format!("{FROM}COPY . /x\nRUN sudo x\n"),
    );
    let many: String = (0..100_000).fold(String::new(), |mut text, i| {
        let _ = writeln!(text, "{}a{i}/**/b*", if i % 3 == 0 { "!" } else { "" });
        text
    });
    let stars = format!("{}\n", "**/*".repeat(1000));
    for (name, text) in [
        ("100,000 patterns", many),
        ("stars", stars),
        ("binary", "\0\u{1}\n".into()),
    ] {
        written(dir.path(), ".dockerignore", text);
        let ran = lint(name, &["--no-config".as_ref(), path.as_os_str()]);
        assert!(ran.out.contains("DL3004"), "{name}: {}{}", ran.out, ran.err);
    }
    written(dir.path(), ".dockerignore", "a\n[\n");
    let ran = lint("bad pattern", &["--no-config".as_ref(), path.as_os_str()]);
    assert_eq!(ran.code, Some(2));
    let told = format!("{}{}", ran.out, ran.err);
    assert!(
        told.contains(".dockerignore") && told.contains("line 2"),
        "{told}"
    );
}
