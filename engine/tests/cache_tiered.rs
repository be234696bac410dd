//! The cache under [`Strategy::Tiered`]: each run begins with what the ones before it
//! found worth compiling.

use std::path::Path;
use std::time::{Duration, Instant};

use bimetal::{Cache, CacheConfig, Config, Engine, Instance, Module, Result, Store, Strategy};

const MODULE: &str = r#"(module
    (func (export "triple") (param i32) (result i32)
        (i32.mul (local.get 0) (i32.const 3)))
    (func (export "six") (param i32) (result i32)
        (i32.add (call 0 (local.get 0)) (call 0 (local.get 0))))
    (func (export "sum") (param i32) (result i32) (local i32)
        (loop $again
            (local.set 1 (i32.add (local.get 1) (call 0 (local.get 0))))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))"#;

/// [`MODULE`] with a function that is not valid.
fn invalid() -> String {
    MODULE.replacen("(module", "(module (func $bad i32.add)", 1).replace("call 0", "call 1")
}

fn cache(folder: &Path) -> Cache {
    let mut config = CacheConfig::new();
    config.with_directory(folder);
    Cache::new(config).unwrap()
}

/// Settings under which a function or loop is compiled the second time.
fn config(threads: usize, cache: &Cache) -> Config {
    let mut config = Config::new();
    config.strategy(Strategy::Tiered).thresholds(2, 2).compile_threads(threads);
    config.cache(Some(cache.clone()));
    config
}

/// Loads the module and calls an export often enough: the functions that were compiled
/// before and after.
fn run(config: &Config, wat: &str, name: &str) -> Result<[Vec<u32>; 2]> {
    let engine = Engine::new(config)?;
    let module = Module::new(&engine, wat)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let before = compiled(&module);
    let func = instance.get_typed_func::<i32, i32>(&mut store, name)?;
    for n in 1..10 {
        let expected = match name {
            "triple" => 3 * n,
            "six" => 6 * n,
            _ => 3 * n * (n + 1) / 2,
        };
        assert_eq!(func.call(&mut store, n)?, expected, "{name}({n})");
    }
    Ok([before, compiled(&module)])
}

fn compiled(module: &Module) -> Vec<u32> {
    let stats = module.function_stats().into_iter();
    stats.filter(|func| func.compiled).map(|func| func.index).collect()
}

/// Waits until it is so.
fn wait(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_run_begins_with_what_the_runs_before_it_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let config = config(0, &cache);
    assert_eq!(run(&config, MODULE, "triple").unwrap(), [vec![], vec![0]]);
    assert_eq!(run(&config, MODULE, "triple").unwrap(), [[0], [0]]);
    assert_eq!(run(&config, MODULE, "six").unwrap(), [vec![0], vec![0, 1]]);
    assert_eq!(run(&config, MODULE, "sum").unwrap(), [vec![0, 1], vec![0, 1, 2]]);
    assert_eq!(run(&config, MODULE, "six").unwrap(), [[0, 1, 2], [0, 1, 2]]);
    assert_eq!((cache.cache_hits(), cache.cache_misses()), (4, 1));
}

#[test]
fn the_compiler_takes_whole_modules_only_and_leaves_them_for_both() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let tiered = config(0, &cache);
    let mut jit = tiered.clone();
    jit.strategy(Strategy::Jit);
    let all = vec![0, 1, 2];
    run(&tiered, MODULE, "six").unwrap();
    run(&jit, MODULE, "six").unwrap();
    assert_eq!((cache.cache_hits(), cache.cache_misses()), (0, 2));
    assert_eq!(run(&tiered, MODULE, "sum").unwrap(), [all.clone(), all]);
    run(&jit, MODULE, "sum").unwrap();
    assert_eq!((cache.cache_hits(), cache.cache_misses()), (2, 2));
}

#[test]
fn what_threads_compiled_is_stored_while_the_module_lives() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let config = config(2, &cache);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, MODULE).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let sum = instance.get_typed_func::<i32, i32>(&mut store, "sum").unwrap();
    assert_eq!(sum.call(&mut store, 20_000).unwrap(), 600_030_000);
    // One call of a long loop: the function is compiled for the next run.
    wait("the function is compiled", || compiled(&module).contains(&2));
    wait("an entry is written", || std::fs::read_dir(folder.path()).unwrap().count() > 0);
    let [before, _] = run(&config, MODULE, "sum").unwrap();
    assert!(before.contains(&2), "{before:?}");
}

#[test]
fn dropping_the_engine_waits_for_the_compiler_and_stores_what_it_made() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        let [_, after] = run(&config(2, &cache), MODULE, "sum").unwrap();
        // More may have been compiled since.
        let [before, _] = run(&config(0, &cache), MODULE, "sum").unwrap();
        assert!(after.iter().all(|func| before.contains(func)), "{after:?} {before:?}");
    }
}

#[test]
fn functions_compiled_without_a_look_at_the_others_make_no_module_valid() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let eager = config(0, &cache);
    let mut lazy = eager.clone();
    lazy.lazy_validation(true);
    assert_eq!(run(&lazy, &invalid(), "triple").unwrap(), [vec![], vec![1]]);
    assert_eq!(run(&lazy, &invalid(), "triple").unwrap(), [[1], [1]]);
    assert!(run(&eager, &invalid(), "triple").is_err());
    assert_eq!((cache.cache_hits(), cache.cache_misses()), (1, 2));
}
