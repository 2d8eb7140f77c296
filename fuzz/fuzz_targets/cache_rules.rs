//! A file of cache rules, and the matching of paths against it: the first
//! line is a path, the rest the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::ruleset::CacheRules;

fuzz_target!(|text: &str| {
    let (path, file) = text.split_once('\n').unwrap_or(("", text));
    if let Ok(rules) = CacheRules::parse("fuzz.toml", file) {
        let _ = rules.rule_of(path.as_bytes());
        for rule in rules.rules() {
            for path in rule.matches.iter().chain(&rule.spares) {
                let _ = rules.rule_of(path.as_bytes());
            }
        }
    }
});
