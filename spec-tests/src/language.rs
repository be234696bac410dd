//! Which version of the language a script is written for.

use bimetal::Config;

/// Parts of script names, and what the version of the language lacks that these
/// scripts were written for: they assert that it is refused.
const OLDER: &[(&str, &[Feature])] = &[
    ("crate:wasm-v2/", &[Config::wasm_multi_memory, Config::wasm_memory64]),
    ("proposals/memory64/", &[Config::wasm_multi_memory]),
    ("proposals/threads/", &[Config::wasm_multi_memory, Config::wasm_reference_types]),
];

/// The setting that turns a part of the language on or off.
type Feature = fn(&mut Config, bool) -> &mut Config;

/// The same settings, for the language that the script with this name is written in.
pub(crate) fn config(script: &str, config: &Config) -> Config {
    let mut config = config.clone();
    let older = OLDER.iter().filter(|(part, _)| script.contains(part));
    for feature in older.flat_map(|(_, lacks)| *lacks) {
        feature(&mut config, false);
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_scripts_are_written_for_an_older_language() {
        let current = Config::new();
        for name in ["crate:wasm-latest/binary.wast", "a/core/binary.wast", "own.wast"] {
            assert_eq!(config(name, &current), current, "{name}");
        }
        for name in ["crate:wasm-v2/binary.wast", "a/proposals/threads/imports.wast"] {
            let older = config(name, &current);
            assert_ne!(older, current, "{name}");
            assert_ne!(older, config("crate:proposals/memory64/binary.wast", &current));
        }
    }
}
