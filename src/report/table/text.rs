//! Text from images, made fit for a terminal.

/// `text` with control characters and invisible direction marks written out:
/// a file name must not move the cursor or turn the line around.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let invisible = matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
        if c.is_control() || invisible {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// A history entry as the instruction that somebody wrote: builders wrap it in
/// a shell command, in a marker or in build arguments.
pub fn instruction(created_by: &str) -> String {
    let text = created_by.trim();
    let text = text.strip_suffix("# buildkit").unwrap_or(text).trim();
    // `|2 A=1 B=2 /bin/sh -c …`: arguments of the classic builder.
    let text = match text.strip_prefix('|') {
        Some(rest) => rest.find("/bin/sh -c").map_or(rest, |at| &rest[at..]),
        None => text,
    };
    let text = match text.strip_prefix("/bin/sh -c #(nop)") {
        Some(rest) => rest.trim().to_owned(),
        None => match text.strip_prefix("/bin/sh -c ") {
            Some(command) => format!("RUN {command}"),
            None => text.replacen("RUN /bin/sh -c ", "RUN ", 1),
        },
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    printable(&words.join(" "))
}

/// At most `width` columns of `text`, cut in the middle for paths.
pub fn shorten_path(text: &str, width: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= width {
        return text.to_owned();
    }
    let keep = width.saturating_sub(1);
    let front = keep / 3;
    let back = keep - front;
    chars[..front]
        .iter()
        .chain(std::iter::once(&'…'))
        .chain(&chars[chars.len() - back..])
        .collect()
}

/// At most `width` columns of `text`, cut at the end.
pub fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(width.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// `text` in lines of at most `width` columns, broken at spaces where there are any.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let pieces = text.split_whitespace().flat_map(|word| {
        let chars: Vec<char> = word.chars().collect();
        let pieces = chars
            .chunks(width.max(1))
            .map(|piece| piece.iter().collect());
        pieces.collect::<Vec<String>>()
    });
    for word in pieces {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(&word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_as_written() {
        #[track_caller]
        fn check(created_by: &str, want: &str) {
            assert_eq!(instruction(created_by), want);
        }
        check(
            "/bin/sh -c #(nop) ADD file:1234 in / ",
            "ADD file:1234 in /",
        );
        check("/bin/sh -c apt-get  update", "RUN apt-get update");
        check(
            "RUN /bin/sh -c apt-get update # buildkit",
            "RUN apt-get update",
        );
        check("|1 V=1 /bin/sh -c echo $V", "RUN echo $V");
        check("COPY . . # buildkit", "COPY . .");
        check("RUN /bin/bash -c true", "RUN /bin/bash -c true");
    }

    #[test]
    fn names_cannot_move_the_cursor() {
        assert_eq!(
            printable("a\u{1b}[2Jb\nc\u{202e}d"),
            "a\\u{1b}[2Jb\\nc\\u{202e}d"
        );
    }

    #[test]
    fn long_paths_keep_their_ends() {
        assert_eq!(
            shorten_path("usr/lib/python3/dist-packages/x.py", 16),
            "usr/l…kages/x.py"
        );
    }
}
