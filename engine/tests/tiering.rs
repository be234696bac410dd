//! What the engine tells of the way of code from the interpreter to the processor.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bimetal::{
    Config, Engine, Func, FunctionStats, Instance, Module, Store, Strategy, TieringStep,
};

const MODULE: &str = r#"(module $m
    (func $cold (export "cold") (param i64) (result i64) (local.get 0))
    (func $hot (export "hot") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
    (func $spin (export "spin") (param i64) (result i64)
        (block $done
            (loop $l
                (br_if $done (i64.eqz (local.get 0)))
                (local.set 0 (i64.sub (local.get 0) (i64.const 1)))
                (br $l)))
        (loop $l
            (local.set 0 (i64.add (local.get 0) (i64.const 1)))
            (br_if $l (i64.lt_s (local.get 0) (i64.const 9))))
        (local.get 0)))"#;

/// A listener's notes.
type Notes = Arc<Mutex<Vec<String>>>;

/// Settings under which code is compiled after ten runs, and what the engine tells.
fn config(threads: usize) -> (Config, Notes) {
    let notes = Notes::default();
    let mut config = Config::new();
    config.strategy(Strategy::Tiered).thresholds(10, 10).compile_threads(threads);
    let noting = Arc::clone(&notes);
    config.tiering_listener(move |event| {
        let line = match event.step {
            // Times differ.
            TieringStep::Compiled { time, code_bytes, .. } => {
                assert!(time > Duration::ZERO && code_bytes > 0, "{event}");
                let line = event.to_string();
                line[..line.find(" in ").unwrap()].to_owned()
            }
            _ => event.to_string(),
        };
        noting.lock().unwrap().push(line);
    });
    (config, notes)
}

fn take(notes: &Notes) -> Vec<String> {
    std::mem::take(&mut notes.lock().unwrap())
}

/// An instance, and how its exports are called.
struct Guest {
    module: Module,
    store: Store<()>,
    instance: Instance,
}

impl Guest {
    fn new(config: &Config) -> Guest {
        let engine = Engine::new(config).unwrap();
        let module = Module::new(&engine, MODULE).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        Guest { module, store, instance }
    }

    fn call(&mut self, name: &str, param: i64) -> i64 {
        let func = self.instance.get_typed_func::<i64, i64>(&mut self.store, name).unwrap();
        func.call(&mut self.store, param).unwrap()
    }
}

