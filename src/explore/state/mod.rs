//! All that is on the screen, and what keys make of it.

mod input;
mod scroll;
mod tree;

use ratatui::layout::Size;

use super::extract::proposed_name;
use super::facts::{Findings, ImageFacts, LayerFacts, List, Reading, Tab, Target};
use super::files::{Files, Stored, VersionKind};
use super::keys::{self, Action, HELP, Key};
use super::layout::{self, Areas};
use super::view::{Sort, Status};

pub(super) use input::Input;
pub(super) use scroll::Scroll;
pub(super) use tree::TreePane;

/// Which pane has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Focus {
    /// The list of layers.
    #[default]
    Layers,
    /// The tabs.
    Content,
}

/// What became known.
#[derive(Debug)]
pub enum News {
    /// The image's documents.
    Image(ImageFacts, Vec<LayerFacts>),
    /// How far reading is.
    Reading(Reading),
    /// All files.
    Files(Files),
    /// All findings; reading is done.
    Findings(Findings),
    /// Something to say.
    Note(String),
}

/// What is to be done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Write the contents of a file to a new one in the working folder.
    Extract {
        /// The contents.
        stored: Stored,
        /// The path in the image.
        path: Vec<u8>,
        /// The name of the new file.
        name: String,
    },
}

/// All that is on the screen.
#[derive(Debug, Default)]
pub struct State {
    pub(super) image: ImageFacts,
    pub(super) layers: Vec<LayerFacts>,
    pub(super) reading: Reading,
    pub(super) lists: Vec<List>,
    pub(super) tree: TreePane,
    pub(super) tab: Tab,
    focus: Focus,
    pub(super) layer: Scroll,
    pub(super) aggregate: bool,
    pub(super) list_scrolls: [Scroll; 6],
    pub(super) input: Option<Input>,
    pub(super) help: Option<usize>,
    pub(super) note: Option<String>,
    size: Size,
}

impl State {
    /// A screen that only knows the name of the image.
    pub fn new(name: &str, size: Size) -> State {
        State {
            image: ImageFacts {
                name: name.to_owned(),
                ..ImageFacts::default()
            },
            size,
            ..State::default()
        }
    }

    /// Which pane has the keys.
    pub fn focus(&self) -> Focus {
        self.focus
    }

    /// How far reading is.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Whether keys are text.
    pub fn is_typing(&self) -> bool {
        self.input.is_some()
    }

    /// Whether the list of keys is on the screen.
    pub fn shows_help(&self) -> bool {
        self.help.is_some()
    }

    pub(super) fn areas(&self) -> Areas {
        layout::areas(self.size, self.focus)
    }

