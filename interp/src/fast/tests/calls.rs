//! Calls: between instances, with the host, through tables, and backtraces across them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use bimetal_core::trap::TrapCode;
use bimetal_core::types::{FuncType, ValType};
use bimetal_core::value::Slot;
use bimetal_runtime::abi::Outcome;
use bimetal_runtime::{Extern, Unwind};

use super::{Wasm, i32, i64};

#[test]
fn several_results_come_back_in_order() {
    let mut wasm = Wasm::new(
        r#"(module
            (func $swap (export "swap") (param i32 i64) (result i64 i32)
                (local.get 1) (local.get 0))
            (func (export "twice") (param i32 i64) (result i64 i32)
                (local i64)
                (call $swap (local.get 0) (local.get 1))
                (i64.extend_i32_s) (local.set 2)
                (i32.wrap_i64) (local.get 2) (call $swap)
                (i32.const 1) (i32.add))
            (func $many (result i32 i32 i32 i32 i32 i32)
                (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6))
            (func (export "sum") (result i32)
                (call $many) (i32.sub) (i32.add) (i32.mul) (i32.sub) (i32.add)))"#,
    );
    let results = wasm.call("swap", &[i32(7), i64(9)]).unwrap();
    assert_eq!((results[0].i64(), results[1].i32()), (9, 7));
    let results = wasm.call("twice", &[i32(7), i64(9)]).unwrap();
    assert_eq!((results[0].i64(), results[1].i32()), (7, 10));
    assert_eq!(wasm.get::<i32>("sum", &[]), 1 + (2 - 3 * (4 + (5 - 6))));
}

#[test]
fn call_indirect_checks_index_null_and_type_in_this_order() {
    let mut wasm = Wasm::new(
        r#"(module
            (type $unary (func (param i32) (result i32)))
            (table 4 funcref)
            (elem (i32.const 0) $inc $dec $other)
            (func $inc (type $unary) (i32.add (local.get 0) (i32.const 1)))
            (func $dec (type $unary) (i32.sub (local.get 0) (i32.const 1)))
            (func $other (result i32) (i32.const 0))
            (func (export "call") (param i32 i32) (result i32)
                (call_indirect (type $unary) (local.get 0) (local.get 1))))"#,
    );
    assert_eq!(wasm.get::<i32>("call", &[i32(5), i32(0)]), 6);
    assert_eq!(wasm.get::<i32>("call", &[i32(5), i32(1)]), 4);
    let code = |wasm: &mut Wasm, index| wasm.trap_code("call", &[i32(5), i32(index)]);
    assert_eq!(code(&mut wasm, 2), TrapCode::IndirectCallTypeMismatch);
    assert_eq!(code(&mut wasm, 3), TrapCode::UninitializedElement);
    assert_eq!(code(&mut wasm, 4), TrapCode::UndefinedElement);
    assert_eq!(code(&mut wasm, -1), TrapCode::UndefinedElement);
}

#[test]
fn a_function_of_another_instance_runs_in_its_own_context() {
    let mut wasm = Wasm::empty();
    let counter = wasm.add(
        r#"(module (global $n (mut i32) (i32.const 10))
            (func (export "bump") (param i32 i32) (result i32 i32)
                (global.set $n (i32.add (global.get $n) (local.get 0)))
                (global.get $n) (local.get 1)))"#,
        &[],
    );
    let bump = wasm.export(counter, "bump");
    wasm.add(
        r#"(module
            (import "" "" (func $bump (param i32 i32) (result i32 i32)))
            (global $n (mut i32) (i32.const 100))
            (table 1 funcref) (elem (i32.const 0) $bump)
            (func (export "direct") (param i32) (result i32)
                (local.get 0)
                (call $bump (i32.const 3) (i32.const 1000)) (i32.add) (i32.add)
                (i32.add (global.get $n)))
            (func (export "indirect") (param i32) (result i32)
                (call_indirect (param i32 i32) (result i32 i32)
                    (i32.const 2) (i32.const 0) (i32.const 0))
                (i32.add) (i32.add (global.get $n)) (i32.add (local.get 0))))"#,
        &[bump],
    );
    assert_eq!(wasm.get::<i32>("direct", &[i32(5)]), 5 + 13 + 1000 + 100);
    assert_eq!(wasm.get::<i32>("indirect", &[i32(5)]), 15 + 100 + 5);
    assert_eq!(wasm.tiers.len(), 2);
}

