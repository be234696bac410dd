//! Many threads on one engine: thousands of instances are made, run, trapped and
//! dropped while their functions and loops are compiled and installed, and modules are
//! dropped while their functions wait. Every result is checked.
//!
//! This and the other tests with threads (`threads`, `nesting`, `cache_tiered`, `tiering`,
//! `osr`) also run under the thread sanitizer, which then watches everything but
//! compiled code: the runtime, the compiler and its queue, and the interpreter in its
//! portable form: `.ci/sanitize thread`.

use std::sync::atomic::{AtomicU64, Ordering};

use bimetal::{
    Caller, Config, Engine, Extern, FunctionStats, Instance, Linker, Module, Result, Store,
    Strategy, Trap, TypedFunc,
};

const THREADS: u64 = 64;
/// How often all modules are loaded anew, and are cold again.
const PHASES: u64 = if cfg!(debug_assertions) { 10 } else { 40 };
/// Stores that each thread makes in a phase, each with two instances.
const ROUNDS: u64 = 8;
/// Calls of each instance.
const CALLS: usize = 8;

/// Direct and indirect calls, recursion, a loop, and the host calling back.
const CALLING: &str = r#"(module $calling
    (type $unary (func (param i64) (result i64)))
    (import "host" "back" (func $back (type $unary)))
    (table funcref (elem $triple $flip $twice))
    (func $triple (type $unary) (i64.mul (local.get 0) (i64.const 3)))
    (func $flip (type $unary) (i64.xor (local.get 0) (i64.const 5)))
    (func $twice (type $unary) (i64.shl (local.get 0) (i64.const 1)))
    (func $fib (export "fib") (type $unary)
        (if (result i64) (i64.lt_s (local.get 0) (i64.const 2))
            (then (local.get 0))
            (else (i64.add
                (call $fib (i64.sub (local.get 0) (i64.const 1)))
                (call $fib (i64.sub (local.get 0) (i64.const 2)))))))
    (func (export "run") (param $n i64) (result i64) (local $i i64) (local $sum i64)
        (block $done
            (loop $l
                (br_if $done (i64.ge_s (local.get $i) (local.get $n)))
                (local.set $sum (i64.add (local.get $sum)
                    (call_indirect (type $unary) (local.get $i)
                        (i32.wrap_i64 (i64.rem_u (local.get $i) (i64.const 3))))))
                (local.set $i (i64.add (local.get $i) (i64.const 1)))
                (br $l)))
        (i64.add (local.get $sum) (call $back (i64.rem_u (local.get $n) (i64.const 12))))))"#;

fn calling(n: i64) -> i64 {
    let sum: i64 = (0..n).map(|i| [i * 3, i ^ 5, i << 1][i as usize % 3]).sum();
    let (mut fib, mut next) = (0, 1);
    (0..n % 12).for_each(|_| (fib, next) = (next, fib + next));
    sum + fib
}

/// Objects, most of them garbage, and exceptions.
const OBJECTS: &str = r#"(module $objects
    (type $node (struct (field $value i64) (field $next (ref null $node))))
    (tag $seventh (param i64))
    (func $check (param i64) (result i64)
        (if (i64.eqz (i64.rem_u (local.get 0) (i64.const 7))) (then (throw $seventh (local.get 0))))
        (i64.const 0))
    (func $guarded (param i64) (result i64)
        (block $caught (result i64)
            (return (try_table (result i64) (catch $seventh $caught) (call $check (local.get 0)))))
        (i64.add (i64.const 1000)))
    (func $sum (param $list (ref null $node)) (result i64) (local $sum i64)
        (block $done
            (loop $l
                (br_if $done (ref.is_null (local.get $list)))
                (local.set $sum
                    (i64.add (local.get $sum) (struct.get $node $value (local.get $list))))
                (local.set $list (struct.get $node $next (local.get $list)))
                (br $l)))
        (local.get $sum))
    (func (export "run") (param $n i64) (result i64)
          (local $i i64) (local $sum i64) (local $list (ref null $node))
        (loop $l
            (if (i64.eqz (i64.rem_u (local.get $i) (i64.const 16)))
                (then (local.set $list (ref.null $node))))
            (local.set $list (struct.new $node (local.get $i) (local.get $list)))
            (local.set $sum (i64.add (local.get $sum) (call $guarded (local.get $i))))
            (local.set $i (i64.add (local.get $i) (i64.const 1)))
            (br_if $l (i64.lt_s (local.get $i) (local.get $n))))
        (i64.add (local.get $sum) (call $sum (local.get $list)))))"#;

