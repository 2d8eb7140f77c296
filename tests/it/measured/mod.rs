//! Findings with the bytes that the built image has for them.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::fixtures::tar::{Entry, LayerBuilder};
use crate::fixtures::{ImageBuilder, Layout, content};
use crate::program::{Ran, rslim};

const BIG: usize = 3_000_000;
const APP: usize = 2_000_000;
const LISTS: usize = 700_000;
const WHEEL: usize = 400_000;

/// A Dockerfile and the image that it built, in a folder of their own.
struct Built {
    dir: TempDir,
}

impl Built {
    fn new(dockerfile: &str, image: &ImageBuilder) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("Dockerfile"), dockerfile).unwrap();
        let built = Built { dir };
        image
            .write(Layout::DockerArchive, &built.path("image.tar"))
            .unwrap();
        built
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, words: &[&str]) -> Ran {
        let (file, image) = (self.path("Dockerfile"), self.path("image.tar"));
        let own = [
            "lint",
            file.to_str().unwrap(),
            "--image",
            image.to_str().unwrap(),
        ];
        rslim(&[&own[..], &["--no-config"], words].concat())
    }

    /// Code, line, bytes and layer of each finding that has bytes.
    fn measured(&self) -> Vec<(String, u64, u64, Option<u64>)> {
        let findings = self.findings(&[]);
        let with_bytes = findings.iter().filter_map(|found| {
            let code = found["code"].as_str()?.to_owned();
            let line = found["start"]["line"].as_u64()?;
            Some((
                code,
                line,
                found["bytes"].as_u64()?,
                found["layer"].as_u64(),
            ))
        });
        with_bytes.collect()
    }

    fn findings(&self, words: &[&str]) -> Vec<Value> {
        let ran = self.run(&[words, &["-f", "json"]].concat());
        let report: Value = serde_json::from_str(&ran.out).expect(&ran.err);
        report["files"][0]["findings"].as_array().unwrap().clone()
    }

    fn lines_of(&self, code: &str) -> Vec<u64> {
        let findings = self.findings(&[]);
        let own = findings.iter().filter(|found| found["code"] == code);
        own.map(|found| found["start"]["line"].as_u64().unwrap())
            .collect()
    }
}

fn base() -> ImageBuilder {
    let layer = LayerBuilder::new()
        .dirs(["bin", "etc", "root", "srv", "usr", "var"])
        .file("bin/sh", content::binary(1, 100_000))
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        .finish();
    ImageBuilder::new()
        .layer(layer, "ADD rootfs.tar / # buildkit")
        .empty_layer("CMD [\"bash\"]")
}

fn run_step(image: ImageBuilder, layer: LayerBuilder, command: &str) -> ImageBuilder {
    image.layer(
        layer.finish(),
        &format!("RUN /bin/sh -c {command} # buildkit"),
    )
}

/// apt lists, a pip cache, a chown copy and a file that is deleted later.
const WASTEFUL: &str = "\
FROM example.org/base:1
RUN apt-get update && apt-get install -y --no-install-recommends curl=8.14.1
RUN pip install flask==3.1.2
RUN make-data /srv/big.bin
COPY app /srv/app
RUN chown -R 10001 /srv/app
RUN rm /srv/big.bin
USER 10001
";

fn wasteful() -> Built {
    let app = || content::binary(3, APP);
    let lists = LayerBuilder::new()
        .dirs(["var/lib", "var/lib/apt", "var/lib/apt/lists"])
        .file(
            "var/lib/apt/lists/deb.example.org_Packages",
            content::text(4, LISTS),
        );
    let cache = LayerBuilder::new()
        .dirs(["root/.cache", "root/.cache/pip", "root/.cache/pip/wheels"])
        .file(
            "root/.cache/pip/wheels/flask.whl",
            content::binary(5, WHEEL),
        );
    let owned = Entry::file("srv/app/blob", app()).owner(10001, 0);
    let image = run_step(
        base(),
        lists,
        "apt-get update && apt-get install -y --no-install-recommends curl=8.14.1",
    );
    let image = run_step(image, cache, "pip install flask==3.1.2");
    let big = LayerBuilder::new().file("srv/big.bin", content::binary(6, BIG));
    let image = run_step(image, big, "make-data /srv/big.bin");
    let copy = LayerBuilder::new()
        .dir("srv/app", 0o755)
        .file("srv/app/blob", app());
    let image = image.layer(copy.finish(), "COPY app /srv/app # buildkit");
    let image = run_step(
        image,
        LayerBuilder::new().entry(owned),
        "chown -R 10001 /srv/app",
    );
    let image = run_step(
        image,
        LayerBuilder::new().whiteout("srv/big.bin"),
        "rm /srv/big.bin",
    );
    let image = image
        .empty_layer("USER 10001")
        .run_field("User", "10001".into());
    Built::new(WASTEFUL, &image)
}

