//! A forest in the order of a walk, its smallest paths put together where there
//! are too many.

use super::forest::{Forest, Kind, Node, Part, TOP};

/// One path as it is written.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// Directories above it.
    pub(super) depth: u32,
    pub(super) kind: Kind,
    pub(super) name: &'a [u8],
    /// Of a fold, the paths in it.
    pub(super) paths: u64,
    /// How many of the parts are its own; they follow each other.
    pub(super) parts: usize,
}

/// All that is written of a forest.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) rows: Vec<Row<'a>>,
    /// In the order of the rows.
    pub(super) parts: Vec<Part>,
    /// Paths with less bytes than this were put together; 0 if none were.
    pub(super) threshold: u64,
    /// Paths that are no directories and were put together.
    pub(super) folded: u64,
}

/// Puts the paths in order, siblings by their names, about `most` of them at most.
pub(super) fn rows<'a>(forest: &Forest<'a>, most: usize) -> Rows<'a> {
    let nodes = &forest.nodes;
    let (bytes, paths) = sums(forest);
    let threshold = threshold(&bytes, most);
    let kept = |node: u32| node == TOP || bytes[node as usize] >= threshold;
    let mut parts = at_home(forest, kept);
    parts.sort_unstable();
    let parts = merged(parts);

    let (order, starts) = children(nodes);
    let mut out = Rows {
        rows: Vec::new(),
        parts: Vec::with_capacity(parts.len()),
        threshold,
        folded: 0,
    };
    let mut stack = vec![(TOP, 0)];
    while let Some((node, depth)) = stack.pop() {
        let is_fold = node & FOLD != 0;
        let at = node & !FOLD;
        let own = own_parts(&parts, slot(at, is_fold));
        out.parts.extend_from_slice(own);
        let inside = &order[starts[at as usize]..starts[at as usize + 1]];
        let row = match is_fold {
            true => {
                let small = inside.iter().filter(|&&child| !kept(child));
                Row {
                    depth,
                    kind: Kind::Fold,
                    name: b"",
                    paths: small.map(|&child| paths[child as usize]).sum(),
                    parts: own.len(),
                }
            }
            false => Row {
                depth,
                kind: nodes[at as usize].kind,
                name: nodes[at as usize].name,
                paths: paths[at as usize],
                parts: own.len(),
            },
        };
        if row.kind == Kind::Fold {
            out.folded += row.paths;
        }
        out.rows.push(row);
        if is_fold {
            continue;
        }
        // The next one is popped off the end, and the fold comes last.
        if inside.iter().any(|&child| !kept(child)) {
            stack.push((at | FOLD, depth + 1));
        }
        let large = inside.iter().rev().filter(|&&child| kept(child));
        stack.extend(large.map(|&child| (child, depth + 1)));
    }
    out
}

/// Marks the fold of a directory among numbers of nodes, of which there are
/// fewer: the entries of an image are limited.
const FOLD: u32 = 1 << 31;

/// Where the parts of a directory and those of its fold are.
fn slot(node: u32, fold: bool) -> u32 {
    2 * node + u32::from(fold)
}

/// Bytes and paths at and below each node.
fn sums(forest: &Forest<'_>) -> (Vec<u64>, Vec<u64>) {
    let nodes = &forest.nodes;
    let mut bytes = vec![0u64; nodes.len()];
    for part in &forest.parts {
        let sum = &mut bytes[part.node as usize];
        *sum = sum.saturating_add(part.bytes);
    }
    let mut paths: Vec<u64> = nodes
        .iter()
        .map(|node| match node.kind {
            Kind::Directory => 0,
            Kind::Fold => u64::from(node.paths),
            _ => 1,
        })
        .collect();
    for at in (1..nodes.len()).rev() {
        let parent = nodes[at].parent as usize;
        bytes[parent] = bytes[parent].saturating_add(bytes[at]);
        paths[parent] += paths[at];
    }
    (bytes, paths)
}

