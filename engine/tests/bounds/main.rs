//! Accesses near the edges of memories, by programs in which compiled code leaves checks
//! out: whatever is known from an earlier check, no access gets further than on the
//! reference interpreter.

#[path = "../common/mod.rs"]
mod common;
mod programs;

use bimetal::{
    Config, Engine, Instance, InstanceAllocationStrategy, Linker, Module, PoolingAllocationConfig,
    Result, Store, Strategy, Trap, TypedFunc,
};
use common::engines_with;
use programs::program;

const PAGE: u64 = 1 << 16;

/// Programs of each kind of memory.
const PROGRAMS: u64 = 4;

/// Memories; with the first one as `$m`, in which the programs work.
const MEMORIES: [&str; 7] = [
    "(memory $m i64 1)",
    "(memory $m i64 1 3)",
    "(memory $m i64 1 3 shared)",
    "(memory $m 1)",
    "(memory $m 1 3)",
    "(memory $m i64 65600 (pagesize 1))",
    "(memory $m 65600 (pagesize 1))",
];

const EDGES: [u64; 12] = [
    0,
    8,
    PAGE - 72,
    PAGE - 20,
    PAGE - 8,
    PAGE - 1,
    PAGE,
    2 * PAGE - 12,
    (1 << 32) - 8,
    1 << 63,
    u64::MAX - 15,
    u64::MAX,
];

/// What the program does with each pair of edges, and what is in its memory then.
fn outcomes(engine: &Engine, wat: &str) -> Vec<String> {
    let mut store = Store::new(engine, ());
    let module = Module::new(engine, wat).expect("the module is valid");
    let instance = Instance::new(&mut store, &module, &[]).expect("it can be instantiated");
    let run = instance.get_typed_func::<(u64, u64), u64>(&mut store, "run").unwrap();
    let mut outcomes = Vec::new();
    for a in EDGES {
        for b in [EDGES[1], EDGES[4], a ^ 0x10, u64::MAX - 7] {
            let result = run.call(&mut store, (a, b));
            let result = result.map_err(|error| error.downcast_ref::<Trap>().copied());
            let bytes = instance.get_memory(&mut store, "memory").map(|memory| {
                let sum = |sum: u64, &byte: &u8| sum.wrapping_mul(31).wrapping_add(byte.into());
                (memory.data_size(&store), memory.data(&store).iter().fold(0, sum))
            });
            outcomes.push(format!("{a:#x} {b:#x}: {result:?} {bytes:x?}"));
        }
    }
    outcomes
}

/// An engine, with its name.
fn engine(name: &str, guard: bool, configure: impl Fn(&mut Config)) -> (String, Engine) {
    let mut config = Config::new();
    config.strategy(Strategy::Jit).memory_guard_pages(guard);
    configure(&mut config);
    (format!("{name}, guard pages {guard}"), Engine::new(&config).expect("it is available"))
}

/// Compilers with each optimisation and without, interpreters, and code that moves from
/// one to the other in a loop.
fn engines() -> Vec<(String, Engine)> {
    let of = |guard| {
        [
            engine("all", guard, |_| {}),
            engine("long checks", guard, |config| {
                config.short_checks(false);
            }),
            engine("nothing known", guard, |config| {
                config.known_bounds(false);
            }),
            engine("late lengths", guard, |config| {
                config.early_lengths(false);
            }),
            engine("none", guard, |config| {
                config.short_checks(false).known_bounds(false).early_lengths(false);
            }),
            engine("interpreter", guard, |config| {
                config.strategy(Strategy::Interpreter);
            }),
            engine("first iteration", guard, |config| {
                config.strategy(Strategy::Tiered).compile_threads(0).thresholds(u32::MAX, 1);
            }),
            engine("third iteration", guard, |config| {
                config.strategy(Strategy::Tiered).compile_threads(0).thresholds(2, 3);
            }),
        ]
    };
    [of(true), of(false)].into_iter().flatten().collect()
}

#[test]
fn programs_stop_where_the_reference_interpreter_does() {
    let (_, reference) = engine("reference", true, |config| {
        config.strategy(Strategy::Reference);
    });
    let engines = engines();
    for memory in MEMORIES {
        for seed in 1..=PROGRAMS {
            let wat = program(memory, seed);
            let expected = outcomes(&reference, &wat);
            for (name, engine) in &engines {
                let actual = outcomes(engine, &wat);
                let difference =
                    actual.iter().zip(&expected).find(|(actual, expected)| actual != expected);
                assert_eq!(difference, None, "{name}, seed {seed}\n{wat}");
            }
        }
    }
}

fn with_guards(guard: bool) -> Vec<Engine> {
    engines_with(|config| {
        config.memory_guard_pages(guard);
    })
}

/// A word at each address, or the trap.
fn words(store: &mut Store<()>, load: &TypedFunc<u64, u64>, at: &[u64]) -> Vec<Result<u64, Trap>> {
    let mut word = |&at: &u64| {
        let result = load.call(&mut *store, at);
        result.map_err(|error| *error.downcast_ref::<Trap>().expect("a trap"))
    };
    at.iter().map(&mut word).collect()
}

const OUTSIDE: Result<u64, Trap> = Err(Trap::MemoryOutOfBounds);

/// Loads by a checked access and by one behind it, which moves with the memory; grows.
const GROWING: &str = r#"(module (memory (export "memory") i64 1)
    (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
    (func (export "first") (param $at i64) (result i64) (i64.load (local.get $at)))
    (func (export "second") (param $at i64) (result i64)
        (drop (i64.load8_u (i64.add (local.get $at) (i64.const -65536))))
        (i64.load (local.get $at)))
    (func (export "across") (param $at i64) (result i64)
        (i64.store (i64.const 8) (i64.const 42))
        (drop (i64.load (i64.const 8)))
        (drop (memory.grow (i64.const 65536)))
        (i64.store (local.get $at) (i64.const 1))
        (i64.add (i64.load (i64.const 8)) (i64.load (local.get $at)))))"#;

