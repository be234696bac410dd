//! What a run of a module shows to the outside, in a form that can be compared.

use bimetal::{
    Config, Engine, Extern, Func, Instance, Module, Ref, Store, Strategy, Trap, Val, ValType,
};

use crate::generate::Random;

/// Everything observed, in order.
pub type Observation = Vec<String>;

/// Instantiates a module without imports on a tier, calls its exported functions
/// with arguments drawn from `seed`, and notes results, traps, globals and
/// memories after every call.
///
/// Ends early once the stack was exhausted: how deep that is may differ.
///
/// # Panics
/// If the engine refuses the module.
pub fn observe(wasm: &[u8], strategy: Strategy, seed: u64) -> Observation {
    let mut config = Config::new();
    config.strategy(strategy);
    let engine = Engine::new(&config).expect("an engine of this tier");
    let module = Module::from_binary(&engine, wasm).expect("a valid module");
    let mut store = Store::new(&engine, ());
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
    for name in &names {
        let Some(Extern::Func(func)) = instance.get_export(&mut store, name) else { continue };
        let outcome = call(&mut store, func, &mut random);
        notes.push(format!("{name}: {outcome}"));
        if outcome.contains("call stack exhausted") {
            return notes;
        }
        state(&mut store, instance, &names, &mut notes);
    }
    notes
}

fn call(store: &mut Store<()>, func: Func, random: &mut Random) -> String {
    let ty = func.ty(&*store);
    let args: Vec<Val> = ty.params().map(|ty| argument(&ty, random)).collect();
    let mut results = vec![Val::I32(0); ty.results().count()];
    match func.call(store, &args, &mut results) {
        Ok(()) => format!("{:?}", results.iter().map(text).collect::<Vec<_>>()),
        Err(error) => kind(&error),
    }
}

/// Small numbers, edges and random bits, about as often.
fn argument(ty: &ValType, random: &mut Random) -> Val {
    let bits = match random.below(4) {
        0 => random.next_u64(),
        1 => random.below(70_000) as u64,
        2 => 0u64.wrapping_sub(random.below(3) as u64),
        _ => 1 << random.below(64),
    };
    match ty {
        ValType::I32 => Val::I32(bits as i32),
        ValType::I64 => Val::I64(bits as i64),
        ValType::F32 => Val::F32(bits as u32),
        ValType::F64 => Val::F64(bits),
        ValType::Ref(ty) if ty.heap == bimetal::HeapType::Extern => Val::ExternRef(None),
        _ => Val::FuncRef(None),
    }
}

/// A value; NaNs are all the same, and references are null or not.
fn text(value: &Val) -> String {
    match value {
        Val::F32(bits) if f32::from_bits(*bits).is_nan() => "f32 nan".to_owned(),
        Val::F64(bits) if f64::from_bits(*bits).is_nan() => "f64 nan".to_owned(),
        Val::FuncRef(func) => format!("func {}", func.is_some()),
        Val::ExternRef(value) => format!("extern {}", value.is_some()),
        other => format!("{other:?}"),
    }
}

/// The trap, or the error's text where it is none.
fn kind(error: &bimetal::Error) -> String {
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
                let data = memory.data(&*store);
                notes.push(format!("  {name}: {} bytes, {:016x}", data.len(), hash(data)));
            }
            Some(Extern::Table(table)) => {
                let size = table.size(&*store);
                let set = (0..size)
                    .filter(|&i| table.get(&mut *store, i).is_some_and(|item| is_set(&item)))
                    .count();
                notes.push(format!("  {name}: {size} elements, {set} not null"));
            }
            _ => {}
        }
    }
}

fn is_set(item: &Ref) -> bool {
    !item.is_null()
}

/// FNV-1a over the words of a memory; float results stored as NaNs are compared
/// as they are: the tiers run the same hardware instructions.
fn hash(data: &[u8]) -> u64 {
    data.chunks(8).fold(0xcbf2_9ce4_8422_2325, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
