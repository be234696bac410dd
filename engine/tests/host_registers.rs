//! Host functions of numbers, to which compiled code passes arguments in registers: neither
//! guests nor embedders can tell.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bimetal::{
    Engine, ExnRef, Func, FuncType, Instance, IntoFunc, Module, Result, Store, Tag, TagType,
    ThrownException, Trap, Val, ValType, WasmBacktrace, bail,
};
use common::{bits, engines_and_tiered, instantiate};

/// Calls of a host function in every way that there is, the first three with more numbers
/// around them than there are registers, which have to survive the call.
fn caller_wat(ty: &FuncType) -> String {
    let list = |name: &str, types: Vec<ValType>| {
        types.iter().fold(format!("({name}"), |text, ty| text + " " + &ty.to_string()) + ")"
    };
    let count = ty.params().len();
    let gets: String = (0..count).map(|i| format!("local.get {i} ")).collect();
    let ty = list("param", ty.params().collect()) + &list("result", ty.results().collect());
    let [mut locals, mut keep, mut check] = [const { String::new() }; 3];
    for (i, number) in ["i64", "f64", "i32", "f32"].iter().cycle().take(80).enumerate() {
        let value = format!("({number}.add (global.get ${number}) ({number}.const {i}))");
        locals += &format!("(local $kept{i} {number})");
        keep += &format!("(local.set $kept{i} {value})");
        check += &format!("(if ({number}.ne {value} (local.get $kept{i})) (then unreachable))");
    }
    let around = |name: &str, call: &str| {
        format!(r#"(func (export "{name}") (type $t) {locals} {keep} {gets} {call} {check})"#)
    };
    let direct = around("direct", "(call $f)");
    let indirect = around("indirect", "(call_indirect (type $t) (i32.const 0))");
    let by_ref = around("by_ref", "(call_ref $t (table.get (i32.const 0)))");
    format!(
        r#"(module
            (type $t (func {ty}))
            (import "host" "f" (func $f (type $t)))
            (table 1 (ref null $t))
            (elem (i32.const 0) (ref null $t) (ref.func $f))
            (global $i64 (mut i64) (i64.const 1234567890123))
            (global $f64 (mut f64) (f64.const 0.125))
            (global $i32 (mut i32) (i32.const -7))
            (global $f32 (mut f32) (f32.const 3.5))
            {direct} {indirect} {by_ref}
            (func (export "tail") (type $t) {gets} (return_call $f))
            (func (export "tail_ref") (type $t)
                {gets} (return_call_ref $t (table.get (i32.const 0))))
            (export "import" (func $f)))"#
    )
}

/// The function gives these results for these arguments, whoever calls it and however.
fn check<P, R>(func: impl IntoFunc<(), P, R> + Clone, args: &[Val], expected: &[Val]) {
    for engine in engines_and_tiered(|_| {}) {
        let mut store = Store::new(&engine, ());
        let host = Func::wrap(&mut store, func.clone());
        let wat = caller_wat(&host.ty(&store));
        let module = Module::new(&engine, &wat).unwrap();
        let instance = Instance::new(&mut store, &module, &[host.into()]).unwrap();
        for name in ["direct", "indirect", "by_ref", "tail", "tail_ref", "import"] {
            let func = instance.get_func(&mut store, name).unwrap();
            for _ in 0..4 {
                let mut results = vec![Val::I32(0); expected.len()];
                func.call(&mut store, args, &mut results).unwrap();
                assert_eq!(bits(&results), bits(expected), "{name} on {engine:?}");
            }
        }
    }
}

const NAN: u64 = 0x7ff4_0000_dead_beef;

#[test]
fn one_number_of_each_type_goes_there_and_back() {
    check(|n: i32| n.wrapping_sub(3), &[Val::I32(i32::MIN)], &[Val::I32(i32::MAX - 2)]);
    check(|n: u32| n / 2, &[Val::I32(-2)], &[Val::I32(i32::MAX)]);
    check(|n: i64| n >> 8, &[Val::I64(i64::MIN)], &[Val::I64(i64::MIN >> 8)]);
    check(|n: u64| n / 3, &[Val::I64(-1)], &[Val::I64(i64::MAX / 3 * 2 + 1)]);
    check(|x: f32| -x, &[Val::F32(0x7fa0_0001)], &[Val::F32(0xffa0_0001)]);
    check(|x: f64| -x, &[Val::F64(NAN)], &[Val::F64(NAN | 1 << 63)]);
}

#[test]
fn numbers_of_several_types_keep_their_order() {
    check(
        |a: i32, b: f64, c: i64, d: f32| f64::from(a) + b * 2.0 + c as f64 * 16.0 + f64::from(d),
        &[Val::I32(-1), Val::from(0.5_f64), Val::I64(1 << 40), Val::from(0.25_f32)],
        &[Val::from(0.25 + (1_i64 << 44) as f64)],
    );
    check(
        |a: f32, b: f32, c: f64, d: f64| (a - b * 10.0) as i64 * 1000 + (c - d * 10.0) as i64,
        &[Val::from(7_f32), Val::from(3_f32), Val::from(9_f64), Val::from(2_f64)],
        &[Val::I64(-23_011)],
    );
    let wide = [1_i64, -2, 3 << 40, -4 << 50].map(Val::I64);
    check(|a: i64, b: i64, c: i64, d: i64| a ^ b << 1 ^ c << 2 ^ d << 3, &wide, &{
        [Val::I64(1 ^ -4 ^ 12 << 40 ^ -32 << 50)]
    });
}

