//! The images that stages begin with.

use crate::dockerfile::expand;
use crate::dockerfile::{Arguments, ImageName, Instruction, MountKind, Stage, Word};
use crate::lint::input::Input;
use crate::lint::reporter::{Reporter, insert};

fn base(instruction: &Instruction) -> Option<&Word> {
    match &instruction.arguments {
        Arguments::From { image, .. } => Some(image),
        _ => None,
    }
}

/// FROMs with the image that they name, without those that name a stage.
fn images<'a>(input: &Input<'a>) -> Vec<(usize, &'a Word, &'a Stage)> {
    let mut found = Vec::new();
    let mut names = hashbrown::HashSet::new();
    for stage in &input.model().stages {
        let Some(image) = input.file.instructions.get(stage.from).and_then(base) else {
            continue;
        };
        let is_stage = match input.hadolint() {
            true => names.contains(&image.text),
            false => stage.parent.is_some(),
        };
        if !is_stage && image.text != "scratch" {
            found.push((stage.from, image, stage));
        }
        if let Some(Arguments::From {
            alias: Some(alias), ..
        }) = input
            .file
            .instructions
            .get(stage.from)
            .map(|i| &i.arguments)
        {
            names.insert(alias.text.clone());
        }
    }
    found
}

pub(super) fn untagged_base(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, image, _) in images(input) {
        let name = ImageName::cut(&image.text);
        if !image.text.starts_with('$') && name.tag.is_none() && name.digest.is_none() {
            out.at(index, image.span, &image.text);
        }
    }
}

pub(super) fn latest_base(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, image, _) in images(input) {
        let name = ImageName::cut(&image.text);
        if name.tag.as_deref() == Some("latest") && name.digest.is_none() {
            out.at(index, image.span, &image.text);
        }
    }
}

/// A tag may name another image tomorrow; the digest that it had is known from
/// the image that was built.
pub(super) fn base_by_tag(input: &Input<'_>, out: &mut Reporter<'_>) {
    let digest = input.image.and_then(|image| image.base_digest.as_deref());
    let Some(digest) = digest.filter(|digest| is_digest(digest)) else {
        return;
    };
    let root = input.built_from();
    for (index, image, _) in images(input) {
        let name = ImageName::cut(&image.text);
        if Some(index) != root || name.digest.is_some() || image.text.contains('$') {
            continue;
        }
        out.with(Some(index), image.span, &image.text, digest)
            .risky(vec![insert(image.span.end, format!("@{digest}"))]);
    }
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

pub(super) fn untrusted_registry(input: &Input<'_>, out: &mut Reporter<'_>) {
    if input.settings.trusted_registries.is_empty() {
        return;
    }
    for (index, image, _) in images(input) {
        if !is_trusted(input, &image.text) {
            out.at(index, image.span, &image.text);
        }
    }
    for (index, instruction) in input.instructions() {
        if matches!(instruction.arguments, Arguments::Copy { .. })
            && let Some(flag) = instruction.flag("from")
            && let Some(name) = flag.value.as_deref()
            && !is_stage(input, index, name)
            && !is_trusted(input, name)
        {
            out.at(index, flag.span, name);
        }
    }
    for run in &input.runs {
        let mounts = run
            .mounts_of(MountKind::Bind)
            .chain(run.mounts_of(MountKind::Cache));
        for name in mounts.filter_map(|mount| mount.from.as_deref()) {
            if !is_stage(input, run.index, name) && !is_trusted(input, name) {
                let flag = run
                    .instruction
                    .flag("mount")
                    .map_or(run.instruction.name.span, |flag| flag.span);
                out.at(run.index, flag, name);
            }
        }
    }
}

fn is_stage(input: &Input<'_>, index: usize, name: &str) -> bool {
    name == "scratch" || input.model().find(index, name).is_some()
}

fn is_trusted(input: &Input<'_>, image: &str) -> bool {
    let image = expand::expand(image, input.file.escape, &|name| {
        super::variables::global(input, name)
    });
    let image = image.map(|done| done.value).unwrap_or_default();
    let own = ImageName::cut(&image).registry;
    input.settings.trusted_registries.iter().any(|pattern| {
        let matches = |host: &str| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            (Some(""), _) => true,
            (Some(suffix), _) => host.ends_with(suffix),
            (_, Some(prefix)) => host.starts_with(prefix),
            _ => host == pattern,
        };
        match &own {
            Some(host) => matches(host),
            None => matches("docker.io") || matches("hub.docker.com"),
        }
    })
}

/// Docker's own images for one platform each live below these names.
const PLATFORM_NAMES: [(&str, &str); 9] = [
    ("amd64", "amd64"),
    ("arm32v5", "arm"),
    ("arm32v6", "arm"),
    ("arm32v7", "arm"),
    ("arm64v8", "arm64"),
    ("i386", "386"),
    ("ppc64le", "ppc64le"),
    ("riscv64", "riscv64"),
    ("s390x", "s390x"),
];

pub(super) fn wrong_base_platform(input: &Input<'_>, out: &mut Reporter<'_>) {
    for (index, image, _) in images(input) {
        let wanted = input
            .file
            .instructions
            .get(index)
            .and_then(|from| from.flag_value("platform"));
        let Some(wanted) = wanted.filter(|wanted| !wanted.contains('$')) else {
            continue;
        };
        let name = ImageName::cut(&image.text);
        if name
            .registry
            .as_deref()
            .is_some_and(|host| host != "docker.io")
        {
            continue;
        }
        let Some((first, _)) = name.repository.split_once('/') else {
            continue;
        };
        let own = PLATFORM_NAMES.iter().find(|(prefix, _)| *prefix == first);
        let arch = match wanted.split_once('/') {
            Some((_, rest)) => rest.split('/').next().unwrap_or(rest),
            None => wanted,
        };
        let arch = match arch {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        if own.is_some_and(|(_, own)| *own != arch) {
            out.with(Some(index), image.span, &image.text, wanted);
        }
    }
}

pub(super) fn large_base(input: &Input<'_>, out: &mut Reporter<'_>) {
    let Some(last) = input.model().stages.last() else {
        return;
    };
    for (index, image, stage) in images(input) {
        // Only the base of what is shipped counts.
        if !input
            .model()
            .lineage(last.index)
            .any(|shipped| shipped.index == stage.index)
        {
            continue;
        }
        let expanded = expand::expand(&image.text, input.file.escape, &|name| {
            super::variables::global(input, name)
        });
        let Ok(expanded) = expanded else { continue };
        if expanded
            .uses
            .iter()
            .any(|used| !used.found && used.operator.is_none())
        {
            continue;
        }
        let name = ImageName::cut(&expanded.value);
        let official = name
            .registry
            .as_deref()
            .is_none_or(|host| matches!(host, "docker.io" | "index.docker.io"));
        let repository = name
            .repository
            .strip_prefix("library/")
            .unwrap_or(&name.repository);
        if !official || name.digest.is_some() {
            continue;
        }
        let tag = name.tag.as_deref().unwrap_or("latest");
        if let Some(twin) = input.knowledge.twins.find(repository, tag) {
            out.with(Some(index), image.span, &image.text, &twin);
        }
    }
}
