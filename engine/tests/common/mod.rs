//! What the tests of the API share.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use bimetal::{
    Config, Engine, Error, Instance, Linker, Module, Result, Store, Strategy, Trap, Val,
    WasmBacktrace,
};

/// An engine of each strategy.
pub(crate) fn engines() -> Vec<Engine> {
    engines_with(|_| {})
}

/// Some ways to divide functions between interpreter and compiler.
const MIXES: std::ops::Range<u64> = 0..6;

/// An engine of each strategy, and some in which functions of one instance are in
/// different tiers, with further settings.
pub(crate) fn engines_with(configure: impl Fn(&mut Config)) -> Vec<Engine> {
    let engine = |strategy: Strategy, mix: Option<u64>| {
        let mut config = Config::new();
        config.strategy(strategy);
        if let Some(seed) = mix {
            config.mixed(seed);
        }
        configure(&mut config);
        Engine::new(&config).expect("every strategy is available")
    };
    let pure = Strategy::ALL.iter().map(|&strategy| engine(strategy, None));
    pure.chain(MIXES.map(|seed| engine(Strategy::Jit, Some(seed)))).collect()
}

/// The same, and one that compiles functions and loops after a few runs.
pub(crate) fn engines_and_tiered(configure: impl Fn(&mut Config)) -> Vec<Engine> {
    let mut engines = engines_with(&configure);
    let mut config = Config::new();
    configure(config.strategy(Strategy::Tiered).compile_threads(0).thresholds(2, 2));
    engines.push(Engine::new(&config).expect("every strategy is available"));
    engines
}

/// What a call gives: a number, or a trap and where it was, innermost frame first.
pub(crate) type Outcome = std::result::Result<i64, (Option<Trap>, Vec<(u32, Option<usize>)>)>;

/// What a call gave.
pub(crate) fn outcome_of(result: Result<i64>) -> Outcome {
    result.map_err(|error: Error| {
        let backtrace = error.downcast_ref::<WasmBacktrace>().expect("a trap has a backtrace");
        let places = backtrace.frames().iter();
        let places = places.map(|frame| (frame.func_index(), frame.module_offset()));
        (error.downcast_ref::<Trap>().copied(), places.collect())
    })
}

/// An instance of a module without imports, in a store of its own.
pub(crate) fn instantiate(engine: &Engine, wat: &str) -> (Store<()>, Instance) {
    let mut store = Store::new(engine, ());
    let module = Module::new(engine, wat).expect("the module is valid");
    let instance = Instance::new(&mut store, &module, &[]).expect("the module can be instantiated");
    (store, instance)
}

/// Runs something on several threads at once, each with its number and an instance of its
/// own of a module without imports.
pub(crate) fn on_threads(module: &Module, body: impl Fn(i32, &mut Store<()>, Instance) + Sync) {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let body = &body;
            scope.spawn(move || {
                let mut store = Store::new(module.engine(), ());
                let instance = Instance::new(&mut store, module, &[]);
                body(thread, &mut store, instance.expect("the module can be instantiated"));
            });
        }
    });
}

/// Links and instantiates a module, and calls its export `run`.
pub(crate) fn run<T: 'static>(linker: &Linker<T>, store: &mut Store<T>, wat: &str) -> Result<()> {
    let module = Module::new(linker.engine(), wat)?;
    let instance = linker.instantiate(&mut *store, &module)?;
    instance.get_typed_func::<(), ()>(&mut *store, "run")?.call(store, ())
}

/// Values by their bits: a NaN is what it is.
pub(crate) fn bits(vals: &[Val]) -> Vec<u64> {
    let bits = |val: &Val| match *val {
        Val::I32(value) => value as u64,
        Val::I64(value) => value as u64,
        Val::F32(bits) => bits.into(),
        Val::F64(bits) => bits,
        _ => panic!("no number"),
    };
    vals.iter().map(bits).collect()
}
