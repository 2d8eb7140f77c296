//! Pushing blobs: mounts, chunks, cuts.

use std::io::{Cursor, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex};

use rslim::registry::{Options, Pushed, RegistryError, Repository};

use super::fake::{Fake, Reply};
use super::fake_registry::{Fault, Registry};
use super::{digest, noise, quick, repository};

fn small_chunks() -> Options {
    Options {
        chunk_size: 64 * 1024,
        ..quick()
    }
}

fn push(repository: &Repository, data: &[u8]) -> Result<Pushed, RegistryError> {
    push_from(repository, data, None)
}

fn push_from(
    repository: &Repository,
    data: &[u8],
    from: Option<&str>,
) -> Result<Pushed, RegistryError> {
    repository.push_blob(&digest(data), data.len() as u64, from, |offset| {
        let mut reader = Cursor::new(data);
        reader.seek(SeekFrom::Start(offset))?;
        Ok(reader)
    })
}

#[test]
fn blobs_are_pushed_once() {
    let registry = Registry::start(Fault::None);
    let repository = registry.repository(small_chunks());
    for len in [0, 1, 1000, 64 * 1024, 64 * 1024 + 1, 500_000] {
        let data = noise(len);
        assert_eq!(push(&repository, &data).unwrap(), Pushed::Uploaded, "{len}");
        assert_eq!(registry.blob(&digest(&data)), Some(data.clone()), "{len}");
        assert_eq!(push(&repository, &data).unwrap(), Pushed::Existed, "{len}");
    }
    assert_eq!(registry.open_uploads(), 0);
}

#[test]
fn mounts() {
    let data = noise(1000);
    for (from, want) in [
        ("has", Pushed::Mounted),
        ("other", Pushed::Uploaded),
        ("denied", Pushed::Uploaded),
        // Itself, and no name at all: not asked for.
        ("a", Pushed::Uploaded),
        ("../x", Pushed::Uploaded),
    ] {
        let registry = Registry::start(Fault::None);
        let repository = registry.repository(quick());
        assert_eq!(
            push_from(&repository, &data, Some(from)).unwrap(),
            want,
            "{from}"
        );
        let seen = registry.fake.seen();
        let asked = seen.iter().any(|head| {
            head.method == "POST"
                && head.path.contains("?mount=sha256%3A")
                && head.path.ends_with(&format!("&from={from}"))
        });
        assert_eq!(asked, !["a", "../x"].contains(&from), "{from}");
    }
}

