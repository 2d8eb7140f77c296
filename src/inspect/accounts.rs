//! `/etc/passwd`, `/etc/shadow` and `/etc/group`: accounts that anybody may
//! enter, and numbers that two of them share.

use std::collections::BTreeMap;
use std::io;

use super::{LARGEST, file_of};
use crate::tree::Tree;

/// The files, relative to the root.
pub(super) const FILES: [&str; 3] = ["etc/group", "etc/passwd", "etc/shadow"];

/// More faults than this are one.
const MOST: usize = 100;

/// What is wrong with accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The account has an empty password.
    EmptyPassword,
    /// Several users of one number.
    SharedUid,
    /// Several groups of one number.
    SharedGid,
    /// Several users of one name.
    SharedUserName,
}

/// A fault of the accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The users or groups, or the one user.
    pub names: Vec<String>,
    /// What they share, where they share something.
    pub shared: String,
    /// The file, relative to the root.
    pub file: &'static str,
    /// The layer that stores the file as it is.
    pub layer: u32,
}

/// A file's lines, split at `:`.
struct Table {
    rows: Vec<Vec<String>>,
    file: &'static str,
    layer: u32,
}

impl Table {
    fn read(tree: &Tree, file: &'static str) -> io::Result<Option<Self>> {
        let node = tree.follow(file.as_bytes());
        let Some(id) = node.and_then(|node| file_of(tree, node)) else {
            return Ok(None);
        };
        let Some(text) = tree.kept(id, LARGEST)? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&text);
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let rows = lines.map(|line| line.split(':').map(str::to_owned).collect());
        Ok(Some(Table {
            rows: rows.collect(),
            file,
            layer: id.layer,
        }))
    }

    fn fault(&self, kind: FaultKind, names: Vec<String>, shared: &str) -> AccountFault {
        AccountFault {
            kind,
            names,
            shared: shared.to_owned(),
            file: self.file,
            layer: self.layer,
        }
    }

    /// Faults of rows that have the same text in a column.
    fn shared(&self, column: usize, kind: FaultKind, faults: &mut Vec<AccountFault>) {
        let mut by_text: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for row in &self.rows {
            if let (Some(name), Some(text)) = (row.first(), row.get(column)) {
                by_text.entry(text).or_default().push(name);
            }
        }
        for (text, names) in by_text {
            if names.len() > 1 {
                let names = names.into_iter().map(str::to_owned).collect();
                faults.push(self.fault(kind, names, text));
            }
        }
    }

    fn without_password(&self, faults: &mut Vec<AccountFault>) {
        for row in &self.rows {
            // A line without a second field is no account.
            if let [name, password, ..] = &row[..]
                && password.is_empty()
                && !name.is_empty()
                && !name.starts_with(['#', '+', '-'])
            {
                faults.push(self.fault(FaultKind::EmptyPassword, vec![name.clone()], ""));
            }
        }
    }
}

pub(super) fn find(tree: &Tree) -> io::Result<Vec<AccountFault>> {
    let mut faults = Vec::new();
    if let Some(shadow) = Table::read(tree, "etc/shadow")? {
        shadow.without_password(&mut faults);
    }
    if let Some(users) = Table::read(tree, "etc/passwd")? {
        users.without_password(&mut faults);
        users.shared(2, FaultKind::SharedUid, &mut faults);
        users.shared(0, FaultKind::SharedUserName, &mut faults);
    }
    if let Some(groups) = Table::read(tree, "etc/group")? {
        groups.shared(2, FaultKind::SharedGid, &mut faults);
    }
    faults.truncate(MOST);
    Ok(faults)
}
