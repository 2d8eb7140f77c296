//! Node applications: which installed packages they reach.

use std::collections::BTreeSet;

use rslim::closure::node::{Options, PackageKind, Packages, Reached, Root, reach};
use rslim::closure::{Files, Kind};

use super::written::Written;

/// An image's packages, and what its application reaches of them.
struct App {
    packages: Packages,
    reached: Reached,
}

impl App {
    /// Starts at all sources and documents of no package, and at command lines
    /// in `/app`.
    fn new(files: &[(&str, &str)], commands: &[&str]) -> Self {
        let tree = Written::new(files);
        let manifests = tree.named(|name| name == b"package.json");
        let packages = Packages::find(&tree.disk, &manifests);
        let ends = [&b".js"[..], b".mjs", b".cjs", b".ts", b".json", b".jsx"];
        let mut own = tree.named(|name| ends.iter().any(|end| name.ends_with(end)));
        own.retain(|node| {
            let path = tree.disk.path(*node);
            let inside = path.windows(14).any(|part| part == b"/node_modules/");
            tree.disk.kind(*node) == Kind::File && !inside && !path.starts_with(b"/usr/")
        });
        let mut roots: Vec<Root> = own.into_iter().map(Root::File).collect();
        for command in commands {
            let words = vec![(*command).to_owned()];
            roots.push(Root::Command(words, b"/app".to_vec()));
        }
        let reached = reach(&tree.disk, &packages, &roots, &Options::default());
        App { packages, reached }
    }

    fn names(&self) -> BTreeSet<&str> {
        let ids = self.reached.packages.keys();
        ids.map(|id| self.packages.packages[*id as usize].name.as_str())
            .collect()
    }
}

