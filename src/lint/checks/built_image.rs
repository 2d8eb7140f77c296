//! What the built image itself shows: its user, accounts, privileged files,
//! volumes and credentials.

use std::collections::BTreeMap;

use super::users::is_root;
use crate::dockerfile::{Keyword, Span};
use crate::inspect::{FaultKind, ValuePlace};
use crate::lint::built::BuiltImage;
use crate::lint::input::Input;
use crate::lint::reporter::{Report, Reporter};
use crate::oci::escape_bytes;

/// Names in a message; more are counted.
const NAMES: usize = 5;

/// The keyword of an instruction.
fn keyword(input: &Input<'_>, index: usize) -> Option<(usize, Span)> {
    let instruction = input.file.instructions.get(index)?;
    Some((index, instruction.name.span))
}

/// Where a finding about a layer belongs: at the instruction that made it, else
/// at the FROM of the stage.
fn of_layer(input: &Input<'_>, image: &BuiltImage, layer: u32) -> Option<(usize, Span)> {
    let made_by = image.layers.get(layer as usize)?.made_by;
    let index = made_by
        .map(|(first, _)| first)
        .or_else(|| input.built_from())?;
    keyword(input, index)
}

fn at<'r>(out: &'r mut Reporter<'_>, place: (usize, Span), what: &str, with: &str) -> Report<'r> {
    out.with(Some(place.0), place.1, what, with)
}

/// The last instruction of the built stages with this keyword.
fn last_of(input: &Input<'_>, keyword_wanted: Keyword) -> Option<(usize, Span)> {
    let root = input.built_from()?;
    let found = input
        .instructions()
        .filter(|(index, i)| *index > root && i.keyword == keyword_wanted)
        .last();
    let (index, _) = found?;
    keyword(input, index)
}

fn listed(names: &[String]) -> String {
    let mut text = names
        .iter()
        .take(NAMES)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > NAMES {
        text.push_str(&format!(" and {} more", names.len() - NAMES));
    }
    text
}

pub(super) fn runs_as_root(input: &Input<'_>, out: &mut Reporter<'_>) {
    let Some(image) = input.image else { return };
    let user = image.config.user.as_str();
    if !user.is_empty() && !is_root(user) {
        return;
    }
    // A USER of the file has a rule of its own.
    let stages = &input.model().stages;
    let built = image.stage.or_else(|| stages.len().checked_sub(1));
    if built.is_some_and(|stage| input.model().last_effect(stage).user.is_some()) {
        return;
    }
    if let Some(place) = input.built_from().and_then(|index| keyword(input, index)) {
        at(out, place, "", "");
    }
}

pub(super) fn privileged_files(input: &Input<'_>, out: &mut Reporter<'_>) {
    let Some(image) = input.image else { return };
    let mut by_place: BTreeMap<(usize, Span), (u32, Vec<String>)> = BTreeMap::new();
    for file in &image.inspection.privileged {
        if let Some(place) = of_layer(input, image, file.layer) {
            let path = format!("/{}", escape_bytes(&file.path));
            let files = by_place.entry(place).or_insert((file.layer, Vec::new()));
            files.1.push(path);
        }
    }
    for (place, (layer, files)) in by_place {
        let count = match files.len() {
            1 => "a setuid or setgid file".to_owned(),
            n => format!("{n} setuid or setgid files"),
        };
        at(out, place, &count, &listed(&files)).layer(layer);
    }
}

pub(super) fn sensitive_volume(input: &Input<'_>, out: &mut Reporter<'_>) {
    const SENSITIVE: [&str; 14] = [
        "", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin",
        "/sys", "/usr", "/var/run",
    ];
    let Some(image) = input.image else { return };
    for volume in image.config.volumes.keys() {
        let path = volume.trim_end_matches('/');
        if !SENSITIVE.contains(&path) {
            continue;
        }
        let place = last_of(input, Keyword::Volume);
        let place = place.or_else(|| keyword(input, input.built_from()?));
        if let Some(place) = place {
            at(out, place, volume, "");
        }
    }
}

pub(super) fn empty_password(input: &Input<'_>, out: &mut Reporter<'_>) {
    accounts(input, out, &[FaultKind::EmptyPassword]);
}

pub(super) fn shared_number(input: &Input<'_>, out: &mut Reporter<'_>) {
    let kinds = [
        FaultKind::SharedUid,
        FaultKind::SharedGid,
        FaultKind::SharedUserName,
    ];
    accounts(input, out, &kinds);
}

fn accounts(input: &Input<'_>, out: &mut Reporter<'_>, kinds: &[FaultKind]) {
    let Some(image) = input.image else { return };
    let faults = image.inspection.accounts.iter();
    for fault in faults.filter(|fault| kinds.contains(&fault.kind)) {
        let names = listed(&fault.names);
        let what = match fault.kind {
            FaultKind::EmptyPassword => names,
            FaultKind::SharedUid => format!("users {names} share the number {}", fault.shared),
            FaultKind::SharedGid => format!("groups {names} share the number {}", fault.shared),
            FaultKind::SharedUserName => {
                format!("{} users are called {}", fault.names.len(), fault.shared)
            }
        };
        if let Some(place) = of_layer(input, image, fault.layer) {
            at(out, place, &what, fault.file).layer(fault.layer);
        }
    }
}

pub(super) fn credential_file(input: &Input<'_>, out: &mut Reporter<'_>) {
    let Some(image) = input.image else { return };
    for file in &image.inspection.credentials {
        let Some(place) = of_layer(input, image, file.layer) else {
            continue;
        };
        let path = format!("/{} ({})", escape_bytes(&file.path), file.name);
        let with = match file.shown {
            true => "",
            false => ", deleted later, but still to be had from its layer",
        };
        at(out, place, &path, with).layer(file.layer);
    }
}

pub(super) fn credential_in_configuration(input: &Input<'_>, out: &mut Reporter<'_>) {
    let Some(image) = input.image else { return };
    for value in &image.inspection.values {
        let (place, with) = match &value.place {
            ValuePlace::Variable(name) => {
                let set_by = input.instructions().find(|(_, instruction)| {
                    matches!(&instruction.arguments, crate::dockerfile::Arguments::Env { pairs, .. }
                        if pairs.iter().any(|pair| pair.key.text == *name))
                });
                (set_by.map(|(index, _)| index), format!("variable {name}"))
            }
            ValuePlace::Label(key) => (None, format!("label {key}")),
            ValuePlace::History(entry) => {
                let index = image.entries.get(*entry).copied().flatten();
                (index, "history".to_owned())
            }
        };
        let index = place.or_else(|| input.built_from());
        if let Some(place) = index.and_then(|index| keyword(input, index)) {
            let what = format!("{} ({} characters)", value.what, value.length);
            at(out, place, &what, &with);
        }
    }
}
