//! Python applications: which installed distributions they reach, and why.

use std::collections::BTreeSet;

use rslim::closure::Files;
use rslim::closure::python::{
    By, Distribution, Environment, Installed, Reached, Reason, Root, What, reach,
};

use super::written::Written;

const SITE: &str = "usr/local/lib/python3.12/site-packages";

/// Paths with what they hold.
type List = Vec<(String, String)>;

/// An image's distributions, and what its application reaches of them.
struct App {
    installed: Installed,
    reached: Reached,
}

impl App {
    /// Starts at all sources outside of the library that nobody owns, and at the
    /// words of a command.
    fn new(files: &[(impl AsRef<str>, impl AsRef<str>)], words: &[&str]) -> Self {
        let tree = Written::new(files);
        let descriptions = tree.named(|name| {
            name.ends_with(b"-info") || name.ends_with(b".pth") || name.starts_with(b"__editable__")
        });
        let installed = Installed::find(&tree.disk, &descriptions, &Environment::default());
        let mut sources = tree.named(|name| name.ends_with(b".py"));
        sources.retain(|node| {
            let path = tree.disk.path(*node);
            installed.owner(*node).is_none() && !path.windows(5).any(|part| part == b"/lib/")
        });
        let mut roots: Vec<Root> = sources.into_iter().map(Root::Source).collect();
        roots.extend(words.iter().map(|word| Root::Word((*word).to_owned())));
        let reached = reach(&tree.disk, &installed, &roots);
        App { installed, reached }
    }

    fn names(&self) -> BTreeSet<&str> {
        let ids = self.reached.distributions.keys();
        ids.map(|id| self.installed.distributions[*id as usize].name.as_str())
            .collect()
    }

    fn why(&self, name: &str) -> &Reason {
        let id = self.installed.named(name)[0];
        &self.reached.distributions[&id]
    }

    fn distribution(&self, name: &str) -> &Distribution {
        &self.installed.distributions[self.installed.named(name)[0] as usize]
    }
}

/// The files of a distribution with these modules.
fn dist(name: &str, meta: &str, points: &str, modules: &[(&str, &str)]) -> List {
    let info = format!("{SITE}/{}-1.dist-info", name.replace('-', "_"));
    let mut record = String::new();
    let mut files = Vec::new();
    for (path, text) in modules {
        record.push_str(&format!("{path},,\n"));
        files.push((format!("{SITE}/{path}"), (*text).to_owned()));
    }
    let metadata = format!("Name: {name}\nVersion: 1\n{meta}\n\ntext\n");
    files.push((format!("{info}/METADATA"), metadata));
    files.push((format!("{info}/RECORD"), record));
    files.push((format!("{info}/entry_points.txt"), points.to_owned()));
    files
}

/// A distribution of one empty module of its name.
fn plain(name: &str) -> List {
    let module = format!("{}.py", name.replace('-', "_"));
    dist(name, "", "", &[(&module, "")])
}

/// The application's own source with what is installed.
fn app(source: &str, parts: impl IntoIterator<Item = List>) -> List {
    let mut files: List = parts.into_iter().flatten().collect();
    files.push(("app/main.py".to_owned(), source.to_owned()));
    files
}

#[test]
fn an_import_of_a_namespace_reaches_the_distribution_that_has_it() {
    let package = |name: &str, meta: &str| {
        let module = format!("{}/__init__.py", name.replace('-', "/"));
        dist(name, meta, "", &[(&module, "")])
    };
    let parts = [
        package("google-cloud-storage", "Requires-Dist: google-auth"),
        package("google-auth", ""),
        package("google-cloud-tasks", ""),
    ];
    let app = App::new(&app("from google.cloud import storage\n", parts), &[]);
    let want = BTreeSet::from(["google-auth", "google-cloud-storage"]);
    assert_eq!(app.names(), want);
    assert_eq!(app.why("google-auth").what, What::Requires);
    let storage = app.distribution("google-cloud-storage");
    assert_eq!(storage.provides, ["google.cloud.storage"]);
    let providers = app.installed.providers("google.cloud.storage");
    assert_eq!(providers, app.installed.named("google-cloud-storage"));
}

