//! What a stanza says that its package needs and provides.

use super::super::finder::Draft;
use super::super::package::DependencyKind;
use super::super::relations::{Alternative, Architecture, Wish};
use super::super::text::one_line;
use super::stanza::{Field, Stanza};

pub(super) fn relations(stanza: &Stanza<'_>, draft: &mut Draft) {
    for (field, kind) in [
        (Field::PreDepends, DependencyKind::Unpacks),
        (Field::Depends, DependencyKind::Runs),
    ] {
        draft.needs.extend(wishes(stanza.field(field), kind));
    }
    let recommends = wishes(stanza.field(Field::Recommends), DependencyKind::Runs);
    draft.recommends.extend(recommends);
    let provides = stanza.field(Field::Provides).split(|b| *b == b',');
    let provides = provides.filter_map(alternative).map(|one| one.name);
    draft.offer.provides = provides.collect();
    // Packages for all architectures serve all; others do if they say so.
    let multi_arch = stanza.field(Field::MultiArch);
    draft.offer.serves_all =
        stanza.field(Field::Architecture) == b"all" || multi_arch == b"foreign";
}

fn wishes(text: &[u8], kind: DependencyKind) -> impl Iterator<Item = Wish> {
    text.split(|b| *b == b',').filter_map(move |group| {
        let alternatives: Vec<Alternative> = group
            .split(|b| *b == b'|')
            .filter_map(alternative)
            .collect();
        let name = one_line(group);
        (!alternatives.is_empty()).then_some(Wish {
            name,
            kind,
            alternatives,
        })
    })
}

/// `name:arch (>= version) [architectures]`; only the name and `:any` count.
fn alternative(text: &[u8]) -> Option<Alternative> {
    let text = text.trim_ascii();
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'(' | b'[' | b'<');
    let end = text.iter().position(ends).unwrap_or(text.len());
    let mut parts = text.get(..end)?.splitn(2, |b| *b == b':');
    let name = parts.next().filter(|name| !name.is_empty())?;
    Some(Alternative {
        name: String::from_utf8_lossy(name).into_owned(),
        architecture: match parts.next() {
            Some(_) => Architecture::Any,
            None => Architecture::Same,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_told_apart_from_needs() {
        let found: Vec<Wish> = wishes(
            b"libc6 (>= 2.36),\n default-mta | mail-transport-agent, python3:any,,",
            DependencyKind::Runs,
        )
        .collect();
        let names: Vec<&str> = found.iter().map(|w| w.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "libc6 (>= 2.36)",
                "default-mta | mail-transport-agent",
                "python3:any"
            ]
        );
        let alternatives = |at: usize| -> Vec<&str> {
            let all = found[at].alternatives.iter();
            all.map(|a| a.name.as_str()).collect()
        };
        assert_eq!(alternatives(0), ["libc6"]);
        assert_eq!(alternatives(1), ["default-mta", "mail-transport-agent"]);
        assert_eq!(alternatives(2), ["python3"]);
        assert_eq!(found[0].alternatives[0].architecture, Architecture::Same);
        assert_eq!(found[2].alternatives[0].architecture, Architecture::Any);
    }
}
