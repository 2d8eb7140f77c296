//! Files that nothing needs when the image runs, whatever runs.

use hashbrown::HashSet;

use super::reason::Gone;
use super::roots::Launch;
use super::view::View;
use crate::closure::{Files, Kind, NodeId};
use crate::ruleset::{CacheClass, CacheRules};
use crate::tree::Tree;

/// Which files are inert.
pub(super) struct Inert<'a> {
    view: View<'a>,
    rules: &'a CacheRules,
    /// A compiler stays, so what it reads stays too.
    compiler: bool,
    /// Languages whose translations can be shown.
    languages: Languages,
}

/// Programs that read headers and static libraries.
const COMPILERS: [&[u8]; 7] = [b"cc", b"gcc", b"clang", b"tcc", b"ld", b"g++", b"c++"];

impl<'a> Inert<'a> {
    /// `stays` tells whether a path is kept as far as is known.
    pub(super) fn new(
        view: View<'a>,
        rules: &'a CacheRules,
        launch: &Launch,
        stays: &dyn Fn(NodeId) -> bool,
    ) -> Self {
        let compiler = launch.environment.path.iter().any(|dir| {
            COMPILERS.iter().any(|name| {
                let found = view.resolve(&[dir.as_slice(), b"/", name].concat());
                found.is_some_and(|found| view.kind(found.node) == Kind::File && stays(found.node))
            })
        });
        Inert {
            view,
            rules,
            compiler,
            languages: Languages::of(view, launch),
        }
    }

    /// Why the file is inert, if it is.
    pub(super) fn of(&self, node: NodeId, path: &[u8]) -> Option<Gone> {
        let tree = self.view.tree;
        // Links and empty files say something by being there.
        if self.view.kind(node) != Kind::File || self.view.size(node) == 0 {
            return None;
        }
        let number = self.rules.matcher().rule_of(path)?;
        if self.rules.spares(number, path) {
            return None;
        }
        let rule = self.rules.rule(number);
        if !rule.inert {
            return None;
        }
        let inert = match (rule.id.as_str(), rule.class) {
            ("python-bytecode", _) => return has_source(tree, node).then_some(Gone::Bytecode),
            ("headers" | "static-libraries", _) => !self.compiler,
            ("locales", _) => !self.languages.reads(path),
            // Somebody made it for a program that may write nowhere else.
            ("logs", _) => owner(tree, node) == Some(0),
            (_, CacheClass::Cache | CacheClass::Weak) => true,
        };
        inert.then_some(Gone::Inert(number as u16))
    }

    /// Whether all that a directory can hold is inert by a rule.
    pub(super) fn fills(&self, directory: &[u8]) -> bool {
        let inside = [directory, b"/inside"].concat();
        let number = self.rules.matcher().rule_of(&inside);
        number.is_some_and(|number| self.rules.rule(number).inert)
    }
}

fn owner(tree: &Tree, node: NodeId) -> Option<u64> {
    Some(tree.entry(tree.inode(node)?).owner().uid)
}

/// Whether Python can make the compiled file again: `__pycache__/NAME.TAG.pyc`
/// beside `NAME.py`.
fn has_source(tree: &Tree, node: NodeId) -> bool {
    let name = tree.name(node);
    let Some(stem) = name.split(|&b| b == b'.').next() else {
        return false;
    };
    let source = [stem, b".py"].concat();
    let directory = tree.parent(node);
    let beside = match tree.name(directory) == b"__pycache__" {
        true => tree.parent(directory),
        false => directory,
    };
    tree.child(beside, &source)
        .is_some_and(|source| tree.is_present(source))
}

/// The languages that programs of the image can be told to speak: those of the
/// locales that it has, and those that the environment names.
struct Languages(HashSet<Vec<u8>>);

impl Languages {
    fn of(view: View<'_>, launch: &Launch) -> Self {
        let mut languages = HashSet::new();
        for (name, value) in &launch.variables {
            if name == "LANG" || name == "LANGUAGE" || name.starts_with("LC_") {
                for locale in value.split(':') {
                    add(&mut languages, locale.as_bytes());
                }
            }
        }
        for dir in [&b"/usr/lib/locale"[..], b"/usr/share/i18n/locales/musl"] {
            let Some(found) = view.resolve(dir) else {
                continue;
            };
            for (name, node) in view.children(found.node) {
                match name.as_slice() {
                    b"locale-archive" => archive(view, node, &mut languages),
                    name => add(&mut languages, name),
                }
            }
        }
        Languages(languages)
    }

    /// Whether a path such as `usr/share/locale/de/LC_MESSAGES/x.mo` is of one
    /// of them.
    fn reads(&self, path: &[u8]) -> bool {
        let mut parts = path.split(|&b| b == b'/');
        let language = parts
            .find(|part| *part == b"locale")
            .and_then(|_| parts.next());
        language.is_some_and(|language| self.0.contains(base(language)))
    }
}

fn add(languages: &mut HashSet<Vec<u8>>, locale: &[u8]) {
    let base = base(locale);
    if !base.is_empty() && base != b"C" && base != b"POSIX" {
        languages.insert(base.to_vec());
    }
}

/// `de` of `de_AT.UTF-8@euro`.
fn base(locale: &[u8]) -> &[u8] {
    let end = locale.iter().position(|b| b"_.@".contains(b));
    locale
        .get(..end.unwrap_or(locale.len()))
        .unwrap_or_default()
}

/// The names in glibc's `locale-archive`: strings such as `de_DE.utf8` among
/// its tables.
fn archive(view: View<'_>, node: NodeId, languages: &mut HashSet<Vec<u8>>) {
    const MOST: usize = 1 << 20;
    let head = view.read(node, 0, MOST).unwrap_or_default();
    for word in head.split(|b| *b == 0) {
        let named = word.len() < 32 && word.get(2..4).is_some_and(|part| part.contains(&b'_'));
        if named
            && word
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || b"_.@-".contains(b))
        {
            add(languages, word);
        }
    }
}
