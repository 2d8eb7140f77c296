//! Logins: tokens, passwords, and where they must not go.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rslim::registry::{Credentials, Login, Options, RegistryError, Version};

use super::fake::{Fake, Head, Reply};
use super::{digest, noise, quick, quick_as, repository};

/// `user:secret` in base64.
const BASIC: &str = "Basic dXNlcjpzZWNyZXQ=";

fn latest() -> Version {
    Version::parse("latest").unwrap()
}

fn challenge(head: &Head, scope: &str) -> Reply {
    let host = head.header("host");
    let value = format!("Bearer realm=\"http://{host}/token\",service=\"reg\",scope=\"{scope}\"");
    Reply::new(401).header("WWW-Authenticate", value)
}

/// A registry with a token server.
fn bearer_registry() -> Fake {
    Fake::start(|head, body| {
        let form = String::from_utf8(body.all()).unwrap();
        if head.method == "POST" && head.path == "/token" {
            assert_eq!(head.header("authorization"), "");
            return match form.contains("grant_type=refresh_token&service=reg&")
                && form.ends_with("scope=repository%3Aa%3Apull&refresh_token=id%2Ftoken")
            {
                true => Reply::new(200).body(r#"{"access_token":"good","expires_in":300}"#),
                false => Reply::new(400).body(r#"{"error":"invalid_grant"}"#),
            };
        }
        if head.path.starts_with("/token?") {
            return match head.header("authorization") {
                "" => Reply::new(200).body(r#"{"token":"weak"}"#),
                BASIC => Reply::new(200).body(r#"{"token":"good","expires_in":300}"#),
                _ => Reply::new(401).body(r#"{"details":"incorrect username or password"}"#),
            };
        }
        match head.header("authorization") {
            "Bearer good" => Reply::new(200).body("{}"),
            _ => challenge(head, "repository:a:pull"),
        }
    })
}

#[test]
fn a_token_is_fetched_once() {
    let fake = bearer_registry();
    let repository = repository(&fake.host, "a", quick_as(&fake.host, "user", "secret"));
    repository.manifest(&latest()).unwrap();
    repository.manifest(&latest()).unwrap();
    let paths: Vec<String> = fake.seen().into_iter().map(|head| head.path).collect();
    assert_eq!(
        paths,
        [
            "/v2/a/manifests/latest",
            "/token?service=reg&scope=repository%3Aa%3Apull&account=user",
            "/v2/a/manifests/latest",
            "/v2/a/manifests/latest",
        ]
    );
}

#[test]
fn identity_tokens_are_changed_for_access_tokens() {
    let fake = bearer_registry();
    let login = |token: &str| Options {
        credentials: Credentials::Fixed {
            registry: fake.host.clone(),
            login: Login::IdentityToken(token.to_owned()),
        },
        ..quick()
    };
    repository(&fake.host, "a", login("id/token"))
        .manifest(&latest())
        .unwrap();
    let error = repository(&fake.host, "a", login("old"))
        .manifest(&latest())
        .unwrap_err();
    assert!(
        matches!(error, RegistryError::Unauthorized { .. }),
        "{error}"
    );
    assert!(!error.to_string().contains("old"), "{error}");
}

#[test]
fn wrong_passwords_are_said_so() {
    let fake = bearer_registry();
    let repository = repository(&fake.host, "a", quick_as(&fake.host, "user", "wrong"));
    let error = repository.manifest(&latest()).unwrap_err();
    let text = error.to_string();
    assert!(matches!(
        error,
        RegistryError::Unauthorized { user: Some(_), .. }
    ));
    assert!(text.contains("incorrect username or password"), "{text}");
    assert!(
        text.contains(&format!("`docker login {}`", fake.host)),
        "{text}"
    );
    assert!(!text.contains("wrong"), "{text}");
    // One attempt: passwords are not tried again and again.
    assert_eq!(fake.seen().len(), 2);
}

#[test]
fn without_login_the_weak_token_is_tried_and_the_end_is_clear() {
    let fake = bearer_registry();
    let error = repository(&fake.host, "a", quick())
        .manifest(&latest())
        .unwrap_err();
    assert!(
        matches!(error, RegistryError::Unauthorized { user: None, .. }),
        "{error}"
    );
    assert!(fake.seen().len() <= 6, "{:?}", fake.seen());
}

#[test]
fn basic_login() {
    let fake = Fake::start(|head, _| match head.header("authorization") {
        BASIC => Reply::new(200).body("{}"),
        _ => Reply::new(401).header("WWW-Authenticate", "Basic realm=\"r\""),
    });
    let good = repository(&fake.host, "a", quick_as(&fake.host, "user", "secret"));
    good.manifest(&latest()).unwrap();
    good.manifest(&latest()).unwrap();
    // From the second request on it is sent unasked.
    assert_eq!(fake.seen().len(), 3);
    for options in [quick_as(&fake.host, "user", "wrong"), quick()] {
        let error = repository(&fake.host, "a", options)
            .manifest(&latest())
            .unwrap_err();
        assert!(
            matches!(error, RegistryError::Unauthorized { .. }),
            "{error}"
        );
    }
    // A login for another registry stays at home.
    let other = repository(
        &fake.host,
        "a",
        quick_as("registry.example", "user", "secret"),
    );
    let before = fake.seen().len();
    other.manifest(&latest()).unwrap_err();
    assert!(
        fake.seen()[before..]
            .iter()
            .all(|head| head.header("authorization").is_empty())
    );
}

#[test]
fn tokens_that_end_are_renewed() {
    let current = Mutex::new(0);
    let fake = Fake::start(move |head, _| {
        let mut current = current.lock().unwrap();
        if head.path.starts_with("/token") {
            *current += 1;
            return Reply::new(200).body(format!(r#"{{"token":"t{current}","expires_in":300}}"#));
        }
        if head.header("authorization") == format!("Bearer t{current}") {
            // Every token is good for one request.
            *current += 100;
            return Reply::new(200).body("{}");
        }
        challenge(head, "repository:a:pull")
    });
    let repository = repository(&fake.host, "a", quick());
    for _ in 0..3 {
        repository.manifest(&latest()).unwrap();
    }
}

#[test]
fn a_registry_may_ask_for_a_scope_of_its_own() {
    let fake = Fake::start(|head, _| {
        if head.path.starts_with("/token") {
            let token = match head.path.contains("scope=special%3Ax%3Apull") {
                true => "special",
                false => "plain",
            };
            return Reply::new(200).body(format!(r#"{{"token":"{token}"}}"#));
        }
        match head.header("authorization") {
            "Bearer special" => Reply::new(200).body("{}"),
            _ => challenge(head, "special:x:pull"),
        }
    });
    repository(&fake.host, "a", quick())
        .manifest(&latest())
        .unwrap();
}

#[test]
fn endless_challenges_end() {
    let scopes = AtomicUsize::new(0);
    let fake = Fake::start(move |head, _| {
        if head.path.starts_with("/token") {
            return Reply::new(200).body(r#"{"token":"x"}"#);
        }
        let n = scopes.fetch_add(1, Ordering::Relaxed);
        challenge(head, &format!("repository:{n}:pull"))
    });
    let error = repository(&fake.host, "a", quick())
        .manifest(&latest())
        .unwrap_err();
    assert!(
        matches!(error, RegistryError::Unauthorized { .. }),
        "{error}"
    );
    assert!(fake.seen().len() < 10);
}

#[test]
fn senseless_token_servers() {
    for (body, status) in [
        ("", 200),
        ("{}", 200),
        (r#"{"token":""}"#, 200),
        (r#"{"token":"a\nb"}"#, 200),
        (r#"{"token":"a b"}"#, 200),
        (r#"{"token":5}"#, 200),
        ("{}", 404),
        ("{}", 302),
    ] {
        let fake = Fake::start(move |head, _| match head.path.starts_with("/token") {
            true => Reply::new(status).body(body),
            false => challenge(head, "repository:a:pull"),
        });
        let error = repository(&fake.host, "a", quick())
            .manifest(&latest())
            .unwrap_err();
        assert!(error.to_string().contains("get a token from"), "{error}");
    }
    let long = format!(r#"{{"token":"{}"}}"#, "x".repeat(100_000));
    let fake = Fake::start(move |head, _| match head.path.starts_with("/token") {
        true => Reply::new(200).body(long.clone()),
        false => challenge(head, "repository:a:pull"),
    });
    assert!(
        repository(&fake.host, "a", quick())
            .manifest(&latest())
            .is_err()
    );
}

#[test]
fn a_token_server_elsewhere_must_use_tls() {
    let fake = Fake::start(|_, _| {
        Reply::new(401).header(
            "WWW-Authenticate",
            "Bearer realm=\"http://auth.example/token\"",
        )
    });
    let options = quick_as(&fake.host, "user", "secret");
    let error = repository(&fake.host, "a", options)
        .manifest(&latest())
        .unwrap_err();
    assert!(error.to_string().contains("must be https"), "{error}");
}

#[test]
fn storage_hosts_see_no_credentials() {
    let data = noise(10_000);
    let wanted = digest(&data);
    let size = data.len() as u64;
    let storage = Fake::start(move |head, _| {
        assert_eq!(head.header("authorization"), "");
        assert_eq!(head.path, "/store?signature=1");
        Reply::new(200).body(data.clone())
    });
    let target = format!("http://{}/store?signature=1", storage.host);
    let fake = Fake::start(move |head, _| match head.header("authorization") {
        BASIC if head.path.contains("/blobs/") => Reply::new(307).header("Location", &target),
        _ => Reply::new(401).header("WWW-Authenticate", "Basic realm=r"),
    });
    let repository = repository(&fake.host, "a", quick_as(&fake.host, "user", "secret"));
    let mut bytes = Vec::new();
    let mut reader = repository.blob(&wanted, size).unwrap();
    std::io::Read::read_to_end(&mut reader, &mut bytes).unwrap();
    assert_eq!(digest(&bytes), wanted);
    assert_eq!(storage.seen().len(), 1);
}

#[test]
fn storage_hosts_cannot_ask_for_credentials() {
    let storage =
        Fake::start(|_, _| Reply::new(401).header("WWW-Authenticate", "Basic realm=\"give me\""));
    let target = format!("http://{}/store", storage.host);
    let fake = Fake::start(move |_, _| Reply::new(307).header("Location", &target));
    let repository = repository(&fake.host, "a", quick_as(&fake.host, "user", "secret"));
    let error = repository.blob(&digest(b"x"), 1).unwrap_err();
    assert!(
        matches!(error, RegistryError::Status { status: 401, .. }),
        "{error}"
    );
    assert!(
        storage
            .seen()
            .iter()
            .all(|head| head.header("authorization").is_empty())
    );
}

#[test]
fn identity_tokens_do_not_follow_redirects() {
    let other = Fake::start(|_, _| Reply::new(200).body(r#"{"access_token":"good"}"#));
    let target = format!("http://{}/token", other.host);
    let fake = Fake::start(move |head, _| match head.path.as_str() {
        "/token" => Reply::new(307).header("Location", &target),
        _ => challenge(head, "repository:a:pull"),
    });
    let options = Options {
        credentials: Credentials::Fixed {
            registry: fake.host.clone(),
            login: Login::IdentityToken("id".to_owned()),
        },
        ..quick()
    };
    let error = repository(&fake.host, "a", options)
        .manifest(&latest())
        .unwrap_err();
    assert!(error.to_string().contains("answered 307"), "{error}");
    assert_eq!(other.seen().len(), 0);
}
