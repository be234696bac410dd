//! Calls between instances, through tables, to the host and back.

mod common;

use bimetal_core::trap::TrapCode;
use bimetal_core::types::{FuncType, ValType};
use bimetal_core::value::Slot;
use bimetal_runtime::abi::Outcome;
use bimetal_runtime::store::Extern;
use bimetal_runtime::trap::{Trap, Unwind};
use common::World;

const I32: ValType = ValType::I32;
const F64: ValType = ValType::F64;

#[test]
fn a_host_function_takes_arguments_and_gives_results() {
    let mut world = World::new();
    let ty = FuncType::new([I32, F64, ValType::I64, ValType::F32], [F64, I32]);
    let host = world.host(
        ty,
        Box::new(|_, _, slots| {
            // SAFETY: four slots by the type.
            let slots = unsafe { std::slice::from_raw_parts_mut(slots, 4) };
            let sum = f64::from(slots[0].i32()) + slots[1].f64() + slots[2].i64() as f64;
            let sum = sum + f64::from(slots[3].f32());
            slots[0] = Slot::from_f64(sum);
            slots[1] = Slot::from_i32(7);
            Ok(())
        }),
    );
    let id = world.instance(
        r#"(module (import "" "f" (func $f (param i32 f64 i64 f32) (result f64 i32)))
            (func (export "run") (result f64 i32)
              (call $f (i32.const 1) (f64.const 2) (i64.const 3) (f32.const 4))))"#,
        &[host],
    );
    let results = world.call(id, "run", &[]).unwrap();
    assert_eq!((f64::from_bits(results[0]), results[1] as u32), (10.0, 7));
}

#[test]
fn more_values_than_registers_go_through_every_boundary() {
    let mut world = World::new();
    let ty = FuncType::new([ValType::I64; 20], [ValType::I64; 20]);
    let host = world.host(
        ty,
        Box::new(|_, _, slots| {
            // SAFETY: twenty slots by the type.
            unsafe { std::slice::from_raw_parts_mut(slots, 20) }.reverse();
            Ok(())
        }),
    );
    let list = "i64 ".repeat(20);
    let gets: String = (0..20).map(|i| format!("(local.get {i})")).collect();
    let wat = format!(
        r#"(module (type $t (func (param {list}) (result {list})))
            (import "" "f" (func $f (type $t)))
            (table funcref (elem $inner))
            (func $inner (type $t) {gets} call $f)
            (func (export "run") (type $t) {gets} (call_indirect (type $t) (i32.const 0))))"#
    );
    let id = world.instance(&wat, &[host]);
    let args: Vec<u64> = (100..120).collect();
    let mut results = world.call(id, "run", &args).unwrap()[..20].to_vec();
    results.reverse();
    assert_eq!(results, args);
}

