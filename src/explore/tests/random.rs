//! Any keys on any screen.

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::whole;
use crate::explore::{Key, State, Theme, draw};

#[derive(Debug, Clone, Copy)]
enum Input {
    Press(Key),
    Resize(u16, u16),
}

fn inputs() -> impl Strategy<Value = Input> {
    const KEYS: [Key; 13] = [
        Key::Up,
        Key::Down,
        Key::Left,
        Key::Right,
        Key::PageUp,
        Key::PageDown,
        Key::Home,
        Key::End,
        Key::Enter,
        Key::Esc,
        Key::Tab,
        Key::Backspace,
        Key::Ctrl(' '),
    ];
    const LETTERS: &str = "1234567 *[]/?chjklgGudsbem+-~=x.(\u{65e5}";
    let letters: Vec<char> = LETTERS.chars().collect();
    prop_oneof![
        8 => prop::sample::select(KEYS.to_vec()).prop_map(Input::Press),
        6 => prop::sample::select(letters).prop_map(|c| Input::Press(Key::Char(c))),
        2 => prop::sample::select(vec!['a', 'l', 'r', 'u', 't', 'e', 'o', 'b', 'f'])
            .prop_map(|c| Input::Press(Key::Ctrl(c))),
        1 => (0u16..140, 0u16..50).prop_map(|(width, height)| Input::Resize(width, height)),
    ]
}

fn check(state: &State) {
    let pane = &state.tree;
    assert!(pane.scroll.selected < pane.rows.len().max(1));
    assert!(pane.scroll.top <= pane.scroll.selected);
    assert!(state.layer.selected < state.layers.len().max(1));
    if let Some((list, scroll)) = state.list() {
        assert!(scroll.selected < list.rows.len().max(1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_panics_and_selections_stay_in_range(
        inputs in prop::collection::vec(inputs(), 0..60),
        size in (0u16..140, 0u16..50),
    ) {
        let mut state = whole(size.0, size.1);
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        for input in inputs {
            match input {
                Input::Press(key) => {
                    state.press(key);
                }
                Input::Resize(width, height) => {
                    state.resize((width, height).into());
                    terminal.backend_mut().resize(width, height);
                }
            }
            check(&state);
            let theme = Theme { color: true };
            terminal.draw(|frame| draw(&state, theme, frame)).unwrap();
        }
    }
}
