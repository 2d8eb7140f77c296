//! Reads and judges the image while keys are already answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use super::ExploreCommand;
use crate::analyze::{self, Analysis, DatabaseContents, detect_base};
use crate::attribute::{Origins, Question, attribute, reconstruct};
use crate::cli::dockerfile::Given;
use crate::cli::failure::Failure;
use crate::cli::image::content_hash;
use crate::dockerfile;
use crate::explore::{self, DockerfileText, News, Reading};
use crate::layer::{self, Progress, ScanOptions, ScannedImage};
use crate::oci::Image;
use crate::ruleset::CacheRules;
use crate::source::{Locator, Opened};
use crate::tree::Tree;

/// What the worker tells.
pub(super) enum Message {
    /// For the screen.
    News(News),
    /// For reading contents.
    Tree(Arc<Tree>),
    /// There is nothing to show.
    Failed(Failure),
}

/// A worker from outside.
pub(super) struct Worker {
    pub(super) messages: Receiver<Message>,
    /// For others that have something to tell.
    pub(super) sender: Sender<Message>,
    pub(super) counter: Arc<Counter>,
    handle: JoinHandle<()>,
}

impl Worker {
    /// Whether nothing more comes.
    pub(super) fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }
}

/// How far reading is, counted by several threads.
#[derive(Debug, Default)]
pub(super) struct Counter {
    done: AtomicUsize,
    of: AtomicUsize,
    bytes: AtomicU64,
    of_bytes: AtomicU64,
}

impl Counter {
    /// What there is to say, once layers are being read.
    pub(super) fn reading(&self) -> Option<Reading> {
        let of = self.of.load(Relaxed);
        let of_bytes = self.of_bytes.load(Relaxed);
        (of > 0).then(|| Reading::Layers {
            done: self.done.load(Relaxed).min(of),
            of,
            bytes: self.bytes.load(Relaxed),
            of_bytes: (of_bytes > 0).then_some(of_bytes),
        })
    }
}

impl Progress for Counter {
    // Archives that pass once tell their layers one after the other.
    fn started(&self, layers: &[Option<u64>]) {
        self.of.fetch_add(layers.len(), Relaxed);
        let bytes = layers.iter().flatten().sum();
        self.of_bytes.fetch_add(bytes, Relaxed);
    }

    fn advanced(&self, _layer: usize, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }

    fn finished(&self, _layer: usize) {
        self.done.fetch_add(1, Relaxed);
    }
}

/// Starts to read. The thread is left to itself when the screen is closed.
pub(super) fn start(
    command: &Arc<ExploreCommand>,
    locator: Locator,
    given: Option<Given>,
) -> Worker {
    let (sender, messages) = channel();
    let counter = Arc::new(Counter::default());
    let job = Job {
        command: Arc::clone(command),
        given,
        sender: sender.clone(),
        counter: Arc::clone(&counter),
    };
    let handle = thread::spawn(move || {
        if let Err(failure) = job.run(&locator) {
            job.tell(Message::Failed(failure));
        }
    });
    Worker {
        messages,
        sender,
        counter,
        handle,
    }
}

struct Job {
    command: Arc<ExploreCommand>,
    given: Option<Given>,
    sender: Sender<Message>,
    counter: Arc<Counter>,
}

impl Job {
    fn tell(&self, message: Message) {
        // Nobody listens any more once the screen is closed.
        let _ = self.sender.send(message);
    }

    fn run(&self, locator: &Locator) -> Result<(), Failure> {
        let name = &self.command.image;
        let arguments = &self.command.image_arguments;
        let rules = CacheRules::builtin().map_err(|error| Failure::of("shipped rules", &error))?;
        let opened = arguments.open(locator)?;
        if let Opened::Image(open) = &opened {
            let (image, layers) = explore::image_facts(name, &open.image, open.source, &open.blobs);
            self.tell(Message::News(News::Image(image, layers)));
        }
        let options = ScanOptions {
            limits: arguments.reading.limits(),
            jobs: arguments.reading.jobs(),
            hash: content_hash(&opened),
            verify: arguments.reading.verify.into(),
            wanted: &DatabaseContents,
            spool_from: None,
            progress: &*self.counter,
        };
        let scanned = layer::scan(opened, &options).map_err(|error| Failure::of(name, &error))?;
        self.show_files(&scanned);
        let analysis =
            analyze::analyze(&scanned, &rules, None).map_err(|error| Failure::of(name, &error))?;
        self.show_findings(&scanned.image, &analysis)?;
        if !analysis.warnings.is_empty() {
            let count = analysis.warnings.len();
            let note = format!("{count} things were odd; rslim analyze tells them");
            self.tell(Message::News(News::Note(note)));
        }
        Ok(())
    }

    fn show_files(&self, scanned: &ScannedImage) {
        // Archives that pass once tell their documents last.
        let (image, layers) =
            explore::image_facts(&self.command.image, &scanned.image, scanned.source, &[]);
        let layers = layers
            .into_iter()
            .zip(&scanned.layers)
            .map(|(facts, layer)| explore::LayerFacts {
                bytes: Some(layer.uncompressed_bytes),
                skipped: layer.skipped.clone(),
                ..facts
            });
        let layers = layers.collect();
        self.tell(Message::News(News::Image(image, layers)));
        let contents = scanned.layers.iter().map(|layer| Arc::clone(&layer.set));
        let (tree, log) = Tree::merge_with_changes(contents.collect());
        let files = explore::files(&tree, &log);
        self.tell(Message::News(News::Files(files)));
        self.tell(Message::News(News::Reading(Reading::Judging)));
        self.tell(Message::Tree(Arc::new(tree)));
    }

    fn show_findings(&self, image: &Image, analysis: &Analysis) -> Result<(), Failure> {
        let layers = analysis.layers.len();
        let base = analysis.base.as_ref();
        let findings = match &self.given {
            Some(given) => {
                let answer = given.explain(image, layers, None)?;
                let origins = Origins {
                    path: given.path.clone(),
                    layers: answer.layers,
                };
                let text = DockerfileText {
                    text: given.text(),
                    origins: Some(&origins),
                    is_given: true,
                };
                explore::findings(analysis, text)
            }
            None => {
                let history = &image.config.history;
                let text = reconstruct(history, detect_base(image).as_ref());
                let file = dockerfile::parse(text.as_str());
                let answer = attribute(&Question {
                    history,
                    layers,
                    dockerfile: &file,
                    target: None,
                    base_layers: base.map(|base| base.layers),
                });
                // Without an answer the text stands without bytes.
                let origins = answer.ok().map(|answer| Origins {
                    path: String::new(),
                    layers: answer.layers,
                });
                let text = DockerfileText {
                    text: &text,
                    origins: origins.as_ref(),
                    is_given: false,
                };
                explore::findings(analysis, text)
            }
        };
        self.tell(Message::News(News::Findings(findings)));
        Ok(())
    }
}