#[test]
fn an_error_of_the_host_unwinds_the_guest_and_nothing_else() {
    let mut world = World::new();
    let error = world.host(
        FuncType::new([], []),
        Box::new(|_, _, _| Err(Unwind::Host(Box::new("no such file")))),
    );
    let panic = world.host(FuncType::new([], []), Box::new(|_, _, _| panic!("at the host")));
    let trap = world.host(
        FuncType::new([], []),
        Box::new(|_, _, _| Err(Unwind::Trap(Trap::new(TrapCode::Interrupt)))),
    );
    let id = world.instance(
        r#"(module
            (import "" "error" (func $error)) (import "" "panic" (func $panic))
            (import "" "trap" (func $trap))
            (global $g (mut i32) (i32.const 0))
            (func (export "error") (global.set $g (i32.const 1)) (call $error) (global.set $g (i32.const 2)))
            (func (export "panic") call $panic)
            (func (export "trap") call $trap)
            (func (export "get") (result i32) (global.get $g)))"#,
        &[error, panic, trap],
    );
    match world.call(id, "error", &[]) {
        Err(Unwind::Host(value)) => {
            assert_eq!(value.downcast_ref::<&str>(), Some(&"no such file"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.i32(id, "get", &[]), 1);
    assert!(matches!(world.call(id, "panic", &[]), Err(Unwind::Panic(_))));
    assert_eq!(world.trap_code(id, "trap", &[]), TrapCode::Interrupt);
}

#[test]
fn a_backtrace_lists_the_frames_on_both_sides_of_the_host() {
    let mut world = World::new();
    let again = world.host(
        FuncType::new([], []),
        Box::new(|store, caller, _| {
            // SAFETY: the caller is a live instance's context; nothing is borrowed.
            unsafe {
                let instance = &*(*caller).instance;
                let func = instance.func_ref(bimetal_core::index::FuncIdx(3)).unwrap().as_ptr();
                match (*(*func).code).array()(store, func, std::ptr::null_mut()) {
                    Outcome::RETURN => Ok(()),
                    _ => Err(bimetal_runtime::store::Store::from_vm(store).pending.take().unwrap()),
                }
            }
        }),
    );
    let wat = r#"(module
        (import "" "again" (func $again))
        (memory 1)
        (func $outer (export "outer") call $middle)
        (func $middle (drop (i32.const 1)) call $again)
        (func $inner (export "inner") (call $deepest (i32.const 1)))
        (func $deepest (param i32)
          (drop (i32.const 2))
          (memory.fill (i32.const 65536) (i32.const 0) (local.get 0)))
        (func $divide (export "divide") (drop (i32.div_u (i32.const 1) (i32.const 0)))))"#;
    let id = world.instance(wat, &[again]);
    let trap = world.trap(id, "outer", &[]);
    assert_eq!(trap.code, TrapCode::MemoryOutOfBounds);
    let funcs: Vec<u32> = trap.frames.iter().map(|frame| frame.func.0).collect();
    assert_eq!(funcs, [4, 3, 2, 1]);
    // Each frame stands at its call; the innermost at `memory.fill`.
    let bytes = &trap.frames[0].module.bytes;
    let opcodes: Vec<u8> = trap.frames.iter().map(|frame| bytes[frame.offset as usize]).collect();
    assert_eq!(opcodes, [0xfc, 0x10, 0x10, 0x10]);
    let trap = world.trap(id, "divide", &[]);
    assert_eq!(bytes[trap.frames[0].offset as usize], 0x6e);
}

#[test]
fn endless_recursion_exhausts_the_stack_and_not_the_process() {
    let mut world = World::new();
    let again = world.host(
        FuncType::new([], []),
        Box::new(|store, caller, _| {
            // SAFETY: as above.
            unsafe {
                let instance = &*(*caller).instance;
                let func = instance.func_ref(bimetal_core::index::FuncIdx(1)).unwrap().as_ptr();
                match (*(*func).code).array()(store, func, std::ptr::null_mut()) {
                    Outcome::RETURN => Ok(()),
                    _ => Err(bimetal_runtime::store::Store::from_vm(store).pending.take().unwrap()),
                }
            }
        }),
    );
    let locals = "(local i64)".repeat(3000);
    let id = world.instance(
        &format!(
            r#"(module
            (import "" "again" (func $again))
            (func $host (export "host") call $again)
            (func $guest (export "guest") call $guest)
            (func $large (export "large") (param i64) (result i64) {locals}
              {} (call $large (i64.const 1)) {})
            (func (export "fine") (result i32) (i32.const 5)))"#,
            (1..3000)
                .map(|i| format!("(local.set {i} (i64.mul (local.get 0) (i64.const {i})))"))
                .collect::<String>(),
            (1..3000).map(|i| format!("(i64.add (local.get {i}))")).collect::<String>(),
        ),
        &[again],
    );
    for name in ["guest", "large", "host"] {
        let trap = world.trap(id, name, &[1]);
        assert_eq!(trap.code, TrapCode::StackOverflow, "{name}");
        assert!(trap.omitted > 0 || trap.frames.len() > 10, "{name}: {trap}");
        assert_eq!(world.i32(id, "fine", &[]), 5);
    }
}

