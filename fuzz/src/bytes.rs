//! Any bytes: loaded or refused, without a panic.

use bimetal::{Config, Engine, Linker, Module};

use crate::STRATEGIES;
use crate::binary::sections;

/// The id of the section that names a start function.
const START: u8 = 8;

/// Loads and instantiates `data` on every tier; nothing of it is run: a module with
/// a start function, which might not terminate, is only loaded and compiled.
///
/// # Panics
/// If the tiers disagree on whether the bytes are a module.
pub fn bytes(data: &[u8]) {
    let starts = sections(data).iter().any(|(id, _)| *id == START);
    let verdicts = STRATEGIES.map(|strategy| {
        let mut config = Config::new();
        config.strategy(strategy);
        let engine = Engine::new(&config).expect("an engine of this tier");
        let Ok(module) = Module::from_binary(&engine, data) else { return false };
        let mut store = crate::store(&engine);
        let mut linker = Linker::new(&engine);
        if linker.define_unknown_imports_as_traps(&module).is_ok() {
            // A failing instantiation is an answer like any other.
            if starts {
                let _outcome = linker.instantiate_pre(&module);
            } else {
                let _outcome = linker.instantiate(&mut store, &module);
            }
        }
        true
    });
    assert!(verdicts.iter().all(|&v| v == verdicts[0]), "verdicts differ: {verdicts:?}");
}
