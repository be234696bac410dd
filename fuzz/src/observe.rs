//! What a run of a module shows to the outside, in a form that can be compared.

use bimetal::{
    Config, Engine, Error, Extern, Func, Instance, Module, Ref, Store, ThrownException, Trap, V128,
    Val, ValType,
};

use crate::generate::{FUEL, FUEL_NAME, Random};

/// Everything observed, in order.
pub type Observation = Vec<String>;

/// How often each function is called.
pub(crate) const CALLS: usize = 2;

/// Instantiates a module without imports, calls its exported functions with
/// arguments drawn from `seed`, and notes results, traps, globals, tables and
/// memories after every call.
///
/// Ends early once a resource was exhausted: when that is may differ.
///
/// # Panics
/// If the engine refuses the module.
pub fn observe(wasm: &[u8], config: &Config, seed: u64) -> Observation {
    let engine = Engine::new(config).expect("an engine of this tier");
    let module = Module::from_binary(&engine, wasm).expect("a valid module");
    let mut store = crate::store(&engine);
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
    for name in names.iter().flat_map(|name| [name; CALLS]) {
        let Some(Extern::Func(func)) = instance.get_export(&mut store, name) else { continue };
        if let Some(fuel) = instance.get_global(&mut store, FUEL_NAME) {
            fuel.set(&mut store, Val::I32(FUEL)).expect("a mutable i32");
        }
        let outcome = call(&mut store, func, &mut random);
        notes.push(format!("{name}: {outcome}"));
        if is_exhaustion(&outcome) {
            return notes;
        }
        state(&mut store, instance, &names, &mut notes);
    }
    notes
}

/// Whether a note says that the stack or the heap was full, which depends on who
/// runs the guest.
pub(crate) fn is_exhaustion(note: &str) -> bool {
    note.contains("call stack exhausted") || note.contains("heap exhausted")
}

fn call(store: &mut Store<()>, func: Func, random: &mut Random) -> String {
    let ty = func.ty(&*store);
    let args: Option<Vec<Val>> = ty.params().map(|ty| argument(&ty, random)).collect();
    let Some(args) = args else { return "not called".to_owned() };
    let mut results = vec![Val::I32(0); ty.results().count()];
    match func.call(store, &args, &mut results) {
        Ok(()) => format!("{:?}", results.iter().map(text).collect::<Vec<_>>()),
        Err(error) => kind(&error),
    }
}

/// An argument of this type: drawn bits or null; `None` if it must not be null.
fn argument(ty: &ValType, random: &mut Random) -> Option<Val> {
    let bits = draw(random);
    Some(match ty {
        ValType::I32 => Val::I32(bits as i32),
        ValType::I64 => Val::I64(bits as i64),
        ValType::F32 => Val::F32(bits as u32),
        ValType::F64 => Val::F64(bits as u64),
        ValType::V128 => Val::V128(V128::from_u128(bits)),
        other => Val::default_for_ty(other)?,
    })
}

/// Bits for an argument: small numbers, edges and random bits, about as often.
pub(crate) fn draw(random: &mut Random) -> u128 {
    let low = match random.below(4) {
        0 => random.next_u64(),
        1 => random.below(70_000) as u64,
        2 => 0u64.wrapping_sub(random.below(3) as u64),
        _ => 1 << random.below(64),
    };
    u128::from(low) | u128::from(random.next_u64()) << 64
}

/// A value; references are null or not.
fn text(value: &Val) -> String {
    match value {
        Val::I32(value) => number("i32", u128::from(*value as u32)),
        Val::I64(value) => number("i64", u128::from(*value as u64)),
        Val::F32(bits) => number("f32", u128::from(*bits)),
        Val::F64(bits) => number("f64", u128::from(*bits)),
        Val::V128(value) => number("v128", value.to_u128()),
        other => reference(other.ref_().is_none_or(|value| value.is_null())),
    }
}

/// A number by its bits.
pub(crate) fn number(ty: &str, bits: u128) -> String {
    format!("{ty} {bits:#x}")
}

/// A reference, which is null or not.
pub(crate) fn reference(null: bool) -> String {
    if null { "null" } else { "ref" }.to_owned()
}

/// The trap, or the error's text where it is none.
fn kind(error: &Error) -> String {
    if error.is::<ThrownException>() {
        return "wasm trap: unhandled exception".to_owned();
    }
    match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        None => error.to_string(),
    }
}

fn state(store: &mut Store<()>, instance: Instance, names: &[String], notes: &mut Observation) {
    for name in names {
        match instance.get_export(&mut *store, name) {
            Some(Extern::Global(global)) => {
                let value = text(&global.get(&mut *store));
                notes.push(format!("  {name} = {value}"));
            }
            Some(Extern::Memory(memory)) => {
                notes.push(format!("  {name}: {}", bytes(memory.data(&*store))));
            }
            Some(Extern::SharedMemory(memory)) => {
                let mut data = vec![0; memory.data_size()];
                memory.read(0, &mut data).expect("a memory never shrinks");
                notes.push(format!("  {name}: {}", bytes(&data)));
            }
            Some(Extern::Table(table)) => {
                let size = table.size(&*store);
                let mut item =
                    |i| table.get(&mut *store, i).is_some_and(|item: Ref| !item.is_null());
                let set = (0..size).filter(|&i| item(i)).count();
                notes.push(elements(name, size, set));
            }
            _ => {}
        }
    }
}

/// The contents of a table.
pub(crate) fn elements(name: &str, size: u64, set: usize) -> String {
    format!("  {name}: {size} elements, {set} not null")
}

/// The contents of a memory: its length, and FNV-1a over its words.
pub(crate) fn bytes(data: &[u8]) -> String {
    let hash = data.chunks(8).fold(0xcbf2_9ce4_8422_2325, |hash: u64, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{} bytes, {hash:016x}", data.len())
}
