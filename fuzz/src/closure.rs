//! What must hold of what files lead to, whatever is in them: all that is named
//! is there, and asked again the answer is the same.

use std::sync::OnceLock;

use rslim::closure::elf::{self, LoaderConfig, Objects};
use rslim::closure::installed::{Installed, Package};
use rslim::closure::plugins::Plugins;
use rslim::closure::script::{self, Environment};
use rslim::closure::{Files, Found, Kind, Need, NodeId, java, node, python};

use crate::memory::Memory;
use crate::trees;

/// Where inputs go that are no files but the words of a command.
const WORDS: [&str; 2] = ["command", "word"];

fn environment() -> Environment {
    let variables: [&[u8]; 4] = [
        b"PATH=/app:/usr/bin:/bin",
        b"HOME=/root",
        b"PERL5LIB=/app/lib",
        b"PHPRC=/etc/php/8.2/cli",
    ];
    Environment::new(variables, b"/app")
}

/// The tree of a target, and the input as words where it is no file.
fn tree(files: fn() -> Vec<(&'static str, Vec<u8>)>, data: &[u8]) -> (Memory, Vec<u8>) {
    let mut files = files();
    let at = files.iter().position(|(path, _)| WORDS.contains(path));
    let Some(at) = at else {
        return (trees::with(files, data).0, Vec::new());
    };
    let (which, contents) = crate::choice(data);
    let chosen = usize::from(which) % files.len() == at;
    // Any other place keeps its number.
    let words = std::mem::replace(&mut files[at], ("/words", Vec::new())).1;
    let words = if chosen { contents.to_vec() } else { words };
    (trees::with(files, data).0, words)
}

fn is_there(files: &Memory, found: &Found) {
    assert_ne!(files.kind(found.node), Kind::Symlink);
    let again = files.resolve(&files.path(found.node));
    assert_eq!(again.map(|found| found.node), Some(found.node));
    for link in &found.crossed {
        assert_eq!(files.kind(*link), Kind::Symlink);
    }
}

fn are_there(files: &Memory, needs: &[Need]) {
    for need in needs {
        is_there(files, &need.found);
    }
}

fn node_at(files: &Memory, path: &str) -> NodeId {
    files.locate(path.as_bytes()).expect("a file of the tree")
}

fn all_nodes(files: &Memory) -> Vec<NodeId> {
    let mut found = vec![0];
    let mut at = 0;
    while let Some(dir) = found.get(at) {
        found.extend(files.children(*dir).into_iter().map(|child| child.1));
        at += 1;
    }
    found
}

/// Nodes by the last part of their path.
fn named(files: &Memory, accept: impl Fn(&str) -> bool) -> Vec<NodeId> {
    let mut nodes = all_nodes(files);
    nodes.retain(|node| {
        let path = String::from_utf8(files.path(*node)).expect("the tree's paths are text");
        accept(path.rsplit('/').next().unwrap_or_default())
    });
    nodes
}

/// Objects, their loaders and the loaders' settings.
pub fn elf(data: &[u8]) {
    let (files, chosen) = trees::with(trees::elf(), data);
    let libraries = (chosen != "/app/main").then_some(b"/app/lib:$ORIGIN/lib".as_slice());
    let config = LoaderConfig::read(&files, libraries);
    let objects = Objects::new(&files);
    for path in ["/app/main", "/app/lib/liba.so", "/app/musl.so", chosen] {
        let root = node_at(&files, path);
        let _ = elf::soname_strings(&files, root);
        let Ok(closure) = elf::closure(&objects, &config, root) else {
            continue;
        };
        let all = closure.nodes();
        for edge in &closure.edges {
            is_there(&files, &edge.found);
            assert!(all.contains(&edge.found.node));
        }
        assert!(closure.always().is_subset(&all));
        for found in &closure.config {
            is_there(&files, found);
        }
        let fresh = Objects::new(&files);
        let again = elf::closure(&fresh, &config, root).expect("it was read before");
        assert_eq!(again.edges, closure.edges);
        assert_eq!(again.missing, closure.missing);
    }
}

/// Sources and descriptions of Python distributions.
pub fn python(data: &[u8]) {
    let (files, words) = tree(trees::python, data);
    let candidates = named(&files, |name| {
        [".dist-info", ".egg-info", ".egg-link", ".pth"]
            .iter()
            .any(|end| name.ends_with(end))
    });
    let installed = python::Installed::find(&files, &candidates, &python::Environment::default());
    let mut roots = vec![
        python::Root::Source(node_at(&files, "/app/main.py")),
        python::Root::Script(node_at(&files, "/usr/bin/tool")),
    ];
    let words = String::from_utf8_lossy(&words).into_owned();
    roots.extend(
        words
            .split('\0')
            .map(|word| python::Root::Word(word.into())),
    );
    roots.push(python::Root::Module(words));
    let reached = python::reach(&files, &installed, &roots);
    for id in reached.distributions.keys() {
        assert!(installed.distributions.get(*id as usize).is_some());
    }
    for distribution in &installed.distributions {
        for node in &distribution.files {
            assert_ne!(files.kind(*node), Kind::Directory);
        }
    }
    let again = python::reach(&files, &installed, &roots);
    assert_eq!(again.distributions, reached.distributions);
    assert_eq!(again.stdlib, reached.stdlib);
}

/// Sources and manifests of Node packages.
pub fn node(data: &[u8]) {
    let (files, words) = tree(trees::node, data);
    let manifests = named(&files, |name| name == "package.json");
    let packages = node::Packages::find(&files, &manifests);
    let mut roots: Vec<node::Root> = ["server.js", "package.json", "trace.json", "b.mjs"]
        .iter()
        .map(|name| node::Root::File(node_at(&files, &format!("/app/{name}"))))
        .collect();
    let words = String::from_utf8_lossy(&words).into_owned();
    roots.push(node::Root::Command(vec![words], b"/app".to_vec()));
    let options = node::Options::default();
    let reached = node::reach(&files, &packages, &roots, &options);
    for id in reached.packages.keys() {
        assert!(packages.packages.get(*id as usize).is_some());
    }
    let again = node::reach(&files, &packages, &roots, &options);
    assert_eq!(again.packages, reached.packages);
    assert_eq!(again.skipped, reached.skipped);
}

/// Scripts of shells, Perl, Ruby and PHP.
pub fn scripts(data: &[u8]) {
    let (files, words) = tree(trees::scripts, data);
    let env = environment();
    let check = |found: &script::Shell| {
        are_there(&files, &found.needs);
        for line in &found.commands {
            is_there(&files, &line.found);
        }
        for sourced in &found.sourced {
            are_there(&files, &sourced.needs);
        }
    };
    check(&script::shell(&files, &words, None, &env));
    let read = |path: &str| {
        let node = node_at(&files, path);
        let _ = script::shebang(&files, node, &env);
        files
            .read(node, 0, files.size(node) as usize)
            .expect("memory can be read")
    };
    let path = "/app/run.sh";
    let text = read(path);
    let found = script::shell(&files, &text, Some(path.as_bytes()), &env);
    check(&found);
    assert_eq!(
        script::shell(&files, &text, Some(path.as_bytes()), &env),
        found
    );
    let perl = script::perl::Libraries::find(&files, &env);
    let path = "/app/a.pl";
    are_there(
        &files,
        &script::perl(&files, &read(path), path.as_bytes(), &perl, &env),
    );
    let ruby = script::ruby::Libraries::find(&files, &env);
    let path = "/app/a.rb";
    are_there(
        &files,
        &script::ruby(&files, &read(path), path.as_bytes(), &ruby, &env),
    );
    let path = "/app/a.php";
    are_there(
        &files,
        &script::php(&files, &read(path), path.as_bytes(), &env),
    );
    are_there(&files, &script::php_settings(&files, &env));
}

/// Java archives, and words of a command line between zeros.
pub fn java(data: &[u8]) {
    let (files, words) = tree(trees::java, data);
    for path in ["/app/app.jar", "/app/lib/b.jar", "/app/lib/c.jar"] {
        if let Ok(needs) = java::jar(&files, node_at(&files, path)) {
            are_there(&files, &needs);
        }
    }
    let words: Vec<Vec<u8>> = words.split(|b| *b == 0).map(<[u8]>::to_vec).collect();
    are_there(&files, &java::command(&files, &words, &environment()));
}

/// Settings that name what a program loads.
pub fn plugins(data: &[u8]) {
    static PLUGINS: OnceLock<Plugins> = OnceLock::new();
    let plugins = PLUGINS.get_or_init(|| Plugins::builtin().expect("the shipped rules"));
    let (files, _) = trees::with(trees::plugins(), data);
    for program in [
        "/usr/sbin/nginx",
        "/usr/sbin/apache2",
        "/usr/lib/x86_64-linux-gnu/libc.so.6",
        "/usr/lib/x86_64-linux-gnu/libpam.so.0",
    ] {
        let needs = plugins.needs(&files, node_at(&files, program), &environment());
        are_there(&files, &needs);
    }
}

/// Package databases, and what is left of them without every other package.
pub fn installed(data: &[u8]) {
    let (first, contents) = crate::choice(data);
    let files = if first & 0x80 != 0 {
        let mut all = trees::installed();
        all.push((trees::RPM[usize::from(first >> 6 & 1)], contents.to_vec()));
        let last = all.len() - 1;
        trees::with(all, &[&[last as u8], contents].concat()).0
    } else {
        trees::with(trees::installed(), data).0
    };
    let before = Installed::find(&files);
    for package in &before.packages {
        for node in package.files.iter().chain(&package.records) {
            assert_ne!(files.kind(*node), Kind::Directory);
        }
        let needs = package.depends.iter().chain(&package.recommends);
        for id in needs.flat_map(|need| &need.satisfied_by) {
            assert!(before.package(*id).is_some());
        }
    }
    let Ok(reduced) = before.reduce(&files, &|id| id % 2 == 0) else {
        panic!("the tree is what it was");
    };
    let mut after = Memory::new();
    for node in all_nodes(&files) {
        if files.kind(node) != Kind::File || reduced.removed.binary_search(&node).is_ok() {
            continue;
        }
        let replaced = reduced.replaced.iter().find(|(known, _)| *known == node);
        let bytes = match replaced {
            Some((_, bytes)) => bytes.clone(),
            None => files
                .read(node, 0, files.size(node) as usize)
                .expect("memory can be read"),
        };
        let path = String::from_utf8(files.path(node)).expect("the tree's paths are text");
        after.file(&path, bytes);
    }
    let after = Installed::find(&after);
    let name = |package: &Package| {
        let (name, version) = (package.name.clone(), package.version.clone());
        (package.manager, name, version, package.architecture.clone())
    };
    let kept = before.packages.iter().skip(1).step_by(2);
    let kept: Vec<_> = kept.map(name).collect();
    let found: Vec<_> = after.packages.iter().map(name).collect();
    assert_eq!(kept, found, "the packages that stay, and no others");
}
