//! Where the base image ends and the image's own layers begin.

use crate::oci::{Digest, Image};

/// The layers that came from a base image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// How many of the lowest layers.
    pub layers: usize,
    /// The base's name, where something tells it.
    pub name: Option<String>,
    /// What told.
    pub evidence: Evidence,
}

/// What told where the base ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The base image itself was given, and its layers are the lowest ones.
    Image,
    /// `FROM` in a history comment, as buildah writes it.
    Comment,
    /// The last CMD or ENTRYPOINT that is followed by further layers: base
    /// images end with one. A guess.
    History,
}

impl Evidence {
    /// The evidence's name in data.
    pub fn name(self) -> &'static str {
        match self {
            Evidence::Image => "image",
            Evidence::Comment => "comment",
            Evidence::History => "history",
        }
    }
}

/// The base that was given by name: how many of its layers are the image's lowest.
pub fn given(image: &Image, name: &str, diff_ids: &[Digest]) -> Option<Base> {
    let own: Vec<_> = image.layers.iter().map(|l| l.diff_id.as_ref()).collect();
    let shared = own
        .iter()
        .zip(diff_ids)
        .take_while(|(own, base)| **own == Some(*base))
        .count();
    (shared == diff_ids.len() && shared > 0).then(|| Base {
        layers: shared,
        name: Some(name.to_owned()),
        evidence: Evidence::Image,
    })
}

/// What the image itself tells of its base.
pub fn detect(image: &Image) -> Option<Base> {
    let total = image.layers.len();
    let history = &image.config.history;
    // How many layers there are before each entry, and after the last.
    let mut before = vec![0];
    for entry in history {
        before.push(before[before.len() - 1] + usize::from(!entry.empty_layer));
    }
    let labelled = label(image, "org.opencontainers.image.base.name")
        .or_else(|| label(image, "org.opencontainers.image.base.digest"));
    // The newest FROM counts: the base was built from a base of its own.
    let comment = history.iter().enumerate().rev().find_map(|(i, entry)| {
        let name = entry.comment.strip_prefix("FROM ")?.trim();
        is_name(name).then(|| (before[i], name.to_owned()))
    });
    if let Some((layers, name)) = comment
        && layers > 0
        && layers <= total
    {
        return Some(Base {
            layers,
            name: labelled.or(Some(name)),
            evidence: Evidence::Comment,
        });
    }
    let last = history.iter().enumerate().rev().find_map(|(i, entry)| {
        let layers = before[i + 1];
        (entry.empty_layer && is_command(&entry.created_by) && layers < total).then_some(layers)
    });
    last.filter(|&layers| layers > 0).map(|layers| Base {
        layers,
        name: labelled,
        evidence: Evidence::History,
    })
}

fn label(image: &Image, key: &str) -> Option<String> {
    image
        .annotations
        .get(key)
        .or_else(|| image.config.config.labels.get(key))
        .filter(|value| !value.is_empty())
        .cloned()
}

/// Whether a `FROM` comment names an image. buildah also writes one for each of
/// its own intermediate images, which only have the start of an identifier.
fn is_name(text: &str) -> bool {
    let is_id = text.len() >= 12 && text.bytes().all(|b| b.is_ascii_hexdigit());
    !text.is_empty() && text != "scratch" && !is_id
}

/// CMD or ENTRYPOINT, as the classic builder, BuildKit and buildah write them.
fn is_command(created_by: &str) -> bool {
    let text = created_by
        .strip_prefix("/bin/sh -c #(nop)")
        .unwrap_or(created_by)
        .trim_start();
    text.starts_with("CMD ") || text.starts_with("ENTRYPOINT ")
}

#[cfg(test)]
mod tests {
    use super::{is_command, is_name};

    #[test]
    fn intermediate_images_are_no_base() {
        assert!(is_name("docker.io/library/debian:12"));
        assert!(!is_name("7198a2cd842d"));
        assert!(!is_name("scratch"));
    }

    #[test]
    fn builders_write_commands_in_several_ways() {
        assert!(is_command("/bin/sh -c #(nop)  CMD [\"bash\"]"));
        assert!(is_command("CMD [\"python3\"]"));
        assert!(is_command("ENTRYPOINT [\"/docker-entrypoint.sh\"]"));
        assert!(!is_command("RUN /bin/sh -c echo CMD # buildkit"));
    }
}
