//! Images that cannot be made smaller, and patterns that mean nothing.

use super::Lab;
use crate::fixtures::ImageBuilder;
use crate::fixtures::elf::Elf;
use crate::fixtures::showcase::service;
use crate::fixtures::tar::{Entry, LayerBuilder};

fn refused(lab: &Lab, words: &[&str], status: i32, message: &str) {
    let ran = lab.slim(words);
    assert_eq!(ran.code, Some(status), "{}", ran.err);
    assert!(ran.err.contains(message), "{}", ran.err);
    assert!(!lab.path("small.tar").exists());
}

#[test]
fn an_image_that_runs_nothing_is_refused_but_for_the_safe_tier() {
    let layer = LayerBuilder::new()
        .file("usr/share/doc/x", "text\n")
        .file("data", "1\n")
        .finish();
    let lab = Lab::new(&ImageBuilder::new().layer(layer, "COPY . /"));
    refused(&lab, &[], 2, "neither an entry point nor a command");
    let tree = lab.slimmed(&["--tier", "safe"]);
    assert!(tree.contains_key("data") && !tree.contains_key("usr/share/doc/x"));
}

#[test]
fn an_entry_point_that_is_not_there_is_named() {
    let lab = Lab::new(&service().entrypoint(&["/no/such"]));
    refused(
        &lab,
        &[],
        2,
        "the entry point \"/no/such\" is not in the image",
    );
    let lab = Lab::new(&service().entrypoint(&["nginx"]));
    refused(
        &lab,
        &[],
        2,
        "no directory of PATH has it (/usr/local/bin:/usr/bin:/bin)",
    );
}

#[test]
fn a_program_for_another_processor_is_named() {
    let other = Elf::program().machine(183);
    let layer = LayerBuilder::new()
        .entry(Entry::file("srv/app/server", other.bytes()).mode(0o755))
        .finish();
    let image = service()
        .layer(layer, "COPY server /srv/app")
        .entrypoint(&["/srv/app/server"]);
    refused(
        &Lab::new(&image),
        &[],
        2,
        "/srv/app/server is for arm64, but the image is for amd64",
    );
}

#[test]
fn a_program_that_is_cut_off_is_named() {
    let whole = Elf::program().needs("libc.so.6").bytes();
    for cut in [20, 70, 130, whole.len() - 30] {
        let layer = LayerBuilder::new()
            .entry(Entry::file("srv/app/server", &whole[..cut]).mode(0o755))
            .finish();
        let image = service()
            .layer(layer, "COPY server /srv/app")
            .entrypoint(&["/srv/app/server"]);
        refused(&Lab::new(&image), &[], 2, "/srv/app/server is broken");
    }
}

#[test]
fn links_in_circles_are_kept_as_they_are() {
    let layer = LayerBuilder::new()
        .symlink("srv/app/a", "b")
        .symlink("srv/app/b", "a")
        .symlink("srv/app/self", "self")
        .finish();
    let lab = Lab::new(&service().layer(layer, "RUN ln -s"));
    let tree = lab.slimmed(&[]);
    assert_eq!(tree["srv/app/a"]["link"], "b");
    assert_eq!(tree["srv/app/self"]["link"], "self");
    let lab = Lab::new(
        &service()
            .layer(
                LayerBuilder::new().symlink("run.sh", "run.sh").finish(),
                "RUN ln -s",
            )
            .entrypoint(&["/run.sh"]),
    );
    refused(
        &lab,
        &[],
        2,
        "the entry point \"/run.sh\" is not in the image",
    );
}

#[test]
fn patterns_that_match_nothing_are_told_and_with_strict_an_error() {
    let lab = Lab::new(&service());
    let ran = lab.slim(&["--preserve", "no/such/**"]);
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.err
            .contains("--preserve: \"no/such/**\" matches nothing in the image"),
        "{}",
        ran.err
    );
    std::fs::remove_file(lab.path("small.tar")).unwrap();
    refused(
        &lab,
        &["--strict", "--preserve", "no/such/**"],
        2,
        "matches nothing",
    );
    refused(&lab, &["--preserve", "[x"], 2, "is no pattern");
}

#[test]
fn a_result_that_lacks_something_is_not_written_and_says_what() {
    let lab = Lab::new(&service());
    let library = "usr/lib/x86_64-linux-gnu/libtls.so.3.1";
    let ran = lab.slim(&["--exclude", library]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(
        ran.err
            .contains("/srv/app/server cannot be loaded: /srv/app/server needs libtls.so.3"),
        "{}",
        ran.err
    );
    assert!(!lab.path("small.tar").exists());
    refused(
        &lab,
        &["--exclude", "usr/bin/dash"],
        1,
        "/usr/local/bin/entry.sh cannot be run: /bin/sh is gone",
    );
    refused(
        &lab,
        &["--exclude", "etc/passwd"],
        1,
        "/etc/passwd does not have the user web",
    );
    refused(
        &lab,
        &["--exclude", "usr/local/bin/entry.sh"],
        1,
        "is the entry point and is gone",
    );
    refused(
        &lab,
        &["--exclude", "usr/lib/os-release"],
        1,
        "/etc/os-release leads to /usr/lib/os-release, which is gone",
    );
}

#[test]
fn a_broken_package_database_costs_its_packages_only() {
    let layer = LayerBuilder::new()
        .file("var/lib/dpkg/status", [0xff_u8; 300])
        .finish();
    let lab = Lab::new(&service().layer(layer, "RUN break"));
    let tree = lab.slimmed(&[]);
    // Nobody knows whose files these are, so they stay.
    assert!(tree.contains_key("usr/bin/tool") && tree.contains_key("usr/bin/perl"));
}
