//! Made-up images of the examples in rule files.

use super::{BaseState, BuiltImage, BuiltLayer};
use crate::analyze::{CacheFinding, Package, Waste, WasteKind};
use crate::dockerfile;
use crate::inspect::{
    AccountFault, Credential, FaultKind, PrivilegedFile, SecretInValue, ValuePlace,
};
use crate::lint::input::Knowledge;
use crate::ruleset::Example;

/// The image of an example: layer N was made by line N + 1, layer 0 is the base.
pub fn made_up(knowledge: &Knowledge, example: &Example) -> Option<BuiltImage> {
    let said = example.image.as_ref()?;
    let file = dockerfile::parse(example.text.clone());
    let mut image = BuiltImage::default();
    for line in 1..=example.text.lines().count() as u32 {
        let at = |i: &dockerfile::Instruction| file.line(i.span.start) == line;
        let index = file.instructions.iter().position(at);
        image.layers.push(BuiltLayer {
            made_by: index.filter(|_| line > 1).map(|index| (index, index)),
            base: line == 1,
            stored_bytes: 0,
        });
    }
    let layer = |line: u32| line - 1;
    for waste in &said.waste {
        let kind = WasteKind::ALL
            .into_iter()
            .find(|kind| kind.name() == waste.kind);
        image.waste.push(Waste {
            kind: kind.unwrap(),
            path: waste.path.clone().into_bytes(),
            bytes: waste.bytes,
            stored_in: layer(waste.stored),
            wasted_by: layer(waste.wasted),
            cache: waste.cache.clone(),
        });
    }
    for found in &said.leftovers {
        let mut rules = knowledge.caches.rules().iter();
        let rule = rules.find(|rule| rule.id == found.cache).unwrap();
        image.caches.push(CacheFinding {
            rule: rule.id.clone(),
            tool: rule.tool.clone(),
            name: rule.name.clone(),
            class: rule.class,
            path: found.path.clone().into_bytes(),
            bytes: found.bytes,
            files: 1,
            layer: layer(found.stored),
            advice: rule.advice.clone(),
            mount: rule.mount.clone(),
            entries: Vec::new(),
        });
    }
    for package in &said.packages {
        let words: Vec<&str> = package.split(' ').collect();
        let [manager, name, version] = words[..] else {
            panic!("{package}")
        };
        let managers = ["dpkg", "apk", "rpm", "pip", "npm"];
        image.packages.push(Package {
            manager: managers
                .into_iter()
                .find(|known| *known == manager)
                .unwrap(),
            name: name.to_owned(),
            version: version.to_owned(),
            bytes: 1_000_000,
            files: 1,
        });
    }
    let found = &mut image.inspection;
    for (rule, path, line) in &said.credentials {
        let kind = knowledge.secrets.file(path.as_bytes()).unwrap();
        assert_eq!(kind.id, *rule);
        found.credentials.push(Credential {
            rule: rule.clone(),
            name: kind.name.clone(),
            path: path.clone().into_bytes(),
            layer: layer(*line),
            shown: true,
        });
    }
    for (what, line) in &said.secrets {
        found.values.push(SecretInValue {
            what: what.clone(),
            place: ValuePlace::History(layer(*line) as usize),
            length: 10,
        });
    }
    image.entries = image
        .layers
        .iter()
        .map(|layer| layer.made_by.map(|(i, _)| i))
        .collect();
    for (path, line) in &said.setuid {
        found.privileged.push(PrivilegedFile {
            path: path.clone().into_bytes(),
            mode: 0o4755,
            uid: 0,
            layer: layer(*line),
        });
    }
    let mut fault = |kind, names: &[String], shared: &str| {
        found.accounts.push(AccountFault {
            kind,
            names: names.to_vec(),
            shared: shared.to_owned(),
            file: "etc/shadow",
            layer: 0,
        });
    };
    for user in &said.open_users {
        fault(FaultKind::EmptyPassword, std::slice::from_ref(user), "");
    }
    if !said.shared_uid.is_empty() {
        fault(FaultKind::SharedUid, &said.shared_uid, "0");
    }
    image.config.user = said.user.clone();
    image.config.volumes = said
        .volumes
        .iter()
        .map(|volume| (volume.clone(), serde::de::IgnoredAny))
        .collect();
    image.base = base(&said.base);
    image.base_digest = said.base_digest.clone();
    Some(image)
}

fn base(said: &[String]) -> BaseState {
    let mut base = BaseState::default();
    for line in said {
        let (word, rest) = line.split_once(' ').unwrap();
        match word {
            "USER" => base.user = Some(rest.to_owned()),
            "WORKDIR" => base.workdir = Some(rest.to_owned()),
            "SHELL" => base.shell = Some(rest.split(' ').map(str::to_owned).collect()),
            "HEALTHCHECK" => base.healthcheck = true,
            "ENV" => {
                base.variables.insert(rest.to_owned());
            }
            _ => panic!("{line}"),
        }
    }
    base
}