#[test]
fn one_parameter_more_than_fits_and_two_results_are_fine_too() {
    check(
        |a: i64, b: f32, c: i64, d: f64, e: i32| a - c + i64::from(e) + b as i64 + d as i64,
        &[Val::I64(1), Val::from(20_f32), Val::I64(300), Val::from(4000_f64), Val::I32(-5)],
        &[Val::I64(3716)],
    );
    check(|a: i32, b: f32| (b, a), &[Val::I32(1), Val::F32(2)], &[Val::F32(2), Val::I32(1)]);
    check(|| {}, &[], &[]);
    check(|| 1.5_f32, &[], &[Val::from(1.5_f32)]);
    check(|_: f64, _: i32| {}, &[Val::F64(1), Val::I32(2)], &[]);
}

#[test]
fn halves_of_wide_numbers_do_not_get_into_narrow_ones() {
    for engine in engines_and_tiered(|_| {}) {
        let mut store = Store::new(&engine, ());
        let host = Func::wrap(&mut store, |a: u32, b: u32| a.wrapping_add(b));
        let wat = r#"(module
            (import "" "f" (func $f (param i32 i32) (result i32)))
            (func (export "run") (param i64 i64) (result i64)
                (i64.extend_i32_u (call $f
                    (i32.wrap_i64 (local.get 0)) (i32.wrap_i64 (local.get 1))))))"#;
        let module = Module::new(&engine, wat).unwrap();
        let instance = Instance::new(&mut store, &module, &[host.into()]).unwrap();
        let run = instance.get_typed_func::<(u64, u64), u64>(&mut store, "run").unwrap();
        for _ in 0..4 {
            let sum = run.call(&mut store, (0x1234_5678_f000_0001, u64::MAX << 31)).unwrap();
            assert_eq!(sum, 0x7000_0001, "{engine:?}");
        }
    }
}

/// What fails at zero, traps at one, panics at two, and counts what is larger.
fn moody(count: &Arc<AtomicU64>) -> impl Fn(i32, f64) -> Result<i64> + Send + Sync + use<> {
    let count = Arc::clone(count);
    move |n, x| match n {
        0 => bail!("no {x}"),
        1 => Err(Trap::BadSignature.into()),
        2 => std::panic::panic_any(n),
        n => Ok(count.fetch_add(n as u64, Ordering::Relaxed) as i64),
    }
}

const MOODY: &str = r#"(module
    (type $t (func (param i32 f64) (result i64)))
    (import "host" "f" (func $f (type $t)))
    (import "host" "rest" (func $rest))
    (table funcref (elem $f))
    (func $inner (param i32) (result i64)
        (call $rest)
        (call $f (local.get 0) (f64.const 2.5)))
    (func (export "direct") (param i32) (result i64)
        (i64.add (call $inner (local.get 0)) (i64.const 0)))
    (func (export "indirect") (param i32) (result i64)
        (call $rest)
        (i64.add (i64.const 0)
            (call_indirect (type $t) (local.get 0) (f64.const 2.5) (i32.const 0))))
    (func (export "tail") (param i32) (result i64)
        (call $rest)
        (return_call $f (local.get 0) (f64.const 2.5))))"#;

/// An instance of [`MOODY`].
fn moody_instance(engine: &Engine, count: &Arc<AtomicU64>) -> (Store<()>, Instance) {
    let mut store = Store::new(engine, ());
    let host = Func::wrap(&mut store, moody(count));
    let rest = Func::wrap(&mut store, || {});
    let module = Module::new(engine, MOODY).unwrap();
    let instance = Instance::new(&mut store, &module, &[host.into(), rest.into()]).unwrap();
    (store, instance)
}

#[test]
fn errors_and_traps_say_where_the_guest_was_and_harm_nothing() {
    let count = Arc::default();
    let mut places = Vec::new();
    for engine in engines_and_tiered(|_| {}) {
        let (mut store, instance) = moody_instance(&engine, &count);
        for (name, depth) in [("direct", 2), ("indirect", 1), ("tail", 0)] {
            let run = instance.get_typed_func::<i32, i64>(&mut store, name).unwrap();
            for round in 0..4 {
                let before = count.load(Ordering::Relaxed);
                let error = run.call(&mut store, 0).unwrap_err();
                assert_eq!(error.root_cause().to_string(), "no 2.5");
                let trap = run.call(&mut store, 1).unwrap_err();
                assert_eq!(trap.downcast_ref::<Trap>(), Some(&Trap::BadSignature));
                for error in [error, trap] {
                    let trace = error.downcast_ref::<WasmBacktrace>();
                    let frames = trace.map_or(&[][..], |trace| trace.frames());
                    assert_eq!(frames.len(), depth, "{name} on {engine:?}");
                    let place = |frame: &bimetal::FrameInfo| frame.module_offset();
                    places.push((name, frames.iter().map(place).collect::<Vec<_>>()));
                }
                assert_eq!(run.call(&mut store, 3 + round).unwrap(), before as i64);
            }
        }
    }
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 3, "every engine says the same: {places:?}");
}

