//! Tests of the files with credentials and of helpers.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::config_file::ConfigFile;
use super::{AuthFiles, Login, helper};

/// `user:secret` and `other:word` in base64.
const USER: &str = "dXNlcjpzZWNyZXQ=";
const OTHER: &str = "b3RoZXI6d29yZA==";
const LIMIT: Duration = Duration::from_secs(5);

fn basic(user: &str, password: &str) -> Login {
    Login::Basic {
        user: user.to_owned(),
        password: password.to_owned(),
    }
}

fn file(text: &str) -> ConfigFile {
    serde_json::from_str(text).unwrap()
}

#[test]
fn entries() {
    let config = file(&format!(
        r#"{{"auths":{{
            "https://index.docker.io/v1/":{{"auth":"{USER}"}},
            "quay.io":{{"auth":"{USER}"}},
            "quay.io/team":{{"auth":"{OTHER}"}},
            "quay.io/team/secret":{{"identitytoken":"id"}},
            "https://old.example/v1/":{{"username":"user","password":"secret"}},
            "token.example":{{"registrytoken":"t"}},
            "empty.example":{{}},
            "host:5000":{{"auth":"{USER}"}}
        }},"credHelpers":null,"HttpHeaders":{{"x":1}}}}"#
    ));
    let login =
        |registry: &str, repository: &str| config.login(registry, repository, LIMIT).unwrap();
    let user = Some(basic("user", "secret"));
    assert_eq!(login("docker.io", "library/a"), user);
    assert_eq!(login("quay.io", "a"), user);
    assert_eq!(login("quay.io", "teams/a"), user);
    assert_eq!(login("quay.io", "team/a/b"), Some(basic("other", "word")));
    assert_eq!(
        login("quay.io", "team/secret"),
        Some(Login::IdentityToken("id".to_owned()))
    );
    assert_eq!(login("old.example", "a"), user);
    assert_eq!(
        login("token.example", "a"),
        Some(Login::RegistryToken("t".to_owned()))
    );
    assert_eq!(login("host:5000", "a"), user);
    for none in [
        "empty.example",
        "host",
        "host:5001",
        "io",
        "quay.io.evil.example",
        "x",
    ] {
        assert_eq!(login(none, "a"), None, "{none}");
    }
    let shown = format!("{:?} {config:?}", login("quay.io", "team/a"));
    assert!(!shown.contains("word") && !shown.contains(USER), "{shown}");
}

#[test]
fn broken_entries_are_errors_without_secrets() {
    for bad in ["!!!", "bm9jb2xvbg==", "/////w=="] {
        let config = file(&format!(
            r#"{{"auths":{{"a.example":{{"auth":"{bad}"}}}}}}"#
        ));
        let error = config
            .login("a.example", "a", LIMIT)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("a.example") && !error.contains(bad),
            "{error}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    fs::write(&path, r#"{"auths": "hunter2"}"#).unwrap();
    let error = ConfigFile::read(&path).unwrap_err().to_string();
    assert!(
        error.contains("line 1") && !error.contains("hunter2"),
        "{error}"
    );
    fs::write(&path, " \n").unwrap();
    assert!(ConfigFile::read(&path).unwrap().is_some());
    assert!(
        ConfigFile::read(&folder.path().join("none"))
            .unwrap()
            .is_none()
    );
    assert!(ConfigFile::read(&path.join("none")).unwrap().is_none());
    assert!(ConfigFile::read(folder.path()).is_err());
}

#[test]
fn which_helper_is_asked() {
    // None of them exists: the error names the one that was run.
    let config = file(&format!(
        r#"{{"auths":{{"b.example":{{"auth":"{USER}"}},"a.example":{{}},"docker.io":{{}}}},
            "credHelpers":{{"a.example":"no-such-a","c.example":"","docker.io":"no-such-hub"}},
            "credsStore":"no-such-store"}}"#
    ));
    for (registry, helper) in [
        ("a.example", "docker-credential-no-such-a for a.example"),
        ("c.example", "docker-credential-no-such-store for c.example"),
        (
            "docker.io",
            "docker-credential-no-such-hub for https://index.docker.io/v1/",
        ),
    ] {
        let error = config.login(registry, "x", LIMIT).unwrap_err().to_string();
        assert!(error.contains(helper), "{error}");
    }
    let found = config.login("b.example", "x", LIMIT).unwrap();
    assert_eq!(found, Some(basic("user", "secret")));
}

