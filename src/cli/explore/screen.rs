//! The terminal: keys in, frames out.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::ExploreCommand;
use super::contents::extract;
use super::worker::{Message, Worker};
use crate::cli::arguments::ColorArgument;
use crate::cli::failure::Failure;
use crate::cli::terminal;
use crate::explore::{self, Effect, Key, News, Reading, State, Theme};
use crate::tree::Tree;

/// How long to wait for an image that opens at once, or not at all, before the
/// screen is taken.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long a key may stay away before news are looked for.
const TICK: Duration = Duration::from_millis(40);

/// Whether the terminal is ours.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Gives the terminal back where a signal ends the program.
pub(in crate::cli) fn restore_if_shown() {
    if SHOWN.swap(false, Ordering::SeqCst) {
        ratatui::restore();
    }
}

/// Takes the terminal, and gives it back when dropped; a panic does, too.
struct Screen(DefaultTerminal);

impl Screen {
    fn take() -> io::Result<Screen> {
        let terminal = ratatui::try_init()?;
        SHOWN.store(true, Ordering::SeqCst);
        Ok(Screen(terminal))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore_if_shown();
    }
}

pub(super) fn run(command: &Arc<ExploreCommand>, worker: Worker) -> Result<(), Failure> {
    let first = worker.messages.recv_timeout(PATIENCE).ok();
    if let Some(Message::Failed(failure)) = first {
        return Err(failure);
    }
    let failed = |error: io::Error| Failure::of("cannot use the terminal", &error);
    let theme = Theme {
        color: terminal::color(ColorArgument::Auto, true),
    };
    let mut screen = Screen::take().map_err(failed)?;
    let size = screen.0.size().map_err(failed)?;
    let mut session = Session {
        command,
        worker,
        state: State::new(&command.image, size),
        tree: None,
        is_reading: true,
    };
    if let Some(message) = first {
        session.hear(message)?;
    }
    loop {
        screen
            .0
            .draw(|frame| explore::draw(&session.state, theme, frame))
            .map_err(failed)?;
        loop {
            let changed = session.look()?;
            if event::poll(if changed { Duration::ZERO } else { TICK }).map_err(failed)? {
                break;
            }
            if changed {
                screen
                    .0
                    .draw(|frame| explore::draw(&session.state, theme, frame))
                    .map_err(failed)?;
            }
        }
        // Keys that wait, as when one is held down, share a frame.
        while event::poll(Duration::ZERO).map_err(failed)? {
            let event = event::read().map_err(failed)?;
            if session.answer(&event) == Some(Effect::Quit) {
                return Ok(());
            }
        }
    }
}

struct Session<'a> {
    command: &'a Arc<ExploreCommand>,
    worker: Worker,
    state: State,
    tree: Option<Arc<Tree>>,
    is_reading: bool,
}

impl Session<'_> {
    /// Takes what the worker told meanwhile; whether there was anything.
    fn look(&mut self) -> Result<bool, Failure> {
        let mut any = false;
        // Asked before the messages: what it told last is among them.
        let finished = self.worker.is_finished();
        while let Ok(message) = self.worker.messages.try_recv() {
            self.hear(message)?;
            any = true;
        }
        if self.is_reading
            && let Some(reading) = self.worker.counter.reading()
            && self.state.reading() != &reading
        {
            self.state.hear(News::Reading(reading));
            any = true;
        }
        if finished && self.state.reading() != &Reading::Done {
            return Err(Failure::new("reading the image ended before it was done"));
        }
        Ok(any)
    }

    fn hear(&mut self, message: Message) -> Result<(), Failure> {
        match message {
            Message::News(news) => {
                if matches!(news, News::Files(_)) {
                    self.is_reading = false;
                }
                self.state.hear(news);
            }
            Message::Tree(tree) => self.tree = Some(tree),
            Message::Failed(failure) => return Err(failure),
        }
        Ok(())
    }

    fn answer(&mut self, event: &Event) -> Option<Effect> {
        match event {
            Event::Key(pressed) if pressed.kind != KeyEventKind::Release => {
                let effect = self.state.press(key(pressed)?)?;
                if let Effect::Extract { stored, path, name } = &effect {
                    self.write(*stored, path.clone(), name.clone());
                }
                Some(effect)
            }
            Event::Resize(width, height) => {
                self.state.resize((*width, *height).into());
                None
            }
            _ => None,
        }
    }

    /// Large files and compressed layers take a while: keys work meanwhile.
    fn write(&mut self, stored: explore::Stored, path: Vec<u8>, name: String) {
        let Some(tree) = self.tree.clone() else {
            return;
        };
        self.state.hear(News::Note(format!("writing {name} …")));
        let (command, sender) = (Arc::clone(self.command), self.worker.sender.clone());
        thread::spawn(move || {
            let note = extract(&command, &tree, stored, &path, &name);
            // Nobody listens any more once the screen is closed.
            let _ = sender.send(Message::News(News::Note(note)));
        });
    }
}

fn key(pressed: &KeyEvent) -> Option<Key> {
    let has = |modifier| pressed.modifiers.contains(modifier);
    Some(match pressed.code {
        KeyCode::Char(_) if has(KeyModifiers::ALT) => return None,
        KeyCode::Char(c) if has(KeyModifiers::CONTROL) => Key::Ctrl(c.to_ascii_lowercase()),
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Null => Key::Ctrl(' '),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace | KeyCode::Delete => Key::Backspace,
        _ => return None,
    })
}
