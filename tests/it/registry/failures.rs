//! Errors: retries, limits, words.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rslim::registry::{Options, RegistryError, Version};

use super::fake::{Fake, Reply};
use super::{digest, quick, repository};

fn latest() -> Version {
    Version::parse("latest").unwrap()
}

/// A registry that answers so to all but the first look.
fn always(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Fake {
    Fake::start(move |head, _| match head.path.as_str() {
        "/v2/" => Reply::new(200),
        _ => reply(),
    })
}

fn error_of(fake: &Fake) -> RegistryError {
    let repository = repository(&fake.host, "a/b", quick());
    repository.manifest(&latest()).unwrap_err()
}

#[test]
fn a_registry_may_ask_to_wait() {
    let tries = AtomicUsize::new(0);
    let fake = always(move || match tries.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::new(429).header("Retry-After", 1),
        1 => Reply::new(503),
        2 => Reply::hang_up(),
        _ => Reply::new(200).body("{}"),
    });
    let started = Instant::now();
    repository(&fake.host, "a", quick())
        .manifest(&latest())
        .unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(fake.seen().len(), 4);
}

#[test]
fn too_long_a_wait_is_an_error() {
    let fake = always(|| {
        Reply::new(429)
            .header("Retry-After", 21600)
            .header("RateLimit-Limit", "100;w=21600")
            .header("RateLimit-Remaining", "0;w=21600")
            .body(r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your limit"}]}"#)
    });
    let error = error_of(&fake);
    let text = error.to_string();
    assert!(matches!(error, RegistryError::RateLimited { .. }), "{text}");
    for part in [
        "You have reached your limit (TOOMANYREQUESTS)",
        "RateLimit-Limit: 100;w=21600",
        "Retry-After: 21600",
        "docker login",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(fake.seen().len(), 1);
}

#[test]
fn attempts_are_counted() {
    let fake = always(|| Reply::new(503));
    let error = error_of(&fake);
    assert!(
        matches!(error, RegistryError::Status { status: 503, .. }),
        "{error}"
    );
    assert_eq!(fake.seen().len(), 4);
    let fake = always(Reply::hang_up);
    let error = error_of(&fake);
    assert!(matches!(error, RegistryError::Transport { .. }), "{error}");
    assert_eq!(fake.seen().len(), 4);
    for status in [400, 403, 404, 405, 501] {
        let fake = always(move || Reply::new(status));
        error_of(&fake);
        assert_eq!(fake.seen().len(), 1, "{status}");
    }
}

#[test]
fn the_registrys_words_are_made_safe() {
    let fake = always(|| {
        let words = "\\u001b]0;title\\u0007\\nnext\\u202e ".to_owned() + &"long ".repeat(200);
        Reply::new(404).body(format!(
            r#"{{"errors":[{{"code":"MANIFEST_UNKNOWN","message":"{words}"}}]}}"#
        ))
    });
    let error = error_of(&fake);
    let text = error.to_string();
    assert!(error.is_not_found());
    assert!(
        !text.contains(|c: char| c.is_control() || c == '\u{202e}'),
        "{text:?}"
    );
    assert!(text.contains("\\u{1b}]0;title"), "{text}");
    assert!(
        text.contains("a/b: cannot fetch the manifest latest: 404"),
        "{text}"
    );
    assert!(text.len() < 600, "{text}");
}

#[test]
fn error_bodies_without_end() {
    let fake = always(|| Reply::new(404).chunked(&vec![b'x'; 10_000_000]));
    assert!(error_of(&fake).is_not_found());
}

#[test]
fn redirects_have_rules() {
    let fake = always(|| Reply::new(307).header("Location", "/again"));
    assert!(
        error_of(&fake)
            .to_string()
            .contains("more than 5 redirects")
    );
    assert_eq!(fake.seen().len(), 6);
    for (location, words) in [
        ("", "an address of 0 bytes"),
        ("ftp://x.example/", "another kind"),
        ("http://user:password@127.0.0.1/", "with a user"),
        ("http://", "no valid address"),
    ] {
        let fake = always(move || Reply::new(302).header("Location", location));
        let text = error_of(&fake).to_string();
        assert!(text.contains(words), "{text}");
    }
    let fake = always(|| Reply::new(307));
    assert!(error_of(&fake).to_string().contains("to nowhere"));
}

#[test]
fn headers_have_a_limit() {
    let fake = always(|| Reply::new(200).header("X", "x".repeat(200_000)).body("{}"));
    let error = error_of(&fake);
    assert!(matches!(error, RegistryError::Transport { .. }), "{error}");
}

#[test]
fn no_registry_there() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = repository(&host, "a", quick())
        .blob_exists(&digest(b""))
        .unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
}

#[test]
fn a_registry_that_says_nothing() {
    let fake = always(|| {
        std::thread::sleep(Duration::from_secs(5));
        Reply::hang_up()
    });
    let mut options = Options {
        read_timeout: Duration::from_millis(200),
        ..quick()
    };
    options.retry.attempts = 2;
    let started = Instant::now();
    let error = repository(&fake.host, "a", options)
        .manifest(&latest())
        .unwrap_err();
    assert!(
        error.to_string().contains("did not answer in time"),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[test]
fn plain_http_is_for_this_machine_or_when_asked() {
    // Nobody listens at a name that is not this machine's; what counts is the scheme.
    let options = |plain_http| Options {
        plain_http,
        retry: rslim::registry::RetryPolicy {
            attempts: 1,
            ..Default::default()
        },
        ..quick()
    };
    let error = |plain| {
        repository("registry.invalid", "a", options(plain))
            .blob_exists(&digest(b""))
            .unwrap_err()
            .to_string()
    };
    for plain in [true, false] {
        assert!(
            error(plain).contains("registry.invalid"),
            "{}",
            error(plain)
        );
    }
    let fake = always(|| Reply::new(200).body("{}"));
    repository(&fake.host, "a", options(true))
        .manifest(&latest())
        .unwrap();
    let port = fake.host.split(':').next_back().unwrap();
    repository(&format!("localhost:{port}"), "a", options(false))
        .manifest(&latest())
        .unwrap();
}

#[test]
fn addresses_of_version_six() {
    let Ok(listener) = std::net::TcpListener::bind("[::1]:0") else {
        eprintln!("skipped: no IPv6 here");
        return;
    };
    let host = listener.local_addr().unwrap().to_string();
    let fake = Fake::listen(listener, |_, _| Reply::new(200).body("{}"));
    assert_eq!(fake.host, host);
    repository(&host, "a", quick()).manifest(&latest()).unwrap();
    assert_eq!(fake.seen()[0].header("host"), host);
}
