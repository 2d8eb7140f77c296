//! Blobs: lost connections, ranges, wrong bytes.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};

use oci_spec::image::Digest;
use rslim::registry::{RegistryError, Repository};

use super::fake::{Fake, Head, Reply};
use super::{digest, noise, quick, repository};

/// Where a request wants to begin.
fn start(head: &Head) -> usize {
    let range = head.header("range").trim_start_matches("bytes=");
    range.split('-').next().unwrap().parse().unwrap_or(0)
}

fn partial(data: &[u8], from: usize, to: usize) -> Reply {
    Reply::new(206)
        .header(
            "Content-Range",
            format!("bytes {from}-{}/{}", to - 1, data.len()),
        )
        .body(&data[from..to])
}

fn read(repository: &Repository, digest: &Digest, size: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    repository
        .blob(digest, size as u64)?
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn inner(error: &std::io::Error) -> &RegistryError {
    error.get_ref().unwrap().downcast_ref().unwrap()
}

#[test]
fn a_cut_blob_is_gone_on_with() {
    let data = noise(300_000);
    let (wanted, size) = (digest(&data), data.len());
    let fake = Fake::start(move |head, _| match start(head) {
        0 => Reply::new(200).body(data.clone()).cut(100_000),
        from if from < 200_000 => partial(&data, from, data.len()).cut(100_000),
        from => partial(&data, from, data.len()),
    });
    let repository = repository(&fake.host, "a", quick());
    let bytes = read(&repository, &wanted, size).unwrap();
    assert_eq!(digest(&bytes), wanted);
    let ranges: Vec<String> = fake
        .seen()
        .iter()
        .map(|h| h.header("range").to_owned())
        .collect();
    assert_eq!(ranges, ["", "bytes=100000-299999", "bytes=200000-299999"]);
}

#[test]
fn a_registry_without_ranges_sends_it_again() {
    let data = noise(200_000);
    let (wanted, size) = (digest(&data), data.len());
    let tries = AtomicUsize::new(0);
    let fake = Fake::start(move |_, _| match tries.fetch_add(1, Ordering::Relaxed) {
        // The first is the look at /v2/.
        0 | 1 => Reply::new(200).body(data.clone()).cut(150_000),
        _ => Reply::new(200).body(data.clone()),
    });
    let repository = repository(&fake.host, "a", quick());
    assert_eq!(digest(&read(&repository, &wanted, size).unwrap()), wanted);
}

#[test]
fn it_ends_when_nothing_comes() {
    let data = noise(50_000);
    let (wanted, size) = (digest(&data), data.len());
    let fake = Fake::start(move |head, _| match start(head) {
        0 => Reply::new(200).body(data.clone()).cut(1000),
        // A byte each time is not progress.
        from => partial(&data, from, data.len()).cut(1),
    });
    let repository = repository(&fake.host, "a", quick());
    let error = read(&repository, &wanted, size).unwrap_err();
    assert!(error.to_string().contains("was cut 4 times"), "{error}");
    assert_eq!(fake.seen().len(), 4);
}

#[test]
fn other_bytes_and_sizes_are_refused() {
    let data = noise(50_000);
    let (wanted, size) = (digest(&data), data.len());
    let fake = Fake::start(move |head, _| {
        let mut bytes = data.clone();
        match head.path.split('/').nth(2).unwrap() {
            "changed" => bytes[40_000] ^= 1,
            "short" => bytes.truncate(49_999),
            "long" => bytes.push(0),
            // Without a length, the size is seen only at the end.
            "unsized" => {
                bytes.push(0);
                return Reply::new(200).chunked(&bytes);
            }
            "shifted" if start(head) > 0 => {
                return partial(&bytes, start(head) - 1, bytes.len());
            }
            "shifted" => return Reply::new(200).body(bytes).cut(10),
            _ => {}
        }
        Reply::new(200).body(bytes)
    });
    let of = |name: &str| read(&repository(&fake.host, name, quick()), &wanted, size);
    let error = of("changed").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert!(matches!(
        inner(&error),
        RegistryError::DigestMismatch { .. }
    ));
    for name in ["short", "long", "unsized"] {
        let error = of(name).unwrap_err();
        assert!(
            matches!(inner(&error), RegistryError::SizeMismatch { .. }),
            "{name}: {error}"
        );
    }
    let error = of("shifted").unwrap_err();
    assert!(error.to_string().contains("sends other bytes"), "{error}");
    of("good").unwrap();
}

#[test]
fn after_an_error_there_is_no_end() {
    let fake = Fake::start(|_, _| Reply::new(200).body("wrong"));
    let repository = repository(&fake.host, "a", quick());
    let mut reader = repository.blob(&digest(b"right"), 5).unwrap();
    let mut bytes = Vec::new();
    assert!(reader.read_to_end(&mut bytes).is_err());
    assert!(reader.read_to_end(&mut bytes).is_err());
}

#[test]
fn ranges() {
    let data = noise(50_000);
    let wanted = digest(&data);
    let expected = data[10_000..30_000].to_vec();
    let fake = Fake::start(move |head, _| {
        if head.path.starts_with("/v2/whole/") {
            return Reply::new(200).body(data.clone());
        }
        match start(head) {
            10_000 => {
                assert_eq!(head.header("range"), "bytes=10000-29999");
                partial(&data, 10_000, 30_000).cut(5000)
            }
            from if from < 50_000 => partial(&data, from, 30_000),
            _ => Reply::new(416),
        }
    });
    let here = repository(&fake.host, "a", quick());
    let mut bytes = Vec::new();
    here.blob_range(&wanted, 10_000, 20_000)
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    assert_eq!(bytes, expected);
    assert!(here.blob_range(&wanted, 60_000, 1).is_err());
    assert!(here.blob_range(&wanted, u64::MAX, 1).is_err());
    let mut none = here.blob_range(&wanted, 0, 0).unwrap();
    assert_eq!(none.read(&mut [0; 8]).unwrap(), 0);
    let whole = repository(&fake.host, "whole", quick());
    let error = whole.blob_range(&wanted, 1, 1).unwrap_err();
    assert!(error.to_string().contains("has no ranges"), "{error}");
}

#[test]
fn an_empty_blob() {
    let fake = Fake::start(|_, _| Reply::new(200));
    let repository = repository(&fake.host, "a", quick());
    assert_eq!(read(&repository, &digest(b""), 0).unwrap(), b"");
}
