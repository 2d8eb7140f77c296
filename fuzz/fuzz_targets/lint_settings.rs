//! Settings files of both kinds, and a rule file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::lint::config;
use rslim::ruleset::LintRule;

fuzz_target!(|data: &str| {
    let _ = config::hadolint_yaml("x", data);
    let _ = config::rslim_toml(std::path::Path::new("x"), data);
    let _ = LintRule::parse("x", data);
});