#[test]
fn places() {
    let files = |set: &[(&str, &str)]| {
        let set: Vec<(String, OsString)> = set
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        let files = AuthFiles::from_variables(|name| {
            let found = set.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone())
        });
        let text = |path: &std::path::PathBuf| path.display().to_string();
        (
            files.paths.iter().map(text).collect::<Vec<_>>(),
            files.required,
        )
    };
    assert_eq!(
        files(&[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/r")]).0,
        [
            "/r/containers/auth.json",
            "/h/.config/containers/auth.json",
            "/h/.docker/config.json"
        ]
    );
    assert_eq!(
        files(&[
            ("HOME", "/h"),
            ("XDG_CONFIG_HOME", "/c"),
            ("DOCKER_CONFIG", "/d")
        ])
        .0,
        ["/c/containers/auth.json", "/d/config.json"]
    );
    assert_eq!(
        files(&[("HOME", "/h"), ("REGISTRY_AUTH_FILE", "/a.json")]),
        (vec!["/a.json".to_owned()], true)
    );
    assert_eq!(
        files(&[("HOME", ""), ("REGISTRY_AUTH_FILE", "")]),
        (vec![], false)
    );
}

#[test]
fn the_first_file_with_a_login_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("1"), r#"{"auths":{"a.example":{}}}"#).unwrap();
    fs::write(
        path("2"),
        format!(r#"{{"auths":{{"a.example":{{"auth":"{USER}"}}}}}}"#),
    )
    .unwrap();
    let mut files = AuthFiles {
        paths: vec![path("none"), path("1"), path("2")],
        required: false,
        helper_time: LIMIT,
    };
    assert_eq!(
        files.login("a.example", "a").unwrap(),
        Some(basic("user", "secret"))
    );
    assert_eq!(files.login("b.example", "a").unwrap(), None);
    files.required = true;
    assert!(files.login("a.example", "a").is_err());
}

/// Writes a helper.
fn script(folder: &Path, name: &str, text: &str) {
    let path = folder.join(format!("docker-credential-{name}"));
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn helpers() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    script(
        here,
        "good",
        r#"read s; [ "$1 $s" = "get a.example" ] && echo '{"ServerURL":"x","Username":"user","Secret":"secret"}'"#,
    );
    script(
        here,
        "token",
        r#"echo '{"Username":"<token>","Secret":"id"}'"#,
    );
    script(
        here,
        "none",
        "echo 'credentials not found in native keychain'; exit 1",
    );
    script(here, "broken", "printf 'no\\033bus'; exit 3");
    script(here, "slow", "sleep 60");
    script(here, "endless", "yes");
    let get = |name: &str, limit| helper::get_in(Some(here), name, "a.example", limit);
    assert_eq!(get("good", LIMIT).unwrap(), Some(basic("user", "secret")));
    assert_eq!(
        get("token", LIMIT).unwrap(),
        Some(Login::IdentityToken("id".to_owned()))
    );
    assert_eq!(get("none", LIMIT).unwrap(), None);
    let error = get("broken", LIMIT).unwrap_err().to_string();
    assert!(error.contains("no\\u{1b}bus"), "{error}");
    let started = Instant::now();
    let error = get("slow", Duration::from_millis(200))
        .unwrap_err()
        .to_string();
    assert!(error.contains("no answer within"), "{error}");
    assert!(get("endless", LIMIT).is_err());
    assert!(started.elapsed() < Duration::from_secs(10));
    for bad in ["", "../x", "a b", "missing"] {
        assert!(get(bad, LIMIT).is_err(), "{bad}");
    }
}
