//! Any bytes: loaded or refused, without a panic.

use bimetal::{Config, Engine, Linker, Module, Store};

use crate::STRATEGIES;

/// Loads and instantiates `data` on every tier; nothing of it is run but a start
/// function that every tier refuses the same way.
///
/// # Panics
/// If the tiers disagree on whether the bytes are a module.
pub fn bytes(data: &[u8]) {
    let verdicts = STRATEGIES.map(|strategy| {
        let mut config = Config::new();
        config.strategy(strategy);
        let engine = Engine::new(&config).expect("an engine of this tier");
        let Ok(module) = Module::from_binary(&engine, data) else { return false };
        if !starts(data) {
            let mut store = Store::new(&engine, ());
            let mut linker = Linker::new(&engine);
            if linker.define_unknown_imports_as_traps(&module).is_ok() {
                // A failing instantiation is an answer like any other.
                let _outcome = linker.instantiate(&mut store, &module);
            }
        }
        true
    });
    assert!(verdicts.iter().all(|&v| v == verdicts[0]), "verdicts differ: {verdicts:?}");
}

/// Whether the module may have a start function, which might not terminate: the
/// section's id stands somewhere in the bytes in a place where it can be one.
fn starts(data: &[u8]) -> bool {
    let mut rest = data.get(8..).unwrap_or_default();
    while let [id, tail @ ..] = rest {
        if *id == 8 {
            return true;
        }
        let Some((len, tail)) = leb(tail) else { return true };
        let Some(next) = tail.get(len..) else { return true };
        rest = next;
    }
    false
}

/// An unsigned LEB128 number and what follows it.
fn leb(data: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0usize;
    for (i, byte) in data.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, &data[i + 1..]));
        }
    }
    None
}