#[test]
fn every_step_of_a_function_and_of_a_loop_is_told_in_order() {
    let (config, notes) = config(0);
    let mut guest = Guest::new(&config);
    (0..9).for_each(|n| assert_eq!(guest.call("hot", n), n + 1));
    assert_eq!((guest.call("cold", 1), take(&notes)), (1, vec![]));
    guest.call("hot", 0);
    let hot = ["compilation started", "compiled", "installed"];
    assert_eq!(take(&notes), hot.map(|step| format!(r#""m" function 1 "hot": {step}"#)));
    guest.call("spin", 50);
    let spin = ["compilation started", "compiled", "installed", "entered by a running frame"];
    assert_eq!(take(&notes), spin.map(|step| format!(r#""m" function 2 "spin", loop 0: {step}"#)));
}

#[test]
fn threads_that_compile_tell_too() {
    let (config, notes) = config(1);
    let mut guest = Guest::new(&config);
    let (start, n) = (Instant::now(), 1_000_000);
    // Until the compiler had time.
    while guest.call("spin", n) == 9 && !notes.lock().unwrap().iter().any(|l| l.contains("entered"))
    {
        assert!(start.elapsed() < Duration::from_secs(60));
    }
    let told = take(&notes).into_iter().filter(|line| line.contains("loop 0"));
    let told: Vec<_> = told.map(|line| line.split(": ").nth(1).unwrap().to_owned()).collect();
    let steps =
        ["queued", "compilation started", "compiled", "installed", "entered by a running frame"];
    assert_eq!(told, steps);
}

#[test]
fn what_waits_when_its_module_or_engine_is_dropped_is_cancelled() {
    let (mut config, notes) = config(1);
    config.thresholds(1, u32::MAX);
    // Many functions, more than one thread compiles while each is called twice.
    let func = |n| format!(r#"(func (export "{n}") (param i64) (result i64) (local.get 0))"#);
    let wat = format!("(module {})", (0..2000).map(func).collect::<String>());
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, wat).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    for n in 0..2000 {
        let func = instance.get_typed_func::<i64, i64>(&mut store, &n.to_string()).unwrap();
        assert_eq!(func.call(&mut store, n).unwrap(), n);
    }
    drop((store, module));
    drop(engine);
    let told = take(&notes);
    let count = |step: &str| told.iter().filter(|line| line.ends_with(step)).count();
    assert!(count(": cancelled") > 0);
    // The thread may have taken one up at the very moment.
    let lost = count(": queued") - count(": cancelled") - count(": compilation started");
    assert!(lost <= 1, "{lost} of {}", count(": queued"));
    assert_eq!(count(": installed"), count(": compilation started"));
}

#[test]
fn refusals_are_told_and_kept_with_their_reason() {
    let (config, notes) = config(0);
    let uses: String = (0..49_000).map(|n| format!("(drop (local.get {n}))")).collect();
    let wat = format!(
        r#"(module (func (export "run") (param i64) (result i64) (local {})
            (loop {uses} (br_if 0 (i64.ne (i64.const 0)
                (local.tee 0 (i64.sub (local.get 0) (i64.const 1))))))
            (local.get 0)))"#,
        "i32 ".repeat(49_000)
    );
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, wat).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
    (0..10).for_each(|_| assert_eq!(run.call(&mut store, 2).unwrap(), 0));
    let told = take(&notes);
    let refused: Vec<_> = told.iter().filter(|line| line.contains(": refused: ")).collect();
    assert_eq!(refused.len(), 2, "the loop and the function: {told:?}");
    let func = module.function_stats().remove(0);
    for reason in [&func.reason, &func.loops[0].reason] {
        let reason = reason.as_ref().expect("a reason");
        assert!(refused.iter().all(|line| line.ends_with(reason.as_str())), "{told:?}");
    }
    assert!(!func.compiled && !func.loops[0].compiled);
}

#[test]
fn the_figures_of_functions_count_what_was_interpreted() {
    let (config, _) = config(0);
    let mut guest = Guest::new(&config);
    assert_eq!(guest.module.function_stats()[1].calls, 0);
    (0..7).for_each(|n| assert_eq!(guest.call("hot", n), n + 1));
    (0..3).for_each(|n| assert_eq!(guest.call("spin", n), 9));
    let stats = guest.module.function_stats();
    let figures: Vec<_> = stats.iter().map(|func| (func.calls, func.compiled)).collect();
    assert_eq!(figures, [(0, false), (7, false), (3, false)]);
    // The first loop went round three times; the second moved at its tenth round.
    let loops: Vec<_> = stats[2].loops.iter().map(|found| (found.number, found.compiled)).collect();
    assert_eq!(loops, [(0, false), (1, true)]);
    assert_eq!((stats[2].loops[0].iterations, stats[2].loops[1].iterations), (3, 10));
    (0..20).for_each(|n| assert_eq!(guest.call("hot", n), n + 1));
    let hot = guest.module.function_stats().remove(1);
    assert!(hot.compiled && hot.code_bytes > 0 && hot.compile_time > Duration::ZERO, "{hot:?}");
    assert_eq!((hot.calls, hot.reason), (10, None));
}

#[test]
fn the_figures_of_functions_show_whom_their_calls_reached() {
    let mut config = Config::new();
    // Nothing is compiled here.
    config.strategy(Strategy::Tiered).thresholds(u32::MAX, u32::MAX);
    let engine = Engine::new(&config).unwrap();
    let wat = r#"(module
        (type $t (func (result i32)))
        (import "" "host" (func $host (type $t)))
        (table funcref (elem $host $one $two))
        (func $one (type $t) (i32.const 1))
        (func $two (type $t) (i32.const 2))
        (func (export "pick") (param i32) (result i32)
            (call_indirect (type $t) (local.get 0)))
        (func (export "many") (param $n i32)
            (loop $next
                (drop (call $two))
                (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    let module = Module::new(&engine, wat).unwrap();
    let mut store = Store::new(&engine, ());
    let host = Func::wrap(&mut store, || 0_i32);
    let instance = Instance::new(&mut store, &module, &[host.into()]).unwrap();
    let pick = instance.get_typed_func::<i32, i32>(&mut store, "pick").unwrap();
    for at in [2, 2, 1, 0, 2] {
        assert_eq!(pick.call(&mut store, at).unwrap(), at);
    }
    let many = instance.get_typed_func::<i32, ()>(&mut store, "many").unwrap();
    many.call(&mut store, 1000).unwrap();
    let site = |func: &FunctionStats| {
        let [site] = &func.call_sites[..] else { panic!("{func:?}") };
        let callees: Vec<_> =
            site.callees.iter().map(|callee| (callee.index, callee.calls)).collect();
        (site.direct, site.calls, callees)
    };
    let [one, _, picks, calls] = &module.function_stats()[..] else { panic!() };
    assert_eq!(one.call_sites, []);
    assert_eq!(site(picks), (false, 5, vec![(2, 3), (1, 1)]));
    assert_eq!(site(calls), (true, 64, vec![(2, 64)]), "counted no further");
    let [pick, many] = [picks, calls].map(|func| func.call_sites[0].offset);
    assert!(0 < pick && pick < many, "{pick}, {many}");
}
