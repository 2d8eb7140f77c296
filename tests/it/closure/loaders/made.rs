//! Programs and libraries made for the purpose, with the system's compiler.
//!
//! A line makes one file: `lib` and `main` link one, with `needs=`, `soname=`,
//! `rpath=`, `runpath=`, `filter=` and `auxiliary=` or options of the linker;
//! `link`, `text`, `dir`, `cut`, `patch` (some bytes at a place) and `remove`
//! are what they say. `@` stands for the directory of all, `%` for the same
//! without its first slash.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use rslim::closure::elf::{self, LoaderConfig, Objects};
use rslim::closure::{Files, Kind};
use tempfile::TempDir;

use super::super::disk::Disk;
use super::oracle::Way;
use super::{Counts, compare, shapes, shapes_musl};
use crate::peers::{have, is_root};

/// Where shapes become files.
struct Workshop {
    dir: TempDir,
    /// The compiler that links programs.
    driver: &'static str,
    /// What `@` stands for.
    prefix: String,
    stubs: BTreeSet<String>,
}

impl Workshop {
    fn new(driver: &'static str, own_root: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("work")).unwrap();
        fs::create_dir(dir.path().join("tree")).unwrap();
        // Loaders name real paths.
        let tree = dir.path().join("tree").canonicalize().unwrap();
        let prefix = if own_root { "" } else { tree.to_str().unwrap() };
        let workshop = Workshop {
            driver,
            prefix: prefix.to_owned(),
            stubs: BTreeSet::new(),
            dir,
        };
        // Compiled once: linking is most of what shapes are made of.
        let library = "int f(void) { return 1; }";
        for (name, width, text) in [
            ("lib", "-m64", library),
            ("lib32", "-m32", library),
            ("main", "-m64", "int main(void) { return 0; }"),
        ] {
            let source = workshop.work(&format!("{name}.c"));
            fs::write(&source, text).unwrap();
            let object = workshop.work(&format!("{name}.o"));
            let (source, object) = (source.to_str().unwrap(), object.to_str().unwrap());
            run("cc", &["-c", "-fPIC", width, source, "-o", object]);
        }
        workshop
    }

    fn work(&self, name: &str) -> PathBuf {
        self.dir.path().join("work").join(name)
    }

    fn tree(&self) -> PathBuf {
        self.dir.path().join("tree").canonicalize().unwrap()
    }

    fn make(&mut self, shapes: &str) {
        let lines = shapes.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let below = self.prefix.trim_start_matches('/').to_owned();
            let line = line.replace('@', &self.prefix).replace('%', &below);
            let words: Vec<&str> = line.split(' ').collect();
            let (verb, at) = (words[0], self.tree().join(words[1]));
            let number = |at: usize| words[at].parse::<usize>().unwrap();
            // Those that change a file make another one of it.
            let made = match verb {
                "cut" | "patch" => self.tree().join(words[2]),
                _ => at.clone(),
            };
            fs::create_dir_all(made.parent().unwrap()).unwrap();
            match verb {
                "lib" | "lib32" | "main" => self.object(verb, &at, &words[2..]),
                "link" => symlink(words[2], at).unwrap(),
                "text" => fs::write(at, words[2..].join(" ")).unwrap(),
                "dir" => fs::create_dir(at).unwrap(),
                "remove" => fs::remove_file(at).unwrap(),
                "cut" => fs::write(made, &fs::read(at).unwrap()[..number(3)]).unwrap(),
                "patch" => {
                    let mut bytes = fs::read(at).unwrap();
                    bytes[number(3)] = u8::try_from(number(4)).unwrap();
                    fs::write(made, bytes).unwrap();
                }
                other => panic!("{other} means nothing"),
            }
        }
    }

    fn object(&mut self, verb: &str, to: &Path, options: &[&str]) {
        let mut words: Vec<String> = vec!["-o".to_owned(), to.to_str().unwrap().to_owned()];
        let (compiler, object) = match verb {
            "lib" => ("cc", "lib.o"),
            "lib32" => ("cc", "lib32.o"),
            _ => (self.driver, "main.o"),
        };
        words.push(self.work(object).to_str().unwrap().to_owned());
        if verb != "main" {
            words.extend(["-shared", "-nostdlib"].map(str::to_owned));
        }
        if verb == "lib32" {
            words.push("-m32".to_owned());
        }
        let linked = "-Wl,--no-as-needed,--allow-shlib-undefined,--unresolved-symbols=ignore-all";
        words.push(linked.to_owned());
        let mut soname = to.file_name().unwrap().to_str().unwrap();
        for option in options {
            // Only known words: names may hold the sign too.
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match name {
                "needs" => words.push(self.stub(value)),
                "soname" => soname = value,
                "rpath" => words.push(format!("-Wl,--disable-new-dtags,-rpath,{value}")),
                "runpath" => words.push(format!("-Wl,--enable-new-dtags,-rpath,{value}")),
                "filter" => words.push(format!("-Wl,-F,{value}")),
                "auxiliary" => words.push(format!("-Wl,-f,{value}")),
                _ => words.push((*option).to_owned()),
            }
        }
        if verb != "main" {
            words.push(format!("-Wl,-soname,{soname}"));
        }
        run(compiler, &words);
    }

    /// A library that is linked against only for its soname to be needed.
    fn stub(&mut self, soname: &str) -> String {
        let name = soname.replace(['/', '$'], "_");
        let path = self.work(&format!("stub-{name}"));
        let path = path.to_str().unwrap().to_owned();
        if self.stubs.insert(soname.to_owned()) {
            let object = self.work("lib.o");
            let soname = format!("-Wl,-soname,{soname}");
            let words = ["-shared", "-nostdlib", "-o", &path, &soname];
            run("cc", &[&words[..], &[object.to_str().unwrap()]].concat());
        }
        path
    }
}

