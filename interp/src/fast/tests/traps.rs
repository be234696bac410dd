//! Traps: their codes, places and limits.

use bimetal_core::trap::TrapCode;
use bimetal_parser::{Module, ParseOptions};
use bimetal_runtime::Unwind;

use super::{Wasm, i32, i64};

#[test]
fn each_trap_says_what_it_is() {
    let mut wasm = Wasm::new(
        r#"(module (memory 1) (table 2 funcref)
            (func (export "unreachable") unreachable)
            (func (export "div") (param i32 i32) (result i32)
                (i32.div_s (local.get 0) (local.get 1)))
            (func (export "trunc") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
            (func (export "load") (param i32) (result i64) (i64.load (local.get 0)))
            (func (export "store") (param i32) (i32.store offset=4 (local.get 0) (i32.const 0)))
            (func (export "table") (param i32) (result i32)
                (ref.is_null (table.get (local.get 0))))
            (func (export "fill") (param i32)
                (memory.fill (local.get 0) (i32.const 0) (i32.const 10))))"#,
    );
    let min = i32(i32::MIN);
    assert_eq!(wasm.trap_code("unreachable", &[]), TrapCode::Unreachable);
    assert_eq!(wasm.trap_code("div", &[i32(1), i32(0)]), TrapCode::IntegerDivideByZero);
    assert_eq!(wasm.trap_code("div", &[min, i32(-1)]), TrapCode::IntegerOverflow);
    let nan = bimetal_core::value::Slot::from_f64(f64::NAN);
    assert_eq!(wasm.trap_code("trunc", &[nan]), TrapCode::BadConversionToInteger);
    assert_eq!(wasm.get::<i64>("load", &[i32(65_528)]), 0);
    assert_eq!(wasm.trap_code("load", &[i32(65_529)]), TrapCode::MemoryOutOfBounds);
    assert_eq!(wasm.trap_code("load", &[i32(-1)]), TrapCode::MemoryOutOfBounds);
    assert_eq!(wasm.trap_code("store", &[i32(-4)]), TrapCode::MemoryOutOfBounds);
    assert_eq!(wasm.get::<i32>("table", &[i32(1)]), 1);
    assert_eq!(wasm.trap_code("table", &[i32(2)]), TrapCode::TableOutOfBounds);
    assert_eq!(wasm.trap_code("fill", &[i32(65_530)]), TrapCode::MemoryOutOfBounds);
}

#[test]
fn addresses_of_64_bits_do_not_wrap() {
    let mut wasm = Wasm::new(
        r#"(module (memory i64 1)
            (func (export "load") (param i64) (result i64) (i64.load offset=16 (local.get 0)))
            (func (export "store") (param i64)
                (i32.store8 offset=1 (local.get 0) (i32.const 7)))
            (func (export "sum") (param i64 i64) (result i32)
                (i32.load offset=8 (i64.add (local.get 0) (local.get 1))))
            (func (export "less") (param i64) (result i32)
                (i32.load offset=8 (i64.add (local.get 0) (i64.const -16))))
            (func (export "narrow") (param i32 i32) (result i32)
                (i32.load8_u offset=1
                    (i64.extend_i32_u (i32.add (local.get 0) (local.get 1))))))"#,
    );
    let out = TrapCode::MemoryOutOfBounds;
    assert_eq!(wasm.get::<i64>("load", &[i64(65_512)]), 0);
    for address in [65_513, -1, -16, -17, -24] {
        assert_eq!(wasm.trap_code("load", &[i64(address)]), out, "{address}");
    }
    wasm.call("store", &[i64(0)]).unwrap();
    wasm.call("store", &[i64(65_534)]).unwrap();
    assert_eq!(wasm.trap_code("store", &[i64(65_535)]), out);
    assert_eq!(wasm.trap_code("store", &[i64(-1)]), out);
    // The sum wraps; with the offset it must not.
    assert_eq!(wasm.get::<i32>("sum", &[i64(-1), i64(1)]), 0);
    assert_eq!(wasm.trap_code("sum", &[i64(-1), i64(-7)]), out);
    assert_eq!(wasm.get::<i32>("less", &[i64(16)]), 0);
    assert_eq!(wasm.trap_code("less", &[i64(8)]), out);
    assert_eq!(wasm.trap_code("less", &[i64(65_541)]), out);
    assert_eq!(wasm.get::<i32>("narrow", &[i32(-1), i32(1)]), 7);
    assert_eq!(wasm.trap_code("narrow", &[i32(-1), i32(0)]), out);
    assert_eq!(wasm.trap_code("narrow", &[i32(65_535), i32(0)]), out);
}

