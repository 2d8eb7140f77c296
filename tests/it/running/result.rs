//! What is made of an image after it was run: shown to answer alike, and the same each time.

use std::fs;

use super::staged;
use crate::fixtures::tar::LayerBuilder;

#[test]
fn a_result_that_answers_differently_is_not_written_and_what_it_lacks_is_named() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    let words = [
        "--probe-http",
        "/file/one",
        "--exclude",
        "usr/share/thing/one",
    ];
    let ran = stage.slim(&words);
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    for said in [
        "GET /file/one: the status is 500, not 200",
        "it looks in vain for /usr/share/thing/one",
    ] {
        assert!(ran.err.contains(said), "{}", ran.err);
    }
    assert!(!stage.small().exists());
}

#[test]
fn a_program_that_ends_otherwise_is_a_difference() {
    let Some(stage) = staged(|image| image.cmd(&["cat", "one"])) else {
        return;
    };
    let probe = ["--probe-exec", "/bin/server exit 0"];
    assert_eq!(stage.left(&probe), ["one"]);
    std::fs::remove_file(stage.small()).unwrap();
    let ran = stage.slim(&[&probe[..], &["--exclude", "usr/share/thing/one"]].concat());
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    // The image's own program may be stopped before it ends.
    for why in ["it ends with exit status 1", ": cannot read one"] {
        assert!(ran.err.contains(why), "{}", ran.err);
    }
    assert!(!stage.small().exists());
}

#[test]
fn evidence_gives_the_same_result_without_a_run() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    let evidence = stage.lab.path("evidence.json");
    let evidence = evidence.to_str().unwrap();
    let bytes = |words: &[&str]| {
        assert_eq!(stage.left(words), ["one"]);
        fs::read(stage.small()).unwrap()
    };
    let first = bytes(&["--probe-http", "/file/one", "--save-evidence", evidence]);
    let noted = fs::read_to_string(evidence).unwrap();
    assert!(
        noted.contains(
            "{\"path\":\"/usr/share/thing/one\",\"use\":[\"read\"],\"by\":[\"/bin/server\"]}"
        ),
        "{noted}"
    );
    assert_eq!(first, bytes(&["--evidence", evidence]), "nothing is run");
    let probed = [
        "--probe-http",
        "/file/two",
        "--no-run",
        "--evidence",
        evidence,
    ];
    assert_eq!(first, bytes(&probed), "nothing is run either");
    for _ in 0..3 {
        let again = bytes(&["--probe-http", "/file/one", "--save-evidence", evidence]);
        assert!(first == again, "another image each time");
        assert_eq!(fs::read_to_string(evidence).unwrap(), noted);
    }
    let two = stage.lab.path("two.json");
    let two = two.to_str().unwrap();
    stage.left(&["--probe-http", "/file/linked", "--save-evidence", two]);
    let both = stage.left(&["--evidence", evidence, "--evidence", two]);
    assert_eq!(both, ["linked", "one"], "files of evidence add up");
    let sum = stage.lab.path("sum.json");
    let sum = sum.to_str().unwrap();
    stage.left(&[
        "--evidence",
        evidence,
        "--evidence",
        two,
        "--save-evidence",
        sum,
    ]);
    assert_eq!(stage.left(&["--evidence", sum]), ["linked", "one"]);
    let ran = stage.slim(&["--save-evidence", sum]);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert!(
        ran.err.contains("there is no evidence to write"),
        "{}",
        ran.err
    );
}

#[test]
fn unpacked_images_are_kept_shown_and_removed() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    let ran = stage.slim(&["--dry-run", "--probe-http", "/"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("answered alike"), "{}", ran.out);
    let listed = stage.rslim(&["cache"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    assert_eq!(listed.out.lines().count(), 2, "{}", listed.out);
    let kept = stage.rslim(&["cache", "prune", "--keep", "1GB"]);
    assert!(kept.out.contains("removed 0 images"), "{}", kept.out);
    let gone = stage.rslim(&["cache", "prune"]);
    assert!(
        gone.out.contains("removed 1 image,"),
        "{}{}",
        gone.out,
        gone.err
    );
    let left = fs::read_dir(stage.cache.join("trees")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn an_image_for_another_processor_is_not_run() {
    let Some(stage) = staged(|image| image.platform("linux", "riscv64", None)) else {
        return;
    };
    let ran = stage.slim(&[
        "--platform",
        "linux/riscv64",
        "--tier",
        "safe",
        "--probe-http",
        "/",
    ]);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert!(
        ran.err
            .contains("it is for linux/riscv64, and this machine is linux/"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("--no-run"), "{}", ran.err);
}

#[test]
fn a_seccomp_profile_allows_what_was_called_and_no_more() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    let file = stage.lab.path("profile.json");
    let path = file.to_str().unwrap();
    let words = ["--probe-http", "/write/new", "--save-seccomp", path];
    assert_eq!(stage.left(&words).len(), 0);
    let profile: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(profile["defaultAction"], "SCMP_ACT_ERRNO");
    let names = profile["syscalls"][0]["names"].as_array().unwrap();
    let allowed = |name: &str| names.iter().any(|known| known == name);
    for called in ["socket", "bind", "listen", "accept", "execve", "write"] {
        assert!(allowed(called), "{called}: {profile}");
    }
    for never in ["ptrace", "mount", "unshare", "chmod", "inotify_init1"] {
        assert!(!allowed(never), "{never}: {profile}");
    }
    let again = stage.lab.path("again.json");
    let words = ["--save-seccomp", again.to_str().unwrap()];
    stage.left(&[&["--probe-http", "/write/new"], &words[..]].concat());
    assert_eq!(fs::read(&file).unwrap(), fs::read(&again).unwrap());
    let ran = stage.slim(&words);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert!(ran.err.contains("nothing was run"), "{}", ran.err);
}

#[test]
fn a_program_that_ends_about_when_it_is_asked_is_no_difference() {
    for _ in 0..4 {
        let Some(stage) = staged(|image| image.cmd(&["exit", "0"])) else {
            return;
        };
        stage.left(&["--probe-exec", "/bin/server cat one"]);
    }
}

#[test]
fn tier_used_keeps_what_was_asked_for_and_nothing_else() {
    let Some(stage) = staged(|image| {
        let more = LayerBuilder::new().dir("srv", 0o755).file("srv/page", "1");
        image.layer(more.finish(), "COPY page /srv/")
    }) else {
        return;
    };
    let has_page = |words: &[&str]| {
        assert_eq!(stage.left(words), ["other", "two", "way"]);
        crate::slim::tree(&stage.small()).contains_key("srv/page")
    };
    assert!(has_page(&["--probe-http", "/file/way"]));
    assert!(!has_page(&["--probe-http", "/file/way", "--tier", "used"]));
}
