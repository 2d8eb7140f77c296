//! All layers of an image, read in parallel, biggest first.

mod assemble;

use std::io::Read;
use std::sync::{Arc, Mutex};

use hashbrown::HashMap;
use sha2::{Digest as _, Sha256};

use super::capture::{Captured, WantedContents};
use super::changeset::Changeset;
use super::digest::ContentHash;
use super::error::LayerError;
use super::record::EntryBudget;
use super::stored::walk_stored;
use super::stream::{StreamContext, StreamedLayer, read_stream};
use super::toc::{TocContext, TocError, read_toc};
use crate::codec::{Compression, Limits, Sniffed, sniff};
use crate::oci::{self, Digest};
use crate::source::{BlobRange, LayerBlob, OpenImage, Opened, RemoteBlob, SourceError};

/// Uncompressed layers of images up to this many bytes are digested even
/// though they need not be read: it takes a blink, and a damaged image is found.
const ALWAYS_VERIFIED: u64 = 256 << 20;

/// Which layers are checked against their digests, and what a mismatch does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// Every layer that is read whole, and every layer of a small image.
    #[default]
    Auto,
    /// Every layer; uncompressed ones are read whole for it.
    All,
    /// As `Auto`, but a mismatch is a warning.
    Warn,
}

/// How to scan.
pub struct ScanOptions<'a> {
    /// Bounds on hostile input.
    pub limits: Limits,
    /// Threads that read layers; at least 1.
    pub jobs: usize,
    /// Which digest identifies file contents.
    pub hash: ContentHash,
    /// What to verify.
    pub verify: Verify,
    /// Contents to keep of layers that pass only once.
    pub wanted: &'a dyn WantedContents,
    /// Compressed layers from this one on are kept uncompressed in nameless
    /// temporary files, so that all their contents can be read by position.
    pub spool_from: Option<usize>,
    /// Told how far the reading is.
    pub progress: &'a dyn Progress,
}

/// Told how far the reading of layers is; called from several threads.
pub trait Progress: Sync {
    /// The layers to come and their sizes in bytes, where known.
    fn started(&self, layers: &[Option<u64>]);
    /// `bytes` more of a layer were read.
    fn advanced(&self, layer: usize, bytes: u64);
    /// A layer is done.
    fn finished(&self, layer: usize);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn started(&self, _layers: &[Option<u64>]) {}
    fn advanced(&self, _layer: usize, _bytes: u64) {}
    fn finished(&self, _layer: usize) {}
}

/// Where the contents of a layer's files can be had.
#[derive(Debug)]
pub enum Contents {
    /// In the layer's blob, by position.
    Stored(BlobRange),
    /// Only what was asked for while the layer passed.
    Captured(Captured),
    /// Nowhere: the layer is not in the image (foreign layers).
    Absent,
}

/// One layer with all that reading it told.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its entries; shared by layers that are the same blob.
    pub set: Arc<LayerContent>,
    /// Digest of the blob as stored.
    pub digest: Option<Digest>,
    /// Digest of the tar stream.
    pub diff_id: Option<Digest>,
    /// Media type of the blob; where the source has none, Docker's by compression.
    pub media_type: String,
    /// Size of the blob as stored, in bytes.
    pub compressed_bytes: u64,
    /// Size of the tar stream, in bytes.
    pub uncompressed_bytes: u64,
    /// Why the layer was not read, if it was not.
    pub skipped: Option<String>,
}

/// Entries and contents of one blob.
#[derive(Debug)]
pub struct LayerContent {
    /// The entries.
    pub changeset: Changeset,
    /// Where contents are.
    pub contents: Contents,
}

/// An image whose layers have been read.
#[derive(Debug)]
pub struct ScannedImage {
    /// Manifest and configuration.
    pub image: oci::Image,
    /// The kind of place it came from.
    pub source: &'static str,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
    /// Which digest identifies the contents of files.
    pub hash: ContentHash,
    /// What was odd but did not stop the reading.
    pub warnings: Vec<String>,
}

/// Why an image could not be scanned.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// One layer could not be read.
    #[error("cannot read layer {index}{}", named(.digest))]
    Layer {
        /// Index of the layer, 0 for the lowest, as reports have it.
        index: usize,
        /// Digest or diff_id, where known.
        digest: Option<Digest>,
        /// Why.
        source: LayerError,
    },
    /// The place it came from failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Threads could not be started.
    #[error("cannot start threads to read layers")]
    Threads(#[source] rayon::ThreadPoolBuildError),
}

impl ScanError {
    /// Whether a layer was whole and readable but not the promised one.
    pub fn is_mismatch(&self) -> bool {
        matches!(self, ScanError::Layer { source, .. } if source.is_mismatch())
    }
}

