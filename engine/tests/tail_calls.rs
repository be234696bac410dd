//! Tail calls: constant stack whoever calls whom, arguments of any number, and
//! what remains visible of the caller.

mod common;

use bimetal::{Caller, Engine, Error, Extern, Func, Instance, Linker, Module, Store, Trap};
use bimetal::{Val, WasmBacktrace};
use common::{engines, instantiate, run};

/// Deep enough to exhaust any stack by ordinary calls.
const DEEP: i32 = 1_000_000;

/// A module whose export `run` says whether a number is even, and whose two
/// functions call each other.
const MUTUAL: &str = r#"(module
    (type $t (func (param i32) (result i32)))
    (table funcref (elem $even $odd))
    (func $even (export "run") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
        (i32.sub (local.get 0) (i32.const 1)) CALL_ODD)
    (func $odd (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
        (i32.sub (local.get 0) (i32.const 1)) CALL_EVEN))"#;

#[test]
fn a_million_tail_calls_take_no_stack_by_name_by_table_and_by_reference() {
    let pairs = [
        ("(return_call $odd)", "(return_call $even)"),
        (
            "(return_call_indirect (type $t) (i32.const 1))",
            "(return_call_indirect (type $t) (i32.const 0))",
        ),
        ("(return_call_ref $t (ref.func $odd))", "(return_call_ref $t (ref.func $even))"),
    ];
    for engine in engines() {
        for (odd, even) in pairs {
            let wat = MUTUAL.replace("CALL_ODD", odd).replace("CALL_EVEN", even);
            let (mut store, instance) = instantiate(&engine, &wat);
            let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
            assert_eq!(run.call(&mut store, DEEP).unwrap(), 1, "{odd} on {engine:?}");
            assert_eq!(run.call(&mut store, DEEP + 1).unwrap(), 0, "{odd} on {engine:?}");
        }
    }
}

#[test]
fn a_function_that_goes_on_to_itself_takes_no_stack() {
    let wat = r#"(module
        (func $sum (export "run") (param i64 i64) (result i64)
            (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
            (return_call $sum (i64.sub (local.get 0) (i64.const 1))
                (i64.add (local.get 0) (local.get 1)))))"#;
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        let run = instance.get_typed_func::<(i64, i64), i64>(&mut store, "run").unwrap();
        let n = i64::from(DEEP);
        assert_eq!(run.call(&mut store, (n, 0)).unwrap(), n * (n + 1) / 2, "{engine:?}");
    }
}

/// Two instances that go on to each other through a table; each counts in a
/// global of its own.
fn ping_pong(engine: &Engine) -> (Store<()>, Instance, Instance) {
    let wat = |here: i32, there: i32, table: &str| {
        format!(
            r#"(module
                (type $t (func (param i32 i64) (result i64 i32)))
                {table}
                (global $count (export "count") (mut i32) (i32.const 0))
                (elem (table 0) (i32.const {here}) func $step)
                (func $step (export "step") (type $t)
                    (global.set $count (i32.add (global.get $count) (i32.const 1)))
                    (if (i32.eqz (local.get 0))
                        (then (return (local.get 1) (global.get $count))))
                    (return_call_indirect (type $t)
                        (i32.sub (local.get 0) (i32.const 1))
                        (i64.add (local.get 1) (i64.const {here}))
                        (i32.const {there})))
                (func (export "run") (param i32) (result i64 i32 i32)
                    (call $step (local.get 0) (i64.const 0))
                    (global.get $count)))"#
        )
    };
    let mut store = Store::new(engine, ());
    let module = Module::new(engine, wat(1, 2, "(table (export \"t\") 3 funcref)")).unwrap();
    let first = Instance::new(&mut store, &module, &[]).unwrap();
    let table = first.get_export(&mut store, "t").unwrap();
    let module = Module::new(engine, wat(2, 1, "(import \"\" \"\" (table 3 funcref))")).unwrap();
    let second = Instance::new(&mut store, &module, &[table]).unwrap();
    (store, first, second)
}

