//! A pattern of paths → the paths of the image that it means.

use globset::GlobBuilder;

use crate::closure::{Files, Found, Kind, NodeId};

/// Paths of one pattern; real ones mean some thousands.
const MOST: usize = 64 * 1024;

/// Calls `each` for all that `pattern` (relative to the root) means: `*` and
/// the like within a name, `**` for any number of directories. A directory
/// counts with everything that is in it.
pub(super) fn expand(files: &dyn Files, pattern: &str, each: &mut dyn FnMut(Found)) {
    let mut left = MOST;
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    let wild = parts
        .iter()
        .position(|part| part.contains(['*', '?', '[', '{']));
    let (fixed, rest) = parts.split_at(wild.unwrap_or(parts.len()));
    let start = format!("/{}", fixed.join("/"));
    let Some(found) = files.resolve(start.as_bytes()) else {
        return;
    };
    if rest.is_empty() {
        whole(files, found, &mut left, each);
        return;
    }
    let globs: Vec<Option<globset::GlobMatcher>> = rest
        .iter()
        .map(|part| match *part {
            "**" => None,
            part => GlobBuilder::new(part)
                .build()
                .ok()
                .map(|glob| glob.compile_matcher()),
        })
        .collect();
    // Places still to look at: a directory, and which part its entries are matched with.
    let mut todo = vec![(found, 0_usize)];
    while let Some((found, at)) = todo.pop() {
        let Some(part) = globs.get(at) else { continue };
        let last = at.saturating_add(1) == globs.len();
        if part.is_none() {
            match last {
                true => {
                    whole(files, found, &mut left, each);
                    continue;
                }
                false => todo.push((found.clone(), at.saturating_add(1))),
            }
        }
        for (name, child) in files.children(found.node) {
            if left == 0 {
                return;
            }
            left = left.saturating_sub(1);
            let below = Found {
                node: child,
                crossed: found.crossed.clone(),
            };
            match part {
                None if files.kind(child) == Kind::Directory => todo.push((below, at)),
                None => {}
                Some(glob) if !glob.is_match(String::from_utf8_lossy(&name).as_ref()) => {}
                Some(_) if last => whole(files, below, &mut left, each),
                Some(_) => {
                    if let Some(next) = follow(files, below) {
                        todo.push((next, at.saturating_add(1)));
                    }
                }
            }
        }
    }
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

/// A path, and everything below it if it is a directory.
fn whole(files: &dyn Files, found: Found, left: &mut usize, each: &mut dyn FnMut(Found)) {
    let crossed = found.crossed.clone();
    let mut todo: Vec<NodeId> = vec![found.node];
    while let Some(node) = todo.pop() {
        if *left == 0 {
            return;
        }
        *left = left.saturating_sub(1);
        each(Found {
            node,
            crossed: crossed.clone(),
        });
        if files.kind(node) == Kind::Directory {
            todo.extend(
                files
                    .children(node)
                    .into_iter()
                    .rev()
                    .map(|(_, child)| child),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::memory::Memory;

    fn meant(pattern: &str) -> Vec<String> {
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
        expand(&files, pattern, &mut |found| {
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
}