#[test]
fn the_host_is_called_with_the_arguments_and_its_results_arrive() {
    let mut wasm = Wasm::empty();
    let ty = FuncType::new([ValType::I32, ValType::F64], [ValType::F64]);
    let host = wasm.host(
        ty,
        Box::new(|_, _, slots| {
            // SAFETY: the slots of a call of this type.
            unsafe {
                let (a, b) = ((*slots).i32(), (*slots.add(1)).f64());
                *slots = Slot::from_f64(f64::from(a) * b);
            }
            Ok(())
        }),
    );
    wasm.add(
        r#"(module (import "" "" (func $mul (param i32 f64) (result f64)))
            (func (export "run") (param i32) (result f64)
                (f64.add (f64.const 0.5) (call $mul (local.get 0) (f64.const 2.5)))))"#,
        &[host],
    );
    assert_eq!(wasm.get::<f64>("run", &[i32(4)]), 10.5);
}

#[test]
fn an_error_of_the_host_unwinds_every_frame() {
    let mut wasm = Wasm::empty();
    let host = wasm.host(
        FuncType::default(),
        Box::new(|_, _, _| Err(Unwind::Host(Box::new("no".to_string())))),
    );
    wasm.add(
        r#"(module (import "" "" (func $fail))
            (func $down (param i32)
                (if (local.get 0)
                    (then (call $down (i32.sub (local.get 0) (i32.const 1))))
                    (else (call $fail))))
            (func (export "run") (call $down (i32.const 10)))
            (func (export "one") (result i32) (i32.const 1)))"#,
        &[host],
    );
    let Err(Unwind::Host(error)) = wasm.call("run", &[]) else { panic!("no host error") };
    assert_eq!(error.downcast_ref::<String>().map(String::as_str), Some("no"));
    assert_eq!(wasm.get::<i32>("one", &[]), 1);
}

#[test]
fn a_panic_of_the_host_is_pending_and_the_store_stays_usable() {
    let mut wasm = Wasm::empty();
    let host = wasm.host(FuncType::default(), Box::new(|_, _, _| panic!("on purpose")));
    wasm.add(
        r#"(module (import "" "" (func $fail))
            (func (export "run") (call $fail))
            (func (export "one") (result i32) (i32.const 1)))"#,
        &[host],
    );
    assert!(matches!(wasm.call("run", &[]), Err(Unwind::Panic(_))));
    assert_eq!(wasm.get::<i32>("one", &[]), 1);
}

/// Calls `callee` again from the host.
fn reenter(wasm: &mut Wasm, target: Arc<AtomicI32>) -> Extern {
    wasm.host(
        FuncType::new([ValType::FUNCREF, ValType::I32], [ValType::I32]),
        Box::new(move |store, _, slots| {
            target.fetch_add(1, Ordering::Relaxed);
            // SAFETY: a function reference of this store; its type takes and
            // returns one number.
            unsafe {
                let callee = std::ptr::with_exposed_provenance((*slots).bits() as usize);
                let callee: *const bimetal_runtime::vmctx::VmFuncRef = callee;
                let mut inner = [*slots.add(1)];
                let array = (*(*callee).code).array();
                if array(store, callee, inner.as_mut_ptr()) != Outcome::RETURN {
                    return Err((*(*store).store).pending.take().expect("a reason"));
                }
                *slots = inner[0];
            }
            Ok(())
        }),
    )
}

const REENTRANT: &str = r#"(module
    (import "" "" (func $again (param funcref i32) (result i32)))
    (elem declare func $count)
    (func $count (export "count") (param i32) (result i32) (local i32 i32)
        (local.set 1 (i32.const 77))
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1)
                (call $again (ref.func $count) (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.div_u (i32.const 77) (local.get 1))))
        (i32.add (i32.sub (local.get 1) (i32.const 77)))))"#;

#[test]
fn the_host_may_enter_again_above_the_frames_that_wait() {
    let mut wasm = Wasm::empty();
    let calls = Arc::new(AtomicI32::new(0));
    let again = reenter(&mut wasm, Arc::clone(&calls));
    wasm.add(REENTRANT, &[again]);
    assert_eq!(wasm.get::<i32>("count", &[i32(20)]), 21);
    assert_eq!(calls.load(Ordering::Relaxed), 20);
}

#[test]
fn endless_entering_exhausts_the_stack() {
    let mut wasm = Wasm::empty();
    let again = reenter(&mut wasm, Arc::default());
    wasm.add(REENTRANT, &[again]);
    assert_eq!(wasm.trap_code("count", &[i32(-1)]), TrapCode::StackOverflow);
    assert_eq!(wasm.get::<i32>("count", &[i32(3)]), 4);
}