#[test]
fn tail_calls_between_instances_take_no_stack_and_the_caller_keeps_its_context() {
    for engine in engines() {
        let (mut store, first, second) = ping_pong(&engine);
        let run = first.get_typed_func::<i32, (i64, i32, i32)>(&mut store, "run").unwrap();
        // An even number of steps ends in the first instance, an odd one in the second.
        let half = DEEP / 2;
        let sum = i64::from(half) * 3;
        assert_eq!(run.call(&mut store, DEEP).unwrap(), (sum, half + 1, half + 1), "{engine:?}");
        let again = run.call(&mut store, 1).unwrap();
        assert_eq!(again, (1, half + 1, half + 2), "{engine:?}");
        // The host calls the function that goes on to the other instance.
        let step = second.get_typed_func::<(i32, i64), (i64, i32)>(&mut store, "step").unwrap();
        let result = step.call(&mut store, (3, 0)).unwrap();
        assert_eq!(result, (2 + 1 + 2, half + 4), "{engine:?}");
    }
}

#[test]
fn a_host_function_returns_to_the_caller_of_its_caller() {
    for engine in engines() {
        let mut store = Store::new(&engine, 0_i64);
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("", "add", |mut caller: Caller<'_, i64>, a: i64, b: f64| -> (f64, i64) {
                *caller.data_mut() += a;
                (b * 2.0, *caller.data())
            })
            .unwrap();
        let wat = r#"(module
            (import "" "add" (func $add (param i64 f64) (result f64 i64)))
            (global $base (mut i64) (i64.const 7))
            (func $step (param i32 i64) (result f64 i64)
                (return_call $add (local.get 1) (f64.convert_i32_s (local.get 0))))
            (func (export "direct") (param i32 i64) (result f64 i64)
                (return_call $step (local.get 0) (local.get 1)))
            (func (export "run") (local i32 i64 f64)
                (local.set 0 (i32.const 100000))
                (loop $again
                    (call $step (local.get 0) (i64.const 2))
                    (local.set 1) (local.set 2)
                    (if (f64.ne (local.get 2) (f64.convert_i32_s
                            (i32.mul (local.get 0) (i32.const 2)))) (then unreachable))
                    (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (if (i64.ne (local.get 1) (i64.const 200000)) (then unreachable))
                (if (i64.ne (global.get $base) (i64.const 7)) (then unreachable))))"#;
        run(&linker, &mut store, wat).unwrap_or_else(|error| panic!("{engine:?}: {error:?}"));
        let module = Module::new(&engine, wat).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let direct =
            instance.get_typed_func::<(i32, i64), (f64, i64)>(&mut store, "direct").unwrap();
        assert_eq!(direct.call(&mut store, (4, 5)).unwrap(), (8.0, 200_005), "{engine:?}");
    }
}

/// Functions with `few` and `many` parameters that go on to each other; the many
/// are a rotating list, of which the first is added up.
fn lists(many: usize) -> String {
    let params = "(param i64) ".repeat(many);
    let rotated: String =
        (0..many).map(|i| format!("(local.get {}) ", 2 + (i + 1) % many)).collect();
    let first: String = (0..many).map(|i| format!("(i64.const {}) ", i + 1)).collect();
    format!(
        r#"(module
            (func $many (param i32 i64) {params} (result i64) (local i64 i64)
                (if (i32.eqz (local.get 0)) (then (return_call $few (local.get 1))))
                (return_call $more (local.get 0)
                    (i64.add (local.get 1) (local.get 2)) {rotated} (f32.const 1) (i32.const 1)))
            (func $more (param i32 i64) {params} (param f32 i32) (result i64)
                (return_call $many (i32.sub (local.get 0) (local.get {last})) (local.get 1) {same}))
            (func $few (param i64) (result i64) (i64.mul (local.get 0) (i64.const 3)))
            (func $start (param i32) (result i64)
                (return_call $many (local.get 0) (i64.const 0) {first}))
            (func (export "run") (param i32) (result i64) (local i64 i64)
                (local.set 1 (i64.const 40)) (local.set 2 (i64.const 2))
                (i64.add (call $start (local.get 0)) (i64.add (local.get 1) (local.get 2)))))"#,
        last = many + 3,
        same = (0..many).map(|i| format!("(local.get {}) ", i + 2)).collect::<String>(),
    )
}

