//! Progress bars on standard error, one for each layer being read.

use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::layer::Progress;
use crate::report::table::text::printable;

/// Who is done sooner shows no bars.
const PATIENCE: Duration = Duration::from_millis(500);

/// What is going on, in a line that is replaced by the next one and goes with
/// its owner.
pub(super) struct Activity(ProgressBar);

impl Activity {
    pub(super) fn new(quiet: bool) -> Self {
        let seen = !quiet && io::stderr().is_terminal();
        let line = match seen {
            true => ProgressBar::new_spinner(),
            false => ProgressBar::hidden(),
        };
        line.enable_steady_tick(Duration::from_millis(100));
        Activity(line)
    }

    pub(super) fn tell(&self, what: &str) {
        self.0.set_message(printable(what));
    }

    /// Lets something else be written meanwhile.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Bars for the layers that are being read.
pub(super) struct Bars {
    /// `None` when nobody would see them.
    bars: Option<Mutex<State>>,
    since: Instant,
}

struct State {
    drawn: MultiProgress,
    layers: Vec<Layer>,
}

struct Layer {
    size: Option<u64>,
    read: u64,
    bar: Option<ProgressBar>,
}

impl Bars {
    pub(super) fn new(quiet: bool) -> Self {
        let seen = !quiet && io::stderr().is_terminal();
        Bars {
            bars: seen.then(|| {
                Mutex::new(State {
                    drawn: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)),
                    layers: Vec::new(),
                })
            }),
            since: Instant::now(),
        }
    }

    fn with(&self, change: impl FnOnce(&mut State)) {
        if let Some(bars) = &self.bars
            && let Ok(mut state) = bars.lock()
        {
            change(&mut state);
        }
    }

    /// Wipes all bars, so that other text can be printed.
    pub(super) fn clear(&self) {
        self.with(|state| {
            for layer in &mut state.layers {
                if let Some(bar) = layer.bar.take() {
                    bar.finish_and_clear();
                }
            }
            // Nothing is lost if the terminal is gone.
            let _ = state.drawn.clear();
        });
    }
}

impl Progress for Bars {
    fn started(&self, layers: &[Option<u64>]) {
        self.with(|state| {
            let layer = |&size: &Option<u64>| Layer {
                size,
                read: 0,
                bar: None,
            };
            state.layers = layers.iter().map(layer).collect();
        });
    }

    fn advanced(&self, layer: usize, bytes: u64) {
        let due = self.since.elapsed() >= PATIENCE;
        self.with(|state| {
            let Some(progress) = state.layers.get_mut(layer) else {
                return;
            };
            progress.read += bytes;
            if due && progress.bar.is_none() {
                // What came before counts for the bar, not for its speed.
                let bar = bar(layer, progress.size).with_position(progress.read);
                progress.bar = Some(state.drawn.add(bar));
            }
            if let Some(bar) = &progress.bar {
                bar.set_position(progress.read);
            }
        });
    }

    fn finished(&self, layer: usize) {
        self.with(|state| {
            if let Some(progress) = state.layers.get_mut(layer)
                && let Some(bar) = progress.bar.take()
            {
                bar.finish_and_clear();
            }
        });
    }
}

fn bar(layer: usize, size: Option<u64>) -> ProgressBar {
    let (bar, template) = match size {
        Some(size) => (
            ProgressBar::new(size),
            "{prefix} {bar:24} {decimal_bytes:>9} of {decimal_total_bytes:<9} {decimal_bytes_per_sec}",
        ),
        None => (
            ProgressBar::no_length(),
            "{prefix} {spinner} {decimal_bytes:>9} {decimal_bytes_per_sec}",
        ),
    };
    // The templates are ours; if one were wrong, the plain bar would do.
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("█▌░");
    bar.with_style(style)
        .with_prefix(format!("layer {layer:<3}"))
}
