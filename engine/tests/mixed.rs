//! Modules whose functions are in different tiers.

mod common;

use bimetal::*;

/// A module whose export `run` calls a function, `huge`, that has more loops and locals
/// than the compiler takes on, which calls back.
fn with_huge_function() -> String {
    let count = 49_000;
    let uses: String =
        (0..count).map(|local| format!("(drop (local.get {}))", local + 1)).collect();
    format!(
        r#"(module
            (func $twice (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
            (func $huge (param i32) (result i32) (local {})
                (loop {uses})
                (call $twice (local.get 0)))
            (func (export "run") (param i32) (result i32)
                (i32.add (call $huge (local.get 0)) (i32.const 1))))"#,
        "i32 ".repeat(count)
    )
}

#[test]
fn a_function_beyond_the_compilers_limits_is_interpreted_and_listed() {
    let mut config = Config::new();
    config.strategy(Strategy::Jit);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, with_huge_function()).unwrap();
    assert!(module.function_stats().is_empty(), "nothing is compiled yet");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, 20).unwrap(), 41);
    let stats = module.function_stats();
    let compiled: Vec<bool> = stats.iter().map(|func| func.compiled).collect();
    assert_eq!(compiled, [true, false, true]);
    assert_eq!(stats[1].name.as_deref(), Some("huge"));
    assert!(stats[1].reason.as_ref().is_some_and(|reason| reason.contains("too complex")));
    assert!(stats[0].code_bytes > 0 && stats[0].reason.is_none());
}

#[test]
fn a_function_missing_in_precompiled_code_is_interpreted_by_the_default_strategy() {
    let engine = Engine::default();
    let bytes = engine.precompile_module(with_huge_function().as_bytes()).unwrap();
    // SAFETY: bytes of `precompile_module`.
    let module = unsafe { Module::deserialize(&engine, &bytes) }.unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    for _ in 0..300 {
        assert_eq!(run.call(&mut store, 20).unwrap(), 41);
    }
    let stats = module.function_stats();
    let compiled: Vec<bool> = stats.iter().map(|func| func.compiled).collect();
    assert_eq!(compiled, [true, false, true]);
    assert!(stats[1].reason.as_ref().is_some_and(|reason| reason.contains("too complex")));
    assert!(module.serialize().unwrap() == bytes);
}

/// Loops inside each other, each of which changes a local and looks at others.
fn nested_loops(count: usize) -> String {
    let begins = (0..count).map(|i| {
        let other = (i * 7 + 1) % count;
        format!("(loop $l{i} (local.set {i} (i32.add (local.get {other}) (i32.const {i})))")
    });
    let uses =
        (0..count).map(|i| format!("(local.set {i} (i32.add (local.get {i}) (i32.const 1)))"));
    let ends = (0..count)
        .rev()
        .map(|i| format!("(br_if $l{i} (i32.eq (local.get {i}) (i32.const -7{}))))", i % 10));
    format!(
        r#"(module (func (export "run") (result i32) (local {}) {} (local.get 3)))"#,
        "i32 ".repeat(count),
        begins.chain(uses).chain(ends).collect::<String>()
    )
}

#[test]
fn a_function_whose_compiled_frame_would_fill_the_stack_is_interpreted() {
    let mut config = Config::new();
    config.strategy(Strategy::Jit);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, nested_loops(600)).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), 4);
    let stats = module.function_stats();
    assert!(stats[0].reason.as_ref().is_some_and(|reason| reason.contains("stack")), "{stats:?}");
}

#[test]
fn an_invalid_function_is_no_reason_to_interpret_it() {
    let mut config = Config::new();
    config.strategy(Strategy::Jit).lazy_validation(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, "(module (func) (func (result i32)))").unwrap();
    assert!(module.compile().is_err());
}

#[test]
fn functions_of_one_instance_are_in_both_tiers() {
    let funcs = "(func (export \"EXPORT\") (result i32) (i32.const 1))";
    let exports: String = (0..64).map(|i| funcs.replace("EXPORT", &i.to_string())).collect();
    let mut config = Config::new();
    config.strategy(Strategy::Jit).mixed(1);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, format!("(module {exports})")).unwrap();
    module.compile().unwrap();
    let compiled = module.function_stats().iter().filter(|func| func.compiled).count();
    assert!((16..48).contains(&compiled), "{compiled} of 64");
}

#[test]
fn what_runs_often_is_compiled_and_what_does_not_is_not() {
    let wat = r#"(module
        (func $hot (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
        (func $cold (result i32) (i32.const 0))
        (func (export "run") (param $n i32) (result i32) (local $x i32)
            (local.set $x (call $cold))
            (loop $again
                (local.set $x (call $hot (local.get $x)))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $x)))"#;
    let mut config = Config::new();
    config.strategy(Strategy::Tiered).compile_threads(0);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, wat).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, 100_000).unwrap(), 100_000);
    let compiled: Vec<bool> = module.function_stats().iter().map(|func| func.compiled).collect();
    assert_eq!(compiled, [true, false, false]);
}