fn run<S: AsRef<OsStr>>(program: &str, words: &[S]) {
    let output = Command::new(program).args(words).output().unwrap();
    let words: Vec<&OsStr> = words.iter().map(AsRef::as_ref).collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {words:?}: {errors}");
}

/// Every file of the tree, compared.
fn compare_all(disk: &Disk, tree: &Path, env: &[(&str, String)], ways: &[Way]) -> Counts {
    let top = disk.resolve(tree.as_os_str().as_bytes()).unwrap().node;
    let mut files = disk.below(top);
    files.retain(|node| disk.kind(*node) == Kind::File);
    let counts = compare(disk, &files, env, ways);
    assert_eq!(counts.differences, [""; 0], "with {env:?}");
    counts
}

const SUPPORTED: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

#[test]
fn programs_in_unusual_places_load_what_glibc_says() {
    if !SUPPORTED || !have("cc") {
        return;
    }
    let mut workshop = Workshop::new("cc", false);
    workshop.make(shapes::ANYWHERE);
    let (disk, tree) = (Disk::new(Path::new("/")), workshop.tree());
    let at = |dir: &str| format!("{}/{dir}", tree.to_str().unwrap());
    let ways = [Way::Called, Way::Started];
    let counts = compare_all(&disk, &tree, &[], &ways);
    let Counts {
        compared,
        named,
        missing,
        refused,
        variants,
        ..
    } = counts;
    eprintln!("{compared} files, {named} objects, {missing} missing, {refused} refused");
    assert!(compared > 90 && named > 2 * compared && missing > 15 && refused > 10 && variants > 4);
    for env in [
        vec![("LD_LIBRARY_PATH", at("3"))],
        vec![("LD_LIBRARY_PATH", format!("{};:{}", at("4/b"), at("1/lib")))],
        vec![(
            "LD_LIBRARY_PATH",
            format!("$ORIGIN/../1/lib:{}", at("8/text")),
        )],
        vec![("LD_PRELOAD", format!("{} libnone.so", at("9/libpre.so")))],
        vec![
            ("LD_PRELOAD", "liba.so".to_owned()),
            ("LD_LIBRARY_PATH", at("4")),
        ],
    ] {
        compare_all(&disk, &tree, &env, &[Way::Called]);
    }
}

#[test]
fn programs_in_unusual_places_load_what_musl_says() {
    if !SUPPORTED || !have("cc") || !have("musl-gcc") {
        return;
    }
    let mut workshop = Workshop::new("musl-gcc", false);
    workshop.make(shapes_musl::ANYWHERE);
    let (disk, tree) = (Disk::new(Path::new("/")), workshop.tree());
    let at = |dir: &str| format!("{}/{dir}", tree.to_str().unwrap());
    for env in [
        vec![],
        vec![("LD_LIBRARY_PATH", at("1/lib"))],
        vec![
            ("LD_PRELOAD", at("9/libpre.so")),
            ("LD_LIBRARY_PATH", at("4")),
        ],
    ] {
        let Counts {
            compared,
            named,
            missing,
            ..
        } = compare_all(&disk, &tree, &env, &[Way::Called]);
        eprintln!("{compared} files, {named} objects, {missing} missing");
        assert!(compared > 40 && named > compared && missing > 3);
    }
}

/// Copies a program of the machine with all that it loads.
fn install(program: &str, root: &Path) {
    let disk = Disk::new(Path::new("/"));
    let config = LoaderConfig::read(&disk, None);
    let found = disk.resolve(program.as_bytes()).unwrap();
    let closure = elf::closure(&Objects::new(&disk), &config, found.node).unwrap();
    for node in closure.nodes().into_iter().chain(found.crossed) {
        let path = disk.path(node);
        let path = Path::new(OsStr::from_bytes(&path));
        let to = root.join(path.strip_prefix("/").unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        if disk.kind(node) == Kind::Symlink {
            symlink(fs::read_link(path).unwrap(), to).unwrap();
        } else {
            fs::copy(path, to).unwrap();
        }
    }
}

#[test]
fn programs_in_a_root_of_their_own_load_what_glibc_finds_by_its_cache() {
    if !SUPPORTED || !is_root() || !have("cc") || !have("chroot") || !have("ldconfig") {
        return;
    }
    let mut workshop = Workshop::new("cc", true);
    let tree = workshop.tree();
    // Sets the variables inside.
    install("/usr/bin/env", &tree);
    workshop.make(shapes::WITH_CACHE);
    run("ldconfig", &["-r", tree.to_str().unwrap()]);
    let compared = |env: &[(&str, String)]| {
        let counts = compare_all(&Disk::new(&tree), Path::new("/c"), env, &[Way::Called]);
        assert!(counts.compared > 10, "{counts:?}");
        assert!(counts.named > counts.compared, "{counts:?}");
        counts
    };
    let whole = compared(&[]);
    assert!(whole.variants > 0, "{whole:?}");
    workshop.make(shapes::AFTER_CACHE);
    assert!(compared(&[]).missing > whole.missing);
    compared(&[("LD_LIBRARY_PATH", "/c/run".to_owned())]);
}