fn named(digest: &Option<Digest>) -> String {
    match digest {
        Some(digest) => format!(" ({digest})"),
        None => String::new(),
    }
}

/// Reads all layers of `opened`.
///
/// # Errors
/// [`ScanError::Layer`] for the lowest layer that is broken, missing or not
/// the promised one.
pub fn scan(opened: Opened, options: &ScanOptions<'_>) -> Result<ScannedImage, ScanError> {
    let budget = EntryBudget::new(&options.limits);
    let mut passed: HashMap<usize, Result<StreamedLayer, LayerError>> = HashMap::new();
    let open = match opened {
        Opened::Image(open) => open,
        Opened::Stream(stream) => {
            let mut advance = |member: usize, size: u64, blob: &mut dyn Read| {
                options.progress.started(&[Some(size)]);
                let layer = read_blob(blob, 0, &budget, options);
                options.progress.finished(0);
                passed.insert(member, layer);
            };
            stream.read(&options.limits, &mut advance)?
        }
    };
    Scan {
        open: &open,
        options,
        budget: &budget,
    }
    .run(passed)
}

fn read_blob(
    blob: impl Read,
    layer: usize,
    budget: &EntryBudget,
    options: &ScanOptions<'_>,
) -> Result<StreamedLayer, LayerError> {
    let spool = match options.spool_from {
        Some(from) if layer >= from => {
            let file =
                tempfile::tempfile().map_err(|source| LayerError::Read { offset: 0, source })?;
            Some(Arc::new(file))
        }
        _ => None,
    };
    read_stream(
        blob,
        &StreamContext {
            limits: &options.limits,
            budget,
            hash: options.hash,
            wanted: options.wanted,
            advanced: &|bytes| options.progress.advanced(layer, bytes),
            spread: options.jobs > 2,
            spool: spool.as_ref(),
        },
    )
}

/// What is done with one distinct blob.
enum Outcome {
    Walked(Changeset, Vec<String>),
    Streamed(StreamedLayer),
    Hashed(Digest),
}

struct Scan<'a> {
    open: &'a OpenImage,
    options: &'a ScanOptions<'a>,
    budget: &'a EntryBudget,
}

/// A piece of work on the blob of the first layer that uses it.
#[derive(Clone, Copy)]
enum Task {
    Walk,
    Stream,
    Hash,
}

