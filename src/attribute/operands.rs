//! Paths and ports as builders write them.

use super::pattern::Pattern;

/// Ports that a range may have; Docker has no more.
const PORT_LIMIT: u32 = 1 << 16;

/// The path from the root, cleaned as builders do.
pub fn resolve(workdir: &Pattern, path: &Pattern) -> Pattern {
    let mut parts: Vec<Pattern> = Vec::new();
    let from_root = match path.is_absolute() {
        Some(true) => true,
        Some(false) => workdir.is_absolute() == Some(true),
        None => false,
    };
    let mut push = |part: Pattern| match part.known() {
        Some("" | ".") => {}
        Some("..") if parts.last().is_some_and(Pattern::is_known) => {
            parts.pop();
        }
        Some("..") if parts.is_empty() && from_root => {}
        // The parent of an unknown directory is unknown too.
        Some("..") => parts.push(Pattern::unknown("")),
        _ => parts.push(part),
    };
    if path.is_absolute() != Some(true) {
        workdir.components().for_each(&mut push);
    }
    path.components().for_each(&mut push);
    let whole = Pattern::join(&parts, "/");
    match from_root {
        true => Pattern::join([&Pattern::literal(""), &whole], "/"),
        false => whole,
    }
}

/// `80-82/udp` as `80/udp`, `81/udp` and `82/udp`.
pub fn ports_of(word: &Pattern) -> Vec<Pattern> {
    let Some(text) = word.known() else {
        return vec![word.clone()];
    };
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    // `8080:80` publishes the second.
    let ports = ports.rsplit(':').next().unwrap_or("");
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    match (first.parse::<u32>(), last.parse::<u32>()) {
        (Ok(first), Ok(last)) if first <= last && last < PORT_LIMIT => (first..=last)
            .map(|port| Pattern::literal(&format!("{port}/{protocol}")))
            .collect(),
        _ => vec![Pattern::literal(text)],
    }
}

/// The ports that history names, in whichever form.
pub fn ports_in(text: &str) -> Vec<String> {
    let inner = text.trim_start_matches("map").replace(['[', ']'], " ");
    let inner = inner.replace(":{}", " ");
    let ports = inner.split_whitespace();
    let ports = ports.flat_map(|port| ports_of(&Pattern::literal(port)));
    ports
        .filter_map(|port| port.known().map(str::to_owned))
        .collect()
}
