//! Backtraces and unwinding through several activations.

use std::sync::Arc;

use super::*;
use crate::host::HostFunc;
use crate::store::{Extern, InstanceId, StoreBox};
use crate::test_tier::{call, instantiate, store};
use bimetal_core::types::{FuncType, ValType};

const WAT: &str = r#"(module $outer
    (import "" "f" (func $f (param i32) (result i32)))
    (func $increment (export "increment") (param i32) (result i32) local.get 0)
    (func $trap (export "trap") (param i32) (result i32) local.get 0)
    (func $calls (export "call") (param i32) (result i32) local.get 0)
    (func (export "recurse") (param i32) (result i32) local.get 0))"#;

fn host(
    store: &mut StoreBox,
    body: impl Fn() -> Result<(), Unwind> + Send + Sync + 'static,
) -> Extern {
    let ty = FuncType::new([ValType::I32], [ValType::I32]);
    let host = HostFunc::new(&store.types, ty, Box::new(move |_, _, _| body()));
    Extern::Func(store.new_host_func(Arc::new(host)))
}

/// An instance whose import returns at once, and one that imports this
/// function of it.
fn nested(store: &mut StoreBox, import: &str) -> InstanceId {
    let leaf = host(store, || Ok(()));
    let inner = instantiate(store, WAT, &[leaf]).unwrap();
    let import = store.export(inner, import).unwrap();
    instantiate(store, WAT, &[import]).unwrap()
}

fn trap_of(result: Result<i32, Unwind>) -> Trap {
    match result {
        Err(Unwind::Trap(trap)) => trap,
        other => panic!("expected a trap, found {other:?}"),
    }
}

#[test]
fn a_backtrace_shows_all_activations_innermost_first() {
    let mut store = store();
    let outer = nested(&mut store, "trap");
    let trap = trap_of(call(&mut store, outer, "call", 5));
    assert_eq!(trap.code, TrapCode::IntegerDivideByZero);
    assert_eq!(
        trap.to_string(),
        "wasm trap: integer divide by zero\n\
         wasm backtrace:\n    \
           0:     0x21 - outer!trap (function 2)\n    \
           1:     0x22 - outer!calls (function 3)"
    );
    // SAFETY: the store is alive.
    assert!(unsafe { (*store.vm()).activation }.is_null());
}

#[test]
fn a_call_between_instances_returns_its_result() {
    let mut store = store();
    let outer = nested(&mut store, "increment");
    assert_eq!(call(&mut store, outer, "call", 5).unwrap(), 6);
}

#[test]
fn endless_recursion_is_a_trap_whose_backtrace_is_capped() {
    let mut store = store();
    let outer = nested(&mut store, "increment");
    let trap = trap_of(call(&mut store, outer, "recurse", 0));
    assert_eq!((trap.code, trap.frames.len()), (TrapCode::StackOverflow, MAX_FRAMES));
    assert!(trap.omitted > 0);
    assert!(trap.to_string().ends_with(&format!("... {} more frames", trap.omitted)));
    // The store is still good.
    assert_eq!(call(&mut store, outer, "increment", 1).unwrap(), 2);
}

#[test]
fn a_host_error_comes_back_as_the_value_it_was() {
    let mut store = store();
    let fails = host(&mut store, || Err(Unwind::Host(Box::new("sorry"))));
    let instance = instantiate(&mut store, WAT, &[fails]).unwrap();
    let Err(Unwind::Host(value)) = call(&mut store, instance, "call", 0) else { panic!() };
    assert_eq!(value.downcast_ref(), Some(&"sorry"));
}

#[test]
fn a_host_panic_is_carried_not_unwound_through_the_guest() {
    let mut store = store();
    let panics = host(&mut store, || std::panic::resume_unwind(Box::new(42)));
    let instance = instantiate(&mut store, WAT, &[panics]).unwrap();
    let Err(Unwind::Panic(value)) = call(&mut store, instance, "call", 0) else { panic!() };
    assert_eq!(value.downcast_ref(), Some(&42));
    assert_eq!(call(&mut store, instance, "increment", 1).unwrap(), 2);
}