#[test]
fn arguments_beyond_registers_reach_callees_with_more_and_with_fewer_of_them() {
    for engine in engines() {
        for many in [1, 5, 20, 60] {
            let (mut store, instance) = instantiate(&engine, &lists(many));
            let run = instance.get_typed_func::<i32, i64>(&mut store, "run").unwrap();
            let steps = 100_000;
            let sum: i64 = (0..steps).map(|i| (i % many as i64) + 1).sum();
            let result = run.call(&mut store, steps as i32).unwrap();
            assert_eq!(result, sum * 3 + 42, "{many} on {engine:?}");
        }
    }
}

fn names(error: &Error) -> Vec<String> {
    let frames = error.downcast_ref::<WasmBacktrace>().expect("a backtrace").frames();
    frames.iter().map(|frame| frame.func_name().unwrap_or("?").to_owned()).collect()
}

#[test]
fn a_backtrace_shows_the_callee_and_not_who_went_on_to_it() {
    let wat = r#"(module
        (table funcref (elem $boom))
        (type $t (func))
        (func $boom unreachable)
        (func $middle (return_call_indirect (type $t) (i32.const 0)))
        (func $first (return_call $middle))
        (func $run (export "run") (call $first)))"#;
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        let error = run.call(&mut store, ()).unwrap_err();
        assert_eq!(names(&error), ["boom", "run"], "{engine:?}");
    }
}

#[test]
fn the_host_sees_who_waits_for_it_even_in_another_instance() {
    for engine in engines() {
        let mut store = Store::new(&engine, Vec::new());
        let look = Func::wrap(&mut store, |mut caller: Caller<'_, Vec<String>>| {
            let backtrace = WasmBacktrace::capture(&caller);
            let names = backtrace.frames().iter().map(|frame| frame.func_name().unwrap().into());
            let names: Vec<String> = names.collect();
            *caller.data_mut() = names;
        });
        let wat = r#"(module (import "" "look" (func $look))
            (func $leaf (export "leaf") (return_call $look)))"#;
        let module = Module::new(&engine, wat).unwrap();
        let inner = Instance::new(&mut store, &module, &[look.into()]).unwrap();
        let leaf = inner.get_export(&mut store, "leaf").unwrap();
        let wat = r#"(module (import "" "leaf" (func $leaf))
            (func $go (export "go") (return_call $leaf))
            (func $run (export "run") (call $go)))"#;
        let module = Module::new(&engine, wat).unwrap();
        let outer = Instance::new(&mut store, &module, &[leaf]).unwrap();
        for (name, expected) in [("run", &["run"][..]), ("go", &[])] {
            store.data_mut().clear();
            let func = outer.get_typed_func::<(), ()>(&mut store, name).unwrap();
            func.call(&mut store, ()).unwrap();
            assert_eq!(store.data(), expected, "{engine:?}");
        }
    }
}

#[test]
fn tail_calls_between_ordinary_ones_still_end_at_the_limit_of_the_stack() {
    let wat = r#"(module
        (func $call (export "run") (param i64) (result i64)
            (i64.add (call $go (local.get 0)) (i64.const 1)))
        (func $go (param i64) (result i64) (return_call $call (local.get 0))))"#;
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        for _ in 0..2 {
            let error = run.call(&mut store, 0).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{engine:?}");
        }
    }
}

#[test]
fn a_tail_call_of_what_is_not_there_traps_where_it_stands() {
    let wat = r#"(module
        (type $t (func (result i32)))
        (type $u (func (result i64)))
        (table 2 funcref)
        (elem (i32.const 1) $other)
        (func $other (type $u) (i64.const 0))
        (func (export "null") (result i32) (return_call_ref $t (ref.null $t)))
        (func (export "empty") (result i32) (return_call_indirect (type $t) (i32.const 0)))
        (func (export "type") (result i32) (return_call_indirect (type $t) (i32.const 1)))
        (func (export "outside") (result i32) (return_call_indirect (type $t) (i32.const 2))))"#;
    let cases = [
        ("null", Trap::NullFunctionReference),
        ("empty", Trap::IndirectCallToNull),
        ("type", Trap::BadSignature),
        ("outside", Trap::UndefinedElement),
    ];
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        for (name, trap) in cases {
            let Some(Extern::Func(func)) = instance.get_export(&mut store, name) else { panic!() };
            let error = func.call(&mut store, &[], &mut [Val::I32(0)]).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&trap), "{name} on {engine:?}");
            assert_eq!(names(&error), [name], "{engine:?}");
        }
    }
}
