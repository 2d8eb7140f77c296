//! Makes seeds out of test images: `seeds IMAGES CORPUS`.
//!
//! Each image is a seed of `archive`, its layers are of `layer` and
//! `stored_layer`, its documents of the targets that parse them, and package
//! databases in its layers of `database`.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rslim_fuzz::{DATABASES, trees};

/// Larger seeds slow fuzzing down more than they help.
const LARGEST: usize = 256 << 10;

fn main() -> io::Result<()> {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let [images, corpus] = &words[..] else {
        eprintln!("Usage: seeds IMAGES CORPUS");
        std::process::exit(2);
    };
    let mut seeds = Seeds {
        corpus: corpus.into(),
        written: 0,
    };
    seeds.folder(Path::new(images))?;
    let targets = [
        ("words", &b"docker-archive:app.tar:app:1.0"[..]),
        ("words", b"linux/arm64/v8"),
        ("names", b"./usr/../bin//x\xff"),
        (
            "evidence",
            br#"{"schema_version":1,"images":["sha256:aa"],"probes":["GET /"],"paths":[
            {"path":"/bin/sh","use":["exec","looked"],"by":["/init"]}]}"#,
        ),
        (
            "probes",
            b"POST /x?y status=302 header='A: b' body=\"c d\" crawl=5",
        ),
        (
            "probes",
            b"[[probe]]\ntcp = 6379\nsend = 'PING\\r\\n'\n[[probe]]\nexec = ['a', 'b']\n",
        ),
        (
            "web",
            br#"<a href="/one">1</a> <img src='../two.png'> <style>a{b:url("bg.gif")}</style>"#,
        ),
        (
            "web",
            br##"{"servers":[{"url":"http://x:1/api/"}],"paths":{"/u/{id}":{"get":{"parameters":[
            {"name":"id","in":"path","schema":{"example":"a b"}},{"$ref":"#/x"}]}}}}"##,
        ),
    ];
    for (target, seed) in targets {
        seeds.write(target, seed)?;
    }
    for tree in trees::TREES {
        for (place, (_, contents)) in (tree.files)().iter().enumerate() {
            seeds.write(tree.target, &[&[place as u8], &contents[..]].concat())?;
        }
    }
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/caches.toml");
    let rules = [b"var/cache/apt/archives/x.deb\n", &fs::read(rules)?[..]].concat();
    seeds.write("cache_rules", &rules)?;
    println!("{} seeds", seeds.written);
    Ok(())
}

struct Seeds {
    corpus: PathBuf,
    written: usize,
}

impl Seeds {
    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            paths.push(entry?.path());
        }
        paths.sort();
        for path in paths {
            let kind = path.symlink_metadata()?.file_type();
            if kind.is_dir() {
                self.folder(&path)?;
            } else if kind.is_file() && path.metadata()?.len() <= 4 * LARGEST as u64 {
                let bytes = fs::read(&path)?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                self.write("archive", &bytes)?;
                self.member(&name, &bytes)?;
                // Broken images have members up to where they break.
                self.members(&bytes, |seeds, name, contents| seeds.member(name, contents))?;
            }
        }
        Ok(())
    }

    fn members(
        &mut self,
        archive: &[u8],
        mut each: impl FnMut(&mut Self, &str, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut archive = tar::Archive::new(archive);
        let Ok(entries) = archive.entries() else {
            return Ok(());
        };
        for entry in entries {
            let Ok(entry) = entry else { break };
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let mut contents = Vec::new();
            let read = entry.take(4 * LARGEST as u64).read_to_end(&mut contents);
            if read.is_err() {
                break;
            }
            each(self, &name, &contents)?;
        }
        Ok(())
    }

    /// A document or a layer of an image.
    fn member(&mut self, name: &str, contents: &[u8]) -> io::Result<()> {
        if contents.first().is_some_and(|&b| b == b'{' || b == b'[') {
            let target = match contents {
                _ if name.ends_with("manifest.json") => "docker_manifest",
                json if has(json, b"\"manifests\"") || has(json, b"\"layers\"") => "oci_document",
                _ => "image_config",
            };
            return self.write(target, contents);
        }
        self.write("layer", &[&[0], contents].concat())?;
        let plain = match contents {
            [0x1f, 0x8b, ..] => read(flate2::read::MultiGzDecoder::new(contents)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => match zstd::Decoder::new(contents) {
                Ok(decoder) => read(decoder),
                Err(_) => Vec::new(),
            },
            _ => contents.to_vec(),
        };
        self.write("layer", &[&[1], &plain[..]].concat())?;
        self.write("stored_layer", &[&[0], &plain[..]].concat())?;
        self.members(&plain, |seeds, name, contents| {
            let name = name.trim_start_matches("./");
            let last = name.rsplit('/').next();
            let place = DATABASES
                .iter()
                .position(|&place| place == name)
                .or_else(|| {
                    DATABASES
                        .iter()
                        .position(|place| place.rsplit('/').next() == last)
                });
            let rpm = trees::RPM.iter().position(|rpm| rpm[1..] == *name);
            if let Some(rpm) = rpm {
                let first = 0x80 | (rpm as u8) << 6;
                seeds.write("installed", &[&[first], contents].concat())?;
            }
            match place {
                Some(place) => seeds.write("database", &[&[place as u8], contents].concat()),
                None => Ok(()),
            }
        })
    }

    fn write(&mut self, target: &str, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > LARGEST {
            return Ok(());
        }
        let folder = self.corpus.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("seed-{:04}", self.written)), bytes)?;
        self.written += 1;
        Ok(())
    }
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn read(reader: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What comes before an error is a seed too.
    let _ = reader.take(4 * LARGEST as u64).read_to_end(&mut bytes);
    bytes
}