#[test]
fn waste_is_on_its_line_with_its_bytes_largest_first() {
    let found = wasteful().measured();
    let found: Vec<_> = found
        .iter()
        .map(|(code, line, bytes, layer)| (code.as_str(), *line, *bytes as usize, *layer))
        .collect();
    assert_eq!(
        found,
        [
            ("RS2001", 4, BIG, Some(3)),
            ("RS1002", 6, APP, Some(5)),
            ("DL3009", 2, LISTS, Some(1)),
            ("DL3042", 3, WHEEL, Some(2)),
        ]
    );
}

#[test]
fn what_the_image_does_not_have_is_no_finding() {
    let image = run_step(base(), LayerBuilder::new(), "pip install flask==3.1.2");
    let image = image
        .empty_layer("USER 10001")
        .run_field("User", "10001".into());
    let text = "FROM example.org/base:1\nRUN pip install flask==3.1.2\nUSER 10001\n";
    let built = Built::new(text, &image);
    let ran = built.run(&[]);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    assert!(ran.err.contains("1 finding left out"), "{}", ran.err);
    let file = built.path("Dockerfile");
    let alone = rslim(&["lint", "--no-config", file.to_str().unwrap()]);
    assert!(alone.out.contains("DL3042"), "{}", alone.out);
}