/// The size from which on a path is told apart, so that at most `most` are.
fn threshold(bytes: &[u64], most: usize) -> u64 {
    if bytes.len() <= most {
        return 0;
    }
    let mut sizes = bytes.to_vec();
    let (_, &mut size, _) = sizes.select_nth_unstable_by(most, |a, b| b.cmp(a));
    size.saturating_add(1)
}

/// The parts, each at the slot of the path or fold that shows it.
fn at_home(forest: &Forest<'_>, kept: impl Fn(u32) -> bool) -> Vec<Part> {
    let mut home = vec![0u32; forest.nodes.len()];
    for (at, node) in forest.nodes.iter().enumerate().skip(1) {
        let node_kept = kept(at as u32);
        home[at] = match (node_kept, kept(node.parent)) {
            (true, _) => slot(at as u32, false),
            (false, true) => slot(node.parent, true),
            (false, false) => home[node.parent as usize],
        };
    }
    let parts = forest.parts.iter().map(|&part| Part {
        node: home[part.node as usize],
        ..part
    });
    parts.collect()
}

/// Sorted parts that differ in their bytes only, added up.
fn merged(parts: Vec<Part>) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match out.last_mut() {
            Some(last)
                if (last.node, last.group, last.mark) == (part.node, part.group, part.mark) =>
            {
                last.bytes = last.bytes.saturating_add(part.bytes);
            }
            _ => out.push(part),
        }
    }
    out
}

fn own_parts(parts: &[Part], slot: u32) -> &[Part] {
    let start = parts.partition_point(|part| part.node < slot);
    let rest = &parts[start..];
    &rest[..rest.partition_point(|part| part.node == slot)]
}

/// All nodes but the top by parent and name, and where each parent's begin.
fn children(nodes: &[Node<'_>]) -> (Vec<u32>, Vec<usize>) {
    let mut order: Vec<u32> = (1..nodes.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| {
        let (a, b) = (&nodes[a as usize], &nodes[b as usize]);
        a.parent.cmp(&b.parent).then_with(|| a.name.cmp(b.name))
    });
    let mut starts = vec![0usize; nodes.len() + 1];
    for node in &nodes[1..] {
        starts[node.parent as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    (order, starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forest() -> Forest<'static> {
        let mut forest = Forest::new();
        for (path, group, bytes) in [
            (&b"b/large"[..], 0, 900),
            (b"b/small", 1, 5),
            (b"b/tiny", 1, 3),
            (b"a/x/y", 2, 2),
            (b"b/large", 1, 100),
        ] {
            let node = forest.path(path, Kind::File);
            forest.add(node, group, 0, bytes);
        }
        forest.path(b"empty", Kind::File);
        forest
    }

    fn shown(rows: &Rows<'_>) -> Vec<String> {
        let mut parts = rows.parts.iter();
        let row = |row: &Row<'_>| {
            let own: Vec<u64> = parts.by_ref().take(row.parts).map(|p| p.bytes).collect();
            let name = String::from_utf8_lossy(row.name);
            format!(
                "{}{name} {} {own:?}",
                "-".repeat(row.depth as usize),
                row.paths
            )
        };
        rows.rows.iter().map(row).collect()
    }

    #[test]
    fn rows_are_in_order() {
        let forest = forest();
        let rows = rows(&forest, 100);
        let want = [
            " 5 []",
            "-a 1 []",
            "--x 1 []",
            "---y 1 [2]",
            "-b 3 []",
            "--large 1 [900, 100]",
            "--small 1 [5]",
            "--tiny 1 [3]",
            "-empty 1 []",
        ];
        assert_eq!(shown(&rows), want);
        assert_eq!((rows.threshold, rows.folded), (0, 0));
    }

    #[test]
    fn the_smallest_are_put_together_and_no_byte_is_lost() {
        let forest = forest();
        let rows = rows(&forest, 3);
        let want = [
            " 5 []",
            "-b 3 []",
            "--large 1 [900, 100]",
            "-- 2 [8]",
            "- 2 [2]",
        ];
        assert_eq!(shown(&rows), want);
        assert_eq!(rows.threshold, 6);
        assert_eq!(rows.folded, 4);
    }
}
