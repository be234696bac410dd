//! What profilers are told about compiled code.

use bimetal::{Config, Engine, Module, ProfilingStrategy, Strategy};

/// `$evil` has a name of two lines.
const MODULE: &str = r#"(module
    (func $first (param i32) (result i32) (local.get 0))
    (func $"evil\0aname" (export "f") (param i32) (result i32) (call $first (local.get 0)))
    (func (export "nameless")))"#;

#[test]
fn the_perf_map_names_every_function_with_an_address() {
    let mut config = Config::new();
    config.strategy(Strategy::Jit).profiler(ProfilingStrategy::PerfMap);
    let module = Module::new(&Engine::new(&config).unwrap(), MODULE).unwrap();
    module.compile().unwrap();
    let path = format!("/tmp/perf-{}.map", std::process::id());
    let map = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    let mut symbols = Vec::new();
    for line in map.lines() {
        let mut words = line.splitn(3, ' ');
        let mut number = || u64::from_str_radix(words.next().unwrap(), 16).unwrap();
        let (start, len) = (number(), number());
        symbols.push((start, len, words.next().unwrap().to_owned()));
    }
    let names: Vec<&str> = symbols.iter().map(|symbol| &*symbol.2).collect();
    assert_eq!(names, ["wasm:first", "wasm:evil?name", "wasm:nameless"]);
    for pair in symbols.windows(2) {
        assert!(pair[0].1 > 0 && pair[0].0 + pair[0].1 <= pair[1].0, "{symbols:?}");
    }
}
