//! Exceptions: through frames of guests and hosts, on every tier.

mod common;

use bimetal::*;
use common::{engines, engines_with};

const THROWER: &str = r#"(module
    (tag $e (export "e") (param i32 v128 f64))
    (import "" "host" (func $host (param i32)))
    (func (export "throw") (param i32)
        (throw $e (local.get 0) (v128.const i64x2 3 4) (f64.const 2.5)))
    (func (export "through") (param i32) (call $host (local.get 0))))"#;

const CATCHER: &str = r#"(module
    (import "" "e" (tag $e (param i32 v128 f64)))
    (import "" "f" (func $f (param i32)))
    (tag $other)
    (func $deep (param $n i32) (param $x i32)
        (if (local.get $n)
            (then (call $deep (i32.sub (local.get $n) (i32.const 1)) (local.get $x)))
            (else (call $f (local.get $x)))))
    (func (export "catch") (param $x i32) (result i32)
        (local $kept i64) (local $i i32) (local $sum i32)
        (local.set $kept (i64.const 100))
        (loop $again
            (i32.const 1000)
            (block $h (result i32 v128 f64)
                (try_table (catch $other 1) (catch $e $h)
                    (local.set $kept (i64.add (local.get $kept) (i64.const 1)))
                    (call $deep (i32.const 50) (local.get $x)))
                (unreachable))
            (i32.trunc_f64_s)
            (local.set $sum)
            (i32.add (i32x4.extract_lane 2) (local.get $sum))
            (local.set $sum)
            (i32.add)
            (local.set $sum (i32.add (local.get $sum)))
            (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                                    (i32.const 20))))
        (i32.add (local.get $sum) (i32.wrap_i64 (local.get $kept))))
    (func (export "rethrow") (param $x i32)
        (block $h (result exnref)
            (try_table (catch_all_ref $h) (call $f (local.get $x)))
            (return))
        (throw_ref)))"#;

/// The exports of the two modules, the second of which calls what `f` names.
fn instances(store: &mut Store<()>, host: Func, f: &str) -> Result<(Instance, Instance)> {
    let engine = store.engine().clone();
    let thrower = Instance::new(&mut *store, &Module::new(&engine, THROWER)?, &[host.into()])?;
    let tag = thrower.get_export(&mut *store, "e").unwrap();
    let f = thrower.get_export(&mut *store, f).unwrap();
    let catcher = Instance::new(&mut *store, &Module::new(&engine, CATCHER)?, &[tag, f])?;
    Ok((thrower, catcher))
}

#[test]
fn a_handler_finds_locals_operands_and_payload() {
    for engine in &engines() {
        let mut store = Store::new(engine, ());
        let host = Func::wrap(&mut store, |_: i32| ());
        let (_, catcher) = instances(&mut store, host, "throw").unwrap();
        let catch = catcher.get_typed_func::<i32, i32>(&mut store, "catch").unwrap();
        // 1000 and the payload: 7, 4 and 2; 20 times counted in a local.
        assert_eq!(catch.call(&mut store, 7).unwrap(), 1013 + 120);
    }
}

#[test]
fn an_exception_passes_through_the_host_as_an_error() {
    for engine in &engines() {
        let mut store = Store::new(engine, ());
        let host = Func::wrap(&mut store, |mut caller: Caller<'_, ()>, x: i32| -> Result<()> {
            let throw = caller.get_export("throw").and_then(Extern::into_func).unwrap();
            let error = throw.call(&mut caller, &[Val::I32(x)], &mut []).unwrap_err();
            assert!(error.is::<ThrownException>());
            Err(error)
        });
        let (_, catcher) = instances(&mut store, host, "through").unwrap();
        let catch = catcher.get_typed_func::<i32, i32>(&mut store, "catch").unwrap();
        assert_eq!(catch.call(&mut store, 8).unwrap(), 1014 + 120);
    }
}

#[test]
fn the_host_throws_and_catches() {
    for engine in &engines() {
        let mut store = Store::new(engine, ());
        let tag = Tag::new(&mut store, TagType::new(FuncType::new(engine, [ValType::I32], [])));
        let tag = tag.unwrap();
        let exception = ExnRef::new(&mut store, &tag, &[Val::I32(9)]).unwrap();
        assert!(ExnRef::new(&mut store, &tag, &[Val::I64(9)]).is_err());
        let host = Func::wrap(&mut store, move |_: i32| -> Result<()> {
            Err(ThrownException::new(exception).into())
        });
        let (_, catcher) = instances(&mut store, host, "through").unwrap();
        for name in ["catch", "rethrow"] {
            let f = catcher.get_func(&mut store, name).unwrap();
            let mut results = vec![Val::I32(0); f.ty(&store).results().len()];
            let error = f.call(&mut store, &[Val::I32(0)], &mut results).unwrap_err();
            let thrown = error.downcast_ref::<ThrownException>().unwrap();
            let thrown = thrown.exception(&mut store).unwrap();
            assert_eq!(thrown.tag(&store).unwrap(), tag);
            assert!(matches!(thrown.fields(&mut store).unwrap()[..], [Val::I32(9)]));
        }
    }
}

#[test]
fn an_uncaught_exception_has_the_backtrace_of_its_throw() {
    for engine in &engines() {
        let mut store = Store::new(engine, ());
        let host = Func::wrap(&mut store, |mut caller: Caller<'_, ()>, x: i32| -> Result<()> {
            let throw = caller.get_export("throw").and_then(Extern::into_func).unwrap();
            throw.call(&mut caller, &[Val::I32(x)], &mut [])
        });
        let (thrower, _) = instances(&mut store, host, "throw").unwrap();
        for (name, frames) in [("throw", &[1][..]), ("through", &[1, 2])] {
            let f = thrower.get_typed_func::<i32, ()>(&mut store, name).unwrap();
            let error = f.call(&mut store, 1).unwrap_err();
            assert!(error.is::<ThrownException>());
            let trace = error.downcast_ref::<WasmBacktrace>().unwrap();
            let found: Vec<u32> = trace.frames().iter().map(FrameInfo::func_index).collect();
            assert_eq!(found, frames, "{:?}: {error:?}", engine.strategy());
        }
    }
}

#[test]
fn exceptions_that_nobody_can_reach_make_room_for_others() {
    const WAT: &str = r#"(module
        (tag $e (param (ref null struct)))
        (type $box (struct (field (ref null struct)) (field i64)))
        (func (export "run") (param $count i32) (result i32)
            (local $caught exnref) (local $payload (ref null struct))
            (loop $again
                (block $h (result (ref null struct) (ref exn))
                    (try_table (catch_ref $e $h)
                        (throw $e (struct.new $box (local.get $payload)
                            (i64.extend_i32_u (local.get $count)))))
                    (unreachable))
                (local.set $caught)
                ;; Every payload refers to the one before, up to a length.
                (local.set $payload)
                (if (i32.eqz (i32.and (local.get $count) (i32.const 15)))
                    (then (local.set $payload (ref.null struct))))
                (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
            (block $h (result (ref null struct))
                (try_table (catch $e $h) (throw_ref (local.get $caught)))
                (unreachable))
            (i32.wrap_i64 (struct.get $box 1 (ref.cast (ref $box))))))"#;
    for (stress, count) in [(false, 100_000), (true, 100)] {
        for engine in &engines_with(|config| _ = config.gc_stress(stress)) {
            let mut store = Store::new(engine, ());
            store.set_limits(StoreLimitsBuilder::new().heap_size(1 << 16).build());
            let module = Module::new(engine, WAT).unwrap();
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
            assert_eq!(run.call(&mut store, count).unwrap(), 1);
        }
    }
}