    /// The screen has another size.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
        self.settle();
    }

    /// Takes what became known.
    pub fn hear(&mut self, news: News) {
        match news {
            News::Image(image, layers) => (self.image, self.layers) = (image, layers),
            News::Reading(reading) => self.reading = reading,
            News::Files(files) => {
                self.tree.load(files);
                self.tree.compare(self.layer.selected, self.aggregate);
            }
            News::Findings(findings) => {
                self.reading = Reading::Done;
                self.image.sums = findings.sums;
                self.layers = findings.layers;
                self.lists = findings.lists;
            }
            News::Note(note) => self.note = Some(note),
        }
        self.settle();
    }

    /// Does what a key asks for.
    pub fn press(&mut self, key: Key) -> Option<Effect> {
        let action = keys::action(self, key)?;
        self.note = None;
        let effect = self.act(action);
        self.settle();
        effect
    }

    /// Brings all selections into range.
    fn settle(&mut self) {
        let areas = self.areas();
        let rows = layout::rows(areas.layers);
        self.layer.settle(self.layers.len(), rows);
        let rows = layout::rows(areas.content);
        self.tree.scroll.settle(self.tree.rows.len(), rows);
        for (at, scroll) in self.list_scrolls.iter_mut().enumerate() {
            let len = self.lists.get(at).map_or(0, |list| list.rows.len());
            scroll.settle(len, rows);
        }
        let page = usize::from(self.size.height).saturating_sub(4).max(1);
        if let Some(top) = &mut self.help {
            *top = (*top).min(HELP.len().saturating_sub(page));
        }
    }

    /// The list on the screen, and where it is scrolled to.
    pub(super) fn list(&self) -> Option<(&List, Scroll)> {
        let at = self.tab.index().checked_sub(1)?;
        Some((self.lists.get(at)?, *self.list_scrolls.get(at)?))
    }

    fn scroll(&mut self) -> &mut Scroll {
        let at = self.tab.index().wrapping_sub(1);
        match (self.focus, self.list_scrolls.get_mut(at)) {
            (Focus::Layers, _) => &mut self.layer,
            (Focus::Content, Some(scroll)) => scroll,
            (Focus::Content, None) => &mut self.tree.scroll,
        }
    }

    fn go(&mut self, by: isize) {
        if let Some(top) = &mut self.help {
            *top = top.saturating_add_signed(by);
            return;
        }
        let before = self.layer.selected;
        self.scroll().go(by);
        self.settle();
        if self.layer.selected != before {
            self.compare();
        }
    }

    fn compare(&mut self) {
        self.tree.compare(self.layer.selected, self.aggregate);
    }

    fn page(&self) -> isize {
        let areas = self.areas();
        let area = match self.focus {
            Focus::Layers => areas.layers,
            Focus::Content => areas.content,
        };
        isize::try_from(layout::rows(area)).unwrap_or(1).max(1)
    }

    fn show(&mut self, tab: Tab) {
        (self.tab, self.focus) = (tab, Focus::Content);
    }

    fn act(&mut self, action: Action) -> Option<Effect> {
        match action {
            Action::Quit => return Some(Effect::Quit),
            Action::OtherPane => {
                self.focus = match self.focus {
                    Focus::Layers => Focus::Content,
                    Focus::Content => Focus::Layers,
                }
            }
            Action::ShowTab(at) => self.show(Tab::ALL.get(at).copied().unwrap_or_default()),
            Action::TurnTab(by) => {
                let count = Tab::ALL.len();
                let at = (self.tab.index() + count).saturating_add_signed(by) % count;
                self.show(Tab::ALL.get(at).copied().unwrap_or_default());
            }
            Action::Move(by) => self.go(by),
            Action::Page(by) => self.go(by.saturating_mul(self.page())),
            Action::First => self.go(isize::MIN / 2),
            Action::Last => self.go(isize::MAX / 2),
            Action::Enter => self.enter(),
            Action::Aggregate(aggregate) => {
                self.aggregate = aggregate;
                self.compare();
            }
            Action::TurnAggregate => {
                self.aggregate = !self.aggregate;
                self.compare();
            }
            Action::Help => {
                self.help = match self.help {
                    Some(_) => None,
                    None => Some(0),
                }
            }
            Action::Type(_)
            | Action::Erase
            | Action::EraseAll
            | Action::TurnPlain
            | Action::Accept
            | Action::Cancel => return self.typed(action),
            action => self.act_on_tree(action),
        }
        None
    }

    /// What only the tree knows; asked for elsewhere it is looked at, too.
    fn act_on_tree(&mut self, action: Action) {
        let own = self.tab == Tab::Files;
        match action {
            Action::Toggle if own => self.tree.set_open(None),
            Action::ToggleAll if own => self.tree.turn_all(),
            Action::Close if own => self.tree.close(),
            Action::Open if own => self.tree.open(),
            Action::Extract if own => self.ask_for_name(),
            Action::Show(status) => {
                self.tree.shown.toggle(status);
                self.tree.choose();
                let word = match self.tree.shown.has(status) {
                    true => "shown",
                    false => "hidden",
                };
                let what = match status {
                    Status::Added => "added",
                    Status::Modified => "modified",
                    Status::Removed => "removed",
                    Status::Unmodified | Status::Absent => "unmodified",
                };
                self.note = Some(format!("{what} paths are {word}"));
            }
            Action::Attributes => self.tree.attributes = !self.tree.attributes,
            Action::Sort => {
                self.tree.sort = match self.tree.sort {
                    Sort::Name => Sort::Size,
                    Sort::Size => Sort::Name,
                };
                self.tree.arrange();
            }
            Action::Filter => {
                self.show(Tab::Files);
                self.input = Some(Input::Filter(self.tree.filter.text.clone()));
            }
            _ => {}
        }
    }

    fn enter(&mut self) {
        match (self.focus, self.tab) {
            (Focus::Layers, _) => self.show(Tab::Files),
            (Focus::Content, Tab::Files) => self.tree.set_open(None),
            (Focus::Content, _) => {
                let row = self
                    .list()
                    .and_then(|(list, at)| list.rows.get(at.selected));
                if let Some(target) = row.and_then(|row| row.target.clone()) {
                    self.jump(&target);
                }
            }
        }
    }

    /// Shows a path in its layer.
    fn jump(&mut self, target: &Target) {
        self.layer.selected = target.layer.min(self.layers.len().saturating_sub(1));
        self.compare();
        self.show(Tab::Files);
        let Some(path) = &target.path else { return };
        if !self.tree.reveal(path) {
            let layer = self.layer.selected;
            self.note = Some(format!("layer {layer} leaves nothing at this path"));
        }
    }

    fn ask_for_name(&mut self) {
        let pane = &self.tree;
        let Some((files, path)) = pane.files.as_ref().zip(pane.selected()) else {
            return;
        };
        let version = pane.view.version(files, path);
        let regular = version
            .filter(|version| matches!(version.kind, VersionKind::File | VersionKind::HardLink));
        match regular {
            Some(version) => {
                self.input = Some(Input::Name {
                    text: proposed_name(files.name(path)),
                    stored: version.stored,
                    path: files.path(path),
                    error: None,
                });
            }
            None => self.note = Some("only regular files can be written".to_owned()),
        }
    }
}