#[test]
fn requirements_hold_by_their_markers_and_extras() {
    let web = "Requires-Dist: base[fast]\nRequires-Dist: winonly; sys_platform == 'win32'";
    let base = "Requires-Dist: quick; extra == 'fast'\nRequires-Dist: docs; extra == 'doc'";
    let parts = [
        dist("web", web, "", &[("web.py", "")]),
        dist("base", base, "", &[("base.py", "")]),
        plain("quick"),
        plain("docs"),
        plain("winonly"),
    ];
    let app = App::new(&app("\nimport web", parts), &[]);
    assert_eq!(app.names(), BTreeSet::from(["base", "quick", "web"]));
    assert_eq!(app.why("web").line, Some(2));
}

#[test]
fn tests_of_a_distribution_count_only_when_something_else_imports_them() {
    let web = [
        (
            "web/__init__.py",
            "try:\n import optional\nexcept ImportError: pass\n",
        ),
        ("web/tests/test_a.py", "import onlytest"),
        ("web/helper/tests/util.py", "import viatest"),
    ];
    let optional = [("optional.cpython-312-x86_64-linux-gnu.so", "")];
    let parts = [
        dist("web", "", "", &web),
        dist("optional", "", "", &optional),
        plain("onlytest"),
        plain("viatest"),
    ];
    let source = "import web\nfrom web.helper.tests import util\n";
    let app = App::new(&app(source, parts), &[]);
    let want = BTreeSet::from(["optional", "viatest", "web"]);
    assert_eq!(app.names(), want);
}

#[test]
fn plugins_are_reached_by_who_asks_for_their_group() {
    let plugin = |name: &str, group: &str| {
        let points = format!("[{group}]\nx = {name}:x\n");
        dist(name, "", &points, &[(&format!("{name}.py"), "")])
    };
    let parts = [
        dist("web", "", "", &[("web.py", "")]),
        plugin("plug_a", "web.commands"),
        plugin("plug_b", "pytest11"),
        plugin("plug_c", "own_group"),
    ];
    let source = "import web\nfor x in entry_points(group='own_group'): pass\n";
    let app = App::new(&app(source, parts), &[]);
    assert_eq!(app.names(), BTreeSet::from(["plug-a", "plug-c", "web"]));
    assert!(matches!(app.why("plug-a").by, By::Distribution(_)));
}

#[test]
fn strings_path_files_and_words_of_the_command_name_modules() {
    let computed = "import importlib\nimportlib.import_module(X)";
    let hack = [
        ("_hack.py", ""),
        ("hack.pth", "import os; __import__('_hack')"),
    ];
    let script = [("script.py", "STRINGS = ['docs']")];
    let points = "[console_scripts]\nrun-it = script:main\n";
    let parts = [
        dist("text", "", "", &[("textlib/__init__.py", computed)]),
        dist("setuptools", "", "", &hack),
        dist("script", "", points, &script),
        plain("docs"),
    ];
    let files = app("A = ['textlib.filter']\n", parts);
    let without = App::new(&files, &[]);
    assert_eq!(without.names(), BTreeSet::from(["setuptools", "text"]));
    let literal = What::Literal("textlib.filter".to_owned());
    assert_eq!(without.why("text").what, literal);
    let hook = What::Pth("_hack".to_owned());
    assert_eq!(without.why("setuptools").what, hook);
    // What it loads stands nowhere: that is told.
    assert_eq!(without.reached.dynamic.len(), 1);
    let with = App::new(&files, &["/usr/local/bin/run-it"]);
    assert!(with.names().contains("script") && with.names().contains("docs"));
}