impl Scan<'_> {
    fn run(
        &self,
        mut passed: HashMap<usize, Result<StreamedLayer, LayerError>>,
    ) -> Result<ScannedImage, ScanError> {
        let first = self.first_uses();
        let mut tasks = self.tasks(&first);
        // Biggest first, so that the last to finish started early.
        tasks.sort_by_key(|&(weight, layer, _)| (std::cmp::Reverse(weight), layer));
        let sizes: Vec<_> = self.open.blobs.iter().map(LayerBlob::len).collect();
        self.options.progress.started(&sizes);
        let done = Mutex::new(Vec::new());
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.options.jobs.max(1))
            .build()
            .map_err(ScanError::Threads)?;
        pool.in_place_scope_fifo(|scope| {
            for &(_, layer, task) in &tasks {
                let done = &done;
                scope.spawn_fifo(move |_| {
                    let outcome = self.perform(layer, task);
                    self.options.progress.finished(layer);
                    if let Ok(mut done) = done.lock() {
                        done.push((layer, outcome));
                    }
                });
            }
        });
        let mut outcomes: Vec<Vec<Result<Outcome, LayerError>>> = Vec::new();
        outcomes.resize_with(self.open.blobs.len(), Vec::new);
        for (layer, outcome) in done.into_inner().unwrap_or_default() {
            outcomes[layer].push(outcome);
        }
        for (layer, blob) in self.open.blobs.iter().enumerate() {
            if let LayerBlob::Passed(member) = blob
                && first[layer] == layer
                && let Some(result) = passed.remove(member)
            {
                outcomes[layer].push(result.map(Outcome::Streamed));
            }
        }
        self.assemble(outcomes, &first)
    }

    /// For each layer, the first layer with the same blob.
    fn first_uses(&self) -> Vec<usize> {
        let mut seen = HashMap::new();
        let blobs = self.open.blobs.iter().enumerate();
        blobs
            .map(|(layer, blob)| match blob.identity() {
                Some(identity) => *seen.entry(identity).or_insert(layer),
                None => layer,
            })
            .collect()
    }

    fn tasks(&self, first: &[usize]) -> Vec<(u64, usize, Task)> {
        let ranges: Vec<_> = self
            .open
            .blobs
            .iter()
            .enumerate()
            .filter(|&(layer, _)| first[layer] == layer)
            .filter_map(|(layer, blob)| match blob {
                LayerBlob::Range(range) => Some((layer, range)),
                _ => None,
            })
            .collect();
        let remote = self.open.blobs.iter().enumerate();
        let remote = remote.filter_map(|(layer, blob)| match blob {
            LayerBlob::Remote(remote) if first[layer] == layer => {
                Some((remote.size.saturating_mul(8), layer, Task::Stream))
            }
            _ => None,
        });
        let plain: Vec<bool> = ranges.iter().map(|(_, range)| is_plain(range)).collect();
        let plain_bytes: u64 = ranges
            .iter()
            .zip(&plain)
            .filter(|&(_, &plain)| plain)
            .map(|((_, range), _)| range.len)
            .sum();
        let verify = self.options.verify == Verify::All || plain_bytes <= ALWAYS_VERIFIED;
        let mut tasks: Vec<_> = remote.collect();
        for ((layer, range), plain) in ranges.into_iter().zip(plain) {
            // Weights are about the nanoseconds that a byte costs.
            if !plain {
                tasks.push((range.len.saturating_mul(8), layer, Task::Stream));
                continue;
            }
            tasks.push((range.len / 16, layer, Task::Walk));
            if verify {
                tasks.push((range.len, layer, Task::Hash));
            }
        }
        tasks
    }

    fn perform(&self, layer: usize, task: Task) -> Result<Outcome, LayerError> {
        if let LayerBlob::Remote(remote) = &self.open.blobs[layer] {
            let mut doubt = None;
            match self.by_toc(layer, remote) {
                Some(Ok(layer)) => return Ok(Outcome::Streamed(layer)),
                Some(Err(TocError::Wrong(error))) => return Err(error),
                Some(Err(TocError::Useless(why))) => doubt = Some(why),
                None => {}
            }
            let blob = remote.reader().map_err(|error| LayerError::Read {
                offset: 0,
                source: error.into(),
            })?;
            let mut read = read_blob(blob, layer, self.budget, self.options)?;
            let doubt = doubt.map(|why| format!("the table of contents was not used: {why}"));
            read.warnings.extend(doubt);
            return Ok(Outcome::Streamed(read));
        }
        let LayerBlob::Range(range) = &self.open.blobs[layer] else {
            return Err(LayerError::Unsupported(
                "a blob that is not here".to_owned(),
            ));
        };
        match task {
            Task::Walk | Task::Hash if range.len > self.options.limits.layer_bytes => {
                Err(LayerError::Limit {
                    what: "uncompressed bytes",
                    limit: self.options.limits.layer_bytes,
                    flag: "--max-layer-size",
                })
            }
            Task::Walk => {
                let (set, warnings) = walk_stored(range, self.budget)?;
                Ok(Outcome::Walked(set, warnings))
            }
            Task::Stream => {
                read_blob(range.reader(), layer, self.budget, self.options).map(Outcome::Streamed)
            }
            Task::Hash => hash_range(range, |bytes| self.options.progress.advanced(layer, bytes))
                .map(Outcome::Hashed),
        }
    }
}

impl Scan<'_> {
    /// Reads the layer by its table of contents, where it has one, nobody wants
    /// more, and files are told apart by the digests that it has.
    fn by_toc(&self, layer: usize, remote: &RemoteBlob) -> Option<Result<StreamedLayer, TocError>> {
        let place = remote.toc.as_ref()?;
        let enough = self.options.hash == ContentHash::Sha256
            && self.options.verify != Verify::All
            && self.options.spool_from.is_none();
        let diff_id = self.open.image.layers[layer].diff_id.as_ref();
        let diff_id = diff_id.filter(|_| enough)?;
        let context = TocContext {
            limits: &self.options.limits,
            budget: self.budget,
            wanted: self.options.wanted,
        };
        Some(read_toc(remote, place, diff_id, &context))
    }
}

/// Whether the blob is an uncompressed tar stream, by its first bytes. A blob
/// that cannot be read is left to the task that reports it.
fn is_plain(range: &BlobRange) -> bool {
    let mut head = [0u8; 8];
    match range.head(&mut head) {
        Ok(n) => sniff(&head[..n]) == Sniffed::Known(Compression::None),
        Err(_) => false,
    }
}

fn hash_range(range: &BlobRange, advanced: impl Fn(u64)) -> Result<Digest, LayerError> {
    let mut reader = range.reader();
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut offset = 0;
    loop {
        let n = reader
            .read(&mut buffer)
            .map_err(|source| LayerError::Read { offset, source })?;
        if n == 0 {
            return Ok(oci::finish_sha256(hasher));
        }
        hasher.update(&buffer[..n]);
        offset += n as u64;
        advanced(n as u64);
    }
}