#[test]
fn mounts_need_the_right_to_read_the_source() {
    let scopes = Arc::new(Mutex::new(Vec::new()));
    let seen = scopes.clone();
    let fake = Fake::start(move |head, _| {
        if head.path.starts_with("/token") {
            seen.lock().unwrap().push(head.path.clone());
            return Reply::new(200).body(r#"{"token":"t"}"#);
        }
        match (head.header("authorization"), head.method.as_str()) {
            ("", _) => Reply::new(401).header(
                "WWW-Authenticate",
                format!("Bearer realm=\"http://{}/token\"", head.header("host")),
            ),
            (_, "POST") => Reply::new(201),
            _ => Reply::new(404),
        }
    });
    let repository = repository(&fake.host, "a", quick());
    assert_eq!(
        push_from(&repository, b"x", Some("b/c")).unwrap(),
        Pushed::Mounted
    );
    let scopes = scopes.lock().unwrap();
    assert_eq!(
        scopes.last().unwrap(),
        "/token?scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Ab%2Fc%3Apull"
    );
}

#[test]
fn cut_uploads_are_gone_on_with() {
    let data = noise(500_000);
    for (fault, patches) in [
        (Fault::Cut, 2),
        (Fault::CutAndForgotten, 2),
        (Fault::Broken, 2),
        (Fault::LostAnswer, 1),
        (Fault::Silent, 1),
    ] {
        let registry = Registry::start(fault);
        let repository = registry.repository(small_chunks());
        assert_eq!(
            push(&repository, &data).unwrap(),
            Pushed::Uploaded,
            "{fault:?}"
        );
        assert_eq!(
            registry.blob(&digest(&data)),
            Some(data.clone()),
            "{fault:?}"
        );
        assert_eq!(registry.fake.count("PATCH"), patches, "{fault:?}");
        if fault == Fault::Cut {
            let seen = registry.fake.seen();
            let second = seen
                .iter()
                .filter(|head| head.method == "PATCH")
                .nth(1)
                .unwrap();
            assert_eq!(second.header("content-range"), "100000-499999");
        }
    }
}

#[test]
fn a_cut_upload_in_one_request() {
    let data = noise(1000);
    let registry = Registry::start(Fault::CutPut);
    push(&registry.repository(quick()), &data).unwrap();
    assert_eq!(registry.blob(&digest(&data)), Some(data));
    assert_eq!(registry.open_uploads(), 0);
}

#[test]
fn uploads_that_never_work_are_given_up() {
    let data = noise(500_000);
    let registry = Registry::start(Fault::Always);
    let error = push(&registry.repository(small_chunks()), &data).unwrap_err();
    assert!(
        matches!(error, RegistryError::Status { status: 500, .. }),
        "{error}"
    );
    assert_eq!(registry.fake.count("PATCH"), 4);
    assert_eq!(registry.open_uploads(), 0, "the upload is deleted");
}

#[test]
fn parts_get_smaller_when_a_proxy_wants_it() {
    let data = noise(40_000_000);
    let registry = Registry::start(Fault::SmallParts);
    push(&registry.repository(quick()), &data).unwrap();
    assert_eq!(
        registry.blob(&digest(&data)).map(|blob| blob.len()),
        Some(data.len())
    );
    let registry = Registry::start(Fault::None);
    let options = Options {
        part_limit: Some(200_000),
        ..small_chunks()
    };
    push(&registry.repository(options), &data[..500_000]).unwrap();
    assert_eq!(registry.fake.count("PATCH"), 3);
}

#[test]
fn data_that_changes_is_an_error() {
    let registry = Registry::start(Fault::None);
    let repository = registry.repository(small_chunks());
    let data = noise(500_000);
    for (size, given) in [(400, 399), (400, 401), (400_000, 399_999)] {
        let name = digest(&data[..size]);
        let error = repository
            .push_blob(&name, size as u64, None, |_| Ok(&data[..given]))
            .unwrap_err();
        assert!(
            matches!(error, RegistryError::Source { .. }),
            "{size} {given}: {error}"
        );
    }
    let failing = |_| -> std::io::Result<std::io::Empty> { Err(std::io::Error::other("gone")) };
    let error = repository
        .push_blob(&digest(b"x"), 1, None, failing)
        .unwrap_err();
    assert!(error.to_string().contains("gone"), "{error}");
    let wrong = digest(b"other");
    let error = repository
        .push_blob(&wrong, 500_000, None, |_| Ok(data.as_slice()))
        .unwrap_err();
    assert!(error.to_string().contains("DIGEST_INVALID"), "{error}");
    assert_eq!(registry.open_uploads(), 0);
}

#[test]
fn a_blob_of_unknown_size() {
    let data = noise(300_000);
    for (fault, len) in [
        (Fault::None, 0),
        (Fault::None, 1000),
        (Fault::None, 300_000),
        (Fault::LostAnswer, 1000),
        (Fault::LostAnswer, 300_000),
        (Fault::CutPut, 1000),
        (Fault::CutPut, 300_000),
        (Fault::Broken, 300_000),
        (Fault::SecondCut, 300_000),
        (Fault::Silent, 300_000),
    ] {
        let registry = Registry::start(fault);
        let repository = registry.repository(Options {
            chunk_size: 120_000,
            ..quick()
        });
        let mut upload = repository.start_blob().unwrap();
        for piece in data[..len].chunks(7001) {
            upload.write_all(piece).unwrap();
        }
        assert_eq!(upload.written(), len as u64);
        let name = digest(&data[..len]);
        upload
            .finish(&name)
            .unwrap_or_else(|e| panic!("{fault:?} {len}: {e}"));
        assert_eq!(
            registry.blob(&name).as_deref(),
            Some(&data[..len]),
            "{fault:?} {len}"
        );
        assert_eq!(registry.open_uploads(), 0, "{fault:?} {len}");
        if fault == Fault::Silent {
            // What may have been stored is not sent again without asking.
            assert_eq!(registry.fake.count("PATCH"), 3);
        }
    }
}

#[test]
fn an_upload_that_is_dropped_is_deleted() {
    let registry = Registry::start(Fault::None);
    let repository = registry.repository(small_chunks());
    let mut upload = repository.start_blob().unwrap();
    upload.write_all(&noise(100_000)).unwrap();
    drop(upload);
    assert_eq!(registry.open_uploads(), 0);
    let mut upload = repository.start_blob().unwrap();
    upload.write_all(b"x").unwrap();
    let error = upload.finish(&digest(b"y")).unwrap_err();
    assert!(error.to_string().contains("DIGEST_INVALID"), "{error}");
    assert_eq!(registry.open_uploads(), 0);
}

#[test]
fn an_upload_elsewhere_sees_no_credentials() {
    let storage = Fake::start(|head, body| {
        assert_eq!(head.header("authorization"), "");
        body.all();
        Reply::new(201)
    });
    let target = format!("http://{}/up?x=1", storage.host);
    let fake =
        Fake::start(
            move |head, _| match (head.header("authorization"), head.method.as_str()) {
                ("", _) => Reply::new(401).header("WWW-Authenticate", "Basic realm=r"),
                (_, "POST") => Reply::new(202).header("Location", &target),
                _ => Reply::new(404),
            },
        );
    let options = super::quick_as(&fake.host, "user", "secret");
    push(&repository(&fake.host, "a", options), b"data").unwrap();
    let wanted = format!("/up?x=1&digest=sha256%3A{}", digest(b"data").digest());
    assert!(storage.seen()[0].is("PUT", &wanted));
}

#[test]
fn senseless_sessions() {
    for (answer, words) in [
        (Reply::new(202).header("X", "y"), "without saying where"),
        (Reply::new(201).header("X", "y"), "answered 201"),
    ] {
        let reply = Mutex::new(Some(answer));
        let fake = Fake::start(move |head, _| match head.method.as_str() {
            "POST" => reply.lock().unwrap().take().unwrap(),
            _ => Reply::new(404),
        });
        let error = push(&repository(&fake.host, "a", quick()), b"data").unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    // Says that it has more than was sent.
    let fake = Fake::start(|head, body| {
        body.all();
        match head.method.as_str() {
            "POST" => Reply::new(202).header("Location", "/u"),
            "PATCH" => Reply::new(202)
                .header("Location", "/u")
                .header("Range", "0-999999999"),
            _ => Reply::new(404),
        }
    });
    let data = noise(100_000);
    let error = push(&repository(&fake.host, "a", small_chunks()), &data).unwrap_err();
    assert!(error.to_string().contains("makes no sense"), "{error}");
}

#[test]
fn a_token_that_ends_during_a_push() {
    let stage = Mutex::new(0);
    let fake = Fake::start(move |head, body| {
        let mut stage = stage.lock().unwrap();
        if head.path.starts_with("/token") {
            return Reply::new(200).body(format!(r#"{{"token":"t{stage}","expires_in":300}}"#));
        }
        if head.method == "PATCH" && *stage == 0 {
            *stage = 1;
        }
        if head.header("authorization") != format!("Bearer t{stage}") {
            let realm = format!("Bearer realm=\"http://{}/token\"", head.header("host"));
            return Reply::new(401).header("WWW-Authenticate", realm);
        }
        match head.method.as_str() {
            "POST" => Reply::new(202).header("Location", "/up"),
            "PATCH" => Reply::new(202).header("Range", format!("0-{}", body.all().len() - 1)),
            "GET" => Reply::new(204).header("Range", "0-0"),
            "PUT" => Reply::new(201),
            _ => Reply::new(404),
        }
    });
    let data = noise(200_000);
    let pushed = push(&repository(&fake.host, "a", small_chunks()), &data).unwrap();
    assert_eq!(pushed, Pushed::Uploaded);
    // The refusal came before the data was sent, and nothing was started anew.
    assert_eq!(fake.count("POST"), 1);
    assert_eq!(fake.count("PATCH"), 2);
}

#[test]
fn a_source_that_may_not_be_read_is_no_obstacle() {
    let fake = Fake::start(|head, _| {
        if head.path.starts_with("/token") {
            return match head.path.contains("secret") {
                true => Reply::new(403),
                false => Reply::new(200).body(r#"{"token":"t"}"#),
            };
        }
        match (head.header("authorization"), head.method.as_str()) {
            ("", _) => {
                let realm = format!("Bearer realm=\"http://{}/token\"", head.header("host"));
                Reply::new(401).header("WWW-Authenticate", realm)
            }
            (_, "POST") => Reply::new(202).header("Location", "/up"),
            (_, "PUT") => Reply::new(201),
            _ => Reply::new(404),
        }
    });
    let repository = repository(&fake.host, "a", quick());
    assert_eq!(
        push_from(&repository, b"x", Some("secret")).unwrap(),
        Pushed::Uploaded
    );
}
