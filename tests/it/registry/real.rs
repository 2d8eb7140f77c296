//! The same against the reference registry, `docker-registry`, where it is installed.

use std::fs;
use std::io::{Read, Write};
use std::process::Command;

use super::real_registry::{Real, cutting_proxy, installed};
use super::{digest, noise, quick, quick_as, repository};
use rslim::registry::{
    AuthFiles, Credentials, Options, Pushed, RegistryError, Repository, Version,
};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
/// `user:s3cret` in base64.
const AUTH: &str = "dXNlcjpzM2NyZXQ=";

/// Runs skopeo; `None` when it is not installed.
fn skopeo(arguments: &[&str]) -> Option<()> {
    match Command::new("skopeo").args(arguments).output() {
        Ok(output) => {
            let words = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "skopeo {arguments:?}: {words}");
            Some(())
        }
        Err(_) => {
            eprintln!("skipped: skopeo is not installed");
            None
        }
    }
}

/// An image of one layer and its manifest.
fn image(layer: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let config =
        br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{}","size":{}}}]}}"#,
        digest(config),
        config.len(),
        digest(layer),
        layer.len()
    );
    (config.to_vec(), manifest.into_bytes())
}

fn push(repository: &Repository, data: &[u8], from: Option<&str>) -> Pushed {
    repository
        .push_blob(&digest(data), data.len() as u64, from, |offset| {
            Ok(&data[usize::try_from(offset).unwrap()..])
        })
        .unwrap()
}

fn round_trip(repository: &Repository) {
    // Larger than a chunk, so that it is streamed.
    let layer = noise(5_000_000);
    let (config, manifest) = image(&layer);
    assert_eq!(push(repository, &layer, None), Pushed::Uploaded);
    assert_eq!(push(repository, &config, None), Pushed::Uploaded);
    assert_eq!(push(repository, &layer, None), Pushed::Existed);
    let tag = Version::parse("1.0").unwrap();
    let name = repository.push_manifest(&tag, OCI, &manifest).unwrap();
    assert_eq!(name, digest(&manifest));
    for version in [tag.clone(), Version::Digest(name.clone())] {
        let found = repository.manifest(&version).unwrap();
        assert_eq!(found.bytes, manifest);
        assert_eq!(found.media_type, OCI);
        assert_eq!(found.digest, name);
    }
    let head = repository.manifest_head(&tag).unwrap().unwrap();
    assert_eq!(head.digest, Some(name));
    let mut bytes = Vec::new();
    let mut reader = repository
        .blob(&digest(&layer), layer.len() as u64)
        .unwrap();
    reader.read_to_end(&mut bytes).unwrap();
    assert!(bytes == layer);
    let mut part = Vec::new();
    let mut reader = repository
        .blob_range(&digest(&layer), 4_000_000, 500_000)
        .unwrap();
    reader.read_to_end(&mut part).unwrap();
    assert!(part == layer[4_000_000..4_500_000]);
}

#[test]
fn without_login() {
    if !installed() {
        return;
    }
    let real = Real::plain();
    let here = repository(&real.host, "team/app", quick());
    round_trip(&here);
    let none = here.manifest(&Version::parse("2.0").unwrap()).unwrap_err();
    assert!(none.to_string().contains("MANIFEST_UNKNOWN"), "{none}");
    assert!(!here.blob_exists(&digest(b"none")).unwrap());
    assert!(here.blob(&digest(b"none"), 4).unwrap_err().is_not_found());
    // What is not there cannot be named by a manifest.
    let (_, manifest) = image(b"not pushed");
    let tag = Version::parse("broken").unwrap();
    let error = here.push_manifest(&tag, OCI, &manifest).unwrap_err();
    assert!(
        error.to_string().contains("MANIFEST_BLOB_UNKNOWN"),
        "{error}"
    );
    let layer = noise(5_000_000);
    let other = repository(&real.host, "team/other", quick());
    assert_eq!(push(&other, &layer, Some("team/app")), Pushed::Mounted);
    let third = repository(&real.host, "team/third", quick());
    assert_eq!(push(&third, &noise(7), Some("team/app")), Pushed::Uploaded);
    assert_eq!(real.uploads("team/third") + real.uploads("team/other"), 0);
}

#[test]
fn chunks_of_unknown_size() {
    if !installed() {
        return;
    }
    let real = Real::plain();
    let options = Options {
        chunk_size: 300_000,
        part_limit: Some(400_000),
        ..quick()
    };
    let here = repository(&real.host, "chunks", options);
    let data = noise(1_234_567);
    let mut upload = here.start_blob().unwrap();
    upload.write_all(&data).unwrap();
    upload.finish(&digest(&data)).unwrap();
    assert!(here.blob_exists(&digest(&data)).unwrap());
    assert_eq!(push(&here, &data[1..], None), Pushed::Uploaded);
    assert_eq!(push(&here, b"", None), Pushed::Uploaded);
    let mut upload = here.start_blob().unwrap();
    upload.write_all(&data).unwrap();
    assert_eq!(real.uploads("chunks"), 1);
    upload.abandon();
    let upload = here.start_blob().unwrap();
    let error = upload.finish(&digest(b"x")).unwrap_err();
    assert!(error.to_string().contains("DIGEST_INVALID"), "{error}");
    assert_eq!(real.uploads("chunks"), 0);
}

