//! The cache: found again, never trusted blindly, never in the way.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use bimetal::{Cache, CacheConfig, Config, Engine, Instance, Module, Result, Store, Strategy};

const MODULE: &str = r#"(module (func (export "f") (param i32) (result i32)
    (i32.mul (local.get 0) (i32.const 3))))"#;

/// [`MODULE`] with another factor.
fn times(factor: i32) -> String {
    MODULE.replace("const 3", &format!("const {factor}"))
}

fn cache(folder: &Path) -> Cache {
    let mut config = CacheConfig::new();
    config.with_directory(folder);
    Cache::new(config).unwrap()
}

/// The strategies that use a cache.
const STRATEGIES: [Strategy; 2] = [Strategy::Jit, Strategy::Tiered];

/// Settings under which every function that is called is compiled at once.
fn config(strategy: Strategy, cache: &Cache) -> Config {
    let mut config = Config::new();
    config.strategy(strategy).thresholds(1, 1).compile_threads(0).cache(Some(cache.clone()));
    config
}

fn engine(strategy: Strategy, cache: &Cache) -> Engine {
    Engine::new(&config(strategy, cache)).unwrap()
}

fn run(engine: &Engine, wat: &str) -> Result<i32> {
    let module = Module::new(engine, wat)?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    instance.get_typed_func::<i32, i32>(&mut store, "f")?.call(&mut store, 5)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn hits_misses(cache: &Cache) -> (usize, usize) {
    (cache.cache_hits(), cache.cache_misses())
}

#[test]
fn the_second_engine_finds_what_the_first_compiled() {
    for strategy in STRATEGIES {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        for expected in [(0, 1), (1, 1), (2, 1)] {
            assert_eq!(run(&engine(strategy, &cache), MODULE).unwrap(), 15);
            assert_eq!(hits_misses(&cache), expected);
        }
        assert_eq!(entries(folder.path()).len(), 1);
    }
}

#[test]
fn another_module_or_setting_has_an_entry_of_its_own() {
    for strategy in STRATEGIES {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        run(&engine(strategy, &cache), MODULE).unwrap();
        let mut config = config(strategy, &cache);
        config.memory_guard_pages(false);
        assert_eq!(run(&Engine::new(&config).unwrap(), MODULE).unwrap(), 15);
        assert_eq!(run(&engine(strategy, &cache), &times(4)).unwrap(), 20);
        assert_eq!((hits_misses(&cache), entries(folder.path()).len()), ((0, 3), 3));
    }
}

#[test]
fn a_damaged_entry_is_ignored_and_replaced() {
    for strategy in STRATEGIES {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        run(&engine(strategy, &cache), MODULE).unwrap();
        let entry = entries(folder.path()).remove(0);
        let good = std::fs::read(&entry).unwrap();
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        for damaged in [&bad[..], &good[..good.len() / 2], b"", b"something else"] {
            std::fs::write(&entry, damaged).unwrap();
            assert_eq!(run(&engine(strategy, &cache), MODULE).unwrap(), 15);
            assert_eq!(std::fs::read(&entry).unwrap().len(), good.len());
        }
        assert_eq!(hits_misses(&cache), (0, 5));
    }
}

#[test]
fn an_entry_of_another_module_under_this_name_is_ignored() {
    for strategy in STRATEGIES {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        run(&engine(strategy, &cache), MODULE).unwrap();
        let entry = entries(folder.path()).remove(0);
        run(&engine(strategy, &cache), &times(4)).unwrap();
        let other = entries(folder.path()).into_iter().find(|path| *path != entry).unwrap();
        std::fs::copy(other, &entry).unwrap();
        assert_eq!(run(&engine(strategy, &cache), MODULE).unwrap(), 15);
        assert_eq!(hits_misses(&cache), (0, 3));
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_not_in_the_way() {
    for strategy in STRATEGIES {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        // Not even the super-user can make a folder below a file.
        let cache = cache(&file.join("below"));
        for misses in [1, 2] {
            assert_eq!(run(&engine(strategy, &cache), MODULE).unwrap(), 15);
            assert_eq!(hits_misses(&cache), (0, misses));
        }
    }
}

#[test]
fn invalid_modules_leave_nothing_behind() {
    for strategy in STRATEGIES {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        for lazy in [false, true] {
            let mut config = config(strategy, &cache);
            config.lazy_validation(lazy);
            let engine = Engine::new(&config).unwrap();
            assert!(run(&engine, r#"(module (func (export "f") i32.add))"#).is_err());
        }
        assert_eq!(entries(folder.path()).len(), 0);
    }
}

#[test]
fn interpreters_leave_the_cache_alone() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    for strategy in [Strategy::Interpreter, Strategy::Reference] {
        let mut config = Config::new();
        config.cache(Some(cache.clone())).strategy(strategy);
        assert_eq!(run(&Engine::new(&config).unwrap(), MODULE).unwrap(), 15);
    }
    assert_eq!((hits_misses(&cache), entries(folder.path()).len()), ((0, 0), 0));
}

#[test]
fn the_cache_stays_within_its_size() {
    for strategy in STRATEGIES {
        let folder = tempfile::tempdir().unwrap();
        let mut config = CacheConfig::new();
        config.with_directory(folder.path()).with_file_count_soft_limit(5);
        let cache = Cache::new(config).unwrap();
        for factor in 0..20 {
            run(&engine(strategy, &cache), &times(factor)).unwrap();
            assert!(entries(folder.path()).len() <= 5);
        }
    }
}

/// Set for the processes that [`processes_can_share_a_folder`] starts.
const WRITER: &str = "BIMETAL_TEST_CACHE_WRITER";

/// What one of many processes does: every module is compiled or loaded, and right.
fn use_folder(folder: &Path) {
    for round in 0..30 {
        let factor = round % 3;
        let (cache, strategy) = (cache(folder), STRATEGIES[round as usize / 3 % 2]);
        assert_eq!(run(&engine(strategy, &cache), &times(factor)).unwrap(), 5 * factor);
        // Somebody is always writing.
        let _ = std::fs::remove_file(entries(folder).pop().unwrap_or_default());
    }
}

#[test]
fn processes_can_share_a_folder() {
    if let Some(folder) = std::env::var_os(WRITER) {
        return use_folder(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "processes_can_share_a_folder"]).env(WRITER, folder.path());
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let processes: Vec<_> = (0..4).map(|_| start()).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    let finished = |path: &PathBuf| path.extension().is_some_and(|end| end == "bimetal");
    assert!(entries(folder.path()).iter().all(finished));
}
