//! Search paths: their elements, and the placeholders in them.

/// The longest path that the kernel takes, in bytes.
pub(super) const MAX_PATH: usize = 4096;

/// `name` in `dir`; `dir` may end with a slash.
pub(super) fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(dir.len().saturating_add(name.len()).saturating_add(1));
    path.extend_from_slice(dir);
    if !path.ends_with(b"/") {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// The path as seen from `cwd`, an absolute directory.
pub(super) fn absolute(path: &[u8], cwd: &[u8]) -> Vec<u8> {
    if path.starts_with(b"/") {
        path.to_vec()
    } else {
        join(cwd, path)
    }
}

/// The directory of an absolute path, as a string: nothing is followed or shortened.
pub(super) fn parent(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        None | Some(0) => b"/",
        Some(slash) => path.get(..slash).unwrap_or_default(),
    }
}

/// The last component of a path.
pub(super) fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// What placeholders stand for.
pub(super) struct Places<'a> {
    /// `$ORIGIN`: the directory of the object whose string it is.
    pub origin: &'a [u8],
    /// `$LIB`: `lib64`, or `lib/x86_64-linux-gnu`.
    pub lib: &'a [u8],
    /// `$PLATFORM`: the processor's name.
    pub platform: &'a [u8],
}

/// Replaces `$ORIGIN`, `${ORIGIN}` and so on; anything else after a `$` stays as it is.
pub(super) fn expand(text: &[u8], places: &Places<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        if *byte == b'$'
            && let Some((value, after)) = placeholder(after, places)
        {
            out.extend_from_slice(value);
            rest = after;
        } else {
            out.push(*byte);
            rest = after;
        }
        // A long string of placeholders must not become a huge one; no such path exists.
        if out.len() > 2 * MAX_PATH {
            break;
        }
    }
    out
}

fn placeholder<'t, 'p>(text: &'t [u8], places: &Places<'p>) -> Option<(&'p [u8], &'t [u8])> {
    let names: [(&[u8], &'p [u8]); 3] = [
        (b"ORIGIN", places.origin),
        (b"PLATFORM", places.platform),
        (b"LIB", places.lib),
    ];
    names.into_iter().find_map(|(name, value)| {
        let rest = match text.strip_prefix(b"{") {
            Some(braced) => braced.strip_prefix(name)?.strip_prefix(b"}")?,
            // Without braces the name goes on as far as an identifier does.
            None => text
                .strip_prefix(name)
                .filter(|rest| !starts_with_word(rest))?,
        };
        Some((value, rest))
    })
}

fn starts_with_word(text: &[u8]) -> bool {
    text.first()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Whether a placeholder `name` occurs.
pub(super) fn has(text: &[u8], name: &[u8]) -> bool {
    text.windows(name.len().max(1)).any(|window| window == name)
}

/// Whether `name` fits a shell pattern of `*`, `?` and `[abc]`, neither having slashes.
pub(super) fn glob(pattern: &[u8], name: &[u8]) -> bool {
    // Going back to the last star only is enough, and keeps the work to the product of both.
    let (mut p, mut n) = (0_usize, 0_usize);
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match (pattern.get(p), name.get(n)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                star = Some((p.saturating_add(1), n));
                Some((p.saturating_add(1), n))
            }
            (Some(b'?'), Some(_)) => Some((p.saturating_add(1), n.saturating_add(1))),
            (Some(b'['), Some(byte)) => set(pattern.get(p..).unwrap_or_default(), *byte)
                .map(|len| (p.saturating_add(len), n.saturating_add(1))),
            (Some(want), Some(byte)) if want == byte => {
                Some((p.saturating_add(1), n.saturating_add(1)))
            }
            _ => None,
        };
        (p, n) = match (step, star) {
            (Some(next), _) => next,
            (None, Some((after, from))) if from < name.len() => {
                let from = from.saturating_add(1);
                star = Some((after, from));
                (after, from)
            }
            _ => return false,
        };
    }
}

/// The length of the `[...]` at the start of `pattern` if `byte` is in it.
fn set(pattern: &[u8], byte: u8) -> Option<usize> {
    let inner = pattern.strip_prefix(b"[")?;
    let close = inner
        .iter()
        .skip(1)
        .position(|byte| *byte == b']')?
        .checked_add(1)?;
    let (members, inverse) = match inner.get(..close)? {
        [b'!' | b'^', rest @ ..] => (rest, true),
        all => (all, false),
    };
    let range = members
        .windows(3)
        .any(|w| matches!(w, [a, b'-', z] if (a..=z).contains(&&byte)));
    let inside = range || members.contains(&byte);
    (inside != inverse).then(|| close.saturating_add(2))
}
