//! What profilers are told about compiled code.

use bimetal::{Config, Engine, Instance, Module, ProfilingStrategy, Store, Strategy};

/// `$evil` has a name of two lines.
const MODULE: &str = r#"(module
    (func $first (param i32) (result i32) (local.get 0))
    (func $"evil\0aname" (export "f") (param i32) (result i32) (call $first (local.get 0)))
    (func (export "nameless")))"#;

const SPIN: &str = r#"(module
    (func (export "spin") (param i32) (result i32)
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 0)))"#;

/// Names and ranges in the process's map.
fn symbols() -> Vec<(u64, u64, String)> {
    let path = format!("/tmp/perf-{}.map", std::process::id());
    let map = std::fs::read_to_string(path).unwrap();
    let symbol = |line: &str| {
        let mut words = line.splitn(3, ' ');
        let mut number = || u64::from_str_radix(words.next().unwrap(), 16).unwrap();
        let (start, len) = (number(), number());
        (start, len, words.next().unwrap().to_owned())
    };
    map.lines().map(symbol).collect()
}

#[test]
fn the_perf_map_names_every_function_and_loop_with_an_address() {
    let mut config = Config::new();
    config.profiler(ProfilingStrategy::PerfMap).debug_info(true).strategy(Strategy::Jit);
    let module = Module::new(&Engine::new(&config).unwrap(), MODULE).unwrap();
    module.compile().unwrap();
    let compiled = symbols();
    let names: Vec<&str> = compiled.iter().map(|symbol| &*symbol.2).collect();
    assert_eq!(names, ["wasm:first", "wasm:evil?name", "wasm:nameless"]);
    for pair in compiled.windows(2) {
        assert!(pair[0].1 > 0 && pair[0].0 + pair[0].1 <= pair[1].0, "{compiled:?}");
    }

    config.strategy(Strategy::Tiered).thresholds(10, 10).compile_threads(0);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, SPIN).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let spin = instance.get_typed_func::<i32, i32>(&mut store, "spin").unwrap();
    (0..10).for_each(|_| assert_eq!(spin.call(&mut store, 50).unwrap(), 0));
    let spun = symbols().split_off(compiled.len());
    assert!(spun.iter().all(|symbol| symbol.1 > 0 && symbol.2 == "wasm:spin"), "{spun:?}");
    assert_eq!(spun.len(), 2, "its loop and itself: {spun:?}");
    std::fs::remove_file(format!("/tmp/perf-{}.map", std::process::id())).unwrap();
}
