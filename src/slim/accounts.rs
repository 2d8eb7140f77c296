//! Users and groups as the image's own files name them.

use super::view::View;
use crate::closure::{self, Files};

/// Who a program runs as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Number of the user.
    pub uid: u32,
    /// Number of the user's group.
    pub gid: u32,
    /// Further groups.
    pub groups: Vec<u32>,
    /// The home directory, where it is known.
    pub home: Option<String>,
}

impl Account {
    /// Finds out who `user[:group]` of the configuration is, as container engines do: names and
    /// numbers are looked up in `/etc/passwd` and `/etc/group`; a number that is not there has
    /// group 0. Without a group, the groups that list the user count too.
    ///
    /// # Errors
    /// The name that the image does not know.
    pub fn of(view: View<'_>, configured: &str) -> Result<Self, String> {
        let (user, group) = match configured.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (configured, None),
        };
        let user = if user.is_empty() { "0" } else { user };
        let fields = passwd_entry(view, user.as_bytes());
        let number = |at: usize| -> Option<u32> {
            let text = fields.as_ref()?.get(at)?;
            std::str::from_utf8(text).ok()?.parse().ok()
        };
        let text = |at: usize| -> Option<String> {
            let text = fields.as_ref()?.get(at).filter(|text| !text.is_empty())?;
            String::from_utf8(text.clone()).ok()
        };
        let uid = number(2).or_else(|| user.parse().ok());
        let uid = uid.ok_or_else(|| format!("the image has no user {user:?}"))?;
        let mut account = Account {
            uid,
            gid: number(3).unwrap_or(0),
            groups: Vec::new(),
            home: text(5),
        };
        match group.filter(|group| !group.is_empty()) {
            Some(group) => {
                let entry = group_entry(view, group.as_bytes());
                let known = entry.and_then(|fields| gid(&fields));
                let gid = known.or_else(|| group.parse().ok());
                account.gid = gid.ok_or_else(|| format!("the image has no group {group:?}"))?;
            }
            None => {
                let name = fields.as_ref().and_then(|fields| fields.first());
                account.groups = name.map(|name| groups_of(view, name)).unwrap_or_default();
            }
        }
        Ok(account)
    }
}

fn gid(fields: &[Vec<u8>]) -> Option<u32> {
    std::str::from_utf8(fields.get(2)?).ok()?.parse().ok()
}

/// The groups that list a user.
fn groups_of(view: View<'_>, user: &[u8]) -> Vec<u32> {
    let entries = entries(view, b"/etc/group");
    let listed = entries.iter().filter(|fields| {
        let members = fields.get(3).map(Vec::as_slice).unwrap_or_default();
        members.split(|&b| b == b',').any(|member| member == user)
    });
    let mut groups: Vec<u32> = listed.filter_map(|fields| gid(fields)).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// The fields of the entry of a user in `/etc/passwd`, by name or number.
pub(super) fn passwd_entry(view: View<'_>, user: &[u8]) -> Option<Vec<Vec<u8>>> {
    entry(view, b"/etc/passwd", user)
}

/// The same of a group in `/etc/group`.
pub(super) fn group_entry(view: View<'_>, group: &[u8]) -> Option<Vec<Vec<u8>>> {
    entry(view, b"/etc/group", group)
}

fn entry(view: View<'_>, file: &[u8], wanted: &[u8]) -> Option<Vec<Vec<u8>>> {
    entries(view, file).into_iter().find(|fields| {
        let is = |at: usize| fields.get(at).is_some_and(|field| field == wanted);
        is(0) || is(2)
    })
}

fn entries(view: View<'_>, file: &[u8]) -> Vec<Vec<Vec<u8>>> {
    const LARGEST: u64 = 16 << 20;
    let Some(found) = view.resolve(file) else {
        return Vec::new();
    };
    if view.kind(found.node) != closure::Kind::File || view.size(found.node) > LARGEST {
        return Vec::new();
    }
    let text = view
        .read(found.node, 0, LARGEST as usize)
        .unwrap_or_default();
    let lines = text.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    let fields = lines.map(|line| line.split(|&b| b == b':').map(<[u8]>::to_vec).collect());
    fields.collect()
}
