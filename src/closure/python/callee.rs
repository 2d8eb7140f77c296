//! The functions whose first argument names what they load.

/// Whether `text` is names joined by dots.
pub(super) fn is_dotted(text: &str) -> bool {
    text.split('.').all(|part| {
        let first = part.bytes().next();
        first.is_some_and(|b| !b.is_ascii_digit()) && part.bytes().all(super::lexer::is_name)
    })
}

#[derive(PartialEq, Eq, Clone, Copy)]
pub(super) enum Callee {
    /// Imports whatever its argument is.
    Import,
    /// Imports its argument if that is a literal; other uses are too common to be reported.
    Maybe,
    Library,
    Other,
}

impl Callee {
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b"import_module" | b"__import__" => Self::Import,
            b"CDLL" | b"PyDLL" | b"LoadLibrary" | b"dlopen" | b"find_library" => Self::Library,
            b"find_spec" | b"run_module" | b"resolve_name" | b"LazyModule" | b"lazy_load"
            | b"load_module" | b"find_loader" | b"get_loader" => Self::Maybe,
            // `import_string`, `import_optional_dependency`, `importorskip`, `try_import`, ...
            _ if name.len() >= 6
                && name
                    .windows(6)
                    .any(|part| part.eq_ignore_ascii_case(b"import")) =>
            {
                Self::Maybe
            }
            _ => Self::Other,
        }
    }
}