fn objects(n: i64) -> i64 {
    let thrown: i64 = (0..n).filter(|i| i % 7 == 0).map(|i| 1000 + i).sum();
    thrown + ((n - 1) / 16 * 16..n).sum::<i64>()
}

/// A memory that grows, and traps.
const MEMORY: &str = r#"(module $memory
    (memory 1 40)
    (func $end (result i32) (i32.mul (memory.size) (i32.const 65536)))
    (func (export "run") (param $n i64) (result i64) (local $i i32)
        (drop (memory.grow (i32.wrap_i64 (i64.rem_u (local.get $n) (i64.const 3)))))
        (loop $l
            (i64.store (i32.sub (call $end) (i32.const 8))
                (i64.add (i64.extend_i32_u (local.get $i)) (local.get $n)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 60))))
        (if (i64.eq (i64.rem_u (local.get $n) (i64.const 5)) (i64.const 4))
            (then (return (i64.load (i32.sub (call $end) (i32.const 7))))))
        (if (i64.eq (i64.rem_u (local.get $n) (i64.const 11)) (i64.const 10))
            (then (unreachable)))
        (i64.add (i64.mul (i64.extend_i32_u (memory.size)) (i64.const 1000))
            (i64.load (i32.sub (call $end) (i32.const 8))))))"#;

/// What the instance with so many pages does.
fn memory(pages: &mut i64, n: i64) -> Result<i64, Trap> {
    if *pages + n % 3 <= 40 {
        *pages += n % 3;
    }
    match n {
        _ if n % 5 == 4 => Err(Trap::MemoryOutOfBounds),
        _ if n % 11 == 10 => Err(Trap::UnreachableCodeReached),
        _ => Ok(*pages * 1000 + 59 + n),
    }
}

/// Tail calls, and the end of the stack.
const DEEP: &str = r#"(module $deep
    (func $endless (param i64) (result i64) (i64.add (call $endless (local.get 0)) (i64.const 1)))
    (func $even (param i64) (result i64)
        (if (i64.eqz (local.get 0)) (then (return (i64.const 1))))
        (return_call $odd (i64.sub (local.get 0) (i64.const 1))))
    (func $odd (param i64) (result i64)
        (if (i64.eqz (local.get 0)) (then (return (i64.const 0))))
        (return_call $even (i64.sub (local.get 0) (i64.const 1))))
    (func (export "run") (param i64) (result i64)
        (if (i64.eqz (i64.rem_u (local.get 0) (i64.const 16)))
            (then (return (call $endless (local.get 0)))))
        (call $even (local.get 0))))"#;

fn deep(n: i64) -> Result<i64, Trap> {
    if n % 16 == 0 { Err(Trap::StackOverflow) } else { Ok(i64::from(n % 2 == 0)) }
}

/// How many functions a module has that nobody shares.
const OWN: i64 = 40;

/// A module that no other thread has: `run` calls each of its functions often.
fn own(salt: i64) -> String {
    let add = |k| {
        format!(
            "(func $f{k} (param i64) (result i64) (i64.add (local.get 0) (i64.const {})))",
            k + salt
        )
    };
    let funcs: String = (0..OWN).map(add).collect();
    let calls =
        (0..OWN).fold("(local.get 0)".to_owned(), |inner, k| format!("(call $f{k} {inner})"));
    format!(
        r#"(module {funcs}
            (func (export "run") (param i64) (result i64) (local $i i32)
                (loop $l
                    (local.set 0 {calls})
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br_if $l (i32.lt_u (local.get $i) (i32.const 30))))
                (local.get 0)))"#
    )
}

fn own_result(salt: i64, n: i64) -> i64 {
    n + 30 * (0..OWN).map(|k| k + salt).sum::<i64>()
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}

/// What all threads use.
struct Shared {
    engine: Engine,
    linker: Linker<()>,
    instances: AtomicU64,
    traps: AtomicU64,
}

