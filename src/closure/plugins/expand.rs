//! A pattern of paths → the paths of the image that it means.

use globset::{GlobBuilder, GlobMatcher};

use crate::closure::files::join;
use crate::closure::{Files, Found, Kind, NodeId};
use crate::ruleset::PathMatcher;

/// Paths of one pattern; real ones mean some thousands.
const MOST: usize = 64 * 1024;

/// How patterns are expanded.
pub(super) struct Expansion<'a> {
    files: &'a dyn Files,
    /// Where patterns with `./` or `../` in front start.
    directory: &'a [u8],
    /// What is left out, with everything in it.
    except: Option<&'a PathMatcher>,
    /// So many entries may still be looked at.
    left: usize,
}

impl<'a> Expansion<'a> {
    pub(super) fn new(files: &'a dyn Files, directory: &'a [u8]) -> Self {
        Expansion {
            files,
            directory,
            except: None,
            left: MOST,
        }
    }

    pub(super) fn except(self, except: Option<&'a PathMatcher>) -> Self {
        Expansion { except, ..self }
    }

    /// Calls `each` for all that `pattern` means: `*` and the like within a
    /// name, `**` for any number of directories. A directory counts with
    /// everything that is in it. It starts at the root, if not with a dot.
    pub(super) fn expand(&mut self, pattern: &str, each: &mut dyn FnMut(Found)) {
        let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
        let wild = parts.iter().position(|part| is_wild(part));
        let (fixed, rest) = parts.split_at(wild.unwrap_or(parts.len()));
        let start = match fixed.first() {
            Some(&("." | "..")) => self.directory,
            _ => b"/",
        };
        let fixed: Vec<&str> = fixed.iter().filter(|part| **part != ".").copied().collect();
        let start = join(start, fixed.join("/").as_bytes());
        let Some(found) = self.files.resolve(&start) else {
            return;
        };
        if rest.is_empty() {
            self.whole(found, each);
            return;
        }
        let globs: Vec<Option<GlobMatcher>> = rest.iter().map(|part| glob(part)).collect();
        self.wild(found, &globs, each);
    }

    fn wild(&mut self, from: Found, globs: &[Option<GlobMatcher>], each: &mut dyn FnMut(Found)) {
        // Places still to look at: a directory, and which part its entries are matched with.
        let mut todo = vec![(from, 0_usize)];
        while let Some((found, at)) = todo.pop() {
            let Some(part) = globs.get(at) else { continue };
            let next = at.saturating_add(1);
            let last = next == globs.len();
            if part.is_none() {
                if last {
                    self.whole(found, each);
                    continue;
                }
                todo.push((found.clone(), next));
            }
            for (name, child) in self.files.children(found.node) {
                if self.left == 0 {
                    return;
                }
                self.left = self.left.saturating_sub(1);
                let below = Found {
                    node: child,
                    crossed: found.crossed.clone(),
                };
                match part {
                    None if self.files.kind(child) != Kind::Directory => {}
                    None if self.is_spared(child) => {}
                    None => todo.push((below, at)),
                    Some(glob) if !glob.is_match(String::from_utf8_lossy(&name).as_ref()) => {}
                    Some(_) if last => self.whole(below, each),
                    Some(_) => {
                        todo.extend(follow(self.files, below).map(|found| (found, next)));
                    }
                }
            }
        }
    }

    /// A path, and everything below it if it is a directory.
    pub(super) fn whole(&mut self, found: Found, each: &mut dyn FnMut(Found)) {
        let crossed = found.crossed;
        let mut todo: Vec<NodeId> = vec![found.node];
        while let Some(node) = todo.pop() {
            if self.left == 0 {
                return;
            }
            self.left = self.left.saturating_sub(1);
            if self.is_spared(node) {
                continue;
            }
            each(Found {
                node,
                crossed: crossed.clone(),
            });
            if self.files.kind(node) == Kind::Directory {
                let children = self.files.children(node).into_iter().rev();
                todo.extend(children.map(|(_, child)| child));
            }
        }
    }

    fn is_spared(&self, node: NodeId) -> bool {
        self.except.is_some_and(|except| {
            let path = self.files.path(node);
            let path = path.strip_prefix(b"/").unwrap_or(&path);
            except.rule_of(path).is_some()
        })
    }
}

/// Whether a part of a pattern means more than one name.
fn is_wild(part: &str) -> bool {
    part.contains(['*', '?', '[', '{'])
}

/// One part of a pattern; `None` is any number of directories, and what is
/// meant by a part that cannot be understood.
fn glob(part: &str) -> Option<GlobMatcher> {
    if part == "**" {
        return None;
    }
    let glob = GlobBuilder::new(part).build().ok()?;
    Some(glob.compile_matcher())
}

/// The directory that an entry is or leads to.
fn follow(files: &dyn Files, found: Found) -> Option<Found> {
    match files.kind(found.node) {
        Kind::Directory => Some(found),
        Kind::Symlink => {
            let mut next = files.resolve(&files.path(found.node))?;
            next.crossed.extend(found.crossed);
            Some(next)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::memory::Memory;

    fn meant(pattern: &str) -> Vec<String> {
        meant_without(pattern, &[])
    }

    fn meant_without(pattern: &str, spared: &[&str]) -> Vec<String> {
        let mut files = Memory::new();
        for path in [
            "/usr/lib/a/x.so",
            "/usr/lib/a/y.txt",
            "/usr/lib/b/z/x.so",
            "/etc/c",
        ] {
            files.file(path, Vec::new());
        }
        files.link("/lib", "usr/lib");
        let mut paths = Vec::new();
        let mut except = PathMatcher::default();
        for spared in spared {
            except.add(spared, 0).unwrap();
        }
        let mut expansion = Expansion::new(&files, b"/usr/lib/b").except(Some(&except));
        expansion.expand(pattern, &mut |found| {
            paths.push(String::from_utf8(files.path(found.node)).unwrap());
        });
        paths.sort();
        paths
    }

    #[test]
    fn patterns_mean_paths() {
        assert_eq!(meant("etc/c"), ["/etc/c"]);
        assert_eq!(meant("usr/lib/*/x.so"), ["/usr/lib/a/x.so"]);
        assert_eq!(meant("lib/*/x.*"), ["/usr/lib/a/x.so"]);
        assert_eq!(
            meant("usr/lib/**/x.so"),
            ["/usr/lib/a/x.so", "/usr/lib/b/z/x.so"]
        );
        assert_eq!(
            meant("usr/lib/b"),
            ["/usr/lib/b", "/usr/lib/b/z", "/usr/lib/b/z/x.so"]
        );
        assert_eq!(meant("usr/lib/b/**").len(), 3);
        assert!(meant("usr/none/*").is_empty());
    }

    #[test]
    fn patterns_with_dots_start_beside_the_program() {
        assert_eq!(meant("./z/*.so"), ["/usr/lib/b/z/x.so"]);
        assert_eq!(meant("../a/x.so"), ["/usr/lib/a/x.so"]);
        assert_eq!(meant("../../../../../etc/*"), ["/etc/c"]);
        assert!(meant("./none").is_empty());
    }

    #[test]
    fn what_is_excepted_is_not_entered() {
        assert_eq!(
            meant_without("usr/lib/**", &["**/b", "usr/lib/*/*.txt"]),
            ["/usr/lib", "/usr/lib/a", "/usr/lib/a/x.so"]
        );
        assert_eq!(meant_without("usr/**/x.so", &["**/b"]), ["/usr/lib/a/x.so"]);
    }
}