#[test]
fn a_memory_that_outgrows_its_reservation_has_its_guard_where_it_goes() {
    const GIANT: u64 = (1 << 32) + PAGE;
    for engine in [true, false].into_iter().flat_map(with_guards) {
        if engine.strategy() == Strategy::Reference {
            continue;
        }
        let (mut store, instance) = common::instantiate(&engine, GROWING);
        let mut get = |name| instance.get_typed_func::<u64, u64>(&mut store, name).unwrap();
        let (grow, first, second) = (get("grow"), get("first"), get("second"));
        let across = get("across");
        let edges = [PAGE - 8, PAGE - 7, PAGE, 1 << 32, 1 << 33, u64::MAX];
        let inside = [Ok(0), OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE];
        assert_eq!(words(&mut store, &first, &edges), inside, "{engine:?}");
        // The memory moves between the two stores.
        assert_eq!(across.call(&mut store, GIANT - 16).unwrap(), 43, "{engine:?}");
        assert_eq!(grow.call(&mut store, 0).unwrap(), GIANT / PAGE);
        let edges = [GIANT - 16, GIANT - 8, GIANT - 7, GIANT, GIANT + (2 << 30), 1 << 33, 1 << 48];
        let inside = [Ok(1), Ok(0), OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE];
        for load in [&first, &second] {
            assert_eq!(words(&mut store, load, &edges), inside, "{engine:?}");
        }
        assert_eq!(words(&mut store, &second, &[0, PAGE - 1]), [OUTSIDE, OUTSIDE]);
        assert_eq!(words(&mut store, &second, &[PAGE, PAGE + 8]), [Ok(0), Ok(0)]);
    }
}

#[test]
fn an_importer_knows_less_of_the_memory_and_checks_as_well() {
    let importer = r#"(module (import "it" "memory" (memory i64 1))
        (func (export "load") (param $at i64) (result i64)
            (drop (i64.load8_u (local.get $at)))
            (i64.load offset=100 (local.get $at)))
        (func (export "loop") (param $at i64) (result i64) (local $n i64)
            (loop $on (result i64)
                (local.set $n (i64.add (local.get $n) (i64.const 1)))
                (i64.load (i64.add (local.get $at) (local.get $n)))
                (br_if $on (i64.lt_u (local.get $n) (i64.const 8))))))"#;
    let makers = ["i64 1", "i64 1 2", "i64 1 65537", "i64 1 200000", "i64 1 281474976710656"];
    for engine in [true, false].into_iter().flat_map(with_guards) {
        for maker in makers {
            let maker = format!("(module (memory (export \"memory\") {maker}))");
            let (mut store, owner) = common::instantiate(&engine, &maker);
            let mut linker = Linker::new(&engine);
            linker.instance(&mut store, "it", owner).unwrap();
            let module = Module::new(&engine, importer).unwrap();
            let instance = linker.instantiate(&mut store, &module).unwrap();
            let load = instance.get_typed_func::<u64, u64>(&mut store, "load").unwrap();
            let looping = instance.get_typed_func::<u64, u64>(&mut store, "loop").unwrap();
            for pages in [1, 2] {
                let end = pages * PAGE;
                let edges = [end - 108, end - 107, end - 1, end, u64::MAX, u64::MAX - 99];
                let inside = [Ok(0), OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE];
                assert_eq!(words(&mut store, &load, &edges), inside, "{engine:?} {maker}");
                let edges = [end - 16, end - 15, u64::MAX - 1, u64::MAX, u64::MAX - 8];
                let inside = [Ok(0), OUTSIDE, OUTSIDE, Ok(0), OUTSIDE];
                assert_eq!(words(&mut store, &looping, &edges), inside, "{engine:?} {maker}");
                let memory = owner.get_memory(&mut store, "memory").unwrap();
                assert_eq!(
                    memory.grow(&mut store, 1).is_ok(),
                    !maker.ends_with(" 2))") || pages == 1
                );
            }
        }
    }
}

#[test]
fn the_largest_memory_of_a_pool_ends_in_a_guard_too() {
    const LARGEST: u64 = 7 << 30;
    for guard in [true, false] {
        let engines = engines_with(|config| {
            let mut pool = PoolingAllocationConfig::new();
            pool.total_core_instances(2).total_memories(2).max_memory_size(LARGEST as usize);
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
            config.memory_guard_pages(guard);
        });
        for engine in engines.into_iter().filter(|it| it.strategy() != Strategy::Reference) {
            let (mut store, instance) = common::instantiate(&engine, GROWING);
            let mut get = |name| instance.get_typed_func::<u64, u64>(&mut store, name).unwrap();
            let (grow, first, second) = (get("grow"), get("first"), get("second"));
            assert_eq!(grow.call(&mut store, LARGEST / PAGE).unwrap(), u64::MAX);
            assert_eq!(grow.call(&mut store, LARGEST / PAGE - 1).unwrap(), 1, "{engine:?}");
            let edges = [LARGEST - 8, LARGEST - 7, LARGEST, LARGEST + (2 << 30) - 8, u64::MAX];
            let inside = [Ok(0), OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE];
            for load in [&first, &second] {
                assert_eq!(words(&mut store, load, &edges), inside, "{engine:?}");
            }
        }
    }
}
