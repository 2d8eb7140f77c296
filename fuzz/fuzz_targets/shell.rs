//! A script through the shell parser: every command is inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::dockerfile::shell;

fuzz_target!(|data: &str| {
    for dialect in [shell::Dialect::Posix, shell::Dialect::Bash] {
        let script = shell::parse(data, dialect);
        for visited in shell::commands(&script) {
            assert!(data.get(visited.command.span.range()).is_some());
        }
    }
});
