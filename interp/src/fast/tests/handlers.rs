//! The machine code of the handlers: a handler that ends in an ordinary call grows
//! the native stack with every instruction executed, and one that makes an
//! ordinary call saves registers whenever it runs.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bimetal_core::ops::num::NumOp;
use bimetal_parser::{Module, ParseOptions};
use bimetal_runtime::Settings;

use super::machine_code::{Binary, has_path};
use super::numeric::module_of;
use crate::fast::{FastModule, translate};

/// The paths of every handler.
const HANDLERS: [&str; 2] = ["dispatch::shell::handler", "dispatch::shell::handler_avx2"];

/// The addresses of all handlers, as the file numbers addresses.
fn all_handlers(binary: &Binary) -> Vec<u64> {
    HANDLERS.iter().flat_map(|path| binary.find(path)).collect()
}

/// What is called whose address is not in the code.
const COMPUTED: &str = "an address that it computes";

/// What handlers may call: the function, in how many handlers at most, and why.
const ALLOWED: &[(&str, usize, &str)] = &[
    ("fma", 32, "relaxed multiply-add: an instruction that not every x86-64 has"),
    ("fmaf", 32, "the same for f32"),
    ("memmove", 5, "any number of arguments or results, to or from another instance; bytes"),
    ("memset", 1, "memory.fill"),
    ("exec::call::call_array", 2, "a function of the host or of another tier"),
    ("exec::tail::return_array", 1, "the same, in a tail call"),
    ("exec::call::is_subtype", 3, "a cold handler: an indirect call of a type with subtypes"),
    ("exec::call::translate", 1, "once for each function"),
    (COMPUTED, 3, "a function that has been compiled"),
    ("exec::hot::ask_calls", 1, "a cold handler: a counter of calls ran out"),
    ("exec::hot::ask_loop", 1, "a cold handler: a counter of iterations ran out"),
    ("exec::hot::enter_loop", 1, "once for each loop entered in compiled code"),
    ("exec::slow::call", 1, "instructions that the runtime executes"),
    ("exec::gc::call", 1, "the same for objects: they may collect"),
    ("exec::gc::has_type", 3, "cold handlers: tests that take more than a look at the object"),
    ("exec::exception::call", 3, "to throw and to catch"),
];

#[test]
fn every_handler_ends_in_a_jump_and_calls_nothing_that_is_not_listed() {
    let binary = Binary::of_this_process();
    let handlers = all_handlers(&binary);
    assert!(handlers.len() > 1000, "only {} handlers found", handlers.len());
    let known: HashSet<u64> = handlers.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut callers: BTreeMap<&str, usize> = BTreeMap::new();
    for &at in &handlers {
        let ways = binary.ways_out(at);
        let mut allowed = HashSet::new();
        for callee in &ways.calls {
            let name = callee.as_deref().unwrap_or(COMPUTED);
            match ALLOWED.iter().find(|(path, ..)| has_path(name, path)) {
                Some(&(path, ..)) => drop(allowed.insert(path)),
                None => wrong.push(format!("{at:x} calls {name}")),
            }
        }
        for path in allowed {
            *callers.entry(path).or_default() += 1;
        }
        let elsewhere = ways.jumps.iter().filter(|target| !known.contains(target));
        wrong.extend(elsewhere.map(|target| format!("{at:x} jumps to {target:x}: no handler")));
        wrong.extend(ways.strange.iter().map(|ip| format!("{at:x}: strange code at {ip:x}")));
        // Whoever returns leaves the chain: what would go on after it is a call.
        if ways.indirect + ways.jumps.len() + ways.returns == 0 {
            wrong.push(format!("{at:x} never ends"));
        }
    }
    for (path, most, _) in ALLOWED {
        let count = callers.get(path).copied().unwrap_or(0);
        if count > *most {
            wrong.push(format!("{count} handlers call {path}, not at most {most}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Something of everything that has a handler of its own and is not numeric.
const PROGRAM: &str = r#"(module
    (memory 1) (table 2 funcref) (global $g (mut i64) (i64.const 0))
    (type $pair (struct (field (mut i32)) (field f64))) (type $list (array (mut i16)))
    (type $f (func (param i32) (result i32))) (elem (i32.const 0) $f) (tag $e (param i32))
    (func $f (type $f) (i32.load8_u offset=3 (local.get 0)))
    (func (param i32) (result i32) (local $l (ref null $list)) (local $v v128)
        (local.set $l (array.new_default $list (local.get 0)))
        (local.set $v (i32x4.add (i32x4.splat (local.get 0)) (v128.const i32x4 1 2 3 4)))
        (f64.store (local.get 0)
            (struct.get $pair 1 (struct.new $pair (i32.const 1) (f64.const 2))))
        (global.set $g (i64.add (global.get $g) (i64.load (local.get 0))))
        (block $b (result i32) (try_table (result i32) (catch $e $b)
            (throw $e (i32x4.extract_lane 2 (local.get $v)))))
        (if (then (return (call_indirect (type $f) (local.get 0) (i32.const 0)))))
        (array.set $list (local.get $l) (i32.const 0) (ref.test (ref $list) (local.get $l)))
        (memory.fill (local.get 0) (i32.const 1) (memory.size))
        (return_call_ref $f (array.get_u $list (local.get $l) (i32.const 0)) (ref.func $f))))"#;

/// The handlers at the beginning of the cells of a module.
fn handlers_of(text: &str, found: &mut HashSet<u64>) {
    let module = Module::new(text.as_bytes(), &ParseOptions::default());
    let module = Arc::new(module.unwrap_or_else(|error| panic!("{error}")));
    let tier = FastModule::new(&module, &Settings::default());
    for defined in 0..module.bodies.len() {
        let ir = translate::lower(&tier, defined).unwrap_or_else(|error| panic!("{error}"));
        let (code, positions) = translate::link(&tier, &ir, defined);
        let cells = positions.iter().map(|&position| code.words[position as usize]);
        // SAFETY: a cell begins with its handler.
        found.extend(cells.map(|word| unsafe { word.handler } as usize as u64));
    }
}

#[inline(never)]
fn landmark() -> u64 {
    std::hint::black_box(0x6c61_6e64_6d61_726b)
}

#[test]
fn the_translator_uses_no_handler_that_the_symbol_table_does_not_name() {
    let binary = Binary::of_this_process();
    let file = binary.find("tests::handlers::landmark");
    assert_eq!((file.len(), landmark()), (1, 0x6c61_6e64_6d61_726b));
    let moved = (landmark as fn() -> u64 as usize as u64).wrapping_sub(file[0]);
    let named: HashSet<u64> = all_handlers(&binary).into_iter().collect();
    let mut used = HashSet::new();
    for &op in NumOp::PLAIN {
        handlers_of(&module_of(op), &mut used);
    }
    handlers_of(PROGRAM, &mut used);
    assert!(used.len() > 500, "only {} handlers used", used.len());
    let unnamed: Vec<u64> =
        used.iter().map(|at| at.wrapping_sub(moved)).filter(|at| !named.contains(at)).collect();
    assert!(unnamed.is_empty(), "{unnamed:x?}");
}