impl Shared {
    /// If `collect`, the heap is collected at every allocation.
    fn new(collect: bool) -> Shared {
        let mut config = Config::new();
        config.strategy(Strategy::Tiered).compile_threads(3).thresholds(20, 40);
        config.max_wasm_stack(128 << 10).gc_stress(collect);
        let engine = Engine::new(&config).unwrap();
        let mut linker = Linker::new(&engine);
        let back = |mut caller: Caller<'_, ()>, n: i64| -> Result<i64> {
            let Some(Extern::Func(fib)) = caller.get_export("fib") else { panic!("no `fib`") };
            fib.typed::<i64, i64>(&caller)?.call(&mut caller, n)
        };
        linker.func_wrap("host", "back", back).unwrap();
        let (instances, traps) = Default::default();
        Shared { engine, linker, instances, traps }
    }

    /// An instance's `run`.
    fn instantiate(&self, store: &mut Store<()>, module: &Module) -> TypedFunc<i64, i64> {
        let instance: Instance = self.linker.instantiate(&mut *store, module).unwrap();
        self.instances.fetch_add(1, Ordering::Relaxed);
        instance.get_typed_func(store, "run").unwrap()
    }

    fn check(&self, what: &str, n: i64, result: Result<i64>, expected: Result<i64, Trap>) {
        let result = result.map_err(|error| *error.downcast_ref::<Trap>().expect("a trap"));
        assert_eq!(result, expected, "{what}({n})");
        self.traps.fetch_add(u64::from(result.is_err()), Ordering::Relaxed);
    }

    /// Makes instances of two modules in one store, and calls them in turn.
    fn round(&self, modules: &[Module; 4], random: &mut Random) {
        let mut store = Store::new(&self.engine, ());
        let which = random.below(4) as usize;
        let run = self.instantiate(&mut store, &modules[which]);
        let other = self.instantiate(&mut store, &modules[1]);
        let mut pages = 1;
        for _ in 0..CALLS {
            let n = 1 + random.below(150) as i64;
            let expected = match which {
                0 => Ok(calling(n)),
                1 => Ok(objects(n)),
                2 => memory(&mut pages, n),
                _ => deep(n),
            };
            self.check(
                ["calling", "objects", "memory", "deep"][which],
                n,
                run.call(&mut store, n),
                expected,
            );
            self.check("other", n, other.call(&mut store, n), Ok(objects(n)));
        }
    }

    fn phase(&self, modules: &[Module; 4], seed: u64) {
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
        self.own(&mut random);
        (0..ROUNDS).for_each(|_| self.round(modules, &mut random));
    }

    /// Runs a module of its own and drops it while its functions are compiled.
    fn own(&self, random: &mut Random) {
        let salt = random.below(1 << 40) as i64;
        let module = Module::new(&self.engine, own(salt)).unwrap();
        let mut store = Store::new(&self.engine, ());
        let run = self.instantiate(&mut store, &module);
        drop(module);
        let n = random.below(1000) as i64;
        self.check("own", n, run.call(&mut store, n), Ok(own_result(salt, n)));
    }
}

/// How many threads of this process have this name.
fn threads_named(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let comm = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm"));
    tasks.filter_map(|task| comm(task.ok()?).ok()).filter(|found| found.trim() == name).count()
}

/// Runs so many phases on an engine.
fn run(phases: u64, collect: bool) {
    let shared = Shared::new(collect);
    for phase in 0..phases {
        let load = |wat| Module::new(&shared.engine, wat).unwrap();
        let modules = [CALLING, OBJECTS, MEMORY, DEEP].map(load);
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (shared, modules) = (&shared, &modules);
                scope.spawn(move || shared.phase(modules, phase << 32 | thread));
            }
        });
        for module in &modules {
            let stats = module.function_stats();
            assert!(stats.iter().all(|func| func.reason.is_none()), "{stats:?}");
            let compiled = |func: &FunctionStats| {
                func.compiled || func.loops.iter().any(|found| found.compiled)
            };
            assert!(stats.iter().any(compiled), "{stats:?}");
        }
    }
    let stores = phases * THREADS * ROUNDS;
    assert_eq!(shared.instances.load(Ordering::Relaxed), 2 * stores + phases * THREADS);
    assert!(shared.traps.load(Ordering::Relaxed) > stores / 10);
    assert!(threads_named("bimetal-compile") > 0, "they are there");
    drop(shared);
    assert_eq!(threads_named("bimetal-compile"), 0, "they have ended with the engine");
}

#[test]
fn many_threads_run_make_and_drop_what_is_being_compiled() {
    run(PHASES, false);
    run(PHASES / 4, true);
}