#[test]
fn with_a_password() {
    if !installed() {
        return;
    }
    let real = Real::with_password();
    round_trip(&repository(
        &real.host,
        "app",
        quick_as(&real.host, "user", "s3cret"),
    ));
    let tag = Version::parse("1.0").unwrap();
    for options in [quick(), quick_as(&real.host, "user", "wrong")] {
        let other = repository(&real.host, "app", options);
        let error = other.manifest(&tag).unwrap_err();
        assert!(
            matches!(error, RegistryError::Unauthorized { .. }),
            "{error}"
        );
        let error = other
            .push_blob(&digest(b"x"), 1, None, |_| Ok(&b"x"[..]))
            .unwrap_err();
        assert!(error.is_access(), "{error}");
    }
    // The way in which docker and podman leave it behind.
    let file = real.folder.path().join("auth.json");
    fs::write(
        &file,
        format!(r#"{{"auths":{{"{}":{{"auth":"{AUTH}"}}}}}}"#, real.host),
    )
    .unwrap();
    let file = file.into_os_string();
    let files =
        AuthFiles::from_variables(|name| (name == "REGISTRY_AUTH_FILE").then(|| file.clone()));
    let options = Options {
        credentials: Credentials::Files(files),
        ..quick()
    };
    repository(&real.host, "app", options)
        .manifest(&tag)
        .unwrap();
}

#[test]
fn several_threads_share_a_repository() {
    if !installed() {
        return;
    }
    let real = Real::with_password();
    let here = repository(&real.host, "app", quick_as(&real.host, "user", "s3cret"));
    let data = noise(2_000_000);
    std::thread::scope(|scope| {
        for i in 0..6 {
            let (here, data) = (&here, &data);
            scope.spawn(move || {
                let part = &data[i * 1000..];
                assert_eq!(push(here, part, None), Pushed::Uploaded);
                let mut bytes = Vec::new();
                let mut reader = here.blob(&digest(part), part.len() as u64).unwrap();
                reader.read_to_end(&mut bytes).unwrap();
                assert!(bytes == part);
            });
        }
    });
}

#[test]
fn with_tls() {
    if !installed() {
        return;
    }
    let real = Real::with_tls();
    let trusting = Options {
        ca_files: vec![real.folder.path().join("ca.pem")],
        ..quick()
    };
    round_trip(&repository(&real.host, "app", trusting));
    let careless = Options {
        skip_verify: true,
        ..quick()
    };
    let tag = Version::parse("1.0").unwrap();
    repository(&real.host, "app", careless)
        .manifest(&tag)
        .unwrap();
    // Neither trusted nor spoken to without TLS.
    let error = repository(&real.host, "app", quick())
        .manifest(&tag)
        .unwrap_err();
    assert!(error.to_string().contains("is not trusted"), "{error}");
    let plain = Options {
        plain_http: true,
        ..quick()
    };
    assert!(repository(&real.host, "app", plain).manifest(&tag).is_err());
}

#[test]
fn a_connection_that_is_cut() {
    if !installed() {
        return;
    }
    let real = Real::plain();
    let host = cutting_proxy(&real.host, 3_000_000);
    let layer = noise(8_000_000);
    let here = repository(&host, "cut", quick());
    assert_eq!(push(&here, &layer, None), Pushed::Uploaded);
    assert!(here.blob_exists(&digest(&layer)).unwrap());
    // The first chunk of a blob of unknown size can be sent again, too.
    let host = cutting_proxy(&real.host, 3_000_000);
    let other = noise(6_000_000);
    let mut upload = repository(&host, "cut", quick()).start_blob().unwrap();
    upload.write_all(&other[1..]).unwrap();
    upload.finish(&digest(&other[1..])).unwrap();
}

#[test]
fn skopeo_and_we_understand_each_other() {
    if !installed() {
        return;
    }
    let real = Real::with_password();
    let folder = real.folder.path();
    let auth = folder.join("skopeo.json").display().to_string();
    let login = [
        "login",
        "--tls-verify=false",
        "-u",
        "user",
        "-p",
        "s3cret",
        "--authfile",
    ];
    if skopeo(&[&login[..], &[&auth, &real.host]].concat()).is_none() {
        return;
    }
    // The login is the one that skopeo left behind.
    let options = Options {
        credentials: Credentials::Files(AuthFiles::from_variables(|name| {
            (name == "REGISTRY_AUTH_FILE").then(|| auth.clone().into())
        })),
        ..quick()
    };
    let here = repository(&real.host, "app", options);
    round_trip(&here);
    let layout = format!("oci:{}:x", folder.join("layout").display());
    let (ours, theirs) = (
        format!("docker://{}/app:1.0", real.host),
        format!("docker://{}/app:back", real.host),
    );
    let copy = ["copy", "--preserve-digests", "--authfile", &auth];
    skopeo(&[&copy[..], &["--src-tls-verify=false", &ours, &layout]].concat()).unwrap();
    skopeo(&[&copy[..], &["--dest-tls-verify=false", &layout, &theirs]].concat()).unwrap();
    let tag = |name| Version::parse(name).unwrap();
    let (first, back) = (here.manifest(&tag("1.0")), here.manifest(&tag("back")));
    assert_eq!(first.unwrap(), back.unwrap());
}
