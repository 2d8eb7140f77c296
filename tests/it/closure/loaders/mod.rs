//! Closures of ELF objects in front of the loaders themselves, which list what
//! they would load when `LD_TRACE_LOADED_OBJECTS` is set.
//!
//! What is passed over, and why:
//! - the loader as its own dependency: newer ones always list themselves;
//! - files without a needed object: the loader then lists no filters either;
//! - files that the loader takes for no program: the kernel starts them all the same;
//! - the plain file where the loader took its variant for this processor, and
//!   names that only variants have.

mod host;
mod made;
mod oracle;
mod shapes;
mod shapes_musl;

use std::collections::BTreeSet;

use rslim::closure::elf::{
    self, Closure, Fault, Flavour, LoaderConfig, Missing, Objects, When, Why,
};
use rslim::closure::{Files, NodeId};

use super::disk::Disk;
use oracle::{Oracle, Way};

/// The processors whose objects the loaders of this machine can be asked about.
const MACHINES: [u16; 2] = [62, 3];

/// What was compared, so that a test can say that it was not nothing.
#[derive(Debug, Default)]
struct Counts {
    compared: usize,
    named: usize,
    missing: usize,
    refused: usize,
    variants: usize,
    differences: Vec<String>,
}

/// Compares the closures of these files with what their loaders say, in an
/// environment of these variables.
fn compare(disk: &Disk, roots: &[NodeId], env: &[(&str, String)], ways: &[Way]) -> Counts {
    let value = |name: &str| {
        let pair = env.iter().find(|(known, _)| *known == name);
        pair.map(|(_, value)| value.as_bytes())
    };
    let mut config = LoaderConfig::read(disk, value("LD_LIBRARY_PATH"));
    if let Some(preload) = value("LD_PRELOAD") {
        config = config.with_preload(preload);
    }
    let objects = Objects::new(disk);
    let mut counts = Counts::default();
    for root in roots {
        let Ok(closure) = elf::closure(&objects, &config, *root) else {
            continue;
        };
        if !judged_by_loader(&objects, &closure) {
            continue;
        }
        counts.compared += 1;
        counts.missing += closure.missing.len();
        counts.variants += closure
            .edges
            .iter()
            .filter(|edge| edge.variant.is_some())
            .count();
        let parsed = objects.get(*root);
        let interpreter =
            matches!(parsed.as_ref(), Ok(Some(object)) if object.interpreter.is_some());
        for way in ways {
            // A library cannot be started.
            if *way == Way::Started && !interpreter {
                continue;
            }
            let oracle = oracle::ask(disk, &closure, env, *way);
            let found = differences(disk, &closure, &oracle);
            counts.named += oracle.objects.len();
            if oracle.failed.is_some() && found.is_empty() {
                counts.refused += 1;
            }
            let root = show(disk, *root);
            let lines = found.into_iter();
            counts
                .differences
                .extend(lines.map(|line| format!("{root} ({way:?}): {line}")));
        }
    }
    counts
}

/// Whether there is a loader here that lists what this loads.
fn judged_by_loader(objects: &Objects<'_, Disk>, closure: &Closure) -> bool {
    const SHARED: u16 = 3;
    let parsed = objects.get(closure.root);
    let (Ok(Some(object)), Some(loader)) = (parsed.as_ref(), &closure.loader) else {
        return false;
    };
    (object.interpreter.is_some() || object.e_type == SHARED)
        && loader.found.is_some()
        && MACHINES.contains(&object.machine)
}

fn differences(disk: &Disk, closure: &Closure, oracle: &Oracle) -> Vec<String> {
    let loader = closure.loader.as_ref();
    let musl = loader.is_some_and(|loader| loader.flavour == Flavour::Musl);
    let own = loader.and_then(|loader| loader.found.as_ref());
    let own = own.map(|found| found.node);
    let refused = closure
        .missing
        .iter()
        .find(|missing| matches!(missing.fault, Fault::Refused { .. }) && !missing.weak);
    // A loader that gives up lists nothing. That of musl goes on without what it
    // does not find, but ends with an error.
    let failed = oracle.failed.as_ref();
    if let Some(words) = failed.filter(|_| !musl || oracle.missing.is_empty()) {
        let root = format!("libraries: {}: ELF file", show(disk, closure.root));
        return if refused.is_some() || words.contains(&root) {
            Vec::new()
        } else {
            vec![format!("the loader gives up, we do not: {words}")]
        };
    }
    if oracle.silent {
        return Vec::new();
    }
    let mut lines = Vec::new();
    if let Some(missing) = refused.filter(|_| !musl) {
        let fault = &missing.fault;
        lines.push(format!("we give up, the loader does not: {fault:?}"));
    }
    let all = closure.nodes();
    for node in &oracle.objects {
        if !all.contains(node) && Some(*node) != own {
            lines.push(format!("only the loader loads {}", show(disk, *node)));
        }
    }
    for lost in &oracle.lost {
        lines.push(format!("the loader names what is not there: {lost}"));
    }
    let mut always = closure.always();
    always.remove(&closure.root);
    for node in always {
        let known = oracle.objects.contains(&node) || Some(node) == own;
        if !known && !has_loaded_variant(closure, oracle, node) {
            lines.push(format!("only we load {}", show(disk, node)));
        }
    }
    lines.extend(different_names(closure, oracle));
    lines
}

/// Whether the loader took a variant for this processor in place of `node`.
fn has_loaded_variant(closure: &Closure, oracle: &Oracle, node: NodeId) -> bool {
    let taken = closure
        .edges
        .iter()
        .filter(|edge| edge.variant.is_some() && oracle.objects.contains(&edge.found.node));
    let plain = |name: &[u8]| {
        let mut edges = closure.edges.iter();
        edges.any(|edge| edge.found.node == node && edge.soname == name)
    };
    taken.into_iter().any(|edge| plain(&edge.soname))
}

fn different_names(closure: &Closure, oracle: &Oracle) -> Vec<String> {
    let names = |wanted: fn(&Missing) -> bool| -> BTreeSet<String> {
        let missing = closure.missing.iter().filter(|missing| wanted(missing));
        missing
            .map(|missing| String::from_utf8_lossy(&missing.soname).into_owned())
            .collect()
    };
    let ours = names(|missing| {
        missing.when == When::Always
            && missing.why != Why::Preload
            && missing.fault != Fault::OnlyVariants
    });
    // Whether these are missing depends on this machine's processor.
    let perhaps =
        names(|missing| missing.fault == Fault::OnlyVariants || missing.when == When::Hwcaps);
    let different = oracle.missing.symmetric_difference(&ours);
    different
        .filter(|name| !perhaps.contains(*name))
        .map(|name| match ours.contains(name) {
            true => format!("only we miss {name}"),
            false => format!("only the loader misses {name}"),
        })
        .collect()
}

fn show(disk: &Disk, node: NodeId) -> String {
    String::from_utf8_lossy(&disk.path(node)).into_owned()
}
