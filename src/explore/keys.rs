//! Keys → what they ask for.

use super::state::{Focus, State};
use super::view::Status;

/// A key, however the terminal tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character, the space included.
    Char(char),
    /// A letter with Ctrl.
    Ctrl(char),
    /// Arrows.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
    /// Enter, which many terminals do not tell from Ctrl+M.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift+Tab.
    BackTab,
    /// Backspace.
    Backspace,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// End.
    Quit,
    /// The other pane.
    OtherPane,
    /// A tab by its number, from 0.
    ShowTab(usize),
    /// The next tab, or the one before.
    TurnTab(isize),
    /// So many rows down, or up.
    Move(isize),
    /// So many pages down, or up.
    Page(isize),
    /// The first row.
    First,
    /// The last row.
    Last,
    /// What Enter does where the selection is.
    Enter,
    /// Opens or closes a directory.
    Toggle,
    /// Opens or closes all.
    ToggleAll,
    /// Closes a directory, or goes to the one around it.
    Close,
    /// Opens a directory, or goes into it.
    Open,
    /// Adds changes up, or not.
    Aggregate(bool),
    /// The other of both.
    TurnAggregate,
    /// Shows or hides a kind of change.
    Show(Status),
    /// Shows or hides permissions and owners.
    Attributes,
    /// The other order.
    Sort,
    /// Starts to type a filter.
    Filter,
    /// Asks for a name to write the selected file to.
    Extract,
    /// Shows all keys, or goes back.
    Help,
    /// Leaves what is being typed, or the filter.
    Cancel,
    /// Types a character.
    Type(char),
    /// Takes the last character back.
    Erase,
    /// Takes everything back.
    EraseAll,
    /// Plain text or regular expression.
    TurnPlain,
    /// Takes what was typed.
    Accept,
}

/// All keys, for the screen behind `?` and for the book.
pub const HELP: [(&str, &str); 23] = [
    ("q, Ctrl+C", "leave"),
    ("Tab", "other pane"),
    ("1 … 7, ] [", "tab by number, next, previous"),
    ("↑ ↓, k j", "previous, next row"),
    ("PgUp PgDn, u d", "page up, page down"),
    ("Home End, g G", "first, last row"),
    ("Enter", "open folder; jump to path and layer"),
    ("→ ←, l h", "open folder; close it or go out of it"),
    ("Space", "open or close folder"),
    ("Ctrl+Space, *", "open or close all folders"),
    ("c", "changes of one layer or of all up to it"),
    ("Ctrl+L", "changes of one layer (in layers)"),
    ("Ctrl+A", "all changes (in layers); added (in files)"),
    ("+, Ctrl+A", "show or hide added paths"),
    ("~, m", "show or hide modified paths"),
    ("-, Ctrl+R", "show or hide removed paths"),
    ("=, Ctrl+U", "show or hide unmodified paths"),
    ("b, Ctrl+B", "attributes on or off"),
    ("s, Ctrl+O", "by name or by size"),
    ("/, Ctrl+F", "filter by path; Ctrl+T plain text"),
    ("Esc", "no filter"),
    ("e, Ctrl+E", "write the file to the working folder"),
    ("?", "all keys"),
];

/// What a key asks for, as things are.
pub(super) fn action(state: &State, key: Key) -> Option<Action> {
    if key == Key::Ctrl('c') {
        return Some(Action::Quit);
    }
    if state.is_typing() {
        return typing(key);
    }
    if state.shows_help() {
        return match key {
            Key::Char('q' | '?') | Key::Esc | Key::Enter => Some(Action::Help),
            key => moving(key),
        };
    }
    moving(key)
        .or_else(|| anywhere(key))
        .or_else(|| match state.focus() {
            Focus::Layers => in_layers(key),
            Focus::Content => in_content(key),
        })
}

fn typing(key: Key) -> Option<Action> {
    Some(match key {
        Key::Char(c) => Action::Type(c),
        Key::Enter => Action::Accept,
        Key::Esc => Action::Cancel,
        Key::Backspace | Key::Ctrl('h') => Action::Erase,
        Key::Ctrl('u' | 'w') => Action::EraseAll,
        Key::Ctrl('t') => Action::TurnPlain,
        Key::Up => Action::Move(-1),
        Key::Down => Action::Move(1),
        Key::PageUp => Action::Page(-1),
        Key::PageDown => Action::Page(1),
        _ => return None,
    })
}

fn moving(key: Key) -> Option<Action> {
    Some(match key {
        Key::Up | Key::Char('k') => Action::Move(-1),
        Key::Down | Key::Char('j') => Action::Move(1),
        Key::PageUp | Key::Char('u') => Action::Page(-1),
        Key::PageDown | Key::Char('d') => Action::Page(1),
        Key::Home | Key::Char('g') => Action::First,
        Key::End | Key::Char('G') => Action::Last,
        _ => return None,
    })
}

fn anywhere(key: Key) -> Option<Action> {
    Some(match key {
        Key::Char('q') => Action::Quit,
        Key::Tab | Key::BackTab => Action::OtherPane,
        Key::Char(c @ '1'..='7') => Action::ShowTab(c as usize - '1' as usize),
        Key::Char(']') => Action::TurnTab(1),
        Key::Char('[') => Action::TurnTab(-1),
        Key::Enter => Action::Enter,
        Key::Char('?') => Action::Help,
        Key::Char('c') => Action::TurnAggregate,
        Key::Ctrl('l') => Action::Aggregate(false),
        Key::Char('/') | Key::Ctrl('f') => Action::Filter,
        Key::Char('+') => Action::Show(Status::Added),
        Key::Char('~' | 'm') => Action::Show(Status::Modified),
        Key::Char('-') | Key::Ctrl('r') => Action::Show(Status::Removed),
        Key::Char('=') | Key::Ctrl('u') => Action::Show(Status::Unmodified),
        Key::Char('b') | Key::Ctrl('b') => Action::Attributes,
        Key::Char('s') | Key::Ctrl('o') => Action::Sort,
        Key::Esc => Action::Cancel,
        _ => return None,
    })
}

fn in_layers(key: Key) -> Option<Action> {
    Some(match key {
        Key::Ctrl('a') => Action::Aggregate(true),
        Key::Right | Key::Char('l') => Action::OtherPane,
        _ => return None,
    })
}

fn in_content(key: Key) -> Option<Action> {
    Some(match key {
        Key::Ctrl('a') => Action::Show(Status::Added),
        Key::Char('e') | Key::Ctrl('e') => Action::Extract,
        Key::Char(' ') => Action::Toggle,
        Key::Ctrl(' ' | '@') | Key::Char('*') => Action::ToggleAll,
        Key::Left | Key::Char('h') => Action::Close,
        Key::Right | Key::Char('l') => Action::Open,
        _ => return None,
    })
}
