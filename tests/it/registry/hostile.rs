//! A registry that answers anything at all: no panic, no endless loop.

use std::io::{Read, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rslim::registry::{Credentials, Login, Options, RetryPolicy, Version};

use super::fake::{Fake, Reply};
use super::{digest, noise, quick, repository};

/// A small generator of choices that are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

fn answer(dice: &mut Dice, host: &str) -> Reply {
    const STATUS: [u16; 21] = [
        200, 200, 200, 201, 201, 202, 202, 204, 206, 206, 301, 307, 307, 401, 401, 403, 404, 413,
        416, 500, 299,
    ];
    if dice.below(20) == 0 {
        return Reply::hang_up();
    }
    let mut reply = Reply::new(STATUS[dice.below(STATUS.len())]);
    let here = format!("http://{host}/x?y");
    let realm = format!("Bearer realm=\"http://{host}/t\",service=\"s\",scope=\"x:y:z\"");
    for (name, values) in [
        (
            "Location",
            [
                "/x",
                "y",
                &here,
                "",
                "?q",
                "http://",
                "//",
                "http://[::1",
                "/\u{fc}",
                "../../x",
            ],
        ),
        (
            "Range",
            [
                "0-0",
                "0-1",
                "0-99999",
                "bytes=0-7",
                "-",
                "9-1",
                "x",
                "0-",
                "0-18446744073709551615",
                "",
            ],
        ),
        (
            "Content-Range",
            [
                "bytes 0-99/100",
                "bytes 0-99/*",
                "bytes */5",
                "bytes 9-1/2",
                "bytes 0-18446744073709551615/*",
                "x",
                "",
                "bytes 10-19/100000",
                "bytes 5-5/5",
                "/",
            ],
        ),
        (
            "WWW-Authenticate",
            [
                &realm,
                "Basic realm=\"x\"",
                "Basic",
                "Bearer",
                "Bearer realm=\"",
                ",,,",
                "Bearer realm=\"http://\"",
                "Negotiate x==",
                "Bearer realm=\"/t\"",
                "\"",
            ],
        ),
        (
            "Docker-Content-Digest",
            [
                "sha256:0",
                "",
                "x",
                "sha512:",
                "md5:abc",
                "sha256:",
                ":",
                "a:b:c",
                "sha256:zz",
                "\u{fc}",
            ],
        ),
        (
            "Content-Type",
            [
                "text/plain",
                "",
                "x",
                ";",
                "a/b;c",
                "application/json",
                "*/*",
                "/",
                "A/B",
                "\u{fc}",
            ],
        ),
        (
            "Retry-After",
            [
                "0",
                "",
                "x",
                "-1",
                "1e9",
                "99999999",
                "Sun, 06 Nov 1994 08:49:37 GMT",
                " ",
                "0x1",
                "\u{fc}",
            ],
        ),
        (
            "OCI-Chunk-Min-Length",
            [
                "0",
                "1",
                "-1",
                "18446744073709551615",
                "x",
                "",
                "100000",
                "4096",
                "9e9",
                " ",
            ],
        ),
    ] {
        if dice.below(2) == 0 {
            reply = reply.header(name, dice.of(&values));
        }
    }
    let body = dice.of(&[
        "",
        "{}",
        "[",
        r#"{"token":"t"}"#,
        r#"{"token":"t","expires_in":18446744073709551615}"#,
        r#"{"errors":[]}"#,
        r#"{"errors":[{"code":null}]}"#,
        r#"{"mediaType":"x"}"#,
        "<html>",
        "\u{1b}[2J",
    ]);
    match dice.below(4) {
        0 => reply.chunked(body.as_bytes()),
        1 => reply.body(body).cut(body.len() / 2),
        2 => reply.body(noise(dice.below(3000))),
        _ => reply.body(body),
    }
}

#[test]
fn anything_goes() {
    let started = Instant::now();
    let data = noise(30_000);
    for seed in 1..150u64 {
        let dice = Mutex::new(Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        let fake = Fake::start(move |head, body| {
            let mut dice = dice.lock().unwrap();
            if dice.below(2) == 0 {
                body.all();
            }
            answer(&mut dice, head.header("host"))
        });
        let options = Options {
            credentials: Credentials::Fixed {
                registry: fake.host.clone(),
                login: match seed % 3 {
                    0 => Login::IdentityToken("id".to_owned()),
                    1 => Login::RegistryToken("token".to_owned()),
                    _ => Login::Basic {
                        user: "user".to_owned(),
                        password: "secret".to_owned(),
                    },
                },
            },
            chunk_size: 10_000,
            retry: RetryPolicy {
                attempts: 3,
                first_wait: Duration::from_millis(1),
                longest_wait: Duration::from_millis(1),
                longest_retry_after: Duration::from_secs(0),
            },
            read_timeout: Duration::from_secs(2),
            ..quick()
        };
        let here = repository(&fake.host, "a/b", options);
        let _ = here.manifest(&Version::parse("latest").unwrap());
        let _ = here.manifest(&Version::Digest(digest(b"x")));
        let _ = here.manifest_head(&Version::parse("latest").unwrap());
        let _ = here.push_manifest(&Version::parse("latest").unwrap(), "x/y", b"{}");
        let mut bytes = Vec::new();
        if let Ok(mut reader) = here.blob(&digest(&data), data.len() as u64) {
            assert!(reader.read_to_end(&mut bytes).is_err());
        }
        bytes.clear();
        if let Ok(mut reader) = here.blob_range(&digest(&data), 10, 20)
            && reader.read_to_end(&mut bytes).is_ok()
        {
            assert_eq!(bytes.len(), 20);
        }
        for size in [100, data.len()] {
            let part = &data[..size];
            let _ = here.push_blob(&digest(part), size as u64, Some("c"), |offset| {
                Ok(&part[usize::try_from(offset).unwrap()..])
            });
        }
        if let Ok(mut upload) = here.start_blob()
            && upload.write_all(&data).is_ok()
        {
            let _ = upload.finish(&digest(&data));
        }
        let requests = fake.seen().len();
        assert!(requests < 1000, "seed {seed}: {requests} requests");
    }
    assert!(started.elapsed() < Duration::from_secs(120));
}
