//! What is on the screen.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{press, typed, whole};
use crate::explore::{Key, News, Reading, State, Theme, draw};

/// The screen as text.
fn screen(state: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let theme = Theme { color: false };
    terminal.draw(|frame| draw(state, theme, frame)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn wide() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::Down, Key::Tab, Key::Char('*')]);
    insta::assert_snapshot!(screen(&state, 100, 30));
}

#[test]
fn narrow_layers() {
    insta::assert_snapshot!(screen(&whole(40, 12), 40, 12));
}

#[test]
fn narrow_files_with_attributes() {
    let mut state = whole(40, 12);
    press(&mut state, &[Key::Tab, Key::Char('*'), Key::Char('b')]);
    insta::assert_snapshot!(screen(&state, 40, 12));
}

#[test]
fn list_of_waste() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::Char('2')]);
    insta::assert_snapshot!(screen(&state, 100, 30));
}

#[test]
fn keys() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::Char('?')]);
    insta::assert_snapshot!(screen(&state, 100, 30));
}

#[test]
fn what_is_going_on() {
    let mut state = State::new("app.tar", (80, 10).into());
    assert!(screen(&state, 80, 10).contains("opening the image"));
    state.hear(News::Reading(Reading::Layers {
        done: 1,
        of: 3,
        bytes: 5_000_000,
        of_bytes: Some(10_000_000),
    }));
    let text = screen(&state, 80, 10);
    assert!(
        text.contains("reading layers: 1 of 3, 5.00 MB of 10.0 MB"),
        "{text}"
    );
}

#[test]
fn a_wrong_filter_is_told_in_place() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::Char('/')]);
    typed(&mut state, "a[");
    let text = screen(&state, 100, 30);
    assert!(
        text.contains("filter: a[▏  unclosed character class"),
        "{text}"
    );
}

#[test]
fn names_cannot_write_to_the_terminal() {
    let mut state = whole(100, 30);
    press(&mut state, &[Key::Down, Key::Tab, Key::Char('*')]);
    let text = screen(&state, 100, 30);
    assert!(text.contains(r"evil\u{1b}[2J\u{202e}name"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
}
