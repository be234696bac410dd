//! The op matrix: every plain instruction, with operands of every form and edge
//! values, gives on every tier what its function in `core` gives.

mod instruction;
mod memory;
mod probe;
mod values;

use bimetal::{Config, Engine, Instance, Memory, Module, Store, Strategy, Trap, TypedFunc};
use bimetal_core::ops::relaxed::RelaxedChoice;
use bimetal_core::trap::TrapCode;
use instruction::{Instruction, Outcome};
use probe::{Probe, probes};
use values::{Value, canonical, size};

const STRATEGIES: [Strategy; 3] = [Strategy::Reference, Strategy::Interpreter, Strategy::Jit];

/// Where operands and results lie in the memory `$io`.
const IN: usize = 0;
const OUT: usize = 1 << 19;

/// So many functions in a module.
const CHUNK: usize = 512;

/// Runs the probes of these instructions on every tier.
///
/// # Panics
/// If a tier differs from `core`.
fn check(instructions: &[Instruction], config: &Config) {
    let mut differences = differences(instructions, config);
    let count = differences.len();
    differences.truncate(40);
    assert_eq!(count, 0, "differences, such as:\n{}", differences.join("\n"));
}

/// Every difference between a tier and `core`, in words.
fn differences(instructions: &[Instruction], config: &Config) -> Vec<String> {
    let probes: Vec<Probe<'_>> = instructions.iter().flat_map(probes).collect();
    assert!(probes.len() > instructions.len());
    let mut differences = Vec::new();
    for probes in probes.chunks(CHUNK) {
        let functions = probes.iter().enumerate().map(|(i, probe)| probe.function(&i.to_string()));
        let text = format!(
            "(module (memory $m (export \"m\") 1 1) (memory $n (export \"n\") 1 1)
             (memory $io (export \"io\") 16 16)\n{})",
            functions.collect::<String>()
        );
        let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
        for strategy in STRATEGIES {
            let mut machine = Machine::new(&wasm, config.clone().strategy(strategy));
            for (i, probe) in probes.iter().enumerate() {
                differences.extend(machine.run(&i.to_string(), probe, strategy));
            }
        }
    }
    differences
}

/// An instance of a module with probes.
struct Machine {
    store: Store<()>,
    instance: Instance,
    io: Memory,
}

impl Machine {
    fn new(wasm: &[u8], config: &Config) -> Machine {
        let engine = Engine::new(config).expect("an engine of this tier");
        let module = Module::from_binary(&engine, wasm).expect("a valid module");
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("no imports");
        for name in ["m", "n"] {
            let memory = instance.get_memory(&mut store, name).expect("exported");
            for (address, byte) in memory.data_mut(&mut store).iter_mut().enumerate() {
                *byte = memory::initial(address as u64);
            }
        }
        let io = instance.get_memory(&mut store, "io").expect("exported");
        Machine { store, instance, io }
    }

    /// Every difference from what `core` says, in words.
    fn run(&mut self, name: &str, probe: &Probe<'_>, strategy: Strategy) -> Vec<String> {
        let func = self.instance.get_typed_func(&mut self.store, name).expect("exported");
        // Where it can trap, one call for each execution.
        let at_once = if probe.instruction.traps { 1 } else { probe.rows.len() };
        let mut differences = Vec::new();
        for rows in probe.rows.chunks(at_once) {
            let found = self.call(&func, probe, rows);
            let executions = rows.iter().flat_map(|row| {
                probe.constants.iter().map(|constants| probe.operands(row, constants))
            });
            for (i, operands) in executions.enumerate() {
                let expected = (probe.instruction.eval)(&operands)
                    .map(|results| results.into_iter().map(|value| probe.stored(value)).collect());
                let found = match &found {
                    Ok(bytes) => Ok(results(probe, bytes, i)),
                    Err(trap) => Err(trap.clone()),
                };
                if !alike(probe.instruction, &expected, &found) {
                    let (text, sources) = (&probe.instruction.text, &probe.sources);
                    differences.push(format!(
                        "{strategy:?}: {text} {sources:?} to {:?} of {operands:x?}\n  core:  \
                         {expected:x?}\n  found: {found:x?}",
                        probe.sink
                    ));
                }
            }
        }
        differences
    }

    /// The bytes written for these rows, or the message of the trap.
    fn call(
        &mut self,
        func: &TypedFunc<(u32, u32, u32), ()>,
        probe: &Probe<'_>,
        rows: &[Vec<Value>],
    ) -> Result<Vec<u8>, String> {
        let written = probe.strides()[1] * rows.len();
        let data = self.io.data_mut(&mut self.store);
        data[OUT..OUT + written].fill(0);
        for (value, place) in rows.iter().flatten().zip(data[IN..OUT].chunks_mut(16)) {
            place.copy_from_slice(&value.bits.to_le_bytes());
        }
        match func.call(&mut self.store, (IN as u32, OUT as u32, rows.len() as u32)) {
            Ok(()) => Ok(self.io.data(&self.store)[OUT..OUT + written].to_vec()),
            Err(error) => match error.downcast_ref::<Trap>() {
                Some(trap) => Err(trap.to_string()),
                None => Err(error.to_string()),
            },
        }
    }
}

/// The results of one execution.
fn results(probe: &Probe<'_>, bytes: &[u8], execution: usize) -> Vec<Value> {
    let types = probe.results();
    let places = bytes.chunks(16).skip(execution * types.len());
    let value = |(&ty, place): (_, &[u8])| {
        let mut bits = [0; 16];
        bits[..size(ty)].copy_from_slice(&place[..size(ty)]);
        Value::new(ty, u128::from_le_bytes(bits))
    };
    types.iter().zip(places).map(value).collect()
}

fn alike(
    instruction: &Instruction,
    expected: &Outcome,
    found: &Result<Vec<Value>, String>,
) -> bool {
    match (expected, found) {
        (Ok(expected), Ok(found)) => {
            let bits = |value: &Value| match instruction.any_nan {
                Some(lane) => canonical(value.bits, lane),
                None => value.bits,
            };
            expected.iter().map(bits).eq(found.iter().map(bits))
        }
        (Err(code), Err(message)) => code.to_string() == *message,
        _ => false,
    }
}

#[test]
fn a_wrong_result_or_trap_is_found_on_every_tier_in_every_form() {
    let mut instructions = instruction::scalar();
    instructions.retain(|instruction| ["i64.add", "i32.rem_u"].contains(&&*instruction.text));
    let executions = |instruction: &Instruction| -> usize {
        probes(instruction).iter().map(|probe| probe.rows.len() * probe.constants.len()).sum()
    };
    let count: usize = instructions.iter().map(executions).sum();
    for instruction in &mut instructions {
        let right = std::mem::replace(&mut instruction.eval, Box::new(|_| Ok(Vec::new())));
        instruction.eval = Box::new(move |operands| match right(operands) {
            Ok(results) => Ok(results
                .into_iter()
                .map(|it| Value::new(it.ty, u128::from(it.bits == 0)))
                .collect()),
            Err(_) => Err(TrapCode::IntegerOverflow),
        });
    }
    assert_eq!(differences(&instructions, &Config::new()).len(), STRATEGIES.len() * count);
    assert!(count > 2 * 14 * 14 * 9, "{count}");
}

#[test]
fn scalar_instructions_give_what_core_gives() {
    check(&instruction::scalar(), &Config::new());
}

#[test]
fn instructions_with_two_results_give_what_core_gives() {
    check(&instruction::wide(), &Config::new());
}

#[test]
fn vector_instructions_give_what_core_gives() {
    check(&instruction::vector(), &Config::new());
}

#[test]
fn relaxed_instructions_give_what_core_gives_for_the_choice_of_this_machine() {
    check(&instruction::relaxed(RelaxedChoice::host()), &Config::new());
}

/// What every instruction gives in the deterministic profile: the bits of NaNs are
/// compared, too.
fn check_deterministic(instructions: Vec<Instruction>) {
    let instructions: Vec<_> = instructions.into_iter().map(Instruction::deterministic).collect();
    let mut config = Config::new();
    config.deterministic(true);
    check(&instructions, &config);
}

#[test]
fn scalar_instructions_give_canonical_nans_in_the_deterministic_profile() {
    check_deterministic(instruction::scalar());
}

#[test]
fn vector_instructions_give_canonical_nans_in_the_deterministic_profile() {
    check_deterministic(instruction::vector());
}

#[test]
fn relaxed_instructions_give_what_the_deterministic_profile_says() {
    check_deterministic(instruction::relaxed(RelaxedChoice::DETERMINISTIC));
}

#[test]
fn loads_and_stores_give_what_core_gives_or_trap() {
    check(&memory::accesses(), &Config::new());
}

#[test]
fn loads_and_stores_without_guard_pages_give_what_core_gives_or_trap() {
    let mut config = Config::new();
    config.memory_guard_pages(false);
    check(&memory::accesses(), &config);
}