#[test]
fn indirect_calls_check_index_null_and_type() {
    let mut world = World::new();
    let id = world.instance(
        r#"(module
            (type $v (func (result i32))) (type $p (func (param i32) (result i32)))
            (table $t (export "t") 4 funcref)
            (elem (i32.const 0) $one $id)
            (func $one (result i32) (i32.const 1))
            (func $id (param i32) (result i32) (local.get 0))
            (func (export "v") (param i32) (result i32) (call_indirect (type $v) (local.get 0)))
            (func (export "p") (param i32) (result i32)
              (call_indirect (type $p) (i32.const 42) (local.get 0))))"#,
        &[],
    );
    assert_eq!(world.i32(id, "v", &[0]), 1);
    assert_eq!(world.i32(id, "p", &[1]), 42);
    assert_eq!(world.trap_code(id, "v", &[1]), TrapCode::IndirectCallTypeMismatch);
    assert_eq!(world.trap_code(id, "v", &[2]), TrapCode::UninitializedElement);
    assert_eq!(world.trap_code(id, "v", &[4]), TrapCode::UndefinedElement);
    assert_eq!(world.trap_code(id, "v", &[0xffff_ffff]), TrapCode::UndefinedElement);
}

#[test]
fn instances_share_functions_tables_memories_and_globals() {
    let mut world = World::new();
    let a = world.instance(
        r#"(module (memory (export "m") 1) (global (export "g") (mut i32) (i32.const 5))
            (table (export "t") 2 funcref) (elem (i32.const 0) $own)
            (func $own (result i32) (i32.add (global.get 0) (i32.load (i32.const 0))))
            (export "own" (func $own)))"#,
        &[],
    );
    let imports = ["m", "g", "t", "own"].map(|name| world.export(a, name));
    let b = world.instance(
        r#"(module (import "" "m" (memory 1)) (import "" "g" (global (mut i32)))
            (import "" "t" (table 2 funcref)) (import "" "own" (func $own (result i32)))
            (type $v (func (result i32)))
            (func $mine (result i32) (i32.mul (call $own) (i32.const 2)))
            (elem declare func $mine $own)
            (func (export "run") (param i32) (result i32)
              (table.set 0 (i32.const 1) (ref.func $mine))
              (i32.store (i32.const 0) (i32.const 30))
              (global.set 0 (i32.const 12))
              (call_indirect (type $v) (local.get 0)))
            (func (export "null") (result i32) (ref.is_null (ref.func $own)))
            (func (export "grow") (result i32) (table.grow 0 (ref.func $mine) (i32.const 3)))
            (func (export "size") (result i32) (table.size 0)))"#,
        &imports,
    );
    assert_eq!(world.i32(b, "run", &[0]), 42);
    assert_eq!(world.i32(b, "run", &[1]), 84);
    assert_eq!(world.i32(b, "null", &[]), 0);
    assert_eq!(world.i32(b, "grow", &[]), 2);
    assert_eq!(world.i32(b, "size", &[]), 5);
    assert_eq!(world.i32(b, "run", &[4]), 84);
    assert!(matches!(world.export(a, "t"), Extern::Table(_)));
}

#[test]
fn a_trap_behind_a_branch_is_where_it_stands_in_the_text() {
    let mut world = World::new();
    let id = world.instance(
        r#"(module (func (export "f") (param i32)
            (block $out (br_if $out (i32.eqz (local.get 0))) (if (local.get 0) (then unreachable)))
            unreachable))"#,
        &[],
    );
    for argument in [0, 1] {
        let trap = world.trap(id, "f", &[argument]);
        let frame = &trap.frames[0];
        assert_eq!(frame.module.bytes[frame.offset as usize], 0x00, "{argument}");
    }
}
