//! Manifests: accepted types, digests, limits.

use rslim::registry::{Options, RegistryError, Version};

use super::fake::{Fake, Reply};
use super::{digest, quick, repository};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCUMENT: &[u8] = br#"{"schemaVersion":2,"mediaType":"x/y","layers":[]}"#;

fn tag(name: &str) -> Version {
    Version::parse(name).unwrap()
}

#[test]
fn by_tag_and_by_digest() {
    let fake = Fake::start(|head, _| {
        let good = digest(DOCUMENT);
        let paths = [
            "/v2/a/b/manifests/1".to_owned(),
            format!("/v2/a/b/manifests/{good}"),
        ];
        if !paths.contains(&head.path) {
            return Reply::new(404);
        }
        assert!(head.header("accept").contains(OCI));
        assert!(head.header("user-agent").starts_with("rslim/"));
        Reply::new(200)
            .header("Content-Type", format!("{OCI}; charset=utf-8"))
            .header("Docker-Content-Digest", good)
            .body(DOCUMENT)
    });
    let repository = repository(&fake.host, "a/b", quick());
    for version in [tag("1"), Version::Digest(digest(DOCUMENT))] {
        let manifest = repository.manifest(&version).unwrap();
        assert_eq!(manifest.bytes, DOCUMENT);
        assert_eq!(manifest.media_type, OCI);
        assert_eq!(manifest.digest, digest(DOCUMENT));
    }
    let head = repository.manifest_head(&tag("1")).unwrap().unwrap();
    assert_eq!(head.digest, Some(digest(DOCUMENT)));
    assert_eq!(head.size, Some(DOCUMENT.len() as u64));
    assert_eq!(repository.manifest_head(&tag("2")).unwrap(), None);
    let error = repository.manifest(&tag("2")).unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[test]
fn the_documents_own_type_counts_where_the_header_says_nothing() {
    let fake = Fake::start(|_, _| {
        Reply::new(200)
            .header("Content-Type", "text/plain")
            .body(DOCUMENT)
    });
    let manifest = repository(&fake.host, "a", quick())
        .manifest(&tag("1"))
        .unwrap();
    assert_eq!(manifest.media_type, "x/y");
}

#[test]
fn other_bytes_are_refused() {
    let fake = Fake::start(|head, _| match head.path.as_str() {
        "/v2/a/manifests/header" => Reply::new(200)
            .header("Docker-Content-Digest", digest(b"other"))
            .body(DOCUMENT),
        "/v2/a/manifests/broken" => Reply::new(200)
            .header("Docker-Content-Digest", "sha256:\u{7f}")
            .body(DOCUMENT),
        _ => Reply::new(200).body("other"),
    });
    let repository = repository(&fake.host, "a", quick());
    let by_digest = Version::Digest(digest(DOCUMENT));
    for version in [tag("header"), by_digest] {
        let error = repository.manifest(&version).unwrap_err();
        assert!(
            matches!(error, RegistryError::DigestMismatch { .. }),
            "{error}"
        );
    }
}

#[test]
fn documents_have_a_limit() {
    let fake = Fake::start(|head, _| match head.path.as_str() {
        "/v2/a/manifests/declared" => Reply::new(200).header("Content-Length", u64::MAX),
        _ => Reply::new(200).chunked(&[b' '; 2000]),
    });
    let options = Options {
        document_limit: 1000,
        ..quick()
    };
    let repository = repository(&fake.host, "a", options);
    for name in ["declared", "sent"] {
        let error = repository.manifest(&tag(name)).unwrap_err();
        assert!(
            matches!(error, RegistryError::TooLarge { limit: 1000, .. }),
            "{error}"
        );
    }
}

#[test]
fn pushing_is_confirmed() {
    let fake = Fake::start(|head, body| {
        let bytes = body.all();
        match (head.method.as_str(), head.path.as_str()) {
            ("PUT", "/v2/a/manifests/good") => {
                assert_eq!(head.header("content-type"), OCI);
                assert_eq!(bytes, DOCUMENT);
                Reply::new(201).header("Docker-Content-Digest", digest(DOCUMENT))
            }
            ("PUT", "/v2/a/manifests/other") => {
                Reply::new(201).header("Docker-Content-Digest", digest(b"other"))
            }
            ("PUT", _) => Reply::new(201),
            _ => Reply::new(404),
        }
    });
    let repository = repository(&fake.host, "a", quick());
    let push = |name: &str| repository.push_manifest(&tag(name), OCI, DOCUMENT);
    assert_eq!(push("good").unwrap(), digest(DOCUMENT));
    for bad in ["other", "silent"] {
        let error = push(bad).unwrap_err();
        assert!(
            matches!(error, RegistryError::DigestMismatch { .. }),
            "{error}"
        );
    }
    let wrong = Version::Digest(digest(b"other"));
    assert!(repository.push_manifest(&wrong, OCI, DOCUMENT).is_err());
}
