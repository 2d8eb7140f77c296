//! What the program tells of itself: settings, completions, manual pages.

use crate::program::rslim;

#[test]
fn settings_are_shown_as_a_file_that_means_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let settings = "[lint]\nignore = [\"DL3008\"]\nfailure-threshold = \"error\"\n\
                    [lint.severity]\nDL3009 = \"off\"\n[slim]\ntier = \"file\"\n[ci]\nmax-size = \"1GB\"\n";
    std::fs::write(path(".rslim.toml"), settings).unwrap();
    let shown = rslim(&["config", dir.path().to_str().unwrap()]);
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    let head = format!("# settings of {}\n", path(".rslim.toml"));
    assert!(shown.out.starts_with(&head), "{}", shown.out);
    for line in [
        "failure-threshold = \"error\"",
        "shell-lint = \"inside\"",
        "DL3009 = \"off\"",
        "tier = \"file\"",
        "max-size = \"1GB\"",
    ] {
        assert!(shown.out.contains(line), "{line}: {}", shown.out);
    }
    let again = path("again.toml");
    std::fs::write(&again, &shown.out).unwrap();
    let twice = rslim(&["config", "--config", &again]);
    let body = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    assert_eq!(body(&twice.out), body(&shown.out), "{}", twice.err);
    std::fs::write(path(".rslim.toml"), "[lint]\nignored = []\n").unwrap();
    let wrong = rslim(&["config", dir.path().to_str().unwrap()]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("line 2"), "{}", wrong.err);
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = rslim(&["completions", shell]);
        assert_eq!(ran.code, Some(0), "{shell}: {}", ran.err);
        for word in ["analyze", "squash", "platform"] {
            assert!(ran.out.contains(word), "{shell} lacks {word}");
        }
    }
    let unknown = rslim(&["completions", "tcl"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("possible values"), "{}", unknown.err);
}

#[test]
fn every_command_has_a_manual_page() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("man/man1");
    let ran = rslim(&["man", folder.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let page = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let main = page("rslim.1");
    assert_eq!(main, rslim(&["man"]).out);
    for command in rslim(&["--help"]).out.lines() {
        let listed = command
            .strip_prefix("  ")
            .filter(|rest| !rest.starts_with([' ', '-']));
        let Some(name) = listed.and_then(|rest| rest.split_whitespace().next()) else {
            continue;
        };
        if name != "help" {
            assert!(
                page(&format!("rslim-{name}.1")).contains(".SH OPTIONS"),
                "{name}"
            );
        }
    }
}