#[test]
fn modules_of_the_standard_library_lead_to_others() {
    let mut files = app("import turtle\n", [plain("unused")]);
    for (module, text) in [("os", ""), ("turtle", "import tkinter")] {
        let path = format!("usr/local/lib/python3.12/{module}.py");
        files.push((path, text.to_owned()));
    }
    let app = App::new(&files, &[]);
    assert!(app.reached.stdlib.contains_key("tkinter"));
    assert!(app.names().is_empty());
}

#[test]
fn debians_distributions_need_no_lists_and_do_not_see_environments() {
    let deb = |path: &str| format!("usr/lib/python3/dist-packages/{path}");
    let venv = |path: &str| format!("app/venv/{path}");
    let files = [
        (deb("yaml/__init__.py"), ""),
        (
            deb("PyYAML-6.egg-info/PKG-INFO"),
            "Name: PyYAML\nVersion: 6\n",
        ),
        (deb("flask/__init__.py"), "import click"),
        (
            deb("flask-2.egg-info/PKG-INFO"),
            "Name: Flask\nVersion: 2\n",
        ),
        (deb("flask-2.egg-info/top_level.txt"), "flask\n"),
        (deb("flask-2.egg-info/requires.txt"), "werk\n[x]\nyaml\n"),
        (deb("werk.py"), ""),
        (deb("werk-1.egg-info"), "Name: werk\nVersion: 1\n"),
        (deb("odd-1.egg-info"), "Name: odd\nVersion: 1\n"),
        (venv("lib/python3.11/site-packages/click/__init__.py"), ""),
        (
            venv("lib/python3.11/site-packages/click-8.dist-info/RECORD"),
            "click/__init__.py,,\n../../../bin/click,,\n",
        ),
        (venv("bin/click"), ""),
        ("app/app.py".to_owned(), "import flask"),
    ];
    let app = App::new(&files, &[]);
    // The environment's `click` is not what Debian's flask imports.
    assert_eq!(app.names(), BTreeSet::from(["flask", "werk"]));
    assert_eq!(app.distribution("pyyaml").provides, ["yaml"]);
    assert!(!app.distribution("flask").owned_by_record);
    let click = app.distribution("click");
    assert!(click.owned_by_record && click.files.len() == 2);
    // The modules of odd and the description of click are not there.
    assert_eq!(app.installed.problems.len(), 2);
}

#[test]
fn sources_in_place_vendored_copies_and_broken_links_are_told_apart() {
    let site = |path: &str| format!("v/lib/python3.12/site-packages/{path}");
    let plain = |path: &str| path.to_owned();
    let files = [
        (plain("app/setup.py"), ""),
        (
            plain("app/proj.egg-info/PKG-INFO"),
            "Name: proj\nVersion: 1\nRequires-Dist: dep\n",
        ),
        (site("dep.py"), ""),
        (site("dep-1.dist-info/METADATA"), "Name: dep\n"),
        (
            site("dep-1.dist-info/RECORD"),
            "dep.py,,\n../../../../../../../etc/x,,\n\"bad",
        ),
        (
            site("st/_vendor/inner-1.dist-info/METADATA"),
            "Name: inner\n",
        ),
        (site("loop"), "-> loop"),
        (site("gone-1.dist-info"), "-> nowhere"),
        (plain("srv/deps/tgt/__init__.py"), "import dep"),
        (plain("srv/deps/tgt-1.dist-info/METADATA"), "Name: tgt\n"),
        (
            plain("srv/deps/tgt-1.dist-info/RECORD"),
            "tgt/__init__.py,,\n",
        ),
        (plain("srv/main.py"), "import tgt"),
    ];
    let app = App::new(&files, &[]);
    assert_eq!(app.names(), BTreeSet::from(["dep", "tgt"]));
    assert!(app.installed.named("inner").is_empty());
    assert!(app.distribution("proj").editable);
}
