//! Running the program, and the same in-process where a process a case would be slow.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock};

use rslim::analyze::{self, Analysis, DatabaseContents};
use rslim::codec::Limits;
use rslim::layer::{self, ContentHash, NoProgress, ScanOptions, ScannedImage, Verify};
use rslim::report::{ImageReport, json, tree_listing};
use rslim::ruleset::CacheRules;
use rslim::source::{self, Locator, OpenOptions};
use serde_json::Value;

/// What a run of the program gave.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// The program, in an environment that says nothing about engines and colours.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rslim"));
    for name in [
        "DOCKER_HOST",
        "DOCKER_CONTEXT",
        "CONTAINER_HOST",
        "NO_COLOR",
    ] {
        command.env_remove(name);
    }
    for name in [
        "CLICOLOR_FORCE",
        "COLUMNS",
        "DOCKER_CERT_PATH",
        "DOCKER_TLS_VERIFY",
    ] {
        command.env_remove(name);
    }
    command
}

pub fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("output is UTF-8"),
        err: String::from_utf8(output.stderr).expect("messages are UTF-8"),
    }
}

/// Runs the program with these words.
pub fn rslim(words: &[&str]) -> Ran {
    ran(command().args(words).output().expect("the program starts"))
}

/// The same with variables of the environment.
pub fn rslim_with(words: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = command();
    command.args(words).envs(variables.iter().copied());
    ran(command.output().expect("the program starts"))
}

/// Reads the image at `path` in-process.
pub fn scan(path: &Path, hash: ContentHash) -> ScannedImage {
    try_scan(path, hash, Verify::Auto).unwrap_or_else(|e| panic!("{}: {e:?}", path.display()))
}

pub fn try_scan(
    path: &Path,
    hash: ContentHash,
    verify: Verify,
) -> Result<ScannedImage, Box<dyn std::error::Error>> {
    let locator: Locator = path.to_str().expect("a path that we chose").parse()?;
    let options = OpenOptions {
        platform: Some("linux/amd64".parse()?),
        ..OpenOptions::default()
    };
    let opened = source::open(&locator, &options)?;
    let options = ScanOptions {
        limits: Limits::default(),
        jobs: 2,
        hash,
        verify,
        wanted: &DatabaseContents,
        spool_from: None,
        progress: &NoProgress,
    };
    Ok(layer::scan(opened, &options)?)
}

pub fn analyze(path: &Path) -> (ScannedImage, Analysis) {
    let scanned = scan(path, ContentHash::Blake3);
    let rules = CacheRules::builtin().expect("the shipped rules");
    let analysis = analyze::analyze(&scanned, &rules, None).expect("the image stays readable");
    (scanned, analysis)
}

/// The JSON report of the image at `path`.
pub fn report(path: &Path) -> Value {
    let (scanned, analysis) = analyze(path);
    let mut out = Vec::new();
    let report = ImageReport {
        scan: &scanned,
        analysis: &analysis,
        origins: None,
    };
    json::write(&report, &mut out).expect("memory can be written");
    serde_json::from_slice(&out).expect("the report is JSON")
}

/// The lines of the tree listing of the image at `path`.
pub fn listing(path: &Path) -> Vec<Value> {
    let scanned = scan(path, ContentHash::Sha256);
    let mut out = Vec::new();
    tree_listing::write(&scanned, &mut out).expect("memory can be written");
    let lines = out.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).expect("each line is JSON"))
        .collect()
}

/// A program of `fixtures/programs` as a static executable; `None` where there is no compiler.
pub fn compiled(source: &'static str) -> Option<&'static [u8]> {
    type Programs = HashMap<&'static str, Option<&'static [u8]>>;
    static COMPILED: OnceLock<Mutex<Programs>> = OnceLock::new();
    let mut compiled = COMPILED.get_or_init(Mutex::default).lock().unwrap();
    *compiled.entry(source).or_insert_with(|| {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("program");
        let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/programs");
        let made = Command::new("cc")
            .args(["-static", "-pthread", "-O1", "-o"])
            .args([&out, &all.join(source)])
            .status();
        let made = made.is_ok_and(|status| status.success());
        made.then(|| &*std::fs::read(out).unwrap().leak())
    })
}
