//! What a closure says: every object that may be loaded, by whom it is asked for and how found.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::error::ElfError;
use super::facts::LoaderFacts;
use super::note::Priority;
use super::objects::Objects;
use super::walk::Walk;
use super::{Files, Found, LoaderConfig, NodeId};

/// Why an object is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// It is named by `DT_NEEDED`.
    Needed,
    /// It is named by `DT_FILTER`.
    Filter,
    /// It is named by `DT_AUXILIARY`.
    Auxiliary,
    /// It is the loader that `PT_INTERP` names.
    Interpreter,
    /// It is in `LD_PRELOAD` or `/etc/ld.so.preload`.
    Preload,
    /// A note says that it is opened at run time, and how much it is needed.
    DlopenNote(Priority),
    /// The caller of [`closure_with`] says that it is opened at run time.
    Dlopen,
}

/// By which part of the search an object was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    /// The name has a slash and is a path itself.
    Path,
    /// `DT_RPATH` of the object or of one that loaded it.
    Rpath,
    /// `LD_LIBRARY_PATH`.
    LdLibraryPath,
    /// `DT_RUNPATH` of the object (musl: of one that loaded it, too).
    Runpath,
    /// `/etc/ld.so.cache`.
    Cache,
    /// The loader's last directories, or those of `/etc/ld-musl-ARCH.path`.
    Default,
    /// An object of that name was loaded before.
    Loaded,
}

/// On what it depends whether an object is loaded at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// On nothing: each start of the program loads it.
    Always,
    /// On the processor: an object was found in a directory for special ones.
    Hwcaps,
    /// On what the program does: something is opened at run time. With a priority from a note,
    /// without one from the caller of [`closure_with`].
    Dlopen(Option<Priority>),
}

/// One object asked for another one, which was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The object that asked; for preloaded objects the executable.
    pub by: NodeId,
    /// The name that it asked for, with placeholders replaced.
    pub soname: Vec<u8>,
    /// Why.
    pub why: Why,
    /// How it was found.
    pub how: How,
    /// For an object of a directory for special processors: that directory's name, such as
    /// `glibc-hwcaps/x86-64-v3` or `tls/haswell`; `platform/NAME` where `$PLATFORM` decided.
    pub variant: Option<Vec<u8>>,
    /// Whether it is loaded each time.
    pub when: When,
    /// The object, and the links that lead to it.
    pub found: Arc<Found>,
}

/// What is wrong where an object is not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No directory has it.
    Absent,
    /// Only directories for special processors have it (there are edges to them): on other
    /// processors the program does not start. Always weak.
    OnlyVariants,
    /// There is a file at which the loader gives up: it searches no further.
    Refused {
        /// The file.
        found: Arc<Found>,
        /// What the loader does not like about it, in words.
        why: String,
    },
}

/// One object asked for another one, which was not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The object that asked.
    pub by: NodeId,
    /// The name that it asked for.
    pub soname: Vec<u8>,
    /// Why it asked.
    pub why: Why,
    /// On what it depends whether the object is asked for at all.
    pub when: When,
    /// What is wrong.
    pub fault: Fault,
    /// Whether the program works without: it is opened at run time if at all and not required, or
    /// is auxiliary or preloaded, or most processors have it.
    pub weak: bool,
}

/// What the caller knows to be opened at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dlopen<'a> {
    /// The object that opens it, whose search paths count; the executable when `None`, and also
    /// when the object is not part of the closure.
    pub by: Option<NodeId>,
    /// The name or path that it opens.
    pub soname: &'a [u8],
}

/// All that an object may load.
#[derive(Debug, Clone)]
pub struct Closure {
    /// The object.
    pub root: NodeId,
    /// Its loader; `None` for a static executable.
    pub loader: Option<LoaderFacts>,
    /// What is found, in the order in which the loader comes to it; then what depends.
    pub edges: Vec<Edge>,
    /// What is not found.
    pub missing: Vec<Missing>,
    /// The configuration files that the loader reads, so that a smaller image needs them.
    pub config: Vec<Found>,
    /// Whether all is here. Only a hostile image has more than what is looked at.
    pub complete: bool,
}

impl Closure {
    /// All nodes that have to be kept for this: the root, objects, and the links to them. Not the
    /// configuration files.
    #[must_use]
    pub fn nodes(&self) -> BTreeSet<NodeId> {
        let mut nodes = BTreeSet::from([self.root]);
        for edge in &self.edges {
            nodes.insert(edge.found.node);
            nodes.extend(&edge.found.crossed);
        }
        nodes
    }

    /// The objects that are loaded each time, without the root.
    #[must_use]
    pub fn always(&self) -> BTreeSet<NodeId> {
        let always = self.edges.iter().filter(|edge| edge.when == When::Always);
        always.map(|edge| edge.found.node).collect()
    }
}

/// All that `root` may load, whatever the processor: breadth first, as its loader does.
///
/// # Errors
///
/// `root` is not ELF or is broken. Broken libraries are no errors but [`Fault::Refused`].
pub fn closure<F: Files + ?Sized>(
    objects: &Objects<'_, F>,
    config: &LoaderConfig,
    root: NodeId,
) -> Result<Closure, ElfError> {
    closure_with(objects, config, root, &[])
}

/// The same, with objects that the caller knows to be opened at run time. One that is not found is
/// weakly missing.
///
/// # Errors
///
/// As [`closure`].
pub fn closure_with<F: Files + ?Sized>(
    objects: &Objects<'_, F>,
    config: &LoaderConfig,
    root: NodeId,
    dlopen: &[Dlopen<'_>],
) -> Result<Closure, ElfError> {
    let parsed = objects.get(root);
    let Some(object) = parsed.as_ref().as_ref().map_err(Clone::clone)? else {
        return Err(ElfError::NotElf);
    };
    let Some(interpreter) = objects.interpreter(object) else {
        return Ok(Closure {
            root,
            loader: None,
            edges: Vec::new(),
            missing: Vec::new(),
            config: Vec::new(),
            complete: true,
        });
    };
    Ok(Walk::new(objects, config, root, &parsed, &interpreter).run(dlopen))
}
