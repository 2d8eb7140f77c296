//! What is known of an image besides its files, as the screen shows it.

/// The image as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageFacts {
    /// Its name, or the digest of its configuration.
    pub name: String,
    /// Operating system and architecture.
    pub platform: String,
    /// Where it is read from.
    pub source: String,
    /// Sums, one a line; once it was judged.
    pub sums: Vec<String>,
}

/// One layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerFacts {
    /// Digest of the layer.
    pub digest: String,
    /// Bytes of the tar stream; of the blob before that is known.
    pub bytes: Option<u64>,
    /// Bytes of it that the final tree does not show; once it was judged.
    pub wasted: Option<u64>,
    /// Paths added, modified and removed; once it was judged.
    pub counts: Option<[u64; 3]>,
    /// The instruction that made it.
    pub created_by: String,
    /// The lines of the Dockerfile: `12` or `12-14`.
    pub lines: String,
    /// Why it was not read.
    pub skipped: Option<String>,
}

/// How far reading is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reading {
    /// The image is being opened.
    #[default]
    Opening,
    /// Its layers are being read.
    Layers {
        /// Layers that are done.
        done: usize,
        /// All layers.
        of: usize,
        /// Bytes that were read.
        bytes: u64,
        /// All bytes, where known.
        of_bytes: Option<u64>,
    },
    /// Files are there, waste and duplicates are being looked for.
    Judging,
    /// Everything is there.
    Done,
}

/// What the large pane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// The file tree.
    #[default]
    Files,
    /// Bytes that are stored and not shown.
    Waste,
    /// Leftovers of tools.
    Caches,
    /// Equal files.
    Duplicates,
    /// Installed packages.
    Packages,
    /// What to do.
    Advice,
    /// The Dockerfile, or what history tells of it.
    Dockerfile,
}

impl Tab {
    /// All of them in order.
    pub const ALL: [Tab; 7] = [
        Tab::Files,
        Tab::Waste,
        Tab::Caches,
        Tab::Duplicates,
        Tab::Packages,
        Tab::Advice,
        Tab::Dockerfile,
    ];

    /// Its title.
    pub fn name(self) -> &'static str {
        match self {
            Tab::Files => "Files",
            Tab::Waste => "Waste",
            Tab::Caches => "Caches",
            Tab::Duplicates => "Duplicates",
            Tab::Packages => "Packages",
            Tab::Advice => "Advice",
            Tab::Dockerfile => "Dockerfile",
        }
    }

    /// Its place in [`Tab::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// Where a row leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The layer.
    pub layer: usize,
    /// The path in it, relative to the root.
    pub path: Option<Vec<u8>>,
}

/// One row of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListRow {
    /// Bytes that it is about.
    pub bytes: Option<u64>,
    /// The layer, or layers.
    pub layer: String,
    /// The lines of the Dockerfile.
    pub lines: String,
    /// What it is about, fit for a terminal.
    pub text: String,
    /// More of it, for the row that is selected.
    pub detail: String,
    /// Where Enter leads to.
    pub target: Option<Target>,
}

/// One list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// What it holds, in a few words.
    pub title: String,
    /// Its rows.
    pub rows: Vec<ListRow>,
}

/// What judging found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Sums of the image.
    pub sums: Vec<String>,
    /// All layers, with what is known now.
    pub layers: Vec<LayerFacts>,
    /// The lists of the tabs after [`Tab::Files`], in their order.
    pub lists: Vec<List>,
}
