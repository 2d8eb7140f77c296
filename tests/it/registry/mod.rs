//! Tests of the registry client: against a scripted server, and against the
//! reference registry where it is installed.

mod download;
mod failures;
mod fake;
mod fake_registry;
mod hostile;
mod login;
mod manifests;
mod real;
mod real_registry;
mod squash;
mod toc;
mod upload;

use std::time::Duration;

use oci_spec::image::Digest;
use rslim::registry::{Client, Credentials, Login, Options, Reference, Repository, RetryPolicy};
use sha2::{Digest as _, Sha256};

/// Options that wait for nothing and know no login.
fn quick() -> Options {
    Options {
        credentials: Credentials::Anonymous,
        retry: RetryPolicy {
            attempts: 4,
            first_wait: Duration::from_millis(2),
            longest_wait: Duration::from_millis(10),
            ..RetryPolicy::default()
        },
        ..Options::default()
    }
}

fn quick_as(host: &str, user: &str, password: &str) -> Options {
    Options {
        credentials: Credentials::Fixed {
            registry: host.to_owned(),
            login: Login::Basic {
                user: user.to_owned(),
                password: password.to_owned(),
            },
        },
        ..quick()
    }
}

/// A repository of the registry at `host`.
fn repository(host: &str, name: &str, options: Options) -> Repository {
    let reference: Reference = format!("{host}/{name}").parse().unwrap();
    Client::new(options).unwrap().repository(&reference)
}

fn digest(bytes: &[u8]) -> Digest {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        text.push_str(&format!("{byte:02x}"));
    }
    text.parse().unwrap()
}

/// Bytes that do not repeat soon.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(|_| next()).collect()
}
