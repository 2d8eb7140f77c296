//! What probes keep, and what they refuse.

use serde_json::Value;

use super::staged;

#[test]
fn what_a_request_reads_stays_and_nothing_else_does() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    assert_eq!(stage.left(&["--probe-http", "/"]), [""; 0]);
    assert_eq!(stage.left(&["--probe-http", "/file/one"]), ["one"]);
    assert_eq!(
        stage.left(&["--probe-http", "/file/one", "--probe-http", "/file/linked"]),
        ["linked", "one"]
    );
}

#[test]
fn every_link_on_the_way_stays() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    assert_eq!(
        stage.left(&["--probe-http", "/file/way"]),
        ["other", "two", "way"]
    );
}

#[test]
fn a_program_that_is_run_beside_the_server_counts_too() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    assert_eq!(
        stage.left(&["--probe-exec", "/bin/server cat linked"]),
        ["linked"]
    );
    let port = "test \"$(exec 3<>/dev/tcp/$RSLIM_HOST/$RSLIM_PORT; printf 'GET /file/one HTTP/1.0\\r\\n\\r\\n' >&3; tail -1 <&3)\" = 1";
    let host = format!("bash -c '{}'", port.replace('\'', "'\\''"));
    assert_eq!(stage.left(&["--probe-host", &host]), ["one"]);
}

#[test]
fn links_of_pages_are_followed_on_the_same_host_only() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    assert_eq!(stage.left(&["--probe-http", "/page crawl=5"]), ["linked"]);
}

#[test]
fn a_file_of_probes_says_the_same() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    let file = stage.lab.path("probes.yaml");
    let text = "probe:\n- http: /file/one\n  status: 200\n- exec: [/bin/server, exit, '4']\n  status: 4\n- tcp: 8080\n";
    std::fs::write(&file, text).unwrap();
    assert_eq!(stage.left(&["--probes", file.to_str().unwrap()]), ["one"]);
}

#[test]
fn what_differs_each_time_is_no_difference() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    stage.left(&["--probe-http", "/now"]);
}

#[test]
fn what_the_run_writes_is_not_in_the_result() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    // The directory that it writes to stays, with its mode.
    assert_eq!(stage.left(&["--probe-http", "/write/new"]), [""; 0]);
    let tree = crate::slim::tree(&stage.small());
    assert_eq!(tree["usr/share/thing"]["mode"], "0777");
}

#[test]
fn the_image_s_user_runs_it_with_the_groups_that_list_the_user() {
    let Some(stage) = staged(|image| image.run_field("User", Value::from("web"))) else {
        return;
    };
    let ran = stage.slim(&["--probe-http", "/id", "-f", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let verification = &report["verification"];
    assert_eq!(verification["probes"][0]["name"], "GET /id");
    assert_eq!(verification["probes"][0]["same"], true);
    let Some(stage) = staged(|image| image.run_field("User", Value::from("nobody-knows"))) else {
        return;
    };
    let ran = stage.slim(&["--probe-http", "/"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("the image has no user \"nobody-knows\""),
        "{}",
        ran.err
    );
}

#[test]
fn a_probe_that_the_image_itself_fails_ends_it_with_what_the_program_said() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    let cases: [(&[&str], &str); 5] = [
        (
            &["--probe-http", "/none"],
            "has status 404; where that is right, add status=404",
        ),
        (&["--probe-http", "/ status=201"], "has status 200, not 201"),
        (
            &["--probe-http", "/ port=81", "--ready-timeout", "1"],
            "nothing listens at port 81",
        ),
        (
            &[
                "--probe-exec",
                "/bin/server cat none",
                "--ready-timeout",
                "1",
            ],
            "ends with exit status 1: cannot read none",
        ),
        (
            &["--probe-exec", "/bin/nothing", "--ready-timeout", "1"],
            "/bin/nothing",
        ),
    ];
    for (words, why) in cases {
        let ran = stage.slim(words);
        assert_eq!(ran.code, Some(2), "{words:?}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(why), "{words:?}: {}", ran.err);
        // A program that is not there fails before the server says anything.
        if !words.contains(&"/bin/nothing") {
            assert!(ran.err.contains("listening"), "what it wrote: {}", ran.err);
        }
        assert!(!stage.small().exists(), "{words:?}");
    }
    assert_eq!(stage.left(&["--probe-http", "/none status=404"]), [""; 0]);
}

#[test]
fn a_program_that_ends_at_once_is_no_server() {
    let Some(stage) = staged(|image| image.cmd(&["exit", "3"])) else {
        return;
    };
    let ran = stage.slim(&["--probe-http", "/"]);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert!(
        ran.err
            .contains("the program of the image ended (exit status 3)"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("ending with 3"), "{}", ran.err);
    // Programs beside it can be asked all the same.
    assert_eq!(
        stage.left(&["--probe-exec", "/bin/server cat one"]),
        ["one"]
    );
}

#[test]
fn probes_that_are_none_say_so_before_anything_is_run() {
    let Some(stage) = staged(|image| image) else {
        return;
    };
    for (words, why) in [
        (["--probe-http", "x"], "neither a path"),
        (["--probe-exec", " "], "it is empty"),
        (["--probe-tcp", "x"], "no port"),
        (
            ["--probes", "/no/such.toml"],
            "cannot read the probes in /no/such.toml",
        ),
        (["--continue-after", "x"], "write a number of seconds"),
        (["--evidence", "/no/such.json"], "cannot read /no/such.json"),
    ] {
        let ran = stage.slim(&words);
        assert_eq!(ran.code, Some(2), "{words:?}");
        assert!(ran.err.contains(why), "{words:?}: {}", ran.err);
    }
}