#[test]
fn endless_recursion_traps_and_leaves_the_store_usable() {
    let mut wasm = Wasm::new(
        r#"(module
            (func $down (export "down") (param i64 i64) (result i64)
                (i64.add (i64.const 1) (call $down (local.get 1) (local.get 0))))
            (func (export "one") (result i32) (i32.const 1)))"#,
    );
    let trap = wasm.trap("down", &[i64(1), i64(2)]);
    assert_eq!(trap.code, TrapCode::StackOverflow);
    assert!(trap.omitted > 1000, "{}", trap.omitted);
    assert_eq!(wasm.get::<i32>("one", &[]), 1);
}

#[test]
fn endless_recursion_across_instances_traps() {
    let mut wasm = Wasm::empty();
    let first = wasm.add(
        r#"(module (table (export "t") 1 funcref)
            (func (export "go") (param i32) (result i32)
                (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))"#,
        &[],
    );
    let (go, table) = (wasm.export(first, "go"), wasm.export(first, "t"));
    let second = wasm.add(
        r#"(module (import "" "go" (func $go (param i32) (result i32)))
            (import "" "t" (table 1 funcref)) (elem (i32.const 0) $back)
            (func $back (param i32) (result i32) (call $go (local.get 0))))"#,
        &[go, table],
    );
    assert_ne!(first, second);
    let Err(Unwind::Trap(trap)) = wasm.call_in(first, "go", &[i32(0)]) else { panic!("no trap") };
    assert_eq!(trap.code, TrapCode::StackOverflow);
    assert!(trap.frames[0].func != trap.frames[1].func);
}

#[test]
fn a_backtrace_names_every_frame_and_its_position() {
    let mut wasm = Wasm::new(
        r#"(module
            (func $inner (param i32) (result i32) (nop) (i32.div_u (i32.const 1) (local.get 0)))
            (func $middle (param i32) (result i32) (i32.add (i32.const 1) (call $inner (local.get 0))))
            (func (export "outer") (param i32) (result i32) (call $middle (local.get 0))))"#,
    );
    let trap = wasm.trap("outer", &[i32(0)]);
    let module = wasm.tiers[0].module();
    let funcs: Vec<_> = trap.frames.iter().map(|frame| frame.func.0).collect();
    assert_eq!(funcs, [0, 1, 2]);
    // div_u is 0x6e, call 0x10.
    let opcodes: Vec<_> =
        trap.frames.iter().map(|frame| module.bytes[frame.offset as usize]).collect();
    assert_eq!(opcodes, [0x6e, 0x10, 0x10]);
    assert_eq!(trap.omitted, 0);
}

#[test]
fn a_load_and_the_store_of_its_number_trap_each_at_its_place() {
    let mut wasm = Wasm::new(
        r#"(module (memory 1)
            (func (export "move") (param i32 i32)
                (i32.store8 offset=1 (local.get 0) (i32.load8_u offset=2 (local.get 1)))))"#,
    );
    let module = std::sync::Arc::clone(wasm.tiers[0].module());
    wasm.call("move", &[i32(65_534), i32(65_533)]).unwrap();
    // i32.load8_u is 0x2d, i32.store8 0x3a.
    for (args, opcode) in [([0, 65_534], 0x2d), ([65_535, 0], 0x3a), ([-1, -1], 0x2d)] {
        let trap = wasm.trap("move", &args.map(i32));
        assert_eq!(trap.code, TrapCode::MemoryOutOfBounds);
        assert_eq!(module.bytes[trap.frames[0].offset as usize], opcode, "{args:?}");
    }
}

#[test]
fn a_backtrace_crosses_instances() {
    let mut wasm = Wasm::empty();
    let first = wasm.add(r#"(module (func (export "f") unreachable))"#, &[]);
    let f = wasm.export(first, "f");
    wasm.add(r#"(module (import "" "" (func $f)) (func (export "g") (call $f)))"#, &[f]);
    let trap = wasm.trap("g", &[]);
    assert_eq!(trap.frames.len(), 2);
    assert!(std::sync::Arc::ptr_eq(&trap.frames[0].module, wasm.tiers[0].module()));
    assert!(std::sync::Arc::ptr_eq(&trap.frames[1].module, wasm.tiers[1].module()));
}

#[test]
fn a_body_found_invalid_at_its_first_call_is_an_error_each_time() {
    let text = r#"(module (func $bad (result i32) (i64.const 1))
        (func (export "run") (result i32) (call $bad)))"#;
    // The parser of the text format does not validate.
    let module =
        Module::new(text.as_bytes(), &ParseOptions { lazy: true, ..ParseOptions::default() })
            .unwrap();
    let mut wasm = Wasm::empty();
    wasm.add_module(module, &[]);
    for _ in 0..2 {
        let Err(Unwind::Host(error)) = wasm.call("run", &[]) else { panic!("no error") };
        assert!(error.is::<bimetal_parser::Error>());
    }
}
