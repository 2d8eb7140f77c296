//! Memory grows with entries, and by how much each.

use rslim::layer::ContentHash;
use rslim::tree::Tree;

use crate::fixtures::entries;
use crate::program::scan;

/// Entries enough for the size of tables to matter, few enough to be quick.
const ENTRIES: u64 = 100_000;

#[test]
fn a_tree_takes_less_than_120_bytes_an_entry() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("entries.tar");
    entries::write(ENTRIES, &path).unwrap();
    let scanned = scan(&path, ContentHash::Blake3);
    let layers: Vec<_> = scanned.layers.iter().map(|l| l.set.clone()).collect();
    let count: usize = layers.iter().map(|layer| layer.changeset.len()).sum();
    assert!(count as u64 >= ENTRIES, "{count} entries");
    let (tree, _) = Tree::merge(layers);
    let each = tree.heap_bytes() / count;
    assert!((60..120).contains(&each), "{each} bytes an entry");
}
