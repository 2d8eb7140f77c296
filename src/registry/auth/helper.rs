//! Credential helpers: programs named `docker-credential-NAME` that keep
//! passwords elsewhere. They may hang, so they get a time limit.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::Login;
use crate::registry::error::{RegistryError, escape};

/// Most bytes that a helper may answer.
const MAX_ANSWER: u64 = 256 * 1024;
/// The user name that marks an identity token.
const TOKEN_USER: &str = "<token>";

/// What a helper answers to `get`.
#[derive(serde::Deserialize)]
struct Answer {
    #[serde(rename = "Username", default)]
    username: String,
    #[serde(rename = "Secret", default)]
    secret: String,
}

/// Asks `docker-credential-NAME` for the login of `server`; `None` when it has none.
///
/// # Errors
/// [`RegistryError::Credentials`] when it cannot be run, fails, or takes longer than `limit`.
pub(super) fn get(
    name: &str,
    server: &str,
    limit: Duration,
) -> Result<Option<Login>, RegistryError> {
    get_in(None, name, server, limit)
}

/// The same with the folder that the helper is in; without, `$PATH` says.
pub(super) fn get_in(
    folder: Option<&Path>,
    name: &str,
    server: &str,
    limit: Duration,
) -> Result<Option<Login>, RegistryError> {
    let program = format!("docker-credential-{name}");
    let failed = |why: &str| {
        RegistryError::Credentials(format!(
            "the helper {} for {server} {why}; remove it from credHelpers or credsStore, or \
             repair it",
            escape(&program)
        ))
    };
    // The name becomes part of a command: a path in it would run something else.
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(failed("has a name that no program has"));
    }
    let path = match folder {
        Some(folder) => folder.join(&program),
        None => PathBuf::from(&program),
    };
    let mut child = Command::new(path)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| failed(&format!("cannot be run ({e})")))?;
    let result = talk(&mut child, server, limit);
    // Whatever happened, no process is left behind.
    let _ = child.kill();
    let status = child.wait();
    let Some(answer) = result else {
        return Err(failed(&format!(
            "gave no answer within {} s",
            limit.as_secs()
        )));
    };
    if let Ok(answer) = serde_json::from_slice::<Answer>(&answer) {
        if answer.secret.is_empty() {
            return Ok(None);
        }
        return Ok(Some(match answer.username.as_str() {
            TOKEN_USER => Login::IdentityToken(answer.secret),
            _ => Login::Basic {
                user: answer.username,
                password: answer.secret,
            },
        }));
    }
    let text = String::from_utf8_lossy(&answer);
    // The words of the helpers' protocol for "nothing there".
    if text.contains("credentials not found") {
        return Ok(None);
    }
    let status = status.map_or_else(|e| e.to_string(), |status| status.to_string());
    Err(failed(&format!("failed ({status}): {}", escape(&text))))
}

/// Writes the server's name and reads the answer, in threads of their own:
/// either may block for ever.
fn talk(child: &mut Child, server: &str, limit: Duration) -> Option<Vec<u8>> {
    let mut stdin = child.stdin.take()?;
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    let line = format!("{server}\n");
    std::thread::spawn(move || {
        // A helper that does not read its input may answer all the same.
        let _ = stdin.write_all(line.as_bytes());
    });
    std::thread::spawn(move || {
        let mut answer = Vec::new();
        let done = stdout.take(MAX_ANSWER).read_to_end(&mut answer);
        let _ = sender.send(done.map(|_| answer));
    });
    receiver.recv_timeout(limit).ok()?.ok()
}