#[test]
fn an_image_of_another_dockerfile_measures_nothing() {
    let image = run_step(base(), LayerBuilder::new(), "something else");
    let text = "FROM example.org/base:1\nRUN pip install flask==3.1.2\nUSER 10001\n";
    let built = Built::new(text, &image.run_field("User", "10001".into()));
    let ran = built.run(&[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("DL3042"), "{}", ran.out);
    assert!(
        ran.err.contains("no line is sure to have made"),
        "{}",
        ran.err
    );
}

#[test]
fn versions_and_the_digest_of_the_base_are_proposed() {
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let status = "Package: curl\nStatus: install ok installed\nVersion: 8.14.1-2\n\n";
    let layer = LayerBuilder::new()
        .dirs(["var/lib", "var/lib/dpkg"])
        .file("var/lib/dpkg/status", status);
    let command = "apt-get install -y --no-install-recommends curl";
    let image = run_step(base(), layer, command)
        .label("org.opencontainers.image.base.digest", &digest)
        .empty_layer("USER 10001")
        .run_field("User", "10001".into());
    let text = format!("FROM example.org/base:1\nRUN {command}\nUSER 10001\n");
    let built = Built::new(&text, &image);
    let ran = built.run(&["--fix=unsafe"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let fixed = std::fs::read_to_string(built.path("Dockerfile")).unwrap();
    assert_eq!(
        fixed,
        format!("FROM example.org/base:1@{digest}\nRUN {command}=8.14.1-2\nUSER 10001\n")
    );
}

#[test]
fn what_the_base_sets_is_known() {
    let shell = "[/bin/bash -o pipefail -c]";
    let image = base()
        .empty_layer("ENV JAVA_HOME=/opt/java")
        .empty_layer("WORKDIR /srv")
        .empty_layer(&format!("SHELL {shell}"))
        .env(&["PATH=/bin", "JAVA_HOME=/opt/java"])
        .layer(
            LayerBuilder::new().file("srv/x", "x").finish(),
            "COPY x ./ # buildkit",
        )
        .layer(
            LayerBuilder::new().file("srv/y", "y").finish(),
            "RUN /bin/bash -o pipefail -c make-y | tee y # buildkit",
        )
        .run_field("User", "app".into());
    let text = "FROM example.org/base:1\nCOPY x ./\nRUN make-y | tee y\n";
    let built = Built::new(text, &image);
    let file = built.path("Dockerfile");
    let alone = rslim(&["lint", "--no-config", file.to_str().unwrap()]);
    for code in ["DL3045", "DL4006"] {
        assert!(alone.out.contains(code), "{}", alone.out);
    }
    let ran = built.run(&[]);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
}

#[test]
fn credentials_and_accounts_are_found_in_every_layer_and_never_shown() {
    let secret = "npm_abcdefghijklmnopqrstuvwxyz0123456789";
    let npmrc = format!("//registry.npmjs.org/:_authToken={secret}\n");
    let users = "root::0:0:root:/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n";
    let image = base().layer(
        LayerBuilder::new().file("root/.npmrc", &npmrc).finish(),
        "COPY .npmrc /root/.npmrc # buildkit",
    );
    let image = image.layer(
        LayerBuilder::new().whiteout("root/.npmrc").finish(),
        &format!("RUN |1 NPM_TOKEN={secret} /bin/sh -c npm ci # buildkit"),
    );
    let sudo = Entry::file("bin/sudo", "x").mode(0o4755);
    let image = run_step(
        image,
        LayerBuilder::new().file("etc/passwd", users).entry(sudo),
        "make-users",
    );
    let image = image
        .empty_layer("VOLUME [/etc]")
        .empty_layer("ENV DB_PASSWORD=hunter2hunter2")
        .env(&["PATH=/bin", "DB_PASSWORD=hunter2hunter2"])
        .run_field("Volumes", serde_json::json!({ "/etc": {} }));
    let text = "FROM example.org/base:1\nARG NPM_TOKEN\nCOPY .npmrc /root/.npmrc\nRUN npm ci\n\
                RUN make-users\nVOLUME /etc\nENV DB_PASSWORD=hunter2hunter2\n";
    let built = Built::new(text, &image);
    for (code, lines) in [
        ("RS2016", &[3][..]),
        ("RS2017", &[4, 4, 7]),
        ("RS2014", &[5]),
        ("RS2015", &[5]),
        ("RS2011", &[5]),
        ("RS2013", &[6]),
        ("RS2010", &[1]),
    ] {
        let mut found = built.lines_of(code);
        found.sort_unstable();
        assert_eq!(found, lines, "{code}");
    }
    let ran = built.run(&["-f", "json"]);
    assert!(!ran.out.contains(secret) && !ran.err.contains(secret));
    assert!(
        ran.out.contains("deleted later, but still to be had"),
        "{}",
        ran.out
    );
}

#[test]
fn the_gate_counts_the_same_findings() {
    let built = wasteful();
    let settings = built.path("limits.toml");
    std::fs::write(&settings, "[ci]\nlint-threshold = \"info\"\n").unwrap();
    let (file, image) = (built.path("Dockerfile"), built.path("image.tar"));
    let words = [
        "ci",
        image.to_str().unwrap(),
        "--dockerfile",
        file.to_str().unwrap(),
    ];
    let ran = rslim(
        &[
            &words[..],
            &["--config", settings.to_str().unwrap(), "-f", "sarif"],
        ]
        .concat(),
    );
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    for code in ["RS2001", "RS1002", "DL3009", "DL3042"] {
        assert!(ran.out.contains(code), "{code}: {}", ran.out);
    }
    assert!(ran.out.contains(&BIG.to_string()), "{}", ran.out);
}

#[test]
fn one_dockerfile_belongs_to_an_image() {
    let built = wasteful();
    let other = built.path("Other.Dockerfile");
    std::fs::write(&other, "FROM scratch\n").unwrap();
    let ran = built.run(&[other.to_str().unwrap()]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("2 Dockerfiles are to be checked"),
        "{}",
        ran.err
    );
    let ran = built.run(&["--target", "nowhere"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("no stage \"nowhere\""), "{}", ran.err);
}

#[test]
fn the_same_image_gives_the_same_report() {
    let built = wasteful();
    for format in ["json", "pretty", "sarif"] {
        let first = built.run(&["-f", format]);
        let second = built.run(&["-f", format, "-j", "1"]);
        assert_eq!(first.out, second.out, "{format}");
    }
}
