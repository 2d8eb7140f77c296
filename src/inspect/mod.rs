//! What is wrong with an image besides its size: credentials in files and in
//! its configuration, accounts without passwords, privileged files, the user it
//! runs as.
//!
//! Only facts, with the layer or the history entry that brought them; what they
//! are worth is the rules' to say.

mod accounts;
mod credentials;
mod privileged;
mod values;

use std::io;
use std::sync::Arc;

pub use accounts::{AccountFault, FaultKind};
pub use credentials::Credential;
pub use privileged::PrivilegedFile;
pub use values::{SecretInValue, ValuePlace};

use crate::analyze::DatabaseContents;
use crate::layer::{ScannedImage, WantedContents};
use crate::ruleset::SecretRules;
use crate::tree::{EntryId, NodeId, Tree};

/// A larger file is no credential.
const LARGEST: u64 = 1 << 20;

/// What an image holds that somebody should know of. Everything is in the order
/// of layers, then of paths.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    /// Files with credentials in any layer, also those that a later one deletes.
    pub credentials: Vec<Credential>,
    /// Credentials in variables, labels and history.
    pub values: Vec<SecretInValue>,
    /// Files that run with somebody else's rights.
    pub privileged: Vec<PrivilegedFile>,
    /// What is wrong with the accounts.
    pub accounts: Vec<AccountFault>,
}

/// Keeps the contents that inspecting and package readers look at.
#[derive(Debug, Clone, Copy)]
pub struct InspectedContents<'a>(pub &'a SecretRules);

impl WantedContents for InspectedContents<'_> {
    fn wants(&self, path: &[u8], size: u64) -> bool {
        DatabaseContents.wants(path, size)
            || size <= LARGEST
                && (accounts::FILES.iter().any(|file| file.as_bytes() == path)
                    || self.0.file(path).is_some_and(|kind| kind.content.is_some()))
    }
}

/// Inspects an image that was read with [`InspectedContents`].
///
/// # Errors
/// When its files change or vanish meanwhile.
pub fn inspect(scan: &ScannedImage, rules: &SecretRules) -> io::Result<Inspection> {
    let layers: Vec<_> = scan.layers.iter().map(|l| Arc::clone(&l.set)).collect();
    let (tree, _) = Tree::merge(layers);
    Ok(Inspection {
        credentials: credentials::find(&tree, rules)?,
        values: values::find(&scan.image.config, rules),
        privileged: privileged::find(&tree),
        accounts: accounts::find(&tree)?,
    })
}

/// The regular file that a path of the final tree shows.
fn file_of(tree: &Tree, node: NodeId) -> Option<EntryId> {
    let file = tree.inode(node).filter(|_| tree.is_present(node))?;
    (tree.entry(file).kind() == crate::layer::EntryKind::File).then_some(file)
}