#[test]
fn declared_packages_are_reached_where_node_would_find_them() {
    let files = [
        ("app/package.json", r#"{"dependencies":{"dep":"1"}}"#),
        (
            "app/node_modules/dep/package.json",
            r#"{"dependencies":{"nested":"1","cycle":"1"},"optionalDependencies":{"no":"1"}}"#,
        ),
        (
            "app/node_modules/dep/esm/package.json",
            r#"{"type":"module"}"#,
        ),
        (
            "app/node_modules/dep/node_modules/nested/package.json",
            "{}",
        ),
        ("app/node_modules/nested/package.json", "{}"),
        (
            "app/node_modules/cycle/package.json",
            r#"{"dependencies":{"dep":"1"},"peerDependencies":{"@s/peer":"1"}}"#,
        ),
        ("app/node_modules/@s/peer/package.json", "{broken"),
        ("app/node_modules/unused/package.json", "{}"),
    ];
    let app = App::new(&files, &[]);
    let want = BTreeSet::from(["@s/peer", "cycle", "dep", "nested"]);
    assert_eq!(app.names(), want);
    // The nearer one, and not that of the application.
    let ids = app.reached.packages.keys();
    let nested: Vec<_> = ids
        .map(|id| &app.packages.packages[*id as usize])
        .filter(|package| package.name == "nested")
        .collect();
    assert_eq!(nested.len(), 1);
    assert!(nested[0].path.ends_with(b"dep/node_modules/nested"));
    assert_eq!(app.packages.problems.len(), 1, "the broken manifest");
}

#[test]
fn packages_are_reached_by_sources_documents_and_undeclared_requests() {
    let files = [
        (
            "app/server.js",
            "require('used'); require('./lib/x.node'); require(name); require('missing')",
        ),
        ("app/lib/x.node", ""),
        (
            "app/trace.json",
            r#"{"files":["../app/node_modules/traced/x.js"]}"#,
        ),
        ("app/deb.js", "import x from 'debpkg/y'"),
        ("app/node_modules/used/package.json", "{}"),
        (
            "app/node_modules/used/index.js",
            "try { require('phantom') } catch {}",
        ),
        ("app/node_modules/used/build/Release/y.node", ""),
        ("app/node_modules/phantom/package.json", "{}"),
        ("app/node_modules/traced/package.json", "{}"),
        ("app/node_modules/traced/x.js", ""),
        ("app/node_modules/unused/package.json", "{}"),
        ("usr/share/nodejs/debpkg/package.json", "{}"),
    ];
    let app = App::new(&files, &[]);
    let want = BTreeSet::from(["debpkg", "phantom", "traced", "used"]);
    assert_eq!(app.names(), want);
    assert_eq!(app.reached.native.len(), 2, "one of each");
    assert_eq!(app.reached.dynamic.len(), 1, "a computed name");
}

#[test]
fn packages_for_development_stay_out_unless_the_application_runs_them() {
    let files = [
        (
            "app/package.json",
            r#"{"scripts":{"start":"node -r hook/x server.js","prestart":"tool go","lint":"linter ."},
            "devDependencies":{"devonly":"1","hook":"1","tool":"1","usedev":"1"}}"#,
        ),
        ("app/server.js", "require('usedev')"),
        ("app/test/a.test.js", "require('devonly')"),
        (
            "app/node_modules/usedev/package.json",
            r#"{"devDependencies":{"linter":"1"}}"#,
        ),
        ("app/node_modules/usedev/index.js", "require('devonly')"),
        ("app/node_modules/usedev/test/t.js", "require('tool')"),
        ("app/node_modules/devonly/package.json", "{}"),
        ("app/node_modules/hook/package.json", "{}"),
        ("app/node_modules/tool/package.json", "{}"),
        ("app/node_modules/tool/cli.js", ""),
        ("app/node_modules/.bin/tool", "-> ../tool/cli.js"),
        ("app/node_modules/linter/package.json", "{}"),
        ("app/node_modules/linter/cli.js", ""),
        ("app/node_modules/.bin/linter", "-> ../linter/cli.js"),
        (
            "usr/local/lib/node_modules/npm/package.json",
            r#"{"name":"npm","bundleDependencies":["inner"]}"#,
        ),
        ("usr/local/lib/node_modules/npm/bin/npm-cli.js", ""),
        (
            "usr/local/lib/node_modules/npm/node_modules/inner/package.json",
            "{}",
        ),
        ("usr/local/lib/node_modules/corepack/package.json", "{}"),
        (
            "usr/local/bin/npm",
            "-> ../lib/node_modules/npm/bin/npm-cli.js",
        ),
    ];
    let app = App::new(&files, &[]);
    assert_eq!(app.names(), BTreeSet::from(["usedev"]));
    assert_eq!(
        app.reached.skipped.len(),
        2,
        "devonly, by a test and by usedev"
    );
    let started = App::new(&files, &["npm start"]);
    let want = BTreeSet::from(["hook", "inner", "npm", "tool", "usedev"]);
    assert_eq!(started.names(), want);
    let mut packages = started.packages.packages.iter();
    assert!(packages.any(|package| package.kind == PackageKind::Global));
    let linted = App::new(&files, &["npx linter"]);
    assert!(linted.names().contains("linter"));
}

#[test]
fn links_on_the_way_to_packages_are_told() {
    let files = [
        ("app/server.js", "require('linked')"),
        (
            "app/node_modules/linked",
            "-> .pnpm/linked@1/node_modules/linked",
        ),
        (
            "app/node_modules/.pnpm/linked@1/node_modules/linked/package.json",
            r#"{"dependencies":{"deep":"1"}}"#,
        ),
        (
            "app/node_modules/.pnpm/linked@1/node_modules/deep",
            "-> ../../deep@1/node_modules/deep",
        ),
        (
            "app/node_modules/.pnpm/deep@1/node_modules/deep/package.json",
            "{}",
        ),
    ];
    let app = App::new(&files, &[]);
    assert_eq!(app.names(), BTreeSet::from(["deep", "linked"]));
    assert_eq!(app.reached.links.len(), 2);
}
