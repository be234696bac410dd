//! How soon the first result of a small export of a large module is there.

use std::time::Duration;

use bimetal::Strategy;
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, FunctionSection, MemorySection, MemoryType,
    Module, TypeSection, ValType,
};

use crate::contest::Contestant;
use crate::guest::Error;
use crate::rounds::{median, ratios};

/// A module of about this many bytes: functions with loops, memory accesses, calls
/// and branches, and a small one that is exported as `run`.
pub fn large_module(bytes: usize) -> Vec<u8> {
    let (mut funcs, mut code) = (FunctionSection::new(), CodeSection::new());
    let mut size = 0;
    let mut count = 0;
    while size < bytes {
        let body = function(count);
        size += body.byte_len() + 2;
        funcs.function(0);
        code.function(&body);
        count += 1;
    }
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32, ValType::I64], [ValType::I32]);
    types.ty().function([ValType::I32], [ValType::I64]);
    let mut small = Function::new([]);
    small.instructions().local_get(0).i64_extend_i32_s().i64_const(3).i64_mul().end();
    funcs.function(1);
    code.function(&small);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 2,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export("run", ExportKind::Func, count);
    let mut module = Module::new();
    module.section(&types).section(&funcs).section(&memories).section(&exports).section(&code);
    module.finish()
}

/// One of many functions, different by its number.
fn function(number: u32) -> Function {
    let mut function = Function::new([(2, ValType::I32), (1, ValType::I64)]);
    let mut code = function.instructions();
    for part in 0..4 + number % 5 {
        let constant = (number * 31 + part * 7) as i32;
        code.block(wasm_encoder::BlockType::Empty);
        code.loop_(wasm_encoder::BlockType::Empty);
        code.local_get(0).i32_const(constant).i32_and().local_tee(2);
        code.i32_load(memarg(u64::from(part) * 8)).local_get(2).i32_add().local_set(3);
        code.local_get(1).local_get(3).i64_extend_i32_u().i64_xor().local_tee(4);
        code.i64_const(i64::from(constant) | 1).i64_mul().local_set(1);
        code.local_get(2).local_get(3).i32_store(memarg(u64::from(part) * 16));
        code.local_get(3).i32_const(17).i32_gt_u().br_if(1);
        code.local_get(0).i32_const(1).i32_sub().local_tee(0).br_if(0).end().end();
        if number > 0 {
            let callee = (number * 7 + part) % number;
            code.local_get(0).i32_const(63).i32_and().local_get(4).call(callee).local_set(0);
        }
    }
    code.local_get(0).end();
    function
}

fn memarg(offset: u64) -> wasm_encoder::MemArg {
    wasm_encoder::MemArg {
        offset,
        align: 2,
        target: wasm_encoder::MemArgTarget::Memory(0),
        ordering: None,
    }
}

/// Rounds of the table.
const ROUNDS: usize = 11;

/// The table as Markdown: the median time of each engine, and the ratio of ours to it.
/// Only engines whose name begins with `only` take part, besides ours.
///
/// # Errors
/// If an engine fails.
pub fn table(only: &str) -> Result<String, Error> {
    let wasm = large_module(4 << 20);
    let mut contestants = vec![
        ("tiered, lazy validation", Contestant::ours(Strategy::Tiered, true)?),
        ("tiered", Contestant::ours(Strategy::Tiered, false)?),
        ("wasmi, lazy validation", Contestant::wasmi(wasmi::CompilationMode::Lazy)),
        ("wasmi", Contestant::wasmi(wasmi::CompilationMode::LazyTranslation)),
        ("wasmtime", Contestant::wasmtime(&wasmtime::Config::new())?),
    ];
    contestants.retain(|(name, _)| name.starts_with("tiered, lazy") || name.starts_with(only));
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); contestants.len()];
    for round in 0..ROUNDS {
        for (index, (name, contestant)) in contestants.iter().enumerate() {
            // Compiling everything takes seconds: three rounds tell enough.
            if *name == "wasmtime" && round >= 3 {
                continue;
            }
            let (time, result) = contestant.total(&wasm, "run", 14)?;
            if result != 42 {
                return Err(format!("{name}: expected 42, got {result}").into());
            }
            times[index].push(time);
        }
    }
    let mut table = format!(
        "A module of {:.1} MB, from its bytes to the result of a small export:\n\n\
         | engine | time | ours, lazy / it |\n|---|---|---|\n",
        wasm.len() as f64 / 1e6
    );
    for ((name, _), own) in contestants.iter().zip(&times) {
        let [ratio, ..] = ratios(&times[0], own);
        let ms = median(own).as_secs_f64() * 1e3;
        table += &format!("| {name} | {ms:.2} ms | {ratio:.3} |\n");
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::large_module;

    #[test]
    fn the_large_module_is_valid_and_as_large_as_asked_for() {
        let wasm = large_module(100_000);
        assert!((100_000..110_000).contains(&wasm.len()), "{}", wasm.len());
        bimetal::Module::validate(&bimetal::Engine::default(), &wasm).unwrap();
    }
}
