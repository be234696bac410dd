//! An outside opinion: what wasmtime shows of the same module.

use wasmtime::{
    AsContextMut, Config, Engine, Error, Extern, Func, Instance, Module, Ref, Store, StoreLimits,
    StoreLimitsBuilder, ThrownException, Trap, Val, ValType,
};

use crate::generate::{FUEL, FUEL_NAME, Random};
use crate::observe::{self, Observation, number, reference};
use crate::tiers;

/// Compares what wasmtime shows with what the reference interpreter shows.
///
/// # Panics
/// If they differ.
pub(crate) fn compare(wasm: &[u8], expected: &Observation, deterministic: bool, seed: u64) {
    // Wasmtime rounds a relaxed multiply-add once wherever the processor can.
    if deterministic && wasmprinter::print_bytes(wasm).is_ok_and(|text| text.contains("madd")) {
        return;
    }
    let found = observe(wasm, seed).iter().map(|note| class(note)).collect();
    let expected = expected.iter().map(|note| class(note)).collect();
    tiers::compare("wasmtime", &expected, &found);
}

/// A note with the names of traps as both engines would have them.
fn class(note: &str) -> String {
    let same = [
        ("null function reference", "null reference"),
        ("null structure reference", "null reference"),
        ("null array reference", "null reference"),
        ("null i31 reference", "null reference"),
        ("null exception reference", "null reference"),
        ("undefined element: out of bounds table access", "table access"),
        ("out of bounds table access", "table access"),
        ("undefined element", "table access"),
        ("wasm `unreachable` instruction executed", "unreachable"),
    ];
    match same.iter().find(|(name, _)| note.ends_with(name)) {
        Some((name, class)) => note.replace(name, class),
        None => note.to_owned(),
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .wasm_tail_call(true)
        .wasm_custom_page_sizes(true)
        .wasm_function_references(true)
        .wasm_wide_arithmetic(true)
        .wasm_gc(true)
        .wasm_relaxed_simd(true)
        .wasm_multi_memory(true)
        .wasm_memory64(true)
        .wasm_extended_const(true)
        .wasm_exceptions(true);
    config
}

/// As [`observe::observe`].
fn observe(wasm: &[u8], seed: u64) -> Observation {
    let engine = Engine::new(&config()).expect("an engine");
    let module = Module::from_binary(&engine, wasm).expect("a valid module");
    let limits = StoreLimitsBuilder::new()
        .memory_size(crate::MEMORY_BYTES)
        .table_elements(crate::TABLE_ELEMENTS)
        .build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    let mut notes = Observation::new();
    let instance = match Instance::new(&mut store, &module, &[]) {
        Ok(instance) => instance,
        Err(error) => {
            notes.push(format!("instantiate: {}", kind(&error)));
            return notes;
        }
    };
    let mut random = Random::new(seed);
    let names: Vec<String> = module.exports().map(|export| export.name().to_owned()).collect();
    for name in names.iter().flat_map(|name| [name; observe::CALLS]) {
        let Some(Extern::Func(func)) = instance.get_export(&mut store, name) else { continue };
        if let Some(fuel) = instance.get_global(&mut store, FUEL_NAME) {
            fuel.set(&mut store, Val::I32(FUEL)).expect("a mutable i32");
        }
        let outcome = call(&mut store, func, &mut random);
        notes.push(format!("{name}: {outcome}"));
        if observe::is_exhaustion(&outcome) {
            return notes;
        }
        state(&mut store, instance, &names, &mut notes);
    }
    notes
}

fn call(store: &mut Store<StoreLimits>, func: Func, random: &mut Random) -> String {
    let ty = func.ty(&*store);
    let args: Option<Vec<Val>> = ty.params().map(|ty| argument(&ty, random)).collect();
    let Some(args) = args else { return "not called".to_owned() };
    let mut results = vec![Val::I32(0); ty.results().count()];
    match func.call(&mut *store, &args, &mut results) {
        Ok(()) => format!("{:?}", results.iter().map(text).collect::<Vec<_>>()),
        Err(error) => {
            // The exception stays pending in the store until somebody takes it.
            let _exception = store.as_context_mut().take_pending_exception();
            kind(&error)
        }
    }
}

fn argument(ty: &ValType, random: &mut Random) -> Option<Val> {
    let bits = observe::draw(random);
    Some(match ty {
        ValType::I32 => Val::I32(bits as i32),
        ValType::I64 => Val::I64(bits as i64),
        ValType::F32 => Val::F32(bits as u32),
        ValType::F64 => Val::F64(bits as u64),
        ValType::V128 => Val::V128(bits.into()),
        ValType::Ref(ty) if ty.is_nullable() => Val::null_ref(ty.heap_type()),
        ValType::Ref(_) => return None,
    })
}

fn text(value: &Val) -> String {
    match value {
        Val::I32(value) => number("i32", u128::from(*value as u32)),
        Val::I64(value) => number("i64", u128::from(*value as u64)),
        Val::F32(bits) => number("f32", u128::from(*bits)),
        Val::F64(bits) => number("f64", u128::from(*bits)),
        Val::V128(value) => number("v128", value.as_u128()),
        other => reference(other.ref_().is_none_or(|value| value.is_null())),
    }
}

/// The trap in our words, or the error's text where it is none.
fn kind(error: &Error) -> String {
    if error.is::<ThrownException>() {
        return "wasm trap: unhandled exception".to_owned();
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::AllocationTooLarge) => "wasm trap: heap exhausted".to_owned(),
        Some(trap) => trap.to_string(),
        None if error.to_string().contains("GC heap out of memory") => "heap exhausted".to_owned(),
        None => error.to_string(),
    }
}

fn state(
    store: &mut Store<StoreLimits>,
    instance: Instance,
    names: &[String],
    notes: &mut Observation,
) {
    for name in names {
        match instance.get_export(&mut *store, name) {
            Some(Extern::Global(global)) => {
                let value = text(&global.get(&mut *store));
                notes.push(format!("  {name} = {value}"));
            }
            Some(Extern::Memory(memory)) => {
                notes.push(format!("  {name}: {}", observe::bytes(memory.data(&*store))));
            }
            Some(Extern::Table(table)) => {
                let size = table.size(&*store);
                let mut item =
                    |i| table.get(&mut *store, i).is_some_and(|item: Ref| !item.is_null());
                let set = (0..size).filter(|&i| item(i)).count();
                notes.push(observe::elements(name, size, set));
            }
            _ => {}
        }
    }
}
