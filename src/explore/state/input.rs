//! What is typed: a filter, or the name of a new file.

use super::{Effect, State};
use crate::explore::extract::checked_name;
use crate::explore::files::Stored;
use crate::explore::keys::Action;

/// What is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::explore) enum Input {
    Filter(String),
    Name {
        text: String,
        stored: Stored,
        path: Vec<u8>,
        error: Option<&'static str>,
    },
}

impl State {
    pub(super) fn typed(&mut self, action: Action) -> Option<Effect> {
        match (self.input.take(), action) {
            (None, _) => {
                // Escape outside of any input.
                self.tree.filter = Default::default();
                self.tree.choose();
            }
            (Some(Input::Filter(_)), Action::Cancel) => {
                self.tree.filter = Default::default();
                self.tree.choose();
            }
            (Some(Input::Filter(text)), Action::Accept) => {
                // A pattern that is wrong stays to be mended.
                if self.tree.filter.error.is_some() {
                    self.input = Some(Input::Filter(text));
                }
            }
            (Some(Input::Filter(mut text)), action) => {
                let plain = self.tree.filter.plain != (action == Action::TurnPlain);
                edit(&mut text, action);
                self.tree.filter.set(text.clone(), plain);
                self.tree.choose();
                self.tree.open_found();
                self.input = Some(Input::Filter(text));
            }
            (Some(Input::Name { .. }), Action::Cancel) => {}
            (
                Some(Input::Name {
                    text, stored, path, ..
                }),
                Action::Accept,
            ) => match checked_name(&text) {
                Ok(()) => {
                    return Some(Effect::Extract {
                        stored,
                        path,
                        name: text,
                    });
                }
                Err(error) => {
                    self.input = Some(Input::Name {
                        text,
                        stored,
                        path,
                        error: Some(error),
                    });
                }
            },
            (
                Some(Input::Name {
                    mut text,
                    stored,
                    path,
                    ..
                }),
                action,
            ) => {
                edit(&mut text, action);
                self.input = Some(Input::Name {
                    text,
                    stored,
                    path,
                    error: None,
                });
            }
        }
        None
    }
}

/// Characters that are typed in one go; nobody types a longer pattern.
const TYPED: usize = 256;

fn edit(text: &mut String, action: Action) {
    match action {
        Action::Type(c) if text.chars().count() < TYPED && !c.is_control() => text.push(c),
        Action::Erase => {
            text.pop();
        }
        Action::EraseAll => text.clear(),
        _ => {}
    }
}
