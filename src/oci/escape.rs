//! Bytes of a name as text, reversibly.

/// `bytes` as text. Valid UTF-8 stays as it is; each byte that is not becomes
/// U+FFFD followed by its two hexadecimal digits in upper case. A U+FFFD that
/// the name itself holds is written the same way (`\u{FFFD}EF\u{FFFD}BF\u{FFFD}BD`),
/// so that no two names look alike and every name can be had back.
///
/// Control characters are left to the output format: JSON escapes them, and
/// the terminal tables do.
pub fn escape_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for (i, part) in chunk.valid().split('\u{FFFD}').enumerate() {
            if i > 0 {
                escape_into("\u{FFFD}".as_bytes(), &mut out);
            }
            out.push_str(part);
        }
        escape_into(chunk.invalid(), &mut out);
    }
    out
}

/// The bytes that [`escape_bytes`] made `text` of; `None` if it made nothing
/// like it.
pub fn unescape_bytes(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('\u{FFFD}');
    let mut out = parts.next()?.as_bytes().to_vec();
    for part in parts {
        out.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        out.extend_from_slice(part.get(2..)?.as_bytes());
    }
    Some(out)
}

fn escape_into(bytes: &[u8], out: &mut String) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    for byte in bytes {
        out.push('\u{FFFD}');
        out.push(HEX[usize::from(byte >> 4)]);
        out.push(HEX[usize::from(byte & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use super::{escape_bytes, unescape_bytes};

    #[test]
    fn ordinary_names_stay() {
        for name in [
            "system-systemd\\x2dcryptsetup.slice",
            "a%20b",
            "ü",
            "a\u{1b}b\n",
        ] {
            assert_eq!(escape_bytes(name.as_bytes()), name);
        }
    }

    proptest::proptest! {
        #[test]
        fn escaping_can_be_undone(bytes: Vec<u8>) {
            proptest::prop_assert_eq!(unescape_bytes(&escape_bytes(&bytes)), Some(bytes));
        }

        #[test]
        fn replacement_characters_are_escaped(text in "[a\u{FFFD}b]{0,8}") {
            proptest::prop_assert_eq!(unescape_bytes(&escape_bytes(text.as_bytes())), Some(text.into_bytes()));
        }
    }
}
