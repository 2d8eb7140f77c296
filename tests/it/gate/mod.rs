//! `rslim ci` as CI uses it.

mod baseline;
mod dive;
mod formats;
mod hostile;
mod verdicts;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::fixtures::{ImageBuilder, Layout, content, tar::LayerBuilder};
use crate::program::{Ran, command, ran};

/// A day on which all waivers of these tests still count.
const TODAY: &str = "1750000000";

/// A folder with an image and whatever files a case needs.
struct Case {
    dir: tempfile::TempDir,
}

/// 200 000 bytes that a second layer deletes, a cache, twins and a secret.
fn image() -> ImageBuilder {
    let first = LayerBuilder::new()
        .dirs(["opt", "root", "root/.cache", "root/.cache/pip", "root/.ssh"])
        .file("opt/archive.tar", content::noise(1, 200_000))
        .file("opt/tool", content::noise(2, 300_000))
        .file("root/.cache/pip/wheel", content::noise(3, 100_000))
        .file("root/.ssh/id_rsa", "secret")
        .finish();
    let second = LayerBuilder::new()
        .whiteout("opt/archive.tar")
        .file("opt/again", content::noise(2, 300_000))
        .finish();
    let second_step = "RUN /bin/sh -c rm /opt/archive.tar && cp /opt/tool /opt/again";
    ImageBuilder::new()
        .layer(first, "COPY files /")
        .layer(second, second_step)
        .run_field("User", "1000".into())
}

impl Case {
    fn new(files: &[(&str, &str)]) -> Self {
        Case::of(&image(), files)
    }

    fn of(image: &ImageBuilder, files: &[(&str, &str)]) -> Self {
        let case = Case {
            dir: tempfile::tempdir().unwrap(),
        };
        image
            .write(Layout::DockerArchive, &case.path("image.tar"))
            .unwrap();
        for (name, text) in files {
            fs::write(case.path(name), text).unwrap();
        }
        case
    }

    /// With this `[ci]` table.
    fn ci(table: &str) -> Self {
        Case::new(&[(".rslim.toml", &format!("[ci]\n{table}"))])
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn run(&self, words: &[&str]) -> Ran {
        self.run_with(words, &[])
    }

    fn run_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Ran {
        run(self.dir.path(), words, variables)
    }

    /// Status and report.
    fn json(&self, words: &[&str]) -> (Option<i32>, Value) {
        let mut all = vec!["-f", "json"];
        all.extend(words);
        let ran = self.run(&all);
        let report = serde_json::from_str(&ran.out);
        (
            ran.code,
            report.unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err)),
        )
    }
}

fn run(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = command();
    command
        .current_dir(folder)
        .args(["ci", "image.tar"])
        .args(words)
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder.join("none"))
        .env("SOURCE_DATE_EPOCH", TODAY)
        .env_remove("GITHUB_STEP_SUMMARY")
        .envs(variables.iter().copied());
    ran(command.output().unwrap())
}

/// The check of a report.
fn check<'r>(report: &'r Value, name: &str) -> &'r Value {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["check"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {report:#}"))
}
