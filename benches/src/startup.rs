//! How soon the first result of a small export of a large module is there.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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

/// How long a process repeats what it measures after the first time.
const AGAIN: Duration = Duration::from_millis(50);

/// The engines of the table: ours, to which the others are compared, first.
const ENGINES: [&str; 5] =
    ["tiered, lazy validation", "tiered", "wasmi, lazy validation", "wasmi", "wasmtime"];

/// An engine of the table.
fn contestant(name: &str) -> Result<Contestant, Error> {
    Ok(match name {
        "tiered, lazy validation" => Contestant::ours(Strategy::Tiered, true)?,
        "tiered" => Contestant::ours(Strategy::Tiered, false)?,
        "wasmi, lazy validation" => Contestant::wasmi(wasmi::CompilationMode::Lazy),
        "wasmi" => Contestant::wasmi(wasmi::CompilationMode::LazyTranslation),
        _ => Contestant::peer(name)?,
    })
}

/// What a process of the table measures of one engine, with the module on its standard
/// input: the first time in it and the median of those that follow, in nanoseconds.
///
/// # Errors
/// If the engine is not known or fails.
pub fn once(name: &str) -> Result<String, Error> {
    let mut wasm = Vec::new();
    std::io::stdin().read_to_end(&mut wasm)?;
    let contestant = contestant(name)?;
    let measure = || match contestant.total(&wasm, "run", 14)? {
        (time, 42) => Ok::<_, Error>(time),
        (_, other) => Err(format!("{name}: expected 42, got {other}").into()),
    };
    let first = measure()?;
    let (start, mut again) = (Instant::now(), Vec::new());
    while again.is_empty() || start.elapsed() < AGAIN {
        again.push(measure()?);
    }
    Ok(format!("{} {}", first.as_nanos(), median(&again).as_nanos()))
}

/// Runs [`once`] in a process of its own.
fn spawn(name: &str, wasm: &[u8]) -> Result<[Duration; 2], Error> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["startup-of", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(wasm)?;
    }
    let output = String::from_utf8(child.wait_with_output()?.stdout)?;
    let (first, again) = output.trim().split_once(' ').ok_or(format!("{name} failed"))?;
    Ok([Duration::from_nanos(first.parse()?), Duration::from_nanos(again.parse()?)])
}

/// The table as Markdown: the median time of each engine, and the ratio of ours to it,
/// for the first load of a process and for later ones. Only engines whose name begins
/// with `only` take part, besides ours.
///
/// # Errors
/// If an engine fails.
pub fn table(only: &str) -> Result<String, Error> {
    let wasm = large_module(4 << 20);
    let mut names = ENGINES.to_vec();
    names.retain(|&name| name == ENGINES[0] || name.starts_with(only));
    let mut times: Vec<[Vec<Duration>; 2]> = vec![Default::default(); names.len()];
    for round in 0..ROUNDS {
        for (own, &name) in times.iter_mut().zip(&names) {
            // Compiling everything takes seconds: three rounds tell enough.
            if name == "wasmtime" && round >= 3 {
                continue;
            }
            let [first, again] = spawn(name, &wasm)?;
            own[0].push(first);
            own[1].push(again);
        }
    }
    let mut table = format!(
        "A module of {:.1} MB, from its bytes to the result of a small export:\n\n\
         | engine | first in a process | ours, lazy / it | again | ours, lazy / it |\n\
         |---|---|---|---|---|\n",
        wasm.len() as f64 / 1e6
    );
    for (name, own) in names.iter().zip(&times) {
        let columns = [0, 1].map(|column| {
            let [ratio, ..] = ratios(&times[0][column], &own[column]);
            let ms = median(&own[column]).as_secs_f64() * 1e3;
            format!("{ms:.2} ms | {ratio:.4}")
        });
        table += &format!("| {name} | {} |\n", columns.join(" | "));
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