#[test]
fn panics_go_through_the_guest_and_harm_nothing() {
    let count = Arc::default();
    for engine in engines_and_tiered(|_| {}) {
        let (mut store, instance) = moody_instance(&engine, &count);
        for name in ["direct", "indirect", "tail"] {
            let run = instance.get_typed_func::<i32, i64>(&mut store, name).unwrap();
            for _ in 0..4 {
                let call = AssertUnwindSafe(|| run.call(&mut store, 2));
                let panic = catch_unwind(call).unwrap_err();
                assert_eq!(panic.downcast_ref::<i32>(), Some(&2), "{name} on {engine:?}");
                let before = count.load(Ordering::Relaxed);
                assert_eq!(run.call(&mut store, 7).unwrap(), before as i64);
            }
        }
    }
}

#[test]
fn an_exception_is_caught_around_the_call_that_it_comes_from() {
    for engine in engines_and_tiered(|_| {}) {
        let mut store = Store::new(&engine, ());
        let tag = TagType::new(FuncType::new(&engine, [ValType::I32], []));
        let tag = Tag::new(&mut store, tag).unwrap();
        let exception = ExnRef::new(&mut store, &tag, &[Val::I32(40)]).unwrap();
        let host = Func::wrap(&mut store, move |n: i32| -> Result<i32> {
            if n == 0 { Err(ThrownException::new(exception).into()) } else { Ok(n) }
        });
        let wat = r#"(module
            (import "" "tag" (tag $tag (param i32)))
            (import "" "f" (func $f (param i32) (result i32)))
            (func $inner (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))
            (func (export "run") (param $n i32) (param $kept i64) (result i64)
                (i64.add (local.get $kept) (i64.extend_i32_s (block $caught (result i32)
                    (try_table (result i32) (catch $tag $caught) (call $inner (local.get $n)))))))
            (func (export "near") (param $n i32) (param $kept i64) (result i64)
                (i64.add (local.get $kept) (i64.extend_i32_s (block $caught (result i32)
                    (try_table (result i32) (catch $tag $caught) (call $f (local.get $n))))))))"#;
        let module = Module::new(&engine, wat).unwrap();
        let imports = [tag.into(), host.into()];
        let instance = Instance::new(&mut store, &module, &imports).unwrap();
        for (name, more) in [("run", 1), ("near", 0)] {
            let run = instance.get_typed_func::<(i32, i64), i64>(&mut store, name).unwrap();
            for _ in 0..4 {
                assert_eq!(run.call(&mut store, (5, 1 << 40)).unwrap(), (1 << 40) + 5 + more);
                assert_eq!(run.call(&mut store, (0, 1 << 40)).unwrap(), (1 << 40) + 40);
            }
        }
    }
}

#[test]
fn a_closure_keeps_its_state_as_long_as_its_store() {
    for engine in engines_and_tiered(|_| {}) {
        let count = Arc::default();
        let (mut store, instance) = moody_instance(&engine, &count);
        let run = instance.get_typed_func::<i32, i64>(&mut store, "direct").unwrap();
        for before in [0, 5, 10, 15] {
            assert_eq!(run.call(&mut store, 5).unwrap(), before, "{engine:?}");
        }
        assert_eq!((count.load(Ordering::Relaxed), Arc::strong_count(&count)), (20, 2));
        drop(store);
        assert_eq!(Arc::strong_count(&count), 1, "{engine:?}");
    }
}

#[test]
fn guests_of_other_stores_run_and_trap_inside_such_a_function() {
    for engine in engines_and_tiered(|_| {}) {
        let other = engine.clone();
        let mut store = Store::new(&engine, ());
        let host = Func::wrap(&mut store, move |n: i32, x: f64| -> Result<i64> {
            let wat = r#"(module (func (export "divide") (param i32) (result i32)
                (i32.div_s (i32.const 100) (local.get 0))))"#;
            let (mut store, instance) = instantiate(&other, wat);
            let divide = instance.get_typed_func::<i32, i32>(&mut store, "divide")?;
            assert!(divide.call(&mut store, 0).is_err());
            Ok(i64::from(divide.call(&mut store, n)?) + x as i64)
        });
        let rest = Func::wrap(&mut store, || {});
        let module = Module::new(&engine, MOODY).unwrap();
        let instance = Instance::new(&mut store, &module, &[host.into(), rest.into()]).unwrap();
        let run = instance.get_typed_func::<i32, i64>(&mut store, "direct").unwrap();
        for _ in 0..4 {
            assert_eq!(run.call(&mut store, 7).unwrap(), 16, "{engine:?}");
            let error = run.call(&mut store, 0).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::IntegerDivisionByZero));
            assert_eq!(run.call(&mut store, 5).unwrap(), 22, "{engine:?}");
        }
    }
}
